"""How many parcels are fetched in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from guanjia.sdk import Kind, Measure, Params, Rule, Span, param, share
from sqlalchemy import select

from pm_parcels.models import Parcel


class InTime(Params):
    """The target."""

    target_percent: int = param(90, min=0, max=100)


fetched_in_time = Rule("pm_parcels.fetched_in_time", Kind.INDICATOR, InTime)


@fetched_in_time.indicator()
def handed_over_of_closed(session: Any, sites: Sequence[UUID], period: Span, params: InTime) -> Measure:
    """Of the parcels that left the shelf in the period, those that their residents fetched (901/6)."""
    query = select(Parcel.id, Parcel.state).where(
        Parcel.company_id == session.company_id, Parcel.site_id.in_(sites), Parcel.closed_at >= period.start,
        Parcel.closed_at < period.end,
    )  # fmt: skip
    found = list(session.execute(query))
    back = tuple(row.id for row in found if row.state == "sent_back")
    return share("fetched", len(found) - len(back), len(found), params.target_percent, cases=back)
