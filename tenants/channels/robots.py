"""The register of group robots: which group is told what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.channels.models import ROBOT, Delivery
from guanjia.channels.queue import put, send_again
from guanjia.channels.quiet import QUIET_FROM, QUIET_TO
from guanjia.channels.robots import HOSTS, KINDS, WECOM
from guanjia.keeping import seal
from guanjia.sdk import Column, Invalid, Loader, StepContext, StrictSchema, register, words
from guanjia.words import LANGUAGES, Text
from tenants.channels import permissions
from tenants.channels.models import GroupRobot
from tenants.channels.outside import context_of
from tenants.looking import look_first
from tenants.models import ACTIVE, Role
from tenants.places import LANGUAGE_CHOICES, name_field, of_this_place, present_place

_ = words("tenants")


class RobotForm(StrictSchema):
    """A robot of a group chat. Address and secret are written only: left empty at a change, they stay as they are."""

    title = name_field(_("Group"), 60, help=_("As the people in it know it."))
    kind = fields.String(
        required=True,
        validate=validate.OneOf(list(KINDS)),
        metadata={"label": _("Service"), "choices": list(KINDS.items())},
    )
    address = fields.String(
        load_default="",
        validate=validate.Length(max=500),
        metadata={
            "label": _("Address of the robot"), "secret": True, "widget": "password", "autocomplete": "off",
            "help": _("The webhook address that the group's settings show. It is kept sealed and not shown again."),
        },
    )  # fmt: skip
    secret = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={
            "label": _("Signing secret"), "secret": True, "widget": "password", "autocomplete": "off",
            "help": _("Of DingTalk and Feishu, where signing is switched on in the group."),
        },
    )  # fmt: skip
    urgent = fields.Boolean(load_default=True, metadata={"label": _("All urgent notices")})
    roles = fields.List(
        fields.String(validate=validate.Length(1, 60)),
        load_default=list,
        metadata={
            "label": _("Notices to these roles"), "fact": True, "widget": "checkboxes",
            "help": _("Title, number and link only: names and phones of residents never go to a group."),
        },
    )  # fmt: skip
    language = fields.String(
        load_default="zh",
        validate=validate.OneOf(LANGUAGES),
        metadata={"label": _("Language"), "choices": LANGUAGE_CHOICES},
    )
    quiet_from = fields.Time(
        load_default=QUIET_FROM,
        metadata={"label": _("Quiet from"), "help": _("Local time; urgent notices go out all the same.")},
    )
    quiet_to = fields.Time(load_default=QUIET_TO, metadata={"label": _("Quiet until")})


class ReplayForm(StrictSchema):
    """One message to be sent anew."""

    message = fields.UUID(required=True, metadata={"label": _("Delivery")})


def _look(form: Mapping[str, Any], row: GroupRobot | None, ctx: StepContext) -> None:
    if not form["address"] and (row is None or form["kind"] != row.kind):
        raise Invalid({"address": [_("Give the address that the group's settings show.")]})
    if form["address"]:
        _check_address(form, private=ctx.host.config.webhook_private)
    if not form["urgent"] and not form["roles"]:
        raise Invalid({"roles": [_("Choose at least one role, or all urgent notices; else nothing goes there.")]})
    known = set(ctx.session.scalars(select(Role.key).where(Role.company_id == ctx.session.company_id)))
    unknown = sorted(set(form["roles"]) - known)
    if unknown:
        raise Invalid({"roles": [_('There is no role "%(key)s". Choose from the list.', key=unknown[0])]})


def _check_address(form: Mapping[str, Any], *, private: bool) -> None:
    try:
        parts = urlsplit(form["address"])
        host = parts.hostname or ""
    except ValueError:
        host = ""
        parts = urlsplit("")
    wanted = HOSTS[form["kind"]]
    if private and parts.scheme in ("http", "https") and host:
        return  # a relay of the operator's own stands between
    if parts.scheme != "https" or host != wanted:
        raise Invalid(
            {"address": [_("The address of this service begins with https://%(host)s/. Copy it again.", host=wanted)]}
        )


def _seal(row: GroupRobot, form: Mapping[str, Any], ctx: StepContext) -> None:
    config, company = ctx.host.config, ctx.session.company_id
    if form["address"]:
        row.sealed_address = seal(config, form["address"], context_of(ROBOT, company, row.id, "address"))
        row.address_end = form["address"][-4:]
        row.sealed_secret = ""  # belonged to the old address
    if form["secret"] and form["kind"] != WECOM:
        row.sealed_secret = seal(config, form["secret"], context_of(ROBOT, company, row.id, "secret"))


def _role_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    query = select(Role).where(Role.company_id == loader.company_id, Role.state == ACTIVE)
    rows = loader.session.scalars(query.order_by(Role.opened_at, Role.id))
    return {"roles": [(row.key, Text(row.title_zh, row.title_en)) for row in rows]}


def _present(loader: Loader, cases: Sequence[GroupRobot]) -> list[dict[str, Any]]:
    directory = loader.host.directory
    places = present_place(loader, cases)
    return [
        place | {
            "address_end": f"…{row.address_end}",
            "roles": [str(directory.role_title(loader.session, role)) for role in row.roles],
            "quiet_from": row.quiet_from.strftime("%H:%M"), "quiet_to": row.quiet_to.strftime("%H:%M"),
        }
        for row, place in zip(cases, places, strict=True)
    ]  # fmt: skip


robots = register(
    "tenants.robot", GroupRobot, title=_("Group robots"), form=RobotForm, menu=False,
    permission=permissions.ROBOTS.key, see=permissions.ROBOTS.key, touches_directory=True,
    on_create=_seal, on_change=_seal, choices=_role_choices, row_filter=of_this_place, present=_present, order="title",
    heading=lambda row, _values: str(row.title), titles={"retire": _("Stop"), "restore": _("Use again")},
    columns=[
        Column("title", _("Group"), sort=True),
        Column("kind", _("Service"), "choice", filter=True, labels=dict(KINDS)),
        Column("address_end", _("Address ends with"), on_list=False), Column("urgent", _("All urgent notices"), "flag"),
        Column("roles", _("Notices to these roles")), Column("quiet_from", _("Quiet from"), on_list=False),
        Column("quiet_to", _("Quiet until"), on_list=False), Column("place", _("Place")),
        Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip


@robots.step(
    "test",
    [ACTIVE],
    title=_("Send a test message"),
    permission=permissions.ROBOTS.key,
    help=_("The group is told that it gets notices from here; what came of it stands under Deliveries."),
)
def test_robot(row: GroupRobot, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """A test message waits to be sent to the group."""
    put(
        ctx.session, ctx.host, ROBOT, row.id, f"test:{row.id}:{row.version}", about="guanjia.test",
        content={"test": True}, at=ctx.recorded_at, site_id=row.site_id, urgent=True,
    )  # fmt: skip


@robots.step(
    "replay", [ACTIVE], title=_("Send one anew"), form=ReplayForm, permission=permissions.ROBOTS.key, on_page=False
)
def replay(row: GroupRobot, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The message is sent to the group anew. Raises Invalid for one that is not this group's."""
    found = ctx.session.get(Delivery, (ctx.session.company_id, form["message"]), with_for_update=True)
    if found is None or found.kind != ROBOT or found.target_id != row.id:
        raise Invalid({"message": [_("Nothing like this was sent to this group. Choose it from the list.")]})
    send_again(ctx.session, ctx.host, found)


look_first(robots, _look)
FLOWS = (robots,)
