"""A company in a test: two sites of one company, a second company, staff by role, and steps as people take them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask

from guanjia.host import Host
from guanjia.sdk import Context
from guanjia.steps.outcome import Done
from guanjia.testing import pass_time
from tenants.founding import found_company
from tenants.public import department_of_site

PASSWORD = "a long test password"
START = datetime(2026, 11, 16, 1, 10, tzinfo=UTC)  # a Monday, 09:10 in Shanghai

# role → scope within the site; every account is `<site>-<role>`
SITE_ROLES: tuple[tuple[str, str], ...] = (
    ("site_manager", "site"), ("centre_head", "site"), ("manager_assistant", "site"), ("receptionist", "site"),
    ("customer_service_supervisor", "site"), ("property_supervisor", "site"), ("department_head", "engineering"),
    ("repair_technician", "engineering"), ("area_manager", "site"), ("security_head", "security"),
    ("property_assistant", "site"), ("property_manager", "site"),
)  # fmt: skip
COMPANY_ROLES = ("property_department_manager", "company_leader")  # `hq-<role>`, who reaches every site


@dataclass
class Plan:
    """Ids of what the template database holds; kept beside it, since it is built once for many tests."""

    company_id: UUID
    admin_id: UUID
    other_id: UUID
    other_admin_id: UUID
    sites: dict[str, UUID] = field(default_factory=dict)
    other_sites: dict[str, UUID] = field(default_factory=dict)
    staff: dict[str, UUID] = field(default_factory=dict)
    departments: dict[str, UUID] = field(default_factory=dict)
    households: dict[str, list[UUID]] = field(default_factory=dict)


def build(host: Host) -> Plan:
    """Fill an empty, migrated database: companies `acme` and `rival`, two sites each, staff, twelve households a site."""
    from plugins.registry.public import generate_households, load_generated

    acme = found_company(
        host, code="acme", name="测试物业", admin_account="admin", admin_name="总部", admin_password=PASSWORD
    )
    rival = found_company(
        host, code="rival", name="对手物业", admin_account="admin", admin_name="总部", admin_password=PASSWORD
    )
    plan = Plan(acme.company_id, acme.admin_id, rival.company_id, rival.admin_id)
    for company_id, admin_id, sites in (
        (acme.company_id, acme.admin_id, plan.sites), (rival.company_id, rival.admin_id, plan.other_sites),
    ):  # fmt: skip
        admin = Context(host, company_id, admin_id, via="cli")
        for code, name in (("east", "东苑管理处"), ("west", "西苑管理处")):
            site = admin.perform(
                "tenants.site.create", None, {"code": code, "name": name, "opens": "08:30", "closes": "18:00"}
            )
            sites[code] = site.case_id
    admin = Context(host, acme.company_id, acme.admin_id, via="cli")
    for role in COMPANY_ROLES:
        person = _staff(admin, f"hq-{role}", f"hq {role}", None)
        _holds(admin, person, role, plan.company_id)
        plan.staff[f"hq-{role}"] = person
    for code, site_id in plan.sites.items():
        with admin.at_site(site_id).reading() as loader:
            for key in ("engineering", "security", "cleaning"):
                found = department_of_site(loader, key)
                assert found is not None
                plan.departments[f"{code}-{key}"] = found
        for role, scope in SITE_ROLES:
            account = f"{code}-{role}"
            person = _staff(admin, account, f"{code} {role}", site_id)
            where = site_id if scope == "site" else plan.departments[f"{code}-{scope}"]
            _holds(admin, person, role, where)
            plan.staff[account] = person
        manager = Context(host, acme.company_id, plan.staff[f"{code}-site_manager"], site_id, via="cli")
        load_generated(manager, generate_households(seed=7, buildings=1, households=12))
        with manager.reading() as loader:
            from sqlalchemy import select

            from plugins.registry.public import Household

            query = select(Household.id).where(Household.company_id == acme.company_id, Household.site_id == site_id,
                                               Household.occupancy != "vacant")  # fmt: skip
            plan.households[code] = list(loader.session.scalars(query.order_by(Household.id)))
    host.relay.run_due()
    return plan


def _staff(admin: Context, account: str, name: str, home: UUID | None) -> UUID:
    return admin.perform("tenants.staff.create", None, {
        "account": account, "name": name, "password": PASSWORD, "must_change_password": False,
        "home_site_id": str(home) if home else None,
    }).case_id  # fmt: skip


def _holds(admin: Context, person: UUID, role: str, scope: UUID) -> None:
    form = {"staff_id": str(person), "role_key": role, "scope_id": str(scope)}
    admin.perform("tenants.assignment.create", None, form)


def save(plan: Plan, path: Path) -> None:
    """Keep the plan beside its template."""
    path.write_bytes(pickle.dumps(plan))


def load(path: Path) -> Plan:
    """The plan of a template."""
    return pickle.loads(path.read_bytes())


@dataclass
class Person:
    """A member of staff who takes steps: `person.takes("customer_service.request.take", case)`."""

    context: Context

    @property
    def id(self) -> UUID:
        """The staff id."""
        assert self.context.actor_id is not None
        return self.context.actor_id

    def takes(self, step: str, case: UUID | None = None, form: Mapping[str, Any] | None = None, **values: Any) -> Done:
        """Take a step; keyword arguments are the form."""
        options = {k: values.pop(k) for k in ("version", "key", "occurred_at", "if_match") if k in values}
        return self.context.perform(step, case, {**(form or {}), **values}, **options)


@dataclass
class Company:
    """The company under test, on its own database."""

    app: Flask
    host: Host
    plan: Plan

    @property
    def admin(self) -> Context:
        """Headquarters' administrator."""
        return Context(self.host, self.plan.company_id, self.plan.admin_id, via="page")

    @property
    def rival_admin(self) -> Context:
        """The administrator of the other company."""
        return Context(self.host, self.plan.other_id, self.plan.other_admin_id, via="page")

    def site(self, code: str = "east") -> Office:
        """One of its offices: `east` or `west`."""
        return Office(self, code, self.plan.sites[code])

    def later(self, **span: int) -> None:
        """Let time go by, timers firing in order."""
        pass_time(self.host, **span)

    def settle(self) -> None:
        """Carry out what waits in the outbox."""
        self.host.relay.run_due()

    def owe_nothing(self) -> None:
        """Nobody owes anything by the calendar from now on, so that weeks go by without a day's duties."""
        duties = [key for key, rule in self.host.rules.items() if any(duty.options["every"] for duty in rule.duties)]
        self.admin.perform("tenants.rule_change.enter", None, {
            "scope_kind": "company", "scope_id": str(self.plan.company_id), "reason": "test",
            "from_day": self.host.clock.now().date().isoformat(), "rules": [{"rule": key, "on": False} for key in duties],
        })  # fmt: skip
        self.settle()


@dataclass
class Office:
    """An office under test."""

    company: Company
    code: str
    id: UUID

    def person(self, role: str) -> Person:
        """Whoever holds the role here."""
        staff = self.company.plan.staff
        found = staff[f"hq-{role}" if role in COMPANY_ROLES else f"{self.code}-{role}"]
        return Person(Context(self.company.host, self.company.plan.company_id, found, self.id, via="page"))

    @property
    def system(self) -> Context:
        """The system at this office."""
        return self.company.host.system(self.company.plan.company_id, "test", self.id)

    def department(self, key: str) -> UUID:
        """The office's department of that key."""
        return self.company.plan.departments[f"{self.code}-{key}"]

    def household(self, nth: int = 0) -> UUID:
        """One of the office's households."""
        return self.company.plan.households[self.code][nth]

    def switch(
        self,
        rule: str,
        *,
        on: bool | None = None,
        params: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Headquarters turns a rule on or off, or sets its parameters, here from today on."""
        today = self.company.host.clock.now().date().isoformat()
        self.company.admin.perform("tenants.rule_change.enter", None, {
            "scope_kind": "site", "scope_id": str(self.id), "from_day": today, "reason": "test",
            "rules": [{"rule": rule, "on": on, "params": dict(params or {}), "options": dict(options or {})}],
        })  # fmt: skip
        self.company.host.clock.move(__import__("datetime").timedelta(seconds=1))
