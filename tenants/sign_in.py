"""Sign-in: company code, account and password become a session; cookies and bearer tokens lead back to it.

One of the few plain writes that go round `perform`: a session's row is its own record.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from guanjia.db.session import TenantSession, system_session, tenant_session
from guanjia.db.unwritable import NOT_WRITTEN
from guanjia.errors import Forbidden, Unauthenticated
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.models import Tenant
from guanjia.words import words
from tenants.models import ACTIVE, ApiToken, Company, Credential, LoginSession, SecondFactor, Staff
from tenants.owed import CODE, ENROL, PASSWORD, company_of, limits_of_sessions, what_is_owed
from tenants.passwords import hash_password, matches, needs_rehash
from tenants.second_factor import TRIES, WRONG_CODE, Factor, context_of, take, with_newest_key
from tenants.throttle import count_attempt, forgive, limits_for, limits_for_code

_ = words("tenants")
_log = logging.getLogger("tenants.sign_in")

SEEN_EVERY = timedelta(minutes=1)  # how exact "last seen" is; each request would be a write otherwise
HALF_WAY = timedelta(minutes=10)  # how long the second page waits for a code
PAGE, BEARER = "page", "bearer"
WRONG = _("Company code, account or password is not right. Check all three and try again.")
OWN_PASSWORD_FIRST = _(
    "Choose your own password first: sign in once with a browser. Then programs can sign in for you."
)
FACTOR_FIRST = _(
    "Your role needs a second factor: sign in once with a browser and set it up. Then programs can sign in for you."
)


class HalfWayOver(Unauthenticated):
    """The right password was too long ago, or too many codes were wrong: both are asked for anew."""

    title = _("Please sign in again: the code came too late, or too many were wrong.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. `stage` says what is still owed before it serves: see `tenants.owed`.

    `recovery_left` is told where a recovery code was used up.
    """

    signed_in: SignedIn
    account: str
    stage: str
    expires_at: datetime
    recovery_left: int | None = None

    @property
    def must_change(self) -> bool:
        """Whether an own password has to be chosen first."""
        return self.stage == PASSWORD

    @property
    def wants_code(self) -> bool:
        """Whether nobody is signed in yet: the password was right, and the second factor is asked for."""
        return self.stage == CODE


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
    """A session for a browser; half of one where the account has a second factor: `enter_code` makes it whole.

    `device` is the id of a browser that this account has signed in from before. Raises Unauthenticated, the same for
    whatever was wrong, and TooMany while the attempt has to wait.
    """
    tenant, staff, has_factor = _password(host, company, account, password, address, device)
    now = host.clock.now()
    with tenant_session(tenant.id, write=True) as session:
        stage = CODE if has_factor else what_is_owed(host, session, staff.id, now)
        row = _row(host, session, staff.id, PAGE, stage, now, user_agent, address)
        session.add(row)
        session.commit()
    return Opened(_signed_in(tenant, staff, row.id, is_token=False, held=stage), staff.account, stage, row.expires_at)


def enter_code(host: Host, half: str, code: str, device: str | None = None) -> Opened:
    """The half session `<company id>.<session id>` is whole, with a code of the authenticator or a recovery code.

    Raises Unauthenticated for a wrong or used code, HalfWayOver once the password is to be typed again, TooMany.
    """
    company_id, session_id = _ids_of(half)
    found = half_way(host, half)
    if found is None or company_id is None or session_id is None:
        raise HalfWayOver()
    limits = limits_for_code(host, "staff", str(found.id), device)
    count_attempt(host, limits)
    now = host.clock.now()
    with tenant_session(company_id, write=True) as session:
        row = session.get(LoginSession, (company_id, session_id), with_for_update=True)
        if row is None or row.stage != CODE or row.revoked_at is not None or now >= row.expires_at:
            raise HalfWayOver()
        by_recovery = _take_code(host, session, row.staff_id, code, now)
        if by_recovery is None:
            row.tries += 1
            if row.tries >= TRIES:
                row.revoked_at = now
            session.commit()
            raise HalfWayOver() if row.tries >= TRIES else Unauthenticated(WRONG_CODE)
        _idle, absolute = _limits(host, session)
        row.stage = what_is_owed(host, session, row.staff_id, now)
        row.created_at, row.seen_at, row.expires_at = now, now, now + absolute
        left = len(session.get_one(SecondFactor, (company_id, row.staff_id)).recovery) if by_recovery else None
        tenant = session.get_one(Tenant, company_id)
        session.commit()
    forgive(host, limits)
    who = _signed_in(tenant, found, row.id, is_token=False, held=row.stage)
    return Opened(who, found.account, row.stage, row.expires_at, left)


def half_way(host: Host, half: str) -> Staff | None:
    """Whose half session this is, while its code is awaited; else None."""
    company_id, session_id = _ids_of(half)
    if company_id is None:
        return None
    now = host.clock.now()
    with tenant_session(company_id) as session:
        query = (
            select(Staff)
            .join(LoginSession, (LoginSession.company_id == Staff.company_id) & (LoginSession.staff_id == Staff.id))
            .join(Tenant, Tenant.id == LoginSession.company_id)
            .where(
                LoginSession.company_id == company_id, LoginSession.id == session_id, LoginSession.kind == PAGE,
                LoginSession.stage == CODE, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now,
                Staff.state == ACTIVE, Tenant.state == "active",
            )
        )  # fmt: skip
        return session.scalars(query).one_or_none()


def issue_bearer(
    host: Host, *, company: str, account: str, password: str, address: str, user_agent: str = "", code: str = ""
) -> Bearer:
    """A bearer token `gj_<company code>_<secret>` for a program that signs in with a person's password.

    Raises Unauthenticated and TooMany as `sign_in` (also for want of the second factor's `code`, or for a wrong one),
    and Forbidden where an own password or a second factor has to be set up first.
    """
    tenant, staff, has_factor = _password(host, company, account, password, address, None)
    now = host.clock.now()
    if has_factor:
        if not code:
            raise Unauthenticated(_("This account has a second factor. Send its present code too, as `code`."))
        limits = limits_for_code(host, "staff", str(staff.id), None)
        count_attempt(host, limits)
        with tenant_session(tenant.id, write=True) as session:
            if _take_code(host, session, staff.id, code, now) is None:
                raise Unauthenticated(WRONG_CODE)
            session.commit()
        forgive(host, limits)
    secret = secrets.token_urlsafe(32)
    with tenant_session(tenant.id, write=True) as session:
        stage = what_is_owed(host, session, staff.id, now)
        if stage:
            raise Forbidden(FACTOR_FIRST if stage == ENROL else OWN_PASSWORD_FIRST)
        row = _row(host, session, staff.id, BEARER, "", now, user_agent, address)
        row.digest = digest_of(secret)
        session.add(row)
        session.commit()
    return Bearer(token_of(tenant.code, secret), row.expires_at, _signed_in(tenant, staff, row.id, is_token=True))


def _password(
    host: Host, company: str, account: str, password: str, address: str, device: str | None
) -> tuple[Tenant, Staff, bool]:
    """Whose password this is, and whether the account has a second factor. One hash is computed whatever is wrong."""
    company, account = company.strip().lower()[:60], account.strip().lower()[:60]
    limits = limits_for(host, "staff", company, account, address, device)
    count_attempt(host, limits)
    tenant = _tenant(company)
    person = _person(tenant.id, account) if tenant is not None else None
    if not matches(person[1].password_hash if person else None, password) or tenant is None or person is None:
        raise Unauthenticated(WRONG)
    forgive(host, limits)
    staff, credential, has_factor = person
    if needs_rehash(credential.password_hash):
        with tenant_session(tenant.id, write=True) as session:
            session.get_one(Credential, (tenant.id, staff.id)).password_hash = hash_password(password)
            session.commit()
    return tenant, staff, has_factor


def _row(
    host: Host, session: TenantSession, staff_id: UUID, kind: str, stage: str, now: datetime, agent: str, address: str
) -> LoginSession:
    _idle, absolute = _limits(host, session)
    return LoginSession(
        company_id=session.company_id, id=host.ids.new(), staff_id=staff_id, kind=kind, stage=stage, created_at=now,
        seen_at=now, expires_at=now + (HALF_WAY if stage == CODE else absolute), user_agent=agent[:300],
        address=address[:60],
    )  # fmt: skip


def _limits(host: Host, session: TenantSession) -> tuple[timedelta, timedelta]:
    company = company_of(session)
    return limits_of_sessions(host.config, company.session_idle_minutes, company.session_absolute_hours)


def _take_code(host: Host, session: TenantSession, staff_id: UUID, code: str, now: datetime) -> bool | None:
    """The code is used up; says whether it was a recovery code, or None for a wrong one. The caller commits."""
    row = session.get(SecondFactor, (session.company_id, staff_id), with_for_update=True)
    if row is None:
        return None
    factor = Factor(row.secret, context_of(staff_id, session.company_id), row.last_step, row.recovery)
    taken = take(host.config, factor, code, now)
    if taken is None:
        return None
    row.last_step, row.recovery = taken.last_step, taken.recovery
    row.secret = with_newest_key(host.config, row.secret, factor.context)
    session.flush()
    return taken.by_recovery


def _tenant(code: str) -> Tenant | None:
    with system_session() as session:
        query = select(Tenant).where(Tenant.code == code, Tenant.state == "active")
        return session.scalars(query).one_or_none()


def _person(company_id: UUID, account: str) -> tuple[Staff, Credential, bool] | None:
    with tenant_session(company_id) as session:
        query = (
            select(Staff, Credential, SecondFactor.id)
            .join(Credential, (Credential.company_id == Staff.company_id) & (Credential.id == Staff.id))
            .outerjoin(SecondFactor, (SecondFactor.company_id == Staff.company_id) & (SecondFactor.id == Staff.id))
            .where(Staff.company_id == company_id, Staff.account == account, Staff.state == ACTIVE)
        )
        row = session.execute(query).one_or_none()
        return (row[0], row[1], row[2] is not None) if row is not None else None


def _ids_of(cookie_id: str) -> tuple[UUID | None, UUID | None]:
    company_text, _dot, session_text = cookie_id.partition(".")
    try:
        return UUID(company_text), UUID(session_text)
    except ValueError:
        return None, None


def _signed_in(
    tenant: Tenant, staff: Staff, credential_id: UUID, *, is_token: bool, scopes: tuple[str, ...] = (), held: str = ""
) -> SignedIn:
    return SignedIn(
        company_id=tenant.id, company_code=tenant.code, staff_id=staff.id, credential_id=credential_id, name=staff.name,
        language=staff.language, is_token=is_token, scopes=scopes, held=held,
    )  # fmt: skip


# ---------------------------------------------------------------------- at each request


def session_of_cookie(host: Host, cookie_id: str) -> SignedIn | None:
    """The live browser session `<company id>.<session id>`; None if it ended, idled out, was revoked, or never was."""
    company_id, session_id = _ids_of(cookie_id)
    if company_id is None or session_id is None:
        return None
    with tenant_session(company_id) as session:
        return _live_session(host, session, _BY_ID, session_id, PAGE)


def owner_of_bearer(host: Host, token: str) -> SignedIn | None:
    """Whose live bearer session or API token this is, or None."""
    prefix, _a, rest = token.partition("_")
    code, _b, secret = rest.partition("_")
    if prefix != "gj" or not code or not secret or len(token) > 300:
        return None
    digest, place = digest_of(secret), (host.config.database_url, code)
    known = _known.get(place)
    found = _owner(host, known, digest) if known is not None else None
    if found is None or found.company_code != code:  # wrong, or the code leads elsewhere by now
        tenant = _tenant(code)
        if tenant is None:
            return None
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[place] = tenant.id
        found = _owner(host, tenant.id, digest) if tenant.id != known else None
    return found


# Which company a code led to when it was last asked; whether it still does, and may be entered, is read with each token.
MOST_KNOWN = 10_000
_known: dict[tuple[str, str], UUID] = {}


def _owner(host: Host, company_id: UUID, digest: str) -> SignedIn | None:
    with tenant_session(company_id) as session:
        found = _live_session(host, session, _BY_DIGEST, digest, BEARER)
        return found or _live_token(host, session, digest)


def _session_by(column: Any) -> Any:
    """The question about a session that every request asks: made once, since making it costs more than its answer."""
    return (
        select(
            LoginSession.id, LoginSession.stage, LoginSession.created_at, LoginSession.seen_at, LoginSession.expires_at,
            LoginSession.revoked_at, LoginSession.staff_id, Staff.name, Staff.language, Staff.state, Tenant.code,
            Tenant.state.label("tenant_state"), Company.session_idle_minutes, Company.session_absolute_hours,
        )
        .join(Staff, (Staff.company_id == LoginSession.company_id) & (Staff.id == LoginSession.staff_id))
        .join(Tenant, Tenant.id == LoginSession.company_id)
        .join(Company, Company.company_id == LoginSession.company_id)
        .where(
            LoginSession.company_id == bindparam("company"), column == bindparam("value"),
            LoginSession.kind == bindparam("kind"),
        )
    )  # fmt: skip


_BY_ID, _BY_DIGEST = _session_by(LoginSession.id), _session_by(LoginSession.digest)


def _live_session(host: Host, session: TenantSession, query: Any, value: UUID | str, kind: str) -> SignedIn | None:
    now = host.clock.now()
    found = session.execute(query, {"company": session.company_id, "value": value, "kind": kind}).one_or_none()
    if found is None:
        return None
    idle, absolute = limits_of_sessions(host.config, found.session_idle_minutes, found.session_absolute_hours)
    if found.revoked_at is not None or found.stage == CODE:
        return None
    until = min(
        found.expires_at, found.created_at + absolute, found.seen_at + idle
    )  # the company may have shortened them
    if now >= until or found.state != ACTIVE or found.tenant_state != "active":
        return None
    if now - found.seen_at >= SEEN_EVERY:
        session.close()  # SQLite: a reader must not wait for its own writer
        _touch(LoginSession, session.company_id, found.id, "seen_at", now)
    return SignedIn(
        company_id=session.company_id, company_code=found.code, staff_id=found.staff_id, credential_id=found.id,
        name=found.name, language=found.language, is_token=kind == BEARER, held=found.stage,
    )  # fmt: skip


def _live_token(host: Host, session: TenantSession, digest: str) -> SignedIn | None:
    now = host.clock.now()
    query = (
        select(ApiToken, Staff, Tenant)
        .join(Staff, (Staff.company_id == ApiToken.company_id) & (Staff.id == ApiToken.staff_id))
        .join(Tenant, Tenant.id == ApiToken.company_id)
        .where(ApiToken.company_id == session.company_id, ApiToken.digest == digest, ApiToken.state == ACTIVE)
    )
    found = session.execute(query).one_or_none()
    if found is None or now >= found[0].expires_at or found[1].state != ACTIVE or found[2].state != "active":
        return None
    row, staff, tenant = found
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
    except NOT_WRITTEN:  # reading goes on where writing does not
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
