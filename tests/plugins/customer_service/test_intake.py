"""Who takes requests in, and what intake records (5/4.4.3, 5.1.1, 5.1.2)."""

import pytest

from guanjia.errors import NotFound
from guanjia.sdk import ActorFacts
from office import Office
from plugins.customer_service.rules.intake import (
    IntakeFields,
    SingleIntake,
    intake_is_complete,
    reception_takes_requests,
)
from requests_made import Requests, clause, rule, words_of


@clause(5, "4.4.3 5.1.1")
def test_requests_are_taken_in_by_reception_alone(at_east: Requests):
    form = at_east.intake("pipe_leak")
    for role in ("repair_technician", "department_head", "site_manager", "centre_head"):
        at_east.denied("single_intake", role, "receive", **form)
    done = at_east.by("receptionist", "receive", **form)
    assert (done.state, done.number) == ("dispatched", "BX-2026-00001")  # a refusal used up no number


@clause(5, "4.4.3 5.1.1")
def test_other_staff_report_what_they_find_and_reception_takes_it_up(at_east: Requests):
    case = at_east.reported("lamp")
    row = at_east.row(case)
    assert (row.state, row.number, row.source) == ("reported", "BX-2026-00001", "staff")
    assert row.reported_by == at_east.person("repair_technician").id
    told = at_east.notices("receptionist", case=case)
    assert [n.message["args"]["state"]["$message"]["id"] for n in told] == ["Reported by staff"]
    form = at_east.intake("lamp", in_home=False, source="staff")
    at_east.denied("single_intake", "repair_technician", "confirm", case, **form)
    assert at_east.by("receptionist", "confirm", case, **form).state == "dispatched"
    taken = at_east.row(case)
    assert (taken.received_by, taken.reported_by) == (at_east.person("receptionist").id, row.reported_by)
    assert taken.number == "BX-2026-00001"


@clause(5, "4.4.3 5.1.1")
def test_where_the_rule_is_off_anybody_takes_requests_in(at_east: Requests, at_west: Requests):
    at_west.office.switch(rule("single_intake"), on=False)
    undecided = {"within_capability": "unclear"}
    at_east.denied("single_intake", "repair_technician", "receive", **at_east.intake("lamp", **undecided))
    assert at_west.by("repair_technician", "receive", **at_west.intake("lamp", **undecided)).state == "received"
    # what would dispatch it in the same step still asks who dispatches
    at_west.denied("dispatch_by_reception", "repair_technician", "receive", **at_west.intake("lamp"))


@clause(5, "4.4.3 5.1.1")
def test_the_site_names_who_takes_requests_in(at_east: Requests):
    at_east.office.switch(rule("single_intake"), params={"intake_roles": ["area_manager", "receptionist"]})
    form = at_east.intake("lamp", within_capability="unclear")
    at_east.denied("single_intake", "repair_technician", "receive", **form)
    assert at_east.by("area_manager", "receive", **form).state == "received"
    assert at_east.by("receptionist", "receive", **form).state == "received"


@clause(5, "4.4.3 5.1.1")
@pytest.mark.parametrize(
    ("actor", "outcome"),
    [
        (ActorFacts(id=None, roles=("receptionist",)), "allow"),
        (ActorFacts(id=None, roles=("site_manager",)), "deny"),
        (ActorFacts(id=None), "deny"),
        (ActorFacts(id=None, is_system=True), "allow"),
    ],
)
def test_a_higher_post_does_not_include_receptions(actor: ActorFacts, outcome: str):
    assert reception_takes_requests(actor, SingleIntake()).outcome == outcome


@clause(5, "5.1.2")
def test_intake_names_what_is_missing_before_the_department_is_called(at_east: Requests):
    empty = {"category": "lamp", "household_id": None, "place": "", "resident_name": "", "content": ""}
    (reason,) = at_east.denied("intake_fields", "receptionist", "receive", **empty)
    missing = [text.en for text in dict(reason.message.args)["missing"]]
    assert missing == ["Unit", "Resident's name", "Content", "Whether the centre can do it"]
    complete = empty | {"place": "大堂", "content": "灯不亮", "within_capability": "yes"}
    done = at_east.by("receptionist", "receive", **complete)
    row = at_east.row(done.case_id)
    assert (done.state, row.received_at, row.place) == ("dispatched", at_east.now, "大堂")


@clause(5, "5.1.2")
def test_a_household_stands_for_room_and_name(at_east: Requests):
    form = at_east.intake("lamp", within_capability="unclear")
    row = at_east.row(at_east.by("receptionist", "receive", **form).case_id)
    assert row.unit_id is not None
    assert row.resident_name
    assert row.phone


@clause(5, "5.1.2")
def test_where_the_rule_is_off_intake_may_stay_incomplete(at_east: Requests):
    at_east.office.switch(rule("intake_fields"), on=False)
    assert at_east.by("receptionist", "receive", category="lamp").state == "received"


@clause(5, "5.1.2")
def test_the_site_asks_for_the_phone_too(at_east: Requests):
    at_east.office.switch(rule("intake_fields"), params={"required": ["content", "phone"]})
    form = {"category": "lamp", "place": "大堂", "content": "灯不亮"}
    (reason,) = at_east.denied("intake_fields", "receptionist", "receive", **form)
    assert len(dict(reason.message.args)["missing"]) == 1
    assert at_east.by("receptionist", "receive", **form, phone="19900001234").state == "received"
    assert at_east.by("receptionist", "receive", **at_east.intake("lamp", within_capability=None)).state == "received"


@clause(5, "5.1.2")
def test_what_the_centre_cannot_do_is_not_passed_to_a_department(at_east: Requests, at_west: Requests):
    case = at_east.undecided("lamp", within_capability="no")
    to = str(at_east.office.department("engineering"))
    at_east.denied("intake_fields", "receptionist", "dispatch", case, department_id=to)
    assert at_east.by("receptionist", "withdraw", case, reason="已向业主解释").state == "withdrawn"
    at_west.office.switch(rule("intake_fields"), on=False)
    case = at_west.undecided("lamp", within_capability="no")
    to = str(at_west.office.department("engineering"))
    assert at_west.by("receptionist", "dispatch", case, department_id=to).state == "dispatched"


@clause(5, "5.1.2")
@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({}, 4),
        ({"household_id": "x", "content": True, "within_capability": "no"}, 0),
        ({"place": True, "content": True, "within_capability": "unclear"}, 0),
        ({"resident_name": True, "content": True, "within_capability": "yes"}, 1),
        ({"household_id": "x", "content": False, "within_capability": "yes"}, 1),
    ],
)
def test_time_is_the_servers_and_never_missing(form: dict[str, object], missing: int):
    verdict = intake_is_complete(form, IntakeFields())
    assert len(dict(verdict.message.args)["missing"] if verdict.message else ()) == missing


def test_a_household_of_another_office_is_not_known_here(at_east: Requests, west: Office):
    form = at_east.intake("lamp", household_id=str(west.household()))
    with pytest.raises(Exception, match="not right yet") as caught:
        at_east.by("receptionist", "receive", **form)
    assert set(caught.value.errors) == {"household_id"}  # type: ignore[attr-defined]
    case = at_east.undecided()
    with pytest.raises(NotFound):
        Requests(west).by("receptionist", "note", case, note="x")


@clause(5, "4.4.3 4.4.4")
def test_who_entered_it_learns_that_a_report_waits(at_east: Requests):
    case = at_east.reported("lamp")
    assert all(words_of(n) for n in at_east.notices("receptionist", case=case))
    assert at_east.notices("repair_technician", case=case) == []
