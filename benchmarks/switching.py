"""A switch counts in every process for every request that begins after its answer, at no round trip of its own (target 3)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.measuring import Result
from benchmarks.requests import statements
from benchmarks.world import ROOT, World, office
from guanjia.db.session import tenant_session

RULE = "customer_service.single_intake"
SWITCHES = 20


def measure(world: World, database: str, *, quick: bool) -> list[Result]:
    """Another process with warm caches is asked after each switch whether the rule is on; how often it was wrong."""
    times = 6 if quick else SWITCHES
    with world.app.app_context():
        east = office.Company(world.app, world.host, world.plan).site("east")
        told = {"url": world.url, "company": str(world.company_id), "site": str(world.site_id)}
        other = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.switching", json.dumps(told)], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert other.stdin is not None and other.stdout is not None
        try:
            asked = _ask(other)
            wrong = 0
            for n in range(times):
                east.switch(RULE, on=n % 2 == 1)
                wrong += _ask(other) != (n % 2 == 1)
            del asked
        finally:
            other.stdin.close()
            other.wait(10)
        for _turn in range(2):  # the first reads what changed
            with tenant_session(world.company_id) as session, statements() as seen:
                site = world.host.directory.site(session, world.site_id)
                assert site is not None
                world.host.rulebooks.current(session, site, world.host.clock.now())
            own = len([s for s in seen if not s.startswith("BEGIN")])
    group = f"switches, {database}"
    return [
        Result(group, "a switch made in one process, wrong answers in another afterwards", wrong, 0, "answers", {"switches": times}),
        Result(group, "statements of their own for tenant, version and rulebook", own, 0, "statements"),
    ]  # fmt: skip


def _ask(other: Any) -> bool:
    other.stdin.write("?\n")
    other.stdin.flush()
    return bool(json.loads(other.stdout.readline()))


def answer(told: dict[str, str]) -> None:
    """The other process: for each line that comes in, whether the rule is on at the site, in a request of its own."""
    import tempfile
    from datetime import timedelta
    from pathlib import Path
    from uuid import UUID

    from benchmarks.world import _config, create_app

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(_config(Path(folder), told["url"], told["url"], None))
        host = app.extensions["guanjia"]
        with app.app_context():
            for _line in sys.stdin:
                with tenant_session(UUID(told["company"])) as session:
                    site = host.directory.site(session, UUID(told["site"]))
                    rulebook = host.rulebooks.current(session, site, office.START + timedelta(days=3))
                print(json.dumps(rulebook.is_on(RULE)), flush=True)


if __name__ == "__main__":
    answer(json.loads(sys.argv[1]))
