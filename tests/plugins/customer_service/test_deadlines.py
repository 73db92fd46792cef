"""When a request is due (5/5.2.4, 5.2.5, 5.2.6, 5.3.1.1, 5.3.2): one finish date, set by the rule that its class names."""

from typing import Any

import pytest

from guanjia.errors import Invalid
from guanjia.sdk import TO_BE_AGREED, WorkCalendar
from plugins.customer_service.rules import deadlines as rules
from request_facts import request
from requests_made import Requests, clause, rule, site_time

DAYS = WorkCalendar()


def ordinary(received: str, **params: Any) -> Any:
    """What the ordinary rule gives."""
    facts = request(received_at=site_time(received))
    return rules.three_working_days_from_receipt(facts, rules.RepairDeadline(**params), DAYS)


def urgent(category: str, received: str, **params: Any) -> Any:
    """What the rule of urgent repairs gives."""
    facts = request(category=category, deadline_class="urgent", received_at=site_time(received))
    return rules.urgent_work_within_twenty_four_hours(facts, rules.Urgent(**params), DAYS)


# ---------------------------------------------------------------------- three working days


@clause(5, "5.2.4")
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-16 09:10", "2026-11-19 18:00"),
        ("2026-11-16 00:00", "2026-11-19 18:00"),
        ("2026-11-16 23:59", "2026-11-19 18:00"),  # the day of receipt is not counted, early or late
        ("2026-11-20 16:00", "2026-11-25 18:00"),  # over a weekend
        ("2026-11-21 10:00", "2026-11-25 18:00"),  # received on a Saturday
        ("2026-09-17 10:00", "2026-09-21 18:00"),  # Sunday 20 September is worked in exchange
        ("2026-09-30 10:00", "2026-10-10 18:00"),  # over Golden Week; Saturday 10 October is worked
        ("2026-02-12 10:00", "2026-02-24 18:00"),  # over Spring Festival; Saturday 14 February is worked
        ("2026-04-29 10:00", "2026-05-07 18:00"),  # over Labour Day
    ],
)
def test_an_ordinary_repair_takes_three_working_days(received: str, due: str):
    assert ordinary(received) == site_time(due)


@clause(5, "5.2.4")
def test_the_finish_date_stands_with_the_request_and_is_met_by_the_report(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    (date,) = at_east.dates(case)
    assert (date.rule, date.due_at, date.owed_by) == (
        rule("repair_deadline"),
        site_time("2026-11-19 18:00"),
        "department_head",
    )
    at_east.until("2026-11-19 18:00:00")
    assert at_east.dates(case)[0].breached_at == site_time("2026-11-19 18:00")
    at_east.completes(case)
    assert [(d.state, d.breached_at) for d in at_east.dates(case)] == [("met", site_time("2026-11-19 18:00"))]


@clause(5, "5.2.4")
def test_a_minute_before_the_close_is_in_time(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.until("2026-11-19 17:59")
    at_east.completes(case)
    at_east.until("2026-11-20 09:00")
    assert [(d.state, d.breached_at) for d in at_east.dates(case)] == [("met", None)]
    assert at_east.journal(case, "breach") == []


@clause(5, "5.2.4")
def test_where_the_rule_is_off_an_ordinary_request_has_no_date(at_east: Requests, at_west: Requests):
    at_east.office.switch(rule("repair_deadline"), on=False)
    assert at_east.dates(at_east.dispatched("power_lighting")) == []
    assert len(at_west.dates(at_west.dispatched("power_lighting"))) == 1


@clause(5, "5.2.4")
def test_the_site_sets_the_working_days(at_east: Requests):
    at_east.office.switch(rule("repair_deadline"), params={"working_days": 5})
    assert at_east.due(at_east.dispatched("power_lighting")) == site_time("2026-11-23 18:00")
    assert ordinary("2026-11-16 09:10", working_days=1) == site_time("2026-11-17 18:00")


@clause(5, "5.2.4")
def test_a_case_keeps_the_rules_of_the_day_it_was_opened_until_it_is_moved(at_east: Requests):
    case = at_east.opened("power_lighting")
    at_east.office.switch(rule("completion_form"), on=False)
    at_east.office.switch(rule("home_visit_steps"), on=False)
    at_east.by("repair_technician", "start", case)
    bare = at_east.completion(work_done="", visit_steps=[])
    at_east.denied(["completion_form", "home_visit_steps"], "repair_technician", "complete", case, **bare)
    fresh = at_east.in_progress("power_lighting")
    assert (
        at_east.by("repair_technician", "complete", fresh, **at_east.completion(work_done="", visit_steps=[])).state
        == "finished"
    )
    at_east.by("site_manager", "move_rules", case, reason="新制度已生效")
    assert at_east.row(case).rulebook_id == at_east.row(fresh).rulebook_id
    assert at_east.by("repair_technician", "complete", case, **bare).state == "finished"


@clause(5, "5.2.4")
def test_a_change_counts_from_its_day_on_and_not_the_day_before(at_east: Requests):
    company, office = at_east.office.company, at_east.office
    company.admin.perform("tenants.rule_change.enter", None, {
        "scope_kind": "site", "scope_id": str(office.id), "from_day": "2026-11-18", "reason": "冬季",
        "rules": [{"rule": rule("repair_deadline"), "params": {"working_days": 1}}],
    })  # fmt: skip
    at_east.until("2026-11-17 23:59")
    before = at_east.dispatched("power_lighting")
    at_east.until("2026-11-18 00:00")
    after = at_east.dispatched("power_lighting")
    assert (at_east.due(before), at_east.due(after)) == (site_time("2026-11-20 18:00"), site_time("2026-11-19 18:00"))


# ---------------------------------------------------------------------- twenty-four hours


@clause(5, "5.2.5")
@pytest.mark.parametrize(
    ("category", "received", "due"),
    [
        ("pipe_leak", "2026-11-16 09:10", "2026-11-17 09:10"),
        ("pipe_leak", "2026-11-20 16:00", "2026-11-21 16:00"),  # any day
        ("drain_blocked", "2026-10-01 08:00", "2026-10-02 08:00"),
        ("toilet_blocked", "2026-11-21 23:30", "2026-11-22 23:30"),
        ("lamp", "2026-11-20 16:00", "2026-11-23 16:00"),  # Friday to Monday
        ("door_lock", "2026-11-20 16:00", "2026-11-23 16:00"),
        ("lamp", "2026-11-21 10:00", "2026-11-24 00:00"),  # a weekend's hours are left out
        ("lamp", "2026-11-20 00:00", "2026-11-21 00:00"),  # what runs out at midnight is due then
        ("lamp", "2026-09-18 16:00", "2026-09-20 16:00"),  # Sunday 20 September is worked: its hours count
        ("lamp", "2026-09-19 10:00", "2026-09-21 00:00"),
        ("door_lock", "2026-09-30 16:00", "2026-10-08 16:00"),  # over Golden Week
    ],
)
def test_an_urgent_repair_takes_twenty_four_hours(category: str, received: str, due: str):
    expected = site_time(due)
    assert urgent(category, received) == expected


@clause(5, "5.2.5")
def test_it_counts_from_receipt_and_not_from_dispatch(at_east: Requests):
    at_east.clock("2026-11-20 16:00")
    lamp, leak = at_east.undecided("lamp"), at_east.undecided("pipe_leak")
    at_east.until("2026-11-20 17:30")
    for case in (lamp, leak):
        at_east.by("centre_head", "decide_capability", case, within_capability="yes")
        at_east.by("receptionist", "dispatch", case, department_id=str(at_east.office.department("engineering")))
    assert at_east.due(lamp) == site_time("2026-11-23 16:00")
    assert at_east.due(leak) == site_time("2026-11-21 16:00")
    assert [d.rule for d in at_east.dates(lamp)] == [rule("urgent_24h")]


@clause(5, "5.2.5")
def test_finished_exactly_at_the_hour_is_in_time_a_second_later_it_is_not(at_east: Requests):
    in_time, late = at_east.in_progress("pipe_leak"), at_east.in_progress("pipe_leak")
    due = at_east.due(in_time)
    assert due == site_time("2026-11-17 09:10")
    at_east.office.company.host.clock.set(due)
    at_east.completes(in_time)
    at_east.until("2026-11-17 09:10:01")
    at_east.completes(late)
    assert [d.breached_at for d in at_east.dates(in_time)] == [None]
    assert [d.breached_at for d in at_east.dates(late)] == [due]


@clause(5, "5.2.5")
def test_where_the_urgent_rule_is_off_the_ordinary_one_sets_the_date(at_east: Requests):
    at_east.office.switch(rule("urgent_24h"), on=False)
    case = at_east.dispatched("pipe_leak")
    assert [(d.rule, d.due_at) for d in at_east.dates(case)] == [
        (rule("repair_deadline"), site_time("2026-11-19 18:00"))
    ]


@clause(5, "5.2.5")
def test_the_site_says_what_is_urgent_and_how_it_is_counted(at_east: Requests):
    params = {"hours": 8, "categories": ["air_conditioning", "lamp"], "working_days_only": []}
    at_east.office.switch(rule("urgent_24h"), params=params)
    assert at_east.due(at_east.dispatched("air_conditioning")) == site_time("2026-11-16 17:10:01")
    assert at_east.due(at_east.dispatched("pipe_leak")) == site_time("2026-11-19 18:00")  # off the list: ordinary
    assert at_east.due(at_east.dispatched("burst_pipe")) == site_time("2026-11-16 17:10:01")  # an emergency is urgent
    assert urgent("lamp", "2026-11-20 16:00", working_days_only=()) == site_time("2026-11-21 16:00")


@clause(5, "5.2.5")
def test_reception_may_choose_the_class_at_intake(at_east: Requests):
    case = at_east.dispatched("power_lighting", deadline_class="urgent")
    assert at_east.due(case) == site_time("2026-11-17 09:10")


# ---------------------------------------------------------------------- agreed dates


@clause(5, "5.2.6")
@pytest.mark.parametrize("category", ["internal_equipment", "internal_repair_or_cleaning", "leak_proofing"])
def test_internal_work_and_leak_proofing_have_a_date_that_the_head_agrees(at_east: Requests, category: str):
    case = at_east.dispatched(category, in_home=False)
    assert [(d.rule, d.due_at, d.state) for d in at_east.dates(case)] == [(rule("negotiated_deadline"), None, "open")]
    form = {"due_at": at_east.after(days=20)}
    for role in ("receptionist", "repair_technician", "centre_head"):
        at_east.denied("negotiated_deadline", role, "agree_deadline", case, **form)
    at_east.by("department_head", "agree_deadline", case, **form)
    dates = at_east.dates(case)
    assert [(d.state, d.cause) for d in dates] == [("superseded", "rule"), ("open", "agreed")]
    assert dates[1].due_at == site_time("2026-12-06 09:10")
    with pytest.raises(Invalid):
        at_east.by("department_head", "agree_deadline", case, due_at=at_east.now.isoformat())


@clause(5, "5.2.6")
def test_no_date_is_extended_before_it_is_agreed(at_east: Requests):
    case = at_east.dispatched("leak_proofing")
    with pytest.raises(Invalid) as caught:
        at_east.by("repair_technician", "extend", case, until=at_east.after(hours=8), reason="材料未到")
    assert set(caught.value.errors) == {"until"}


@clause(5, "5.2.6")
def test_where_the_negotiated_rule_is_off_the_ordinary_one_sets_the_date(at_east: Requests):
    at_east.office.switch(rule("negotiated_deadline"), on=False)
    case = at_east.dispatched("leak_proofing")
    assert at_east.due(case) == site_time("2026-11-19 18:00")
    at_east.by("receptionist", "agree_deadline", case, due_at=at_east.after(days=20))
    assert at_east.due(case) == site_time("2026-12-06 09:10:01")


@clause(5, "5.2.6")
def test_the_site_says_what_is_negotiated_and_who_sets_the_date(at_east: Requests):
    params = {"categories": ["doors_windows"], "set_by_role": "centre_head"}
    at_east.office.switch(rule("negotiated_deadline"), params=params)
    case = at_east.dispatched("doors_windows")
    assert (at_east.dates(case)[0].rule, at_east.due(case)) == (rule("negotiated_deadline"), None)
    assert at_east.due(at_east.dispatched("leak_proofing")) == site_time("2026-11-19 18:00")
    at_east.denied("negotiated_deadline", "department_head", "agree_deadline", case, due_at=at_east.after(days=9))
    at_east.by("centre_head", "agree_deadline", case, due_at=at_east.after(days=9))


@clause(5, "5.2.4")
@pytest.mark.parametrize("category", ["power_lighting", "pipe_leak"])
def test_where_a_rule_sets_the_date_no_other_is_agreed_past_the_signature(at_east: Requests, category: str):
    case = at_east.dispatched(category)
    with pytest.raises(Invalid):
        at_east.by("department_head", "agree_deadline", case, due_at=at_east.after(days=20))
    assert len(at_east.dates(case)) == 1


# ---------------------------------------------------------------------- before move-in


@clause(5, "5.3.1.1")
def test_cleaning_before_move_in_is_done_the_same_day(at_east: Requests):
    case = at_east.dispatched("move_in_cleaning")
    assert [(d.rule, d.due_at) for d in at_east.dates(case)] == [
        (rule("move_in_cleaning"), site_time("2026-11-17 00:00"))
    ]


@clause(5, "5.3.1.1")
@pytest.mark.parametrize("received", ["2026-11-16 00:00", "2026-11-16 23:59"])
def test_the_day_lasts_until_midnight(received: str):
    facts = request(deadline_class="move_in", received_at=site_time(received))
    due = rules.cleaning_before_move_in_is_done_the_same_day(facts, rules.MoveIn(), DAYS)
    assert due == site_time("2026-11-17 00:00")
    assert rules.cleaning_before_move_in_is_done_the_same_day(facts, rules.MoveIn(same_day=False), DAYS) is TO_BE_AGREED


@clause(5, "5.3.1.1")
def test_or_at_an_agreed_time_within_three_working_days_unless_the_resident_wishes_later(at_east: Requests):
    case = at_east.dispatched("move_in_cleaning")
    third_day_over = site_time("2026-11-20 00:00")
    later = site_time("2026-11-20 00:00:01").isoformat()
    at_east.denied("move_in_cleaning", "receptionist", "agree_deadline", case, due_at=later)
    at_east.by("receptionist", "agree_deadline", case, due_at=third_day_over.isoformat())
    assert at_east.due(case) == third_day_over
    at_east.by("receptionist", "agree_deadline", case, due_at=later, resident_wishes=True)
    assert [d.state for d in at_east.dates(case)] == ["superseded", "superseded", "open"]


@clause(5, "5.3.1.1")
def test_where_the_move_in_rule_is_off_the_ordinary_one_sets_the_date(at_east: Requests):
    at_east.office.switch(rule("move_in_cleaning"), on=False)
    case = at_east.dispatched("move_in_cleaning")
    assert at_east.due(case) == site_time("2026-11-19 18:00")
    at_east.by("receptionist", "agree_deadline", case, due_at=at_east.after(days=30))


@clause(5, "5.3.1.1")
def test_the_site_sets_the_longest_agreed_time_and_may_want_every_time_agreed(at_east: Requests):
    at_east.office.switch(rule("move_in_cleaning"), params={"same_day": False, "agreed_max_working_days": 1})
    case = at_east.dispatched("move_in_cleaning")
    assert [(d.due_at, d.state) for d in at_east.dates(case)] == [(None, "open")]
    at_east.denied("move_in_cleaning", "receptionist", "agree_deadline", case, due_at=at_east.after(days=2))
    at_east.by("receptionist", "agree_deadline", case, due_at=site_time("2026-11-18 00:00").isoformat())


# ---------------------------------------------------------------------- report back


@clause(5, "5.3.2")
def test_the_head_reports_on_an_indoor_service_within_three_working_days_of_receipt(at_east: Requests):
    at_east.clock("2026-11-20 16:00")
    case = at_east.undecided("indoor_cleaning")
    assert at_east.dates(case, "report") == []
    at_east.until("2026-11-21 10:00")
    at_east.by("centre_head", "decide_capability", case, within_capability="yes")
    at_east.by("receptionist", "dispatch", case, department_id=str(at_east.office.department("cleaning")))
    (date,) = at_east.dates(case, "report")
    assert (date.rule, date.due_at, date.owed_by) == (
        rule("report_back"),
        site_time("2026-11-25 18:00"),
        "department_head",
    )
    for role in ("repair_technician", "receptionist", "centre_head"):
        at_east.denied("report_back", role, "report_back", case, state="已约周一")
    at_east.by("department_head", "report_back", case, state="已约周一")
    assert [d.state for d in at_east.dates(case, "report")] == ["met"]


@clause(5, "5.3.2")
def test_the_report_of_completion_is_a_report_too_and_a_repair_owes_none(at_east: Requests):
    service = at_east.finished("indoor_cleaning")
    assert [d.state for d in at_east.dates(service, "report")] == ["met"]
    repair = at_east.dispatched("pipe_leak")
    assert at_east.dates(repair, "report") == []
    at_east.by("repair_technician", "report_back", repair, state="等配件")


@clause(5, "5.3.2")
def test_a_report_that_is_missing_is_no_overdue_work(at_east: Requests):
    at_east.office.switch(rule("report_back"), params={"working_days": 1})
    case = at_east.dispatched("indoor_cleaning")
    at_east.until("2026-11-17 18:00")
    assert [d.breached_at for d in at_east.dates(case, "report")] == [site_time("2026-11-17 18:00")]
    assert at_east.notices("department_head", "overdue_chased") == []


@clause(5, "5.3.2")
def test_where_reporting_back_is_off_no_date_is_owed(at_east: Requests):
    at_east.office.switch(rule("report_back"), on=False)
    case = at_east.dispatched("indoor_cleaning")
    assert at_east.dates(case, "report") == []
    at_east.by("repair_technician", "report_back", case, state="已约周一")


@clause(5, "5.3.2")
def test_the_site_says_who_reports_and_when(at_east: Requests):
    at_east.office.switch(rule("report_back"), params={"working_days": 5, "role": "property_supervisor"})
    case = at_east.dispatched("indoor_cleaning")
    (date,) = at_east.dates(case, "report")
    assert (date.due_at, date.owed_by) == (site_time("2026-11-23 18:00"), "property_supervisor")
    at_east.denied("report_back", "department_head", "report_back", case, state="已约周一")
    at_east.by("property_supervisor", "report_back", case, state="已约周一")


# ---------------------------------------------------------------------- a clock that stands still


@clause(5, "5.2.5")
def test_a_stopped_clock_is_recorded_and_moves_no_date(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    due = at_east.due(case)
    at_east.by("repair_technician", "stop_clock", case, reason="waiting_for_parts")
    at_east.until(due)
    assert [d.breached_at for d in at_east.dates(case)] == [due]
    at_east.by("repair_technician", "resume_clock", case)
    assert [d.due_at for d in at_east.dates(case)] == [due]
    assert len(at_east.journal(case, "stop_clock")) == len(at_east.journal(case, "resume_clock")) == 1


@clause(5, "5.2.5")
def test_where_stops_count_the_date_moves_by_the_stop_and_nothing_is_overdue_meanwhile(at_east: Requests):
    at_east.office.switch(rule("urgent_24h"), options={"clock_stops_count": True})
    case = at_east.in_progress("pipe_leak")
    due = at_east.due(case)
    assert due == site_time("2026-11-17 09:10:01")
    at_east.until("2026-11-16 12:00")
    at_east.by("repair_technician", "stop_clock", case, reason="resident_away")
    at_east.until("2026-11-17 12:00")
    assert at_east.journal(case, "breach") == []
    assert at_east.notices("department_head", "overdue_chased") == []
    at_east.by("repair_technician", "resume_clock", case)
    dates = at_east.dates(case)
    assert [(d.due_at, d.cause, d.state) for d in dates] == [
        (due, "rule", "superseded"), (site_time("2026-11-18 09:10:01"), "clock", "open"),
    ]  # fmt: skip
    at_east.until("2026-11-18 09:10:01")
    assert at_east.dates(case)[-1].breached_at == site_time("2026-11-18 09:10:01")


@clause(5, "5.2.5")
def test_the_option_counts_for_an_extended_date_as_well(at_east: Requests):
    at_east.office.switch(rule("urgent_24h"), options={"clock_stops_count": True})
    case = at_east.in_progress("pipe_leak")
    at_east.by("centre_head", "extend", case, until=site_time("2026-11-18 12:00").isoformat(), reason="等配件",
               resident_consents=True)  # fmt: skip
    at_east.by("repair_technician", "stop_clock", case, reason="waiting_for_parts")
    at_east.until("2026-11-16 19:10:01")
    at_east.by("repair_technician", "resume_clock", case)
    assert at_east.due(case) == site_time("2026-11-18 22:00")
