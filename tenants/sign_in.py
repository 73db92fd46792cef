"""Sign-in: company code, account and password become a session; cookies and bearer tokens lead back to it.

One of the few plain writes that go round `perform`: a session's row is its own record.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from guanjia.db.session import TenantSession, system_session, tenant_session
from guanjia.errors import Forbidden, Unauthenticated
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.models import Tenant
from guanjia.words import words
from tenants.models import ACTIVE, ApiToken, Company, Credential, LoginSession, Staff
from tenants.passwords import PasswordPolicy, hash_password, matches, needs_rehash
from tenants.throttle import count_attempt, forgive, limits_for

_ = words("tenants")
_log = logging.getLogger("tenants.sign_in")

SEEN_EVERY = timedelta(minutes=1)  # how exact "last seen" is; each request would be a write otherwise
PAGE, BEARER = "page", "bearer"
WRONG = _("Company code, account or password is not right. Check all three and try again.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. `must_change`: an own password has to be chosen first."""

    signed_in: SignedIn
    must_change: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer token just issued; `token` is shown this once."""

    token: str
    expires_at: datetime
    signed_in: SignedIn


def sign_in(
    host: Host,
    *,
    company: str,
    account: str,
    password: str,
    address: str,
    user_agent: str = "",
    device: str | None = None,
) -> Opened:
    """A session for a browser. `device` is the id of a browser that this account has signed in from before.

    Raises Unauthenticated, the same for whatever was wrong, and TooMany while the attempt has to wait.
    """
    opened, _secret = _open(host, PAGE, company, account, password, address, user_agent, device)
    return opened


def issue_bearer(
    host: Host, *, company: str, account: str, password: str, address: str, user_agent: str = ""
) -> Bearer:
    """A bearer token `gj_<company code>_<secret>` for a program that signs in with a person's password.

    Raises Unauthenticated and TooMany as `sign_in`, and Forbidden where an own password has to be chosen first.
    """
    opened, secret = _open(host, BEARER, company, account, password, address, user_agent, None)
    return Bearer(token_of(opened.signed_in.company_code, secret), opened.expires_at, opened.signed_in)


def _open(
    host: Host, kind: str, company: str, account: str, password: str, address: str, user_agent: str, device: str | None
) -> tuple[Opened, str]:
    company, account = company.strip().lower()[:60], account.strip().lower()[:60]
    limits = limits_for(host, "staff", company, account, address, device)
    count_attempt(host, limits)
    tenant = _tenant(company)
    person = _person(tenant.id, account) if tenant is not None else None
    if not matches(person[1].password_hash if person else None, password) or tenant is None or person is None:
        raise Unauthenticated(WRONG)
    forgive(host, limits)
    staff, credential, policy = person
    now = host.clock.now()
    must_change = credential.must_change or policy.is_worn_out(credential.changed_at, now)
    if must_change and kind == BEARER:
        raise Forbidden(
            _("Choose your own password first: sign in once with a browser. Then programs can sign in for you.")
        )
    secret = secrets.token_urlsafe(32)
    row = LoginSession(
        company_id=tenant.id, id=host.ids.new(), staff_id=staff.id, kind=kind,
        digest=digest_of(secret) if kind == BEARER else None, created_at=now, seen_at=now,
        expires_at=now + timedelta(seconds=host.config.session_absolute), user_agent=user_agent[:300],
        address=address[:60],
    )  # fmt: skip
    with tenant_session(tenant.id, write=True) as session:
        session.add(row)
        if needs_rehash(credential.password_hash):
            session.get_one(Credential, (tenant.id, staff.id)).password_hash = hash_password(password)
        session.commit()
    return Opened(_signed_in(tenant, staff, row.id, is_token=kind == BEARER), must_change, row.expires_at), secret


def _tenant(code: str) -> Tenant | None:
    with system_session() as session:
        query = select(Tenant).where(Tenant.code == code, Tenant.state == "active")
        return session.scalars(query).one_or_none()


def _person(company_id: UUID, account: str) -> tuple[Staff, Credential, PasswordPolicy] | None:
    with tenant_session(company_id) as session:
        query = (
            select(Staff, Credential, Company)
            .join(Credential, (Credential.company_id == Staff.company_id) & (Credential.id == Staff.id))
            .join(Company, Company.company_id == Staff.company_id)
            .where(Staff.company_id == company_id, Staff.account == account, Staff.state == ACTIVE)
        )
        row = session.execute(query).one_or_none()
        return (row[0], row[1], PasswordPolicy.of(row[2])) if row is not None else None


def _signed_in(
    tenant: Tenant, staff: Staff, credential_id: UUID, *, is_token: bool, scopes: tuple[str, ...] = ()
) -> SignedIn:
    return SignedIn(
        company_id=tenant.id, company_code=tenant.code, staff_id=staff.id, credential_id=credential_id, name=staff.name,
        language=staff.language, is_token=is_token, scopes=scopes,
    )  # fmt: skip


# ---------------------------------------------------------------------- at each request


def session_of_cookie(host: Host, cookie_id: str) -> SignedIn | None:
    """The live browser session `<company id>.<session id>`; None if it ended, idled out, was revoked, or never was."""
    company_text, _dot, session_text = cookie_id.partition(".")
    try:
        company_id, session_id = UUID(company_text), UUID(session_text)
    except ValueError:
        return None
    with tenant_session(company_id) as session:
        return _live_session(host, session, LoginSession.id == session_id, PAGE)


def owner_of_bearer(host: Host, token: str) -> SignedIn | None:
    """Whose live bearer session or API token this is, or None."""
    prefix, _a, rest = token.partition("_")
    code, _b, secret = rest.partition("_")
    if prefix != "gj" or not code or not secret or len(token) > 300:
        return None
    tenant = _tenant(code)
    if tenant is None:
        return None
    digest = digest_of(secret)
    with tenant_session(tenant.id) as session:
        found = _live_session(host, session, LoginSession.digest == digest, BEARER)
        return found or _live_token(host, session, tenant, digest)


def _live_session(host: Host, session: TenantSession, which: object, kind: str) -> SignedIn | None:
    now = host.clock.now()
    query = (
        select(LoginSession, Staff, Tenant)
        .join(Staff, (Staff.company_id == LoginSession.company_id) & (Staff.id == LoginSession.staff_id))
        .join(Tenant, Tenant.id == LoginSession.company_id)
        .where(LoginSession.company_id == session.company_id, which, LoginSession.kind == kind)  # type: ignore[arg-type]
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, staff, tenant = found
    idle_until = row.seen_at + timedelta(seconds=host.config.session_idle)
    if row.revoked_at is not None or now >= row.expires_at or now >= idle_until:
        return None
    if staff.state != ACTIVE or tenant.state != "active":
        return None
    if now - row.seen_at >= SEEN_EVERY:
        session.close()  # SQLite: a reader must not wait for its own writer
        _touch(LoginSession, session.company_id, row.id, "seen_at", now)
    return _signed_in(tenant, staff, row.id, is_token=kind == BEARER)


def _live_token(host: Host, session: TenantSession, tenant: Tenant, digest: str) -> SignedIn | None:
    now = host.clock.now()
    query = (
        select(ApiToken, Staff)
        .join(Staff, (Staff.company_id == ApiToken.company_id) & (Staff.id == ApiToken.staff_id))
        .where(ApiToken.company_id == session.company_id, ApiToken.digest == digest, ApiToken.state == ACTIVE)
    )
    found = session.execute(query).one_or_none()
    if found is None or now >= found[0].expires_at or found[1].state != ACTIVE:
        return None
    row, staff = found
    if row.last_used_at is None or now - row.last_used_at >= SEEN_EVERY:
        session.close()
        _touch(ApiToken, session.company_id, row.id, "last_used_at", now)
    return _signed_in(tenant, staff, row.id, is_token=True, scopes=tuple(row.scopes))


def _touch(
    model: type[LoginSession] | type[ApiToken], company_id: UUID, row_id: UUID, column: str, now: datetime
) -> None:
    try:
        with tenant_session(company_id, write=True) as session:
            row = session.get(model, (company_id, row_id))
            if row is not None:
                setattr(row, column, now)
                session.commit()
    except OperationalError:  # reading goes on where writing does not
        _log.warning("the time of last use could not be written")


def close_session(host: Host, signed_in: SignedIn) -> None:
    """The session has ended: its cookie or token opens nothing any more. Raises Forbidden for an API token."""
    with tenant_session(signed_in.company_id, write=True) as session:
        row = session.get(LoginSession, (signed_in.company_id, signed_in.credential_id))
        if row is None:
            raise Forbidden(_('This is an API token. Its owner revokes it under "API tokens" in a browser.'))
        if row.revoked_at is None:
            row.revoked_at = host.clock.now()
            session.commit()


def digest_of(secret: str) -> str:
    """The SHA-256 under which a token's secret is kept. Secrets are random, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_of(company_code: str, secret: str) -> str:
    """The token as its owner carries it."""
    return f"gj_{company_code}_{secret}"
