"""The register of webhooks: which program is told of which steps, with which secret, and what it missed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.channels.models import FAILED, WEBHOOK, Delivery
from guanjia.channels.queue import put, send_again
from guanjia.channels.webhooks import TEST, event_of, key_of
from guanjia.host import Host
from guanjia.keeping import seal
from guanjia.schema import invalid
from guanjia.sdk import Column, Invalid, Loader, StepContext, StrictSchema, register, words
from tenants.channels import permissions
from tenants.channels.models import Webhook
from tenants.channels.outside import context_of
from tenants.looking import look_first
from tenants.models import ACTIVE, Site
from tenants.places import name_field

_ = words("tenants")

OVERLAP_HOURS = 24
AT_ONCE = 500  # deliveries that one step sends anew
_PATTERN = re.compile(r"[a-z0-9_.*]{1,120}")


def secret_text(value: str) -> None:
    """Accept a secret of a webhook. Raises ValidationError."""
    try:
        key_of(value)
    except ValueError:
        raise invalid(_("Give a secret of 24 to 64 random bytes: whsec_ and the bytes in base64.")) from None


def pattern_text(value: str) -> None:
    """Accept the key of a step, or part of one with stars. Raises ValidationError."""
    if not _PATTERN.fullmatch(value):
        raise invalid(_("Write the key of a step, with * for any part: customer_service.request.*"))


def _secret(label: Any) -> fields.String:
    return fields.String(required=True, validate=secret_text, metadata={
        "label": label, "secret": True, "widget": "hidden",
        "help": _("whsec_ and 24 to 64 random bytes in base64; it is kept sealed and never shown again."),
    })  # fmt: skip


class WebhookForm(StrictSchema):
    """A program that is told of steps."""

    title = name_field(_("Program"), 60)
    address = fields.String(
        required=True, validate=validate.Length(1, 500),
        metadata={"label": _("Address"), "private": True, "widget": "url", "wide": True, "placeholder": "https://"},
    )  # fmt: skip
    events = fields.List(
        fields.String(validate=pattern_text), required=True, validate=validate.Length(1, 50),
        metadata={"label": _("Steps to be told of"), "fact": True, "widget": "lines",
                  "help": _("One a line, with * for any part: customer_service.request.* or *.breach")},
    )  # fmt: skip
    sites = fields.List(
        fields.UUID(), load_default=list,
        metadata={"label": _("Only at these sites"), "widget": "checkboxes",
                  "help": _("None chosen: all sites, and what headquarters does itself.")},
    )  # fmt: skip


class NewWebhookForm(WebhookForm):
    """A new one, with its first secret."""

    secret = _secret(_("Signing secret"))


class RotateForm(StrictSchema):
    """The next secret, and how long the present one still signs besides."""

    overlap_hours = fields.Integer(
        load_default=OVERLAP_HOURS, validate=validate.Range(0, 168),
        metadata={"label": _("The old secret signs for another"), "unit": "hours",
                  "help": _("In this time both sign, so that the program can be changed without losing anything.")},
    )  # fmt: skip
    secret = _secret(_("New signing secret"))


class ReplayForm(StrictSchema):
    """One delivery to be sent anew: its id is the header webhook-id."""

    delivery = fields.UUID(required=True, metadata={"label": _("Delivery")})


class ReplayFailedForm(StrictSchema):
    """From when on."""

    since = fields.AwareDateTime(required=True, metadata={"label": _("Failed since")})


# ---------------------------------------------------------------------- checks


def matching(host: Host, patterns: Sequence[str]) -> list[str]:
    """The keys of the steps that the patterns name, in order."""
    keys = [step.key for flow in host.flows.values() for step in flow.steps.values()]
    return [key for key in keys if any(fnmatchcase(key, pattern) for pattern in patterns)]


def _look(form: Mapping[str, Any], _row: Webhook | None, ctx: StepContext) -> None:
    _check_address(form["address"], private=ctx.host.config.webhook_private)
    lost = next((pattern for pattern in form["events"] if not matching(ctx.host, [pattern])), None)
    if lost is not None:
        raise Invalid(
            {"events": [_('No step is called "%(pattern)s". See the list of steps in the API.', pattern=lost)]}
        )
    for site_id in form["sites"]:
        ctx.get(Site, site_id, name="sites")


def _check_address(address: str, *, private: bool) -> None:
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.scheme not in (("http", "https") if private else ("https",)):
        raise Invalid({"address": [_("Give a full address without name and password, beginning with https://.")]})


# ---------------------------------------------------------------------- the register


def _tidy(row: Webhook, form: Mapping[str, Any], _ctx: StepContext) -> None:
    row.events = list(dict.fromkeys(form["events"]))
    row.sites = sorted({str(site) for site in form["sites"]})


def _create(form: Mapping[str, Any], ctx: StepContext) -> Webhook:
    """The program is told from now on."""
    row = ctx.open(
        Webhook, ACTIVE, title=form["title"], address=form["address"], secret_at=ctx.now, events=[], sites=[]
    )  # fmt: skip
    _tidy(row, form, ctx)
    row.sealed_secrets = [_sealed(row, form["secret"], ctx)]
    ctx.directory_changed()
    return row


def _sealed(row: Webhook, secret: str, ctx: StepContext) -> dict[str, Any]:
    context = context_of(WEBHOOK, ctx.session.company_id, row.id, "secret")
    return {"sealed": seal(ctx.host.config, secret, context), "until": None}


def _choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    sites = loader.host.directory.sites(loader.session)
    return {"sites": [(str(site.id), site.name) for site in sites]}


def _present(loader: Loader, cases: Sequence[Webhook]) -> list[dict[str, Any]]:
    directory, session = loader.host.directory, loader.session
    return [{
        "sites": [directory.scope_name(session, UUID(site)) for site in row.sites],
        "secrets": sum(1 for s in row.sealed_secrets if s["until"] is None or datetime.fromisoformat(s["until"]) > loader.now),
    } for row in cases]  # fmt: skip


webhooks = register(
    "tenants.webhook", Webhook, title=_("Webhooks"), form=WebhookForm, menu=False, permission=permissions.WEBHOOKS.key,
    see=permissions.WEBHOOKS.key, touches_directory=True, on_change=_tidy, choices=_choices, present=_present,
    order="title",
    heading=lambda row, _values: str(row.title), titles={"retire": _("Switch off"), "restore": _("Switch on")},
    columns=[
        Column("title", _("Program"), sort=True), Column("address", _("Address")),
        Column("events", _("Steps to be told of")), Column("sites", _("Only at these sites")),
        Column("secrets", _("Secrets that sign"), "number", on_list=False),
        Column("secret_at", _("Secret made"), "moment", on_list=False), Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
webhooks.steps["create"] = replace(
    webhooks.steps["create"], form=NewWebhookForm, body=_create, page="tenants_channels.new_webhook"
)
look_first(webhooks, _look)


@webhooks.step(
    "rotate", [ACTIVE], title=_("Change the secret"), form=RotateForm, permission=permissions.WEBHOOKS.key,
    page="tenants_channels.rotate",
)  # fmt: skip
def rotate(row: Webhook, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The new secret signs from now on; the present one besides, until its time is over. Older ones count no longer."""
    until = ctx.now + timedelta(hours=form["overlap_hours"])
    present = row.sealed_secrets[0] if row.sealed_secrets else None
    kept = [{**present, "until": until.isoformat()}] if present and form["overlap_hours"] else []
    row.sealed_secrets = [_sealed(row, form["secret"], ctx), *kept]
    row.secret_at = ctx.now


@webhooks.step(
    "test", [ACTIVE], title=_("Send a test"), permission=permissions.WEBHOOKS.key,
    help=_("An event of the type guanjia.test is sent; what came of it stands under Deliveries."),
)  # fmt: skip
def send_test(row: Webhook, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """A test event waits to be sent."""
    event_id = ctx.host.ids.new()
    event = event_of(
        event_id=event_id, type_=TEST, at=ctx.now, company_id=ctx.session.company_id, actor_id=ctx.actor_id
    )
    put(
        ctx.session, ctx.host, WEBHOOK, row.id, f"event:{event_id}:{row.id}", about=TEST, content=event,
        at=ctx.recorded_at,
    )  # fmt: skip


@webhooks.step(
    "replay", [ACTIVE], title=_("Send one anew"), form=ReplayForm, permission=permissions.WEBHOOKS.key, on_page=False
)
def replay(row: Webhook, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The delivery is sent anew, with the same id and body. Raises Invalid for one that is not this program's."""
    found = ctx.session.get(Delivery, (ctx.session.company_id, form["delivery"]), with_for_update=True)
    if found is None or found.kind != WEBHOOK or found.target_id != row.id:
        raise Invalid({"delivery": [_("Nothing like this was sent to this program. Choose it from the list.")]})
    send_again(ctx.session, ctx.host, found)


@webhooks.step(
    "replay_failed", [ACTIVE], title=_("Send what failed anew"), form=ReplayFailedForm,
    permission=permissions.WEBHOOKS.key, help=_("The oldest 500 at once; take the step again for more."),
)  # fmt: skip
def replay_failed(row: Webhook, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Everything that failed since that moment is sent anew, oldest first."""
    query = (
        select(Delivery)
        .where(
            Delivery.company_id == ctx.session.company_id, Delivery.target_id == row.id, Delivery.kind == WEBHOOK,
            Delivery.state == FAILED, Delivery.created_at >= form["since"],
        )
        .order_by(Delivery.created_at, Delivery.id).limit(AT_ONCE).with_for_update()
    )  # fmt: skip
    found = ctx.session.scalars(query).all()
    for delivery in found:
        send_again(ctx.session, ctx.host, delivery)
    ctx.notes["sent_anew"] = len(found)


FLOWS = (webhooks,)
