"""Periodic duties: 25 rules at 10,000 sites of one company, and a second run that finds nothing to do (target 6)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from benchmarks.measuring import Result
from benchmarks.world import World
from guanjia.db.base import db
from guanjia.db.session import tenant_session
from guanjia.jobs.duties import Period, make_periodic
from guanjia.rules.rule import Kind, Rule
from guanjia.sdk import Owed, WorkCalendar, words
from guanjia.steps.models import Task, Tenant
from tenants.models import Site

_ = words("customer_service")
SITES, RULES = 10_000, 25
ROLES = ("site_manager", "department_head", "security_head", "customer_service_supervisor", "property_supervisor")


def _rule(n: int) -> Rule:
    rule = Rule(f"customer_service.made_duty_{n}", Kind.DUTY)

    @rule.duty(every="month")
    def owed(period: Period, calendar: WorkCalendar) -> Owed:
        return Owed(
            title=_("Inspect what the plan names for this month."),
            role=ROLES[n % len(ROLES)],
            due_at=calendar.close_of(period.first + timedelta(days=20 + n % 5)),
        )

    return rule


@contextmanager
def many_sites(world: World, sites: int, rules: int) -> Iterator[None]:
    """The company has so many sites and so many duties that recur each month, and none besides; afterwards as before."""
    host, app = world.host, world.app
    kept = dict(host.rules)
    with app.app_context():
        made = [_rule(n) for n in range(rules)]
        for key in [key for key, rule in host.rules.items() if rule.duties]:
            del host.rules[key]
        host.rules |= {rule.key: rule for rule in made}
        now = host.clock.now()
        with tenant_session(world.company_id, write=True) as session:
            there = (
                session.scalar(select(func.count()).select_from(Site).where(Site.company_id == world.company_id)) or 0
            )
            rows: list[dict[str, Any]] = [
                {"company_id": world.company_id, "id": uuid.uuid4(), "code": f"b{n}", "name": f"Site {n}", "state": "active",
                 "version": 1, "opened_at": now, "changed_at": now}
                for n in range(sites - there)
            ]  # fmt: skip
            session.execute(insert(Site), rows)
            session.execute(update(Tenant).where(Tenant.id == world.company_id).values(version=Tenant.version + 1))
            session.commit()
        if db.engine.dialect.name == "postgresql":
            _analyse(world)
        try:
            yield
        finally:
            host.rules = kept


def _analyse(world: World) -> None:
    import psycopg
    from sqlalchemy import make_url

    url = make_url(world.host.config.owner_database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("analyze tenants_site")


def measure(world: World, database: str, *, quick: bool) -> list[Result]:
    """Seconds of the first and of the second run; with `quick`, of a tenth of the sites against a tenth of the time."""
    part = 10 if quick else 1
    sites, target = SITES // part, {"PostgreSQL": 2.0, "SQLite": 0.7}[database] / part
    with many_sites(world, sites, RULES), world.app.app_context():
        host = world.host
        with tenant_session(world.company_id) as session:  # a worker knows its company
            for site in host.directory.sites(session):
                host.rulebooks.current(session, site, host.clock.now())
        host.clock.move(timedelta(days=31))
        at = host.clock.now()
        start = time.perf_counter()
        made = make_periodic(host, world.company_id, at)
        first = time.perf_counter() - start
        start = time.perf_counter()
        again = make_periodic(host, world.company_id, at)
        second = time.perf_counter() - start
        with tenant_session(world.company_id) as session:
            query = select(func.count()).select_from(Task).where(
                Task.company_id == world.company_id, Task.rule.like("customer_service.made_duty_%")
            )  # fmt: skip
            stored = session.scalar(query)
    if made != sites * RULES or stored != made or again != 0:
        raise RuntimeError(f"{made} made, {stored} stored, {again} made again, of {sites * RULES}")
    name = f"{made:,} duties for {sites:,} sites"
    return [
        Result(f"duties, {database}", name, round(first, 3), target, "s"),
        Result(
            f"duties, {database}", f"a second run that finds nothing to do, {sites:,} sites", round(second, 3), 0.3, "s"
        ),
    ]
