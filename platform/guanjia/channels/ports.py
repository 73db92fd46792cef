"""What the host asks of the tenant core about ways to the outside: robots, subscriptions, and what each person wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from fnmatch import fnmatchcase
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from guanjia.db.session import TenantSession

IN_APP, AT_ONCE, DIGEST = "in_app", "at_once", "digest"


@dataclass(frozen=True, slots=True)
class Wish:
    """How one person wants to be told outside the application. Hours are local in `zone`, the person's own office's."""

    staff_id: UUID
    name: str
    address: str
    how: str  # in_app | at_once | digest
    digest_hour: int
    quiet_from: time
    quiet_to: time
    language: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot in a group chat. `site_id` None: of the company, told of all sites. Hours are local at the notice's site."""

    id: UUID
    site_id: UUID | None
    title: str
    kind: str  # wecom | dingtalk | feishu
    urgent: bool
    roles: frozenset[str]
    quiet_from: time
    quiet_to: time
    language: str

    def wants(self, *, urgent: bool, roles: Iterable[str], site_id: UUID | None) -> bool:
        """Whether a notice of that kind, to those roles, from that site, goes to the group."""
        if self.site_id is not None and self.site_id != site_id:
            return False
        return (urgent and self.urgent) or not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An integration that is told of steps. `events` are step keys, with `*` for any part; no `sites`: all, and
    headquarters' own acts too."""

    id: UUID
    title: str
    url: str
    events: tuple[str, ...]
    sites: frozenset[UUID]

    def wants(self, step: str, site_id: UUID | None) -> bool:
        """Whether a step at that site is told."""
        if self.sites and site_id not in self.sites:
            return False
        return any(fnmatchcase(step, pattern) for pattern in self.events)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a robot or a subscription is reached, with its secrets opened, newest first. Never kept or logged."""

    url: str
    secrets: tuple[str, ...]


class Channels(Protocol):
    """The tenant core's registers of the outside. All answers are of the session's own company."""

    def robots(self, session: TenantSession) -> Sequence[Robot]:
        """The robots in use; without a statement where nothing has changed since the company was last read."""

    def subscriptions(self, session: TenantSession) -> Sequence[Subscription]:
        """The subscriptions that are on; without a statement where nothing has changed since."""

    def wishes(self, session: TenantSession, staff: Iterable[UUID]) -> Mapping[UUID, Wish]:
        """What these people want, those who want nothing but the notices in the application left out."""

    def way_to(self, session: TenantSession, kind: str, target_id: UUID) -> Way | None:
        """The way to a `robot` or a `webhook`; None where it is not in use (any more). Raises KeyFault."""


class NoChannels:
    """An installation whose tenant core knows no ways to the outside."""

    def robots(self, session: TenantSession) -> Sequence[Robot]:
        """None."""
        return ()

    def subscriptions(self, session: TenantSession) -> Sequence[Subscription]:
        """None."""
        return ()

    def wishes(self, session: TenantSession, staff: Iterable[UUID]) -> Mapping[UUID, Wish]:
        """None."""
        return {}

    def way_to(self, session: TenantSession, kind: str, target_id: UUID) -> Way | None:
        """None."""
        return None
