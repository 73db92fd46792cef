"""The page of a case: what it is, what can be done, what cannot and why, what is due, and all that has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import render_template

from guanjia.steps.common_steps import CLOCK_REASONS
from guanjia.steps.flow import Flow
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Signature
from guanjia.steps.tasks import is_late
from guanjia.steps.view import CaseView, StepView, view_case
from guanjia.web.addresses import case_url, form_url, ledger_url, page_url, step_url
from guanjia.web.caller import caller, current_host, reading
from guanjia.web.pages.cells import facts_of
from guanjia.web.pages.headings import flow_of
from guanjia.web.pages.posting import file_url
from guanjia.web.shown import dates_of, due_view, reason_parts, timeline_parts, tone_of
from guanjia.words import Message, words

_ = words("guanjia")

FRAGMENTS: Mapping[str, str] = {
    name: f"guanjia/case/{name}.html" for name in ("heading", "summary", "sidebar", "timeline")
}


def case(plugin: str, flow: str, case_id: UUID, site_code: str | None = None) -> str:
    """The case, assembled from fragments of which a flow may bring its own."""
    context = caller(site_code)
    found = flow_of(current_host(), plugin, flow)
    with reading(context) as loader:
        view = view_case(loader, context, found, case_id)
        return render_template("guanjia/case.html", **case_parts(loader, view, site_code))


def case_parts(loader: Loader, view: CaseView, site_code: str | None) -> dict[str, Any]:
    """All that the fragments of a case page are given."""
    flow, record = view.flow, view.case
    stopped = [stop for stop in view.clock_stops if stop.to_at is None]
    return {
        "flow": flow, "case": record, "view": view, "heading": view.heading, "state": view.state,
        "tone": tone_of(view.state), "facts": facts_of(loader, flow, record, view.values),
        "steps": [_button(loader, view, s, site_code) for s in view.steps if s.step.tone != "quiet"],
        "quiet": [_button(loader, view, s, site_code) for s in view.steps if s.step.tone == "quiet"],
        "dates": dates_of(loader, view.deadlines, stopped=bool(stopped)),
        "stops": [(str(CLOCK_REASONS.get(s.reason, s.reason)), s.from_at, s.to_at) for s in view.clock_stops],
        "waiting": [_approval(loader, a, signatures) for a, signatures in view.approvals if a.state in ("waiting", "signed")],
        "decided": [_approval(loader, a, signatures) for a, signatures in view.approvals
                    if a.state not in ("waiting", "signed")],
        "files": [(row, file_url(row.id)) for row in view.files], "tasks": _tasks(loader, view, site_code),
        "timeline": timeline_parts(loader, view.timeline, view.deadlines), "documents": _documents(flow, record, site_code),
        "explain_url": _url("explain", flow, record.id, site_code), "inbox_url": page_url("inbox", site_code),
        "fragments": {**FRAGMENTS, **flow.fragments},
        "crumbs": [(str(flow.title), ledger_url(flow, site_code)), (view.heading, None)],
    }  # fmt: skip


def _url(page: str, flow: Flow, case_id: UUID, site_code: str | None, **more: str) -> str:
    return page_url(page, site_code, plugin=flow.plugin, flow=flow.name, case_id=case_id, **more)


def _button(loader: Loader, view: CaseView, found: StepView, site_code: str | None) -> dict[str, Any]:
    """A step as the macro `step_button` draws it: a link to its form, or a button that sends it at once."""
    step = found.step
    sends = step.form is None and step.page is None and step.late_within is None
    late = step.late_within is not None
    why = _url("explain", view.flow, view.case.id, site_code, step=step.name, _anchor=f"step-{step.name}")
    return {
        "title": str(step.title), "kind": step.tone, "post": sends, "version": view.case.version,
        "idempotency_key": str(loader.host.ids.new()) if sends else None,
        "url": form_url(step, view.case.id, site_code) if sends else step_url(step, view.case.id, site_code),
        "reasons": [reason_parts(r) | {"url": why} for r in found.reasons],
        "late_url": step_url(step, view.case.id, site_code) if late else None,
        "waits": [reason_parts(r) for r in found.asks],
        "confirm": str(_("%(step)s? This cannot be taken back.", step=step.title)) if sends and step.tone == "danger" else None,
    }  # fmt: skip


def _documents(flow: Flow, record: Any, site_code: str | None) -> list[tuple[str, str]]:
    return [(str(d.title), _url("document", flow, record.id, site_code, doc=d.key)) for d in flow.documents]


def _tasks(loader: Loader, view: CaseView, site_code: str | None) -> list[dict[str, Any]]:
    names = loader.names(task.staff_id for task in view.tasks)
    found = []
    for task in view.tasks:
        who = names.get(task.staff_id, "") if task.staff_id else ""
        if not who and task.role:
            who = str(loader.host.directory.role_title(loader.session, task.role))
        found.append({
            "title": str(Message.from_json(task.title)), "who": who, "url": case_url("guanjia.task", task.id, site_code),
            "state": loader.host.flow("guanjia.task").state(task.state), "late": is_late(task, loader.now),
            "due": due_view(task.due_at, loader.now) if task.state == "open" and task.due_at else None,
            "owed": task.owed, "met": task.met,
        })  # fmt: skip
    return found


def _approval(loader: Loader, approval: Approval, signatures: list[Signature]) -> dict[str, Any]:
    step = loader.host.step(approval.step)
    names = loader.names(
        [approval.requester_id, *(s.decided_by for s in signatures), *(s.on_behalf_of for s in signatures)]
    )
    flow = loader.host.flow("guanjia.approval")
    return {
        "id": approval.id, "title": str(step.title), "asked_at": approval.opened_at, "state": flow.state(approval.state),
        "tone": tone_of(flow.state(approval.state)),
        "requester": names.get(approval.requester_id, "") if approval.requester_id else str(_("System")),
        "signatures": signature_parts(loader, signatures, names),
    }  # fmt: skip


def signature_parts(loader: Loader, signatures: list[Signature], names: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """Each yes that is needed: role, state, who decided, for whom, when and with what remark."""
    titles = {"waiting": _("not signed yet"), "granted": _("agreed"), "rejected": _("rejected")}
    return [
        {
            "role": str(loader.host.directory.role_title(loader.session, s.role)), "state": s.state,
            "said": str(titles.get(s.state, s.state)),
            "by": names.get(s.decided_by, "") if s.decided_by else "",
            "for": names.get(s.on_behalf_of, "") if s.on_behalf_of else "", "at": s.decided_at, "note": s.note,
        }
        for s in signatures
    ]  # fmt: skip
