"""The nightly count of each site's shelf: a job that takes a step, as everything does that changes something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import Column, Context, Flow, Job, State, StepContext, StrictSchema, words
from marshmallow import fields

from pm_parcels.models import DayCount
from pm_parcels.shelf import how_many

_ = words("pm_parcels")


class CountForm(StrictSchema):
    """The day that begins."""

    day = fields.Date(required=True, metadata={"label": _("Day")})


counts = Flow(
    key="pm_parcels.day_count",
    model=DayCount,
    title=_("Parcels by day"),
    facts=lambda _loader, cases: [None for _case in cases],
    states=[State("counted", _("Counted"), tone="muted", closed=True)],
    columns=(Column("day", _("Day"), "date", sort=True), Column("on_shelf", _("On the shelf"), "number")),
    order="-day",
    tells_opener=False,
)


@counts.step("count", {None: "counted"}, title=_("Count"), form=CountForm, system_only=True)
def count(form: Mapping[str, Any], ctx: StepContext) -> DayCount:
    """The day's figure stands."""
    return ctx.open(DayCount, "counted", day=form["day"], on_shelf=how_many(ctx.loader))


def count_shelves(ctx: Context, payload: Mapping[str, Any]) -> None:
    """Every site's shelf is counted, once a day however often this runs."""
    with ctx.reading() as loader:
        sites = [site.id for site in loader.host.directory.sites(loader.session) if "pm_parcels" in site.plugins]
    for site_id in sites:
        key = f"pm_parcels:{site_id}:{payload['day']}"
        ctx.at_site(site_id).perform(count, None, {"day": payload["day"]}, key=key)


NIGHTLY = Job("pm_parcels.count_shelves", count_shelves, every="day")
