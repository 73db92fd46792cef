"""What cannot be done is returned with reason, signature and an explanation to the resident (5/5.2.4, 5.3.2 1.1.3)."""

import pytest

from guanjia.errors import Invalid
from guanjia.testing import refusal
from plugins.customer_service.rules.extensions import ReturnUnsolved, a_return_is_signed_and_explained
from request_facts import request
from requests_made import Requests, clause, rule, site_time, words_of

GRANT = "guanjia.approval.grant"
EXPLAINED = {"reason": "管道在承重墙内，无法更换", "explained": True}


@clause(5, "5.2.4")
def test_a_repair_returns_with_the_department_heads_signature_and_an_explanation(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.denied("return_unsolved", "repair_technician", "return_unsolved", case, reason="没有配件")
    with pytest.raises(Invalid):
        at_east.by("repair_technician", "return_unsolved", case, explained=True)
    approval = at_east.waits(
        {"return_unsolved": "department_head"}, "repair_technician", "return_unsolved", case, **EXPLAINED
    )
    for role in ("site_manager", "centre_head", "receptionist"):
        (reason,) = refusal(at_east.person(role).takes, GRANT, approval)
        assert (reason.rule, at_east.shown(reason).who) == (rule("return_unsolved"), ("east department_head",))
    at_east.grants(approval, "department_head")
    row = at_east.row(case)
    assert (row.state, row.return_reason, row.return_explained) == ("returned", EXPLAINED["reason"], True)
    told = at_east.notices("receptionist", case=case)
    assert [n.message["args"]["state"]["$message"]["id"] for n in told] == ["Returned unsolved"]


@clause(5, "5.2.4")
def test_the_department_head_returns_it_at_once_and_reception_decides_what_next(at_east: Requests):
    again, gone = at_east.returned(), at_east.returned()
    to = str(at_east.office.department("engineering"))
    assert at_east.by("receptionist", "dispatch", again, department_id=to).state == "dispatched"
    row = at_east.row(again)
    assert (row.return_reason, row.return_explained) == ("", False)
    assert at_east.by("receptionist", "close_unsolved", gone, reason="业主另请厂家").state == "closed_unsolved"
    assert [d.state for d in at_east.dates(gone)] == ["cancelled"]


@clause(5, "5.3.2 1.1.3")
def test_a_service_returns_with_the_signature_of_the_head_of_the_centre(at_east: Requests):
    case = at_east.dispatched("indoor_cleaning")
    at_east.denied("return_unsolved", "department_head", "return_unsolved", case, reason="没有设备")
    approval = at_east.waits(
        {"return_unsolved": "centre_head"}, "department_head", "return_unsolved", case, **EXPLAINED
    )
    assert [r.rule for r in refusal(at_east.person("department_head").takes, GRANT, approval)] == [
        rule("return_unsolved")
    ]
    at_east.grants(approval, "centre_head")
    assert at_east.state(case) == "returned"


@clause(5, "5.2.4")
def test_a_return_that_is_rejected_stays_with_the_department(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits(
        {"return_unsolved": "department_head"}, "repair_technician", "return_unsolved", case, **EXPLAINED
    )
    at_east.by("department_head", "guanjia.approval.reject", approval, reason="换个方案")
    assert at_east.state(case) == "in_progress"
    assert len(at_east.notices("repair_technician", case=approval)) == 1


@clause(5, "5.2.4")
def test_a_return_lapses_where_reception_dispatched_it_elsewhere_and_it_was_withdrawn(at_east: Requests):
    case = at_east.dispatched("power_lighting")
    approval = at_east.waits(
        {"return_unsolved": "department_head"}, "repair_technician", "return_unsolved", case, **EXPLAINED
    )
    at_east.by("receptionist", "withdraw", case, reason="业主撤回")
    at_east.grants(approval, "department_head")
    assert (at_east.approval(approval).state, at_east.state(case)) == ("lapsed", "withdrawn")


@clause(5, "5.2.4")
def test_where_the_return_rule_is_off_it_goes_back_at_once(at_east: Requests):
    at_east.office.switch(rule("return_unsolved"), on=False)
    case = at_east.in_progress("power_lighting")
    assert at_east.by("repair_technician", "return_unsolved", case, reason="没有配件").state == "returned"


@clause(5, "5.2.4")
def test_the_site_names_who_signs_and_may_do_without_the_explanation(at_east: Requests):
    params = {
        "repair_approver_role": "property_supervisor",
        "service_approver_role": "site_manager",
        "explain_to_resident": False,
    }
    at_east.office.switch(rule("return_unsolved"), params=params)
    repair, service = at_east.dispatched("power_lighting"), at_east.dispatched("indoor_cleaning")
    at_east.waits(
        {"return_unsolved": "property_supervisor"}, "department_head", "return_unsolved", repair, reason="没有配件"
    )
    approval = at_east.waits(
        {"return_unsolved": "site_manager"}, "department_head", "return_unsolved", service, reason="没有设备"
    )
    at_east.grants(approval, "site_manager")
    assert at_east.state(service) == "returned"


@clause(5, "5.2.4")
def test_in_a_public_area_there_is_nobody_to_explain_it_to():
    verdict = a_return_is_signed_and_explained(request(has_resident=False), {"explained": False}, ReturnUnsolved())
    assert (verdict.outcome, verdict.role) == ("ask", "department_head")
    verdict = a_return_is_signed_and_explained(request(), {"explained": False}, ReturnUnsolved())
    assert verdict.outcome == "deny"


@clause(5, "6.2")
def test_what_was_returned_is_no_longer_chased_at_the_department(at_east: Requests):
    case = at_east.returned()
    at_east.until("2026-11-19 18:00")
    assert at_east.dates(case)[0].breached_at == site_time("2026-11-19 18:00")
    assert at_east.notices("department_head", "overdue_chased") == []
    assert [words_of(n) for n in at_east.notices("customer_service_supervisor", "overdue_chased", case=case)] == [
        "Returned unsolved and overdue: see that it is closed, or dispatched anew."
    ]
