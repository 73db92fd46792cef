"""Indicators: repairs finished by their date and done again (5/9.3); the page with all figures and the cases behind each."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from enquiries_made import Enquiries
from guanjia.db.session import tenant_session
from guanjia.rules.measure import Measure, Span, share
from plugins.customer_service.rules import figures
from requests_made import Requests, clause, rule, site_time
from signed_in import browser

MONTH = Span(site_time("2026-11-01 00:00"), site_time("2026-12-01 00:00"))


def measured(
    made: Requests, of: Any, period: Span = MONTH, *, sites: list[UUID] | None = None, **params: Any
) -> dict[str, Measure]:
    """What an indicator finds at the office."""
    (function,) = of.indicators
    with tenant_session(made.office.company.plan.company_id) as session:
        found = function.call(session, sites or [made.office.id], period, of.params(**params))
    return {measure.name: measure for measure in found}


def on_time(made: Requests, **options: Any) -> dict[str, Measure]:
    """Repairs on time."""
    return measured(made, figures.repairs_on_time, **options)


def rework(made: Requests, **options: Any) -> Measure:
    """Repairs done again."""
    return measured(made, figures.rework_rate, **options)["rework"]


@clause(5, "9.3")
def test_where_nothing_fell_due_there_is_no_figure_and_no_hundred_percent(at_east: Requests):
    at_east.dispatched("pipe_leak")  # open, and not due yet
    for measure in on_time(at_east).values():
        assert (measure.denominator, measure.permille, measure.met) == (0, None, None)
    assert rework(at_east).permille is None


@clause(5, "9.3")
def test_urgent_and_ordinary_repairs_count_apart_and_what_is_late_is_named(at_east: Requests):
    in_time, late = at_east.in_progress("pipe_leak"), at_east.in_progress("pipe_leak")
    ordinary = at_east.in_progress("power_lighting")
    at_east.completes(in_time)
    at_east.completes(ordinary)
    at_east.until("2026-11-17 09:10")  # open and overdue counts as late
    found = on_time(at_east)
    assert (found["urgent"].numerator, found["urgent"].denominator, found["urgent"].cases) == (1, 2, (late,))
    assert (found["urgent"].target_percent, found["urgent"].met) == (98, False)
    assert (found["ordinary"].numerator, found["ordinary"].denominator, found["ordinary"].met) == (1, 1, True)
    at_east.completes(late)  # finishing late does not mend it
    assert on_time(at_east)["urgent"].cases == (late,)


@clause(5, "9.3")
def test_a_delay_by_the_resident_does_not_count_as_late(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.by(
        "centre_head",
        "extend",
        case,
        until=site_time("2026-11-24 12:00").isoformat(),
        reason="业主出差",
        cause="resident",
    )
    at_east.until("2026-11-25 10:00")
    at_east.completes(case)
    found = on_time(at_east)["ordinary"]
    assert (found.numerator, found.denominator) == (1, 1)


@clause(5, "9.3")
def test_each_office_and_each_period_counts_for_itself(at_east: Requests, at_west: Requests):
    at_east.finished("pipe_leak")
    at_west.finished("pipe_leak")
    assert on_time(at_east)["urgent"].denominator == 1
    both = on_time(at_east, sites=[at_east.office.id, at_west.office.id])
    assert both["urgent"].denominator == 2
    december = Span(site_time("2026-12-01 00:00"), site_time("2027-01-01 00:00"))
    assert on_time(at_east, period=december)["urgent"].denominator == 0


@clause(5, "9.3")
def test_only_repairs_count_and_withdrawn_ones_do_not(at_east: Requests):
    at_east.finished("indoor_cleaning")
    gone = at_east.dispatched("pipe_leak")
    at_east.by("receptionist", "withdraw", gone, reason="业主撤回")
    assert [m.denominator for m in on_time(at_east).values()] == [0, 0]


@clause(5, "5.2.6")
def test_an_agreed_date_counts_in_the_assessment_unless_the_site_says_otherwise(at_east: Requests, at_west: Requests):
    at_west.office.switch(rule("negotiated_deadline"), params={"counts_in_assessment": False})
    for made in (at_east, at_west):
        case = made.in_progress("leak_proofing")
        made.by("department_head", "agree_deadline", case, due_at=site_time("2026-11-20 17:00").isoformat())
        made.completes(case)
    assert on_time(at_east)["ordinary"].denominator == 1
    assert on_time(at_west)["ordinary"].denominator == 0


@clause(5, "9.3")
def test_the_targets_are_parameters(at_east: Requests):
    at_east.in_progress("pipe_leak")
    at_east.finished("pipe_leak")
    at_east.until("2026-11-17 09:10")
    assert on_time(at_east, urgent_target_percent=50)["urgent"].met
    assert not on_time(at_east, urgent_target_percent=51)["urgent"].met


@clause(5, "9.3")
@pytest.mark.parametrize(
    ("part", "whole", "target", "met"),
    [(98, 100, 98, True), (979, 1000, 98, False), (49, 50, 98, True), (0, 1, 0, True)],
)
def test_a_target_is_met_exactly_at_its_edge(part: int, whole: int, target: int, met: bool):
    assert share("urgent", part, whole, target).met is met


@clause(5, "9.3")
def test_what_was_sent_back_after_completion_counts_as_rework(at_east: Requests):
    good, bad = at_east.handed_in(), at_east.mismatched()
    at_east.by("area_manager", "site_check", bad, finding="rework", remark="没修好")
    at_east.by("repair_technician", "start", bad)
    at_east.completes(bad)
    at_east.by("department_head", "review", bad)
    at_east.by("department_head", "hand_in", bad)
    for case in (good, bad):
        at_east.by("receptionist", "close", case)
    found = rework(at_east)
    assert (found.numerator, found.denominator, found.cases, found.met) == (1, 2, (bad,), False)
    assert rework(at_east, target_percent_at_most=50).met


def closed_twice(made: Requests, *, days: int, seconds: int = 0, category: str = "lamp") -> UUID:
    """A lamp repaired and closed, and a request of the same home so long afterwards; answers with the first."""
    home = made.household()
    first = made.handed_in("lamp", household_id=home)
    made.by("receptionist", "close", first)
    made.office.company.host.clock.move(timedelta(days=days, seconds=seconds))
    made.dispatched(category, household_id=home)
    return first


@clause(5, "9.3")
def test_the_same_fault_within_thirty_days_counts_as_rework(at_east: Requests):
    first = closed_twice(at_east, days=30)
    found = rework(at_east)
    assert (found.numerator, found.denominator, found.cases) == (1, 1, (first,))
    assert rework(at_east, window_days=29).numerator == 0


@clause(5, "9.3")
@pytest.mark.parametrize(("days", "seconds", "category"), [(30, 1, "lamp"), (2, 0, "door_lock")])
def test_later_or_another_fault_does_not(at_east: Requests, days: int, seconds: int, category: str):
    closed_twice(at_east, days=days, seconds=seconds, category=category)
    assert rework(at_east).numerator == 0


# ---------------------------------------------------------------- the page


def part_of(page: str, title: str) -> str:
    """What the page lists under the figure of that title."""
    return re.split('class="cs-against">', page[page.index(f'class="cs-against">{title}') :])[1]


def posted(made: Requests, by: str, step: str, case: UUID | None = None, **form: Any) -> UUID:
    """A step of another flow than requests."""
    return made.by(by, f"customer_service.{step}", case, **form).case_id


@clause(3, "4.3.3")
@clause(5, "8.2 1.4")
def test_every_figure_has_its_chart_its_target_and_the_cases_behind_it_whatever_their_flow(at_east: Requests):
    enquiries = Enquiries(at_east.office)
    enquiries.by("receptionist", "enter", **enquiries.asked(answer="八点半"))
    late = enquiries.open(content="有线电视怎么开通", reply_by=at_east.after(hours=1))
    home = at_east.household()
    complaint = posted(
        at_east, "receptionist", "complaint.record", content="夜里无人值班", matter="security", household_id=home
    )
    posted(
        at_east, "customer_service_supervisor", "complaint.investigate", complaint, findings="属实", proposal="批评教育"
    )
    posted(at_east, "site_manager", "complaint.decide", complaint, validity="valid", decision="批评当班人员",
           department_id=str(at_east.office.department("security")))  # fmt: skip
    visit = posted(
        at_east,
        "area_manager",
        "visit.record",
        household_id=home,
        question="路灯何时修好",
        reply_by=at_east.after(hours=9),
    )
    at_east.until("2026-11-16 12:00")
    page = browser(at_east.office, "site_manager").page("/figures")
    assert page.count("<svg") == page.count('class="cs-target"') == 6
    for title, flow, case, what in (
        ("咨询按时答复率", "enquiry", late, "有线电视怎么开通"), ("有效投诉率", "complaint", complaint, "夜里无人值班"),
        ("走访意见处理率", "visit", visit, "路灯何时修好"),
    ):  # fmt: skip
        listed = part_of(page, title)
        assert f"/customer_service/{flow}/{case}" in listed and what in listed and listed.count("<tr>") == 2, title
    assert "2 项中 1 项" in page and "目标：不低于 100%" in page


def test_a_figure_whose_rule_is_off_is_named_and_not_counted(at_east: Requests):
    for name in ("enquiries_on_time", "valid_complaint_rate", "visit_feedback_handled"):
        at_east.office.switch(rule(name), on=False)
    page = browser(at_east.office, "site_manager").page("/figures")
    assert page.count("<svg") == 3 and page.count("在本处未启用，不统计") == 3
