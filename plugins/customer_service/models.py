"""Tables of customer service: the catalogue, contractors, service requests with their material lines.

Those of enquiries stand in `enquiries/models.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import (
    STAFF_TABLE,
    Case,
    CompanyCase,
    JsonText,
    SiteScoped,
    UtcDateTime,
    in_same_site,
    reference,
)


class Service(CompanyCase):
    """A service of the company's catalogue (1/4): what kind of work it is, who does it, how long it may take."""

    __tablename__ = "customer_service_service"
    code: Mapped[str] = mapped_column(String(40))
    title_zh: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(40))
    department_key: Mapped[str] = mapped_column(String(40))
    deadline_class: Mapped[str] = mapped_column(String(20))
    paid: Mapped[bool] = mapped_column(default=False)
    not_offered_at: Mapped[list[str]] = mapped_column(JsonText, default=list)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A code is used once per company."""
        return (UniqueConstraint("company_id", "code"),)


class Contractor(Case):
    """An outside team (特约工程队, 5/5.4) with the service centre's last review. `reviewed_on` None: never reviewed."""

    __tablename__ = "customer_service_contractor"
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    categories: Mapped[list[str]] = mapped_column(JsonText, default=list)
    reviewed_on: Mapped[date | None] = mapped_column(Date)
    review_result: Mapped[str] = mapped_column(String(20), default="none")  # none | passed | failed
    review_note: Mapped[str] = mapped_column(Text, default="")


class Takeover(Case):
    """A record of what an office brought in from paper when it started: a series' last number, a duty's last date."""

    __tablename__ = "customer_service_takeover"
    what: Mapped[str] = mapped_column(String(40))
    series: Mapped[str | None] = mapped_column(String(80))
    year: Mapped[int | None] = mapped_column(Integer)
    last: Mapped[int | None] = mapped_column(Integer)
    rule: Mapped[str | None] = mapped_column(String(120))
    done_on: Mapped[date | None] = mapped_column(Date)


class ServiceRequest(Case):
    """A service request (服务申请) from intake to closing. Money in fen, working time in minutes."""

    __tablename__ = "customer_service_request"
    number: Mapped[str | None] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    deadline_class: Mapped[str] = mapped_column(String(20))
    service_id: Mapped[UUID | None] = reference("customer_service_service", nullable=True)
    household_id: Mapped[UUID | None] = in_same_site("registry_household", nullable=True, index=True)
    unit_id: Mapped[UUID | None] = in_same_site("registry_unit", nullable=True, index=True)
    place: Mapped[str] = mapped_column(String(120), default="")
    resident_name: Mapped[str] = mapped_column(String(60), default="", info={"private": True})
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    content: Mapped[str] = mapped_column(Text, default="")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    received_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    within_capability: Mapped[str | None] = mapped_column(String(10))
    capability_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    is_emergency: Mapped[bool] = mapped_column(default=False)
    is_major: Mapped[bool] = mapped_column(default=False)
    paid: Mapped[bool] = mapped_column(default=False)
    # the department and its sheet
    department_id: Mapped[UUID | None] = reference("tenants_department", nullable=True)
    worker_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True, index=True)
    contractor_id: Mapped[UUID | None] = in_same_site("customer_service_contractor", nullable=True)
    notice_received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sheet_number: Mapped[str | None] = mapped_column(String(20))
    sheet_opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # agreed with the resident
    appointment_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appointment_details: Mapped[str] = mapped_column(Text, default="")
    equipment_given: Mapped[bool] = mapped_column(default=False)
    equipment_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    equipment_defect: Mapped[bool] = mapped_column(default=False)
    defect_confirmed: Mapped[bool] = mapped_column(default=False)
    # the work
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total_minutes: Mapped[int | None] = mapped_column(Integer)
    work_done: Mapped[str] = mapped_column(Text, default="")
    no_materials: Mapped[bool] = mapped_column(default=False)
    material_fee_fen: Mapped[int | None] = mapped_column(Integer)
    labour_fee_fen: Mapped[int | None] = mapped_column(Integer)
    worker_signed: Mapped[bool] = mapped_column(default=False)
    resident_signed: Mapped[bool] = mapped_column(default=False)
    visit_steps: Mapped[list[str]] = mapped_column(JsonText, default=list)
    reported_done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # review, return of the sheet, closing
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reviewed_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    supervisor_signed_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    head_signed_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    requester_accepted: Mapped[bool] = mapped_column(default=False)
    handed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sheet_rejections: Mapped[int] = mapped_column(Integer, default=0)
    last_report: Mapped[str] = mapped_column(Text, default="")
    reported_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    return_reason: Mapped[str] = mapped_column(Text, default="")
    return_explained: Mapped[bool] = mapped_column(default=False)
    # after completion
    revisited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    satisfied: Mapped[bool | None] = mapped_column()
    answer: Mapped[str] = mapped_column(Text, default="")
    mismatch_open: Mapped[bool] = mapped_column(default=False)
    rework_count: Mapped[int] = mapped_column(Integer, default=0)
    matter: Mapped[str | None] = mapped_column(String(20))
    brought_in: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A number is used once per site; lists read by state in order of receipt."""
        return (
            UniqueConstraint("company_id", "site_id", "number"),
            Index("ix_customer_service_request_list", "company_id", "site_id", "state", "received_at"),
            Index("ix_customer_service_request_all", "company_id", "site_id", "received_at"),
            Index(
                "ix_customer_service_request_open",
                "company_id",
                "site_id",
                "received_at",
                "id",
                postgresql_where=text("closed_at IS NULL"),
                sqlite_where=text("closed_at IS NULL"),
            ),
            CheckConstraint("total_minutes >= 0", name="minutes"),
            CheckConstraint("material_fee_fen >= 0 AND labour_fee_fen >= 0", name="fees"),
        )


class MaterialLine(SiteScoped):
    """A material used for a request: name, quantity in thousandths of the unit, unit."""

    __tablename__ = "customer_service_material"
    request_id: Mapped[UUID] = in_same_site("customer_service_request", index=True)
    name: Mapped[str] = mapped_column(String(60))
    quantity_milli: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(10), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Some quantity was used."""
        return (CheckConstraint("quantity_milli > 0", name="quantity"),)
