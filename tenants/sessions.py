"""Sessions that are ended: one, or all of a member of staff."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import TenantSession
from tenants.models import ACTIVE, RETIRED, ApiToken, LoginSession


def live_sessions(session: TenantSession, staff_id: UUID, now: datetime) -> list[LoginSession]:
    """The person's sessions that were neither ended nor ran out, newest first."""
    query = select(LoginSession).where(
        LoginSession.company_id == session.company_id, LoginSession.staff_id == staff_id,
        LoginSession.revoked_at.is_(None), LoginSession.expires_at > now,
    )  # fmt: skip
    return list(session.scalars(query.order_by(LoginSession.created_at.desc())))


def revoke_sessions(session: TenantSession, staff_id: UUID, now: datetime, keep: UUID | None = None) -> int:
    """All of the person's sessions have ended, but for `keep`; says how many there were."""
    ended = 0
    for row in live_sessions(session, staff_id, now):
        if row.id != keep:
            row.revoked_at = now
            ended += 1
    session.flush()
    return ended


def revoke_tokens(session: TenantSession, staff_id: UUID, now: datetime) -> int:
    """All of the person's API tokens have ended; says how many there were."""
    query = select(ApiToken).where(
        ApiToken.company_id == session.company_id, ApiToken.staff_id == staff_id, ApiToken.state == ACTIVE
    )
    rows = list(session.scalars(query))
    for row in rows:
        row.state, row.closed_at, row.changed_at, row.version = RETIRED, now, now, row.version + 1
    session.flush()
    return len(rows)
