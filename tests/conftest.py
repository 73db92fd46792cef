"""Fixtures: an application on a database of its own, SQLite and PostgreSQL alike, filled once and copied for each test."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from werkzeug.routing.rules import Rule

import office
import servers
import tenants.passwords
import walls_hook
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.migrate import upgrade
from guanjia.host import discover
from guanjia.manifest import Plugin

tenants.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # hundreds of sign-ins a run
_compile_route = Rule._compile_builder
_routes: dict[Any, Any] = {}


def _compile_route_once(self: Rule, append_unknown: bool = True) -> Any:
    """A test makes an application of its own; the same few hundred addresses need not be compiled each time."""
    key = (self.rule, self.subdomain, self.host, repr(sorted((self.defaults or {}).items())), append_unknown)
    if key not in _routes:
        _routes[key] = _compile_route(self, append_unknown)
    return _routes[key]


Rule._compile_builder = _compile_route_once
DATABASES = ("sqlite", "postgresql")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """In CI a skipped test is a failed one: everything that it needs is there."""
    report = yield
    if report.skipped and os.environ.get("GUANJIA_REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    """A PostgreSQL server, or a skip with its reason."""
    with servers.postgres_server() as server:
        yield server


def _config(folder: Path, url: str, owner_url: str, app_role: str | None = None) -> Config:
    return Config(
        data_folder=folder,
        database_url=url,
        owner_database_url=owner_url,
        secret_key="test only",
        app_role=app_role,
        rule_seconds=20,  # a busy machine is no rule that hangs
    )


def _fill(folder: Path, url: str, app_role: str | None = None) -> office.Plan:
    """Migrate an empty database and build the test company in it."""
    app = create_app(_config(folder, url, url, app_role), clock=Clock(office.START), seed=1, null_pool=True)
    with app.app_context():
        host = app.extensions["guanjia"]
        upgrade(host)
        plan = office.build(host)
        db.engine.dispose()
    return plan


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, office.Plan]:
    """A filled SQLite file."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "template.sqlite"
    plan = _fill(folder, f"sqlite:///{path}")
    import sqlite3

    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, plan


@pytest.fixture(scope="session")
def postgres_template(postgres: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, office.Plan]:
    """A filled PostgreSQL database, owned by the owner, used by the application's role."""
    folder = tmp_path_factory.mktemp("pgtemplate")
    name = f"guanjia_template_{os.getpid()}"
    plans: list[office.Plan] = []
    servers.make_template(postgres.owner_url, name, lambda url: plans.append(_fill(folder, url, postgres.app_role)))
    return name, plans[0]


@pytest.fixture(params=DATABASES)
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[office.Company]:
    """The company under test, inside an application context, its clock stopped at Monday 2026-11-16 09:10 Shanghai."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(_open(request, tmp_path, request.param))


@pytest.fixture(params=DATABASES)
def probed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[office.Company]:
    """As `company`, with the plugin of tests/probe besides; what its rules answer is forgotten afterwards."""
    import probe

    with contextlib.ExitStack() as stack:
        stack.enter_context(probe.answering())
        found = stack.enter_context(_open(request, tmp_path, request.param, [probe.plugin]))
        probe.make_tables(found.host.config.owner_database_url, found.host.config.app_role)
        yield found


@pytest.fixture(autouse=True)
def walls() -> Iterator[list[str]]:
    """Every statement of a test on a tenant table carries its company; gives the list of those that did not."""
    with walls_hook.watching() as faults:
        yield faults


@contextlib.contextmanager
def _open(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, besides: Sequence[Plugin] = ()
) -> Iterator[office.Company]:
    if kind == "sqlite":
        template, plan = request.getfixturevalue("sqlite_template")
        path = tmp_path / "test.sqlite"
        shutil.copyfile(template, path)
        url = owner = f"sqlite:///{path}"
        role = None
    else:
        template, plan = request.getfixturevalue("postgres_template")
        server: servers.Postgres = request.getfixturevalue("postgres")
        worker = os.environ.get("PYTEST_XDIST_WORKER", "w")
        name = f"guanjia_test_{os.getpid()}_{worker}_{next(_numbers)}"
        owner = servers.clone(server.owner_url, template, name)
        url, role = server.app_url(owner), server.app_role
    app = create_app(
        _config(tmp_path, url, owner, role), plugins=[*discover(), *besides], clock=Clock(office.START), seed=2,
    )  # fmt: skip
    app.config["TESTING"] = True
    with app.app_context():
        try:
            yield office.Company(app, app.extensions["guanjia"], plan)
        finally:
            db.engine.dispose()
            if kind == "postgresql":
                servers.drop(server.owner_url, name)


def _count() -> Iterator[int]:
    n = 0
    while True:
        n += 1
        yield n


_numbers = _count()


@pytest.fixture
def east(company: office.Company) -> office.Office:
    """The first office of the company under test."""
    return company.site("east")


@pytest.fixture
def west(company: office.Company) -> office.Office:
    """The second office of the company under test."""
    return company.site("west")
