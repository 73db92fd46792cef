"""A company with a region, two sites and an administrator, on a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event

import servers
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.db.session import TenantSession, tenant_session
from guanjia.host import Host
from guanjia.ports import ActorInfo, Holders
from guanjia.steps.context import Context
from guanjia.words import words
from tenants import passwords
from tenants.directory import TenantDirectory
from tenants.founding import FoundedCompany, found_company
from tenants.plugin import plugin

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "a long winding river"
_ = words("tenants")


@dataclass
class Firm:
    """What a test does with one company."""

    host: Host
    clock: Clock
    company: UUID
    admin: UUID
    code: str
    app: Flask

    @property
    def hq(self) -> Context:
        """The administrator at headquarters."""
        return self.as_(self.admin)

    @property
    def directory(self) -> TenantDirectory:
        directory = self.host.directory
        assert isinstance(directory, TenantDirectory)
        return directory

    def as_(self, staff: UUID | None, site: UUID | None = None) -> Context:
        """A member of staff at a site, or at headquarters."""
        return Context(self.host, self.company, staff, site)

    def do(self, step: str, case: UUID | None = None, by: Context | None = None, **form: Any) -> UUID:
        """Take a step as the administrator (or `by`) and give the case's id."""
        return (by or self.hq).perform(step, case, form).case_id

    def unit(self, code: str, parent: UUID | None = None) -> UUID:
        return self.do(
            "tenants.org_unit.create", code=code, name=code.title(), parent_id=str(parent) if parent else None
        )

    def site(self, code: str, unit: UUID | None = None, **more: Any) -> UUID:
        form = {"code": code, "name": code.title(), "org_unit_id": str(unit) if unit else None, "opens": "08:30",
                "closes": "18:00"}  # fmt: skip
        return self.do("tenants.site.create", **form | more)

    def staff(self, account: str, role: str | None = None, scope: UUID | None = None, **more: Any) -> UUID:
        form = {"account": account, "name": account.title(), "password": PASSWORD, "must_change_password": False}
        staff = self.do("tenants.staff.create", **form | more)
        if role is not None:
            self.give(staff, role, scope)
        return staff

    def give(self, staff: UUID, role: str, scope: UUID | None = None, **days: Any) -> UUID:
        form = {"staff_id": str(staff), "role_key": role, "scope_id": str(scope) if scope else None}
        return self.do("tenants.assignment.create", **form | days)

    def away(self, staff: UUID, deputy: UUID | None, start: datetime, end: datetime) -> UUID:
        return self.do("tenants.absence.create", staff_id=str(staff), deputy_id=str(deputy) if deputy else None,
                       from_at=start.isoformat(), until_at=end.isoformat())  # fmt: skip

    @contextmanager
    def reading(self) -> Iterator[TenantSession]:
        with tenant_session(self.company) as session:
            yield session

    def department(self, site: UUID | None, key: str) -> UUID:
        with self.reading() as session:
            found = self.directory.snapshot(session).departments.values()
            return next(d.id for d in found if d.site_id == site and d.key == key)

    def actor(self, staff: UUID, site: UUID | None = None) -> ActorInfo | None:
        with self.reading() as session:
            return self.directory.actor(session, staff, site, self.clock.now())

    def holders(self, role: str, site: UUID | None = None, department: UUID | str | None = None) -> Holders:
        with self.reading() as session:
            return self.directory.holders(session, role, site, self.clock.now(), department)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with parameters that cost nothing: what is tested is not how slow it is."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(params=("sqlite", "postgresql"))
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    """A database of its own: tables made from the models on SQLite, migrated and behind its policies on PostgreSQL."""
    if request.param == "sqlite":
        yield Config(data_folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'test.sqlite'}", owner_database_url="")
        return
    template, _plan = request.getfixturevalue("postgres_template")
    server: servers.Postgres = request.getfixturevalue("postgres")
    name = f"guanjia_tenants_{os.getpid()}_{uuid4().hex[:12]}"
    owner = servers.clone(server.owner_url, template, name)
    try:
        yield Config(data_folder=tmp_path, database_url=server.app_url(owner), owner_database_url=owner,
                     app_role=server.app_role)  # fmt: skip
    finally:
        servers.drop(server.owner_url, name)


@pytest.fixture
def app(config: Config, clock: Clock) -> Iterator[Flask]:
    is_sqlite = config.database_url.startswith("sqlite")
    app = create_app(config, plugins=[plugin], clock=clock, seed=7)
    with app.app_context():
        if is_sqlite:
            event.listen(db.engine, "connect", _fast, insert=False)
            Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


def _fast(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # nobody pulls the plug during a test


def make_firm(app: Flask, clock: Clock, code: str) -> Firm:
    """A company founded by the operator."""
    host: Host = app.extensions["guanjia"]
    founded: FoundedCompany = found_company(
        host, code=code, name=f"{code.title()} Ltd", admin_account="admin", admin_name="Admin", admin_password=PASSWORD
    )
    return Firm(host, clock, founded.company_id, founded.admin_id, code, app)


@pytest.fixture
def firm(app: Flask, clock: Clock) -> Firm:
    return make_firm(app, clock, "demo")


@pytest.fixture
def other(app: Flask, clock: Clock) -> Firm:
    """A second company that must never be seen."""
    return make_firm(app, clock, "other")
