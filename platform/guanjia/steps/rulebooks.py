"""Which rulebook is in force where and when: resolved once per change of settings, kept per process, stored once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from guanjia.db.counting import ensure
from guanjia.db.session import TenantSession
from guanjia.db.types import canonical_json
from guanjia.ports import CompanyInfo, SiteInfo
from guanjia.rules.rulebook import Plan, Plans, Rulebook, entry_of, rulebook_id
from guanjia.rules.settings import Resolved, Setting, change_points, resolve
from guanjia.steps.models import StoredRulebook

if TYPE_CHECKING:
    from guanjia.host import Host

KEPT = 512  # companies whose rulebooks are kept in a process
_ALL = frozenset({"*"})  # stands for: whatever is on
_FOREVER = datetime.max.replace(tzinfo=UTC)
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Span:
    """A rulebook with the time in which it stays right."""

    version: int
    start: datetime
    end: datetime
    rulebook: Rulebook
    plan: Plan


@dataclass(slots=True)
class _Company:
    """What is resolved of one company at one version. What is equal at several places is held once in `made`."""

    version: int
    by_scope: dict[UUID, list[Setting]]
    made: dict[Any, Any] = field(default_factory=dict)


class Rulebooks:
    """The rulebooks of an installation. A change of a company's version makes its spans be resolved anew."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._companies: OrderedDict[UUID, _Company] = OrderedDict()
        self._stored: set[tuple[UUID, UUID]] = set()
        self._known: dict[UUID, Rulebook] = {}
        self._plans = Plans(host)
        self._lock = threading.Lock()

    def version(self, session: TenantSession) -> int:
        """The company's version of settings and directory, as the transaction's first statement found it."""
        return session.version

    def current(self, session: TenantSession, place: SiteInfo | CompanyInfo, at: datetime) -> Rulebook:
        """The rulebook in force at `place` (a site, or the company for headquarters' own acts) at `at`."""
        span: _Span | None = place.span
        if span is not None and span.version == session.version and span.start <= at < span.end:
            return span.rulebook
        company = self._companies.get(session.company_id)
        if company is None or company.version != session.version:
            company = self._read(session)
        span = self._resolve(company, place, at)
        object.__setattr__(place, "span", span)  # a place is of one version of its company, as the span is
        return span.rulebook

    def _read(self, session: TenantSession) -> _Company:
        by_scope: dict[UUID, list[Setting]] = {}
        for setting in self._host.directory.settings(session):
            by_scope.setdefault(setting.scope, []).append(setting)
        company = _Company(session.version, by_scope)
        with self._lock:
            self._companies[session.company_id] = company
            while len(self._companies) > KEPT:
                self._companies.popitem(last=False)
        return company

    def resolved(self, session: TenantSession, place: SiteInfo | CompanyInfo, at: datetime) -> dict[str, Resolved]:
        """What is in force for every switched rule at `place`, with the origin of each value."""
        by_rule: dict[str, list[Setting]] = {}
        for setting in self._host.directory.settings(session):
            by_rule.setdefault(setting.rule, []).append(setting)
        chain = place.chain if isinstance(place, SiteInfo) else (place.id,)
        return {
            rule.key: resolve(
                rule.key,
                on=rule.on,
                params=rule.params.defaults(),
                chain=chain,
                settings=by_rule.get(rule.key, ()),
                at=at,
                zone=place.zone,
            )
            for rule in self._host.rules.values()
            if rule.switched
        }

    def _resolve(self, company: _Company, place: SiteInfo | CompanyInfo, at: datetime) -> _Span:
        chain = place.chain if isinstance(place, SiteInfo) else (place.id,)
        settings = [setting for scope in chain for setting in company.by_scope.get(scope, ())]
        by_rule: dict[str, list[Setting]] = {}
        for setting in settings:
            by_rule.setdefault(setting.rule, []).append(setting)
        body = dict(self._defaults(company, place.plugins))
        for key, own in by_rule.items():
            rule = self._host.rules.get(key)
            if rule is None or not rule.switched or rule.plugin not in place.plugins:
                continue
            values = resolve(
                key, on=rule.on, params=rule.params.defaults(), chain=chain, settings=own, at=at, zone=place.zone
            )
            body.pop(key, None)
            if values.on:
                entry = entry_of(rule, values)
                body[key] = company.made.setdefault(("entry", key, canonical_json(entry)), entry)
        points = change_points(settings, place.zone)
        start = max((p for p in points if p <= at), default=_EVER)
        end = min((p for p in points if p > at), default=_FOREVER)
        start, end = company.made.setdefault(start, start), company.made.setdefault(end, end)
        found = rulebook_id(body)
        rulebook = company.made.setdefault(("rulebook", found), Rulebook(found, body))
        return company.made.setdefault(  # type: ignore[no-any-return]
            ("span", start, end, found, place.plugins),
            _Span(company.version, start, end, rulebook, self._plan(rulebook, place.plugins)),
        )

    def _defaults(self, company: _Company, plugins: frozenset[str]) -> dict[str, Any]:
        """What a place without any setting of its own goes by."""
        found: dict[str, Any] | None = company.made.get(("defaults", plugins))
        if found is None:
            found = {
                rule.key: {"v": rule.version, "p": rule.params.defaults()}
                for rule in self._host.rules.values()
                if rule.switched and rule.on and rule.plugin in plugins
            }
            company.made[("defaults", plugins)] = found
        return found

    def store(self, session: TenantSession, rulebook: Rulebook, at: datetime) -> None:
        """Keep the rulebook in the company's table if it is not there yet. Belongs to the caller's transaction."""
        if (session.company_id, rulebook.id) not in self._stored:
            ensure(session, StoredRulebook, {"id": rulebook.id}, body=dict(rulebook.body), stored_at=at)

    def mark_stored(self, company_id: UUID, rulebook_id: UUID) -> None:
        """Remember, after the commit, that the rulebook is stored."""
        self._stored.add((company_id, rulebook_id))

    def get(self, session: TenantSession, rulebook_id: UUID) -> Rulebook:
        """The stored rulebook of that id. Raises KeyError if the company has none."""
        rulebook = self._known.get(rulebook_id)
        if rulebook is None:
            row = session.get(StoredRulebook, (session.company_id, rulebook_id))
            if row is None:
                raise KeyError(f"rulebook {rulebook_id} is not stored")
            rulebook = Rulebook(rulebook_id, row.body)
            if len(self._known) > 4096:
                self._known.clear()
            self._known[rulebook_id] = rulebook
        return rulebook

    def plan(self, rulebook: Rulebook, place: SiteInfo | CompanyInfo | None = None) -> Plan:
        """The plan compiled from the rulebook. Rules of plugins that are off at `place` rest, though a case that was
        opened before still names them."""
        if place is None:
            return self._plan(rulebook, _ALL)
        span: _Span | None = place.span
        return span.plan if span is not None and span.rulebook is rulebook else self._plan(rulebook, place.plugins)

    def _plan(self, rulebook: Rulebook, plugins: frozenset[str]) -> Plan:
        found: Plan | None = rulebook.plans.get(plugins)
        if found is None:
            named = {key.split(".", 1)[0] for key in rulebook.body}
            resting = frozenset() if plugins is _ALL else frozenset(named - plugins)
            found = rulebook.plans[plugins] = self._plans.compile(rulebook, resting)
        return found
