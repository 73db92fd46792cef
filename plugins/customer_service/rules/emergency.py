"""Emergencies: worked on at once, told at once, the sheet written afterwards."""

from __future__ import annotations

from datetime import datetime

from guanjia.sdk import (
    Coded,
    Kind,
    Notify,
    Params,
    RoleKey,
    Rule,
    Verdict,
    WorkCalendar,
    allow,
    except_others,
    param,
    words,
)
from plugins.customer_service.facts import RequestFacts
from plugins.customer_service.kinds import EMERGENCIES, OUTAGE

_ = words("customer_service")

REQUEST = "customer_service.request"


class EmergencyWorkFirst(Params):
    """What counts as an emergency, and how soon its sheet is due."""

    categories: tuple[Coded, ...] = param(tuple(Coded(k) for k in EMERGENCIES))
    outage_scope: Coded = param(Coded("floor"), choices=("floor", "building"))
    sheet_within_hours: int = param(4, min=1, max=240)


emergency_work_first = Rule(
    "customer_service.emergency_work_first",
    Kind.GUARD,
    EmergencyWorkFirst,
    excepts=("customer_service.handling_sheet_first", "customer_service.appointment_first"),
)


def _is_emergency(case: RequestFacts, params: EmergencyWorkFirst) -> bool:
    """Where only an outage beyond a building is one, an outage beyond a floor is none unless it was marked."""
    if case.is_emergency or case.is_major:
        return True
    return case.category in params.categories and (case.category != OUTAGE or params.outage_scope == "floor")


@emergency_work_first.guard(f"{REQUEST}.start", f"{REQUEST}.complete")
def work_comes_before_the_sheet(case: RequestFacts, params: EmergencyWorkFirst) -> Verdict:
    """A major matter or an emergency is worked on at once; neither sheet nor appointment comes first (5/5.1.3)."""
    return except_others() if _is_emergency(case, params) else allow()


@emergency_work_first.deadline(
    "sheet", starts=(f"{REQUEST}.start",), ends=(f"{REQUEST}.open_sheet",), owed_by="department_head"
)
def the_sheet_follows(case: RequestFacts, params: EmergencyWorkFirst, calendar: WorkCalendar) -> datetime | None:
    """The sheet of an emergency is written within some hours of the start of work (5/5.1.3)."""
    if case.sheet_open or case.started_at is None or not _is_emergency(case, params):
        return None
    return calendar.after_hours(case.started_at, params.sheet_within_hours)


class EmergencyAlert(Params):
    """Who is told at once."""

    notify_roles: tuple[RoleKey, ...] = param((RoleKey("centre_head"), RoleKey("department_head")), at_least_one=True)


emergency_alert = Rule("customer_service.emergency_alert", Kind.REACTION, EmergencyAlert)


@emergency_alert.reaction(
    f"{REQUEST}.receive", f"{REQUEST}.report", f"{REQUEST}.confirm", f"{REQUEST}.mark", f"{REQUEST}.refer"
)
def those_who_must_know_are_told(case: RequestFacts, params: EmergencyAlert) -> list[Notify]:
    """An emergency or a major problem is told to the heads at once (5/5.1.3, 4.4.3)."""
    if not (case.is_emergency or case.is_major or case.category in EMERGENCIES):
        return []
    message = _("Emergency or major problem: look at it at once.")
    return [Notify(message=message, roles=params.notify_roles, urgent=True)]


ALL = (emergency_work_first, emergency_alert)
