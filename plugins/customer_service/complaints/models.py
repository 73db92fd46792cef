"""Tables of complaints and suggestions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import STAFF_TABLE, Case, UtcDateTime, in_same_site, reference


class Complaint(Case):
    """A complaint (投诉) from whatever channel, followed to its written reply (5/8.1.1-8.1.6)."""

    __tablename__ = "customer_service_complaint"
    number: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    channel: Mapped[str] = mapped_column(String(20))
    matter: Mapped[str] = mapped_column(String(20))
    household_id: Mapped[UUID | None] = in_same_site("registry_household", nullable=True, index=True)
    complainant: Mapped[str] = mapped_column(String(60), default="", info={"private": True})
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    content: Mapped[str] = mapped_column(Text, default="")
    needs_investigation: Mapped[bool] = mapped_column(default=True)
    conduct: Mapped[str | None] = mapped_column(String(20))  # what a member of staff is said to have done
    request_id: Mapped[UUID | None] = in_same_site("customer_service_request", nullable=True)
    # what was found
    findings: Mapped[str] = mapped_column(Text, default="")
    proposal: Mapped[str] = mapped_column(Text, default="")
    investigated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    investigated_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    # what the director decided
    validity: Mapped[str | None] = mapped_column(String(20))
    decision: Mapped[str] = mapped_column(Text, default="")
    department_id: Mapped[UUID | None] = reference("tenants_department", nullable=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    # what came of it
    result: Mapped[str] = mapped_column(Text, default="")
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply_number: Mapped[str | None] = mapped_column(String(20))
    reply: Mapped[str] = mapped_column(Text, default="")
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replied_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    satisfied: Mapped[bool | None] = mapped_column(nullable=True)
    # build quality (5/8.1.4)
    is_warranty: Mapped[bool] = mapped_column(default=False)
    developer_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    developer_promise: Mapped[str] = mapped_column(Text, default="")
    developer_done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    developer_result: Mapped[str] = mapped_column(Text, default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Listed by time of receipt; the open ones found at once."""
        return (
            Index("ix_customer_service_complaint_ledger", "company_id", "site_id", "received_at"),
            Index("ix_customer_service_complaint_open", "company_id", "site_id", "state"),
        )


class Suggestion(Case):
    """A resident's suggestion (合理化建议) with the director's decision (5/8.1.5)."""

    __tablename__ = "customer_service_suggestion"
    number: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    channel: Mapped[str] = mapped_column(String(20))
    household_id: Mapped[UUID | None] = in_same_site("registry_household", nullable=True, index=True)
    name: Mapped[str] = mapped_column(String(60), default="", info={"private": True})
    content: Mapped[str] = mapped_column(Text, default="")
    name_may_be_published: Mapped[bool] = mapped_column(default=False)
    decision: Mapped[str | None] = mapped_column(String(20))
    measures: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # counts for the civil household award

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Listed by time of receipt."""
        return (Index("ix_customer_service_suggestion_ledger", "company_id", "site_id", "received_at"),)
