"""The company that the benchmarks work on, on SQLite and on PostgreSQL: two offices, staff, households, open requests."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the test company and the servers are the tests' own

import office  # noqa: E402
import servers  # noqa: E402
from guanjia.app import create_app  # noqa: E402
from guanjia.clock import Clock  # noqa: E402
from guanjia.config import Config  # noqa: E402
from guanjia.db.base import db  # noqa: E402
from guanjia.db.migrate import upgrade  # noqa: E402
from guanjia.host import Host  # noqa: E402

CATEGORIES = ("pipe_leak", "lamp", "drain_blocked", "door_lock", "toilet_blocked")


@dataclass
class World:
    """An application on a filled database, with a bearer token of its receptionist."""

    app: Flask
    host: Host
    plan: office.Plan
    token: str
    url: str
    bare_url: str  # the same rows in a database without row-level security, for the endpoint without any of it

    @property
    def company_id(self) -> UUID:
        """The company."""
        return self.plan.company_id

    @property
    def site_id(self) -> UUID:
        """The office whose requests are listed."""
        return self.plan.sites["east"]

    @property
    def staff_id(self) -> UUID:
        """The receptionist."""
        return self.plan.staff["east-receptionist"]


def intake_form(world: World, n: int) -> dict[str, Any]:
    """What reception enters for the n-th request."""
    households = world.plan.households["east"]
    return {
        "household_id": str(households[n % len(households)]), "category": CATEGORIES[n % len(CATEGORIES)],
        "content": f"厨房水管渗漏，请来看一下（{n}）", "within_capability": "yes", "source": "phone",
    }  # fmt: skip


def _config(folder: Path, url: str, owner: str, role: str | None) -> Config:
    return Config(
        data_folder=folder, database_url=url, owner_database_url=owner, secret_key="benchmark only", app_role=role
    )


def _fill(folder: Path, url: str, role: str | None, requests: int) -> office.Plan:
    app = create_app(_config(folder, url, url, role), clock=Clock(office.START), seed=1, null_pool=True)
    with app.app_context():
        host: Host = app.extensions["guanjia"]
        upgrade(host)
        plan = office.build(host)
        world = World(app, host, plan, "", url, "")
        east = office.Company(app, host, plan).site("east")
        technician, head = plan.staff["east-repair_technician"], east.person("department_head")
        for n in range(requests):
            done = east.person("receptionist").takes("customer_service.request.receive", form=intake_form(world, n))
            if n % 3:
                head.takes("customer_service.request.assign", done.case_id, worker_id=str(technician))
            host.clock.move(timedelta(minutes=7))
        host.relay.run_due()
        db.engine.dispose()
    return plan


@contextmanager
def sqlite_world(folder: Path, *, requests: int = 60) -> Iterator[World]:
    """The company in SQLite files."""
    path, bare = folder / "world.sqlite", folder / "bare.sqlite"
    plan = _fill(folder, f"sqlite:///{path}", None, requests)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(path, bare)
    with _opened(folder, f"sqlite:///{path}", f"sqlite:///{path}", None, f"sqlite:///{bare}", plan) as world:
        yield world


@dataclass
class Databases:
    """The company in PostgreSQL: the owner's URLs of the database behind row-level security and of the bare copy."""

    server: servers.Postgres
    folder: Path
    owner: str
    bare: str
    plan: office.Plan

    @contextmanager
    def opened(self, through: Callable[[str], str] = lambda url: url) -> Iterator[World]:
        """An application on it; `through` leads its connections by another way."""
        url, bare = through(self.server.app_url(self.owner)), through(self.bare)
        with _opened(self.folder, url, self.owner, self.server.app_role, bare, self.plan) as world:
            yield world


@contextmanager
def postgres_databases(folder: Path, server: servers.Postgres, *, requests: int = 60) -> Iterator[Databases]:
    """The company in PostgreSQL, behind row-level security; and a copy without it."""
    plans: list[office.Plan] = []
    name, copy, bare = "guanjia_bench_template", "guanjia_bench", "guanjia_bench_bare"
    with ExitStack() as stack:
        for database in (name, copy, bare):
            stack.callback(servers.drop, server.owner_url, database)
            servers.drop(server.owner_url, database)
        servers.make_template(
            server.owner_url, name, lambda url: plans.append(_fill(folder, url, server.app_role, requests))
        )
        owner = servers.clone(server.owner_url, name, copy)
        bare_owner = servers.clone(server.owner_url, name, bare)
        _without_policies(bare_owner)
        yield Databases(server, folder, owner, bare_owner, plans[0])


def _without_policies(url: str) -> None:
    import psycopg
    from psycopg import sql
    from sqlalchemy import make_url

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        for (table,) in connection.execute("select relname from pg_class where relrowsecurity").fetchall():
            connection.execute(sql.SQL("alter table {} disable row level security").format(sql.Identifier(table)))
            connection.execute(sql.SQL("alter table {} no force row level security").format(sql.Identifier(table)))
        connection.execute("analyze")


@contextmanager
def _opened(folder: Path, url: str, owner: str, role: str | None, bare_url: str, plan: office.Plan) -> Iterator[World]:
    clock = Clock(office.START + timedelta(hours=9))
    app = create_app(_config(folder, url, owner, role), clock=clock)
    host: Host = app.extensions["guanjia"]
    client = app.test_client()
    told = {"company": "acme", "account": "east-receptionist", "password": office.PASSWORD}
    answer = client.post("/api/v1/session", json=told)
    if answer.status_code != 201:
        raise RuntimeError(f"signing in failed: {answer.text}")
    try:
        yield World(app, host, plan, answer.json["token"], url, bare_url)
    finally:
        with app.app_context():
            db.engine.dispose()
