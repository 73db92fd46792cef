"""A plugin that fails: the step, page or job that needs it is told so, the rest is served, and the fault is counted and shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from guanjia.errors import PluginFailed
from guanjia.rules import watch
from guanjia.rules.watch import RuleTimeout, within
from guanjia.sdk import Notify, deny
from guanjia.steps.gather import judge
from guanjia.steps.models import OutboxMessage
from guanjia.steps.view import view_case
from guanjia.testing import refusal
from guanjia.words import speaking
from office import Company, Office
from probe import PARCEL, answering, entries, parcels, plugin, rows, say


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels, and the limit of time that an installation has."""
    probed.host.config = replace(probed.host.config, rule_seconds=2)
    return probed


@pytest.fixture(autouse=True)
def asked_again() -> Iterator[None]:
    """No rule rests from the test before."""
    watch.ask_again()
    yield
    watch.ask_again()


def take(office: Office, **form: Any) -> Any:
    return office.person("receptionist").takes(f"{PARCEL}.take", weight_g=500, **form)


def counted(company: Company) -> dict[tuple[str, str], int]:
    """What stands in the company's table: (kind, subject) → how often."""
    company.host.faults.flush(at_once=True)
    with company.admin.reading() as loader:
        return {(row.kind, row.subject): row.count for row in company.host.faults.of_company(loader.session)}


def boom(*_args: Any, **_facts: Any) -> Any:
    raise ZeroDivisionError("with a secret value in it")


def endless(*_args: Any, **_facts: Any) -> Any:
    while True:
        pass


# -- the limit of time -----------------------------------------------------------------------------------


def test_a_call_that_ends_in_time_is_not_touched() -> None:
    assert within(5, lambda: 7) == within(0, lambda: 7) == 7
    with pytest.raises(KeyError):
        within(5, {}.__getitem__, "x")


@pytest.mark.parametrize("call", [endless, lambda: time.sleep(0.6)], ids=["loop", "sleep"])
def test_a_call_that_does_not_end_is_broken_off(call: Callable[[], Any]) -> None:
    start = time.monotonic()
    with pytest.raises(RuleTimeout):
        within(0.2, call)
    assert time.monotonic() - start < 5


def test_a_call_that_catches_everything_is_broken_off_all_the_same() -> None:
    caught = []

    def stubborn() -> None:
        while len(caught) < 2:
            try:
                endless()
            except BaseException as error:
                caught.append(error)
        endless()

    with pytest.raises(RuleTimeout):
        within(0.2, stubborn)
    assert len(caught) == 2


def test_nothing_of_a_limit_comes_after_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that end just when their time does, in several threads: what was raised late is taken back."""
    monkeypatch.setattr(watch, "LOOK_EVERY", 0.0005)
    strays: list[BaseException] = []
    broken = []

    def work() -> None:
        try:
            for _ in range(150):
                try:
                    within(0.002, _spin, time.monotonic() + 0.002)
                except RuleTimeout as late:
                    broken.append(late)
                _spin(time.monotonic() + 0.0002)
        except BaseException as stray:
            strays.append(stray)

    def _spin(end: float) -> None:
        while time.monotonic() < end:
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert strays == []
    assert watch._under_way == {}


# -- guards ----------------------------------------------------------------------------------------------


def test_a_guard_that_raises_denies_by_name_and_is_counted(company: Company, east: Office) -> None:
    with answering(second=boom):
        (reason,) = refusal(take, east)
        assert refusal(take, east)
    assert reason.rule == "probe.second"
    with speaking("en"):
        assert "headquarters can turn the rule off until it is mended" in str(reason.message)
    assert counted(company) == {("guard", "probe.second"): 2}
    (fault,) = company.host.faults.rows()
    assert (fault.plugin, fault.kind, fault.subject, fault.count) == ("probe", "guard", "probe.second", 2)
    assert fault.error.startswith("ZeroDivisionError") and "secret" not in fault.error
    assert take(east).state == "kept"


def test_a_guard_that_answers_with_something_else_denies(company: Company, east: Office) -> None:
    with answering(second=lambda **_facts: True):
        assert [reason.rule for reason in refusal(take, east)] == ["probe.second"]
    assert counted(company) == {("guard", "probe.second"): 1}


def test_a_guard_that_hangs_ends_with_a_message_while_the_rest_is_served(
    company: Company, east: Office, west: Office
) -> None:
    assert company.host.config.rule_seconds == 2
    seen: list[Any] = []
    clerk, done = west.person("receptionist"), threading.Event()

    def others() -> None:
        with company.app.app_context():
            while not done.is_set():
                with clerk.context.reading() as loader:  # reads go on
                    seen.append(judge(loader, parcels, parcels.steps["weigh"], _no_rules(loader), None, {},
                                      actor_id=clerk.id, now=loader.now)[1].denials)  # fmt: skip
                time.sleep(0.05)

    def only_east(**facts: Any) -> Any:
        return endless() if facts["actor"].id == east.person("receptionist").id else deny(say("No."))

    thread = threading.Thread(target=others)
    thread.start()
    try:
        with answering(first=only_east, second=lambda **_f: deny(say("Second."))):
            start = time.monotonic()
            reasons = refusal(take, east)
            took = time.monotonic() - start
            assert [reason.rule for reason in reasons] == ["probe.first", "probe.second"]  # the others are still asked
            with speaking("en"):
                assert "did not answer in time" in str(reasons[0].message)
            assert took < 8
            start = time.monotonic()
            assert [reason.rule for reason in refusal(take, east)] == ["probe.first", "probe.second"]
            assert time.monotonic() - start < 1.5  # it rests: nobody waits for it again, and no lock is held for it
    finally:
        done.set()
        thread.join()
    assert len(seen) > 10 and not any(seen)
    watch.ask_again()
    assert take(east).state == "kept"
    assert counted(company)["guard", "probe.first"] == 2
    body = [entry for entry in entries(east) if entry.get("faults")]
    assert [entry["faults"] for entry in body] == [["probe.first"], ["probe.first"]]


def _no_rules(loader: Any) -> Any:
    from guanjia.rules.rulebook import Rulebook

    return loader.host.rulebooks.plan(Rulebook.of([]))


# -- facts -----------------------------------------------------------------------------------------------


def test_facts_of_a_flow_that_cannot_be_had_deny_its_steps_but_the_case_can_be_read(
    company: Company, east: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, desk = take(east).case_id, east.person("receptionist")
    monkeypatch.setattr(parcels, "facts", boom)
    (reason,) = refusal(desk.takes, f"{PARCEL}.weigh", case, weight_g=5)
    with speaking("en"):
        assert str(reason.message).startswith('The module "Parcels" has a fault here')
    with desk.context.reading() as loader:
        view = view_case(loader, desk.context, parcels, case)
    assert view.steps and not any(button.enabled for button in view.steps)
    assert counted(company) == {("facts", PARCEL): 2}
    monkeypatch.undo()
    assert desk.takes(f"{PARCEL}.weigh", case, weight_g=5).state == "kept"


def test_facts_that_a_rule_brings_and_cannot_be_had_deny_in_the_rules_name(company: Company, east: Office) -> None:
    with answering(shelves=boom):
        assert [reason.rule for reason in refusal(take, east)] == ["probe.reads"]
    assert counted(company) == {("facts", "probe.reads"): 1, ("guard", "probe.reads"): 1}


def test_facts_that_take_too_long_deny(company: Company, east: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case, desk = take(east).case_id, east.person("receptionist")
    monkeypatch.setattr(parcels, "facts", endless)
    (reason,) = refusal(desk.takes, f"{PARCEL}.weigh", case, weight_g=5)
    with speaking("en"):
        assert "did not answer in time" in str(reason.message)
    assert counted(company) == {("facts", PARCEL): 1}


# -- what follows a step ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [boom, endless, lambda _event: ["no command"]], ids=["raises", "hangs", "odd"])
def test_a_reaction_that_fails_undoes_nothing_and_is_counted(company: Company, east: Office, answer: Any) -> None:
    case, worker = take(east).case_id, east.person("receptionist")
    with answering(told=answer):
        assert worker.takes(f"{PARCEL}.weigh", case, weight_g=5).state == "kept"
    assert counted(company) == {("reaction", "probe.told"): 1}
    with answering(told=lambda _event: [Notify(message=say("Weighed."), roles=("site_manager",))]):
        worker.takes(f"{PARCEL}.weigh", case, weight_g=6)
    assert counted(company) == {("reaction", "probe.told"): 1}


def test_a_deadline_that_fails_holds_the_step_back(
    company: Company, east: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from probe import shelf

    function = shelf.deadlines[0]
    monkeypatch.setattr(
        type(function), "__call__", lambda self, *a, **k: boom() if self is function else _call(self, *a, **k)
    )
    (reason,) = refusal(take, east)
    assert reason.rule == "probe.shelf"
    assert counted(company) == {("deadline", "probe.shelf"): 1}
    monkeypatch.undo()
    assert take(east).state == "kept"


def _call(function: Any, facts: Any, params: Any, **extra: Any) -> Any:
    values = {name: facts[name] for name in function.groups}
    if function.wants_params:
        values["params"] = params
    return function.call(**values, **{k: v for k, v in extra.items() if k in function.options["extra"]})


def test_a_duty_that_raises_keeps_no_other_from_being_made(company: Company) -> None:
    with answering(daily=boom):
        company.later(days=1)
    assert counted(company)["duty", "probe.daily"] >= 1
    (round_of_the_day,) = [m for m in rows(company, OutboxMessage) if m.kind == "duties" and m.state == "waiting"]
    assert round_of_the_day.run_after > company.host.clock.now()  # the round was carried out, and the next one waits


def test_a_job_that_raises_is_tried_again_and_counted(
    company: Company, east: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.db.session import tenant_session
    from guanjia.manifest import Job
    from guanjia.steps import outbox

    host = company.host
    monkeypatch.setitem(host.jobs, "probe.sweep", Job("probe.sweep", boom))
    with tenant_session(company.plan.company_id, write=True) as session:
        outbox.schedule(session, host, "job", {"job": "probe.sweep"}, at=host.clock.now())
        outbox.light_beacons(session, host)
        session.commit()
    company.settle()
    take(east)
    assert counted(company) == {("job", "probe.sweep"): 1}
    (row,) = [m for m in rows(company, OutboxMessage) if m.payload.get("job") == "probe.sweep"]
    assert (row.state, row.attempts) == ("waiting", 1)


def test_old_faults_are_forgotten(company: Company, east: Office) -> None:
    with answering(second=boom):
        refusal(take, east)
    assert counted(company)
    company.host.clock.set(company.host.clock.now().replace(year=2027))
    company.host.faults.forget_old(company.plan.company_id)
    assert counted(company) == {}


def test_a_fault_of_one_company_is_not_shown_to_another(company: Company, east: Office) -> None:
    with answering(second=boom):
        refusal(take, east)
    assert counted(company)
    with company.rival_admin.reading() as loader:
        assert company.host.faults.of_company(loader.session) == []


def test_a_fault_in_the_hosts_own_program_is_nobodys(company: Company) -> None:
    error = ValueError("x")
    assert company.host.faults.note("page", "somewhere", error) is None
    assert company.host.faults.rows() == []
    told = company.host.faults.failed("page", "probe.x", error, company.plan.company_id, plugin.key)
    assert isinstance(told, PluginFailed)
