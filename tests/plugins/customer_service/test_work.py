"""Before and during the work: sheet, check, appointment, steps at the home, what is recorded (5/5.1.3, 5.2.1, 5.3.1; 7/4, 5, 12)."""

import pytest

from guanjia.errors import Invalid, WrongState
from plugins.customer_service.rules.work import HomeVisitSteps, a_home_visit_is_complete_when_its_steps_are_ticked
from request_facts import request
from requests_made import VISIT, Requests, clause, rule, site_time


@clause(5, "5.1.3")
def test_work_starts_only_with_an_open_sheet_and_the_supervisor_opens_it(at_east: Requests):
    case = at_east.dispatched("pipe_leak")
    at_east.by("repair_technician", "take", case)
    at_east.denied("handling_sheet_first", "repair_technician", "start", case)
    for role in ("repair_technician", "receptionist", "site_manager"):
        at_east.denied("handling_sheet_first", role, "open_sheet", case)
    at_east.by("department_head", "open_sheet", case)
    assert at_east.row(case).sheet_number == "CZ-2026-00001"
    assert at_east.by("repair_technician", "start", case).state == "in_progress"


@clause(5, "5.1.3")
def test_a_sheet_is_opened_once_and_its_numbers_run_unbroken(at_east: Requests):
    first, second = at_east.dispatched("pipe_leak"), at_east.dispatched("pipe_leak")
    at_east.by("department_head", "open_sheet", first)
    with pytest.raises(Invalid):
        at_east.by("department_head", "open_sheet", first)
    at_east.by("department_head", "open_sheet", second)
    assert [at_east.row(case).sheet_number for case in (first, second)] == ["CZ-2026-00001", "CZ-2026-00002"]


@clause(5, "5.1.3")
def test_where_the_sheet_rule_is_off_work_starts_without_one(at_east: Requests):
    at_east.office.switch(rule("handling_sheet_first"), on=False)
    case, other = at_east.dispatched("pipe_leak"), at_east.dispatched("pipe_leak")
    assert at_east.by("repair_technician", "start", case).state == "in_progress"
    at_east.by("repair_technician", "open_sheet", other)


@clause(5, "5.1.3")
def test_the_site_names_who_opens_the_sheet(at_east: Requests):
    at_east.office.switch(rule("handling_sheet_first"), params={"opened_by": "property_supervisor"})
    case = at_east.dispatched("pipe_leak")
    at_east.denied("handling_sheet_first", "department_head", "open_sheet", case)
    at_east.by("property_supervisor", "open_sheet", case)


@clause(5, "5.2.1")
def test_when_the_sheet_was_taken_and_when_they_arrived_is_on_record(at_east: Requests):
    case = at_east.opened("pipe_leak")
    at_east.office.company.later(minutes=5)
    at_east.by("repair_technician", "take", case)
    at_east.office.company.later(minutes=20)
    at_east.by("repair_technician", "arrive", case)
    row = at_east.row(case)
    assert (row.taken_at, row.arrived_at) == (site_time("2026-11-16 09:15"), site_time("2026-11-16 09:35"))
    assert row.worker_id == at_east.person("repair_technician").id


@clause(5, "5.2.1")
def test_a_phone_without_network_reports_them_later_with_their_own_times(at_east: Requests):
    case = at_east.opened("pipe_leak")
    at_east.office.company.later(hours=5)
    at_east.by("repair_technician", "take", case, occurred_at=site_time("2026-11-16 09:30"))
    at_east.by("repair_technician", "arrive", case, occurred_at=site_time("2026-11-16 09:50"))
    row = at_east.row(case)
    assert (row.taken_at, row.arrived_at) == (site_time("2026-11-16 09:30"), site_time("2026-11-16 09:50"))
    with pytest.raises(Invalid) as caught:  # from the future, or older than three days
        at_east.by("repair_technician", "start", case, occurred_at=site_time("2026-11-16 16:00"))
    assert set(caught.value.errors) == {"occurred_at"}
    with pytest.raises(Invalid):
        at_east.by("repair_technician", "start", case, occurred_at=site_time("2026-11-13 14:09"))
    with pytest.raises(Invalid):  # the desk has the server's time
        at_east.by("department_head", "hand_in", at_east.finished(), occurred_at=site_time("2026-11-16 10:00"))


@clause(5, "5.2.1")
def test_what_the_resident_gives_us_is_checked_before_it_is_installed(at_east: Requests):
    case = at_east.dispatched("installation")
    at_east.by("department_head", "open_sheet", case)
    at_east.denied("check_before_install", "repair_technician", "start", case)
    at_east.by("repair_technician", "check_equipment", case, defect_found=True)
    at_east.denied("check_before_install", "repair_technician", "start", case)
    at_east.by("repair_technician", "check_equipment", case, defect_found=True, defect_confirmed=True)
    assert at_east.by("repair_technician", "start", case).state == "in_progress"


@clause(5, "5.2.1")
def test_a_check_without_defect_needs_no_confirmation_and_a_repair_no_check(at_east: Requests):
    sound, repair = at_east.dispatched("installation"), at_east.opened("pipe_leak")
    at_east.by("department_head", "open_sheet", sound)
    at_east.by("repair_technician", "check_equipment", sound)
    assert at_east.by("repair_technician", "start", sound).state == "in_progress"
    assert at_east.by("repair_technician", "start", repair).state == "in_progress"


@clause(5, "5.2.1")
def test_where_the_check_is_off_it_is_installed_at_once(at_east: Requests):
    at_east.office.switch(rule("check_before_install"), on=False)
    case = at_east.dispatched("installation")
    at_east.by("department_head", "open_sheet", case)
    assert at_east.by("repair_technician", "start", case).state == "in_progress"


@clause(5, "5.3.1")
@pytest.mark.parametrize("category", ["indoor_cleaning", "indoor_security", "move_in_cleaning"])
def test_indoor_work_starts_after_an_appointment(at_east: Requests, category: str):
    case = at_east.dispatched(category)
    at_east.by("department_head", "open_sheet", case)
    at_east.denied("appointment_first", "property_assistant", "start", case)
    at_east.by(
        "receptionist", "agree_appointment", case, appointment_at=at_east.after(hours=2), details="擦窗，自带梯子"
    )
    assert at_east.by("property_assistant", "start", case).state == "in_progress"


@clause(5, "5.3.1")
def test_work_in_public_areas_and_repairs_need_none(at_east: Requests):
    public, repair = at_east.dispatched("public_cleaning", in_home=False), at_east.dispatched("pipe_leak")
    for case in (public, repair):
        at_east.by("department_head", "open_sheet", case)
        assert at_east.by("property_assistant", "start", case).state == "in_progress"


@clause(5, "5.3.1")
def test_where_the_appointment_rule_is_off_they_just_go(at_east: Requests):
    at_east.office.switch(rule("appointment_first"), on=False)
    case = at_east.dispatched("indoor_cleaning")
    at_east.by("department_head", "open_sheet", case)
    assert at_east.by("property_assistant", "start", case).state == "in_progress"


@clause(7, "4 5 12")
def test_a_home_visit_is_complete_when_each_of_its_steps_was_taken(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    form = at_east.completion(visit_steps=list(VISIT[:3]))
    (reason,) = at_east.denied("home_visit_steps", "repair_technician", "complete", case, **form)
    missing = [text.en for text in dict(reason.message.args)["missing"]]
    assert missing == ["Nothing of the resident's damaged", "Place left clean"]
    assert at_east.by("repair_technician", "complete", case, **form | {"visit_steps": list(VISIT)}).state == "finished"


@clause(7, "4 5 12")
def test_in_a_public_area_there_is_no_visit_to_tick(at_east: Requests):
    case = at_east.in_progress("lamp", in_home=False)
    assert at_east.completes(case, in_home=False).state == "finished"


@clause(7, "4 5 12")
def test_where_the_visit_rule_is_off_nothing_is_ticked(at_east: Requests):
    at_east.office.switch(rule("home_visit_steps"), on=False)
    case = at_east.in_progress("pipe_leak")
    assert at_east.completes(case, visit_steps=[]).state == "finished"


@clause(7, "4 5 12")
def test_the_site_chooses_the_steps(at_east: Requests):
    at_east.office.switch(rule("home_visit_steps"), params={"steps": ["badge_worn"]})
    case = at_east.in_progress("pipe_leak")
    form = at_east.completion(visit_steps=["left_clean"])
    at_east.denied("home_visit_steps", "repair_technician", "complete", case, **form)
    assert (
        at_east.by("repair_technician", "complete", case, **form | {"visit_steps": ["badge_worn"]}).state == "finished"
    )


@clause(7, "4 5 12")
@pytest.mark.parametrize("left_out", VISIT)
def test_not_one_step_may_be_left_out(left_out: str):
    form = {"visit_steps": [step for step in VISIT if step != left_out]}
    verdict = a_home_visit_is_complete_when_its_steps_are_ticked(request(has_resident=True), form, HomeVisitSteps())
    assert verdict.outcome == "deny"
    form = {"visit_steps": list(VISIT)}
    assert a_home_visit_is_complete_when_its_steps_are_ticked(request(), form, HomeVisitSteps()).outcome == "allow"


def test_work_that_is_done_is_not_started_again(at_east: Requests):
    case = at_east.finished()
    with pytest.raises(WrongState):
        at_east.by("repair_technician", "start", case)
