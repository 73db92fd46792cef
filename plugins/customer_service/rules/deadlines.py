"""When a request is due: one finish date, set by the one rule that its deadline class names, the ordinary one else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guanjia.sdk import (
    TO_BE_AGREED,
    ActorFacts,
    Coded,
    Kind,
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
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")

REQUEST = "customer_service.request"
STARTS = (f"{REQUEST}.receive", f"{REQUEST}.confirm", f"{REQUEST}.bring_in")
ENDS = (f"{REQUEST}.complete",)


class RepairDeadline(Params):
    """How long an ordinary repair may take."""

    working_days: int = param(3, min=1, max=60)


repair_deadline = Rule("customer_service.repair_deadline", Kind.DEADLINE, RepairDeadline)


@repair_deadline.deadline("finish", starts=STARTS, ends=ENDS, fallback=True, owed_by="department_head")
def three_working_days_from_receipt(case: RequestFacts, params: RepairDeadline, calendar: WorkCalendar) -> datetime:
    """A request is finished within three working days of receipt, unless its class names another rule (5/5.2.4)."""
    return calendar.after_working_days(case.received_at, params.working_days)


class Urgent(Params):
    """What is urgent, and how it is counted."""

    hours: int = param(24, min=1, max=240)
    categories: tuple[Coded, ...] = param(
        tuple(Coded(k) for k in ("drain_blocked", "toilet_blocked", "pipe_leak", "lamp", "door_lock"))
    )
    working_days_only: tuple[Coded, ...] = param((Coded("lamp"), Coded("door_lock")))


urgent_24h = Rule("customer_service.urgent_24h", Kind.DEADLINE, Urgent)


@urgent_24h.deadline("finish", starts=STARTS, ends=ENDS, owed_by="department_head")
def urgent_work_within_twenty_four_hours(case: RequestFacts, params: Urgent, calendar: WorkCalendar) -> datetime | None:
    """Drain, toilet and leak within 24 hours on any day; lamp and lock within 24 hours of working days (5/5.2.5)."""
    if case.deadline_class != "urgent":
        return None
    return calendar.after_hours(
        case.received_at, params.hours, working_days_only=case.category in params.working_days_only
    )


class Negotiated(Params):
    """What has a negotiated date, and who sets it."""

    categories: tuple[Coded, ...] = param(
        tuple(Coded(k) for k in ("internal_equipment", "internal_repair_or_cleaning", "leak_proofing"))
    )
    set_by_role: RoleKey = param(RoleKey("department_head"))
    counts_in_assessment: bool = param(True)


negotiated_deadline = Rule("customer_service.negotiated_deadline", Kind.DEADLINE, Negotiated)


@negotiated_deadline.deadline("finish", starts=STARTS, ends=ENDS, owed_by="department_head")
def internal_work_has_an_agreed_date(case: RequestFacts, params: Negotiated) -> Any:
    """Internal faults and repairs and leak-proofing have a date that the head agrees (5/5.2.6)."""
    return TO_BE_AGREED if case.deadline_class == "negotiated" else None


@negotiated_deadline.guard(f"{REQUEST}.agree_deadline")
def the_head_sets_the_date(actor: ActorFacts, case: RequestFacts, params: Negotiated) -> Verdict:
    """The head of the department agrees the date of internal and leak-proofing work (5/5.2.6)."""
    if case.deadline_class != "negotiated" or actor.holds(params.set_by_role):
        return allow()
    return deny(_("The head of the department agrees this date. Ask the head."))


class MoveIn(Params):
    """How long cleaning before move-in may take."""

    same_day: bool = param(True)
    agreed_max_working_days: int = param(3, min=1, max=60)


move_in_cleaning = Rule("customer_service.move_in_cleaning", Kind.DEADLINE, MoveIn)


@move_in_cleaning.deadline("finish", starts=STARTS, ends=ENDS, owed_by="department_head")
def cleaning_before_move_in_is_done_the_same_day(case: RequestFacts, params: MoveIn, calendar: WorkCalendar) -> Any:
    """Cleaning before move-in is done by midnight of the same day, or at the agreed time (5/5.3.1.1)."""
    if case.deadline_class != "move_in":
        return None
    return calendar.same_day(case.received_at) if params.same_day else TO_BE_AGREED


@move_in_cleaning.guard(
    f"{REQUEST}.agree_deadline", facts={"limit": lambda loader, cases, form: [_limit(loader, c) for c in cases]}
)
def an_agreed_time_lies_within_three_working_days(
    case: RequestFacts, form: dict[str, Any], limit: list[str], params: MoveIn
) -> Verdict:
    """The agreed time lies within three working days, unless the resident wishes otherwise (5/5.3.1.1)."""
    if case.deadline_class != "move_in" or form.get("resident_wishes"):
        return allow()
    latest = limit[min(params.agreed_max_working_days, len(limit)) - 1]
    if datetime.fromisoformat(form["due_at"]) > datetime.fromisoformat(latest):
        return deny(_("An agreed time lies within %(days)s working days, unless the resident wishes a later one. "
                      "Tick that the resident wishes it, or agree an earlier time.", days=params.agreed_max_working_days))  # fmt: skip
    return allow()


def _limit(loader: Any, request: Any) -> list[str]:
    """The end of the n-th working day after receipt, for every n that the parameter may take."""
    calendar = loader.place.calendar
    day = calendar.date_of(request.received_at)
    return [calendar.end_of(calendar.add_working_days(day, n)).isoformat() for n in range(1, 61)]


class ReportBack(Params):
    """When, and by whom."""

    working_days: int = param(3, min=1, max=60)
    role: RoleKey = param(RoleKey("department_head"))


report_back = Rule("customer_service.report_back", Kind.DEADLINE, ReportBack)


@report_back.deadline("report", starts=(f"{REQUEST}.dispatch",), ends=(f"{REQUEST}.report_back", f"{REQUEST}.complete"),
                      owed_by="params.role")  # fmt: skip
def the_head_reports_within_three_working_days(
    case: RequestFacts, params: ReportBack, calendar: WorkCalendar
) -> datetime | None:
    """The head of the department reports on each indoor service within three working days of receipt (5/5.3.2)."""
    if not case.is_indoor_service:
        return None
    return calendar.after_working_days(case.received_at, params.working_days)


@report_back.guard(f"{REQUEST}.report_back")
def the_department_head_reports(actor: ActorFacts, case: RequestFacts, params: ReportBack) -> Verdict:
    """The head of the department reports on an indoor service (5/5.3.2)."""
    if not case.is_indoor_service or actor.holds(params.role):
        return allow()
    return deny(_("The head of the department reports this to reception. Ask the head."))


ALL = (repair_deadline, urgent_24h, negotiated_deadline, move_in_cleaning, report_back)
