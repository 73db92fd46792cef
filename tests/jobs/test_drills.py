"""Redis stopped under load, Redis emptied, a worker killed: nothing is lost, nothing takes effect twice, reads go on.

GUANJIA_DRILL=full makes each drill as long and as large as docs/operations.md reports it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from jobs.plant import FULL, Plant, Process, Visitor, running, wait_for

OUTAGE = 60 if FULL else 2  # seconds
WAITING = 1000 if FULL else 200
KILLED_AMONG = 200 if FULL else 100
SWEEP, LEASE = (60, 60) if FULL else (1, 3)  # seconds
PATIENCE = 240 if FULL else 60
WORKERS = 2


@dataclass
class Drill:
    """The installation with its processes."""

    plant: Plant
    crew: Process

    def report(self, what: str, seconds: float, visitor: Visitor) -> None:
        """Told with `pytest -s`: the figures for docs/operations.md."""
        print(f"\n{what}: {seconds:.1f} s, {dict(visitor.answers)}, slowest {visitor.slowest:.2f} s")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def drill(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Relay and two workers on one database, and a web server here; at the end each ends when it is told to."""
    folder = tmp_path_factory.mktemp("drill")
    settings = {"GUANJIA_MESSAGE_SWEEP": str(SWEEP), "GUANJIA_MESSAGE_LEASE": str(LEASE)}
    with running(request, folder, request.param, **settings) as plant:
        crew = plant.start("worker", "--workers", str(WORKERS))
        plant.serve_here()
        plant.workers(crew, WORKERS)
        yield Drill(plant, crew)
        assert crew.end() == 0, crew.said()
        assert crew.children() == []


def settled(drill: Drill, ids: list, visitor: Visitor) -> None:
    """All took effect, each once; whoever read or took a step meanwhile met no fault, and no step of theirs is lost."""
    assert visitor.faults == []
    assert drill.plant.effects(ids) == Counter({1: len(ids)})


def test_a_redis_that_stops_under_load_stops_nobody(drill: Drill) -> None:
    plant, before = drill.plant, drill.plant.notes_of_people()
    ids = plant.post(50)
    began = time.monotonic()
    with Visitor(plant) as visitor:
        wait_for(lambda: plant.done(ids) > 5, PATIENCE, drill.crew.said())
        plant.stop_redis()
        during = []
        ends = time.monotonic() + OUTAGE
        while time.monotonic() < ends:
            during += plant.post(4)
            time.sleep(0.3)
        done_meanwhile = plant.done(during)
        plant.start_redis()
        ids += during + plant.post(20)
        plant.wait_done(ids, PATIENCE)
    drill.report(f"Redis away for {OUTAGE} s, {len(ids)} messages", time.monotonic() - began, visitor)
    settled(drill, ids, visitor)
    assert plant.notes_of_people() - before == visitor.answers["step", 200] > 0
    assert done_meanwhile > 0, "the relay carries out what it cannot hand over"
    plant.workers(drill.crew, WORKERS)  # whoever ended with Redis is there again
    after = plant.post(2)
    plant.wait_done(after, PATIENCE)


def test_a_redis_that_is_emptied_loses_nothing(drill: Drill) -> None:
    plant = drill.plant
    pids = plant.workers(drill.crew, WORKERS)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that the messages wait in Redis
    try:
        queue, ids = "rq:queue:guanjia", []
        while not plant.redis.llen(queue):  # the relay may not have noticed yet that Redis is there again
            ids += plant.post(1)
            time.sleep(0.2)
        ids += plant.post(WAITING)
        wait_for(lambda: plant.redis.llen(queue) >= WAITING - WORKERS, PATIENCE, "all handed over")
        plant.redis.flushall()
        assert plant.redis.llen(queue) < WAITING
        assert plant.done(ids) < len(ids)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    began = time.monotonic()
    with Visitor(plant) as visitor:
        plant.wait_done(ids, PATIENCE)
    drill.report(f"Redis emptied with {WAITING} waiting", time.monotonic() - began, visitor)
    settled(drill, ids, visitor)


def test_a_worker_killed_in_the_middle_loses_nothing(drill: Drill) -> None:
    plant = drill.plant
    victim = plant.workers(drill.crew, WORKERS)[0]
    ids = plant.post(KILLED_AMONG)
    began = time.monotonic()
    with Visitor(plant) as visitor:
        wait_for(lambda: plant.done(ids) > KILLED_AMONG // 5, PATIENCE, drill.crew.said())
        os.kill(victim, signal.SIGKILL)
        assert plant.done(ids) < len(ids)
        plant.wait_done(ids, PATIENCE)
    drill.report(f"a worker killed among {KILLED_AMONG}", time.monotonic() - began, visitor)
    settled(drill, ids, visitor)
    assert victim not in plant.workers(drill.crew, WORKERS)
