"""API tokens: made and revoked by their owner. Only the hash of a secret comes here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from marshmallow import fields, validate

from guanjia.schema import invalid
from guanjia.sdk import (
    COMPANY,
    Column,
    Flow,
    Forbidden,
    Invalid,
    Loader,
    NotFound,
    State,
    StepContext,
    StrictSchema,
    words,
)
from tenants import permissions
from tenants.models import ACTIVE, RETIRED, ApiToken
from tenants.owed import ENROL, what_is_owed

_ = words("tenants")

LONGEST_DAYS = 366
READ = "read"  # the scope without which a limited token only takes steps
_DIGEST = re.compile(r"[0-9a-f]{64}")


def sha256_text(value: str) -> None:
    """Accept a SHA-256 in hexadecimal. Raises ValidationError."""
    if not _DIGEST.fullmatch(value):
        raise invalid(_("Give the SHA-256 of the secret as 64 hexadecimal digits."))


class TokenForm(StrictSchema):
    """What the token is for, what it may do, and until when."""

    name = fields.String(
        required=True, validate=validate.Length(1, 60), metadata={"label": _("What it is for"), "fact": True}
    )
    scopes = fields.List(
        fields.String(validate=validate.Length(1, 120)),
        load_default=list,
        metadata={
            "label": _("Limited to"),
            "fact": True,
            "widget": "checkboxes",
            "help": _("Nothing chosen: everything that you may do yourself."),
        },
    )
    until_day = fields.Date(required=True, metadata={"label": _("Last day"), "help": _("At most one year from now.")})
    digest = fields.String(
        required=True,
        validate=sha256_text,
        metadata={
            "label": _("SHA-256 of the secret"),
            "private": True,
            "widget": "hidden",
            "help": _("Take a random secret of at least 32 bytes; the token is gj_<company code>_<secret>."),
        },
    )


def _facts(_loader: Loader, cases: Sequence[Any]) -> list[Any]:
    return [None for _case in cases]


def _own(loader: Loader, model: type[ApiToken]) -> Any:
    return model.staff_id == (loader.actor.id if loader.actor else None)


tokens = Flow(
    key="tenants.token",
    model=ApiToken,
    title=_("API tokens"),
    states=[State(ACTIVE, _("In force"), tone="good"), State(RETIRED, _("Revoked"), tone="muted", closed=True)],
    facts=_facts,
    level=COMPANY,
    permission=permissions.TOKENS.key,
    row_filter=_own,
    menu=False,
    heading=lambda row, _values: str(row.name),
    columns=[
        Column("name", _("What it is for"), sort=True),
        Column("scopes", _("Limited to")),
        Column("expires_at", _("Valid until"), "moment", sort=True),
        Column("last_used_at", _("Last used"), "moment"),
        Column("state", _("State"), "state", filter=True),
    ],
)


def scope_choices(loader: Loader, _row: Any = None) -> Mapping[str, Sequence[tuple[str, Any]]]:
    """What the actor may do here: a token can be limited to some of it."""
    held = loader.actor.permissions if loader.actor else frozenset()
    reading = [(READ, _("Read what the chosen permissions show"))]
    return {
        "scopes": reading
        + [(key, permission.title) for key, permission in loader.host.permissions.items() if key in held]
    }


@tokens.step(
    "create",
    {None: ACTIVE},
    title=_("Make a token"),
    form=TokenForm,
    tone="primary",
    permission=permissions.TOKENS.key,
    choices=scope_choices,
    page="tenants_me.tokens",
)
def make_token(form: Mapping[str, Any], ctx: StepContext) -> ApiToken:
    """The secret with that hash opens the API in the actor's name, limited to the scopes, until the end of the day."""
    if ctx.actor is None:
        raise NotFound()
    if ctx.caller.via == "api":  # a token limited to little could make one without limits
        raise Forbidden(_('Tokens are made in a browser, under "API tokens" in your own menu. Sign in there.'))
    if what_is_owed(ctx.host, ctx.session, ctx.actor.id, ctx.now) == ENROL:
        raise Forbidden(_("Your role needs a second factor. Set it up in your own menu, then make the token."))
    unknown = sorted(set(form["scopes"]) - ctx.actor.permissions - {READ})
    if unknown:
        raise Invalid(
            {"scopes": [_('You do not hold the permission "%(key)s" yourself. Leave it out.', key=unknown[0])]}
        )
    zone = ctx.calendar.zone
    expires_at = datetime.combine(form["until_day"] + timedelta(days=1), time(), zone)
    if not ctx.now < expires_at <= ctx.now + timedelta(days=LONGEST_DAYS):
        raise Invalid({"until_day": [_("Choose a day from today on, at most one year ahead.")]})
    return ctx.open(
        ApiToken,
        ACTIVE,
        name=form["name"],
        staff_id=ctx.actor.id,
        digest=form["digest"],
        scopes=sorted(set(form["scopes"])),
        expires_at=expires_at,
    )


@tokens.step("revoke", {ACTIVE: RETIRED}, title=_("Revoke"), tone="danger")
def revoke_token(row: ApiToken, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """The token opens nothing any more. Raises NotFound for somebody else's."""
    if ctx.actor is not None and row.staff_id != ctx.actor.id:
        raise NotFound()


FLOWS = (tokens,)
