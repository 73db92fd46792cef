"""Which rulebook is in force where and when: resolved once per change of settings, kept per process, stored once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from guanjia.db.counting import ensure
from guanjia.db.session import TenantSession
from guanjia.ports import CompanyInfo, SiteInfo
from guanjia.rules.rulebook import Plan, PlanCache, Rulebook, rulebook_id
from guanjia.rules.settings import Resolved, Setting, change_points, resolve
from guanjia.steps.models import StoredRulebook, Tenant

if TYPE_CHECKING:
    from guanjia.host import Host

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime
    rulebook: Rulebook


class Rulebooks:
    """The rulebooks of an installation. A change of a company's version makes its spans be resolved anew."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._spans: dict[tuple[UUID, UUID], tuple[int, _Span]] = {}
        self._stored: set[tuple[UUID, UUID]] = set()
        self._known: dict[UUID, Rulebook] = {}
        self._plans = PlanCache()
        self._lock = threading.Lock()

    def version(self, session: TenantSession) -> int:
        """The company's version of settings and directory, as the database has it now."""
        return session.scalars(select(Tenant.version).where(Tenant.id == session.company_id)).one()

    def current(self, session: TenantSession, place: SiteInfo | CompanyInfo, at: datetime) -> Rulebook:
        """The rulebook in force at `place` (a site, or the company for headquarters' own acts) at `at`."""
        key = (session.company_id, place.id)
        version = self.version(session)
        with self._lock:
            found = self._spans.get(key)
        if found is not None and found[0] == version and found[1].start <= at < found[1].end:
            return found[1].rulebook
        span = self._resolve(session, place, at)
        with self._lock:
            self._spans[key] = (version, span)
        return span.rulebook

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

    def _resolve(self, session: TenantSession, place: SiteInfo | CompanyInfo, at: datetime) -> _Span:
        settings = list(self._host.directory.settings(session))
        active = [
            (self._host.rules[key], values)
            for key, values in self.resolved(session, place, at).items()
            if self._host.rules[key].plugin in place.plugins
        ]
        points = change_points(settings, place.zone)
        start = max((p for p in points if p <= at), default=datetime.min.replace(tzinfo=UTC))
        end = min((p for p in points if p > at), default=_FOREVER)
        return _Span(start, end, Rulebook.of(active))

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
        if place is not None:
            resting = {key for key in rulebook.body if key.split(".", 1)[0] not in place.plugins}
            if resting:
                body = {key: values for key, values in rulebook.body.items() if key not in resting}
                rulebook = Rulebook(rulebook_id(body), body)
        return self._plans.get(rulebook, self._host)
