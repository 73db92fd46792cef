"""Periodic duties: once a day the tasks of every period that begins are made for all sites where the rule is on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from guanjia.calendar import WorkCalendar
from guanjia.db.session import TenantSession, tenant_session
from guanjia.ports import SiteInfo
from guanjia.rules.rule import Function
from guanjia.steps import outbox
from guanjia.steps.commands import Owed
from guanjia.steps.loader import Loader
from guanjia.steps.models import Task

if TYPE_CHECKING:
    from guanjia.host import Host

_log = logging.getLogger("guanjia.jobs")


@dataclass(frozen=True)
class Period:
    """A calendar period in site time: its key (`2026-11`), first and last day."""

    key: str
    first: date
    last: date


def period_of(every: str, day: date) -> Period:
    """The period of kind `every` (day, week, month, year) that holds `day`. Raises ValueError for another kind."""
    if every == "day":
        return Period(day.isoformat(), day, day)
    if every == "week":
        first = day - timedelta(days=day.weekday())
        return Period("{}-W{:02d}".format(*day.isocalendar()[:2]), first, first + timedelta(days=6))
    if every == "month":
        first = day.replace(day=1)
        return Period(f"{day:%Y-%m}", first, WorkCalendar().last_day_of_month(day))
    if every == "year":
        return Period(f"{day:%Y}", date(day.year, 1, 1), date(day.year, 12, 31))
    raise ValueError(f"a duty cannot recur every {every!r}")


def make_periodic(host: Host, company_id: UUID, at: datetime) -> int:
    """Make what is owed in the periods that hold `at`, once per period, site and rule; then schedule the next round.

    Returns how many tasks were made. A second run finds nothing to do.
    """
    made = 0
    with tenant_session(company_id) as session:
        sites = list(host.directory.sites(session))
        work = [item for site in sites for item in _owed_at(host, session, site, at)]
        origins = {origin for _site, _owed, _function, _period, origin in work}
        known = set(session.scalars(select(Task.origin).where(Task.company_id == company_id, Task.origin.in_(origins))))
    for site, owed, function, period, origin in work:
        if origin in known:
            continue
        host.system(company_id, f"duty:{function.rule}", site.id).perform(
            "guanjia.task.make",
            None,
            {
                "rule": function.rule,
                "title": owed.title.to_json(),
                "role": owed.role,
                "staff_id": str(owed.staff) if owed.staff else None,
                "due_at": owed.due_at.isoformat() if owed.due_at else None,
                "period": period.key,
                "owed": owed.count,
                "met_by": list(function.options["met_by"]),
                "origin": origin,
            },
            key=origin,
        )
        made += 1
    _schedule_jobs(host, company_id, at)
    schedule_next(host, company_id, at)
    return made


def _owed_at(
    host: Host, session: TenantSession, site: SiteInfo, at: datetime
) -> Iterator[tuple[SiteInfo, Owed, Function, Period, str]]:
    rulebook = host.rulebooks.current(session, site, at)
    for key in rulebook.body:
        rule = host.rules.get(key)
        for function in rule.duties if rule else ():
            every = function.options["every"]
            if every is None or rule is None:
                continue
            period = period_of(every, site.calendar.date_of(at))
            params = rule.params.load(rulebook.params_of(key))
            try:
                known = site_facts(host, session, site, function, at)
                owed = function(known, params, period=period, calendar=site.calendar)
            except Exception as fault:
                _log.exception("duty %s raised", key)
                host.faults.note("duty", key, fault, company_id=session.company_id, plugin=rule.plugin)
                continue
            for item in owed if isinstance(owed, list | tuple) else [owed] if owed else []:
                yield site, item, function, period, origin_of(key, site.id, period, item.key)


def site_facts(host: Host, session: TenantSession, site: SiteInfo, function: Function, at: datetime) -> dict[str, Any]:
    """What a duty wants to know of the site, by the names of its facts."""
    if not function.facts:
        return {}
    loader = Loader(host, session, at, site)
    return {name: load(loader, [site], {})[0] for name, load in function.facts.items()}


def origin_of(rule: str, site_id: UUID, period: Period, key: str = "") -> str:
    """What marks the task of a periodic duty, so that it is made once in a period."""
    return f"duty:{rule}:{site_id}:{period.key}:{key}"


def count_as_done(
    session: TenantSession, host: Host, site: SiteInfo, function: Function, done_on: date, now: datetime
) -> None:
    """The duty counts as done in the period of `done_on`: its task is done there, and is not made again."""
    every = function.options["every"]
    if every is None:
        return
    rule = host.rules[function.rule]
    period = period_of(every, done_on)
    rulebook = host.rulebooks.current(session, site, now)
    params = rule.params.load(rulebook.params_of(rule.key))
    owed = function(site_facts(host, session, site, function, now), params, period=period, calendar=site.calendar)
    for item in owed if isinstance(owed, list | tuple) else [owed] if owed else []:
        origin = origin_of(rule.key, site.id, period, item.key)
        query = select(Task).where(Task.company_id == session.company_id, Task.origin == origin)
        task = session.scalars(query).one_or_none()
        if task is None:
            task = Task(
                id=host.ids.new(), company_id=session.company_id, site_id=site.id, rule=rule.key, role=item.role,
                title=item.title.to_json(), due_at=item.due_at, period=period.key, owed=item.count, origin=origin,
                met_by=list(function.options["met_by"]), version=1, opened_at=now, changed_at=now,
                rulebook_id=rulebook.id,
            )  # fmt: skip
            session.add(task)
        task.state, task.met, task.closed_at = "done", task.owed, site.calendar.close_of(done_on)
    session.flush()


def _schedule_jobs(host: Host, company_id: UUID, at: datetime) -> None:
    """The plugins' daily jobs of this company are due now, once a day each; the hourly ones at each full hour that the
    day still has, midnight included (company time)."""
    jobs = [job for job in host.jobs.values() if job.every]
    if not jobs:
        return
    with tenant_session(company_id, write=True) as session:
        calendar = host.directory.company(session).calendar
        today = calendar.date_of(at)
        midnight = calendar.start_of(today + timedelta(days=1))
        hours = (midnight - timedelta(hours=n) for n in range(25, -1, -1))
        coming = [hour for hour in hours if hour > at]
        for job in jobs:
            for moment in [at] if job.every == "day" else coming:
                key = today.isoformat() if job.every == "day" else moment.isoformat()
                payload = {"job": job.key, "day": today.isoformat()}
                outbox.schedule(session, host, "job", payload, at=moment, dedupe=f"job:{job.key}:{key}")
        outbox.light_beacons(session, host)
        session.commit()


def schedule_next(host: Host, company_id: UUID, after: datetime) -> None:
    """Put the next daily round, at 00:05 company time, into the outbox; once."""
    with tenant_session(company_id, write=True) as session:
        calendar = host.directory.company(session).calendar
        day = calendar.date_of(after) + timedelta(days=1)
        at = calendar.start_of(day) + timedelta(minutes=5)
        outbox.schedule(session, host, "duties", {}, at=at, dedupe=f"duties:{day.isoformat()}")
        outbox.light_beacons(session, host)
        session.commit()
