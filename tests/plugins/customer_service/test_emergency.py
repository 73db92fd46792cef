"""Emergencies are worked on at once, told at once, and their sheet is written afterwards (5/5.1.3, 4.4.3)."""

import pytest

from plugins.customer_service.kinds import EMERGENCIES
from requests_made import Requests, clause, rule, site_time, words_of

TOLD = "Emergency or major problem: look at it at once."


@clause(5, "5.1.3")
@pytest.mark.parametrize("category", ["outage_beyond_one_floor", "burst_pipe", "fire"])
def test_an_emergency_is_worked_on_before_its_sheet(at_east: Requests, category: str):
    case, other = at_east.dispatched(category), at_east.dispatched("pipe_leak")
    at_east.denied("handling_sheet_first", "repair_technician", "start", other)
    done = at_east.by("repair_technician", "start", case)
    excepted = [(r.rule, r.excepted_by) for r in done.excepted if r.rule == rule("handling_sheet_first")]
    assert excepted == [(rule("handling_sheet_first"), rule("emergency_work_first"))]
    entry = at_east.journal(case, "start")[-1]
    assert {rule("handling_sheet_first"), rule("emergency_work_first")} <= set(entry["asked"])
    assert rule("emergency_work_first") in [v.get("excepted_by") for v in entry["verdicts"]]


@clause(5, "5.1.3")
def test_its_sheet_is_due_four_hours_after_the_start(at_east: Requests):
    case = at_east.dispatched("lift_failure", in_home=False)
    at_east.by("repair_technician", "start", case)
    due = at_east.due(case, "sheet")
    assert due == site_time("2026-11-16 13:10")
    at_east.until(due)  # exactly at the hour it is not written, so it is late
    assert at_east.dates(case, "sheet")[0].breached_at == due
    told = at_east.notices("department_head", case=case)
    assert len([n for n in told if words_of(n).startswith("Overdue since")]) == 1
    at_east.by("department_head", "open_sheet", case)
    assert [d.state for d in at_east.dates(case, "sheet")] == ["met"]


@clause(5, "5.1.3")
def test_a_sheet_in_time_meets_the_date_and_nobody_is_chased(at_east: Requests):
    case = at_east.dispatched("lift_failure", in_home=False)
    at_east.by("repair_technician", "start", case)
    at_east.by("department_head", "open_sheet", case)
    at_east.until("2026-11-16 14:00")
    (date,) = at_east.dates(case, "sheet")
    assert (date.state, date.breached_at) == ("met", None)
    assert at_east.journal(case, "breach") == []


@clause(5, "5.1.3")
def test_a_sheet_that_is_open_already_owes_nothing(at_east: Requests):
    case = at_east.dispatched("burst_pipe")
    at_east.by("department_head", "open_sheet", case)
    at_east.by("repair_technician", "start", case)
    assert at_east.dates(case, "sheet") == []


@clause(5, "5.1.3")
def test_a_late_sheet_is_no_overdue_work(at_east: Requests):
    case = at_east.dispatched("lift_failure", in_home=False)
    at_east.by("repair_technician", "start", case)
    at_east.until("2026-11-16 14:00")
    assert at_east.notices("department_head", "overdue_chased") == []
    assert at_east.notices("customer_service_supervisor", "overdue_chased") == []


@clause(5, "5.1.3")
def test_what_is_marked_or_major_is_an_emergency_too(at_east: Requests):
    marked, major = at_east.dispatched("drain_blocked"), at_east.dispatched("drain_blocked")
    at_east.denied("handling_sheet_first", "repair_technician", "start", marked)
    at_east.by("repair_technician", "mark", marked, reason="漫到走廊")
    assert at_east.by("repair_technician", "start", marked).state == "in_progress"
    at_east.denied("handling_sheet_first", "repair_technician", "start", major)
    at_east.by("receptionist", "refer", major, matter="major", remark="整栋反水")
    assert at_east.by("repair_technician", "start", major).state == "in_progress"


@clause(5, "5.1.3")
def test_an_emergency_at_home_waits_for_no_appointment(at_east: Requests):
    case, usual = at_east.dispatched("indoor_cleaning"), at_east.opened("indoor_cleaning")
    at_east.denied(["handling_sheet_first", "appointment_first"], "repair_technician", "start", case)
    at_east.by("receptionist", "mark", case, reason="漏水淹了地板")
    done = at_east.by("repair_technician", "start", case)
    assert {r.rule for r in done.excepted} == {rule("handling_sheet_first"), rule("appointment_first")}
    assert at_east.by("repair_technician", "start", usual).excepted == ()


@clause(5, "5.1.3")
def test_where_the_rule_is_off_an_emergency_waits_for_its_sheet(at_east: Requests):
    at_east.office.switch(rule("emergency_work_first"), on=False)
    case = at_east.dispatched("fire")
    at_east.denied("handling_sheet_first", "repair_technician", "start", case)
    at_east.by("department_head", "open_sheet", case)
    at_east.by("repair_technician", "start", case)
    assert at_east.dates(case, "sheet") == []


@clause(5, "5.1.3")
def test_the_site_says_what_counts_and_how_soon_the_sheet_is_due(at_east: Requests):
    at_east.office.switch(rule("emergency_work_first"), params={"categories": ["pipe_leak"], "sheet_within_hours": 1})
    leak, fire = at_east.dispatched("pipe_leak"), at_east.dispatched("burst_pipe")
    at_east.denied("handling_sheet_first", "repair_technician", "start", fire)
    at_east.by("repair_technician", "start", leak)
    assert at_east.due(leak, "sheet") == site_time("2026-11-16 10:10:01")


@clause(5, "5.1.3")
def test_where_an_outage_counts_beyond_a_building_one_beyond_a_floor_is_none_unless_marked(at_east: Requests):
    at_east.office.switch(rule("emergency_work_first"), params={"outage_scope": "building"})
    floor, building = (at_east.dispatched("outage_beyond_one_floor", in_home=False) for _ in range(2))
    at_east.denied("handling_sheet_first", "repair_technician", "start", floor)
    at_east.by("receptionist", "mark", building, reason="整栋停水")
    assert at_east.by("repair_technician", "start", building).state == "in_progress"
    lift = at_east.dispatched("lift_failure", in_home=False)
    assert at_east.by("repair_technician", "start", lift).state == "in_progress"


@clause(5, "5.1.3")
def test_work_reported_later_is_recorded_against_a_denial_and_the_manager_is_told(at_east: Requests):
    case = at_east.dispatched("pipe_leak")
    at_east.office.company.later(hours=3)
    at_east.denied("handling_sheet_first", "repair_technician", "start", case)
    done = at_east.by("repair_technician", "start", case, occurred_at=site_time("2026-11-16 10:00"))
    assert [r.rule for r in done.late] == [rule("handling_sheet_first")]
    assert at_east.row(case).started_at == site_time("2026-11-16 10:00")
    entry = at_east.journal(case, "start")[-1]
    assert (entry["outcome"], entry["late"]) == ("late", [rule("handling_sheet_first")])
    told = [n for n in at_east.notices("site_manager", case=case) if "after the fact" in words_of(n)]
    assert [n.urgent for n in told] == [True]


@clause(5, "5.1.3 4.4.3")
def test_the_heads_are_told_of_an_emergency_at_once(at_east: Requests):
    ordinary = at_east.dispatched("power_lighting")
    case = at_east.dispatched("fire")
    for role in ("centre_head", "department_head"):
        (notice,) = at_east.notices(role, "emergency_alert")
        assert (notice.case_id, notice.urgent, words_of(notice)) == (case, True, TOLD)
        assert at_east.notices(role, "emergency_alert", case=ordinary) == []


@clause(5, "5.1.3 4.4.3")
@pytest.mark.parametrize("how", ["reported", "marked", "referred"])
def test_however_it_comes_to_light(at_east: Requests, how: str):
    if how == "reported":
        case = at_east.reported("water_supply", is_emergency=True)
    else:
        case = at_east.dispatched("water_supply")
        assert at_east.notices("centre_head", "emergency_alert") == []
        if how == "marked":
            at_east.by("repair_technician", "mark", case, reason="水漫出来了")
        else:
            at_east.by("receptionist", "refer", case, matter="major", remark="整个单元没有水")
    for role in ("centre_head", "department_head"):
        assert [words_of(n) for n in at_east.notices(role, "emergency_alert", case=case)] == [TOLD]


@clause(5, "5.1.3 4.4.3")
def test_where_the_alert_is_off_nobody_is_told_beyond_the_usual(at_east: Requests):
    at_east.office.switch(rule("emergency_alert"), on=False)
    at_east.dispatched("fire")
    assert at_east.notices("centre_head", "emergency_alert") == []
    assert at_east.notices("department_head", "emergency_alert") == []


@clause(5, "5.1.3 4.4.3")
def test_the_site_says_who_is_told(at_east: Requests):
    at_east.office.switch(rule("emergency_alert"), params={"notify_roles": ["site_manager", "security_head"]})
    case = at_east.dispatched("fire")
    assert len(at_east.notices("site_manager", "emergency_alert", case=case)) == 1
    assert len(at_east.notices("security_head", "emergency_alert", case=case)) == 1
    assert at_east.notices("centre_head", "emergency_alert") == []


@clause(5, "5.1.3")
def test_the_five_kinds_of_the_clause_are_the_default():
    from plugins.customer_service.rules.emergency import EmergencyWorkFirst

    assert EmergencyWorkFirst().categories == EMERGENCIES
