"""The shelf as a page of its own: by place, with the date of each parcel, and the month's figure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, render_template
from guanjia.sdk import Loader, Span, case_url, due_view, form_url, ledger_url, measure, reading
from guanjia.sdk import caller as signed_in_caller

from pm_parcels import permissions
from pm_parcels.flow import hand_over, parcels, receive
from pm_parcels.rules import fetched_in_time
from pm_parcels.shelf import Lying, on_shelf

blueprint = Blueprint("pm_parcels", __name__)


@blueprint.get("/s/<site_code>/pm_parcels/shelf")
def shelf(site_code: str) -> str:
    """What lies on the shelf now."""
    with reading(signed_in_caller(site_code)) as loader:
        places = groupby(on_shelf(loader), key=lambda lying: lying.parcel.shelf)
        return render_template(
            "pm_parcels/shelf.html",
            places=[(place, [_shown(loader, lying, site_code) for lying in group]) for place, group in places],
            figures=month_so_far(loader) if loader.may(permissions.FIGURES.key) else [],
            receive_url=form_url(receive, None, site_code) if loader.may(permissions.RECEIVE.key) else "",
            list_url=ledger_url(parcels, site_code),
        )


def _shown(loader: Loader, lying: Lying, site_code: str) -> dict[str, Any]:
    parcel = lying.parcel
    return {
        "number": parcel.number, "room": parcel.room, "is_cold": parcel.is_cold,
        "due": due_view(lying.due_at, loader.now) if lying.due_at else None,
        "url": case_url(parcels, parcel.id, site_code), "hand_over_url": form_url(hand_over, parcel.id, site_code),
    }  # fmt: skip


def month_so_far(loader: Loader) -> list[dict[str, Any]]:
    """The figure of the month up to now; empty where its rule is off."""
    calendar = loader.place.calendar
    first = calendar.date_of(loader.now).replace(day=1)
    span = Span(calendar.start_of(first), loader.now + timedelta(seconds=1))
    return [
        {"permille": m.permille, "part": m.numerator, "whole": m.denominator, "target": m.target_percent, "met": m.met}
        for m in measure(loader, fetched_in_time.key, span)
    ]
