"""The worker's round on the phone: my requests by urgency, one big button for the next step, and each request with its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import NotFound, WrongState
from guanjia.sdk import Context, Loader, Step
from guanjia.steps.view import find_case, reason_view, view_case
from guanjia.web.addresses import case_url, form_url, step_url
from guanjia.web.caller import caller, reading
from guanjia.web.forms import FormView
from guanjia.web.pages.case import case_parts
from guanjia.web.pages.posting import HAPPENED, HappenedForm, file_url, read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import reason_parts
from plugins.customer_service.flow import AT_DEPARTMENT, DISPATCHED, FINISHED, IN_PROGRESS, TAKEN, requests
from plugins.customer_service.models import MaterialLine, ServiceRequest
from plugins.customer_service.pages.asking import standing_against
from plugins.customer_service.pages.cards import Card, cards
from plugins.customer_service.pages.phone import may_call
from plugins.customer_service.sheet import quantity_text

ROUND = ("take", "arrive", "start", "complete")  # the steps of a job in their order
TAPS = frozenset({"take", "arrive", "start"})  # need nothing but the tap
REPORTS = ("complete", "correct_sheet")
FIRST = (
    "add_materials",
    "attach",
    "agree_appointment",
    "check_equipment",
    "extend",
    "agree_deadline",
    "return_unsolved",
)
FORMS = frozenset({*ROUND, *REPORTS, "add_materials", "attach", "note"})
MOST = 60


@dataclass(frozen=True)
class Job:
    """A request in the worker's list: its card, the next step, and what stands against it."""

    card: Card
    next: Step | None
    reasons: list[dict[str, Any]]


def work(site_code: str) -> str:
    """The reader's own open requests, those of their department that nobody took yet, and what they finished today."""
    context = caller(site_code)
    with reading(context) as loader:
        me = loader.actor
        assert me is not None and loader.site is not None  # a person at a site
        here = select(ServiceRequest).where(
            ServiceRequest.company_id == loader.company_id, ServiceRequest.site_id == loader.site.id
        )
        at_department = ServiceRequest.state.in_(AT_DEPARTMENT)
        rejected = (ServiceRequest.state == FINISHED) & (ServiceRequest.sheet_rejections > 0)
        mine = here.where(
            ServiceRequest.worker_id == me.id, at_department | (rejected & ServiceRequest.reviewed_at.is_(None))
        )
        free = here.where(ServiceRequest.worker_id.is_(None), ServiceRequest.contractor_id.is_(None),
                          ServiceRequest.state == DISPATCHED, ServiceRequest.department_id.in_(me.facts.departments))  # fmt: skip
        today = loader.place.calendar.start_of(loader.place.calendar.date_of(loader.now))
        done = here.where(ServiceRequest.worker_id == me.id, ServiceRequest.reported_done_at >= today)
        return render_template(
            "customer_service/work.html", mine=_jobs(loader, mine), free=_jobs(loader, free),
            done=cards(loader, list(loader.session.scalars(done.order_by(ServiceRequest.reported_done_at.desc()).limit(20)))),
            site_code=site_code, may_call=may_call(loader), key=lambda: str(context.host.ids.new()), taps=TAPS,
        )  # fmt: skip


def _jobs(loader: Loader, query: Any) -> list[Job]:
    rows = list(loader.session.scalars(query.order_by(ServiceRequest.received_at).limit(MOST)))
    found = []
    for card in sorted(cards(loader, rows), key=lambda c: c.order):
        step = next_step(card.request)
        found.append(Job(card, step, standing_against(loader, step, card.request) if step is not None else []))
    return found


def next_step(case: ServiceRequest) -> Step | None:
    """What the worker does next with the request; None where it is no longer the worker's turn."""
    name = {
        DISPATCHED: "take", TAKEN: "start" if case.arrived_at else "arrive", IN_PROGRESS: "complete",
        FINISHED: "correct_sheet" if case.sheet_rejections and case.reviewed_at is None else None,
    }.get(case.state)  # fmt: skip
    return requests.steps[name] if name else None


def job(site_code: str, case_id: UUID) -> str:
    """One request as the worker needs it: where, who, what, the steps in their order, and the rest below."""
    context = caller(site_code)
    with reading(context) as loader:
        return _job_page(loader, context, site_code, case_id, Outcome())


def _job_page(loader: Loader, context: Context, site_code: str, case_id: UUID, outcome: Outcome) -> str:
    view = view_case(loader, context, requests, case_id)
    case: ServiceRequest = view.case
    parts = case_parts(loader, view, site_code)
    upcoming = next_step(case)
    found = view.step(upcoming.name) if upcoming is not None else None
    offered = {v.step.name: v for v in view.steps}
    lines = loader.children(MaterialLine, MaterialLine.request_id, [case.id])[case.id]
    return render_template(
        "customer_service/job.html", card=cards(loader, [case])[0], view=view, parts=parts, site_code=site_code,
        stages=_stages(case), next=upcoming, next_reasons=[reason_parts(r) for r in found.reasons] if found else [],
        refused=[reason_parts(reason_view(loader, r, case)) for r in outcome.reasons], taps=TAPS, said=outcome.said,
        others=[_other(offered[name], site_code, case.id) for name in _by_use(offered) if upcoming is None or name != upcoming.name],
        may_call=may_call(loader) and "call" in offered, key=str(context.host.ids.new()),
        pictures=[(row, file_url(row.id)) for row in view.files if row.media_type.startswith("image/") and row.field == "photos"],
        materials=[f"{line.name} {quantity_text(line.quantity_milli)}{line.unit}" for line in lines],
        case_url=case_url(requests, case.id, site_code),
    )  # fmt: skip


def _stages(case: ServiceRequest) -> list[tuple[Step, Any]]:
    moments = {
        "take": case.taken_at,
        "arrive": case.arrived_at,
        "start": case.started_at,
        "complete": case.reported_done_at,
    }
    return [(requests.steps[name], moments[name]) for name in ROUND]


def _by_use(offered: Mapping[str, Any]) -> list[str]:
    """The steps as a worker looks for them: what the work needs, the rest, then what is asked for seldom."""
    names = [name for name in offered if name != "call"]  # which stands beside the number
    seldom = [name for name in names if offered[name].step.tone == "quiet" and name not in FIRST]
    return [*(n for n in FIRST if n in offered), *(n for n in names if n not in FIRST and n not in seldom), *seldom]


def _other(view: Any, site_code: str, case_id: UUID) -> dict[str, Any]:
    """A step besides the next one, with a form of its own; here where the phone has one, else the general form."""
    step: Step = view.step
    own = step.name in FORMS
    url = url_for("customer_service.job_step", site_code=site_code, case_id=case_id, step=step.name) if own else (
        step_url(step, case_id, site_code) if step.form is not None or step.page else form_url(step, case_id, site_code))  # fmt: skip
    return {"title": str(step.title), "kind": step.tone, "name": step.name, "url": url,
            "reasons": [reason_parts(r) for r in view.reasons], "waits": [reason_parts(r) for r in view.asks]}  # fmt: skip


def job_step(site_code: str, case_id: UUID, step: str) -> AnyResponse:
    """A step taken on the phone: by a tap, or with its form, which comes back filled in where it is refused."""
    if step not in FORMS:
        raise NotFound()
    context, found = caller(site_code), requests.steps[step]
    outcome = Outcome()
    if request.method == "POST":
        outcome, answer = take(context, found, case_id, read_post(context, found), site_code)
        if answer is not None:
            return answer
    with reading(context) as loader:
        tapped = request.method == "POST" and "_tap" in request.form
        html = (_job_page(loader, context, site_code, case_id, outcome) if tapped
                else _form_page(loader, context, site_code, case_id, found, outcome))  # fmt: skip
    return Response(html, outcome.status)


def _form_page(loader: Loader, context: Context, site_code: str, case_id: UUID, step: Step, outcome: Outcome) -> str:
    case = find_case(loader, requests, case_id)
    if case.state not in step.moves:
        raise WrongState()
    posted = outcome.posted
    data = posted.raw if posted is not None else dict(step.prefill(loader, case)) if step.prefill is not None else {}
    happened = None
    if step.late_within is not None:
        marks = {HAPPENED: next(iter(outcome.marks.values()))} if outcome.marks else None
        happened = FormView.of(HappenedForm(), data={HAPPENED: posted.happened} if posted else {}, errors=marks)
    refused = [reason_parts(reason_view(loader, r, case)) for r in outcome.reasons]
    return render_template(
        "customer_service/complete.html" if step.name in REPORTS else "customer_service/job_step.html",
        step=step, card=cards(loader, [case])[0], form=view_form(loader, step, case, data, errors=outcome.errors),
        happened=happened, refused=refused, shut=[] if posted is not None else standing_against(loader, step, case),
        said=outcome.said, changed=bool(outcome.changed), key=outcome.key(context), version=case.version,
        back_url=url_for("customer_service.job", site_code=site_code, case_id=case.id), site_code=site_code,
    )  # fmt: skip
