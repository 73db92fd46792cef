"""The outbox: what is to be carried out after the commit, now or later. The relay (guanjia.jobs) carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import TenantSession
from guanjia.steps.models import Beacon, OutboxMessage

if TYPE_CHECKING:
    from guanjia.host import Host


def schedule(
    session: TenantSession,
    host: Host,
    kind: str,
    payload: Mapping[str, Any],
    *,
    at: datetime,
    site_id: UUID | None = None,
    dedupe: str | None = None,
    fresh: bool = False,
) -> OutboxMessage | None:
    """Store a message to be carried out at `at`; with `dedupe`, at most one such message is ever made.

    `fresh`: the caller knows that there is none yet, since an id made just now stands in `dedupe`.
    """
    if dedupe is not None and not fresh:
        query = select(OutboxMessage.id).where(
            OutboxMessage.company_id == session.company_id, OutboxMessage.dedupe == dedupe
        )
        if session.scalars(query).first() is not None:
            return None
    row = OutboxMessage(
        id=host.ids.new(),
        company_id=session.company_id,
        site_id=site_id,
        kind=kind,
        payload=dict(payload),
        run_after=at,
        dedupe=dedupe,
        created_at=host.clock.now(),
    )
    session.add(row)
    session.info.setdefault("beacons", []).append(at)
    return row


def light_beacons(session: TenantSession, host: Host) -> None:
    """Before the commit: let the table outside the walls say when this company has something due."""
    for moment in sorted(set(session.info.pop("beacons", []))):
        session.add(Beacon(id=host.ids.new(), company_id=session.company_id, due_at=moment))
