"""A step that waits: who must say yes, in which order, for which values; and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from guanjia.db.session import tenant_session
from guanjia.errors import NotFound, Refused, Stale, WrongState
from guanjia.rules.reason import Reason
from guanjia.sdk import ActorFacts, Context, allow, ask, deny
from guanjia.steps.approvals import waiting_for
from guanjia.steps.checking import find
from guanjia.steps.models import Approval, Deadline, Notification, Signature
from guanjia.steps.outcome import Grant
from guanjia.steps.view import reason_view
from guanjia.testing import refusal, waiting
from guanjia.words import Message, speaking
from office import Company, Office, Person
from probe import PARCEL, Parcel, answering, entries, rows, say

WEIGH = f"{PARCEL}.weigh"


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels."""
    return probed


def asks(role: str, *, step: str = "weigh", **about: Any) -> Any:
    """A guard that asks the role before that step, about these form values."""

    def answer(act: Any, form: Any, **_facts: Any) -> Any:
        if act.step != f"{PARCEL}.{step}":
            return allow()
        return ask(role, say("It is signed for."), **{name: form[field] for name, field in about.items()})

    return answer


def taken(office: Office) -> UUID:
    return office.person("receptionist").takes(f"{PARCEL}.take", weight_g=500).case_id


def approval(company: Company, found: UUID) -> Approval:
    return rows(company, Approval, Approval.id == found)[0]


def told(company: Company, person: Person, about: UUID) -> int:
    """How many notices about the case or approval the person has."""
    company.settle()
    return len(rows(company, Notification, Notification.staff_id == person.id, Notification.case_id == about))


def grant(person: Person, found: UUID, **options: Any) -> Any:
    return person.takes("guanjia.approval.grant", found, **options)


# -- asking ----------------------------------------------------------------------------------------------


def test_an_ask_stores_the_step_and_runs_it_at_the_last_yes(company: Company, east: Office) -> None:
    desk, head, case = east.person("receptionist"), east.person("centre_head"), taken(east)
    with answering(first=asks("centre_head", grams="weight_g")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900)
        asked_at = company.host.clock.now()
        assert (rows(company, Parcel)[0].weight_g, [r.rule for r in asked.reasons]) == (500, ["probe.first"])
        row = approval(company, asked.approval_id)
        assert (row.step, row.target_id, row.requester_id, row.form) == (WEIGH, case, desk.id, {"weight_g": 900})
        waits = entries(company, case)[-1]
        assert (waits["outcome"], waits["notes"]["approval"]) == ("waiting", str(asked.approval_id))
        assert (told(company, head, asked.approval_id), told(company, desk, asked.approval_id)) == (1, 0)
        company.later(hours=3)
        assert grant(head, asked.approval_id, note="fine").state == "signed"
        company.settle()
    assert rows(company, Parcel)[0].weight_g == 900
    assert (approval(company, asked.approval_id).state, approval(company, asked.approval_id).result_id) == (
        "granted",
        case,
    )
    ran = entries(company, case)[-1]
    assert (ran["outcome"], ran["actor"], ran["given"], ran["via"]) == (
        "done",
        str(desk.id),
        ["probe.first"],
        "approval",
    )
    assert ran["facts"]["act"]["at"].startswith(asked_at.isoformat()[:19])
    assert told(company, desk, asked.approval_id) == 1


def test_a_clock_runs_from_the_asking(company: Company, east: Office) -> None:
    desk, head = east.person("receptionist"), east.person("centre_head")
    with answering(first=asks("centre_head", step="take")):
        asked = waiting(desk.takes, f"{PARCEL}.take", weight_g=5)
        at = company.host.clock.now()
        company.later(hours=10)
        grant(head, asked.approval_id)
        company.settle()
    assert [d.due_at for d in rows(company, Deadline)] == [at + timedelta(hours=48)]


def test_where_a_guard_denies_nothing_waits(company: Company, east: Office) -> None:
    with answering(
        first=asks("centre_head"), second=lambda act, **_f: deny(say("No.")) if act.step == WEIGH else allow()
    ):
        assert [r.rule for r in refusal(east.person("receptionist").takes, WEIGH, taken(east), weight_g=9)] == [
            "probe.second"
        ]
    assert rows(company, Approval) == []


# -- signing ---------------------------------------------------------------------------------------------


def test_whoever_may_not_sign_is_told_rule_clause_and_who_may(company: Company, east: Office, west: Office) -> None:
    desk, manager = east.person("receptionist"), east.person("site_manager")
    with answering(first=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, taken(east), weight_g=900)
        for step, form in (("grant", {}), ("reject", {"reason": "no"})):
            reasons = refusal(manager.takes, f"guanjia.approval.{step}", asked.approval_id, form)
            assert [(r.rule, r.role) for r in reasons] == [("probe.first", "centre_head")]
        with manager.context.reading() as loader, speaking("en"):
            seen = reason_view(loader, reasons[0], approval(company, asked.approval_id))
        assert seen.clauses == (("91/1", "A heavy parcel is weighed before it moves."),)
        assert seen.who == ("east centre_head",)
        assert seen.role is not None and seen.role in seen.message
        with pytest.raises(NotFound):
            grant(west.person("centre_head"), asked.approval_id)
    denied = entries(company, asked.approval_id)
    assert [e["outcome"] for e in denied] == ["denied", "denied"]
    assert "east centre_head" not in str(denied)  # the journal keeps no names
    assert approval(company, asked.approval_id).state == "waiting"


def test_several_sign_one_after_another_in_catalogue_order(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    head, manager, security = (east.person(r) for r in ("centre_head", "site_manager", "security_head"))
    with answering(third=asks("security_head"), first=asks("site_manager"), second=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        assert [s.role for s in sorted(rows(company, Signature), key=lambda s: s.position)] == [
            "site_manager", "centre_head", "security_head"]  # fmt: skip
        for role, signer, later in (("site_manager", manager, head), ("centre_head", head, security)):
            assert (told(company, signer, asked), told(company, later, asked)) == (1, 0)
            assert [r.role for r in refusal(grant, later, asked)] == [role]
            assert grant(signer, asked).state == "waiting"
        with pytest.raises(Stale):
            grant(security, asked, version=1)
        assert grant(security, asked).state == "signed"
        company.settle()
    assert rows(company, Parcel)[0].weight_g == 900


def test_a_no_ends_it_and_the_requester_is_told(company: Company, east: Office) -> None:
    desk, head, case = east.person("receptionist"), east.person("centre_head"), taken(east)
    with answering(first=asks("centre_head"), second=asks("site_manager")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        assert head.takes("guanjia.approval.reject", asked, reason="weigh it again").state == "rejected"
        with pytest.raises(WrongState):
            grant(east.person("site_manager"), asked)
    assert told(company, desk, asked) == 1
    assert "weigh it again" not in str(entries(company, asked))
    assert rows(company, Parcel)[0].weight_g == 500


def test_the_requester_alone_withdraws(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with answering(first=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        assert refusal(east.person("site_manager").takes, "guanjia.approval.withdraw", asked)
        assert desk.takes("guanjia.approval.withdraw", asked).state == "withdrawn"
        with pytest.raises(WrongState):
            grant(east.person("centre_head"), asked)


# -- own role, four eyes, deputies -----------------------------------------------------------------------


def test_the_own_role_counts_as_given_unless_four_eyes_are_wanted(company: Company, east: Office) -> None:
    head = east.person("centre_head")
    with answering(first=asks("centre_head")):
        case = taken(east)
        done = head.takes(WEIGH, case, weight_g=900)
        assert [r.rule for r in done.granted] == ["probe.first"]
        assert entries(company, case)[-1]["given"] == ["probe.first"]
        east.switch("probe.first", options={"four_eyes": True})
        case = taken(east)
        asked = waiting(head.takes, WEIGH, case, weight_g=901).approval_id
        reasons = refusal(grant, head, asked)
        with speaking("en"):
            assert "Whoever asked for this cannot sign it too" in str(reasons[0].message)
        other = _second_head(company, east)
        assert grant(other, asked).state == "signed"
        company.settle()
    assert {p.id: p.weight_g for p in rows(company, Parcel)}[case] == 901


def _second_head(company: Company, office: Office) -> Person:
    staff = company.admin.perform("tenants.staff.create", None, {
        "account": "second-head", "name": "Second Head", "password": "a long test password",
        "must_change_password": False, "home_site_id": str(office.id)}).case_id  # fmt: skip
    company.admin.perform("tenants.assignment.create", None, {
        "staff_id": str(staff), "role_key": "centre_head", "scope_id": str(office.id)})  # fmt: skip
    return Person(Context(company.host, company.plan.company_id, staff, office.id))


def test_a_deputy_signs_for_whoever_is_absent_and_both_are_named(company: Company, east: Office) -> None:
    desk, head, deputy = (east.person(r) for r in ("receptionist", "centre_head", "manager_assistant"))
    now = company.host.clock.now()
    with answering(first=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, taken(east), weight_g=900).approval_id
        assert refusal(grant, deputy, asked)
        company.admin.perform("tenants.absence.create", None, {
            "staff_id": str(head.id), "deputy_id": str(deputy.id), "from_at": now.isoformat(),
            "until_at": (now + timedelta(days=1)).isoformat()})  # fmt: skip
        with deputy.context.reading() as loader:
            assert [a.id for a, _s in waiting_for(loader, deputy.id, [east.id])] == [asked]
            assert waiting_for(loader, head.id, [east.id]) == []
        assert refusal(grant, head, asked)  # whoever is away does not sign
        grant(deputy, asked)
    signature = rows(company, Signature)[0]
    assert (signature.decided_by, signature.on_behalf_of) == (deputy.id, head.id)
    entry = entries(company, asked)[-1]
    assert (entry["actor"], entry["notes"]["signature"]["for"]) == (str(deputy.id), str(head.id))


def test_a_vacant_role_goes_to_the_next_scope_that_has_a_holder(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with answering(first=asks("company_leader")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        assert refusal(grant, east.person("site_manager"), asked)
        company.admin.perform("tenants.assignment.create", None, {
            "staff_id": str(company.plan.admin_id), "role_key": "company_leader", "scope_id": None})  # fmt: skip
        company.admin.at_site(east.id).perform("guanjia.approval.grant", asked, {})
        company.settle()
    assert rows(company, Parcel)[0].weight_g == 900


def test_a_departments_own_head_is_asked_and_told(company: Company, east: Office) -> None:
    """The request lies with engineering; its head signs the return, though other departments have heads too."""
    other = company.admin.perform("tenants.staff.create", None, {
        "account": "cleaning-head", "name": "Cleaning Head", "password": "a long test password",
        "must_change_password": False, "home_site_id": str(east.id)}).case_id  # fmt: skip
    company.admin.perform("tenants.assignment.create", None, {
        "staff_id": str(other), "role_key": "department_head", "scope_id": str(east.department("cleaning"))})  # fmt: skip
    cleaning = Person(Context(company.host, company.plan.company_id, other, east.id))
    case = east.person("receptionist").takes(
        "customer_service.request.receive", household_id=str(east.household()), category="pipe_leak", content="leak",
        within_capability="yes").case_id  # fmt: skip
    worker = east.person("repair_technician")
    asked = waiting(worker.takes, "customer_service.request.return_unsolved", case, reason="no part", explained=True)
    head = east.person("department_head")
    assert (told(company, head, asked.approval_id), told(company, cleaning, asked.approval_id)) == (1, 0)
    reasons = refusal(grant, cleaning, asked.approval_id)
    with worker.context.reading() as loader:
        assert reason_view(loader, reasons[0], approval(company, asked.approval_id)).who == ("east department_head",)
    assert grant(head, asked.approval_id).state == "signed"


# -- lapsing ---------------------------------------------------------------------------------------------


def test_a_yes_counts_for_equal_values_only() -> None:
    asked = Reason("probe.first", "ask", Message("probe", "x"), {}, "centre_head", {"grams": 900})
    assert Grant("probe.first", "centre_head", {"grams": 900}).covers(asked)
    for other in (
        Grant("probe.second", "centre_head", {"grams": 900}), Grant("probe.first", "site_manager", {"grams": 900}),
        Grant("probe.first", "centre_head", {"grams": 901}), Grant("probe.first", "centre_head", {}),
    ):  # fmt: skip
        assert not other.covers(asked)


def _moved_on(company: Company, east: Office, case: UUID) -> None:
    east.person("repair_technician").takes(f"{PARCEL}.hand_out", case)


def _dismissed(company: Company, east: Office, case: UUID) -> None:
    company.admin.perform("tenants.staff.retire", east.person("receptionist").id)


@pytest.mark.parametrize("happens", [_moved_on, _dismissed], ids=["the case moved on", "the requester left"])
def test_a_request_lapses_where_the_step_can_no_longer_be_taken(company: Company, east: Office, happens: Any) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with answering(first=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        happens(company, east, case)
        grant(east.person("centre_head"), asked)
        company.settle()
    row = approval(company, asked)
    assert (row.state, row.form, rows(company, Parcel)[0].weight_g) == ("lapsed", {"weight_g": 900}, 500)
    assert row.outcome["type"] in ("wrong-state", "not-found")


def test_a_request_lapses_where_other_values_are_asked_about_now(company: Company, east: Office) -> None:
    desk, head, case = east.person("receptionist"), east.person("centre_head"), taken(east)
    with answering(first=asks("centre_head", grams="weight_g")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
    with answering(
        first=lambda act, **_f: ask("centre_head", say("Signed."), grams=1) if act.step == WEIGH else allow()
    ):
        grant(head, asked)
        company.settle()
    row = approval(company, asked)
    assert (row.state, row.outcome["type"], [r["rule"] for r in row.outcome["reasons"]]) == (
        "lapsed",
        "refused",
        ["probe.first"],
    )
    assert [a.id for a in rows(company, Approval)] == [asked]  # no second request in the requester's name
    assert entries(company, case)[-1]["outcome"] == "denied"
    assert told(company, desk, asked) == 1


def test_a_request_lapses_where_a_guard_denies_now(company: Company, east: Office) -> None:
    desk, head, case = east.person("receptionist"), east.person("centre_head"), taken(east)
    with answering(first=asks("centre_head"), second=lambda **_f: allow()):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
    with answering(first=asks("centre_head"), second=lambda **_f: deny(say("Not any more."))):
        grant(head, asked)
        company.settle()
    assert (approval(company, asked).state, rows(company, Parcel)[0].weight_g) == ("lapsed", 500)


def test_a_database_that_does_not_answer_lapses_nothing(company: Company, east: Office, monkeypatch: Any) -> None:
    desk, head, case = east.person("receptionist"), east.person("centre_head"), taken(east)
    with answering(first=asks("centre_head")):
        asked = waiting(desk.takes, WEIGH, case, weight_g=900).approval_id
        grant(head, asked)
        with monkeypatch.context() as patched:
            patched.setattr("guanjia.steps.perform.find", _locked)
            company.settle()
        assert approval(company, asked).state == "signed"
        company.later(minutes=5)
    assert (approval(company, asked).state, rows(company, Parcel)[0].weight_g) == ("granted", 900)


def _locked(session: Any, caller: Any, flow: Any, step: Any, case_id: Any) -> Any:
    if flow.key == PARCEL:
        raise OperationalError("select", {}, Exception("database is locked"))
    return find(session, caller, flow, step, case_id)


def test_an_approval_runs_once_however_often_it_is_carried_out(company: Company, east: Office) -> None:
    from guanjia.steps.approvals import carry_out

    desk, head = east.person("receptionist"), east.person("centre_head")
    with answering(first=asks("centre_head", step="take")):
        asked = waiting(desk.takes, f"{PARCEL}.take", weight_g=5).approval_id
        grant(head, asked)
        for _n in range(2):
            carry_out(company.host.system(company.plan.company_id, "test"), asked)
        company.settle()
    assert len(rows(company, Parcel)) == 1
    with tenant_session(company.plan.company_id) as session:
        assert session.get(Approval, (session.company_id, asked)).state == "granted"  # type: ignore[union-attr]


def test_the_system_is_asked_as_anybody_is(company: Company, east: Office) -> None:
    def by_role(actor: ActorFacts, **_facts: Any) -> Any:
        return allow() if actor.holds("receptionist") else deny(say("Reception takes parcels."))

    with answering(first=by_role), pytest.raises(Refused):
        east.system.perform(f"{PARCEL}.take", None, {"weight_g": 5})
