"""Departments follow reception's dispatch; where the ability is unclear the head decides first (5/4.4.4, 5.1.4)."""

from requests_made import Requests, clause, rule, words_of


@clause(5, "4.4.3 4.4.4")
def test_only_reception_dispatches(at_east: Requests):
    case = at_east.undecided()
    at_east.by("centre_head", "decide_capability", case, within_capability="yes")
    to = str(at_east.office.department("engineering"))
    for role in ("department_head", "repair_technician", "site_manager"):
        at_east.denied("dispatch_by_reception", role, "dispatch", case, department_id=to)
    assert at_east.by("receptionist", "dispatch", case, department_id=to).state == "dispatched"
    told = at_east.notices("department_head", case=case)
    assert [n.message["args"]["state"]["$message"]["id"] for n in told] == ["Dispatched"]


@clause(5, "4.4.3 4.4.4")
def test_a_department_cannot_hand_a_request_on_or_drop_it(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    to = str(at_east.office.department("cleaning"))
    at_east.denied("dispatch_by_reception", "department_head", "dispatch", case, department_id=to)
    assert at_east.by("receptionist", "dispatch", case, department_id=to).state == "dispatched"
    row = at_east.row(case)
    assert (row.department_id, row.worker_id) == (at_east.office.department("cleaning"), None)
    at_east.denied("dispatch_by_reception", "department_head", "withdraw", case, reason="不想做")
    assert at_east.by("receptionist", "withdraw", case, reason="业主撤回").state == "withdrawn"
    assert at_east.row(case).number  # the record and its number stay


@clause(5, "4.4.3 4.4.4")
def test_a_department_cannot_close_what_it_returned_unsolved(at_east: Requests):
    case = at_east.returned()
    at_east.denied("dispatch_by_reception", "department_head", "close_unsolved", case, reason="没有配件")
    assert at_east.by("receptionist", "close_unsolved", case, reason="已向业主解释").state == "closed_unsolved"


@clause(5, "4.4.3 4.4.4")
def test_where_the_rule_is_off_departments_hand_on_by_themselves(at_east: Requests):
    at_east.office.switch(rule("dispatch_by_reception"), on=False)
    case = at_east.dispatched("pipe_leak")
    to = str(at_east.office.department("cleaning"))
    assert at_east.by("department_head", "dispatch", case, department_id=to).state == "dispatched"
    assert at_east.by("department_head", "withdraw", case, reason="重复").state == "withdrawn"


@clause(5, "4.4.3 4.4.4")
def test_the_site_names_who_dispatches(at_east: Requests):
    at_east.office.switch(rule("dispatch_by_reception"), params={"dispatch_roles": ["area_manager"]})
    to = str(at_east.office.department("engineering"))
    at_east.denied("dispatch_by_reception", "receptionist", "receive", **at_east.intake("lamp"))
    case = at_east.undecided()
    at_east.by("centre_head", "decide_capability", case, within_capability="yes")
    at_east.denied("dispatch_by_reception", "receptionist", "dispatch", case, department_id=to)
    assert at_east.by("area_manager", "dispatch", case, department_id=to).state == "dispatched"


@clause(5, "5.1.4")
def test_where_it_is_unclear_the_head_decides_before_dispatch(at_east: Requests):
    case = at_east.undecided()
    to = str(at_east.office.department("engineering"))
    assert [words_of(n) for n in at_east.notices("centre_head", "capability_unclear", case=case)] == [
        "A request waits for your decision whether the centre can do it."
    ]
    at_east.denied("capability_unclear", "receptionist", "dispatch", case, department_id=to)
    for role in ("receptionist", "site_manager"):
        at_east.denied("capability_unclear", role, "decide_capability", case, within_capability="yes")
    at_east.by("centre_head", "decide_capability", case, within_capability="yes")
    assert at_east.row(case).capability_by == at_east.person("centre_head").id
    assert at_east.by("receptionist", "dispatch", case, department_id=to).state == "dispatched"


@clause(5, "5.1.4")
def test_what_the_head_decides_against_is_not_dispatched(at_east: Requests):
    case = at_east.undecided()
    at_east.by("centre_head", "decide_capability", case, within_capability="no")
    to = str(at_east.office.department("engineering"))
    at_east.denied("intake_fields", "receptionist", "dispatch", case, department_id=to)


@clause(5, "5.1.4")
def test_where_the_rule_is_off_nobody_is_asked(at_east: Requests):
    at_east.office.switch(rule("capability_unclear"), on=False)
    case, other = at_east.undecided(), at_east.undecided()
    assert at_east.notices("centre_head", "capability_unclear") == []
    to = str(at_east.office.department("engineering"))
    assert at_east.by("receptionist", "dispatch", case, department_id=to).state == "dispatched"
    assert at_east.by("receptionist", "decide_capability", other, within_capability="yes").state == "received"


@clause(5, "5.1.4")
def test_the_site_names_who_decides(at_east: Requests):
    at_east.office.switch(rule("capability_unclear"), params={"approver_role": "site_manager"})
    case = at_east.undecided()
    assert at_east.notices("centre_head", "capability_unclear") == []
    assert len(at_east.notices("site_manager", "capability_unclear", case=case)) == 1
    at_east.denied("capability_unclear", "centre_head", "decide_capability", case, within_capability="yes")
    at_east.by("site_manager", "decide_capability", case, within_capability="yes")


@clause(5, "5.1.4")
def test_what_reception_is_sure_of_asks_nobody(at_east: Requests):
    at_east.dispatched()
    assert at_east.notices("centre_head", "capability_unclear") == []


@clause(5, "4.4.3 4.4.4")
def test_the_department_is_told_once_that_a_request_waits_and_not_again_by_what_leaves_it_there(at_east: Requests):
    case = at_east.dispatched("power_lighting")
    assert len(at_east.notices("department_head", case=case)) == 1
    at_east.by("repair_technician", "note", case, note="下午去")
    assert len(at_east.notices("department_head", case=case)) == 1
    at_east.by("receptionist", "withdraw", case, reason="业主撤回")
    at_east.by("repair_technician", "note", case, note="没去")
    assert at_east.notices("receptionist", case=case) == []
