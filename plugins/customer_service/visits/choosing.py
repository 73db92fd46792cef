"""Whom to visit next, fairly: households that need care first, then those not visited for longest; nobody twice a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, or_, select

from guanjia.sdk import Loader
from plugins.customer_service.visits.models import Area, Visit
from plugins.registry.public import Household, HouseholdLabel, Unit, household_labels


@dataclass(frozen=True)
class Candidate:
    """A household that may be visited next, and when it was last (None: never)."""

    home: HouseholdLabel
    last: datetime | None


def areas_of(loader: Loader, staff_id: UUID | None = None) -> list[Area]:
    """The areas in use at the site, of one manager or of all, by name."""
    site_id = loader.site.id if loader.site else None
    query = select(Area).where(Area.company_id == loader.company_id, Area.site_id == site_id, Area.state == "active")
    if staff_id is not None:
        query = query.where(Area.manager_id == staff_id)
    return list(loader.session.scalars(query.order_by(Area.name, Area.id)))


def next_households(loader: Loader, staff_id: UUID, *, limit: int = 20) -> list[Candidate]:
    """The households to visit next, in the areas of that member of staff if there are such, else at the whole site.

    Left out: vacant homes, and whoever was visited by anybody since the first of the month (site time).
    """
    if loader.site is None:
        return []
    calendar = loader.site.calendar
    month = calendar.start_of(calendar.date_of(loader.now).replace(day=1))
    last = func.max(Visit.visited_at)
    query = (
        select(Household.id, last)
        .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
        .outerjoin(Visit, (Visit.company_id == Household.company_id) & (Visit.household_id == Household.id))
        .where(
            Household.company_id == loader.company_id, Household.site_id == loader.site.id, Household.state == "active",
            Household.occupancy != "vacant",
        )
        .group_by(Household.id, Household.tags, Household.room_order)
    )  # fmt: skip
    mine = areas_of(loader, staff_id)
    if mine:
        query = query.where(Unit.building_id.in_([UUID(b) for area in mine for b in area.buildings]))
    cares = case((Household.tags == [], 1), else_=0)
    query = query.having(or_(last.is_(None), last < month)).order_by(
        cares, last.is_not(None), last, Household.room_order
    )
    rows = loader.session.execute(query.limit(limit)).all()
    homes = household_labels(loader, [row[0] for row in rows])
    return [Candidate(homes[row[0]], row[1]) for row in rows if row[0] in homes]
