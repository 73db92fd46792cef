"""Which of six steps are possible on the fifty rows of a list, from what the list has read already (target 2)."""

from __future__ import annotations

import statistics

from benchmarks.measuring import Result, in_turn
from benchmarks.requests import statements
from benchmarks.world import World
from guanjia.sdk import Context
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.possible import possible_steps
from plugins.customer_service.flow import requests

STEPS = ("take", "start", "complete", "report_back", "extend", "return_unsolved")


def measure(world: World, database: str, *, quick: bool) -> list[Result]:
    """Milliseconds for all fifty rows, and the statements that it takes besides those of the list."""
    with world.app.app_context():
        caller = Context(
            world.host, world.company_id, world.plan.staff["east-department_head"], world.site_id, via="page"
        )
        with caller.reading() as loader:  # a process that has seen the cases' rulebooks before
            page = read_page(loader, requests, Query(states=requests.open_states, limit=50))
            possible_steps(loader, caller, requests, [row.case for row in page.rows], STEPS)
        with caller.reading() as loader:
            page = read_page(loader, requests, Query(states=requests.open_states, limit=50))
            cases = [row.case for row in page.rows]
            with statements() as seen:
                found = possible_steps(loader, caller, requests, cases, STEPS)
            queries = len(seen)
            if len(found) != 50 or not any(found[0]):
                raise RuntimeError(f"{len(found)} rows: {found[:3]}")
            (rounds,) = in_turn(
                [lambda: possible_steps(loader, caller, requests, cases, STEPS)], rounds=5 if quick else 31, times=20
            )
    took = min(rounds) * 1000
    return [
        Result("buttons", f"six steps on 50 rows, facts included ({database})", round(took, 3), 1, "ms",
               {"median_ms": round(statistics.median(rounds) * 1000, 3)}),
        Result("buttons", f"further queries ({database})", queries, 0, "queries"),
    ]  # fmt: skip
