"""How a company's people sign in: what passwords must be, when sessions end, which roles need a second factor.

Headquarters changes it by a step of the company's own entry, so the journal tells who asked for what since when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.sdk import Invalid, Loader, StepContext, StrictSchema, words
from tenants import permissions
from tenants.authority import snapshot_of
from tenants.directory import TenantDirectory
from tenants.models import ACTIVE, Company, LoginSession
from tenants.owed import ENROL, what_is_owed
from tenants.places import company

_ = words("tenants")

PASSWORDS, SESSIONS, FACTOR = _("Passwords"), _("Sessions"), _("Second factor")


class SignInPolicyForm(StrictSchema):
    """What the company asks of whoever signs in. The installation's own limits of sessions count besides."""

    password_min_length = fields.Integer(load_default=12, validate=validate.Range(8, 64), metadata={
        "label": _("Shortest password"), "group": PASSWORDS, "help": _("In characters; 12 or more is advised.")})  # fmt: skip
    password_level3 = fields.Boolean(load_default=False, metadata={
        "label": _("Composition and rotation as GB/T 22239 asks at level 3"), "group": PASSWORDS,
        "help": _("Three of four kinds of characters, changed from time to time, none of the last ones, and whoever is given "
                  "a password replaces it at the first sign-in.")})  # fmt: skip
    password_max_days = fields.Integer(load_default=90, validate=validate.Range(1, 3650), metadata={
        "label": _("Changed at the latest after"), "unit": "days", "group": PASSWORDS,
        "help": _("Counts where composition and rotation are on.")})  # fmt: skip
    password_history = fields.Integer(load_default=5, validate=validate.Range(1, 24), metadata={
        "label": _("Not one of the last"), "unit": "times", "group": PASSWORDS,
        "help": _("Counts where composition and rotation are on.")})  # fmt: skip
    session_idle_minutes = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(5, 10080), metadata={
        "label": _("A session ends when it was not used for"), "unit": "minutes", "group": SESSIONS,
        "help": _("Empty: as long as the installation allows.")})  # fmt: skip
    session_absolute_hours = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 720), metadata={
        "label": _("and in any case after"), "unit": "hours", "group": SESSIONS,
        "help": _("Empty: as long as the installation allows.")})  # fmt: skip
    second_factor_roles = fields.List(
        fields.String(validate=validate.Length(1, 60)), load_default=list,
        metadata={"label": _("Roles that need a second factor"), "fact": True, "widget": "checkboxes", "group": FACTOR,
                  "help": _("Whoever holds one of them and has none sets it up at the next page that they open.")},
    )  # fmt: skip


def _now(_loader: Loader, row: Company | None) -> Mapping[str, Any]:
    return {} if row is None else {name: getattr(row, name) for name in SignInPolicyForm().fields}


def _role_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    directory = loader.host.directory
    assert isinstance(directory, TenantDirectory)
    return {
        "second_factor_roles": [(role.key, role.title) for role in directory.snapshot(loader.session).roles.values()]
    }


@company.step(
    "set_sign_in_policy", [ACTIVE], title=_("Change the sign-in policy"), form=SignInPolicyForm, prefill=_now,
    choices=_role_choices, permission=permissions.COMPANY.key,
)  # fmt: skip
def set_sign_in_policy(row: Company, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The policy counts from now on: for passwords when they are chosen or worn out, for sessions at once.

    Whoever is signed in, holds a role that needs a second factor and has none is led to set it up at the next request.
    """
    unknown = sorted(set(form["second_factor_roles"]) - set(snapshot_of(ctx).roles))
    if unknown:
        raise Invalid({"second_factor_roles": [_("There is no such role in use. Choose one from the list.")]})
    for name, value in form.items():
        setattr(row, name, sorted(set(value)) if isinstance(value, list) else value)
    ctx.session.flush()
    query = select(LoginSession).where(
        LoginSession.company_id == ctx.session.company_id, LoginSession.kind == "page", LoginSession.stage == "",
        LoginSession.revoked_at.is_(None), LoginSession.expires_at > ctx.now,
    )  # fmt: skip
    live = list(ctx.session.scalars(query)) if row.second_factor_roles else []
    owed = {person: what_is_owed(ctx.host, ctx.session, person, ctx.now) for person in {s.staff_id for s in live}}
    for session in live:
        if owed[session.staff_id] == ENROL:
            session.stage = ENROL
    ctx.session.flush()


FLOWS = ()  # the step above joined the flow of the company
