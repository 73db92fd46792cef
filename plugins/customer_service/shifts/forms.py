"""The forms of the shift log."""

from __future__ import annotations

from marshmallow import fields

from guanjia.sdk import StrictSchema, Text, words
from plugins.customer_service.fields import flag, one_of, text

_ = words("customer_service")

SHIFTS = {"day": Text("白班", "Day"), "evening": Text("晚班", "Evening"), "night": Text("夜班", "Night")}


class BeginForm(StrictSchema):
    """Which shift begins."""

    shift = one_of(SHIFTS, _("Shift"), required=True, metadata={"widget": "radio"})


class EntryForm(StrictSchema):
    """What happened."""

    entry = text(_("What happened"), 1000, lines=2, required=True)
    for_security = flag(_("Security sees to it after the shift"))


class HandOverForm(StrictSchema):
    """The signed end of a shift (5/7.4)."""

    summary = text(_("How the shift went, what is still to be done"), 2000, lines=4, required=True)
    security_matters = text(_("What security is to see to"), 1000, lines=3, load_default="", metadata={
        "help": _("What was marked for security stands here already.")})  # fmt: skip
    signature = fields.UUID(
        allow_none=True, load_default=None, metadata={"label": _("Signature"), "widget": "signature"}
    )


class TakeForm(StrictSchema):
    """Who takes over signs as well."""

    signature = fields.UUID(
        allow_none=True, load_default=None, metadata={"label": _("Signature"), "widget": "signature"}
    )
