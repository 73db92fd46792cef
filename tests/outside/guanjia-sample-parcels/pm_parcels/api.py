"""A reading of the plugin's own in the API: the shelf in figures. Steps and lists come with the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from guanjia.sdk import ApiRead, Loader, StrictSchema, words
from marshmallow import fields

from pm_parcels.shelf import on_shelf

_ = words("pm_parcels")


class ShelfQuery(StrictSchema):
    """Which part of the shelf."""

    cold_only = fields.Boolean(load_default=False, metadata={"label": _("Only what is kept cold")})


class ShelfAnswer(StrictSchema):
    """The shelf in figures."""

    total = fields.Integer(required=True, metadata={"label": _("Parcels on the shelf")})
    overdue = fields.Integer(required=True, metadata={"label": _("Of these kept longer than they should be")})
    by_courier = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"label": _("By courier")})


def shelf_figures(loader: Loader, query: Mapping[str, Any]) -> Mapping[str, Any]:
    """How many parcels lie on the shelf, how many are overdue, and whose they are."""
    found = [lying for lying in on_shelf(loader) if lying.parcel.is_cold or not query["cold_only"]]
    return {
        "total": len(found),
        "overdue": sum(1 for lying in found if lying.due_at is not None and lying.due_at < loader.now),
        "by_courier": Counter(lying.parcel.courier for lying in found),
    }


READS = (ApiRead("shelf-figures", _("The shelf in figures"), shelf_figures, ShelfAnswer, query=ShelfQuery),)
