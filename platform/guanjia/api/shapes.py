"""A case, its dates, steps and history in the form in which the API tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from guanjia.api.files import file_json
from guanjia.api.operation import PREFIX
from guanjia.api.plain import moment, safe
from guanjia.steps.flow import COMPANY, Column, Flow
from guanjia.steps.ledger import Row
from guanjia.steps.models import Approval, ClockStop, Deadline, Signature
from guanjia.steps.outcome import Done
from guanjia.steps.view import CaseView, ReasonView, StepView, TimelineEntry


def value_json(column: Column, value: Any) -> Any:
    """A column's value: whole numbers as integers (money in fen), moments in UTC, choices by their code."""
    if value is None:
        return None
    if column.kind in ("number", "money"):
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        return safe(value)
    if column.kind in ("moment", "due") and isinstance(value, datetime):
        return moment(value)
    if column.kind == "flag":
        return bool(value)
    found = safe(value)
    if column.kind in ("text", "choice", "staff", "state", "link") and not isinstance(found, list | dict):
        return str(found)
    return found


def values_json(flow: Flow, values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the flow gives to the API, and none besides."""
    return {c.name: value_json(c, values.get(c.name)) for c in flow.columns if c.in_api}


def item_json(flow: Flow, row: Row) -> dict[str, Any]:
    """One line of a list, of plain values throughout."""
    case = row.case
    site_id, closed_at = getattr(case, "site_id", None), case.closed_at
    return {
        "id": str(case.id),
        "flow": flow.key,
        "site_id": str(site_id) if site_id is not None else None,
        "number": getattr(case, "number", None),
        "state": case.state,
        "version": case.version,
        "opened_at": moment(case.opened_at),
        "changed_at": moment(case.changed_at),
        "closed_at": moment(closed_at) if closed_at is not None else None,
        "values": _plain_values(flow, row.values),
    }


def _plain_values(flow: Flow, values: Mapping[str, Any]) -> dict[str, Any]:
    """As `values_json`, for many rows: what is text, a number or nothing already is not looked at twice."""
    get = values.get
    out: dict[str, Any] = {}
    for column in flow.columns:
        if not column.in_api:
            continue
        name = column.name
        value: Any = get(name)
        kind: Any = type(value)
        if column.kind == "flag":
            value = None if value is None else bool(value)
        elif not (kind is str or kind is bool or value is None or (kind is int and column.kind in _COUNTED)):
            value = safe(value_json(column, value))
        out[name] = value
    return out


_COUNTED = frozenset({"number", "money"})


def _head(flow: Flow, case: Any) -> dict[str, Any]:
    site_id = getattr(case, "site_id", None)
    return {
        "id": case.id,
        "flow": flow.key,
        "site_id": site_id,
        "number": getattr(case, "number", None),
        "state": case.state,
        "version": case.version,
        "opened_at": moment(case.opened_at),
        "changed_at": moment(case.changed_at),
        "closed_at": moment(case.closed_at),
    }


def case_href(flow: Flow, site_id: Any, case_id: Any) -> str:
    """Where a case is read."""
    return f"{flow_href(flow, site_id)}/{case_id}"


def flow_href(flow: Flow, site_id: Any) -> str:
    """Where a flow's cases are listed, at a site or (without one) at the company."""
    place = f"sites/{site_id}" if site_id is not None else "company"
    return f"{PREFIX}/{place}/{flow.plugin}/{flow.name}"


def case_json(view: CaseView, base: str, approvals: Sequence[tuple[Approval, list[Signature]]]) -> dict[str, Any]:
    """The whole case. `base` is the address of the flow's cases by which it was read."""
    flow, case = view.flow, view.case
    return _head(flow, case) | {
        "title": view.heading,
        "state_title": str(view.state.title),
        "closed": view.state.closed,
        "values": values_json(flow, view.values),
        "deadlines": [deadline_json(row) for row in view.deadlines],
        "clock_stops": [_clock_stop_json(row) for row in view.clock_stops],
        "steps": [step_json(step, f"{base}/{case.id}") for step in view.steps],
        "approvals": [_approval_json(approval, signatures) for approval, signatures in approvals],
        "files": [file_json(row) for row in view.files],
    }


def deadline_json(row: Deadline) -> dict[str, Any]:
    """One date of the case; `due_at` null is still to be agreed, `provisional` rests on a calendar not yet announced."""
    return {
        "name": row.name, "rule": row.rule, "state": row.state, "due_at": moment(row.due_at), "cause": row.cause,
        "provisional": row.provisional, "owed_by": row.owed_by, "set_at": moment(row.set_at),
        "ended_at": moment(row.ended_at), "breached_at": moment(row.breached_at), "late_excused": row.late_excused,
    }  # fmt: skip


def _clock_stop_json(row: ClockStop) -> dict[str, Any]:
    return {"reason": row.reason, "from_at": moment(row.from_at), "to_at": moment(row.to_at)}


def step_json(view: StepView, base: str) -> dict[str, Any]:
    """A step with what stands against it now, and whom it would wait for. Rules on the entries speak when it is sent."""
    step = view.step
    return {
        "name": step.name, "key": step.key, "title": str(step.title), "href": f"{base}/{step.name}",
        "enabled": view.enabled, "reasons": reasons_json(view.reasons), "asks": reasons_json(view.asks),
        "needs_key": step.needs_key, "may_be_reported_late": step.late_within is not None,
    }  # fmt: skip


def reasons_json(views: Sequence[ReasonView]) -> list[dict[str, Any]]:
    """Reasons as the API tells them."""
    return [view.to_json() for view in views]


def _approval_json(approval: Approval, signatures: Sequence[Signature]) -> dict[str, Any]:
    return {
        "id": approval.id, "step": approval.step, "state": approval.state, "opened_at": moment(approval.opened_at),
        "requester_id": approval.requester_id,
        "signatures": [{"rule": s.rule, "role": s.role, "state": s.state, "decided_by": s.decided_by,
                        "on_behalf_of": s.on_behalf_of, "decided_at": moment(s.decided_at)} for s in signatures],
    }  # fmt: skip


def timeline_json(entry: TimelineEntry) -> dict[str, Any]:
    """One line of the case's history."""
    return {
        "seq": entry.seq, "at": moment(entry.at), "step": entry.step, "title": entry.title, "actor": entry.actor,
        "outcome": entry.outcome, "note": entry.note, "reasons": reasons_json(entry.reasons),
        "changes": [{"title": title, "old": old, "new": new} for title, old, new in entry.changes],
        "dates": [{"name": name, "due_at": moment(due_at), "cause": cause} for name, due_at, cause in entry.dates],
        "files": [file_json(row) for row in entry.files], "late": list(entry.late),
    }  # fmt: skip


def done_json(done: Done) -> dict[str, Any]:
    """What a step did."""
    return {
        "case_id": done.case_id,
        "step": done.step,
        "version": done.version,
        "state": done.state,
        "number": done.number,
        "deadlines": [dict(d) | {"due_at": moment(d["due_at"])} for d in done.deadlines],
    }


def bases(flow: Flow) -> list[tuple[str, str]]:
    """(place, base path) where the flow is reached: at a site, at the company, or both.

    What belongs to the company but may belong to a site (approvals, tasks) is reached both ways, since staff of one site
    do not reach the company.
    """
    found = []
    if flow.level != COMPANY or hasattr(flow.model, "site_id"):
        found.append(("site", f"/sites/<uuid:site_id>/{flow.plugin}/{flow.name}"))
    if flow.level == COMPANY:
        found.append(("company", f"/company/{flow.plugin}/{flow.name}"))
    return found
