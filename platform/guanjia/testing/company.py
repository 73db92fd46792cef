"""A company to try things in: headquarters, two sites, staff as soon as a test asks for them, and a competitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.migrate import upgrade
from guanjia.db.session import TenantSession, tenant_session
from guanjia.host import Host
from guanjia.manifest import Plugin
from guanjia.steps.context import Context
from guanjia.steps.models import JournalEntry, Notification, Task
from guanjia.steps.outcome import Done
from guanjia.steps.view import CaseView, StepView, view_case
from guanjia.testing.moving import pass_time
from guanjia.words import Message, speaking

if TYPE_CHECKING:
    from flask import Flask

    from guanjia.testing.browser import Browser, Program

PASSWORD = "lanterns over the quiet canal, 7"  # noqa: S105 - of people who exist in tests only
START = datetime(2026, 11, 16, 1, 10, tzinfo=UTC)  # a Monday, 09:10 in Shanghai
SITES = ("east", "west")
HIRED = ("receptionist", "site_manager")  # at each site, from the beginning


@dataclass
class Known:
    """Ids of a founded company, by which a copy of its database is opened again."""

    id: UUID
    admin_id: UUID
    sites: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)  # by account


@dataclass
class Person:
    """A member of staff: `person.takes("pm_parcels.parcel.receive", courier="SF")`."""

    company: Company
    context: Context
    account: str

    @property
    def id(self) -> UUID:
        """The staff id."""
        assert self.context.actor_id is not None
        return self.context.actor_id

    def takes(self, step: str, case: UUID | None = None, form: Mapping[str, Any] | None = None, **values: Any) -> Done:
        """Take a step; keyword arguments are the form, but for `version`, `key`, `occurred_at` and `if_match`."""
        options = {k: values.pop(k) for k in ("version", "key", "occurred_at", "if_match") if k in values}
        return self.context.perform(step, case, {**(form or {}), **values}, **options)

    def sees(self, flow: str, case: UUID) -> CaseView:
        """The case as the person sees it. Raises NotFound where it is out of reach."""
        with self.context.reading() as loader:
            return view_case(loader, self.context, loader.host.flow(flow), case)

    def button(self, flow: str, case: UUID, step: str) -> StepView:
        """The button of a step, with the reasons that stand against it. Raises AssertionError where it is not offered."""
        found = self.sees(flow, case).step(step)
        assert found is not None, f"{step} is not offered"
        return found

    def notices(self, language: str = "en") -> list[str]:
        """What the person was told in the app, the oldest first."""
        rows = self.company.rows(Notification, Notification.staff_id == self.id)
        with speaking(language):
            return [str(Message.from_json(row.message)) for row in sorted(rows, key=lambda row: row.at)]

    def browser(self, language: str = "en") -> Browser:
        """A browser in which the person has signed in."""
        from guanjia.testing.browser import Browser

        return Browser.of(self, language)

    def program(self, language: str = "en") -> Program:
        """A program that calls the API in the person's name."""
        from guanjia.testing.browser import Program

        return Program.of(self, language)


@dataclass
class Company:
    """A company under test, on a database of its own, its clock stopped. `rival` is a competitor in the same database."""

    app: Flask
    host: Host
    code: str
    known: Known
    rival: Company | None = None

    @property
    def id(self) -> UUID:
        """The company's id."""
        return self.known.id

    @property
    def sites(self) -> Mapping[str, UUID]:
        """Ids of the sites, `east` and `west`, by code."""
        return self.known.sites

    @property
    def headquarters(self) -> Person:
        """The administrator at headquarters."""
        return Person(self, Context(self.host, self.id, self.known.admin_id, via="page"), "admin")

    def person(self, role: str, site: str = "east") -> Person:
        """Whoever holds the role at the site (a role of the company's level: at the company); hired when first asked for."""
        account = f"{site}-{role}".replace("_", "-")
        if account not in self.known.people:
            self.known.people[account] = self._hire(account, role, site)
        context = Context(self.host, self.id, self.known.people[account], self.sites[site], via="page")
        return Person(self, context, account)

    def _hire(self, account: str, role: str, site: str) -> UUID:
        admin, where = self.headquarters, self.sites[site]
        staff = admin.takes(
            "tenants.staff.create", account=account, name=f"{site} {role}", password=PASSWORD,
            must_change_password=False, home_site_id=str(where),
        ).case_id  # fmt: skip
        levels = {row.key: row.level for row in self.rows_of("tenants_role")}
        scope = self.id if levels.get(role) == "company" else where
        admin.takes("tenants.assignment.create", staff_id=str(staff), role_key=role, scope_id=str(scope))
        return staff

    def system(self, site: str | None = "east") -> Context:
        """The system itself, as jobs and reactions act."""
        return self.host.system(self.id, "test", self.sites[site] if site else None)

    def switch(
        self, rule: str, *, on: bool | None = None, site: str = "east", params: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Headquarters turns a rule on or off at a site, or sets its parameters, from this moment on."""
        change = {"rule": rule, "on": on, "params": dict(params or {}), "options": dict(options or {})}
        self.headquarters.takes(
            "tenants.rule_change.enter", scope_kind="site", scope_id=str(self.sites[site]), reason="test", rules=[change],
            from_day=self.host.clock.now().date().isoformat(),
        )  # fmt: skip
        self.host.clock.move(timedelta(seconds=1))

    def turn(self, plugin: str, *, on: bool, site: str | None = "east") -> None:
        """Headquarters turns a plugin on or off at a site; with `site=None` for the whole company."""
        where = self.sites[site] if site else None
        admin = self.headquarters.context.at_site(where)
        rows = [r for r in self.rows_of("tenants_plugin_switch") if (r.site_id, r.plugin) == (where, plugin)]
        step, case = ("change", rows[0].id) if rows else ("create", None)
        admin.perform(f"tenants.plugin_switch.{step}", case, {"plugin": plugin, "is_on": on})

    def later(self, **span: int) -> None:
        """Let time go by (`hours=2`), each timer firing at its moment."""
        pass_time(self.host, **span)

    def settle(self) -> None:
        """Carry out what waits in the outbox: notices, tasks, jobs."""
        self.host.relay.run_due()

    @contextmanager
    def session(self) -> Iterator[TenantSession]:
        """A session of the company, for reading."""
        with tenant_session(self.id) as session:
            yield session

    def rows(self, model: type[Any], *where: Any) -> list[Any]:
        """The company's rows of a table, in the order of their ids."""
        with self.session() as session:
            query = select(model).where(model.company_id == self.id, *where)
            return list(session.scalars(query.order_by(model.id)))

    def rows_of(self, table: str) -> list[Any]:
        """The same by the table's name."""
        from guanjia.db.base import Base

        found = next(m.class_ for m in Base.registry.mappers if m.class_.__tablename__ == table)
        return self.rows(found)

    def tasks(self, rule: str | None = None) -> list[Task]:
        """The company's tasks, of one rule or all."""
        return self.rows(Task, *([Task.rule == rule] if rule else []))

    def journal(self, case: UUID) -> list[dict[str, Any]]:
        """The bodies of the journal's entries about the case, each with its `step` and `outcome`, in their order."""
        with self.session() as session:
            query = select(JournalEntry).where(JournalEntry.company_id == self.id, JournalEntry.case_id == case)
            found = session.scalars(query.order_by(JournalEntry.seq))
            return [msgspec.json.decode(row.body) | {"step": row.step, "outcome": row.outcome} for row in found]


def found_two(host: Host) -> tuple[Known, Known]:
    """An empty, migrated database holds two companies with two sites each."""
    made = []
    for code in ("acme", "rival"):
        company_id, admin_id = host.directory.found_company(
            host, code=code, name=f"{code} property services", admin_account="admin", admin_name="Headquarters",
            admin_password=PASSWORD,
        )  # fmt: skip
        known = Known(company_id, admin_id)
        admin = Context(host, company_id, admin_id, via="cli")
        for site in SITES:
            form = {"code": site, "name": f"{site} gardens", "opens": "08:30", "closes": "18:00"}
            known.sites[site] = admin.perform("tenants.site.create", None, form).case_id
        made.append(known)
    return made[0], made[1]


@contextmanager
def open_company(
    folder: Path, known: tuple[Known, Known] | None = None, *, plugins: Sequence[Plugin] | None = None
) -> Iterator[Company]:
    """A company on the SQLite file `guanjia.sqlite` of the folder, inside an application context; made if there is none.

    `plugins` defaults to all installed ones.
    """
    url = f"sqlite:///{folder / 'guanjia.sqlite'}"
    config = Config(data_folder=folder, database_url=url, owner_database_url=url, secret_key="test only")  # noqa: S106
    app = create_app(config, plugins=plugins, clock=Clock(START))
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    with app.app_context():
        host: Host = app.extensions["guanjia"]
        try:
            is_new = known is None
            if known is None:
                upgrade(host)
                known = found_two(host)
            rival = Company(app, host, "rival", known[1])
            company = Company(app, host, "acme", known[0], rival)
            if is_new:
                for role, site in product(HIRED, SITES):
                    company.person(role, site)
            yield company
        finally:
            db.engine.dispose()
