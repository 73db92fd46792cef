"""An application with the sample plugin, two companies, two sites and their staff, spoken to by HTTP as programs do."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from werkzeug.test import TestResponse

import servers
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db, tenant_tables
from guanjia.db.migrate import open_tables, owner_engine, secure_tables
from guanjia.host import Host
from guanjia.steps.context import Context
from sample_api import plugin as sample
from tenants.founding import found_company
from tenants.plugin import plugin as tenants

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "a long winding river"
LOANS = "sample_api/loan"
DATABASES = ("sqlite", "postgresql")


@dataclass
class World:
    """What a test does with the application."""

    app: Flask
    clock: Clock
    company: UUID
    admin: UUID
    sites: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        found: Host = self.app.extensions["guanjia"]
        return found

    def do(self, step: str, case: UUID | None = None, site: str | None = None, **form: Any) -> UUID:
        """A step by the administrator."""
        caller = Context(self.host, self.company, self.admin, self.sites[site] if site else None)
        return caller.perform(step, case, form).case_id

    def add_site(self, code: str) -> None:
        self.sites[code] = self.do("tenants.site.create", code=code, name=code.title(), org_unit_id=None, opens="08:30",
                                   closes="18:00")  # fmt: skip

    def add_person(self, account: str, role: str, site: str | None) -> None:
        form = {"account": account, "name": account.title(), "password": PASSWORD, "must_change_password": False}
        self.people[account] = self.do("tenants.staff.create", **form)
        scope = str(self.sites[site]) if site else None
        self.do("tenants.assignment.create", staff_id=str(self.people[account]), role_key=role, scope_id=scope)

    def token(self, account: str, company: str = "demo") -> str:
        """The person's bearer token, signed in for once."""
        key = f"{company}/{account}"
        if key not in self.tokens:
            form = {"company": company, "account": account, "password": PASSWORD}
            answer = self.app.test_client().post("/api/v1/session", json=form)
            assert answer.status_code == 201, answer.text
            self.tokens[key] = answer.json["token"]
        return self.tokens[key]

    def call(
        self,
        method: str,
        path: str,
        who: str | None = "anna",
        company: str = "demo",
        *,
        language: str | None = "en",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """A request to the API by the person; `path` is below /api/v1."""
        sent = dict(headers or {})
        if who is not None:
            sent.setdefault("Authorization", f"Bearer {self.token(who, company)}")
        if language is not None:
            sent["Accept-Language"] = language
        return self.app.test_client().open("/api/v1" + path, method=method, headers=sent, **options)

    def get(self, path: str, who: str | None = "anna", **options: Any) -> TestResponse:
        return self.call("GET", path, who, **options)

    def post(self, path: str, form: Any = None, who: str | None = "anna", **options: Any) -> TestResponse:
        return self.call("POST", path, who, json={} if form is None else form, **options)

    def at(self, site: str = "lake", flow: str = LOANS) -> str:
        """The path of a flow at a site."""
        return f"/sites/{self.sites[site]}/{flow}"

    def lend(self, site: str = "lake", who: str = "anna", **form: Any) -> dict[str, Any]:
        """A key is lent; the step's answer."""
        answer = self.post(self.at(site) + "/lend", {"room": "1-101", **form}, who)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def loan(self, **form: Any) -> str:
        """The path of a new loan at the lake."""
        return f"{self.at()}/{self.lend(**form)['case_id']}"

    def run_jobs(self) -> None:
        """What the outbox holds is carried out."""
        self.host.relay.run_due()


@dataclass
class Template:
    """A database filled once, to be copied for each test: a file's path, or the name of a PostgreSQL database."""

    place: str
    company: UUID
    admin: UUID
    sites: dict[str, UUID]
    people: dict[str, UUID]


_templates: dict[str, Template] = {}


@contextmanager
def world(request: pytest.FixtureRequest, folder: Path, kind: str) -> Iterator[World]:
    """The application on a copy of the filled database; `kind` is one of DATABASES."""
    if kind == "sqlite":
        template = _templates.get(kind) or _fill_sqlite(request)
        shutil.copyfile(template.place, folder / "api.sqlite")
        with _app(folder, f"sqlite:///{folder / 'api.sqlite'}", seed=8) as app:
            yield _opened(app, template)
        return
    server: servers.Postgres = request.getfixturevalue("postgres")
    template = _templates.get(kind) or _fill_postgres(request, server)
    name = f"guanjia_api_{os.getpid()}_{uuid4().hex[:8]}"
    url = servers.clone(server.owner_url, template.place, name)
    try:
        with _app(folder, server.app_url(url), seed=8) as app:  # another seed than the template's: no id comes twice
            yield _opened(app, template)
    finally:
        servers.drop(server.owner_url, name)


def _opened(app: Flask, template: Template) -> World:
    clock: Clock = app.extensions["guanjia"].clock
    return World(app, clock, template.company, template.admin, dict(template.sites), dict(template.people))


def _fill_sqlite(request: pytest.FixtureRequest) -> Template:
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    folder = factory.mktemp("api_template")
    path = folder / "template.sqlite"
    template = _fill(folder, f"sqlite:///{path}", str(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _templates["sqlite"] = template
    return template


def _fill_postgres(request: pytest.FixtureRequest, server: servers.Postgres) -> Template:
    folder = request.getfixturevalue("tmp_path_factory").mktemp("api_template")
    name = f"guanjia_api_template_{os.getpid()}"
    found: list[Template] = []
    servers.make_template(server.owner_url, name, lambda url: found.append(_fill_as_role(folder, url, name, server)))
    _templates["postgresql"] = found[0]
    return found[0]


def _fill_as_role(folder: Path, owner_url: str, place: str, server: servers.Postgres) -> Template:
    """The owner makes the tables with their policies; the application's role does everything else."""
    engine = owner_engine(owner_url).execution_options(guanjia_write=True)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        op: Any = Operations(MigrationContext.configure(connection))
        secure_tables(op, *tenant_tables(), app_role=server.app_role)
        open_tables(op, *set(Base.metadata.tables) - set(tenant_tables()), app_role=server.app_role)
    engine.dispose()
    return _fill(folder, server.app_url(owner_url), place)


def _fill(folder: Path, url: str, place: str) -> Template:
    with _app(folder, url) as app:
        if url.startswith("sqlite"):
            Base.metadata.create_all(db.engine)
        host: Host = app.extensions["guanjia"]
        found_company(host, code="other", name="Other Ltd", admin_account="anna", admin_name="Other Anna",
                      admin_password=PASSWORD)  # fmt: skip
        demo = found_company(host, code="demo", name="Demo Ltd", admin_account="admin", admin_name="Admin",
                             admin_password=PASSWORD)  # fmt: skip
        made = World(app, host.clock, demo.company_id, demo.admin_id)
        for code in ("lake", "hill"):
            made.add_site(code)
        made.add_person("anna", "receptionist", "lake")
        made.add_person("bob", "site_manager", "lake")
        made.add_person("hugo", "receptionist", "hill")
        made.add_person("cora", "cashier", "lake")
        return Template(place, made.company, made.admin, made.sites, made.people)


@contextmanager
def _app(folder: Path, url: str, *, seed: int = 7) -> Iterator[Flask]:
    config = Config(
        data_folder=folder, database_url=url, owner_database_url=url, secret_key="test only", max_upload=50_000
    )  # fmt: skip
    app = create_app(config, plugins=[tenants, sample], clock=Clock(NOW), seed=seed)
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()
