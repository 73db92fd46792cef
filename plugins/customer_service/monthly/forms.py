"""The forms of the monthly report."""

from __future__ import annotations

from marshmallow import fields, validate

from guanjia.sdk import StrictSchema, words
from plugins.customer_service.fields import text

_ = words("customer_service")

MOST = 10**9  # units of use


def _use(label: object, unit: str) -> fields.Decimal:
    return fields.Decimal(allow_none=True, load_default=None, places=3, validate=validate.Range(min=0, max=MOST),
                          metadata={"label": label, "unit": unit, "fact": True})  # fmt: skip


class DrawUpForm(StrictSchema):
    """Which month is reported."""

    month = fields.String(required=True, validate=validate.Regexp(r"^20\d\d-(0[1-9]|1[0-2])$"),
                          metadata={"label": _("Month"), "widget": "select", "fact": True})  # fmt: skip


class UseForm(StrictSchema):
    """What the meters showed (5/6.3)."""

    water = _use(_("Water"), "m³")
    power = _use(_("Power"), "kWh")
    gas = _use(_("Gas"), "m³")
    remarks = text(_("Remarks"), 1000, lines=3, load_default="")
