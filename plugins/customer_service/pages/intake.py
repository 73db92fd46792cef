"""The front desk: a request taken in from the keyboard in under a minute, with what one should know while it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import WrongState
from guanjia.sdk import Loader, Step
from guanjia.steps.view import find_case, reason_view
from guanjia.web.addresses import case_url, endpoint_url, ledger_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import Posted, read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import reason_parts
from plugins.customer_service.flow import requests
from plugins.customer_service.kinds import CATEGORIES, DEADLINE_CLASSES
from plugins.customer_service.pages.asking import standing_against
from plugins.customer_service.pages.cards import cards, of_household, same_fault
from plugins.customer_service.pages.categories import groups
from plugins.customer_service.pages.foresight import foresee
from plugins.registry.public import Household, household_labels

TAKEN = "taken"  # in the address of a case that was entered a moment ago


def intake(site_code: str) -> str | AnyResponse:
    """The screen on which reception takes a request in; a post takes the step `receive`."""
    return _screen(site_code, requests.steps["receive"], None)


def take_up(site_code: str, case_id: UUID) -> str | AnyResponse:
    """The same screen for what staff reported; a post takes the step `confirm`."""
    return _screen(site_code, requests.steps["confirm"], case_id)


def _screen(site_code: str, step: Step, case_id: UUID | None) -> str | AnyResponse:
    context = caller(site_code)
    outcome = Outcome()
    if request.method == "POST":
        posted = read_post(context, step)
        outcome, answer = take(context, step, case_id, posted, site_code)
        if answer is not None:
            return _with_next(answer, site_code)
    with reading(context) as loader:
        case = find_case(loader, requests, case_id) if case_id is not None else None
        if (case.state if case is not None else None) not in step.moves:
            raise WrongState()
        posted_before = outcome.posted
        data = posted_before.raw if posted_before is not None else _begin(loader, step, case)
        form = view_form(
            loader, step, case, data, errors=outcome.errors, texts=posted_before.texts if posted_before else None
        )
        refused = [reason_parts(reason_view(loader, reason, case)) for reason in outcome.reasons]
        shut = [] if posted_before is not None else standing_against(loader, step, case)
        hints = _asked(posted_before, data)
        html = render_template(
            "customer_service/intake.html", step=step, form=form, refused=refused, shut=shut, said=outcome.said,
            changed=outcome.changed, groups=groups(loader), key=outcome.key(context), site_code=site_code,
            version=case.version if case is not None else None, case=case,
            back_url=case_url(requests, case_id, site_code) if case_id else ledger_url(requests, site_code),
            household=_household(loader, hints["household_id"], case_id), **_hints(loader, hints, case_id),
            files=loader.host.files.of_cases(loader.session, [case_id])[case_id] if case_id else (),
        )  # fmt: skip
    return Response(html, outcome.status)


def _with_next(answer: AnyResponse, site_code: str) -> AnyResponse:
    """Once it went through, the case's page offers the next request."""
    to = answer.headers.get("Location", "")
    if answer.status_code == 303 and to.startswith(ledger_url(requests, site_code) + "/"):
        answer.headers["Location"] = f"{to}?{TAKEN}=1"
    return answer


def _begin(loader: Loader, step: Step, case: Any) -> Mapping[str, Any]:
    values: dict[str, Any] = {"within_capability": "yes", "source": "phone"}
    if step.prefill is not None and case is not None:
        values = {**step.prefill(loader, case), "within_capability": "yes"}
    names = ("household_id", "place", "category", "content")
    return values | {name: text for name in names if (text := request.args.get(name, "")[:200])}


# ---- parts of the screen that follow what is typed


def household(site_code: str) -> str:
    """The card of the household that was chosen, with its open and its latest requests."""
    with reading(caller(site_code)) as loader:
        asked = _asked(None, request.args)
        return render_template("customer_service/intake_household.html", site_code=site_code,
                               household=_household(loader, asked["household_id"], None))  # fmt: skip


def hints(site_code: str) -> str:
    """When it would be due, and whether the same fault was reported before."""
    with reading(caller(site_code)) as loader:
        asked = _asked(None, request.args)
        return render_template("customer_service/intake_hints.html", **_hints(loader, asked, asked["case_id"]))


def _asked(posted: Posted | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the hints depend on, from an address or a form; what is no value counts as not given."""
    values = posted.raw if posted is not None else data
    return {
        "household_id": _uuid(values.get("household_id")), "case_id": _uuid(values.get("case_id")),
        "place": str(values.get("place") or "").replace("\x00", "")[:120],
        "category": _known(values.get("category"), CATEGORIES), "deadline_class": _known(values.get("deadline_class"), DEADLINE_CLASSES),
    }  # fmt: skip


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


def _known(value: Any, among: Mapping[str, Any]) -> str:
    return str(value) if value in among else ""


def _household(loader: Loader, household_id: UUID | None, without: UUID | None) -> dict[str, Any] | None:
    home = loader.get(Household, household_id)
    if home is None or loader.site is None or home.site_id != loader.site.id:
        return None  # one of another site is as good as none
    found = household_labels(loader, [home.id])[home.id]
    all_cards = cards(loader, of_household(loader, found.id, without=without))
    contact_url = ""
    if found.contact_id is not None and loader.may("registry.phone.see"):
        contact_url = endpoint_url("registry.reveal", loader.site.code, found.contact_id)
    return {
        "label": found, "note": home.note, "url": case_url("registry.household", found.id, loader.site.code),
        "open": [c for c in all_cards if not c.state.closed], "closed": [c for c in all_cards if c.state.closed][:3],
        "phone_url": contact_url,
    }  # fmt: skip


def _hints(loader: Loader, asked: Mapping[str, Any], without: UUID | None) -> dict[str, Any]:
    category = asked["category"]
    return {
        "foreseen": foresee(loader, category=category, deadline_class=asked["deadline_class"], household_id=asked["household_id"]),
        "same": cards(loader, same_fault(loader, category=category, household_id=asked["household_id"], place=asked["place"],
                                         without=without)),
        "category": category,
    }  # fmt: skip
