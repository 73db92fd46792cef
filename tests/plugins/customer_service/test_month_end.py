"""Two days before month end work under agreements is handed back, signed (5/5.3.2 1.1.2)."""

from datetime import date

import pytest

from guanjia.jobs.duties import make_periodic, period_of
from guanjia.sdk import WorkCalendar
from guanjia.testing import refusal
from plugins.customer_service.rules.aftercare import MonthEnd, agreements_are_handed_back_before_month_end
from requests_made import Requests, clause, rule, site_time

NAME = "month_end_agreements"


def make(made: Requests) -> int:
    """The daily round of duties, now; how many tasks it made."""
    company = made.office.company
    return make_periodic(company.host, company.plan.company_id, made.now)


@clause(5, "5.3.2 1.1.2")
def test_the_duty_is_made_once_a_month_for_each_office_however_often_the_round_runs(
    at_east: Requests, at_west: Requests
):
    make(at_east)
    assert make(at_east) == 0
    for office in (at_east, at_west):
        (task,) = office.tasks(NAME)
        assert (task.role, task.period, task.due_at) == ("department_head", "2026-11", site_time("2026-11-28 18:00"))
    at_east.until("2026-12-01 00:30")
    assert make(at_east) == 0  # the night's own round was there first
    assert [(t.period, t.due_at) for t in at_east.tasks(NAME)] == [
        ("2026-11", site_time("2026-11-28 18:00")), ("2026-12", site_time("2026-12-29 18:00")),
    ]  # fmt: skip


@clause(5, "5.3.2 1.1.2")
@pytest.mark.parametrize(
    ("month", "days", "due"),
    [
        ("2026-12-01", 2, "2026-12-29 18:00"),  # the 29th of a month with 31 days
        ("2026-11-30", 2, "2026-11-28 18:00"),  # a Saturday: not moved
        ("2028-02-10", 2, "2028-02-27 18:00"),
        ("2026-11-01", 0, "2026-11-30 18:00"),
        ("2026-02-01", 27, "2026-02-01 18:00"),
    ],
)
def test_the_day_is_counted_back_from_the_last(month: str, days: int, due: str):
    period = period_of("month", date.fromisoformat(month))
    owed = agreements_are_handed_back_before_month_end(period, MonthEnd(days_before_month_end=days), WorkCalendar())
    assert (owed.due_at, owed.role) == (site_time(due), "department_head")


@clause(5, "5.3.2 1.1.2")
def test_where_the_duty_is_off_that_office_owes_nothing(at_east: Requests, at_west: Requests):
    at_west.office.switch(rule(NAME), on=False)
    at_east.office.company.host.clock.set(site_time("2026-12-01 09:00"))
    make(at_east)
    assert "2026-12" in [t.period for t in at_east.tasks(NAME)]
    assert "2026-12" not in [t.period for t in at_west.tasks(NAME)]


@clause(5, "5.3.2 1.1.2")
def test_the_site_says_when_and_by_whom(at_east: Requests):
    params = {"days_before_month_end": 5, "role": "property_supervisor"}
    at_east.office.switch(rule(NAME), params=params)
    at_east.office.company.host.clock.set(site_time("2026-12-01 09:00"))
    make(at_east)
    task = next(t for t in at_east.tasks(NAME) if t.period == "2026-12")
    assert (task.role, task.due_at) == ("property_supervisor", site_time("2026-12-26 18:00"))
    assert [
        r.rule for r in refusal(at_east.person("department_head").takes, "guanjia.task.done", task.id, note="已交")
    ] == [rule(NAME)]
    at_east.by("property_supervisor", "guanjia.task.done", task.id, note="三份，附协议复印件")
    assert next(t for t in at_east.tasks(NAME) if t.period == "2026-12").state == "done"


@clause(5, "5.3.2 1.1.2")
def test_a_duty_that_is_not_done_is_overdue(at_east: Requests):
    make(at_east)
    (task,) = at_east.tasks(NAME)
    at_east.until("2026-11-28 18:00")
    assert at_east.tasks(NAME)[0].breached_at == site_time("2026-11-28 18:00")
    assert len(at_east.notices("site_manager", case=task.id)) == 1


@clause(5, "5.3.2 1.1.2")
def test_the_sheet_of_work_under_an_agreement_is_signed_by_the_head_of_the_centre(at_east: Requests):
    case = at_east.handed_in("indoor_cleaning", deadline_class="agreement")
    at_east.denied(["service_sheet_fields", NAME], "receptionist", "close", case)
    for role in ("customer_service_supervisor", "site_manager", "department_head"):
        at_east.denied(NAME, role, "sign", case)
    at_east.by("centre_head", "sign", case)
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "5.3.2 1.1.2")
def test_the_site_names_who_signs_agreements_and_where_the_rule_is_off_any_supervisor_does(
    at_east: Requests, at_west: Requests
):
    at_east.office.switch(rule(NAME), params={"signed_by": "manager_assistant"})
    case = at_east.handed_in("indoor_cleaning", deadline_class="agreement")
    at_east.denied(NAME, "centre_head", "sign", case)
    at_east.by("manager_assistant", "sign", case)
    assert at_east.by("receptionist", "close", case).state == "closed"
    at_west.office.switch(rule(NAME), on=False)
    case = at_west.handed_in("indoor_cleaning", deadline_class="agreement")
    at_west.by("customer_service_supervisor", "sign", case)
    assert at_west.by("receptionist", "close", case).state == "closed"
