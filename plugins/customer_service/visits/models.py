"""Tables of visits: areas of responsibility, visits with their feedback, the year's plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import STAFF_TABLE, Case, JsonText, UtcDateTime, in_same_site, reference


class Area(Case):
    """An area of responsibility: the buildings that one area manager looks after (5/8.2 2.2)."""

    __tablename__ = "customer_service_area"
    name: Mapped[str] = mapped_column(String(60))
    manager_id: Mapped[UUID] = reference(STAFF_TABLE)
    buildings: Mapped[list[str]] = mapped_column(JsonText, default=list)  # ids as text


class Visit(Case):
    """A visit to a household: who, when, what was asked and said, and what became of it (5/8.2 1.2-1.4)."""

    __tablename__ = "customer_service_visit"
    number: Mapped[str] = mapped_column(String(20))
    visited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    visitor_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    way: Mapped[str] = mapped_column(String(20))
    household_id: Mapped[UUID] = in_same_site("registry_household", index=True)
    opinions: Mapped[str] = mapped_column(Text, default="")
    suggestions: Mapped[str] = mapped_column(Text, default="")
    question: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    reply_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_major: Mapped[bool] = mapped_column(default=False)
    satisfied: Mapped[bool | None] = mapped_column(nullable=True)
    discussion: Mapped[str] = mapped_column(Text, default="")
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handled_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Listed by the time of the visit; the last one of a household found at once."""
        return (
            Index("ix_customer_service_visit_ledger", "company_id", "site_id", "visited_at"),
            Index("ix_customer_service_visit_home", "company_id", "household_id", "visited_at"),
        )


class VisitPlan(Case):
    """The year's plan of visits, and how it counts in the assessment (5/8.2 1.1)."""

    __tablename__ = "customer_service_visit_plan"
    year: Mapped[int] = mapped_column(Integer)
    plan: Mapped[str] = mapped_column(Text, default="")
    assessment: Mapped[str] = mapped_column(Text, default="")
    households: Mapped[int] = mapped_column(Integer)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One plan a year and site."""
        return (UniqueConstraint("company_id", "site_id", "year"),)
