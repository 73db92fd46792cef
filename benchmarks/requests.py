"""A list and an intake through the whole platform, against bare endpoints that read and write the same (targets 4)."""

from __future__ import annotations

import io
import itertools
import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event, select
from werkzeug.test import EnvironBuilder

from benchmarks.bare import OPEN, bare_app
from benchmarks.measuring import Result, in_turn, ratio
from benchmarks.world import World, intake_form
from guanjia.db.base import db
from guanjia.steps.models import JournalEntry

Call = Callable[[], tuple[int, bytes]]


def caller(
    app: Flask, method: str, path: str, *, headers: dict[str, str], form: Callable[[], Any] | None = None
) -> Call:
    """Calls the application as a server does, without a test client in between."""
    base = EnvironBuilder(method=method, path=path, headers=headers, content_type="application/json").get_environ()
    base.pop("wsgi.input", None)

    def call() -> tuple[int, bytes]:
        environ = dict(base)
        if form is not None:
            raw = json.dumps(form()).encode()
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(raw), str(len(raw))
        else:
            environ["wsgi.input"] = io.BytesIO()
        told: list[str] = []
        parts = app(environ, lambda status, *_rest: told.append(status))  # type: ignore[arg-type,return-value]
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return int(told[0][:3]), body

    return call


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def list_path(world: World) -> str:
    """The address of the list of open requests."""
    states = "&".join(f"state={state}" for state in OPEN)
    return f"/api/v1/sites/{world.site_id}/customer_service/request?limit=50&{states}"


def intake_path(world: World) -> str:
    """The address of the step that takes a request in."""
    return f"/api/v1/sites/{world.site_id}/customer_service/request/receive"


def both(world: World) -> dict[str, tuple[Call, Call]]:
    """For list and intake: our call and the bare one."""
    bare = bare_app(world.bare_url, world.company_id, world.site_id, world.staff_id, _bodies(world))
    numbers = itertools.count(1000)
    headers = {"Authorization": f"Bearer {world.token}", "Accept-Language": "zh"}

    def form() -> dict[str, Any]:
        return intake_form(world, next(numbers))

    return {
        "list": (
            caller(world.app, "GET", list_path(world), headers=headers),
            caller(bare, "GET", "/requests?limit=50", headers={}),
        ),
        "intake": (
            caller(world.app, "POST", intake_path(world), headers=headers, form=form),
            caller(bare, "POST", "/requests", headers={}, form=form),
        ),
    }


def _bodies(world: World) -> list[str]:
    """The journal bodies of one intake: of the step and of the dispatch within it."""
    call = caller(
        world.app, "POST", intake_path(world), headers={"Authorization": f"Bearer {world.token}"},
        form=lambda: intake_form(world, 1),
    )  # fmt: skip
    case_id = json.loads(_good(call()))["case_id"]
    from guanjia.db.session import tenant_session

    with world.app.app_context(), tenant_session(world.company_id) as session:
        from uuid import UUID

        query = select(JournalEntry.body).where(
            JournalEntry.company_id == world.company_id, JournalEntry.case_id == UUID(case_id)
        )
        return list(session.scalars(query.order_by(JournalEntry.seq)))


def _good(answer: tuple[int, bytes]) -> bytes:
    status, body = answer
    if status not in (200, 201):
        raise RuntimeError(f"{status}: {body.decode()[:2000]}")
    return body


def check_same(world: World, calls: dict[str, tuple[Call, Call]]) -> None:
    """Both endpoints answer with the same fields, and a list with as many rows. Raises RuntimeError."""
    for name, (ours, theirs) in calls.items():
        mine, bare = json.loads(_good(ours())), json.loads(_good(theirs()))
        rows = [(mine["items"], bare["items"])] if name == "list" else [([mine], [bare])]
        for left, right in rows:
            if len(left) != len(right):
                raise RuntimeError(f"{name}: {len(left)} rows against {len(right)}")
            for a, b in zip(left, right, strict=True):
                if set(a) != set(b) or ("values" in a and set(a["values"]) != set(b["values"])):
                    raise RuntimeError(f"{name}: the fields differ: {set(a) ^ set(b)}")


def measure(world: World, database: str, *, quick: bool) -> list[Result]:
    """CPU per request against the bare endpoints, in turn."""
    calls = both(world)
    check_same(world, calls)
    found = []
    for name, target in (("list", 1.25), ("intake", 1.2)):
        ours, theirs = calls[name]
        rounds, times = (5, 10) if quick else (15, 20)
        a, b = in_turn([lambda o=ours: _good(o()), lambda t=theirs: _good(t())], rounds=rounds, times=times)  # type: ignore[misc]
        with statements() as seen:
            ours()
        found.append(
            Result(f"requests, {database}", f"{name}: CPU per request against the bare endpoint", ratio(a, b), target, "x",
                   {"ours_ms": round(statistics.median(a) * 1000, 2), "bare_ms": round(statistics.median(b) * 1000, 2),
                    "statements": len(seen)})
        )  # fmt: skip
    return found


def round_trips(world: World, wire: Any, *, quick: bool) -> list[Result]:
    """Round trips to PostgreSQL of one warm request, counted on the wire; `world` is connected through it."""
    del quick
    calls = both(world)
    found = []
    for name, target in (("list", 2), ("intake", 3)):
        ours, theirs = calls[name]
        for _ in range(8):  # until the driver has prepared its statements
            _good(ours()), _good(theirs())
        trips, bare = wire.of(ours), wire.of(theirs)
        found.append(
            Result(
                "requests, PostgreSQL", f"{name}: round trips to the database", trips, target, "trips", {"bare": bare}
            )
        )
    return found


def close(app: Flask) -> None:
    """The application's connections are closed."""
    with app.app_context():
        db.engine.dispose()
