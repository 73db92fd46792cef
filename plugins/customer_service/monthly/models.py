"""The table of monthly reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import STAFF_TABLE, Case, JsonText, UtcDateTime, reference


class MonthlyReport(Case):
    """A month's services, complaints, use of water, power and gas, and orders, as they stood when it was drawn up (5/6.3).

    Use is in thousandths of m³ (water, gas) and of kWh (power).
    """

    __tablename__ = "customer_service_monthly"
    month: Mapped[str] = mapped_column(String(7))
    figures: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    drawn_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    water_milli: Mapped[int | None] = mapped_column(BigInteger)
    power_milli: Mapped[int | None] = mapped_column(BigInteger)
    gas_milli: Mapped[int | None] = mapped_column(BigInteger)
    remarks: Mapped[str] = mapped_column(Text, default="")
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One report a month and site."""
        return (UniqueConstraint("company_id", "site_id", "month"),)
