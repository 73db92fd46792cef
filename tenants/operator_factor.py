"""The second factor of operators, who stand outside every company: asked for, set up, turned off, reset by the console."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from guanjia.db.session import SystemSession, system_session
from guanjia.errors import Invalid, NotFound, Unauthenticated
from guanjia.host import Host
from guanjia.words import words
from tenants import second_factor
from tenants.models import Operator, OperatorSession
from tenants.owed import CODE, NOTHING
from tenants.own import Offer
from tenants.passwords import matches
from tenants.second_factor import TRIES, WRONG_CODE, Factor, context_of
from tenants.sign_in import HalfWayOver
from tenants.throttle import count_attempt, forgive, limits_for, limits_for_code

_ = words("tenants")


def half_way(host: Host, session_id: str | None) -> Operator | None:
    """Whose half session this is, while its code is awaited; else None."""
    try:
        wanted = UUID(session_id or "")
    except ValueError:
        return None
    with system_session() as session:
        row = session.get(OperatorSession, wanted)
        return session.get(Operator, row.operator_id) if row is not None and _waits(host, row) else None


def enter_code(host: Host, session_id: str | None, code: str) -> None:
    """The half session is whole. Raises Unauthenticated, HalfWayOver and TooMany as for staff."""
    operator = half_way(host, session_id)
    if operator is None:
        raise HalfWayOver()
    limits = limits_for_code(host, "operator", str(operator.id), None)
    count_attempt(host, limits)
    now = host.clock.now()
    with system_session(write=True) as session:
        row = session.get(OperatorSession, UUID(session_id), with_for_update=True)
        person = session.get(Operator, operator.id, with_for_update=True)
        if row is None or person is None or person.factor is None or not _waits(host, row):
            raise HalfWayOver()
        factor = Factor(person.factor, context_of(person.id), person.last_step, person.recovery)
        taken = second_factor.take(host.config, factor, code, now)
        if taken is None:
            row.tries += 1
            if row.tries >= TRIES:
                row.revoked_at = now
            session.commit()
            raise HalfWayOver() if row.tries >= TRIES else Unauthenticated(WRONG_CODE)
        person.last_step, person.recovery = taken.last_step, taken.recovery
        person.factor = second_factor.with_newest_key(host.config, person.factor, factor.context)
        row.stage, row.created_at, row.seen_at = NOTHING, now, now
        row.expires_at = now + timedelta(seconds=host.config.session_absolute)
        session.commit()
    forgive(host, limits)


def offer_factor(host: Host, operator: Operator, sealed: str | None = None) -> Offer:
    """A fresh secret, or that of an earlier offer."""
    context = f"offer:{context_of(operator.id)}"
    secret = second_factor.open_secret(host.config, sealed, context) if sealed else None
    if secret is None:
        secret, sealed = second_factor.new_secret(), None
    address = second_factor.address_of(secret, operator.account, str(_("Guanjia, operator")))
    return Offer(sealed or second_factor.seal_secret(host.config, secret, context), secret, address)


def set_up_factor(host: Host, operator: Operator, session_id: str, sealed: str, code: str, password: str) -> list[str]:
    """The operator signs in with codes from now on, and their other sessions have ended; gives the recovery codes.

    Raises Invalid, naming `code` or `present_password`; TooMany.
    """
    now = host.clock.now()
    _confirm(host, operator, password)
    secret = second_factor.open_secret(host.config, sealed, f"offer:{context_of(operator.id)}")
    step = second_factor.step_of(secret, code, now) if secret is not None else None
    if step is None or secret is None:
        raise Invalid(
            {"code": [_("This is not the code that belongs to this picture. Type the one that is shown now.")]}
        )
    context = context_of(operator.id)
    codes = second_factor.new_recovery_codes()
    with system_session(write=True) as session:
        row = session.get_one(Operator, operator.id, with_for_update=True)
        row.factor, row.last_step = second_factor.seal_secret(host.config, secret, context), step
        row.recovery = [second_factor.digest_of_recovery(one, context) for one in codes]
        _end_sessions(host, session, operator.id, keep=UUID(session_id))
        session.commit()
    return codes


def turn_off_factor(host: Host, operator: Operator, password: str) -> None:
    """The operator's password alone opens. Raises Invalid and TooMany."""
    _confirm(host, operator, password)
    with system_session(write=True) as session:
        _forget(session.get_one(Operator, operator.id, with_for_update=True))
        session.commit()


def reset_factor(host: Host, account: str) -> None:
    """The operator's second factor is gone and their sessions have ended: for whoever has the machine's console."""
    with system_session(write=True) as session:
        row = session.scalars(select(Operator).where(Operator.account == account.strip().lower())).one_or_none()
        if row is None:
            raise NotFound(_("There is no operator with this account."))
        _forget(row)
        _end_sessions(host, session, row.id)
        session.commit()


def _forget(row: Operator) -> None:
    row.factor, row.last_step, row.recovery = None, 0, []


def _end_sessions(host: Host, session: SystemSession, operator_id: UUID, keep: UUID | None = None) -> None:
    query = select(OperatorSession).where(
        OperatorSession.operator_id == operator_id, OperatorSession.revoked_at.is_(None), OperatorSession.id != keep
    )
    for row in session.scalars(query):
        row.revoked_at = host.clock.now()


def _confirm(host: Host, operator: Operator, password: str) -> None:
    limits = limits_for(host, "operator's own", "", str(operator.id), "", str(operator.id))
    count_attempt(host, limits)
    if not matches(operator.password_hash, password):
        raise Invalid({"present_password": [_("This is not your present password. Type it again.")]})
    forgive(host, limits)


def _waits(host: Host, row: OperatorSession) -> bool:
    return row.stage == CODE and row.revoked_at is None and host.clock.now() < row.expires_at
