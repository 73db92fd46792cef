"""An application with the sample plugin, two companies, two sites and their staff, spoken to by HTTP as programs do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.host import Host
from guanjia.steps.context import Context
from sample_api import plugin as sample
from tenants import passwords
from tenants.founding import found_company
from tenants.plugin import plugin as tenants

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "a long winding river"
LOANS = "sample_api/loan"


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


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """The application on SQLite in `folder`; passwords are hashed cheaply, for what is tested is not how slow that is."""
    clock = Clock(NOW)
    config = Config(data_folder=folder, database_url=f"sqlite:///{folder / 'api.sqlite'}", owner_database_url="",
                    max_upload=50_000)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        app = create_app(config, plugins=[tenants, sample], clock=clock, seed=7)
        with app.app_context():
            Base.metadata.create_all(db.engine)
            host: Host = app.extensions["guanjia"]
            found_company(host, code="other", name="Other Ltd", admin_account="anna", admin_name="Other Anna",
                          admin_password=PASSWORD)  # fmt: skip
            demo = found_company(host, code="demo", name="Demo Ltd", admin_account="admin", admin_name="Admin",
                                 admin_password=PASSWORD)  # fmt: skip
            made = World(app, clock, demo.company_id, demo.admin_id)
            for code in ("lake", "hill"):
                made.add_site(code)
            made.add_person("anna", "receptionist", "lake")
            made.add_person("bob", "site_manager", "lake")
            made.add_person("hugo", "receptionist", "hill")
            made.add_person("cora", "cashier", "lake")
            yield made
            db.engine.dispose()
