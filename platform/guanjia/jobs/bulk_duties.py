"""Tasks of periodic duties for many sites at once: asked once for all sites that are alike, made in a few statements.

Sites are alike where rulebook and calendar are the same. A mark per rule and period holds for which sites and with what
answer the tasks were made, so that a second round compares a few digests and is done. Whoever owes a task is told, and
reminded at its time, by one message for all of them: a quarter of a million would hold the outbox up for hours.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from guanjia.db.many import make_for_sites
from guanjia.db.session import TenantSession, tenant_session
from guanjia.db.types import canonical_json
from guanjia.ports import SiteInfo
from guanjia.rules.rule import Function
from guanjia.rules.rulebook import Rulebook
from guanjia.steps import journal, outbox
from guanjia.steps.changes import plain
from guanjia.steps.commands import Owed
from guanjia.steps.models import DutyMark, Task

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.jobs.duties import Period

_log = logging.getLogger("guanjia.jobs")
MADE = "duties_made"  # the message after which those who owe are told
DUE = "tasks_due"  # the message at a time at which many tasks fall due


@dataclass(frozen=True)
class _Alike:
    """Sites with the same rulebook and calendar; one site for a duty that asks about the site itself."""

    rulebook: Rulebook
    sites: tuple[SiteInfo, ...]
    digest: bytes


@dataclass
class _Answer:
    """What sites that are alike owe by one rule in one period: `items` are the rows of tasks but for site and id."""

    alike: _Alike
    items: list[dict[str, Any]]


def make_in_bulk(host: Host, company_id: UUID, at: datetime) -> int:
    """The tasks of the periods that hold `at` exist, once per period, site and rule. Says how many were made."""
    with tenant_session(company_id) as session:
        answers = _answers(host, session, at)
        marks = _digests(answers)
        query = select(DutyMark.rule, DutyMark.period, DutyMark.digest).where(DutyMark.company_id == company_id)
        known = {(rule, period): digest for rule, period, digest in session.execute(query)}
    due = [key for key, digest in marks.items() if known.get(key) != digest]
    if not due:
        return 0
    with tenant_session(company_id, write=True) as session:
        made = _make(host, session, {key: answers[key] for key in due})
        _mark(host, session, {key: marks[key] for key in due})
        outbox.light_beacons(session, host)
        session.commit()
    host.after_commit(company_id)
    return made


def _answers(host: Host, session: TenantSession, at: datetime) -> dict[tuple[str, str], list[_Answer]]:
    found: dict[tuple[str, str], list[_Answer]] = {}
    for alike in _groups(host, session, at):
        for function in _periodic(host, alike.rulebook):
            each = [alike] if not function.facts else [_alone(alike.rulebook, site) for site in alike.sites]
            for asked in each:
                period, items = _ask(host, session, asked, function, at)
                if items:
                    found.setdefault((function.rule, period.key), []).append(_Answer(asked, items))
    return found


def _groups(host: Host, session: TenantSession, at: datetime) -> list[_Alike]:
    grouped: dict[tuple[UUID, int], list[SiteInfo]] = {}
    rulebooks: dict[UUID, Rulebook] = {}
    for site in host.directory.sites(session):
        rulebook = host.rulebooks.current(session, site, at)
        rulebooks[rulebook.id] = rulebook
        grouped.setdefault((rulebook.id, id(site.calendar)), []).append(site)
    return [_alike(rulebooks[rulebook_id], sites) for (rulebook_id, _calendar), sites in grouped.items()]


def _alike(rulebook: Rulebook, sites: Sequence[SiteInfo]) -> _Alike:
    return _Alike(rulebook, tuple(sites), hashlib.sha256(b"".join([site.id.bytes for site in sites])).digest())


def _alone(rulebook: Rulebook, site: SiteInfo) -> _Alike:
    return _alike(rulebook, (site,))


def _periodic(host: Host, rulebook: Rulebook) -> Iterator[Function]:
    for key in rulebook.body:
        rule = host.rules.get(key)
        yield from (function for function in (rule.duties if rule else ()) if function.options["every"] is not None)


def _ask(
    host: Host, session: TenantSession, alike: _Alike, function: Function, at: datetime
) -> tuple[Period, list[dict[str, Any]]]:
    from guanjia.jobs.duties import period_of, site_facts

    site, rule = alike.sites[0], host.rules[function.rule]
    period = period_of(function.options["every"], site.calendar.date_of(at))
    params = rule.params.load(alike.rulebook.params_of(rule.key))
    try:
        known = site_facts(host, session, site, function, at)
        owed = function(known, params, period=period, calendar=site.calendar)
    except Exception as fault:
        _log.exception("duty %s raised", rule.key)
        host.faults.note("duty", rule.key, fault, company_id=session.company_id, plugin=rule.plugin)
        return period, []
    each = owed if isinstance(owed, list | tuple) else [owed] if owed else []
    return period, [_row(item, function, period) for item in each]


def _row(owed: Owed, function: Function, period: Period) -> dict[str, Any]:
    return {
        "rule": function.rule, "title": owed.title.to_json(), "role": owed.role, "staff_id": owed.staff,
        "due_at": owed.due_at, "period": period.key, "owed": owed.count, "met_by": list(function.options["met_by"]),
        "origin": (f"duty:{function.rule}:", f":{period.key}:{owed.key}"),
    }  # fmt: skip


def _digests(answers: Mapping[tuple[str, str], Sequence[_Answer]]) -> dict[tuple[str, str], str]:
    """What is owed by each rule in each period, and by which sites, as a digest."""
    found = {}
    for key, given in answers.items():
        parts = sorted(answer.alike.digest + canonical_json(plain(answer.items)).encode() for answer in given)
        found[key] = hashlib.sha256(b"".join(parts)).hexdigest()
    return found


def _make(host: Host, session: TenantSession, answers: Mapping[tuple[str, str], Sequence[_Answer]]) -> int:
    by_sites: dict[tuple[UUID, bytes], tuple[_Alike, list[dict[str, Any]]]] = {}
    for given in answers.values():
        for answer in given:
            place = (answer.alike.rulebook.id, answer.alike.digest)
            by_sites.setdefault(place, (answer.alike, []))[1].extend(answer.items)
    now, made = host.clock.now(), 0
    for alike, items in by_sites.values():
        host.rulebooks.store(session, alike.rulebook, now)
        made += make_for_sites(
            session, Task, [site.id for site in alike.sites], items, unique="origin", ms=host.ids.new().int >> 80,
            state="open", version=1, rulebook_id=alike.rulebook.id, opened_at=now, changed_at=now, met=0, note="",
        )  # fmt: skip
    if made:
        moments = {item["due_at"] for _alike, items in by_sites.values() for item in items if item["due_at"]}
        for moment in sorted(moments):
            outbox.schedule(
                session, host, DUE, {"due_at": moment.isoformat()}, at=moment, dedupe=f"{DUE}:{moment.isoformat()}"
            )
        payload = {"at": now.isoformat(), "rules": sorted({rule for rule, _period in answers})}
        outbox.schedule(session, host, MADE, payload, at=now)
        _journal(host, session, now, answers, made)
    return made


def _journal(host: Host, session: TenantSession, now: datetime, answers: Mapping[Any, Any], made: int) -> None:
    body = {
        "v": 1, "via": "job", "cause": "duties", "made": made,
        "duties": [{"rule": rule, "period": period, "sites": sum(len(a.alike.sites) for a in given)}
                   for (rule, period), given in sorted(answers.items())],
    }  # fmt: skip
    entry = journal.Entry(
        site_id=None,
        at=now,
        step="guanjia.task.make",
        outcome="done",
        case_id=None,
        actor_id=None,
        body=body,
        private={},
    )
    journal.write(session, host.ids, entry)


def _mark(host: Host, session: TenantSession, marks: Mapping[tuple[str, str], str]) -> None:
    query = select(DutyMark).where(
        DutyMark.company_id == session.company_id, DutyMark.rule.in_({rule for rule, _period in marks})
    )
    there = {(row.rule, row.period): row for row in session.scalars(query)}
    now = host.clock.now()
    for (rule, period), digest in marks.items():
        row = there.get((rule, period))
        if row is None:
            row = DutyMark(id=host.ids.new(), company_id=session.company_id, rule=rule, period=period)
            session.add(row)
        row.digest, row.at = digest, now
    session.flush()
