"""The forms of the steps: shape only. What an entry means is for rules."""

from guanjia.sdk import StrictSchema, words
from marshmallow import fields, validate

_ = words("pm_parcels")

COURIERS = {"sf": _("SF Express"), "ems": _("EMS"), "zto": _("ZTO"), "other": _("Another courier")}
PROOFS = {"code": _("Pick-up code"), "identity": _("Identity card"), "known": _("Known to the desk")}


class ReceiveForm(StrictSchema):
    """A parcel as it comes over the counter."""

    courier = fields.String(required=True, validate=validate.OneOf(list(COURIERS)), metadata={
        "label": _("Courier"), "choices": list(COURIERS.items())})  # fmt: skip
    room = fields.String(required=True, validate=validate.Length(1, 30), metadata={
        "label": _("Room"), "help": _("As on the label, for example 3-1201.")})  # fmt: skip
    recipient = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Recipient"), "private": True})  # fmt: skip
    shelf = fields.String(required=True, validate=validate.Length(1, 20), metadata={"label": _("Place on the shelf")})
    is_cold = fields.Boolean(load_default=False, metadata={"label": _("Has to be kept cold")})


class MoveForm(StrictSchema):
    """Where it lies now."""

    shelf = fields.String(required=True, validate=validate.Length(1, 20), metadata={"label": _("Place on the shelf")})


class HandOverForm(StrictSchema):
    """What the person who fetches it has shown."""

    shown = fields.String(required=True, validate=validate.OneOf(list(PROOFS)), metadata={
        "label": _("Proof shown"), "choices": list(PROOFS.items()), "fact": True})  # fmt: skip


class SendBackForm(StrictSchema):
    """Why it goes back."""

    reason = fields.String(required=True, validate=validate.Length(1, 200), metadata={"label": _("Reason")})
    photos = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=3), metadata={
        "label": _("Picture of the label"), "widget": "photos"})  # fmt: skip
