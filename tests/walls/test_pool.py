"""Two companies, 32 threads, a pool of four connections, errors thrown in: each answer holds its own company's rows alone,
and a connection that comes back carries nothing over.

GUANJIA_DRILL=full sends 10,000 requests; otherwise as many as a check may take.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from api_world import PASSWORD, World, world
from guanjia.db.base import db
from guanjia.db.session import system_session, tenant_session
from guanjia.steps import outbox
from guanjia.steps.context import Context
from guanjia.steps.journal import verify
from guanjia.steps.models import Tenant
from sample_api import Loan
from tenants.models import Staff

THREADS, POOL = 32, 4
REQUESTS = 10_000 if os.environ.get("GUANJIA_DRILL") == "full" else 1_200
_mood = threading.local()  # what goes wrong in this thread's next transaction


@dataclass
class House:
    """A company as its programs see it. Its mark stands in every text of its own, and in nobody else's."""

    code: str
    mark: str
    company_id: UUID
    site_id: UUID
    token: str
    loans: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    lent: set[str] = field(default_factory=set)


@dataclass
class Drill:
    """Sends requests, counts the answers and remembers what was wrong with them."""

    w: World
    houses: list[House]
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def run(self, seed: int, count: int) -> None:
        """So many requests, one after another, for both companies in turn."""
        chance = random.Random(seed)
        for _n in range(count):
            house, other = chance.sample(self.houses, 2)
            kind = chance.choices(list(KINDS), [weight for weight, _status in KINDS.values()])[0]
            try:
                answer = getattr(self, kind)(house, other, chance)
            except Exception as fault:  # a request that raises is a finding, and the thread goes on
                self.wrong.append(f"{kind}: {fault!r}")
                continue
            finally:
                _mood.wish = None
            self.look(kind, house, other, answer)

    def look(self, kind: str, house: House, other: House, answer: TestResponse) -> None:
        """Compare the answer with what this company may see, and with the statuses that may come of it."""
        body = answer.text
        with self.lock:
            self.seen[f"{kind} {answer.status_code}"] += 1
        allowed = KINDS[kind][1]
        if answer.status_code not in (*allowed, 503):
            self.wrong.append(f"{kind}: {answer.status_code} {body[:300]}")
        if other.mark in body or any(i in body for i in other.hidden):
            self.wrong.append(f"{kind} of {house.code} shows {other.code}: {body[:300]}")
        if kind == "listed" and answer.status_code == 200 and house.mark not in body:
            self.wrong.append(f"{kind} of {house.code} shows nothing: {body[:300]}")
        if kind in ("lends", "lends_once") and answer.status_code == 201:
            with self.lock:
                house.lent.add(answer.json["case_id"])

    def call(self, method: str, path: str, house: House, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {house.token}", **options.pop("headers", {})}
        return self.w.call(method, path, None, headers=headers, **options)

    def at(self, house: House) -> str:
        return f"/sites/{house.site_id}/sample_api/loan"

    # -- what is sent

    def listed(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("GET", f"{self.at(house)}?limit=5", house)

    def shown(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("GET", f"{self.at(house)}/{chance.choice(house.loans)}", house)

    def me(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("GET", chance.choice(["/me", "/sites", "/notifications"]), house)

    def theirs(self, house: House, other: House, chance: random.Random) -> TestResponse:
        """What is the other company's, or nobody's."""
        loan = chance.choice(other.loans)
        path = chance.choice(
            [f"{self.at(house)}/{loan}", self.at(other), f"{self.at(other)}/{loan}", f"{self.at(house)}/{uuid4()}"]
        )
        answer = self.call("GET", path, house)
        answer.data = answer.data.replace(loan.encode(), b"").replace(str(other.site_id).encode(), b"")  # asked with
        return answer

    def lends(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("POST", self.at(house) + "/lend", house, json={"room": f"{house.mark}-1"})

    def lends_once(self, house: House, other: House, chance: random.Random) -> TestResponse:
        form, key = {"room": f"{house.mark}-2"}, {"Idempotency-Key": str(uuid4())}
        first = self.call("POST", self.at(house) + "/lend", house, json=form, headers=key)
        again = self.call("POST", self.at(house) + "/lend", house, json=form, headers=key)
        if (first.status_code, again.status_code) == (201, 201) and first.data != again.data:
            self.wrong.append(f"lent twice under one key: {first.text} {again.text}")
        return first if first.status_code != 503 else again

    def refused(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("POST", f"{self.at(house)}/{house.loans[0]}/give_back", house, json={})

    def invalid(self, house: House, other: House, chance: random.Random) -> TestResponse:
        return self.call("POST", self.at(house) + "/lend", house, json={"room": "", "deposit_fen": "x"})

    def raises(self, house: House, other: House, chance: random.Random) -> TestResponse:
        """The program fails inside the transaction, after rows were written."""
        _mood.wish = "raise"
        return self.call("POST", self.at(house) + "/lend", house, json={"room": f"{house.mark}-never"})

    def dies(self, house: House, other: House, chance: random.Random) -> TestResponse:
        """The connection is killed inside the transaction."""
        _mood.wish = "die"
        return self.call("POST", self.at(house) + "/lend", house, json={"room": f"{house.mark}-never"})


# kind → (how often, the statuses that may come of it)
KINDS: dict[str, tuple[int, tuple[int, ...]]] = {
    "listed": (24, (200,)), "shown": (20, (200,)), "me": (20, (200,)), "theirs": (12, (404,)), "lends": (6, (201,)),
    "lends_once": (3, (201,)), "refused": (5, (422,)), "invalid": (5, (422,)), "raises": (3, (500,)), "dies": (2, ()),
}  # fmt: skip


@pytest.fixture
def w(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The sample application on PostgreSQL, with a pool of four connections and no more."""
    start = db.init_app

    def small_pool(app: Any) -> None:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
            "pool_pre_ping": True, "pool_size": POOL, "max_overflow": 0, "pool_timeout": 60,
        }  # fmt: skip
        start(app)

    monkeypatch.setattr(db, "init_app", small_pool)
    go_on = outbox.light_beacons

    def go_wrong(session: Any, host: Any) -> None:
        go_on(session, host)
        wish = getattr(_mood, "wish", None)
        if wish == "raise":
            raise RuntimeError("on purpose, inside the transaction")
        if wish == "die":
            session.connection().execute(text("select pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(outbox, "light_beacons", go_wrong)
    with world(request, tmp_path, "postgresql") as made:
        yield made


def houses_of(w: World) -> list[House]:
    """Both companies with a site, somebody at the desk, and a few loans."""
    with system_session() as session:
        ids = {tenant.code: tenant.id for tenant in session.scalars(select(Tenant))}
    with tenant_session(ids["other"]) as session:
        query = select(Staff.id).where(Staff.company_id == ids["other"], Staff.account == "anna")
        admin = Context(w.host, ids["other"], session.scalars(query).one())
    site = admin.perform(
        "tenants.site.create", None, {"code": "lake", "name": "OTHERS", "opens": "08:30", "closes": "18:00"}
    )
    w.do("tenants.site.change", w.sites["lake"], code="lake", name="DEMOS", opens="08:30", closes="18:00")
    desk = admin.perform("tenants.staff.create", None, {
        "account": "desk", "name": "OTHERS desk", "password": PASSWORD, "must_change_password": False}).case_id  # fmt: skip
    admin.perform("tenants.assignment.create", None, {
        "staff_id": str(desk), "role_key": "receptionist", "scope_id": str(site.case_id)})  # fmt: skip
    found = [
        House("demo", "DEMOS", ids["demo"], w.sites["lake"], w.token("anna")),
        House("other", "OTHERS", ids["other"], site.case_id, w.token("desk", "other")),
    ]
    drill = Drill(w, found)
    for house in found:
        for n in range(8):
            form = {"room": f"{house.mark}-{n}", "deposit_fen": 60_000}
            answer = drill.call("POST", drill.at(house) + "/lend", house, json=form)
            house.loans.append(answer.json["case_id"])
        house.hidden = {*house.loans, str(house.company_id), str(house.site_id)}
    return found


def kill_now_and_then(stop: threading.Event) -> None:
    """Connections die while they lie in the pool, or while somebody uses them."""
    chance = random.Random(5)
    others = (
        "select pid from pg_stat_activity"
        " where usename = current_user and datname = current_database() and pid <> pg_backend_pid()"
    )
    while not stop.wait(0.5):
        with contextlib.suppress(DBAPIError), db.engine.connect() as connection:
            pids = list(connection.scalars(text(others)))
            if pids:
                connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": chance.choice(pids)})


def test_pooled_connections_carry_nothing_over(w: World) -> None:
    houses = houses_of(w)
    drill = Drill(w, houses)
    app, stop = w.app, threading.Event()

    def thread(seed: int) -> None:
        drill.run(seed, REQUESTS // THREADS)

    def killer() -> None:
        with app.app_context():
            kill_now_and_then(stop)

    killing = threading.Thread(target=killer)
    threads = [threading.Thread(target=thread, args=(seed,)) for seed in range(THREADS)]
    began = time.monotonic()
    for one in (killing, *threads):
        one.start()
    for one in threads:
        one.join(560)
    stop.set()
    killing.join(30)
    took = time.monotonic() - began
    assert not any(one.is_alive() for one in threads)
    assert drill.wrong == []
    assert sum(drill.seen.values()) == REQUESTS // THREADS * THREADS
    print(f"{sum(drill.seen.values())} requests in {took:.1f} s: {dict(sorted(drill.seen.items()))}")
    for kind, (_weight, statuses) in KINDS.items():
        assert all(drill.seen[f"{kind} {status}"] for status in (statuses or (503,))), (kind, drill.seen)
    _bare_connections_are_nobodys()
    for house in houses:
        with tenant_session(house.company_id) as session:
            query = select(Loan.id, Loan.room).where(Loan.company_id == house.company_id)
            rooms = {str(row.id): row.room for row in session.execute(query)}
            assert all(room.startswith(house.mark) and not room.endswith("never") for room in rooms.values())
            assert house.lent and house.lent < set(rooms)  # nothing that was answered is lost
            assert list(verify(session)) == []


def _bare_connections_are_nobodys() -> None:
    """Every connection of the pool at once: no company is set, no transaction is open, no row is seen."""
    engine = db.engine.execution_options(walls_down="to see that a bare connection is nobody's")
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(engine.connect()) for _n in range(POOL)]
        pids = set()
        for connection in connections:
            pid, setting = connection.execute(
                text("select pg_backend_pid(), current_setting('app.company_id', true)")
            ).one()
            pids.add(pid)
            assert not setting
            for table in ("tenants_site", "sample_api_loan", "guanjia_journal", "guanjia_answered"):
                policy = connection.scalar(text("select relrowsecurity from pg_class where relname = :t"), {"t": table})
                assert not policy or connection.scalar(text(f"select count(*) from {table}")) == 0, table
        assert len(pids) == POOL
