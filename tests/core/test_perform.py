"""A step from its door to its commit: who may, in which state, on which version, once; denied ones change nothing."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError

from guanjia.errors import (
    Forbidden,
    GuanjiaError,
    Invalid,
    KeyReused,
    NotFound,
    Stale,
    Unavailable,
    Waiting,
    WrongState,
)
from guanjia.sdk import allow, ask, deny
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.models import Answered, Approval, Notification, Series
from guanjia.steps.view import view_case
from guanjia.testing import refusal
from guanjia.words import speaking
from office import Company, Office
from probe import PARCEL, Parcel, answering, entries, rows, say


def taken(office: Office, **form: Any) -> UUID:
    """A parcel at the office."""
    return office.person("receptionist").takes(f"{PARCEL}.take", weight_g=form.pop("weight_g", 500), **form).case_id


def parcel(company: Company, case: UUID) -> Parcel:
    return rows(company, Parcel, Parcel.id == case)[0]


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels."""
    return probed


# -- version and state -----------------------------------------------------------------------------------


def test_a_stale_version_is_refused_with_what_changed(company: Company, east: Office) -> None:
    case = taken(east)
    desk, worker = east.person("receptionist"), east.person("repair_technician")
    worker.takes(f"{PARCEL}.weigh", case, weight_g=600)
    with pytest.raises(Stale) as stale:
        desk.takes(f"{PARCEL}.weigh", case, weight_g=700, version=1)
    assert stale.value.status == 409
    assert [(e.step, e.actor_id) for e in stale.value.changed] == [(f"{PARCEL}.weigh", worker.id)]
    with pytest.raises(Stale) as stale:
        desk.takes(f"{PARCEL}.weigh", case, weight_g=700, version=1, if_match=True)
    assert stale.value.status == 412
    assert parcel(company, case).weight_g == 600
    assert desk.takes(f"{PARCEL}.weigh", case, weight_g=700, version=2).version == 3


def test_a_step_of_another_state_is_refused(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    desk.takes(f"{PARCEL}.hand_out", case)
    before = len(entries(east))
    with pytest.raises(WrongState) as wrong:
        desk.takes(f"{PARCEL}.weigh", case, weight_g=700)
    with speaking("en"):
        assert "Weigh" in str(wrong.value.detail) and "Handed out" in str(wrong.value.detail)
    with pytest.raises(WrongState):
        desk.takes(f"{PARCEL}.take", case, weight_g=700)
    assert (parcel(company, case).weight_g, len(entries(east))) == (500, before)


# -- what cannot be reached ------------------------------------------------------------------------------


def rivals(company: Company) -> UUID:
    """A parcel of the other company."""
    there = company.rival_admin.at_site(company.plan.other_sites["east"])
    return there.perform(f"{PARCEL}.take", None, {"weight_g": 1}).case_id


def test_what_lies_elsewhere_answers_as_what_does_not_exist(company: Company, east: Office, west: Office) -> None:
    desk = east.person("receptionist")
    claim = desk.takes("probe.claim.make", parcel_id=str(taken(east))).case_id
    answers = set()
    for case in (uuid4(), rivals(company), taken(west), claim):
        for step in ("weigh", "hand_out", "note", "delete", "move_rules", "lose"):
            form = {"weigh": {"weight_g": 5}, "note": {"note": "x"}, "move_rules": {"reason": "x"}}.get(step, {})
            with pytest.raises(GuanjiaError) as none:
                desk.takes(f"{PARCEL}.{step}", case, form)
            answers.add((type(none.value), none.value.status, none.value.detail))
        with desk.context.reading() as loader, pytest.raises(NotFound) as unseen:
            view_case(loader, desk.context, company.host.flow(PARCEL), case)
        answers.add((type(unseen.value), unseen.value.status, unseen.value.detail))
    assert answers == {(NotFound, 404, NotFound().detail)}


def test_an_unreachable_site_answers_as_one_that_does_not_exist(company: Company, east: Office, west: Office) -> None:
    desk, case = east.person("receptionist"), taken(west)
    for site in (west.id, company.plan.other_sites["east"], uuid4()):
        there = desk.context.at_site(site)
        for step, target in (("take", None), ("weigh", case)):
            with pytest.raises(NotFound):
                there.perform(f"{PARCEL}.{step}", target, {"weight_g": 5})
        with pytest.raises(NotFound), there.reading():
            pass
    with pytest.raises(NotFound):  # without a site a step at a site has no place
        desk.context.at_site(None).perform(f"{PARCEL}.take", None, {"weight_g": 5})
    assert len(rows(company, Parcel)) == 1


def test_references_in_a_form_stay_within_the_site(company: Company, east: Office, west: Office) -> None:
    for case in (uuid4(), rivals(company), taken(west)):
        with pytest.raises(Invalid) as invalid:
            east.person("receptionist").takes("probe.claim.make", parcel_id=str(case))
        assert set(invalid.value.errors) == {"parcel_id"}


def test_a_ledger_lists_the_own_site_alone(company: Company, east: Office, west: Office) -> None:
    mine, _theirs, _rivals = taken(east), taken(west), rivals(company)
    with east.person("receptionist").context.reading() as loader:
        page = read_page(loader, company.host.flow(PARCEL), Query())
    assert [row.case.id for row in page.rows] == [mine]


def test_a_missing_permission_is_named(company: Company, east: Office, west: Office) -> None:
    worker = east.person("repair_technician")
    with pytest.raises(Forbidden) as forbidden, speaking("en"):
        worker.takes(f"{PARCEL}.take", weight_g=5)
    with speaking("en"):
        assert "Take in parcels" in str(forbidden.value.detail)
    assert forbidden.value.status == 403
    with pytest.raises(Forbidden):
        worker.takes(f"{PARCEL}.lose", taken(east))
    with pytest.raises(NotFound):  # never 403 for what is out of reach
        worker.takes(f"{PARCEL}.lose", taken(west))
    with pytest.raises(NotFound):  # steps of the host itself do not exist for people
        worker.takes(f"{PARCEL}.breach", taken(east), deadline=str(uuid4()))


# -- once ------------------------------------------------------------------------------------------------


def test_a_repeated_request_answers_as_the_first_did(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    first = desk.takes(f"{PARCEL}.take", weight_g=5, key="k1")
    company.later(hours=1)
    assert desk.takes(f"{PARCEL}.take", weight_g=5, key="k1") == first
    assert first.deadlines and first.rules
    assert len(rows(company, Parcel)) == 1
    for step, form in ((f"{PARCEL}.take", {"weight_g": 6}), (f"{PARCEL}.take_two", {"weight_g": 5})):
        with pytest.raises(KeyReused) as reused:
            desk.takes(step, None, form, key="k1")
        assert reused.value.status == 422
    west = company.site("west").person("receptionist")
    assert west.takes(f"{PARCEL}.take", weight_g=5, key="k1").case_id != first.case_id  # a key is its actor's own
    assert len(rows(company, Parcel)) == 2


def test_another_time_of_the_act_is_another_request(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    company.later(hours=2)
    then = company.host.clock.now() - timedelta(hours=1)
    desk.takes(f"{PARCEL}.hand_out", case, key="k", occurred_at=then)
    with pytest.raises(KeyReused):
        desk.takes(f"{PARCEL}.hand_out", case, key="k", occurred_at=then - timedelta(minutes=1))


def test_a_denied_step_leaves_no_key(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    with answering(first=lambda **_f: deny(say("Not today."))):
        refusal(desk.takes, f"{PARCEL}.take", weight_g=5, key="k")
    assert rows(company, Answered) == []
    assert desk.takes(f"{PARCEL}.take", weight_g=6, key="k").state == "kept"


def test_a_waiting_step_keeps_its_key(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    seen = []
    with answering(first=lambda **_f: ask("centre_head", say("The head signs."), grams=5)):
        for _n in range(2):
            with pytest.raises(Waiting) as waits:
                desk.takes(f"{PARCEL}.take", weight_g=5, key="k")
            seen.append((waits.value.approval_id, waits.value.reasons))
        with pytest.raises(KeyReused):
            desk.takes(f"{PARCEL}.take", weight_g=6, key="k")
    assert seen[0] == seen[1]
    assert [a.id for a in rows(company, Approval)] == [seen[0][0]]


def test_a_key_holds_for_the_system_too(company: Company, east: Office) -> None:
    first = east.system.perform(f"{PARCEL}.take", None, {"weight_g": 5}, key="k")
    assert east.system.perform(f"{PARCEL}.take", None, {"weight_g": 5}, key="k") == first
    assert len(rows(company, Parcel)) == 1


@pytest.mark.parametrize("system", [True, False])
def test_one_key_at_one_moment_takes_effect_once(company: Company, east: Office, system: bool) -> None:
    caller = east.system if system else east.person("receptionist").context
    gate, found = threading.Barrier(4), []

    def run() -> None:
        with company.app.app_context():
            gate.wait(10)
            found.append(caller.perform(f"{PARCEL}.take", None, {"weight_g": 5}, key="k"))

    threads = [threading.Thread(target=run) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4 and len({done.case_id for done in found}) == 1
    assert len(rows(company, Parcel)) == 1


# -- denied ----------------------------------------------------------------------------------------------


def test_a_denied_step_changes_nothing_and_is_journaled(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    case = taken(east, receiver="王小明")
    before = len(entries(east))

    def too_heavy(form: Any, params: Any, **_facts: Any) -> Any:
        return deny(say("At most %(most)s g.", most=params.most_g)) if form["weight_g"] > params.most_g else allow()

    with answering(first=too_heavy, second=lambda **_f: deny(say("Nobody looked at it."))):
        reasons = refusal(desk.takes, f"{PARCEL}.weigh", case, weight_g=30_000)
    assert [(r.rule, r.params) for r in reasons] == [("probe.first", {"most_g": 20_000}), ("probe.second", {})]
    assert (parcel(company, case).weight_g, parcel(company, case).version) == (500, 1)
    entry = entries(company, case)[-1]
    assert (entry["outcome"], entry["step"], entry["actor"]) == ("denied", f"{PARCEL}.weigh", str(desk.id))
    assert entry["facts"]["case"]["weight_g"] == 500
    assert entry["facts"]["form"] == {"weight_g": 30_000}
    assert entry["facts"]["actor"]["roles"] == ["receptionist"]
    assert entry["asked"] == ["probe.first", "probe.second", "probe.third"]
    assert [(v["rule"], v["outcome"]) for v in entry["verdicts"]] == [("probe.first", "deny"), ("probe.second", "deny")]
    assert entry["rulebook"] == str(parcel(company, case).rulebook_id)
    assert entry["changes"] == {} and "faults" not in entry
    assert len(entries(east)) == before + 1


def test_a_denied_opening_uses_no_number(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    with answering(first=lambda **_f: deny(say("No room."))):
        refusal(desk.takes, f"{PARCEL}.take", weight_g=5)
    assert rows(company, Series, Series.kind == "parcel") == []
    denied = entries(east)[-1]
    assert (denied["outcome"], denied["case"]) == ("denied", None)
    assert desk.takes(f"{PARCEL}.take", weight_g=5).number == "P-2026-001"


@pytest.mark.parametrize("broken", [lambda **_f: 1 // 0, lambda **_f: None], ids=["raises", "answers nothing"])
def test_a_guard_that_is_broken_denies(company: Company, east: Office, broken: Any) -> None:
    case = taken(east)
    with answering(second=broken, third=lambda **_f: deny(say("Not this one."))):
        reasons = refusal(east.person("receptionist").takes, f"{PARCEL}.weigh", case, weight_g=7)
    assert [r.rule for r in reasons] == ["probe.second", "probe.third"]
    with speaking("en"):
        assert "could not be checked" in str(reasons[0].message) and "Tell your administrator" in str(
            reasons[0].message
        )
    assert entries(company, case)[-1]["faults"] == ["probe.second"]
    assert parcel(company, case).weight_g == 500


def test_a_guard_whose_facts_cannot_be_gathered_denies(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    desk.takes(f"{PARCEL}.take", weight_g=7)
    assert entries(east)[-1]["facts"]["shelves"] == 3
    with answering(shelves=lambda: 1 // 0):
        reasons = refusal(desk.takes, f"{PARCEL}.take", weight_g=7)
    assert [r.rule for r in reasons] == ["probe.reads"]
    assert entries(east)[-1]["faults"] == ["probe.reads"]


# -- steps inside steps ----------------------------------------------------------------------------------


def only(step: str, verdict: Any) -> Any:
    """A guard that answers so before that step alone."""
    return lambda act, **_facts: verdict() if act.step == f"{PARCEL}.{step}" else allow()


def test_a_nested_denial_becomes_the_outers_and_undoes_everything(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with answering(second=only("hand_out", lambda: 1 // 0), third=only("hand_out", lambda: deny(say("Not yet.")))):
        reasons = refusal(desk.takes, f"{PARCEL}.hand_on", case, weight_g=900)
    assert [r.rule for r in reasons] == ["probe.second", "probe.third"]
    row = parcel(company, case)
    assert (row.state, row.weight_g, row.shelf, row.version) == ("kept", 500, "low", 1)
    told = entries(company, case)
    assert [(e["step"], e["outcome"]) for e in told[1:]] == [(f"{PARCEL}.hand_on", "denied")]
    assert (told[1]["faults"], [v["rule"] for v in told[1]["verdicts"]]) == (
        ["probe.second"],
        ["probe.second", "probe.third"],
    )

    with answering(third=only("take", lambda: deny(say("One is enough.")))):
        refusal(desk.takes, f"{PARCEL}.take_two", weight_g=5)
    assert len(rows(company, Parcel)) == 1
    assert [s.last for s in rows(company, Series, Series.kind == "parcel")] == [1]


def test_a_nested_ask_becomes_the_outers(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with (
        answering(first=only("hand_out", lambda: ask("centre_head", say("The head signs.")))),
        pytest.raises(Waiting) as waits,
    ):
        desk.takes(f"{PARCEL}.hand_on", case, weight_g=900)
    assert [r.rule for r in waits.value.reasons] == ["probe.first"]
    assert [a.step for a in rows(company, Approval)] == [f"{PARCEL}.hand_on"]
    assert parcel(company, case).weight_g == 500


def test_nested_steps_build_on_what_the_outer_did(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    done = desk.takes(f"{PARCEL}.hand_on", case, weight_g=900)
    row = parcel(company, case)
    assert (row.state, row.weight_g, row.shelf, row.version) == ("out", 900, "high", 4)
    assert [n.step for n in done.nested] == [f"{PARCEL}.weigh", f"{PARCEL}.hand_out"]
    assert [e["step"] for e in entries(company, case)[1:]] == [
        f"{PARCEL}.{n}" for n in ("hand_on", "weigh", "hand_out")
    ]
    assert done.version == 4


# -- after the fact --------------------------------------------------------------------------------------


def test_the_time_of_an_act_is_taken_within_limits(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    company.later(hours=30)
    now = company.host.clock.now()
    cases = {
        "weigh": (now - timedelta(hours=1), "server"),
        "hand_out": (now.replace(tzinfo=None), "zone"),
    }
    for step, (at, word) in cases.items():
        with pytest.raises(Invalid) as invalid, speaking("en"):
            desk.takes(f"{PARCEL}.{step}", case, {"weight_g": 5} if step == "weigh" else {}, occurred_at=at)
        with speaking("en"):
            assert word in str(invalid.value.errors["occurred_at"][0])
    for at in (now + timedelta(minutes=2), now - timedelta(hours=24, seconds=1)):
        with pytest.raises(Invalid):
            desk.takes(f"{PARCEL}.hand_out", case, occurred_at=at)
    then = now - timedelta(hours=24)
    desk.takes(f"{PARCEL}.hand_out", case, occurred_at=then)
    assert parcel(company, case).handed_at == then
    entry = entries(company, case)[-1]
    assert (entry["outcome"], entry["facts"]["act"]["reported_late"]) == ("done", True)


@pytest.mark.parametrize("verdict", [lambda: deny(say("No.")), lambda: ask("centre_head", say("The head signs."))],
                         ids=["denied", "asked"])  # fmt: skip
def test_what_has_happened_is_kept_with_what_speaks_against_it(company: Company, east: Office, verdict: Any) -> None:
    desk, case = east.person("receptionist"), taken(east)
    company.later(hours=2)
    with answering(second=only("hand_out", verdict)):
        done = desk.takes(f"{PARCEL}.hand_out", case, occurred_at=company.host.clock.now() - timedelta(hours=1))
    assert (done.state, [r.rule for r in done.late]) == ("out", ["probe.second"])
    entry = entries(company, case)[-1]
    assert (entry["outcome"], entry["late"]) == ("late", ["probe.second"])
    assert rows(company, Approval) == []
    company.settle()
    told = {n.staff_id for n in rows(company, Notification, Notification.case_id == case)}
    assert east.person("site_manager").id in told


# -- a fault of the program ------------------------------------------------------------------------------


def test_a_step_that_raises_leaves_nothing(company: Company, east: Office, monkeypatch: Any) -> None:
    desk, case = east.person("receptionist"), taken(east)
    before = len(entries(east))
    monkeypatch.setattr("guanjia.steps.journal.write_all", lambda *_a: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        desk.takes(f"{PARCEL}.weigh", case, weight_g=9, key="k")
    monkeypatch.undo()
    assert (parcel(company, case).weight_g, len(entries(east)), rows(company, Answered)) == (500, before, [])


def test_what_is_used_already_is_told_in_words(company: Company, east: Office) -> None:
    site = {"code": "east", "name": "Another", "opens": "08:30", "closes": "18:00"}
    with pytest.raises(Invalid):
        company.admin.perform("tenants.site.create", None, site)


def test_a_fault_of_the_database_is_told_as_unavailable(company: Company, east: Office, monkeypatch: Any) -> None:
    def refuse(*_args: Any) -> None:
        raise OperationalError("insert", {}, Exception("disk full"))

    monkeypatch.setattr("guanjia.steps.journal.write_all", refuse)
    with pytest.raises(Unavailable) as unavailable:
        taken(east)
    monkeypatch.undo()
    assert (unavailable.value.status, rows(company, Parcel)) == (503, [])
