"""The rules on visits to households (regulation 5, 8.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from guanjia.rules.measure import Measure, share
from guanjia.sdk import (
    ActorFacts,
    Kind,
    Notify,
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
from plugins.customer_service.visits.facts import VisitFacts, area_managers
from plugins.customer_service.visits.models import Visit

_ = words("customer_service")

VISIT, PLAN = "customer_service.visit", "customer_service.visit_plan"
COUNTED = (f"{VISIT}.count",)

visit_record = Rule("customer_service.visit_record", Kind.RECORD)


class Planned(Params):
    """Who plans."""

    role: RoleKey = param(RoleKey("site_manager"))


visit_plan = Rule("customer_service.visit_plan", Kind.DUTY, Planned)


@visit_plan.duty(every="year", met_by=(f"{PLAN}.enter",))
def visits_are_in_the_years_plan(period: Any, params: Planned, calendar: WorkCalendar) -> Owed:
    """Visiting residents is in the year's plan and in its assessment (5/8.2 1.1)."""
    return Owed(title=_("Put the visits to households into the year's plan"), role=params.role,
                due_at=calendar.end_of(calendar.last_day_of_month(period.first)))  # fmt: skip


@visit_plan.guard(f"{PLAN}.enter", f"{PLAN}.revise")
def the_director_plans(actor: ActorFacts, params: Planned) -> Verdict:
    """The plan is the director's (5/8.2 1.1)."""
    return (
        allow()
        if actor.holds(params.role)
        else deny(_("The plan of visits is made by whoever the rule names. Ask them."))
    )


visit_answer_time = Rule("customer_service.visit_answer_time", Kind.GUARD)


@visit_answer_time.guard(f"{VISIT}.record")
def a_question_that_stays_open_has_a_time(form: dict[str, Any]) -> Verdict:
    """A question that cannot be answered during a visit gets a stated reply time (5/8.2 1.3)."""
    if not form.get("question") or form.get("answer") or form.get("reply_by"):
        return allow()
    return deny(
        _(
            "The question is neither answered nor promised for a time. Tell the household when it will have an answer, and enter that."
        )
    )


@visit_answer_time.deadline(
    "reply", starts=(f"{VISIT}.record",), ends=(f"{VISIT}.answer", f"{VISIT}.settle"), owed_by="site_manager"
)
def the_promised_time_is_the_deadline(case: VisitFacts) -> datetime | None:
    """The answer is due when it was promised (5/8.2 1.3)."""
    return None if case.handled else case.reply_by


class Major(Params):
    """Who is asked for instructions."""

    report_to: RoleKey = param(RoleKey("company_leader"))


major_feedback_to_company = Rule("customer_service.major_feedback_to_company", Kind.REACTION, Major)


@major_feedback_to_company.reaction(f"{VISIT}.record", f"{VISIT}.mark_major")
def a_major_problem_goes_to_the_company(case: VisitFacts, params: Major) -> list[Notify]:
    """A major problem that a visit brought up goes to the company for instructions (5/8.2 1.4)."""
    if not case.is_major:
        return []
    return [
        Notify(
            message=_("A visit brought up a major problem. Your instructions are asked for."),
            roles=(params.report_to,),
            urgent=True,
        )
    ]


@major_feedback_to_company.guard(f"{VISIT}.answer")
def major_feedback_is_discussed_before_it_is_answered(case: VisitFacts) -> Verdict:
    """Feedback is put in order, discussed and settled; a major one is not answered off-hand (5/8.2 1.4)."""
    if not case.is_major:
        return allow()
    return deny(_('This is a major problem: record what was discussed and use "It is settled".'))


class Handled(Params):
    """The target."""

    target_percent: int = param(100, min=0, max=100)


visit_feedback_handled = Rule("customer_service.visit_feedback_handled", Kind.INDICATOR, Handled)


@visit_feedback_handled.indicator()
def feedback_that_was_handled(session: Any, sites: Any, period: Any, params: Handled) -> list[Measure]:
    """Of the visits of the period that brought up something to be settled, those where it was handled (5/8.2 1.4)."""
    query = select(Visit.id, Visit.state).where(
        Visit.company_id == session.company_id, Visit.site_id.in_(sites), Visit.visited_at >= period.start,
        Visit.visited_at < period.end, (func.length(Visit.question) > 0) | Visit.is_major.is_(True),
    )  # fmt: skip
    found = list(session.execute(query.order_by(Visit.visited_at)))
    still_open = tuple(row.id for row in found if row.state == "open")
    return [share("visits", len(found) - len(still_open), len(found), params.target_percent, cases=still_open)]


class DirectorVisits(Params):
    """Who visits how many households."""

    households_per_month: int = param(10, min=1, max=500)
    role: RoleKey = param(RoleKey("site_manager"))


director_visits = Rule("customer_service.director_visits", Kind.DUTY, DirectorVisits)


@director_visits.duty(every="month", met_by=COUNTED)
def the_director_visits_households_every_month(period: Any, params: DirectorVisits, calendar: WorkCalendar) -> Owed:
    """The director visits ten households a month (5/8.2 2.1)."""
    return Owed(title=_("Visit households, and record each visit"), role=params.role, count=params.households_per_month,
                due_at=calendar.end_of(period.last))  # fmt: skip


class AreaVisits(Params):
    """How many households each area manager visits."""

    households_per_month: int = param(15, min=1, max=500)
    role: RoleKey = param(RoleKey("area_manager"))


area_manager_visits = Rule("customer_service.area_manager_visits", Kind.DUTY, AreaVisits)


@area_manager_visits.duty(every="month", met_by=COUNTED, facts={"areas": area_managers})
def each_area_manager_visits_households_of_the_own_area(
    period: Any, areas: list[dict[str, str]], params: AreaVisits, calendar: WorkCalendar
) -> list[Owed]:
    """Each area manager visits fifteen households of the own area a month (5/8.2 2.2).

    Where no areas are set up, it is owed by whoever holds the role.
    """
    title, due = _("Visit households of your area, and record each visit"), calendar.end_of(period.last)
    if not areas:
        return [Owed(title=title, role=params.role, count=params.households_per_month, due_at=due)]
    return [
        Owed(title=title, role=params.role, staff=UUID(area["manager"]), count=params.households_per_month, due_at=due, key=area["area"])
        for area in areas
    ]  # fmt: skip


ALL = (
    visit_plan, visit_record, visit_answer_time, major_feedback_to_company, visit_feedback_handled, director_visits,
    area_manager_visits,
)  # fmt: skip
