"""What is entered for buildings, units, households and residents. Whole meaning is checked by the steps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from guanjia.schema import invalid
from guanjia.sdk import StrictSchema, words
from plugins.registry import codes, identities, phones, rooms

_ = words("registry")


def not_blank(value: str) -> None:
    """Refuse text of blanks only."""
    if not value.strip():
        raise invalid(_("Please fill this in."))


def room_code(value: str) -> None:
    """Refuse what does not read as building-room or building-entrance-room."""
    if rooms.read(value) is None:
        raise invalid(_("Write building, entrance and room, for example 3-1-502; without entrance 3-502."))


def building_code(value: str) -> None:
    """Refuse a code that could not stand before a room number."""
    tidy = rooms.tidy(value)
    if not tidy or "-" in tidy or rooms.read(f"{tidy}-1") is None:
        raise invalid(_("Use a short code of digits and letters without dashes, for example 3 or A."))


def phone(value: str) -> None:
    """Accept a mobile, a landline, or the mask of the number that is there already."""
    if not phones.is_mask(value) and not phones.is_phone(phones.written(value)):
        raise invalid(_("Enter a mobile number of 11 digits, or a landline such as 0756-3320001."))


def identity(value: str) -> None:
    """Accept an identity number with its check digit, another document's number, or the mask that is there already."""
    if not phones.is_mask(value) and not identities.is_identity(identities.written(value)):
        raise invalid(
            _(
                "Enter the 18 characters of the identity card without a slip, or the number of a passport or travel permit."
            )
        )


class BuildingForm(StrictSchema):
    """A building."""

    code = fields.String(
        required=True, validate=[validate.Length(1, 12), building_code],
        metadata={"label": _("Code"), "fact": True, "autofocus": True,
                  "help": _("Stands before each room, for example 3 in 3-1-502.")},
    )  # fmt: skip
    name = fields.String(
        required=True, validate=[validate.Length(1, 60), not_blank],
        metadata={"label": _("Name"), "fact": True, "placeholder": _("Building 3")},
    )  # fmt: skip
    floors = fields.Integer(
        required=True, validate=validate.Range(1, 200), metadata={"label": _("Floors above ground")}
    )
    position = fields.Integer(
        load_default=0, validate=validate.Range(0, 100_000),
        metadata={"label": _("Place in lists"), "help": _("Smaller numbers come first.")},
    )  # fmt: skip

    @post_load
    def tidied(self, values: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The code without what people add to it (`3栋` is 3)."""
        return values | {"code": rooms.tidy(values["code"]), "name": values["name"].strip()}


class UnitForm(StrictSchema):
    """A unit."""

    building_id = fields.UUID(required=True, metadata={"label": _("Building"), "widget": "select"})
    code = fields.String(
        required=True, validate=[validate.Length(1, 40), room_code],
        metadata={"label": _("Unit"), "fact": True, "autofocus": True,
                  "help": _("Building, entrance and room, for example 3-1-502.")},
    )  # fmt: skip
    floor = fields.Integer(
        allow_none=True, validate=validate.Range(-20, 200),
        metadata={"label": _("Floor"), "help": _("Leave it empty where the room number tells it.")},
    )  # fmt: skip
    area_m2 = fields.Decimal(
        allow_none=True, places=2, validate=validate.Range(Decimal(0), Decimal(10_000_000)),
        metadata={"label": _("Area"), "unit": "m²", "step": "0.01"},
    )  # fmt: skip
    usage = fields.String(
        load_default="residential", validate=validate.OneOf(list(codes.USAGES)),
        metadata={"label": _("Use"), "choices": list(codes.USAGES.items()), "widget": "select"},
    )  # fmt: skip


class HouseholdForm(StrictSchema):
    """A household in a unit."""

    unit_id = fields.UUID(required=True, metadata={"label": _("Unit"), "lookup": "registry.unit", "autofocus": True})
    occupancy = fields.String(
        required=True, validate=validate.OneOf(list(codes.OCCUPANCIES)),
        metadata={"label": _("Occupancy"), "choices": list(codes.OCCUPANCIES.items())},
    )  # fmt: skip
    since = fields.Date(allow_none=True, metadata={"label": _("Lives here since")})
    tags = fields.List(
        fields.String(validate=validate.OneOf(list(codes.CARE_TAGS))), validate=validate.Length(max=20),
        metadata={"label": _("Care tags"), "choices": list(codes.CARE_TAGS.items()), "widget": "checkboxes",
                  "help": _("Shown beside every request of this household.")},
    )  # fmt: skip
    note = fields.String(
        validate=validate.Length(max=1000), metadata={"label": _("Remark"), "widget": "textarea", "private": True}
    )


class ResidentForm(StrictSchema):
    """A person of a household."""

    household_id = fields.UUID(required=True, metadata={"label": _("Household"), "lookup": "registry.household"})
    name = fields.String(
        required=True, validate=[validate.Length(1, 60), not_blank],
        metadata={"label": _("Name"), "private": True, "autocomplete": "off", "autofocus": True},
    )  # fmt: skip
    phone_number = fields.String(
        allow_none=True, validate=[validate.Length(max=40), phone],
        metadata={"label": _("Phone"), "widget": "phone", "private": True, "autocomplete": "off",
                  "help": _("A number with asterisks stays as it is; type the whole number to change it.")},
    )  # fmt: skip
    identity_number = fields.String(
        allow_none=True, validate=[validate.Length(max=40), identity],
        metadata={"label": _("Identity number"), "private": True, "secret": True, "autocomplete": "off",
                  "help": _("Kept sealed. One with asterisks stays as it is; type the whole number to change it.")},
    )  # fmt: skip
    role = fields.String(
        required=True, validate=validate.OneOf(list(codes.ROLES)),
        metadata={"label": _("Standing"), "choices": list(codes.ROLES.items())},
    )  # fmt: skip
    is_contact = fields.Boolean(
        load_default=False,
        metadata={"label": _("Contact of the household"), "help": _("Is called first; one person in each household.")},
    )  # fmt: skip


class IdentityLookForm(StrictSchema):
    """Why somebody looks at a full identity number."""

    reason = fields.String(
        required=True, validate=validate.OneOf(list(codes.LOOK_REASONS)),
        metadata={"label": _("Reason"), "choices": list(codes.LOOK_REASONS.items())},
    )  # fmt: skip
    note = fields.String(
        validate=validate.Length(max=200),
        metadata={"label": _("Remark"), "private": True, "help": _("For example who asked, and in which matter.")},
    )  # fmt: skip


class FindForm(StrictSchema):
    """A whole number by which somebody is looked for; it travels in the body, so that no log of addresses has it."""

    number = fields.String(
        required=True, validate=[validate.Length(1, 40), not_blank],
        metadata={"label": _("Identity or phone number"), "private": True, "autocomplete": "off", "autofocus": True,
                  "help": _("The whole number: an identity card, a passport, a travel permit, or a phone.")},
    )  # fmt: skip
