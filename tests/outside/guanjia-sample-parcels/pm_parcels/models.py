"""The tables of parcels."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from guanjia.sdk import Case, UtcDateTime
from sqlalchemy import Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column


class Parcel(Case):
    """A parcel at the counter of one site. `recipient` is what stands on the label, a personal value."""

    __tablename__ = "pm_parcels_parcel"
    number: Mapped[str] = mapped_column(String(20))
    courier: Mapped[str] = mapped_column(String(20))
    room: Mapped[str] = mapped_column(String(30))
    recipient: Mapped[str] = mapped_column(String(60), info={"private": True})
    shelf: Mapped[str] = mapped_column(String(20))
    is_cold: Mapped[bool] = mapped_column(default=False)
    shown: Mapped[str | None] = mapped_column(String(20))
    handed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A number is used once at a site; the shelf is read by state and place."""
        return (
            UniqueConstraint("company_id", "site_id", "number"),
            Index("ix_pm_parcels_parcel_shelf", "company_id", "site_id", "state", "shelf"),
        )


class DayCount(Case):
    """How many parcels lay on the shelf when a day began, in site time. Made by the nightly job."""

    __tablename__ = "pm_parcels_day_count"
    day: Mapped[date] = mapped_column(Date)
    on_shelf: Mapped[int] = mapped_column(Integer)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One row a day and site."""
        return (UniqueConstraint("company_id", "site_id", "day"),)
