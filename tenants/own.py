"""What people do to their own entry: choose a password, end sessions, make and revoke tokens."""

from __future__ import annotations

import secrets
from datetime import date
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.context import Context
from guanjia.words import words
from tenants.models import ApiToken, Credential, LoginSession
from tenants.passwords import matches
from tenants.sessions import live_sessions
from tenants.sign_in import digest_of, token_of
from tenants.throttle import count_attempt, forgive, limits_for

_ = words("tenants")


def change_password(host: Host, who: SignedIn, old: str, new: str) -> None:
    """The person's password is the new one, and their other sessions have ended.

    Raises Invalid, naming `old` or `password`; TooMany for one who keeps guessing the old one.
    """
    limits = limits_for(host, "own", str(who.company_id), str(who.staff_id), "", str(who.credential_id))
    count_attempt(host, limits)
    with tenant_session(who.company_id) as session:
        credential = session.get(Credential, (who.company_id, who.staff_id))
    if not matches(credential.password_hash if credential else None, old):
        raise Invalid({"old": [_("This is not your present password. Type it again.")]})
    forgive(host, limits)
    if old == new:
        raise Invalid({"password": [_("This is your present password. Choose a new one.")]})
    _in_own_name(host, who).perform(
        "tenants.staff.change_own_password", who.staff_id, {"password": new, "keep_session": str(who.credential_id)}
    )


def own_sessions(host: Host, who: SignedIn) -> list[LoginSession]:
    """The person's live sessions, newest first."""
    with tenant_session(who.company_id) as session:
        return live_sessions(session, who.staff_id, host.clock.now())


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
