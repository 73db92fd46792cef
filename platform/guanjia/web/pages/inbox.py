"""Approvals: what waits for me, decided in place; what I asked for; what lapsed, with why and a way to ask again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import Invalid, NotFound, Refused, WrongState
from guanjia.rules.reason import Reason
from guanjia.steps.flow import Step
from guanjia.steps.kept_forms import shown_form
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Signature
from guanjia.steps.view import reason_view
from guanjia.web.addresses import form_url, page_url
from guanjia.web.caller import caller, current_host, reading
from guanjia.web.pages.case import signature_parts
from guanjia.web.pages.headings import Heading, Key, headings, site_codes
from guanjia.web.pages.posting import read_post, readable, view_form
from guanjia.web.shell import waiting_here
from guanjia.web.shown import reason_parts, tone_of
from guanjia.words import Message, show, words

_ = words("guanjia")

MOST_OWN = 40


def inbox(site_code: str | None = None) -> str:
    """What waits for the reader's signature, and what the reader asked for."""
    return _page(site_code)


def decide(approval_id: UUID, act: str, site_code: str | None = None) -> AnyResponse:
    """One approval is granted, rejected or withdrawn; a refusal comes back with its reasons and what was typed."""
    context = caller(site_code)
    step = current_host().step(f"guanjia.approval.{act}")
    posted = read_post(context, step)
    trouble: dict[str, Any] = {"id": approval_id, "act": act, "raw": posted.raw}
    try:
        done = context.perform(step, approval_id, posted.raw)
    except Invalid as error:
        return Response(_page(site_code, trouble | {"errors": error.errors}), 422)
    except Refused as error:
        return Response(_page(site_code, trouble | {"reasons": error.reasons}), 422)
    except WrongState as error:
        said = _("This was decided in the meantime. Its present state is shown below.")
        return Response(_page(site_code, {"said": str(said)}), error.status)
    words_for = {
        "signed": _("Approved. The step is being carried out as its requester."),
        "waiting": _("Approved. The next signature is asked for now."),
        "rejected": _("Rejected. The requester is told the reason."),
        "withdrawn": _("Your request is withdrawn."),
    }  # fmt: skip
    flash(str(words_for.get(done.state, _("Done."))), "success")
    return redirect(page_url("inbox", site_code), 303)


def _page(site_code: str | None, trouble: Mapping[str, Any] | None = None) -> str:
    context = caller(site_code)
    trouble = trouble or {}
    with reading(context) as loader:
        actor = loader.actor
        if actor is None:
            raise NotFound()
        codes = site_codes(loader)
        waiting = waiting_here(loader, actor.id)
        mine = _mine(loader, actor.id)
        targets = _headings(loader, [a for a, _s in waiting] + mine, codes)
        by_approval = loader.children(
            Signature,
            Signature.approval_id,
            [a.id for a, _s in waiting] + [a.id for a in mine],
            order=Signature.position,
        )
        sites = {i: s.name for i, s in _site_names(loader).items()}
        refused = [reason_parts(reason_view(loader, reason)) for reason in trouble.get("reasons", ())]
        shown = [_asked(loader, a, s, by_approval[a.id], targets, codes, trouble) | {"site": sites.get(a.site_id, "")}
                 for a, s in waiting]  # fmt: skip
        return render_template(
            "guanjia/inbox.html", waiting=shown, reasons=refused, said=trouble.get("said", ""),
            mine=[_own(loader, a, by_approval[a.id], targets, codes) for a in mine], many_sites=loader.site is None,
            crumbs=[(str(_("Approvals")), None)],
        )  # fmt: skip


def _site_names(loader: Loader) -> dict[UUID | None, Any]:
    if loader.site is not None:
        return {loader.site.id: loader.site}
    assert loader.actor is not None
    return {s.id: s for s in loader.host.directory.reachable(loader.session, loader.actor.id, loader.now)}


def _mine(loader: Loader, staff_id: UUID) -> list[Approval]:
    query = select(Approval).where(Approval.company_id == loader.company_id, Approval.requester_id == staff_id)
    if loader.site is not None:
        query = query.where(Approval.site_id == loader.site.id)
    return list(loader.session.scalars(query.order_by(Approval.opened_at.desc()).limit(MOST_OWN)))


def _headings(loader: Loader, found: Sequence[Approval], codes: Mapping[UUID, str]) -> dict[Key, Heading]:
    keys = []
    for approval in found:
        flow = loader.host.step(approval.step).flow
        keys += [(flow, approval.target_id), (flow, approval.result_id)]
    return headings(loader, keys, codes)


def _common(
    loader: Loader, approval: Approval, signatures: list[Signature], targets: Mapping[Key, Heading]
) -> dict[str, Any]:
    step = loader.host.step(approval.step)
    names = loader.names(
        [approval.requester_id, *(s.decided_by for s in signatures), *(s.on_behalf_of for s in signatures)]
    )
    state = loader.host.flow("guanjia.approval").state(approval.state)
    case_id = approval.target_id or approval.result_id
    flow = loader.host.flow(step.flow)
    return {
        "id": approval.id, "title": str(step.title), "flow": str(flow.title), "asked_at": approval.opened_at,
        "requester": names.get(approval.requester_id, "") if approval.requester_id else str(_("System")),
        "target": targets.get((step.flow, case_id)) if case_id else None, "opens": approval.target_id is None,
        "state": state, "tone": tone_of(state), "signatures": signature_parts(loader, signatures, names),
        "entries": readable(loader, step, loader.get(flow.model, approval.target_id), shown_form(approval.form)),
    }  # fmt: skip


def _asked(
    loader: Loader,
    approval: Approval,
    signature: Signature,
    signatures: list[Signature],
    targets: Mapping[Key, Heading],
    codes: Mapping[UUID, str],
    trouble: Mapping[str, Any],
) -> dict[str, Any]:
    """An approval as the one who decides sees it: the rule, its clause, and the values asked about."""
    step = loader.host.step(approval.step)
    rulebook = loader.host.rulebooks.get(loader.session, approval.rulebook_id) if approval.rulebook_id else None
    params = rulebook.params_of(signature.rule) if rulebook else {}
    reason = Reason(signature.rule, "ask", Message.from_json(signature.message), params)
    is_this = trouble.get("id") == approval.id
    forms = {}
    for act in ("grant", "reject"):
        data = trouble["raw"] if is_this and trouble.get("act") == act else {}
        errors = trouble.get("errors") if is_this and trouble.get("act") == act else None
        act_step = loader.host.step(f"guanjia.approval.{act}")
        forms[act] = view_form(loader, act_step, approval, data, errors=errors, key=f"{act}-{approval.id}")
    code = codes.get(approval.site_id) if approval.site_id else None
    here = loader.site.code if loader.site else None
    return _common(loader, approval, signatures, targets) | {
        "reason": reason_parts(reason_view(loader, reason)), "about": _about(loader, step, signature.about), "forms": forms,
        "open": trouble.get("act") if is_this else None, "code": code,
        "grant_url": page_url("decide", here, approval_id=approval.id, act="grant"),
        "reject_url": page_url("decide", here, approval_id=approval.id, act="reject"),
    }  # fmt: skip


def _about(loader: Loader, step: Step, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values that the yes counts for, in words: the form's labels where it has them."""
    labels = {name: f.metadata.get("label") for name, f in step.form().fields.items()} if step.form is not None else {}
    choices = (
        {name: dict(f.metadata.get("choices") or ()) for name, f in step.form().fields.items()} if step.form else {}
    )
    found = []
    for name, value in values.items():
        label = labels.get(name) or loader.host.labels.get(name) or name.replace("_", " ")
        if isinstance(value, str):
            value = _moment(value) or choices.get(name, {}).get(value) or loader.host.label(value)
        found.append((str(label), show(value)))
    return found


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if len(text) >= 16 else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _own(
    loader: Loader,
    approval: Approval,
    signatures: list[Signature],
    targets: Mapping[Key, Heading],
    codes: Mapping[UUID, str],
) -> dict[str, Any]:
    """A request of the reader's own: its state, and for a lapsed or rejected one why, and the form filled in again."""
    step = loader.host.step(approval.step)
    here = loader.site.code if loader.site else None
    why, reasons = "", []
    if approval.state == "lapsed" and approval.outcome:
        why = str(Message.from_json(approval.outcome["detail"]))
        reasons = [reason_parts(reason_view(loader, Reason.from_json(r))) for r in approval.outcome.get("reasons", ())]
    again = None
    if approval.state in ("lapsed", "rejected", "withdrawn"):
        code = codes.get(approval.site_id) if approval.site_id else None
        again = form_url(step, approval.target_id, code, again=str(approval.id))
    return _common(loader, approval, signatures, targets) | {
        "why": why, "reasons": reasons, "again_url": again,
        "withdraw_url": page_url("decide", here, approval_id=approval.id, act="withdraw")
        if approval.state == "waiting" else None,
    }  # fmt: skip
