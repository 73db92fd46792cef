"""Operators: whoever runs the installation. They found, suspend and resume companies and see no more of them.

Their accounts stand outside every company; nothing here opens a case, a person or a setting.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import system_session, tenant_session
from guanjia.db.unwritable import NOT_WRITTEN
from guanjia.errors import Invalid, NotFound, Unauthenticated
from guanjia.host import Host
from guanjia.steps import journal
from guanjia.steps.models import FailedMessage, Tenant
from guanjia.words import words
from tenants.models import Company, Operator, OperatorSession
from tenants.owed import CODE, NOTHING
from tenants.passwords import PasswordPolicy, hash_password, matches
from tenants.sign_in import HALF_WAY, SEEN_EVERY
from tenants.throttle import count_attempt, forgive, limits_for

_ = words("tenants")
_log = logging.getLogger("tenants.operators")

ACTIVE, SUSPENDED = "active", "suspended"


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """A company as an operator sees it. `failed`: how many messages its headquarters has to settle, no more of them."""

    id: UUID
    code: str
    name: str
    state: str
    failed: int


def create_operator(host: Host, *, account: str, name: str, password: str) -> UUID:
    """An operator exists and can sign in at /operator. Raises Invalid, naming the field."""
    account = account.strip().lower()
    errors = {}
    if not 2 <= len(account) <= 60:
        errors["account"] = [_("Give this in 1 to %(max)s characters.", max=60)]
    if not name.strip() or len(name) > 60:
        errors["name"] = [_("Give this in 1 to %(max)s characters.", max=60)]
    faults = PasswordPolicy().faults(password, account, (name.strip(),))
    if faults:
        errors["password"] = faults
    if errors:
        raise Invalid(errors)
    row = Operator(
        id=host.ids.new(), account=account, name=name.strip(), password_hash=hash_password(password), active=True,
        created_at=host.clock.now(),
    )  # fmt: skip
    with system_session(write=True) as session:
        session.add(row)
        try:
            session.commit()
        except IntegrityError:
            raise Invalid({"account": [_("Another operator has this account already. Choose another one.")]}) from None
    return row.id


def sign_in_operator(host: Host, *, account: str, password: str, address: str, user_agent: str = "") -> UUID:
    """The id of a new session of the operator; half of one where there is a second factor (`tenants.operator_factor`).

    Raises Unauthenticated and TooMany as for staff.
    """
    account = account.strip().lower()[:60]
    limits = limits_for(host, "operator", "", account, address, None)
    count_attempt(host, limits)
    with system_session() as session:
        query = select(Operator).where(Operator.account == account, Operator.active.is_(True))
        operator = session.scalars(query).one_or_none()
    if not matches(operator.password_hash if operator else None, password) or operator is None:
        raise Unauthenticated(_("Account or password is not right. Check both and try again."))
    forgive(host, limits)
    now = host.clock.now()
    stage = CODE if operator.factor is not None else NOTHING
    lives = HALF_WAY if stage else timedelta(seconds=host.config.session_absolute)
    row = OperatorSession(
        id=host.ids.new(), operator_id=operator.id, stage=stage, created_at=now, seen_at=now, expires_at=now + lives,
        user_agent=user_agent[:300], address=address[:60],
    )  # fmt: skip
    with system_session(write=True) as session:
        session.add(row)
        session.commit()
    return row.id


def operator_of(host: Host, session_id: str | None) -> Operator | None:
    """The operator of that live session, or None."""
    try:
        wanted = UUID(session_id or "")
    except ValueError:
        return None
    now = host.clock.now()
    with system_session() as session:
        row = session.get(OperatorSession, wanted)
        operator = session.get(Operator, row.operator_id) if row is not None else None
    if row is None or operator is None or not operator.active or row.revoked_at is not None or now >= row.expires_at:
        return None
    if row.stage == CODE:
        return None
    if now >= row.seen_at + timedelta(seconds=host.config.session_idle):
        return None
    if now - row.seen_at >= SEEN_EVERY:
        try:
            with system_session(write=True) as session:
                session.get_one(OperatorSession, wanted).seen_at = now
                session.commit()
        except NOT_WRITTEN:  # reading goes on where writing does not
            _log.warning("the time of last use could not be written")
    return operator


def sign_out_operator(host: Host, session_id: str | None) -> None:
    """The session has ended."""
    if operator_of(host, session_id) is None:
        return
    with system_session(write=True) as session:
        session.get_one(OperatorSession, UUID(session_id)).revoked_at = host.clock.now()
        session.commit()


def list_companies() -> list[CompanyLine]:
    """All companies by code: no more than code, name, state and a count. Read company by company."""
    with system_session() as session:
        tenants = list(session.scalars(select(Tenant).order_by(Tenant.code)))
    found = []
    for tenant in tenants:
        with tenant_session(tenant.id) as session:
            name = session.scalars(select(Company.name).where(Company.company_id == tenant.id)).one_or_none()
            counting = select(func.count()).select_from(FailedMessage)
            failed = session.scalars(
                counting.where(FailedMessage.company_id == tenant.id, FailedMessage.state == "failed")
            ).one()
        found.append(CompanyLine(tenant.id, tenant.code, name or "", tenant.state, int(failed)))
    return found


def find_company(code: str) -> UUID:
    """The id of the company with that code. Raises NotFound."""
    with system_session() as session:
        found = session.scalars(select(Tenant.id).where(Tenant.code == code)).one_or_none()
    if found is None:
        raise NotFound(_("There is no company with this code. Look at the list of companies."))
    return found


def suspend_company(host: Host, company_id: UUID, operator: str) -> None:
    """Nobody of the company can sign in or go on working; its data stays. In the company's own journal."""
    _set_state(host, company_id, SUSPENDED, operator)


def resume_company(host: Host, company_id: UUID, operator: str) -> None:
    """The company works again."""
    _set_state(host, company_id, ACTIVE, operator)


def _set_state(host: Host, company_id: UUID, state: str, operator: str) -> None:
    with tenant_session(company_id, write=True) as session:
        tenant = session.get(Tenant, company_id, with_for_update=True)
        if tenant is None:
            raise NotFound()
        if tenant.state == state:
            return
        body = {"v": 1, "via": "operator", "cause": None, "changes": {"state": [tenant.state, state]}}
        tenant.state = state
        step = "tenants.company.suspend" if state == SUSPENDED else "tenants.company.resume"
        entry = journal.Entry(
            site_id=None, at=host.clock.now(), step=step, outcome="done", case_id=company_id, actor_id=None, body=body,
            private={"operator": operator},
        )  # fmt: skip
        journal.write(session, host.ids, entry)
        session.commit()
