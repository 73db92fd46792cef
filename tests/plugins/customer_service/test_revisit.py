"""Reception calls after completion; where the resident tells it otherwise, the area manager looks on site (5/6.1)."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from guanjia.errors import Invalid
from guanjia.sdk import Event, WorkCalendar
from plugins.customer_service.rules.aftercare import Revisit, reception_calls_after_completion
from request_facts import request
from requests_made import Requests, clause, rule, site_time, words_of

DONE = Event(
    step="", case_id=UUID(int=1), at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC), actor=None, site=None, state="finished"
)


@clause(5, "6.1")
def test_reception_owes_a_call_within_a_day_of_the_report_and_the_answer_is_on_record(at_east: Requests):
    case = at_east.finished()
    (task,) = at_east.tasks("revisit_after_completion", case)
    assert (task.role, task.due_at, task.state) == ("receptionist", site_time("2026-11-17 09:10"), "open")
    assert [words_of(n) for n in at_east.notices("receptionist", case=task.id)] == ["New task: %(title)s. Due %(due)s."]
    at_east.by("receptionist", "revisit", case, answer="修得很好，就是来得晚", satisfied=True, agrees=True)
    (task,) = at_east.tasks("revisit_after_completion", case)
    row = at_east.row(case)
    assert (task.state, row.answer, row.satisfied) == ("done", "修得很好，就是来得晚", True)
    assert row.revisited_at == at_east.now


@clause(5, "6.1")
def test_a_call_that_was_made_before_the_task_came_is_not_owed_any_more(at_east: Requests):
    case = at_east.finished()
    at_east.office.company.host.clock.move(timedelta(seconds=1))
    at_east.by("receptionist", "revisit", case, answer="很好", satisfied=True, agrees=True)
    assert at_east.tasks("revisit_after_completion", case) == []


@clause(5, "6.1")
def test_a_call_that_is_not_made_is_overdue(at_east: Requests):
    case = at_east.finished()
    at_east.until("2026-11-17 09:10")
    (task,) = at_east.tasks("revisit_after_completion", case)
    assert (task.state, task.breached_at) == ("open", site_time("2026-11-17 09:10"))
    for role in ("receptionist", "site_manager"):
        told = [words_of(n) for n in at_east.notices(role, case=task.id)]
        assert told[-1] == "Overdue: %(title)s, due %(due)s."


@clause(5, "6.1")
def test_work_in_public_areas_has_nobody_to_call(at_east: Requests):
    assert at_east.tasks("revisit_after_completion", at_east.finished("lamp", in_home=False)) == []


@clause(5, "6.1")
def test_where_the_call_is_off_nobody_owes_it(at_east: Requests):
    at_east.office.switch(rule("revisit_after_completion"), on=False)
    assert at_east.tasks("revisit_after_completion", at_east.finished()) == []


@clause(5, "6.1")
def test_the_site_says_who_calls_and_how_soon(at_east: Requests):
    params = {"within_hours": 48, "role": "customer_service_supervisor"}
    at_east.office.switch(rule("revisit_after_completion"), params=params)
    (task,) = at_east.tasks("revisit_after_completion", at_east.finished())
    assert (task.role, task.due_at) == ("customer_service_supervisor", site_time("2026-11-18 09:10:01"))


@clause(5, "6.1")
def test_a_share_of_none_calls_nobody(at_east: Requests):
    at_east.office.switch(rule("revisit_after_completion"), params={"share": "0"})
    assert at_east.tasks("revisit_after_completion", at_east.finished()) == []


@clause(5, "6.1")
@pytest.mark.parametrize(("share", "low", "high"), [("1.0", 2000, 2000), ("0.25", 420, 580), ("0", 0, 0)])
def test_the_share_is_drawn_by_the_requests_own_id(share: str, low: int, high: int):
    draw, params = random.Random(5), Revisit(share=Decimal(share))
    cases = [request(id=UUID(int=draw.getrandbits(128))) for _ in range(2000)]
    owed = [reception_calls_after_completion(case, params, DONE, WorkCalendar()) for case in cases]
    assert low <= sum(item is not None for item in owed) <= high
    again = [reception_calls_after_completion(case, params, DONE, WorkCalendar()) for case in cases]
    assert again == owed  # nobody chooses who is asked


@clause(5, "6.1")
def test_hours_run_over_the_weekend():
    owed = reception_calls_after_completion(request(), Revisit(), DONE, WorkCalendar())
    assert owed is not None
    assert owed.due_at == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


# ---------------------------------------------------------------------- a mismatch


@clause(5, "6.1")
def test_a_mismatch_sends_the_area_manager_and_keeps_the_case_open(at_east: Requests):
    case = at_east.mismatched()
    (notice,) = at_east.notices("area_manager", "revisit_mismatch", case=case)
    assert notice.urgent
    (task,) = at_east.tasks("revisit_mismatch", case)
    assert (task.role, task.state) == ("area_manager", "open")
    at_east.denied("revisit_mismatch", "receptionist", "close", case)
    for role in ("receptionist", "department_head", "site_manager"):
        at_east.denied("revisit_mismatch", role, "site_check", case, finding="settled", remark="没问题")
    at_east.by("area_manager", "site_check", case, finding="settled", remark="是楼上的水，与本次无关")
    assert at_east.tasks("revisit_mismatch", case)[0].state == "done"
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "6.1")
def test_a_second_call_does_not_settle_what_the_area_manager_has_to_look_at(at_east: Requests):
    case = at_east.mismatched()
    at_east.by("receptionist", "revisit", case, answer="算了", satisfied=True, agrees=True)
    at_east.denied("revisit_mismatch", "receptionist", "close", case)


@clause(5, "6.1")
def test_found_bad_on_site_the_same_case_goes_back_as_rework_and_is_closed_when_it_is_right(at_east: Requests):
    case = at_east.mismatched("pipe_leak")
    at_east.office.company.later(hours=1)
    done = at_east.by("area_manager", "site_check", case, finding="rework", remark="接头还在滴水")
    row = at_east.row(case)
    assert (done.state, row.rework_count, row.number) == ("dispatched", 1, "BX-2026-00001")
    assert (row.worker_signed, row.resident_signed, row.reviewed_at, row.handed_in_at) == (False, False, None, None)
    assert [n.message["args"]["state"]["$message"]["id"] for n in at_east.notices("department_head", case=case)][
        -1
    ] == "Dispatched"
    at_east.by("repair_technician", "take", case)
    at_east.by("repair_technician", "start", case)
    form = at_east.completion(worker_signature=None, resident_signature=None)
    at_east.denied("completion_form", "repair_technician", "complete", case, **form)  # it is signed anew
    at_east.completes(case)
    at_east.by("department_head", "hand_in", case)
    at_east.denied("head_reviews_completion", "receptionist", "close", case)
    at_east.by("department_head", "review", case)
    tasks = at_east.tasks("revisit_after_completion", case)
    assert [t.state for t in tasks] == ["open"]  # the call is owed again
    at_east.by("receptionist", "revisit", case, answer="这次好了", satisfied=True, agrees=True)
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "6.1")
def test_there_is_nothing_to_look_at_where_the_accounts_agree(at_east: Requests):
    case = at_east.handed_in()
    at_east.by("receptionist", "revisit", case, answer="好", satisfied=False, agrees=True)
    assert at_east.notices("area_manager", "revisit_mismatch") == []
    with pytest.raises(Invalid):
        at_east.by("area_manager", "site_check", case, finding="settled", remark="没问题")
    assert at_east.by("receptionist", "close", case).state == "closed"


@clause(5, "6.1")
def test_where_the_mismatch_rule_is_off_the_case_closes_all_the_same(at_east: Requests):
    at_east.office.switch(rule("revisit_mismatch"), on=False)
    case, other = at_east.mismatched(), at_east.mismatched()
    assert at_east.notices("area_manager", "revisit_mismatch") == []
    assert at_east.by("receptionist", "close", case).state == "closed"
    at_east.by("receptionist", "site_check", other, finding="settled", remark="已电话说明")


@clause(5, "6.1")
def test_the_site_names_who_looks(at_east: Requests):
    at_east.office.switch(rule("revisit_mismatch"), params={"role": "property_assistant"})
    case = at_east.mismatched()
    assert len(at_east.notices("property_assistant", "revisit_mismatch", case=case)) == 1
    at_east.denied("revisit_mismatch", "area_manager", "site_check", case, finding="settled", remark="没问题")
    at_east.by("property_assistant", "site_check", case, finding="settled", remark="没问题")
