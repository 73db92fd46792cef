"""Deadlines: set when their starting step happens, met by the steps that end them, never moved by later steps."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import TenantSession
from guanjia.errors import Refused
from guanjia.rules.decide import fault_message, slow_message
from guanjia.rules.reason import Reason
from guanjia.rules.watch import RuleTimeout, within
from guanjia.steps.models import ClockStop, Deadline

if TYPE_CHECKING:
    from guanjia.rules.rulebook import Bound, Plan, Rulebook
    from guanjia.steps.context import StepContext


_log = logging.getLogger("guanjia.steps")


class ToBeAgreed:
    """The deadline exists, but its date is still to be agreed."""


TO_BE_AGREED = ToBeAgreed()


def start(ctx: StepContext, plan: Plan, case: Any, facts: Mapping[str, Any]) -> list[Deadline]:
    """Set the deadlines that this step starts. One date a name: a fallback gives way to any other rule."""
    chosen: dict[str, tuple[Bound, datetime | ToBeAgreed]] = {}
    for bound in plan.starts.get(ctx.step.key, ()):
        name = bound.function.options["name"]
        due = _due(ctx, bound, facts)
        if due is None:
            continue
        if name in chosen and (bound.function.options["fallback"] or not chosen[name][0].function.options["fallback"]):
            continue
        chosen[name] = (bound, due)
    return [
        _put(
            ctx,
            case,
            name,
            None if isinstance(due, ToBeAgreed) else due,
            rule=bound.rule.key,
            cause="rule",
            owed_by=_owed_by(bound),
        )
        for name, (bound, due) in chosen.items()
    ]


def _due(ctx: StepContext, bound: Bound, facts: Mapping[str, Any]) -> datetime | ToBeAgreed | None:
    """The date that the rule sets. Raises Refused where its program fails: a case without its date would never be late."""
    host, key = ctx.host, bound.rule.key
    try:
        due: Any = within(host.config.rule_seconds, bound, facts, calendar=ctx.calendar)
        if due is None or isinstance(due, ToBeAgreed) or (isinstance(due, datetime) and due.tzinfo is not None):
            return due
        raise TypeError("a deadline answers with an aware moment, TO_BE_AGREED or None")
    except (Exception, RuleTimeout) as fault:
        _log.exception("deadline %s failed", key)
        host.faults.note("deadline", key, fault, company_id=ctx.session.company_id, plugin=bound.rule.plugin)
        why = Reason(key, "deny", slow_message() if isinstance(fault, RuleTimeout) else fault_message(), {})
        raise Refused([why]) from fault


def _owed_by(bound: Bound) -> str | None:
    owed = bound.function.options["owed_by"]
    if owed is not None and owed.startswith("params."):
        return str(getattr(bound.params, owed.removeprefix("params.")))
    return owed if owed is None else str(owed)


def apply_requested(ctx: StepContext, case: Any) -> list[Deadline]:
    """Set the dates that the step's body asked for (extensions, agreed dates)."""
    made = []
    for wish in ctx.deadlines:
        before = current(ctx.session, ctx.flow.key, case.id, wish["name"])
        owed_by = before.owed_by if before else None
        made.append(
            _put(
                ctx,
                case,
                wish["name"],
                wish["due_at"],
                rule=wish["rule"],
                cause=wish["cause"],
                owed_by=owed_by,
                excused=wish["excused"],
            )
        )
    return made


def _put(
    ctx: StepContext,
    case: Any,
    name: str,
    due_at: datetime | None,
    *,
    rule: str,
    cause: str,
    owed_by: str | None,
    excused: bool = False,
) -> Deadline:
    from guanjia.steps.outbox import schedule

    before = current(ctx.session, ctx.flow.key, case.id, name)
    breached_at = None
    if before is not None:
        before.state, before.ended_at = "superseded", ctx.recorded_at
        breached_at = before.breached_at if due_at is not None and due_at <= ctx.recorded_at else None
    provisional = due_at is not None and ctx.calendar.is_provisional(ctx.calendar.date_of(due_at))
    row = ctx.new(
        Deadline,
        site_id=case.site_id,
        flow=ctx.flow.key,
        case_id=case.id,
        name=name,
        rule=rule,
        starts_at=before.starts_at if before else ctx.now,
        due_at=due_at,
        cause=cause,
        provisional=provisional,
        owed_by=owed_by,
        set_at=ctx.recorded_at,
        breached_at=breached_at,
        late_excused=excused,
    )
    if due_at is not None:
        schedule(
            ctx.session,
            ctx.host,
            "deadline",
            {"deadline": str(row.id)},
            at=due_at,
            site_id=case.site_id,
            dedupe=f"deadline:{row.id}",
        )
    return row


def end(ctx: StepContext, plan: Plan, case: Any) -> list[Deadline]:
    """Meet the deadlines that this step ends."""
    names = {name for flow, name in plan.ends.get(ctx.step.key, ()) if flow == ctx.flow.key}
    if not names:
        return []
    met = []
    for row in open_of(ctx.session, ctx.flow.key, case.id):
        if row.name in names:
            row.state, row.ended_at = "met", ctx.now
            late = row.due_at is not None and ctx.now > row.due_at and row.breached_at is None
            if late and not stands_still(ctx.session, ctx.rulebook, row):
                row.breached_at = row.due_at
            met.append(row)
    return met


def cancel_all(ctx: StepContext, case: Any) -> None:
    """Cancel what is still open when a case is closed."""
    for row in open_of(ctx.session, ctx.flow.key, case.id):
        row.state, row.ended_at = "cancelled", ctx.recorded_at


def open_of(session: TenantSession, flow: str, case_id: UUID) -> list[Deadline]:
    """The open deadlines of a case, soonest first."""
    query = select(Deadline).where(
        Deadline.company_id == session.company_id,
        Deadline.flow == flow,
        Deadline.case_id == case_id,
        Deadline.state == "open",
    )
    rows = [
        row for row in session.scalars(query) if row.state == "open"
    ]  # one that was met just now is not flushed yet
    return sorted(rows, key=lambda d: (d.due_at is None, d.due_at))


def current(session: TenantSession, flow: str, case_id: UUID, name: str) -> Deadline | None:
    """The open deadline of that name, or None."""
    return next((d for d in open_of(session, flow, case_id) if d.name == name), None)


def history(session: TenantSession, flow: str, case_ids: Sequence[UUID]) -> dict[UUID, list[Deadline]]:
    """All dates of the cases in the order in which they were set."""
    rows: dict[UUID, list[Deadline]] = {i: [] for i in case_ids}
    query = select(Deadline).where(
        Deadline.company_id == session.company_id, Deadline.flow == flow, Deadline.case_id.in_(case_ids)
    )
    for row in session.scalars(query.order_by(Deadline.set_at, Deadline.id)):
        rows[row.case_id].append(row)
    return rows


def stops_count(session: TenantSession, rulebook: Rulebook, row: Deadline) -> bool:
    """Whether a stopped clock moves this date: an option of any rule that it rested on, an extension's included."""
    query = select(Deadline.rule).where(
        Deadline.company_id == session.company_id,
        Deadline.flow == row.flow,
        Deadline.case_id == row.case_id,
        Deadline.name == row.name,
    )
    return any(rulebook.option(rule, "clock_stops_count") for rule in set(session.scalars(query)))


def stands_still(session: TenantSession, rulebook: Rulebook, row: Deadline) -> bool:
    """Whether the case's clock stands, and that counts, so that the date does not pass meanwhile."""
    query = select(ClockStop.from_at).where(
        ClockStop.company_id == session.company_id,
        ClockStop.flow == row.flow,
        ClockStop.case_id == row.case_id,
        ClockStop.to_at.is_(None),
    )
    since = session.scalars(query).first()
    return since is not None and row.due_at is not None and since <= row.due_at and stops_count(session, rulebook, row)


def stopped_for(stops: Sequence[ClockStop], since: datetime, until: datetime) -> timedelta:
    """How long the clock stood still between two moments."""
    total = timedelta()
    for stop in stops:
        first, last = max(stop.from_at, since), min(stop.to_at or until, until)
        if last > first:
            total += last - first
    return total
