"""What somebody still owes before anything is served to them: an own password, a second factor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import select

from guanjia.config import Config
from guanjia.db.session import TenantSession
from guanjia.host import Host
from tenants.directory import TenantDirectory, held_by
from tenants.models import Company, Credential, LoginSession, SecondFactor
from tenants.passwords import PasswordPolicy

CODE, PASSWORD, ENROL, NOTHING = "code", "password", "enrol", ""


def what_is_owed(host: Host, session: TenantSession, staff_id: UUID, now: datetime) -> str:
    """`password` where an own or a newer one is asked for, else `enrol` where a role asks for a second factor and there
    is none, else nothing."""
    credential = session.get(Credential, (session.company_id, staff_id))
    policy = PasswordPolicy.of(company_of(session))
    if credential is not None and (credential.must_change or policy.is_worn_out(credential.changed_at, now)):
        return PASSWORD
    if session.get(SecondFactor, (session.company_id, staff_id)) is None and is_demanded(host, session, staff_id, now):
        return ENROL
    return NOTHING


def is_demanded(host: Host, session: TenantSession, staff_id: UUID, now: datetime) -> bool:
    """Whether the person holds, or stands in for somebody who holds, a role for which the company demands a second factor."""
    wanted = set(company_of(session).second_factor_roles)
    if not wanted:
        return False
    snapshot = cast(TenantDirectory, host.directory).snapshot(session)
    today = snapshot.company.calendar.date_of(now)
    return any(
        held.role in wanted and (held.until_day is None or held.until_day >= today)
        for held in held_by(snapshot, staff_id, now)
    )


def release(host: Host, session: TenantSession, session_id: UUID, staff_id: UUID, now: datetime) -> None:
    """The person's session owes only what is still missing, after a password was changed or a factor set up."""
    row = session.get(LoginSession, (session.company_id, session_id))
    if row is not None and row.staff_id == staff_id and row.stage != CODE:
        row.stage = what_is_owed(host, session, staff_id, now)
        session.flush()


def company_of(session: TenantSession) -> Company:
    """The company's row."""
    return session.scalars(select(Company).where(Company.company_id == session.company_id)).one()


def limits_of_sessions(
    config: Config, idle_minutes: int | None, absolute_hours: int | None
) -> tuple[timedelta, timedelta]:
    """How long a session may idle, and live: the installation's limits, or the company's where those are shorter."""
    idle, absolute = timedelta(seconds=config.session_idle), timedelta(seconds=config.session_absolute)
    if idle_minutes is not None:
        idle = min(idle, timedelta(minutes=idle_minutes))
    if absolute_hours is not None:
        absolute = min(absolute, timedelta(hours=absolute_hours))
    return idle, absolute
