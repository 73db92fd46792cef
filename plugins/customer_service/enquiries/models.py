"""Tables of enquiries: ledger entries, articles of the archive, reviews of the ledger, visiting desks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import STAFF_TABLE, Case, UtcDateTime, in_same_site, reference


class Enquiry(Case):
    """An enquiry (咨询), a line of the front desk ledger (3/4.1.4)."""

    __tablename__ = "customer_service_enquiry"
    number: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    source: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(20))
    household_id: Mapped[UUID | None] = in_same_site("registry_household", nullable=True, index=True)
    enquirer_name: Mapped[str] = mapped_column(String(60), default="", info={"private": True})
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    content: Mapped[str] = mapped_column(Text, default="")
    is_important: Mapped[bool] = mapped_column(default=False)
    reply_by: Mapped[datetime | None] = mapped_column(UtcDateTime)  # agreed with whoever asks
    department_id: Mapped[UUID | None] = reference("tenants_department", nullable=True)
    answered_together: Mapped[bool] = mapped_column(default=False)
    remarks: Mapped[str] = mapped_column(Text, default="")
    asked_manager_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_manager_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    stalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Listed by time of receipt; the open ones found at once."""
        return (
            Index("ix_customer_service_enquiry_ledger", "company_id", "site_id", "received_at"),
            Index("ix_customer_service_enquiry_open", "company_id", "site_id", "state"),
        )


class Article(Case):
    """An entry of the information archive (咨询信息档案, 3/4.1.2) that reception searches while it is asked."""

    __tablename__ = "customer_service_article"
    title: Mapped[str] = mapped_column(String(120))
    topic: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text, default="")


class LedgerReview(Case):
    """A review of the ledger by a supervisor (daily) or the property manager (weekly) (3/4.2.4, 4.2.5)."""

    __tablename__ = "customer_service_ledger_review"
    kind: Mapped[str] = mapped_column(String(20))
    from_day: Mapped[date] = mapped_column(Date)
    to_day: Mapped[date] = mapped_column(Date)
    entries: Mapped[int] = mapped_column(Integer)
    open_entries: Mapped[int] = mapped_column(Integer)
    important_entries: Mapped[int] = mapped_column(Integer)
    plan: Mapped[str] = mapped_column(Text, default="")
    important: Mapped[str] = mapped_column(Text, default="")
    reviewed_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)


class VisitingDesk(Case):
    """A temporary enquiry desk that a government body or a provider holds at the site (3/4.2.6)."""

    __tablename__ = "customer_service_visiting_desk"
    number: Mapped[str] = mapped_column(String(20))
    organisation: Mapped[str] = mapped_column(String(80))
    purpose: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    contact: Mapped[str] = mapped_column(String(120), default="", info={"private": True})
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    arrangement: Mapped[str] = mapped_column(Text, default="")
    visitors: Mapped[int | None] = mapped_column(Integer)
