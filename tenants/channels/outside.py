"""The tenant core's answers to what the host asks about ways to the outside; kept with the company's snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select

from guanjia.channels.models import ROBOT, WEBHOOK
from guanjia.channels.ports import IN_APP, Robot, Subscription, Way, Wish
from guanjia.config import Config
from guanjia.db.session import TenantSession
from guanjia.keeping import unseal
from tenants.channels.models import GroupRobot, NoticeWish, Webhook
from tenants.directory import TenantDirectory, current_host
from tenants.models import ACTIVE, Staff


@dataclass(frozen=True, slots=True)
class Outside:
    """The robots and subscriptions of a company at one version."""

    robots: tuple[Robot, ...]
    subscriptions: tuple[Subscription, ...]


def context_of(kind: str, company_id: UUID, row_id: UUID, part: str) -> str:
    """What a sealed value is bound to: opened for another row or company it is worth nothing."""
    return f"tenants.{kind}.{part}:{company_id}:{row_id}"


class TenantChannels:
    """Robots, subscriptions, and people's wishes."""

    def robots(self, session: TenantSession) -> Sequence[Robot]:
        """The robots in use."""
        return self._outside(session).robots

    def subscriptions(self, session: TenantSession) -> Sequence[Subscription]:
        """The subscriptions that are on."""
        return self._outside(session).subscriptions

    def _outside(self, session: TenantSession) -> Outside:
        snapshot = cast(TenantDirectory, current_host().directory).snapshot(session)
        if snapshot.outside is None:
            object.__setattr__(snapshot, "outside", _read(session))
        return cast(Outside, snapshot.outside)

    def wishes(self, session: TenantSession, staff: Iterable[UUID]) -> Mapping[UUID, Wish]:
        """What these people want; only those in office who have an address and want more than notices in the application."""
        host = current_host()
        directory = host.directory
        query = (
            select(NoticeWish, Staff.name, Staff.language, Staff.site_id)
            .join(Staff, (Staff.company_id == NoticeWish.company_id) & (Staff.id == NoticeWish.id))
            .where(
                NoticeWish.company_id == session.company_id, NoticeWish.id.in_(set(staff)), NoticeWish.how != IN_APP,
                NoticeWish.address != "", Staff.state == ACTIVE,
            )
        )  # fmt: skip
        found = {}
        for row, name, language, site_id in session.execute(query):
            site = directory.site(session, site_id) if site_id else None
            found[row.id] = Wish(
                staff_id=row.id, name=name, address=row.address, how=row.how, digest_hour=row.digest_hour,
                quiet_from=row.quiet_from, quiet_to=row.quiet_to, language=language,
                zone=(site or directory.company(session)).zone,
            )  # fmt: skip
        return found

    def way_to(self, session: TenantSession, kind: str, target_id: UUID) -> Way | None:
        """The way to a robot or a webhook that is in use. Raises KeyFault where it was sealed with a key that is gone."""
        host = current_host()
        if kind == ROBOT:
            robot = session.get(GroupRobot, (session.company_id, target_id))
            return way_of_robot(host.config, robot) if robot is not None and robot.state == ACTIVE else None
        if kind == WEBHOOK:
            webhook = session.get(Webhook, (session.company_id, target_id))
            if webhook is None or webhook.state != ACTIVE:
                return None
            return Way(webhook.address, secrets_of(host.config, webhook, host.clock.now()))
        return None


def way_of_robot(config: Config, robot: GroupRobot) -> Way:
    """The robot's address and secret, opened."""
    address = unseal(config, robot.sealed_address, context_of(ROBOT, robot.company_id, robot.id, "address"))
    if not robot.sealed_secret:
        return Way(address, ())
    return Way(address, (unseal(config, robot.sealed_secret, context_of(ROBOT, robot.company_id, robot.id, "secret")),))


def secrets_of(config: Config, webhook: Webhook, now: datetime) -> tuple[str, ...]:
    """The secrets that count at `now`, opened, newest first."""
    context = context_of(WEBHOOK, webhook.company_id, webhook.id, "secret")
    return tuple(
        unseal(config, kept["sealed"], context)
        for kept in webhook.sealed_secrets
        if kept["until"] is None or datetime.fromisoformat(kept["until"]) > now
    )


def _read(session: TenantSession) -> Outside:
    here = session.company_id
    robots = session.scalars(
        select(GroupRobot).where(GroupRobot.company_id == here, GroupRobot.state == ACTIVE).order_by(GroupRobot.id)
    )
    webhooks = session.scalars(
        select(Webhook).where(Webhook.company_id == here, Webhook.state == ACTIVE).order_by(Webhook.id)
    )
    return Outside(
        tuple(
            Robot(row.id, row.site_id, row.title, row.kind, row.urgent, frozenset(row.roles), row.quiet_from,
                  row.quiet_to, row.language) for row in robots),
        tuple(
            Subscription(row.id, row.title, row.address, tuple(row.events), frozenset(UUID(i) for i in row.sites))
            for row in webhooks),
    )  # fmt: skip
