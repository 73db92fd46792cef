"""`python -m benchmarks`: every benchmark, its table of targets and figures, and the record of them.

TEST_DATABASE_URL names PostgreSQL's owner as for the tests; without it a server is started where one is found. With
`--quick` small sizes and few rounds; nothing is recorded then.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measuring import Result, machine
from benchmarks.world import ROOT, World, postgres_databases, servers, sqlite_world

RECORD = ROOT / "benchmarks" / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
MARK = ("<!-- figures: written by python -m benchmarks -->", "<!-- end of figures -->")
NAMES = ("decision", "buttons", "switching", "requests", "growth", "duties")


def main() -> int:
    """Run what was asked for; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds; nothing is recorded")
    parser.add_argument("--only", choices=NAMES, action="append", help="this benchmark alone; may be repeated")
    parser.add_argument("--sqlite-only", action="store_true", help="leave PostgreSQL out")
    asked = parser.parse_args()
    only = tuple(asked.only or NAMES)
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="guanjia-bench-") as folder, ExitStack() as stack:
        if "decision" in only:
            from benchmarks import decision

            _run("decision", results, lambda: decision.measure(quick=asked.quick))
        with sqlite_world(Path(folder)) as world:
            _of_world(world, "SQLite", only, results, quick=asked.quick)
        if not asked.sqlite_only:
            server = stack.enter_context(servers.postgres_server())
            databases = stack.enter_context(postgres_databases(Path(folder), server))
            with databases.opened() as world:
                _of_world(world, "PostgreSQL", [name for name in only if name != "duties"], results, quick=asked.quick)
            if "requests" in only:
                from benchmarks import requests
                from round_trips import counted

                with counted(server.owner_url) as wire, databases.opened(wire.through) as world:
                    _run("round trips", results, lambda: requests.round_trips(world, wire, quick=asked.quick))
            if "growth" in only:
                from benchmarks import growth

                _run("growth", results, lambda: growth.measure(databases, quick=asked.quick))
            if "duties" in only:
                from benchmarks import duties

                with databases.opened() as world:
                    _run("duties", results, lambda: duties.measure(world, "PostgreSQL", quick=asked.quick))
    print(table(results))
    if not asked.quick:
        record(results)
    return 0 if all(result.passed for result in results) else 1


def _of_world(world: World, database: str, only: Iterable[str], results: list[Result], *, quick: bool) -> None:
    from benchmarks import buttons, duties, requests, switching

    for name, module in (("buttons", buttons), ("requests", requests), ("switching", switching), ("duties", duties)):
        if name in only:
            _run(f"{name}, {database}", results, lambda m=module: m.measure(world, database, quick=quick))  # type: ignore[misc]


def _run(name: str, results: list[Result], work: Callable[[], list[Result]]) -> None:
    start = time.perf_counter()
    results += work()
    print(f"  {name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def table(results: Iterable[Result]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| part | figure | target | measured | | details |", "| --- | --- | ---: | ---: | --- | --- |"]
    for r in results:
        details = ", ".join(f"{key} {value}" for key, value in r.details.items())
        lines.append(
            f"| {r.group} | {r.name} | ≤ {r.target:g} {r.unit} | {r.measured:.3g} {r.unit} | "
            f"{'met' if r.passed else '**missed**'} | {details} |"
        )
    return "\n".join(lines)


def record(results: list[Result]) -> None:
    """Keep the figures with the machine's description: each figure that was taken now replaces the one before."""
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"results": []}
    found = {(r["group"], r["name"]): r for r in kept["results"]}
    now = machine()
    found |= {(r.group, r.name): r.to_json() | {"date": now["date"]} for r in results}
    everything = list(found.values())
    RECORD.write_text(
        json.dumps({"machine": now, "results": everything}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    names = Result.__dataclass_fields__
    rows = [Result(**{key: value for key, value in r.items() if key in names}) for r in everything]
    described = ", ".join(f"{key} {value}" for key, value in now.items())
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(MARK[0])
    _old, _end, after = rest.partition(MARK[1])
    DOCUMENT.write_text(f"{before}{MARK[0]}\n\n{described}\n\n{table(rows)}\n\n{MARK[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
