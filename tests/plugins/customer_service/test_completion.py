"""The finished sheet: what it holds, who reviews it, when it is back, and when reception rejects it (5/5.2.2, 5.2.3, 5.3.2)."""

import pytest

from guanjia.sdk import ActorFacts, WorkCalendar
from plugins.customer_service.rules.completion import (
    CompletionForm,
    IncompleteSheet,
    completion_records_work_and_signatures,
    reception_rejects_an_incomplete_sheet,
    sheets_of_a_month_are_back_by_its_last_day,
)
from request_facts import request
from requests_made import Requests, clause, rule, site_time, words_of

RECEPTION = ActorFacts(id=None, roles=("receptionist",))
ENTRIES = {
    "work_done": True, "materials": True, "finished_at": "2026-11-16T03:00:00+00:00", "total_minutes": 30,
    "worker_signature": "x", "resident_signature": "y", "started_at": "2026-11-16T02:00:00+00:00",
}  # fmt: skip


def missing(reasons: list) -> list[str]:
    """What a denial names as missing, in English."""
    (reason,) = reasons
    return [text.en for text in dict(reason.message.args)["missing"]]


@clause(5, "5.2.2")
def test_completion_names_everything_that_is_missing_at_once(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    form = at_east.completion(
        work_done="", materials=[], total_minutes=None, worker_signature=None, resident_signature=None
    )
    assert missing(at_east.denied("completion_form", "repair_technician", "complete", case, **form)) == [
        "Work done", "Materials and quantities", "Total hours", "Worker's signature", "Resident's signature of acceptance",
    ]  # fmt: skip
    assert at_east.completes(case).state == "finished"
    row = at_east.row(case)
    assert (row.worker_signed, row.resident_signed, row.reported_done_at) == (True, True, at_east.now)


@clause(5, "5.2.2")
def test_paid_work_names_its_fees(at_east: Requests):
    case = at_east.in_progress("pipe_leak", paid=True)
    form = at_east.completion()
    assert missing(at_east.denied("completion_form", "repair_technician", "complete", case, **form)) == [
        "Material fee", "Labour fee",
    ]  # fmt: skip
    done = at_east.by("repair_technician", "complete", case, **form, material_fee_fen=0, labour_fee_fen=5_000)
    assert (done.state, at_east.row(case).labour_fee_fen) == ("finished", 5_000)


@clause(5, "5.2.2")
def test_no_material_used_is_said_and_a_public_area_has_no_resident_to_sign(at_east: Requests):
    case = at_east.in_progress("lamp", in_home=False)
    form = at_east.completion(in_home=False, materials=[])
    at_east.denied("completion_form", "repair_technician", "complete", case, **form)
    assert at_east.by("repair_technician", "complete", case, **form, no_materials=True).state == "finished"


@clause(5, "5.2.2")
def test_where_the_completion_rule_is_off_a_sheet_may_stay_empty(at_east: Requests):
    at_east.office.switch(rule("completion_form"), on=False)
    case = at_east.in_progress("pipe_leak")
    bare = at_east.completion(
        work_done="", materials=[], total_minutes=None, worker_signature=None, resident_signature=None
    )
    assert at_east.by("repair_technician", "complete", case, **bare).state == "finished"


@clause(5, "5.2.2")
def test_the_site_says_what_a_sheet_holds(at_east: Requests):
    params = {"required": ["work_done"], "required_if_paid": ["labour_fee"]}
    at_east.office.switch(rule("completion_form"), params=params)
    free, paid = at_east.in_progress("pipe_leak"), at_east.in_progress("pipe_leak", paid=True)
    bare = at_east.completion(worker_signature=None, resident_signature=None, materials=[])
    assert at_east.by("repair_technician", "complete", free, **bare).state == "finished"
    assert missing(at_east.denied("completion_form", "repair_technician", "complete", paid, **bare)) == ["Labour fee"]


@clause(5, "5.2.2")
@pytest.mark.parametrize("entry", list(ENTRIES))
def test_each_entry_is_asked_for(entry: str):
    facts = request(missing=("worker_signature", "resident_signature"))
    assert completion_records_work_and_signatures(facts, ENTRIES, CompletionForm()).outcome == "allow"
    form = ENTRIES | {entry: None}
    assert completion_records_work_and_signatures(facts, form, CompletionForm()).outcome == "deny"


@clause(5, "5.2.2")
def test_zero_minutes_and_a_fee_of_nothing_are_entries():
    form = ENTRIES | {"total_minutes": 0, "material_fee_fen": 0, "labour_fee_fen": 0}
    assert completion_records_work_and_signatures(request(paid=True), form, CompletionForm()).outcome == "allow"


@clause(5, "5.2.3")
def test_the_department_head_reviews_and_a_sheet_without_review_is_not_closed(at_east: Requests):
    case = at_east.handed_in(reviewed=False)
    at_east.denied("head_reviews_completion", "receptionist", "close", case)
    for role in ("repair_technician", "receptionist", "site_manager", "property_supervisor"):
        at_east.denied("head_reviews_completion", role, "review", case)
    at_east.by("department_head", "review", case)
    assert at_east.row(case).reviewed_by == at_east.person("department_head").id
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "5.2.3")
def test_where_the_review_is_off_a_sheet_closes_without_it(at_east: Requests):
    at_east.office.switch(rule("head_reviews_completion"), on=False)
    case, other = at_east.handed_in(reviewed=False), at_east.finished()
    assert at_east.by("receptionist", "close", case).state == "closed"
    at_east.by("repair_technician", "review", other)


@clause(5, "5.2.3")
def test_the_site_names_who_reviews(at_east: Requests):
    at_east.office.switch(rule("head_reviews_completion"), params={"reviewer_role": "property_supervisor"})
    case = at_east.finished()
    at_east.denied("head_reviews_completion", "department_head", "review", case)
    at_east.by("property_supervisor", "review", case)


@clause(5, "5.2.3")
def test_sheets_of_a_month_are_back_by_its_last_day(at_east: Requests):
    case = at_east.finished()
    due = at_east.due(case, "sheet_back")
    assert due == site_time("2026-11-30 18:00")
    assert at_east.dates(case, "sheet_back")[0].owed_by == "department_head"
    at_east.by("department_head", "hand_in", case)
    assert [d.state for d in at_east.dates(case, "sheet_back")] == ["met"]


@clause(5, "5.2.3")
def test_a_sheet_that_is_not_back_passes_its_date_and_its_head_is_told(at_east: Requests):
    at_east.clock("2026-11-27 10:00")
    case = at_east.finished()
    due = at_east.due(case, "sheet_back")
    at_east.until(due)
    (date,) = at_east.dates(case, "sheet_back")
    assert (date.state, date.breached_at) == ("open", due)
    assert [words_of(n) for n in at_east.notices("department_head", case=case)][-1].startswith("Overdue since")
    assert at_east.notices("department_head", "overdue_chased") == []  # the work is not overdue, its sheet is


@clause(5, "5.2.3")
@pytest.mark.parametrize(
    ("done", "due"),
    [
        ("2026-11-01 00:00", "2026-11-30 18:00"),
        ("2026-11-30 17:59", "2026-11-30 18:00"),
        ("2026-11-30 18:00", "2026-12-01 00:00"),  # after close there is until midnight
        ("2026-11-30 23:59", "2026-12-01 00:00"),
        ("2026-12-01 00:00", "2026-12-31 18:00"),
        ("2028-02-03 09:00", "2028-02-29 18:00"),
        ("2026-01-31 09:00", "2026-01-31 18:00"),  # a Saturday stays
    ],
)
def test_the_last_day_of_the_month_in_site_time(done: str, due: str):
    facts = request(reported_done_at=site_time(done))
    assert sheets_of_a_month_are_back_by_its_last_day(facts, WorkCalendar()) == site_time(due)


@clause(5, "5.2.3")
def test_the_sheet_of_a_service_owes_no_date_and_where_the_rule_is_off_none_does(at_east: Requests):
    service = at_east.finished("public_cleaning", in_home=False)
    assert at_east.dates(service, "sheet_back") == []
    at_east.office.switch(rule("sheets_back_monthly"), on=False)
    assert at_east.dates(at_east.finished(), "sheet_back") == []


@clause(5, "5.2.3")
def test_an_incomplete_sheet_reaches_reception_is_rejected_filled_in_and_comes_back(at_east: Requests):
    at_east.office.switch(rule("completion_form"), params={"required": ["work_done"]})
    case = at_east.in_progress("pipe_leak")
    at_east.completes(case, materials=[], total_minutes=None, resident_signature=None)
    at_east.by("department_head", "review", case)
    at_east.by("department_head", "hand_in", case)
    for role in ("repair_technician", "site_manager"):
        at_east.denied("incomplete_sheet_rejected", role, "reject_sheet", case, reason="缺材料")
    assert at_east.by("receptionist", "reject_sheet", case, reason="缺材料、工时和签字").state == "finished"
    row = at_east.row(case)
    assert (row.handed_in_at, row.sheet_rejections) == (None, 1)
    dates = at_east.dates(case, "sheet_back")
    assert [d.state for d in dates] == ["met", "open"]  # it counts as not handed in
    done_at = row.reported_done_at
    at_east.office.company.later(hours=1)
    at_east.by("repair_technician", "correct_sheet", case, **at_east.completion(worker_signature=None))
    row = at_east.row(case)
    assert (row.total_minutes, row.resident_signed, row.worker_signed) == (45, True, True)
    assert (row.reported_done_at, row.reviewed_at) == (done_at, None)  # done when it was done, but to be reviewed anew
    assert at_east.tasks("revisit_after_completion", case)[1:] == []
    at_east.by("department_head", "hand_in", case)
    at_east.denied("head_reviews_completion", "receptionist", "close", case)
    at_east.by("department_head", "review", case)
    at_east.denied("incomplete_sheet_rejected", "receptionist", "reject_sheet", case, reason="不想收")
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "5.2.3")
def test_a_sheet_without_review_may_be_rejected_a_complete_one_not(at_east: Requests):
    case, complete = at_east.handed_in(reviewed=False), at_east.handed_in()
    at_east.denied("incomplete_sheet_rejected", "receptionist", "reject_sheet", complete, reason="不想收")
    assert at_east.by("receptionist", "reject_sheet", case, reason="主管未签字").state == "finished"


@clause(5, "5.2.3")
def test_where_the_rule_is_off_anybody_sends_any_sheet_back(at_east: Requests):
    at_east.office.switch(rule("incomplete_sheet_rejected"), on=False)
    assert at_east.by("site_manager", "reject_sheet", at_east.handed_in(), reason="重填").state == "finished"


@clause(5, "5.2.3")
def test_the_site_names_who_takes_sheets(at_east: Requests):
    at_east.office.switch(rule("incomplete_sheet_rejected"), params={"role": "customer_service_supervisor"})
    case = at_east.handed_in(reviewed=False)
    at_east.denied("incomplete_sheet_rejected", "receptionist", "reject_sheet", case, reason="缺签字")
    assert at_east.by("customer_service_supervisor", "reject_sheet", case, reason="缺签字").state == "finished"


@clause(5, "5.2.3")
@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"reviewed": True}, "deny"),
        ({"reviewed": False}, "allow"),
        ({"reviewed": True, "missing": ("total_hours",)}, "allow"),
        ({"reviewed": True, "missing": ("material_fee",)}, "deny"),
        ({"reviewed": True, "missing": ("material_fee",), "paid": True}, "allow"),
        ({"reviewed": True, "missing": ("resident_signature",)}, "allow"),
        ({"reviewed": True, "missing": ("resident_signature",), "has_resident": False}, "deny"),
        ({"reviewed": True, "missing": ("centre_head_signature",)}, "deny"),
        ({"reviewed": True, "missing": ("centre_head_signature",), "is_indoor_service": True}, "allow"),
    ],
)
def test_what_counts_as_missing(facts: dict, outcome: str):
    assert reception_rejects_an_incomplete_sheet(RECEPTION, request(**facts), IncompleteSheet()).outcome == outcome


@clause(5, "5.3.2 1.1.1")
def test_the_sheet_of_an_indoor_service_is_signed_by_supervisor_and_head_of_the_centre(at_east: Requests):
    case = at_east.handed_in("indoor_cleaning")
    assert missing(at_east.denied("service_sheet_fields", "receptionist", "close", case)) == [
        "Signature of the head of the centre"
    ]
    for role in ("repair_technician", "receptionist", "department_head"):
        at_east.denied("service_sheet_fields", role, "sign", case)
    at_east.by("centre_head", "sign", case)
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "5.3.2 1.1.1")
def test_a_supervisor_signs_in_the_heads_place(at_east: Requests):
    case = at_east.handed_in("indoor_cleaning")
    at_east.by("customer_service_supervisor", "sign", case)
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "5.3.2 1.1.1")
def test_repairs_and_public_areas_need_no_signature_of_the_head_of_the_centre(at_east: Requests):
    assert at_east.by("receptionist", "close", at_east.handed_in()).state == "closed"
    public = at_east.handed_in("public_cleaning", in_home=False)
    assert at_east.by("receptionist", "close", public).state == "closed"


@clause(5, "5.3.2 1.1.1")
def test_where_the_service_sheet_rule_is_off_it_closes_unsigned(at_east: Requests):
    at_east.office.switch(rule("service_sheet_fields"), on=False)
    signed, unsigned = at_east.handed_in("indoor_cleaning"), at_east.handed_in("indoor_cleaning")
    assert at_east.by("receptionist", "close", unsigned).state == "closed"
    at_east.by("repair_technician", "sign", signed)


@clause(5, "5.3.2 1.1.1")
def test_the_site_says_what_a_service_sheet_holds(at_east: Requests):
    at_east.office.switch(
        rule("service_sheet_fields"), params={"required": ["content", "state", "total_hours", "worker"]}
    )
    assert at_east.by("receptionist", "close", at_east.handed_in("indoor_cleaning")).state == "closed"
