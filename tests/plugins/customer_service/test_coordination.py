"""Major and cross-department matters go to the director or the assistant, ordinary ones to the supervisor (5/4.4.1, 4.4.2)."""

import pytest

from requests_made import Requests, clause, rule, words_of


@clause(5, "4.4.1 4.4.2")
@pytest.mark.parametrize(
    ("matter", "told", "owed_by"),
    [
        ("major", ("site_manager", "manager_assistant"), "site_manager"),
        ("cross_department", ("site_manager", "manager_assistant"), "site_manager"),
        ("ordinary", ("customer_service_supervisor",), "customer_service_supervisor"),
    ],
)
def test_a_problem_goes_to_whoever_coordinates_its_kind(
    at_east: Requests, matter: str, told: tuple[str, ...], owed_by: str
):
    case = at_east.in_progress()
    at_east.by("repair_technician", "refer", case, matter=matter, remark="要保安部配合停电")
    for role in ("site_manager", "manager_assistant", "customer_service_supervisor"):
        notices = [words_of(n) for n in at_east.notices(role, "coordination_level", case=case)]
        assert notices == (["A problem needs your coordination."] if role in told else [])
    (task,) = at_east.tasks("coordination_level", case)
    assert (task.role, task.state) == (owed_by, "open")
    others = {"site_manager", "customer_service_supervisor", "department_head", "repair_technician"} - set(told)
    for role in sorted(others):
        at_east.denied("coordination_level", role, "settle_matter", case, reason="已协调")
    at_east.by(told[-1], "settle_matter", case, reason="保安部周二配合")
    assert at_east.row(case).matter is None
    assert at_east.tasks("coordination_level", case)[0].state == "done"


@clause(5, "4.4.1 4.4.2")
def test_where_coordination_is_off_nobody_is_told_and_anybody_settles(at_east: Requests):
    at_east.office.switch(rule("coordination_level"), on=False)
    case = at_east.in_progress()
    at_east.by("repair_technician", "refer", case, matter="cross_department", remark="要保安部配合")
    assert at_east.notices("site_manager", "coordination_level") == []
    assert at_east.tasks("coordination_level", case) == []
    at_east.by("repair_technician", "settle_matter", case, reason="自己谈好了")


@clause(5, "4.4.1 4.4.2")
def test_the_site_says_who_coordinates_what(at_east: Requests):
    params = {"major_or_cross_department": ["centre_head"], "ordinary": ["property_supervisor"]}
    at_east.office.switch(rule("coordination_level"), params=params)
    ordinary, across = at_east.in_progress(), at_east.in_progress()
    at_east.by("receptionist", "refer", ordinary, matter="ordinary", remark="业主要换人")
    at_east.by("receptionist", "refer", across, matter="cross_department", remark="要保安部配合")
    at_east.denied("coordination_level", "customer_service_supervisor", "settle_matter", ordinary, reason="已协调")
    at_east.denied("coordination_level", "site_manager", "settle_matter", across, reason="已协调")
    at_east.by("property_supervisor", "settle_matter", ordinary, reason="已协调")
    at_east.by("centre_head", "settle_matter", across, reason="已协调")
