"""What people do to their own entry: choose a password, set up a second factor, end sessions, make and revoke tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.context import Context
from guanjia.words import words
from tenants import second_factor
from tenants.models import ApiToken, Credential, LoginSession, SecondFactor, Staff
from tenants.owed import CODE, company_of, is_demanded
from tenants.passwords import PasswordPolicy, matches
from tenants.sessions import live_sessions
from tenants.sign_in import HALF_WAY, digest_of, token_of
from tenants.throttle import count_attempt, forgive, limits_for, limits_for_code

_ = words("tenants")


def change_password(host: Host, who: SignedIn, old: str, new: str) -> None:
    """The person's password is the new one, and their other sessions have ended.

    Raises Invalid, naming `old` or `password`; TooMany for one who keeps guessing the old one.
    """
    confirm_password(host, who, old, field="old")
    if old == new:
        raise Invalid({"password": [_("This is your present password. Choose a new one.")]})
    _in_own_name(host, who).perform(
        "tenants.staff.change_own_password", who.staff_id, {"password": new, "keep_session": str(who.credential_id)}
    )


def confirm_password(host: Host, who: SignedIn, password: str, *, field: str = "present_password") -> None:
    """Return if this is the person's password. Raises Invalid, naming the field; TooMany for one who keeps guessing."""
    limits = limits_for(host, "own", str(who.company_id), str(who.staff_id), "", str(who.credential_id))
    count_attempt(host, limits)
    with tenant_session(who.company_id) as session:
        credential = session.get(Credential, (who.company_id, who.staff_id))
    if not matches(credential.password_hash if credential else None, password):
        raise Invalid({field: [_("This is not your present password. Type it again.")]})
    forgive(host, limits)


def is_worn_out(host: Host, who: SignedIn) -> bool:
    """Whether the person's password is older than the company allows."""
    with tenant_session(who.company_id) as session:
        credential = session.get(Credential, (who.company_id, who.staff_id))
        policy = PasswordPolicy.of(company_of(session))
    return credential is not None and policy.is_worn_out(credential.changed_at, host.clock.now())


@dataclass(frozen=True, slots=True)
class Offer:
    """A second factor that is offered and not yet confirmed. `sealed` goes through the form; only this session opens it."""

    sealed: str
    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """What the person has: since when (None: no second factor), recovery codes left, whether a role demands one."""

    since: datetime | None
    recovery_left: int
    demanded: bool


def factor_state(host: Host, who: SignedIn) -> FactorState:
    """How the person's second factor stands."""
    with tenant_session(who.company_id) as session:
        row = session.get(SecondFactor, (who.company_id, who.staff_id))
        demanded = is_demanded(host, session, who.staff_id, host.clock.now())
    return FactorState(row.enrolled_at if row else None, len(row.recovery) if row else 0, demanded)


def just_signed_in(host: Host, who: SignedIn) -> bool:
    """Whether the password was typed in the last ten minutes, so that it need not be asked for again."""
    with tenant_session(who.company_id) as session:
        row = session.get(LoginSession, (who.company_id, who.credential_id))
    return row is not None and host.clock.now() - row.created_at <= HALF_WAY


def offer_factor(host: Host, who: SignedIn, sealed: str | None = None) -> Offer:
    """A fresh secret for an authenticator, or that of an earlier offer of this session. Nothing is kept of it."""
    context = f"offer:{who.get_id()}"
    secret = second_factor.open_secret(host.config, sealed, context) if sealed else None
    if secret is None:
        secret, sealed = second_factor.new_secret(), None
    with tenant_session(who.company_id) as session:
        person = session.get_one(Staff, (who.company_id, who.staff_id))
        issuer = company_of(session).name
    address = second_factor.address_of(secret, f"{person.account}@{who.company_code}", issuer)
    return Offer(sealed or second_factor.seal_secret(host.config, secret, context), secret, address)


def set_up_factor(host: Host, who: SignedIn, sealed: str, code: str, password: str) -> list[str]:
    """Sign-in asks for this authenticator's codes from now on; gives the recovery codes, told this once.

    `password` is looked at unless they came in just now. Raises Invalid, naming `code` or `present_password`; TooMany.
    """
    now = host.clock.now()
    secret = second_factor.open_secret(host.config, sealed, f"offer:{who.get_id()}")
    limits = limits_for_code(host, "own", str(who.staff_id), str(who.credential_id))
    count_attempt(host, limits)
    step = second_factor.step_of(secret, code, now) if secret is not None else None
    if step is None or secret is None:
        raise Invalid(
            {"code": [_("This is not the code that belongs to this picture. Type the one that is shown now.")]}
        )
    forgive(host, limits)
    if not just_signed_in(host, who):
        confirm_password(host, who, password)
    context = second_factor.context_of(who.staff_id, who.company_id)
    codes = second_factor.new_recovery_codes()
    _in_own_name(host, who).perform("tenants.staff.set_up_second_factor", who.staff_id, {
        "secret": second_factor.seal_secret(host.config, secret, context), "step": step,
        "recovery": [second_factor.digest_of_recovery(c, context) for c in codes], "keep_session": str(who.credential_id),
    })  # fmt: skip
    return codes


def renew_recovery_codes(host: Host, who: SignedIn, password: str) -> list[str]:
    """New recovery codes, told this once; the earlier ones open nothing. Raises Invalid and WrongState."""
    confirm_password(host, who, password)
    context = second_factor.context_of(who.staff_id, who.company_id)
    codes = second_factor.new_recovery_codes()
    digests = [second_factor.digest_of_recovery(code, context) for code in codes]
    _in_own_name(host, who).perform("tenants.staff.renew_recovery_codes", who.staff_id, {"recovery": digests})
    return codes


def turn_off_factor(host: Host, who: SignedIn, password: str) -> None:
    """The password alone opens. Raises Invalid, and WrongState where a role asks for a second factor."""
    confirm_password(host, who, password)
    _in_own_name(host, who).perform("tenants.staff.turn_off_second_factor", who.staff_id)


def own_sessions(host: Host, who: SignedIn) -> list[LoginSession]:
    """The person's live sessions, newest first."""
    with tenant_session(who.company_id) as session:
        return [row for row in live_sessions(session, who.staff_id, host.clock.now()) if row.stage != CODE]


def revoke_session(host: Host, who: SignedIn, session_id: UUID) -> None:
    """One of the person's own sessions has ended. Raises NotFound for any other."""
    _in_own_name(host, who).perform("tenants.staff.revoke_own_session", who.staff_id, {"session": str(session_id)})


def own_tokens(host: Host, who: SignedIn) -> list[ApiToken]:
    """The person's API tokens, newest first, revoked ones too."""
    with tenant_session(who.company_id) as session:
        query = select(ApiToken).where(ApiToken.company_id == who.company_id, ApiToken.staff_id == who.staff_id)
        return list(session.scalars(query.order_by(ApiToken.opened_at.desc())))


def place_to_act(host: Host, who: SignedIn) -> Context | None:
    """Headquarters where the person reaches it, else the first site they reach; None where they reach nothing."""
    now = host.clock.now()
    at_company = Context(host, who.company_id, who.staff_id, None, language=who.language)
    with tenant_session(who.company_id) as session:
        if host.directory.actor(session, who.staff_id, None, now) is not None:
            return at_company
        sites = host.directory.reachable(session, who.staff_id, now)
        return at_company.at_site(sites[0].id) if sites else None


def make_token(host: Host, who: SignedIn, ctx: Context, *, name: str, scopes: list[str], until_day: date) -> str:
    """An API token of the person's own, as text, known to nobody else from here on. Raises what the step raises."""
    if who.is_token:
        raise Forbidden(_("A token cannot make tokens. Sign in with a browser."))
    secret = secrets.token_urlsafe(32)
    ctx.perform(
        "tenants.token.create",
        None,
        {"name": name, "scopes": scopes, "until_day": until_day.isoformat(), "digest": digest_of(secret)},
    )
    return token_of(who.company_code, secret)


def revoke_token(host: Host, who: SignedIn, token_id: UUID) -> None:
    """One of the person's own tokens opens nothing any more, also where they have lost the site it was made at."""
    with tenant_session(who.company_id) as session:
        row = session.get(ApiToken, (who.company_id, token_id))
    if row is None or row.staff_id != who.staff_id:
        raise NotFound()
    _in_own_name(host, who).perform("tenants.token.revoke", token_id)


def _in_own_name(host: Host, who: SignedIn) -> Context:
    return host.system(who.company_id, f"self:{who.staff_id}")
