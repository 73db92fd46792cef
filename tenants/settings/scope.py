"""Where a rule is set: the company, an org unit or a site; with what lies above it and the sites below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from guanjia.ports import CompanyInfo, SiteInfo
from guanjia.sdk import Loader
from tenants.directory import TenantDirectory
from tenants.snapshot import Snapshot

COMPANY, UNIT, SITE = "company", "unit", "site"


@dataclass(frozen=True, eq=False)
class Place:
    """Where rules are in force: a site, or the company itself for headquarters' own acts and for sites to come."""

    id: UUID
    name: str
    chain: tuple[UUID, ...]
    zone: ZoneInfo
    plugins: frozenset[str]
    site: SiteInfo | None = None


@dataclass(frozen=True)
class Scope:
    """A scope with `chain` from the company down to itself, and `places`: all that a setting here reaches."""

    kind: str
    id: UUID
    name: str
    chain: tuple[UUID, ...]
    zone: ZoneInfo
    places: tuple[Place, ...]

    @property
    def sites(self) -> list[Place]:
        """The places that are sites."""
        return [place for place in self.places if place.site is not None]

    @property
    def above(self) -> tuple[UUID, ...]:
        """The scopes from which this one inherits, the company first."""
        return self.chain[:-1]


def place_of(info: SiteInfo | CompanyInfo) -> Place:
    """A site or the company as a place."""
    if isinstance(info, SiteInfo):
        return Place(info.id, info.name, info.chain, info.zone, info.plugins, info)
    return Place(info.id, info.name, (info.id,), info.zone, info.plugins)


def find_scope(loader: Loader, kind: str, scope_id: UUID | None) -> Scope | None:
    """The scope, or None if the company has no such one. For the company itself `scope_id` may be left out."""
    directory, session = loader.host.directory, loader.session
    company = directory.company(session)
    if kind == COMPANY:
        if scope_id not in (None, company.id):
            return None
        places = (place_of(company), *map(place_of, _sites(loader)))
        return Scope(COMPANY, company.id, company.name, (company.id,), company.zone, places)
    if scope_id is None:
        return None
    if kind == SITE:
        site = directory.site(session, scope_id)
        if site is None or site.closed:
            return None
        return Scope(SITE, site.id, site.name, site.chain, site.zone, (place_of(site),))
    snapshot = snapshot_of(loader)
    if scope_id not in snapshot.units:
        return None
    places = tuple(place_of(site) for site in _sites(loader) if scope_id in site.chain)
    chain = (company.id, *snapshot.unit_chain(scope_id))
    return Scope(UNIT, scope_id, snapshot.scope_name(scope_id), chain, company.zone, places)


def snapshot_of(loader: Loader) -> Snapshot:
    """The company's tree, roles and departments as the directory keeps them."""
    return cast(TenantDirectory, loader.host.directory).snapshot(loader.session)


def _sites(loader: Loader) -> Sequence[SiteInfo]:
    return loader.memo("tenants.settings.sites", lambda: loader.host.directory.sites(loader.session))
