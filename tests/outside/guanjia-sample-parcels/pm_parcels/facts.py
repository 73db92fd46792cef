"""What rules may know of a parcel: no name, no room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guanjia.sdk import Loader, facts

from pm_parcels.models import Parcel


@facts
class ParcelFacts:
    """A parcel as rules see it."""

    id: UUID
    number: str
    is_cold: bool
    opened_at: datetime


def parcel_facts(_loader: Loader, cases: Sequence[Parcel]) -> list[ParcelFacts]:
    """One record per parcel, for many at once."""
    return [ParcelFacts(id=c.id, number=c.number, is_cold=c.is_cold, opened_at=c.opened_at) for c in cases]
