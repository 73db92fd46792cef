"""What rules may know of a service request: plain values, gathered for many requests at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Loader, facts
from plugins.customer_service.kinds import EMERGENCIES, ENGINEERED, INDOOR_SERVICES
from plugins.customer_service.models import Contractor, MaterialLine, ServiceRequest


@facts
class RequestFacts:
    """A service request as rules see it. Times are UTC; `ordinary_due_at` is what the three-working-day rule gives."""

    id: UUID
    kind: str
    category: str
    deadline_class: str
    is_repair: bool
    is_indoor_service: bool
    is_emergency: bool
    is_major: bool
    has_resident: bool
    within_capability: str | None
    received_at: datetime
    ordinary_due_at: datetime
    month_end_at: datetime | None
    paid: bool
    department_id: UUID | None
    worker_id: UUID | None
    contractor_id: UUID | None
    contractor_categories: tuple[str, ...]
    contractor_reviewed_on: date | None
    contractor_passed: bool
    today: date
    notice_received: bool
    sheet_open: bool
    started_at: datetime | None
    reported_done_at: datetime | None
    appointment_agreed: bool
    equipment_given: bool
    equipment_checked: bool
    defect_found: bool
    defect_confirmed: bool
    missing: tuple[str, ...]
    reviewed: bool
    supervisor_signed: bool
    head_signed: bool
    requester_accepted: bool
    handed_in: bool
    mismatch_open: bool
    matter: str | None


def request_facts(loader: Loader, requests: Sequence[ServiceRequest]) -> list[RequestFacts]:
    """The facts of the requests, with materials and contractors read once for all; not at all where a list has read them."""
    ids = [r.id for r in requests if not loader.is_new(r.id)]
    known = loader.kept(_key(requests))
    with_lines: set[UUID] = set()
    if len(ids) < len(requests):
        with_lines = {line.request_id for line in loader.held(MaterialLine)}
    if known is not None:
        lines, contractors = known
        with_lines |= {request_id for request_id, own in lines.items() if own}
    else:
        if ids:
            query = select(MaterialLine.request_id).where(
                MaterialLine.company_id == loader.company_id, MaterialLine.request_id.in_(ids)
            )
            with_lines |= set(loader.session.scalars(query))
        contractors = loader.by_id(Contractor, (r.contractor_id for r in requests))
    days = _Days(loader)
    return [_facts(days, r, r.id in with_lines, contractors.get(r.contractor_id)) for r in requests]


def lines_and_contractors(
    loader: Loader, requests: Sequence[ServiceRequest]
) -> tuple[dict[UUID, list[MaterialLine]], dict[UUID, Contractor]]:
    """Material lines by request and contractors by id, read once in a reading."""
    return loader.memo(
        _key(requests),
        lambda: (
            loader.children(MaterialLine, MaterialLine.request_id, [r.id for r in requests]),
            loader.by_id(Contractor, [r.contractor_id for r in requests]),
        ),
    )


def _key(requests: Sequence[ServiceRequest]) -> tuple[str, tuple[UUID, ...]]:
    return ("customer_service.lines", tuple(r.id for r in requests))


class _Days:
    """The days that facts are counted from, each counted once for many requests."""

    def __init__(self, loader: Loader) -> None:
        self._loader, self._ordinary, self._found = loader, dict[UUID, int](), dict[tuple[date, int], datetime]()
        self.calendar = loader.place.calendar
        self.today = self.calendar.date_of(loader.now)

    def ordinary_due(self, request: ServiceRequest) -> datetime:
        """The close of the last working day that the ordinary deadline gives."""
        kept, received = request.rulebook_id, request.received_at
        if kept not in self._ordinary:
            self._ordinary[kept] = _ordinary_days(self._loader, request)
        key = (self.calendar.date_of(received), self._ordinary[kept])
        if key not in self._found:
            self._found[key] = self.calendar.after_working_days(received, key[1])
        return self._found[key]


def missing_entries(request: ServiceRequest, has_lines: bool) -> tuple[str, ...]:
    """The keys of the sheet's entries that are still empty."""
    r = request
    given = (
        r.content, r.work_done, r.worker_id or r.contractor_id, r.work_done, has_lines or r.no_materials, r.started_at,
        r.finished_at, r.total_minutes is not None, r.worker_signed, r.resident_signed, r.material_fee_fen is not None,
        r.labour_fee_fen is not None, r.supervisor_signed_by, r.head_signed_by,
    )  # fmt: skip
    return tuple([key for key, there in zip(ENTRIES, given, strict=True) if not there])


# The sheet's entries in the order in which they stand on it.
ENTRIES = (
    "content", "state", "worker", "work_done", "materials", "started_at", "finished_at", "total_hours",
    "worker_signature", "resident_signature", "material_fee", "labour_fee", "supervisor_signature",
    "centre_head_signature",
)  # fmt: skip


def _facts(days: _Days, r: ServiceRequest, has_lines: bool, contractor: Contractor | None) -> RequestFacts:
    calendar = days.calendar
    done = r.reported_done_at
    return RequestFacts(
        id=r.id,
        kind=r.kind,
        category=r.category,
        deadline_class=r.deadline_class,
        is_repair=r.kind in ENGINEERED,
        is_indoor_service=r.kind in INDOOR_SERVICES and r.household_id is not None and r.category not in EMERGENCIES,
        is_emergency=r.is_emergency,
        is_major=r.is_major,
        has_resident=r.household_id is not None,
        within_capability=r.within_capability,
        received_at=r.received_at,
        ordinary_due_at=days.ordinary_due(r),
        month_end_at=calendar.end_of(calendar.last_day_of_month(calendar.date_of(done))) if done else None,
        paid=r.paid,
        department_id=r.department_id,
        worker_id=r.worker_id,
        contractor_id=r.contractor_id,
        contractor_categories=tuple(contractor.categories) if contractor else (),
        contractor_reviewed_on=contractor.reviewed_on if contractor else None,
        contractor_passed=contractor is not None and contractor.review_result == "passed",
        today=days.today,
        notice_received=r.notice_received_at is not None,
        sheet_open=r.sheet_opened_at is not None,
        started_at=r.started_at,
        reported_done_at=done,
        appointment_agreed=r.appointment_at is not None,
        equipment_given=r.equipment_given,
        equipment_checked=r.equipment_checked_at is not None,
        defect_found=r.equipment_defect,
        defect_confirmed=r.defect_confirmed,
        missing=missing_entries(r, has_lines),
        reviewed=r.reviewed_at is not None,
        supervisor_signed=r.supervisor_signed_by is not None,
        head_signed=r.head_signed_by is not None,
        requester_accepted=r.requester_accepted,
        handed_in=r.handed_in_at is not None,
        mismatch_open=r.mismatch_open,
        matter=r.matter,
    )


def _ordinary_days(loader: Loader, request: ServiceRequest) -> int:
    """The working days of the ordinary deadline under the request's own rulebook; three where that rule is off."""
    try:
        rulebook = loader.host.rulebooks.get(loader.session, request.rulebook_id)
    except KeyError:
        return 3
    return int(rulebook.params_of("customer_service.repair_deadline").get("working_days", 3))
