"""The rule on the monthly report (5/6.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from guanjia.sdk import ActorFacts, Kind, Owed, Params, RoleKey, Rule, Verdict, WorkCalendar, allow, deny, param, words

_ = words("customer_service")

REPORT = "customer_service.monthly"


class Monthly(Params):
    """By which day of the month, and by whom."""

    day_of_month: int = param(5, min=1, max=28)
    role: RoleKey = param(RoleKey("receptionist"))


monthly_report = Rule("customer_service.monthly_report", Kind.DUTY, Monthly)


@monthly_report.duty(every="month", met_by=(f"{REPORT}.submit",))
def last_month_is_reported_at_the_start_of_each(period: Any, params: Monthly, calendar: WorkCalendar) -> Owed:
    """At the start of each month last month's services, complaints, use and orders are reported (5/6.3)."""
    last = period.first - timedelta(days=1)
    return Owed(title=_("Draw up and submit the monthly report for %(month)s", month=f"{last:%Y-%m}"), role=params.role,
                due_at=calendar.end_of(period.first + timedelta(days=params.day_of_month - 1)))  # fmt: skip


@monthly_report.guard(f"{REPORT}.submit")
def reception_submits_it(actor: ActorFacts, params: Monthly) -> Verdict:
    """The report is reception's (5/6.3)."""
    if actor.holds(params.role):
        return allow()
    return deny(_("The monthly report is submitted by whoever the rule names. Ask them."))


ALL = (monthly_report,)
