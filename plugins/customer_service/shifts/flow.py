"""The life of a shift log: begun, written, handed over with a signature, taken over by reception and by security."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guanjia.sdk import Column, Document, Flow, Loader, State, StepContext, words
from plugins.customer_service.shifts.facts import shift_facts
from plugins.customer_service.shifts.forms import SHIFTS, BeginForm, EntryForm, HandOverForm, TakeForm
from plugins.customer_service.shifts.models import ShiftEntry, ShiftLog

_ = words("customer_service")

OPEN, HANDED_OVER, TAKEN = "open", "handed_over", "taken"


def entries_of(loader: Loader, log: ShiftLog) -> list[ShiftEntry]:
    """The lines of the log, oldest first."""
    return loader.children(ShiftEntry, ShiftEntry.shift_id, [log.id], order=ShiftEntry.at)[log.id]


def _present(loader: Loader, cases: Sequence[ShiftLog]) -> list[dict[str, Any]]:
    lines = loader.children(ShiftEntry, ShiftEntry.shift_id, [s.id for s in cases], order=ShiftEntry.at)
    columns = ("begun_by", "handed_over_by", "taken_by", "security_taken_by")
    names = loader.names(getattr(s, column) for s in cases for column in columns)
    calendar = loader.place.calendar
    out = []
    for s in cases:
        shown = [f"{calendar.local(e.at):%H:%M} {e.text}" + (" ⚑" if e.for_security else "") for e in lines[s.id]]
        out.append(
            {"entries": shown, **{f"{c}_name": names.get(getattr(s, c), "") if getattr(s, c) else "" for c in columns}}
        )
    return out


def _paper(loader: Loader, case: ShiftLog) -> Mapping[str, Any]:
    return {"document_title": _("Shift log of reception"), "issued": case.begun_at, "lines": entries_of(loader, case),
            "shifts": SHIFTS, "number": None}  # fmt: skip


shifts = Flow(
    key="customer_service.shift", model=ShiftLog, title=_("Shift log"), facts=shift_facts, present=_present,
    states=(
        State(OPEN, _("On duty"), tone="open"),
        State(HANDED_OVER, _("Handed over"), tone="waiting", waits_for=("receptionist",)),
        State(TAKEN, _("Taken over"), tone="good", closed=True),
    ),
    columns=(
        Column("begun_at", _("Begun at"), "link", sort=True), Column("shift", _("Shift"), "choice", labels=SHIFTS, filter=True),
        Column("begun_by_name", _("On duty")), Column("entries", _("What was entered")), Column("state", _("State"), "state", filter=True),
        Column("summary", _("How the shift went, what is still to be done"), on_list=False),
        Column("security_matters", _("What security is to see to"), on_list=False),
        Column("handed_over_at", _("Handed over at"), "moment", on_list=False),
        Column("handed_over_by_name", _("Handed over by"), on_list=False), Column("taken_by_name", _("Taken over by")),
        Column("taken_at", _("Taken over at"), "moment", on_list=False),
        Column("security_taken_by_name", _("Taken over by security"), on_list=False),
    ),
    search=("summary", "security_matters"), order="-begun_at", tells_opener=False,
    heading=lambda s, values: f"{SHIFTS[s.shift]} {values.get('begun_by_name', '')}".strip(),
    documents=(Document("log", _("Shift log of reception"), "customer_service/shift_log.html", _paper),),
)  # fmt: skip


@shifts.step("begin", {None: OPEN}, title=_("Begin a shift"), form=BeginForm, tone="primary",
             page="customer_service.shift")  # fmt: skip
def begin(form: Mapping[str, Any], ctx: StepContext) -> ShiftLog:
    """The shift has begun, and its log is open."""
    return ctx.open(ShiftLog, OPEN, shift=form["shift"], begun_at=ctx.now, begun_by=ctx.actor_id)


@shifts.step("write", [OPEN], title=_("Write in the log"), form=EntryForm, tone="primary")
def write(log: ShiftLog, form: Mapping[str, Any], ctx: StepContext) -> None:
    """What happened stands in the log."""
    ctx.new(
        ShiftEntry, shift_id=log.id, at=ctx.now, by=ctx.actor_id, text=form["entry"], for_security=form["for_security"]
    )


def _marked(loader: Loader, log: ShiftLog) -> Mapping[str, Any]:
    return {"security_matters": "\n".join(e.text for e in entries_of(loader, log) if e.for_security)}


@shifts.step("hand_over", {OPEN: HANDED_OVER}, title=_("Hand the shift over"), form=HandOverForm, prefill=_marked)
def hand_over(log: ShiftLog, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The shift has ended with a signed log (5/7.4)."""
    log.summary, log.security_matters = form["summary"], form["security_matters"]
    log.handed_over_at, log.handed_over_by = ctx.now, ctx.actor_id


@shifts.step("take_over", [HANDED_OVER], title=_("Take the shift over"), form=TakeForm, tone="primary",
             offered=lambda view: view.case.taken_at is None)  # fmt: skip
def take_over(log: ShiftLog, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The next shift has read the log and goes on."""
    log.taken_at, log.taken_by = ctx.now, ctx.actor_id
    return _state(log)


@shifts.step("security_takes", [HANDED_OVER], title=_("Security takes it over"), form=TakeForm,
             offered=lambda view: bool(view.case.security_matters) and view.case.security_taken_at is None)  # fmt: skip
def security_takes(log: ShiftLog, form: Mapping[str, Any], ctx: StepContext) -> str:
    """Security knows what to see to after the shift (5/7.4)."""
    log.security_taken_at, log.security_taken_by = ctx.now, ctx.actor_id
    return _state(log)


def _state(log: ShiftLog) -> str:
    """Taken over once whoever has something to take over has done so."""
    by_security = log.security_taken_at is not None or not log.security_matters
    return TAKEN if log.taken_at is not None and by_security else HANDED_OVER
