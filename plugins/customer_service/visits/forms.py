"""The forms of areas, visits and the year's plan."""

from __future__ import annotations

from marshmallow import fields, validate

from guanjia.sdk import StrictSchema, Text, words
from plugins.customer_service.fields import files, flag, moment, one_of, text

_ = words("customer_service")

WAYS = {
    "home": Text("上门", "At home"), "phone": Text("电话", "By telephone"), "desk": Text("来访", "At the desk"),
    "meeting": Text("座谈", "At a meeting"),
}  # fmt: skip


class AreaForm(StrictSchema):
    """Who looks after which buildings (5/8.2 2.2)."""

    name = text(_("Name of the area"), 60, required=True, metadata={"fact": True})
    manager_id = fields.UUID(required=True, metadata={"label": _("Area manager"), "widget": "select"})
    buildings = fields.List(fields.UUID(metadata={"widget": "select"}), required=True, validate=validate.Length(min=1, max=200),
                            metadata={"label": _("Buildings"), "widget": "checkboxes"})  # fmt: skip


class VisitForm(StrictSchema):
    """The record of a visit (5/8.2 1.2)."""

    household_id = fields.UUID(required=True, metadata={
        "label": _("Household"), "widget": "lookup", "lookup": "registry.household", "autofocus": True,
        "help": _("Type a room, a name or a phone number.")})  # fmt: skip
    way = one_of(WAYS, _("How"), load_default="home", metadata={"widget": "radio"})
    opinions = text(_("What the household thinks of our work"), 1000, lines=3, load_default="")
    suggestions = text(_("What it suggests"), 1000, lines=2, load_default="")
    satisfied = fields.Boolean(
        load_default=None, allow_none=True, metadata={"label": _("Satisfied"), "widget": "radio"}
    )
    question = text(
        _("What it asks, or what is to be settled"),
        1000,
        lines=2,
        load_default="",
        metadata={"group": _("To be settled")},
    )
    answer = text(_("Answer given on the spot"), 1000, lines=2, load_default="")
    reply_by = moment(_("Answer promised for"))
    is_major = flag(_("Major problem"))
    photos = files(_("Photos"))


class AnswerForm(StrictSchema):
    """The answer that was given."""

    answer = text(_("Answer"), 1000, lines=3, required=True)


class DiscussForm(StrictSchema):
    """What was discussed (5/8.2 1.4)."""

    discussion = text(_("What was discussed and decided"), 1000, lines=3, required=True)


class PromiseForm(StrictSchema):
    """Another time for the answer."""

    reply_by = moment(_("Answer promised for"), required=True)
    reason = text(_("Reason"), 500, required=True)


class PlanForm(StrictSchema):
    """The year's plan of visits (5/8.2 1.1)."""

    year = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=2000, max=2100), metadata={"label": _("Year")}
    )
    plan = text(_("Who visits whom, when"), 4000, lines=6, required=True)
    assessment = text(_("How it counts in the assessment"), 1000, lines=3, required=True)
    households = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100_000),
                                metadata={"label": _("Households to be visited")})  # fmt: skip
