"""A server killed in the middle of writes: nothing acknowledged is lost, nothing is there twice.

With GUANJIA_DRILL=full: 1,000 writes by 16 clients and ten kills on each database; else a small part of it.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from drills.clients import SITES, Clients, numbers_of
from drills.running import DATABASES, FULL, Installation, installation, serving
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.steps.models import Deadline, FailedMessage, JournalEntry, Notification, OutboxMessage, Series
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.steps.intake import NUMBER

WRITES, KILLS = (1000, 10) if FULL else (64, 2)
READY_WITHIN = 5.0  # seconds
RECEIVE = "customer_service.request.receive"


@pytest.mark.parametrize("kind", DATABASES)
def test_killed_in_the_middle_of_writes(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    began, starts, half_way = time.monotonic(), [], []
    with installation(request, tmp_path, kind) as there, serving(there) as server, there.host() as host:
        clients = Clients(server, there.plan, WRITES)
        clients.start()
        for nth in range(1, KILLS + 1):
            clients.until(nth * WRITES // (KILLS + 1))
            time.sleep(random.uniform(0, 0.05))
            server.kill()
            half_way.append(_half_way(there, clients))
            starts.append(server.start())
        clients.join()
        written = time.monotonic() - began
        _until_drained(there, host)
        server.end()
        _nothing_lost_or_doubled(there, clients)
        _journal_whole(there)
        told = (
            f"{kind}: {WRITES} writes, {KILLS} kills in {written:.1f} s; ready again after {max(starts):.1f} s at most; "
            f"(under way, of these in the database) at each kill {half_way}; unanswered {clients.unanswered}, "
            f"asked to try again {clients.refused}, slowest {clients.longest:.1f} s"
        )
        print(told)
        assert max(starts) < READY_WITHIN, told
        assert clients.unanswered >= KILLS, told  # each kill hit somebody


def _half_way(there: Installation, clients: Clients) -> tuple[int, int]:
    """How many requests were under way at the kill, and how many of these are in the database all the same."""
    under_way = [write.content for write in list(clients.in_flight.values())]
    with tenant_session(there.plan.company_id) as session:
        query = select(func.count()).select_from(ServiceRequest)
        query = query.where(ServiceRequest.company_id == there.plan.company_id, ServiceRequest.content.in_(under_way))
        return len(under_way), session.scalars(query).one()


def _rows(there: Installation, model: Any, *where: Any) -> list[Any]:
    with tenant_session(there.plan.company_id) as session:
        return list(session.scalars(select(model).where(model.company_id == there.plan.company_id, *where)))


def _until_drained(there: Installation, host: Host, seconds: float = 60) -> None:
    """The running server has carried out all that was due, and given nothing up."""
    limit = time.monotonic() + seconds
    while True:
        with tenant_session(there.plan.company_id) as session:
            query = select(OutboxMessage.kind, OutboxMessage.attempts, OutboxMessage.fault).where(
                OutboxMessage.company_id == there.plan.company_id, OutboxMessage.state == "waiting",
                OutboxMessage.run_after <= host.clock.now(),
            )  # fmt: skip
            left = session.execute(query).all()
        if not left:
            break
        assert time.monotonic() < limit, f"{len(left)} messages are still due: {left[:3]}"
        time.sleep(0.2)
    assert not _rows(there, OutboxMessage, OutboxMessage.state.in_(("dead", "dropped")))
    assert not _rows(there, FailedMessage)


def _nothing_lost_or_doubled(there: Installation, clients: Clients) -> None:
    acknowledged = clients.acknowledged
    assert len(acknowledged) == WRITES
    requests = _rows(there, ServiceRequest)
    assert Counter(r.content for r in requests) == Counter(w.content for w in clients.writes)
    by_content = {r.content: r for r in requests}
    for write in clients.writes:
        row, told = by_content[write.content], acknowledged[write.key]
        assert (row.id, row.number, row.site_id) == (told.case_id, told.number, there.plan.sites[write.site])
    for site in SITES:
        site_id = there.plan.sites[site]
        own = [r.number for r in requests if r.site_id == site_id]
        assert numbers_of(own) == list(range(1, len(own) + 1))
        years = {number.split("-")[1] for number in own}
        series = _rows(there, Series, Series.site_id == site_id, Series.kind == NUMBER[0])
        assert len(years) == 1, "the drill ran over the turn of a year"
        assert [s.last for s in series] == [len(own)]
    ids = {r.id for r in requests}
    entries = [e for e in _rows(there, JournalEntry, JournalEntry.step == RECEIVE) if e.outcome == "done"]
    assert Counter(e.case_id for e in entries) == Counter(ids)
    for model in (Deadline, Notification):  # equal requests have equal effects
        per_case = Counter(row.case_id for row in _rows(there, model) if row.case_id in ids)
        assert set(per_case) == ids and len(set(per_case.values())) == 1, (model.__name__, Counter(per_case.values()))


def _journal_whole(there: Installation) -> None:
    told = there.command("journal", "verify", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    assert json.loads(told.stdout)["findings"] == []
