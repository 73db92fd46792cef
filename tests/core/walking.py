"""A sample office for the tests of the pages: its people, their browsers, and what they send."""

from __future__ import annotations

import contextvars
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core.sample import plugin as sample
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.steps.context import Context
from guanjia.steps.models import Approval
from tenants import passwords
from tenants.founding import found_company
from tenants.plugin import plugin as tenants
from tenants.sign_in import sign_in

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "a long winding river"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
PEOPLE = {
    "ann": "receptionist",
    "tom": "repair_technician",
    "sue": "customer_service_supervisor",
    "max": "site_manager",
}


class Browser:
    """A signed-in browser. Each request runs outside the test's own application context, as it does in a server."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return contextvars.Context().run(self._client.get, path, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return contextvars.Context().run(self._client.post, path, data=data or {}, **options)

    def page(self, path: str, status: int = 200) -> str:
        """The page's text, tags and all."""
        answer = self.get(path)
        assert answer.status_code == status, (
            path,
            answer.status_code,
            answer.headers.get("Location"),
            answer.text[-2500:],
        )
        return answer.text


@dataclass
class Office:
    """The app with one company, two sites and their people."""

    app: Flask
    clock: Clock
    company: UUID
    admin: UUID
    sites: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        found: Host = self.app.extensions["guanjia"]
        return found

    def do(self, step: str, case: UUID | None = None, who: str = "", site: str | None = None, **form: Any) -> UUID:
        """A step taken outside the pages."""
        caller = Context(self.host, self.company, self.people.get(who, self.admin), self.sites[site] if site else None)
        return caller.perform(step, case, form).case_id

    def browser(self, account: str, company: str = "demo") -> Browser:
        """A browser in which that person is signed in."""
        opened = sign_in(self.host, company=company, account=account, password=PASSWORD, address="127.0.0.1")
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = opened.signed_in.get_id()
            session["_fresh"] = True
        return Browser(client)

    def all(self, model: type[Any], company: UUID | None = None) -> list[Any]:
        """Every row of a table."""
        company = company or self.company
        with tenant_session(company) as session:
            return list(session.scalars(select(model).where(model.company_id == company).order_by(model.id)))

    def repair(self, **form: Any) -> UUID:
        """A repair taken in by Ann at the lake."""
        return self.do("sample.repair.take", None, "ann", "lake", **{"kind": "leak", "content": "厨房水管漏水", **form})


def add_person(office: Office, account: str, role: str, site: str | None) -> None:
    office.people[account] = office.do(
        "tenants.staff.create", account=account, name=f"员工{account}", password=PASSWORD, must_change_password=False
    )
    office.do(
        "tenants.assignment.create",
        staff_id=str(office.people[account]),
        role_key=role,
        scope_id=str(office.sites[site]) if site else str(office.company),
    )


class opened:
    """The app on that database, inside its context; passwords are hashed cheaply, for that is not what is tested."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.clock = Clock(NOW)
        config = Config(
            data_folder=folder, database_url=url, owner_database_url=url, max_upload=50_000, secret_key="test"
        )
        self.app = create_app(config, plugins=[tenants, sample], clock=self.clock, seed=seed)
        self.app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        self.context = self.app.app_context()

    def __enter__(self) -> tuple[Flask, Clock]:
        self.context.push()
        return self.app, self.clock

    def __exit__(self, *_error: object) -> None:
        db.engine.dispose()
        self.context.pop()
        self.patch.undo()


def fill(url: str, folder: Path) -> dict[str, Any]:
    """Tables, two companies, two sites and their people; returns the ids."""
    with opened(url, folder, seed=1) as (app, clock):
        host = app.extensions["guanjia"]
        Base.metadata.create_all(db.engine)
        found_company(
            host, code="other", name="另一家", admin_account="admin", admin_name="外人", admin_password=PASSWORD
        )
        demo = found_company(
            host, code="demo", name="示范物业", admin_account="admin", admin_name="总部甲", admin_password=PASSWORD
        )
        office = Office(app, clock, demo.company_id, demo.admin_id)
        for code, name in (("lake", "湖畔管理处"), ("hill", "山庄管理处")):
            office.sites[code] = office.do(
                "tenants.site.create", code=code, name=name, org_unit_id=None, opens="08:30", closes="18:00"
            )
        for account, role in PEOPLE.items():
            add_person(office, account, role, "lake")
        add_person(office, "hal", "receptionist", "hill")
        add_person(office, "lea", "company_leader", None)
        return {"company": office.company, "admin": office.admin, "sites": office.sites, "people": office.people}


REPAIRS = "/s/lake/sample/repair"
ONE = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # where the database makes no difference
TAKE = {"kind": "leak", "content": "厨房水管漏水", "fee_fen": "12.50"}
INLINE = re.compile(r"<[^>]+\s(style|on\w+)\s*=|<style|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, (answer.status_code, answer.text[-3000:])
    return unquote(answer.headers["Location"])


def value_of(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, name
    return found[1]


def asked(office: Office, hours: int = 72) -> tuple[UUID, UUID]:
    """Tom asks for an extension on the page; the case and the approval."""
    case = office.repair()
    tom = office.browser("tom")
    where = location(tom.post(f"{REPAIRS}/{case}/extend", {"hours": str(hours), "reason": "配件缺货", "_version": "1"}))
    assert where == f"{REPAIRS}/{case}"
    html = tom.page(where)
    assert "等待客服主管审批" in html and "“延期”等待审批" in html
    return case, office.all(Approval)[0].id
