"""A notice on its way outside: to group robots that want it, and to the people who asked for e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from guanjia.channels.models import MAIL, ROBOT, Delivery
from guanjia.channels.ports import AT_ONCE, DIGEST, Wish
from guanjia.channels.queue import put
from guanjia.channels.quiet import may_tell_at, next_digest
from guanjia.db.session import TenantSession
from guanjia.steps.models import Notification, OutboxMessage

if TYPE_CHECKING:
    from guanjia.host import Host


def tell_outside(session: TenantSession, host: Host, row: OutboxMessage, notices: Sequence[Notification]) -> None:
    """What the notice's receivers and the groups want to hear of it waits to be sent, once each.

    `notices` are those made just now, in this transaction. Quiet hours and digests put off what is not urgent.
    """
    now = host.clock.now()
    if "command" in row.payload:  # a round of duties is told to those who owe, not to groups
        _tell_groups(session, host, row, now)
    if not notices or not host.config.smtp_url:
        return
    zone = _zone(session, host, row.site_id)
    wishes = host.channels.wishes(session, [notice.staff_id for notice in notices])
    for notice in notices:
        wish = wishes.get(notice.staff_id)
        if wish is None:
            continue
        if wish.how == AT_ONCE or (wish.how == DIGEST and notice.urgent):
            at = now if notice.urgent else may_tell_at(now, zone, wish.quiet_from, wish.quiet_to)
            put(
                session, host, MAIL, wish.staff_id, f"mail:{notice.id}", about=notice.rule or "", at=at,
                content={"notices": [str(notice.id)], "held": at > now}, site_id=notice.site_id, urgent=notice.urgent,
            )  # fmt: skip
        elif wish.how == DIGEST:
            _put_digest(session, host, wish, now)


def _put_digest(session: TenantSession, host: Host, wish: Wish, now: datetime) -> None:
    """One mail a person and day; what it holds is looked up when it goes."""
    at = next_digest(now, wish.zone, wish.digest_hour)
    origin = f"digest:{wish.staff_id}:{at.astimezone(wish.zone).date().isoformat()}"
    if not _known(session, [origin]):
        put(session, host, MAIL, wish.staff_id, origin, about="", at=at, content={"digest": True})


def _tell_groups(session: TenantSession, host: Host, row: OutboxMessage, now: datetime) -> None:
    payload: Mapping[str, Any] = row.payload
    command = payload["command"]
    robots = [
        robot for robot in host.channels.robots(session)
        if robot.wants(urgent=command["urgent"], roles=command["roles"], site_id=row.site_id)
    ]  # fmt: skip
    if not robots:
        return
    zone = _zone(session, host, row.site_id)
    known = _known(session, [f"robot:{row.id}:{robot.id}" for robot in robots])
    for robot in robots:
        origin = f"robot:{row.id}:{robot.id}"
        if origin in known:
            continue
        at = now if command["urgent"] else may_tell_at(now, zone, robot.quiet_from, robot.quiet_to)
        content = {name: payload.get(name) for name in ("rule", "step", "flow", "case", "number")}
        put(
            session, host, ROBOT, robot.id, origin, about=payload["rule"], at=at, content=content,
            site_id=row.site_id, urgent=command["urgent"],
        )  # fmt: skip


def _known(session: TenantSession, origins: Sequence[str]) -> set[str]:
    query = select(Delivery.origin).where(Delivery.company_id == session.company_id, Delivery.origin.in_(origins))
    return set(session.scalars(query))


def _zone(session: TenantSession, host: Host, site_id: UUID | None) -> ZoneInfo:
    site = host.directory.site(session, site_id) if site_id else None
    return (site or host.directory.company(session)).zone
