"""The journaled part of what people do to their own entry: password, sessions, second factor.

These steps run as the system in the person's name: at headquarters, where entries stand, most have no reach of their
own. `tenants.own` is the only caller, and has asked for the password or looked at the owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from guanjia.sdk import NotFound, StepContext, StrictSchema, WrongState, words
from tenants.models import ACTIVE, LoginSession, SecondFactor, Staff
from tenants.owed import is_demanded, release
from tenants.people import PASSWORD, set_password, staff, take_secret
from tenants.sessions import revoke_sessions

_ = words("tenants")

_SECRET = {"private": True, "secret": True}
ALONE = {"system_only": True, "on_page": False}


class OwnPasswordForm(StrictSchema):
    """The new own password, and the session that goes on."""

    password = fields.String(required=True, validate=validate.Length(1, 200), metadata=PASSWORD)
    keep_session = fields.UUID(load_default=None, allow_none=True)


class OwnSessionForm(StrictSchema):
    """One of the person's own sessions."""

    session = fields.UUID(required=True)


class OwnFactorForm(StrictSchema):
    """A second factor that a code has confirmed: its sealed secret, the code's time step, hashes of recovery codes."""

    secret = fields.String(required=True, validate=validate.Length(1, 400), metadata=_SECRET)
    step = fields.Integer(required=True, metadata=_SECRET)
    recovery = fields.List(fields.String(validate=validate.Length(64, 64)), required=True, metadata=_SECRET)
    keep_session = fields.UUID(load_default=None, allow_none=True)


class OwnRecoveryForm(StrictSchema):
    """Hashes of new recovery codes."""

    recovery = fields.List(fields.String(validate=validate.Length(64, 64)), required=True, metadata=_SECRET)


@staff.step("change_own_password", [ACTIVE], title=_("Own password changed"), form=OwnPasswordForm, **ALONE)
def change_own_password(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person's password is the new one; all their sessions but the given one have ended."""
    set_password(ctx, row, take_secret(form), must_change=False)
    ctx.notes["by"] = str(row.id)
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now, keep=form["keep_session"])
    if form["keep_session"] is not None:
        release(ctx.host, ctx.session, form["keep_session"], row.id, ctx.now)


@staff.step("revoke_own_session", [ACTIVE], title=_("Own session ended"), form=OwnSessionForm, **ALONE)
def revoke_own_session(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The session has ended. Raises NotFound for somebody else's."""
    found = ctx.session.get(LoginSession, (ctx.session.company_id, form["session"]))
    if found is None or found.staff_id != row.id:
        raise NotFound()
    if found.revoked_at is not None:
        raise WrongState(_("This session has ended already. Nothing needs to be done."))
    found.revoked_at = ctx.now
    ctx.notes["by"] = str(row.id)


@staff.step("set_up_second_factor", [ACTIVE], title=_("Second factor set up"), form=OwnFactorForm, **ALONE)
def set_up_second_factor(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person's sign-in asks for this authenticator's codes from now on, in place of any earlier one's; all their
    sessions but the given one have ended."""
    secret, step, recovery = (take_secret(form, name) for name in ("secret", "step", "recovery"))
    factor = ctx.session.get(SecondFactor, (ctx.session.company_id, row.id), with_for_update=True)
    values = {"secret": secret, "last_step": step, "recovery": recovery, "enrolled_at": ctx.now}
    ctx.notes |= {"by": str(row.id), "replaced": factor is not None}
    if factor is None:
        ctx.new(SecondFactor, id=row.id, **values)
    else:
        for name, value in values.items():
            setattr(factor, name, value)
        ctx.session.flush()
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now, keep=form["keep_session"])
    if form["keep_session"] is not None:
        release(ctx.host, ctx.session, form["keep_session"], row.id, ctx.now)


@staff.step("renew_recovery_codes", [ACTIVE], title=_("New recovery codes made"), form=OwnRecoveryForm, **ALONE)
def renew_recovery_codes(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The new recovery codes count, and none of the earlier ones does."""
    recovery = take_secret(form, "recovery")
    _factor(ctx, row).recovery = recovery
    ctx.session.flush()
    ctx.notes["by"] = str(row.id)


@staff.step("turn_off_second_factor", [ACTIVE], title=_("Second factor turned off"), **ALONE)
def turn_off_second_factor(row: Staff, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person signs in with the password alone. Raises WrongState where a role asks for a second factor."""
    factor = _factor(ctx, row)
    if is_demanded(ctx.host, ctx.session, row.id, ctx.now):
        raise WrongState(_("Your role needs a second factor. You can set up another authenticator in its place."))
    ctx.session.delete(factor)
    ctx.session.flush()
    ctx.notes["by"] = str(row.id)


def _factor(ctx: StepContext, row: Staff) -> SecondFactor:
    factor = ctx.session.get(SecondFactor, (ctx.session.company_id, row.id), with_for_update=True)
    if factor is None:
        raise WrongState(_("No second factor is set up. Set one up first."))
    return factor


FLOWS = ()  # the steps above joined the flow of staff
