"""Steps that every flow has: a note, files, the clock, a passed deadline, moving to other rules, and deletion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.db.parts import StillPointedTo, delete_parts
from guanjia.errors import Invalid, Refused
from guanjia.rules.reason import Reason
from guanjia.schema import StrictSchema
from guanjia.steps import deadlines, journal
from guanjia.steps.commands import Notify
from guanjia.steps.flow import SAME, SITE, Flow
from guanjia.steps.models import ClockStop, Deadline
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.steps.context import StepContext

_ = words("guanjia")

CLOCK_REASONS = {
    "waiting_for_parts": _("Waiting for parts"),
    "resident_away": _("Resident away"),
    "weather": _("Weather"),
    "third_party": _("Waiting for a third party"),
}
RETENTION = "guanjia.retention"


class NoteForm(StrictSchema):
    """A remark for the timeline."""

    note = fields.String(
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"label": _("Note"), "widget": "textarea", "private": True},
    )


class AttachForm(StrictSchema):
    """Files for the case."""

    files = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(min=1, max=20),
        metadata={"label": _("Files"), "widget": "photos"},
    )


class StopClockForm(StrictSchema):
    """Why the clock stands still."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf(list(CLOCK_REASONS)),
        metadata={"label": _("Reason"), "choices": list(CLOCK_REASONS.items())},
    )


class BreachForm(StrictSchema):
    """The deadline that has passed."""

    deadline = fields.UUID(required=True)


class MoveRulesForm(StrictSchema):
    """Why the case leaves the rules of the day it was opened."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500),
        metadata={"label": _("Reason"), "widget": "textarea"},
    )


def add_common_steps(flow: Flow) -> None:
    """Give the flow the steps that every flow has."""
    every = dict.fromkeys([state.key for state in flow.states], SAME)

    def note(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
        """The remark stands in the timeline."""

    def attach(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
        """The files belong to the case: the host claims them from the form."""

    def delete(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
        """Denied while retention runs, naming what keeps the record and until when."""
        until = _kept_until(flow, case, ctx)
        if case.closed_at is None or ctx.calendar.date_of(ctx.now) <= until:
            raise _kept(
                _(
                    "Records are kept until %(until)s and cannot be deleted by anyone before. "
                    "Withdraw or void it with a reason instead.",
                    until=until,
                )
            )
        try:
            delete_parts(ctx.session, case)
        except StillPointedTo as pointed:
            owner = next((f.title for f in ctx.host.flows.values() if f.model is pointed.model), pointed.model.__name__)
            raise _kept(
                _("Other records still point to this one (%(what)s). They have to go first.", what=owner)
            ) from None
        journal.erase(ctx.session, case.id, at=ctx.recorded_at, by=ctx.actor_id)
        ctx.host.files.release(ctx.session, case.id)
        ctx.delete_case = True

    if flow.level == SITE:
        flow.step("note", every, title=_("Add a note"), form=NoteForm, tone="quiet")(note)
        flow.step("attach", every, title=_("Add files"), form=AttachForm, tone="quiet")(attach)
        flow.step(
            "stop_clock",
            flow.any_open(),
            title=_("Stop the clock"),
            form=StopClockForm,
            tone="quiet",
            offered=_clock_runs,
        )(_stop_clock)
        flow.step("resume_clock", flow.any_open(), title=_("Let the clock run"), tone="quiet", offered=_clock_stands)(
            _resume_clock
        )
        flow.step(
            "recompute",
            flow.any_open(),
            title=_("Recompute the dates"),
            form=MoveRulesForm,
            tone="quiet",
            permission="guanjia.move_rules",
            offered=lambda view: any(d.provisional and d.state == "open" for d in view.deadlines),
        )(_recompute)
        flow.step(
            "move_rules",
            flow.any_open(),
            title=_("Move to today's rules"),
            form=MoveRulesForm,
            tone="quiet",
            permission="guanjia.move_rules",
        )(_move_rules)
    flow.step(
        "breach",
        flow.any_open(),
        title=_("Deadline passed"),
        form=BreachForm,
        system_only=True,
        on_page=False,
    )(_breach)
    flow.step("delete", every, title=_("Delete"), on_page=False)(delete)


def _clock_runs(view: Any) -> bool:
    return not any(stop.to_at is None for stop in view.clock_stops)


def _clock_stands(view: Any) -> bool:
    return not _clock_runs(view)


def _kept(message: Message) -> Refused:
    return Refused([Reason(RETENTION, "deny", message)])


def _kept_until(flow: Flow, case: Any, ctx: StepContext) -> date:
    start = ctx.calendar.date_of(getattr(case, "closed_at", None) or ctx.now)
    return ctx.calendar.add_months(start, 12 * flow.retention_years)


def _open_stop(case_id: UUID, ctx: StepContext) -> ClockStop | None:
    query = select(ClockStop).where(
        ClockStop.company_id == ctx.session.company_id,
        ClockStop.flow == ctx.flow.key,
        ClockStop.case_id == case_id,
        ClockStop.to_at.is_(None),
    )
    return ctx.session.scalars(query).first()


def _stop_clock(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
    if _open_stop(case.id, ctx) is not None:
        raise Invalid({"reason": [_("The clock stands still already. Let it run first.")]})
    ctx.new(
        ClockStop,
        site_id=case.site_id,
        flow=ctx.flow.key,
        case_id=case.id,
        reason=form["reason"],
        from_at=ctx.now,
    )


def _resume_clock(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
    stop = _open_stop(case.id, ctx)
    if stop is None:
        raise Invalid({"_schema": [_("The clock is running already. Nothing needs to be done.")]})
    stop.to_at = ctx.now
    for row in ctx.session.scalars(select(Deadline).where(
        Deadline.company_id == ctx.session.company_id, Deadline.flow == ctx.flow.key, Deadline.case_id == case.id,
        Deadline.state == "open", Deadline.due_at.is_not(None),
    )):  # fmt: skip
        if row.due_at is not None and deadlines.stops_count(ctx.session, ctx.rulebook, row):
            since = max(stop.from_at, row.starts_at)
            if ctx.now > since:
                ctx.set_deadline(row.name, row.due_at + (ctx.now - since), cause="clock", rule=row.rule)


def _move_rules(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
    place = ctx.site or ctx.company
    new = ctx.host.rulebooks.current(ctx.session, place, ctx.now)
    ctx.host.rulebooks.store(ctx.session, new, ctx.recorded_at)
    ctx.notes["rulebook"] = [str(case.rulebook_id), str(new.id)]
    case.rulebook_id = new.id


def _recompute(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The open dates are as today's calendar has them; the old ones stay in the history."""
    from guanjia.steps.deadlines import open_of
    from guanjia.steps.recompute import computed

    moved = []
    for row in open_of(ctx.session, ctx.flow.key, case.id):
        due = computed(ctx.loader, ctx.flow, case, row) if row.cause in ("rule", "recomputed") else None
        if due is not None and row.due_at is not None and due != row.due_at:
            ctx.set_deadline(row.name, due, cause="recomputed", rule=row.rule)
            moved.append({"name": row.name, "from": row.due_at.isoformat(), "to": due.isoformat()})
    if not moved:
        raise Invalid({"_schema": [_("Today's calendar gives the same dates. Nothing needs to be done.")]})
    ctx.notes["recomputed"] = moved


def _climb(row: Deadline, ctx: StepContext) -> None:
    """Whoever owes it is told at once, then each rung of the flow's ladder once, until the matter is settled."""
    plan = ctx.host.rulebooks.plan(ctx.rulebook)
    settled = tuple(sorted(step for step, ends in plan.ends.items() if (row.flow, row.name) in ends))
    due_at = row.due_at or ctx.recorded_at
    rungs = [(row.owed_by, 0)] if row.owed_by else []
    for role, hours in [*rungs, *ctx.flow.ladder]:
        message = _("Overdue since %(due)s: %(flow)s. Open it to see what is owed.", due=due_at, flow=ctx.flow.title)
        at = max(due_at + timedelta(hours=hours), ctx.recorded_at)
        ctx.emit(Notify(message=message, roles=(role,), at=at, unless=settled, while_open=row.id))


def _breach(case: Any, form: Mapping[str, Any], ctx: StepContext) -> None:
    row = ctx.get(Deadline, form["deadline"], name="deadline")
    passed = row.due_at is not None and row.due_at <= ctx.recorded_at
    passed = passed and not deadlines.stands_still(ctx.session, ctx.rulebook, row)
    if row.case_id != case.id or row.state != "open" or row.due_at is None or not passed:
        raise Invalid({"deadline": [_("This deadline was met or moved; nothing has passed.")]})
    if ctx.rulebook.option(row.rule, "clock_stops_count") and _open_stop(case.id, ctx) is not None:
        raise Invalid({"deadline": [_("The clock stands still; nothing has passed until it runs again.")]})
    row.breached_at = row.due_at
    _climb(row, ctx)
    ctx.notes["deadline"] = {"name": row.name, "rule": row.rule, "due_at": row.due_at.isoformat()}
