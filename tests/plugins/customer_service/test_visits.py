"""Visits to households (5/8.2): planned, chosen fairly, recorded, what they bring up answered and settled."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

import pytest

from guanjia.errors import Invalid
from guanjia.jobs.duties import make_periodic, period_of
from guanjia.rules.measure import Span
from guanjia.sdk import WorkCalendar
from office import Office
from plugins.customer_service.visits.choosing import next_households
from plugins.customer_service.visits.models import Visit
from plugins.customer_service.visits.rules import (
    Handled,
    Planned,
    feedback_that_was_handled,
    visits_are_in_the_years_plan,
)
from plugins.registry.public import Building, Household
from requests_made import Requests, clause, rule, site_time
from signed_in import browser

PLAN = "customer_service.visit_plan"


class Visits(Requests):
    """Visits at one office, and the people who make them."""

    flow: ClassVar[str] = "customer_service.visit"
    model: ClassVar[type[Any]] = Visit

    def made(self, by: str = "area_manager", **form: Any) -> UUID:
        """A visit that was recorded a moment ago."""
        return self.by(by, "record", **{"household_id": self.household(), "opinions": "保洁不错", **form}).case_id

    def duties(self) -> None:
        """The round of the day."""
        company = self.office.company
        make_periodic(company.host, company.plan.company_id, self.now)

    def building(self) -> str:
        """The office's building."""
        from sqlalchemy import select

        with self.office.system.reading() as loader:
            query = select(Building.id).where(
                Building.company_id == loader.company_id, Building.site_id == self.office.id
            )
            return str(loader.session.scalars(query).one())


@pytest.fixture
def made(east: Office) -> Visits:
    """Visits at the first office."""
    return Visits(east)


@clause(5, "8.2 1.1")
def test_the_year_plans_its_visits_and_says_how_they_count(made: Visits):
    made.duties()
    (task,) = made.tasks("visit_plan")
    assert (task.role, task.period) == ("site_manager", "2026")
    due = visits_are_in_the_years_plan(period_of("year", date(2027, 1, 1)), Planned(), WorkCalendar()).due_at
    assert due == site_time("2027-02-01 00:00")
    form = {"year": 2026, "plan": "主任每月十户", "assessment": "计入季度考核", "households": 300}
    made.denied("visit_plan", "area_manager", f"{PLAN}.enter", **form)
    case = made.by("site_manager", f"{PLAN}.enter", **form).case_id
    assert made.tasks("visit_plan")[0].state == "done"
    with pytest.raises(Invalid, match="not right"):
        made.by("site_manager", f"{PLAN}.enter", **form)
    made.by("site_manager", f"{PLAN}.revise", case, **{**form, "households": 320})
    made.office.switch(rule("visit_plan"), on=False)
    made.by("area_manager", f"{PLAN}.enter", **{**form, "year": 2027})


@clause(5, "8.2 1.2")
def test_each_visit_has_a_record_with_number_visitor_and_what_was_said(made: Visits):
    row = made.row(made.made(opinions="门禁好用", suggestions="加路灯", satisfied=True))
    assert (row.number, row.state, row.visitor_id) == ("HF-2026-00001", "recorded", made.person("area_manager").id)
    page = browser(made.office, "area_manager").page(f"/visit/{row.id}")
    assert "门禁好用" in page and "加路灯" in page


@clause(5, "8.2 1.3")
def test_a_question_that_stays_open_gets_a_time_and_is_answered_by_it(made: Visits):
    made.denied("visit_answer_time", "area_manager", "record", household_id=made.household(), question="电梯何时换")
    made.made(question="物业费怎么交", answer="线上或前台")
    case = made.made(question="电梯何时换", reply_by=made.after(hours=48))
    assert (made.state(case), made.due(case, "reply")) == ("open", made.row(case).reply_by)
    made.by("area_manager", "promise", case, reply_by=made.after(hours=72), reason="等厂家排期")
    assert len(made.dates(case, "reply")) == 2
    made.by("area_manager", "answer", case, answer="下月十日换")
    assert (made.state(case), made.due(case, "reply")) == ("handled", None)
    made.office.switch(rule("visit_answer_time"), on=False)
    assert made.due(made.made(question="电梯何时换"), "reply") is None


@clause(5, "8.2 1.4")
def test_a_major_problem_goes_to_the_company_and_is_discussed_before_it_is_settled(made: Visits):
    case = made.made(question="外墙脱落", reply_by=made.after(hours=48), is_major=True)
    (told,) = made.notices("company_leader", "major_feedback_to_company", case=case)
    assert told.urgent
    made.denied("major_feedback_to_company", "site_manager", "answer", case, answer="会修")
    made.by("site_manager", "settle", case, discussion="请示公司后立项维修")
    assert made.state(case) == "handled"
    plain = made.made(question="路灯暗", reply_by=made.after(hours=48))
    assert made.notices("company_leader", "major_feedback_to_company", case=plain) == []
    made.by("area_manager", "mark_major", plain)
    assert len(made.notices("company_leader", "major_feedback_to_company", case=plain)) == 1
    made.office.switch(rule("major_feedback_to_company"), on=False)
    free = made.made(question="外墙脱落", reply_by=made.after(hours=48), is_major=True)
    assert made.notices("company_leader", "major_feedback_to_company", case=free) == []


@clause(5, "8.2 1.4")
def test_the_share_of_feedback_that_was_handled(made: Visits):
    made.made()
    done = made.made(question="路灯暗", reply_by=made.after(hours=48))
    made.by("area_manager", "answer", done, answer="已换")
    left = made.made(question="雨水倒灌", reply_by=made.after(hours=48))
    month = Span(site_time("2026-11-01 00:00"), site_time("2026-12-01 00:00"))
    with made.office.system.reading() as loader:
        (measure,) = feedback_that_was_handled(loader.session, [made.office.id], month, Handled())
    assert (measure.numerator, measure.denominator, measure.cases) == (1, 2, (left,))


@clause(5, "8.2 2.1")
def test_the_director_owes_ten_households_a_month_and_each_counts_once(made: Visits):
    made.office.switch(rule("director_visits"), params={"households_per_month": 2})
    made.office.company.later(days=20)  # into December, under the new number
    task = [t for t in made.tasks("director_visits") if t.period == "2026-12"][0]
    assert (task.role, task.owed, task.due_at) == ("site_manager", 2, site_time("2027-01-01 00:00"))
    home = made.household()

    def met() -> int:
        return [t for t in made.tasks("director_visits") if t.period == "2026-12"][0].met

    made.made("site_manager", household_id=home)
    made.made("site_manager", household_id=home)
    made.made("area_manager")
    assert met() == 1
    made.made("site_manager")
    assert (met(), [t for t in made.tasks("director_visits") if t.period == "2026-12"][0].state) == (2, "done")


@clause(5, "8.2 2.1")
def test_ten_is_the_number_where_the_site_set_none(made: Visits):
    made.duties()
    (task,) = made.tasks("director_visits")
    assert task.owed == 10
    made.office.switch(rule("director_visits"), on=False)
    made.office.company.later(days=20)
    assert [t.period for t in made.tasks("director_visits")] == ["2026-11"]


@clause(5, "8.2 2.2")
def test_each_area_manager_owes_fifteen_households_of_the_own_area(made: Visits, west: Office):
    manager, other = made.person("area_manager").id, made.person("property_assistant").id
    made.by(
        "site_manager",
        "customer_service.area.create",
        name="一区",
        manager_id=str(manager),
        buildings=[made.building()],
    )
    made.duties()
    (task,) = made.tasks("area_manager_visits")
    assert (task.staff_id, task.owed) == (manager, 15)
    assert other != manager
    made.made("property_assistant")
    assert made.tasks("area_manager_visits")[0].met == 0
    made.made("area_manager")
    assert made.tasks("area_manager_visits")[0].met == 1
    with pytest.raises(Invalid, match="not right"):
        made.by(
            "site_manager",
            "customer_service.area.create",
            name="二区",
            manager_id=str(other),
            buildings=[made.building()],
        )
    (by_role,) = Visits(west).tasks("area_manager_visits")
    assert (by_role.staff_id, by_role.role, by_role.owed) == (None, "area_manager", 15)


@clause(5, "8.2 2.2")
def test_households_that_need_care_come_first_then_those_not_visited_for_longest(made: Visits):
    visitor = made.person("area_manager")
    made.office.company.owe_nothing()

    def proposed() -> list[UUID]:
        with visitor.context.reading() as loader:
            return [c.home.id for c in next_households(loader, visitor.id, limit=50)]

    first = proposed()
    with visitor.context.reading() as loader:
        tags = {i: bool(row.tags) for i, row in loader.by_id(Household, first).items()}
        assert all(row.occupancy != "vacant" for row in loader.by_id(Household, first).values())
    assert [tags[i] for i in first] == sorted((tags[i] for i in first), reverse=True)
    made.made(household_id=str(first[0]))
    assert first[0] not in proposed()
    made.office.company.later(days=20)
    plain = [i for i in proposed() if not tags[i]]
    assert first[0] in proposed()
    made.made(household_id=str(plain[0]))
    made.office.company.later(days=31)
    assert [i for i in proposed() if not tags[i]][-1] == plain[0]


@clause(5, "8.2 2.2")
def test_the_page_shows_what_is_owed_whom_next_and_whose_building(made: Visits):
    made.by("site_manager", "customer_service.area.create", name="一区", manager_id=str(made.person("area_manager").id),
            buildings=[made.building()])  # fmt: skip
    made.duties()
    page = browser(made.office, "area_manager").page("/visits")
    for text in ("还差 15 户", "一区", "从未走访", "登记走访"):
        assert text in page
