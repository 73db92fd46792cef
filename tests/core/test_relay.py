"""What is carried out after the commit: at least once, in effect once, in order, and never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from guanjia.db.session import system_session, tenant_session
from guanjia.jobs.duties import make_periodic
from guanjia.jobs.handlers import HANDLERS
from guanjia.jobs.relay import MAX_ATTEMPTS
from guanjia.sdk import MakeTask, Notify, Owed, Perform, allow, ask, deny
from guanjia.steps import outbox
from guanjia.steps.models import Approval, Beacon, Notification, OutboxMessage, Task
from guanjia.testing import refusal, run_timers
from office import Company, Office
from probe import PARCEL, Parcel, answering, entries, rows, say

TAKE, WEIGH = f"{PARCEL}.take", f"{PARCEL}.weigh"


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels; the template's own messages are carried out."""
    probed.settle()
    return probed


@pytest.fixture
def calls(monkeypatch: Any) -> Iterator[Calls]:
    """Messages of the kind `probe`, which a test's handler gets."""
    found = Calls()
    monkeypatch.setitem(HANDLERS, "probe", found)
    yield found


class Calls:
    """A handler that keeps what it was given, in order."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.act: Callable[[OutboxMessage], None] = lambda _row: None
        self._lock = threading.Lock()

    def __call__(self, _host: Any, company_id: UUID, row: OutboxMessage) -> None:
        with self._lock:
            self.seen.append(row.payload["n"])
        self.act(row)


def post(company: Company, n: int, *, at: datetime | None = None, of: UUID | None = None) -> UUID:
    """A message `n` of the kind `probe` is due at the moment."""
    with tenant_session(of or company.plan.company_id, write=True) as session:
        row = outbox.schedule(session, company.host, "probe", {"n": n}, at=at or company.host.clock.now())
        outbox.light_beacons(session, company.host)
        session.commit()
        assert row is not None
        return row.id


def message(company: Company, found: UUID) -> OutboxMessage:
    return rows(company, OutboxMessage, OutboxMessage.id == found)[0]


def beacons() -> list[tuple[UUID, datetime]]:
    with system_session() as session:
        return [(b.company_id, b.due_at) for b in session.scalars(select(Beacon).order_by(Beacon.due_at))]


def taken(office: Office) -> UUID:
    return office.person("receptionist").takes(TAKE, weight_g=500).case_id


# -- once in effect --------------------------------------------------------------------------------------


def deliver_again(company: Company, kind: str) -> int:
    """Every message of the kind is delivered anew, as after a worker that was killed before it could say that it is done."""
    company.settle()
    with tenant_session(company.plan.company_id, write=True) as session:
        query = select(OutboxMessage).where(OutboxMessage.company_id == session.company_id, OutboxMessage.kind == kind)
        found = session.scalars(query.where(OutboxMessage.state == "done")).all()
        for row in found:
            row.state, row.attempts = "waiting", 1
            session.add(
                Beacon(id=company.host.ids.new(), company_id=session.company_id, due_at=company.host.clock.now())
            )
        session.commit()
    company.settle()
    return len(found)


def test_messages_delivered_twice_take_effect_once(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    done = {"Notify": Notify(message=say("Weighed."), roles=("site_manager",)),
            "MakeTask": MakeTask(title=say("Look at it"), role="receptionist", due_at=company.host.clock.now() + timedelta(hours=1)),
            "Perform": Perform(step=TAKE, form={"weight_g": 7})}  # fmt: skip
    with answering(told=lambda _event: list(done.values())):
        desk.takes(WEIGH, case, weight_g=6)
        company.settle()
        for kind in done:
            before = _effects(company)
            assert deliver_again(company, kind) >= 1
            assert _effects(company) == before, kind
    notices, tasks, parcels = _effects(company)
    assert (notices > 0, tasks, parcels) == (True, 1, 2)
    company.later(hours=2)
    before, journaled = _effects(company), len(entries(east))
    assert deliver_again(company, "task_due") == 1
    assert (_effects(company), len(entries(east))) == (before, journaled)
    company.later(hours=48)
    journaled = len(entries(east))
    assert deliver_again(company, "deadline") == 2
    assert len(entries(east)) == journaled


def _effects(company: Company) -> tuple[int, int, int]:
    return tuple(len(rows(company, model)) for model in (Notification, Task, Parcel))  # type: ignore[return-value]


def test_a_message_that_two_workers_carry_out_at_once_takes_effect_once(company: Company, east: Office) -> None:
    """The lease ran out on a worker that was slow, not dead: both act, one counts."""
    with answering(told=lambda _event: [Perform(step=TAKE, form={"weight_g": 7})]):
        east.person("receptionist").takes(WEIGH, taken(east), weight_g=6)
    found = next(m for m in rows(company, OutboxMessage, OutboxMessage.state == "waiting") if m.kind == "Perform")
    gate = threading.Barrier(3)

    def work() -> None:
        with company.app.app_context():
            gate.wait(20)
            HANDLERS["Perform"](company.host, company.plan.company_id, found)

    _threads(work, 3)
    company.settle()
    assert len(rows(company, Parcel)) == 2
    assert message(company, found.id).state == "done"


def test_a_message_in_hand_is_left_alone_while_its_lease_runs(company: Company, calls: Calls) -> None:
    """Handed over twice, three workers begin at once: one of them has it, the others go on."""
    found, begun, may_end = post(company, 1), threading.Event(), threading.Event()

    def hold(_row: OutboxMessage) -> None:
        begun.set()
        assert may_end.wait(20)

    calls.act = hold

    def work() -> None:
        with company.app.app_context():
            company.host.relay.carry_out(company.plan.company_id, found)

    first = threading.Thread(target=work)
    first.start()
    assert begun.wait(20)
    _threads(work, 2)
    may_end.set()
    first.join(20)
    assert (calls.seen, message(company, found).state, message(company, found).attempts) == ([1], "done", 1)


def _threads(work: Callable[[], None], many: int) -> None:
    threads = [threading.Thread(target=work) for _n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert not any(thread.is_alive() for thread in threads)


def test_two_relays_at_once_carry_each_message_out_once(company: Company, calls: Calls) -> None:
    found = [post(company, n) for n in range(70)]  # more than one batch
    gate = threading.Barrier(2)

    def work() -> None:
        with company.app.app_context():
            gate.wait(20)
            company.host.relay.run_due()

    _threads(work, 2)
    assert sorted(calls.seen) == list(range(70))
    assert {message(company, i).state for i in found} == {"done"}


# -- faults ----------------------------------------------------------------------------------------------


def test_a_handler_that_raises_is_tried_again_ever_later_and_then_left_as_dead(company: Company, calls: Calls) -> None:
    calls.act = lambda _row: 1 // 0
    found = post(company, 1)
    waits = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        company.settle()
        row = message(company, found)
        assert (row.attempts, len(calls.seen), row.leased_until) == (attempt, attempt, None)
        assert "ZeroDivisionError" in row.fault
        if attempt < MAX_ATTEMPTS:
            assert row.state == "waiting"
            waits.append(row.run_after - company.host.clock.now())
            company.settle()
            assert len(calls.seen) == attempt  # not before its time
            company.host.clock.set(row.run_after)
    assert message(company, found).state == "dead"
    assert waits == sorted(set(waits)) and waits[0] >= timedelta(seconds=10)
    company.later(days=2)
    assert len(calls.seen) == MAX_ATTEMPTS


def test_a_fault_stops_no_other_message(company: Company, calls: Calls) -> None:
    calls.act = lambda row: 1 // (row.payload["n"] - 1)
    found = [post(company, n) for n in range(3)]
    theirs = post(company, 9, of=company.plan.other_id)
    company.settle()
    assert [message(company, i).state for i in found] == ["done", "waiting", "done"]
    assert rows(company, OutboxMessage, OutboxMessage.id == theirs, of=company.plan.other_id)[0].state == "done"
    calls.act = lambda _row: None
    company.later(minutes=2)
    assert (message(company, found[1]).state, message(company, found[1]).fault) == ("done", "")


def test_an_unknown_kind_is_shown_and_not_lost(company: Company, calls: Calls, monkeypatch: Any) -> None:
    found = post(company, 1)
    monkeypatch.delitem(HANDLERS, "probe")
    company.settle()
    row = message(company, found)
    assert row.state == "waiting" and "probe" in row.fault


class Killed(BaseException):
    """The worker's process is gone."""


def test_what_a_killed_worker_held_is_picked_up_when_its_lease_ends(company: Company, calls: Calls) -> None:
    def die(_row: OutboxMessage) -> None:
        raise Killed

    calls.act = die
    found = post(company, 1)
    with pytest.raises(Killed):
        company.settle()
    calls.act = lambda _row: None
    company.settle()  # another worker looks in vain: the lease still runs
    assert (calls.seen, message(company, found).state) == ([1], "waiting")
    run_timers(company.host, company.host.clock.now() + company.host.relay.lease - timedelta(seconds=1))
    assert calls.seen == [1]
    run_timers(company.host, company.host.clock.now() + timedelta(seconds=2))
    assert (calls.seen, message(company, found).state) == ([1, 1], "done")
    assert [at for _company, at in beacons() if at <= company.host.clock.now()] == []


# -- the transaction -------------------------------------------------------------------------------------


def test_a_rolled_back_step_leaves_no_message(company: Company, east: Office, monkeypatch: Any) -> None:
    case = taken(east)
    company.settle()
    before = (len(rows(company, OutboxMessage)), beacons())
    tell = answering(told=lambda _event: [Notify(message=say("Weighed."), roles=("site_manager",))])
    with tell, answering(second=lambda **_f: deny(say("No."))):
        refusal(east.person("receptionist").takes, WEIGH, case, weight_g=6)
    monkeypatch.setattr("guanjia.steps.journal.write", lambda *_a: 1 // 0)
    with answering(told=lambda _event: [Perform(step=TAKE, form={"weight_g": 1})]), pytest.raises(ZeroDivisionError):
        east.person("receptionist").takes(WEIGH, case, weight_g=6)
    assert (len(rows(company, OutboxMessage)), beacons()) == before


def test_beacons_are_gone_once_their_messages_are_done(company: Company, calls: Calls) -> None:
    now = company.host.clock.now()
    later = now + timedelta(hours=1)
    before = [b for b in beacons() if b[1] <= later]
    post(company, 1)
    post(company, 2, at=later)
    company.settle()
    assert [b for b in beacons() if b[1] <= later] == [*before, (company.plan.company_id, later)]
    assert company.host.relay.next_due() == later
    company.later(hours=1)
    assert calls.seen == [1, 2]
    assert [b for b in beacons() if b[1] <= later] == []


def test_timers_fire_in_order_whoever_set_them_first(company: Company, calls: Calls) -> None:
    now, seen = company.host.clock.now(), []
    calls.act = lambda row: seen.append((row.payload["n"], company.host.clock.now() - now))
    for n, minutes in ((3, 30), (1, 10), (4, 40), (2, 20)):
        post(company, n, at=now + timedelta(minutes=minutes), of=company.plan.other_id if n == 2 else None)
    company.later(minutes=35)
    assert seen == [(n, timedelta(minutes=10 * n)) for n in (1, 2, 3)]
    company.host.clock.set(now + timedelta(hours=12))  # nobody ran for half a day: still in order, and each once
    for n, hours in ((7, 9), (5, 2), (6, 4)):
        post(company, n, at=now + timedelta(hours=hours))
    company.settle()
    assert [n for n, _at in seen] == [1, 2, 3, 4, 5, 6, 7]


# -- notices ---------------------------------------------------------------------------------------------


def told(company: Company, case: UUID, rule: str = "probe.told") -> list[UUID]:
    """Who got a notice about the case by that rule, in order."""
    company.settle()
    found = rows(company, Notification, Notification.case_id == case, Notification.rule == rule)
    return [n.staff_id for n in sorted(found, key=lambda n: (n.at, n.id))]


def second(company: Company, office: Office, role: str) -> UUID:
    """Another holder of the role at the office."""
    staff = company.admin.perform("tenants.staff.create", None, {
        "account": f"second-{role}", "name": "Second", "password": "a long test password", "must_change_password": False,
        "home_site_id": str(office.id)}).case_id  # fmt: skip
    company.admin.perform("tenants.assignment.create", None, {
        "staff_id": str(staff), "role_key": role, "scope_id": str(office.id)})  # fmt: skip
    return staff


def test_a_notice_to_a_role_goes_to_whoever_handled_the_case(company: Company, east: Office, west: Office) -> None:
    worker, other = east.person("repair_technician"), second(company, east, "repair_technician")
    untouched, handled = taken(east), taken(east)
    worker.takes(f"{PARCEL}.note", handled, note="mine")
    with answering(told=lambda _event: [Notify(message=say("Weighed."), roles=("repair_technician",))]):
        east.person("receptionist").takes(WEIGH, untouched, weight_g=6)
        east.person("receptionist").takes(WEIGH, handled, weight_g=6)
    assert sorted(told(company, untouched), key=str) == sorted([worker.id, other], key=str)
    assert told(company, handled) == [worker.id]
    assert west.person("repair_technician").id not in {n.staff_id for n in rows(company, Notification)}


def test_nobody_is_told_of_the_own_act_unless_it_is_urgent(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east)
    with answering(told=lambda _event: [Notify(message=say("Weighed."), staff=(desk.id,), roles=("receptionist",))]):
        desk.takes(WEIGH, case, weight_g=6)
    assert told(company, case) == []
    with answering(told=lambda _event: [Notify(message=say("Weighed."), staff=(desk.id,), urgent=True)]):
        desk.takes(WEIGH, case, weight_g=7)
    assert told(company, case) == [desk.id]


def test_a_repeated_notice_goes_on_until_the_matter_is_settled(company: Company, east: Office) -> None:
    desk, manager, case = east.person("receptionist"), east.person("site_manager"), taken(east)
    again = Notify(message=say("Still here."), roles=("site_manager",), unless=(f"{PARCEL}.hand_out",), repeat_hours=2,
                   at=company.host.clock.now() + timedelta(hours=1))  # fmt: skip
    with answering(told=lambda _event: [again]):
        desk.takes(WEIGH, case, weight_g=6)
    assert told(company, case) == []
    for hours, many in ((1, 1), (1, 1), (1, 2), (2, 3)):
        company.later(hours=hours)
        assert told(company, case) == [manager.id] * many
    desk.takes(f"{PARCEL}.hand_out", case)
    company.later(hours=20)
    assert told(company, case) == [manager.id] * 3
    assert [
        m for m in rows(company, OutboxMessage, OutboxMessage.state == "waiting") if m.payload.get("case") == str(case)
    ] == []


@pytest.mark.parametrize("weighed_again", [False, True])
def test_the_step_that_made_a_later_notice_does_not_settle_it(
    company: Company, east: Office, weighed_again: bool
) -> None:
    """It is due until the parcel is weighed the next time."""
    desk, manager, case = east.person("receptionist"), east.person("site_manager"), taken(east)
    later = company.host.clock.now() + timedelta(hours=1)
    notice = Notify(message=say("Weigh it again."), roles=("site_manager",), unless=(WEIGH,), at=later)
    with answering(told=lambda _event: [notice]):
        desk.takes(WEIGH, case, weight_g=6)
    if weighed_again:
        company.host.clock.move(timedelta(minutes=1))
        desk.takes(WEIGH, case, weight_g=7)
    run_timers(company.host, later)
    assert told(company, case) == ([] if weighed_again else [manager.id])


# -- reactions -------------------------------------------------------------------------------------------


def test_a_reaction_that_raises_undoes_nothing_and_is_noted(company: Company, east: Office) -> None:
    case = taken(east)
    with answering(told=lambda _event: 1 // 0):
        east.person("receptionist").takes(WEIGH, case, weight_g=6)
    assert rows(company, Parcel)[0].weight_g == 6
    assert entries(company, case)[-1]["notes"]["reaction_faults"] == ["probe.told"]


def test_a_reaction_acts_as_the_system_under_the_guards(company: Company, east: Office) -> None:
    """Permission is not asked, guards are; a denial is journaled and the message tried again."""
    case = taken(east)
    with answering(told=lambda event: [Perform(step=f"{PARCEL}.lose", case_id=event.case_id)],
                   third=lambda act, actor, **_f: deny(say("Not by itself.")) if act.step.endswith("lose") else allow()):  # fmt: skip
        east.person("repair_technician").takes(WEIGH, case, weight_g=6)
        company.settle()
        denied = entries(company, case)[-1]
        assert (denied["outcome"], denied["actor"], denied["via"]) == ("denied", None, "job")
        assert denied["cause"].startswith(f"step:{WEIGH}")
    company.later(minutes=5)
    assert rows(company, Parcel)[0].state == "lost"


def test_a_step_of_a_reaction_that_waits_for_a_signature_has_not_failed(company: Company, east: Office) -> None:
    case = taken(east)
    with answering(told=lambda event: [Perform(step=f"{PARCEL}.hand_out", case_id=event.case_id)],
                   third=lambda act, **_f: ask("site_manager", say("Sign.")) if act.step.endswith("hand_out") else allow()):  # fmt: skip
        east.person("receptionist").takes(WEIGH, case, weight_g=6)
        company.settle()
        found = next(m for m in rows(company, OutboxMessage, OutboxMessage.kind == "Perform"))
        assert (found.state, found.fault) == ("done", "")
        assert deliver_again(company, "Perform") == 1
        waiting = rows(company, Approval, Approval.target_id == case)
        assert [a.state for a in waiting] == ["waiting"]
        east.person("site_manager").takes("guanjia.approval.grant", waiting[0].id)
        company.settle()
    assert rows(company, Parcel)[0].state == "out"


# -- periodic work ------------------------------------------------------------------------------------


def test_periodic_duties_are_made_once_a_period_at_each_site(company: Company, east: Office, west: Office) -> None:
    west.switch("probe.daily", on=False)
    with answering(daily=lambda period: Owed(title=say("Look at the shelf"), role="receptionist")):
        company.later(days=2)
        made = sorted((t.period, t.site_id) for t in rows(company, Task, Task.rule == "probe.daily"))
        assert made == [("2026-11-17", east.id), ("2026-11-18", east.id)]
        assert make_periodic(company.host, company.plan.company_id, company.host.clock.now()) == 0
    assert [t.opened_at.isoformat() for t in rows(company, Task, Task.rule == "probe.daily")][0].startswith(
        "2026-11-16T16:05"
    )
    assert rows(company, Task, Task.rule == "probe.daily", of=company.plan.other_id)  # each company its own
