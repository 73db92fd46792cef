"""The rule on the shift log (5/7.4)."""

from __future__ import annotations

from typing import Any

from guanjia.sdk import (
    ActorFacts,
    Kind,
    MakeTask,
    Owed,
    Params,
    RoleKey,
    Rule,
    Verdict,
    WorkCalendar,
    allow,
    deny,
    param,
    words,
)
from plugins.customer_service.shifts.facts import ShiftFacts, others_open

_ = words("customer_service")

SHIFT = "customer_service.shift"


class Shift(Params):
    """Who keeps the log, and who takes over what is left after the shift."""

    role: RoleKey = param(RoleKey("receptionist"))
    hand_over_to: RoleKey = param(RoleKey("security"))


shift_log = Rule("customer_service.shift_log", Kind.DUTY, Shift)


@shift_log.duty(every="day", met_by=(f"{SHIFT}.hand_over",))
def reception_keeps_a_log_every_day(period: Any, params: Shift, calendar: WorkCalendar) -> Owed:
    """Reception keeps a log of the day and hands it over signed (5/7.4)."""
    return Owed(
        title=_("Keep the shift log and hand it over signed"), role=params.role, due_at=calendar.end_of(period.last)
    )


@shift_log.guard(f"{SHIFT}.begin", facts={"others": others_open})
def no_shift_begins_before_the_last_was_handed_over(actor: ActorFacts, others: bool, params: Shift) -> Verdict:
    """A shift ends with a signed log, so that the next cannot begin without it (5/7.4)."""
    if not actor.holds(params.role):
        return deny(_("The shift log is kept by whoever the rule names. Ask them to begin the shift."))
    if others:
        return deny(_("The log of the shift before is not handed over yet. Have it signed and handed over first."))
    return allow()


@shift_log.guard(f"{SHIFT}.hand_over")
def a_shift_ends_with_a_signature(form: dict[str, Any], actor: ActorFacts, params: Shift) -> Verdict:
    """The log is signed by whoever hands the shift over (5/7.4)."""
    if not actor.holds(params.role):
        return deny(_("The shift is handed over by whoever is on duty at reception. Ask them."))
    return allow() if form.get("signature") else deny(_("The log is not signed. Sign it, then hand over."))


@shift_log.reaction(f"{SHIFT}.hand_over")
def security_is_told_what_to_see_to(case: ShiftFacts, params: Shift) -> list[MakeTask]:
    """What security must see to after the shift goes there (5/7.4)."""
    if not case.has_security_matters:
        return []
    return [MakeTask(title=_("Take over what reception left for after the shift"), role=params.hand_over_to,
                     met_by=(f"{SHIFT}.security_takes",))]  # fmt: skip


@shift_log.guard(f"{SHIFT}.security_takes")
def it_is_taken_over_by_security(actor: ActorFacts, params: Shift) -> Verdict:
    """What is left after the shift is taken over by security (5/7.4)."""
    if actor.holds(params.hand_over_to):
        return allow()
    return deny(_("This is taken over by security. Ask somebody of that department."))


ALL = (shift_log,)
