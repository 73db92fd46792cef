"""What lies on the shelf of a site, for the page, the API and the nightly job alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from guanjia.sdk import Loader, due_dates
from sqlalchemy import func, select

from pm_parcels.flow import ON_SHELF, parcels
from pm_parcels.models import Parcel


@dataclass(frozen=True)
class Lying:
    """A parcel with its date; None where no rule sets one."""

    parcel: Parcel
    due_at: datetime | None


def on_shelf(loader: Loader) -> list[Lying]:
    """The parcels on the shelf at the reader's site, by place and number."""
    query = select(Parcel).where(Parcel.company_id == loader.company_id, Parcel.state == ON_SHELF, *loader.here(Parcel))
    found = list(loader.session.scalars(query.order_by(Parcel.shelf, Parcel.number)))
    dates = due_dates(loader, parcels, [parcel.id for parcel in found])
    return [Lying(parcel, dates.get(parcel.id)) for parcel in found]


def how_many(loader: Loader) -> int:
    """How many parcels lie on the shelf at the reader's site."""
    query = select(func.count()).select_from(Parcel)
    query = query.where(Parcel.company_id == loader.company_id, Parcel.state == ON_SHELF, *loader.here(Parcel))
    return int(loader.session.scalars(query).one())
