"""Tables of the shift log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import STAFF_TABLE, Case, SiteScoped, UtcDateTime, in_same_site, reference


class ShiftLog(Case):
    """The log of one shift at the front desk (交接班日志, 5/7.4)."""

    __tablename__ = "customer_service_shift"
    shift: Mapped[str] = mapped_column(String(20))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    summary: Mapped[str] = mapped_column(Text, default="")
    security_matters: Mapped[str] = mapped_column(Text, default="")
    handed_over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handed_over_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    security_taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    security_taken_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Listed by beginning."""
        return (Index("ix_customer_service_shift_ledger", "company_id", "site_id", "begun_at"),)


class ShiftEntry(SiteScoped):
    """A line of the log: when, what, and whether security is to see to it after the shift."""

    __tablename__ = "customer_service_shift_entry"
    shift_id: Mapped[UUID] = in_same_site("customer_service_shift", index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    text: Mapped[str] = mapped_column(Text, default="")
    for_security: Mapped[bool] = mapped_column(default=False)
