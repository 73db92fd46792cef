"""The endpoints to compare with: Flask and SQLAlchemy as a competent developer writes them by hand for one company.

They read and write the same rows through the same models and give the same JSON, without sign-in, tenant, permission,
rules and explanations. Nothing in them belongs to the platform but models, form schema and the hash of the journal.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, Response, jsonify, request
from sqlalchemy import select

from guanjia.db.base import db
from guanjia.db.session import prepare_engine
from guanjia.steps.models import Beacon, Deadline, JournalDetail, JournalEntry, JournalHead, OutboxMessage, Series
from plugins.customer_service.flow import DISPATCHED
from plugins.customer_service.forms import IntakeForm
from plugins.customer_service.models import Contractor, MaterialLine, Service, ServiceRequest
from plugins.registry.public import Building, Household, Resident, Unit
from tenants.models import Department, Staff

OPEN = ("reported", "received", "dispatched", "taken", "in_progress", "finished", "handed_in", "returned")
DEPARTMENTS = {"pipe_leak": "engineering", "lamp": "engineering", "drain_blocked": "engineering",
               "door_lock": "engineering", "toilet_blocked": "engineering"}  # fmt: skip
FORM = IntakeForm()


def bare_app(url: str, company_id: UUID, site_id: UUID, staff_id: UUID, bodies: list[str]) -> Flask:
    """An application with the two endpoints. `bodies` are journal bodies of the platform: as much is written here."""
    app = Flask("bare")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.add_url_rule("/requests", view_func=lambda: list_requests(company_id, site_id))
    app.add_url_rule(
        "/requests", "receive", lambda: receive_request(company_id, site_id, staff_id, bodies), methods=["POST"]
    )
    return app


def _moment(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value is not None else None


def _masked(phone: str) -> str:
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 7 else "****" if phone else ""


def list_requests(company_id: UUID, site_id: UUID) -> Response:
    """The newest fifty open requests with what people see of them."""
    limit = int(request.args.get("limit", 50))
    session = db.session
    rows = list(
        session.scalars(
            select(ServiceRequest)
            .where(
                ServiceRequest.company_id == company_id,
                ServiceRequest.site_id == site_id,
                ServiceRequest.state.in_(OPEN),
            )
            .order_by(ServiceRequest.received_at.desc(), ServiceRequest.id.desc())
            .limit(limit + 1)
        )
    )
    more, rows = len(rows) > limit, rows[:limit]
    ids = [row.id for row in rows]
    household_ids = {row.household_id for row in rows if row.household_id}
    homes = {
        home.id: (home, code)
        for home, code, _building in session.execute(
            select(Household, Unit.code, Building.name)
            .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
            .join(Building, (Building.company_id == Unit.company_id) & (Building.id == Unit.building_id))
            .where(Household.company_id == company_id, Household.id.in_(household_ids))
        )
    }
    contacts: dict[UUID, Resident] = {}
    for person in session.scalars(
        select(Resident)
        .where(
            Resident.company_id == company_id,
            Resident.household_id.in_(household_ids),
            Resident.state == "active",
        )
        .order_by(Resident.is_contact, Resident.id)
    ):
        contacts[person.household_id] = person
    departments = {
        d.id: d.title_zh
        for d in session.scalars(
            select(Department).where(
                Department.company_id == company_id, Department.id.in_({r.department_id for r in rows})
            )
        )
    }
    workers = {
        s.id: s.name
        for s in session.scalars(
            select(Staff).where(
                Staff.company_id == company_id, Staff.id.in_({r.worker_id for r in rows if r.worker_id})
            )
        )
    }
    contractor_ids = {r.contractor_id for r in rows if r.contractor_id}
    contractors = (
        {c.id: c.name for c in session.scalars(select(Contractor).where(Contractor.id.in_(contractor_ids)))}
        if contractor_ids
        else {}
    )
    materials: dict[UUID, list[str]] = {}
    for line in session.scalars(
        select(MaterialLine).where(MaterialLine.company_id == company_id, MaterialLine.request_id.in_(ids))
    ):
        quantity = f"{line.quantity_milli / 1000:g}"
        materials.setdefault(line.request_id, []).append(f"{line.name} {quantity}{line.unit}")
    due: dict[UUID, datetime | None] = {}
    for date in session.scalars(
        select(Deadline)
        .where(
            Deadline.company_id == company_id,
            Deadline.flow == "customer_service.request",
            Deadline.state == "open",
            Deadline.case_id.in_(ids),
        )
        .order_by(Deadline.due_at.desc())
    ):
        due[date.case_id] = date.due_at
    items = []
    for r in rows:
        home, code = homes[r.household_id] if r.household_id else (None, "")
        contact = contacts.get(r.household_id) if r.household_id else None
        values = {
            "number": r.number, "unit": code or r.place, "category": r.category, "content": r.content, "state": r.state,
            "due_at": _moment(due.get(r.id)), "department": departments.get(r.department_id, ""),
            "worker": workers.get(r.worker_id, ""), "received_at": _moment(r.received_at), "kind": r.kind,
            "deadline_class": r.deadline_class, "source": r.source,
            "resident": r.resident_name or (contact.name if contact else ""),
            "phone_masked": _masked(r.phone) or (_masked(contact.phone) if contact else ""),
            "care": str(list(home.tags)) if home else "", "is_emergency": r.is_emergency, "is_major": r.is_major,
            "paid": r.paid, "sheet_number": r.sheet_number, "sheet_opened_at": _moment(r.sheet_opened_at),
            "taken_at": _moment(r.taken_at), "arrived_at": _moment(r.arrived_at),
            "appointment_at": _moment(r.appointment_at), "appointment_details": r.appointment_details,
            "contractor": contractors.get(r.contractor_id, ""), "started_at": _moment(r.started_at),
            "finished_at": _moment(r.finished_at), "total_minutes": r.total_minutes, "work_done": r.work_done,
            "materials": materials.get(r.id, []), "material_fee_fen": r.material_fee_fen,
            "labour_fee_fen": r.labour_fee_fen, "reviewed_at": _moment(r.reviewed_at),
            "handed_in_at": _moment(r.handed_in_at), "return_reason": r.return_reason,
            "revisited_at": _moment(r.revisited_at), "answer": r.answer, "satisfied": r.satisfied,
            "rework_count": r.rework_count,
        }  # fmt: skip
        items.append({
            "id": str(r.id), "flow": "customer_service.request", "site_id": str(r.site_id), "number": r.number,
            "state": r.state, "version": r.version, "opened_at": _moment(r.opened_at),
            "changed_at": _moment(r.changed_at), "closed_at": _moment(r.closed_at), "values": values,
        })  # fmt: skip
    cursor = f"{_moment(rows[-1].received_at)},{rows[-1].id}" if more else None
    return jsonify({"items": items, "next_cursor": cursor})


def receive_request(company_id: UUID, site_id: UUID, staff_id: UUID, bodies: list[str]) -> tuple[Response, int]:
    """A request is taken in and dispatched, with its number, date, journal and messages."""
    form: dict[str, Any] = FORM.load(request.get_json())
    session, now = db.session, datetime.now(UTC)
    household = session.get_one(Household, (company_id, form["household_id"]))
    contact = session.scalars(
        select(Resident)
        .where(Resident.company_id == company_id, Resident.household_id == household.id, Resident.state == "active")
        .order_by(Resident.is_contact.desc(), Resident.id)
        .limit(1)
    ).first()
    service = session.scalars(
        select(Service).where(
            Service.company_id == company_id, Service.category == form["category"], Service.state == "active"
        )
    ).first()
    department = session.scalars(
        select(Department).where(
            Department.company_id == company_id,
            Department.site_id == site_id,
            Department.key == (service.department_key if service else DEPARTMENTS[form["category"]]),
            Department.state == "active",
        )
    ).one()
    series = session.scalars(
        select(Series).filter_by(company_id=company_id, site_id=site_id, kind="request", year=2026).with_for_update()
    ).one()
    series.last += 1
    number = f"BX-2026-{series.last:05d}"
    case = ServiceRequest(
        company_id=company_id, site_id=site_id, id=uuid.uuid4(), state=DISPATCHED, version=2, rulebook_id=uuid.uuid4(),
        opened_at=now, opened_by=staff_id, changed_at=now, number=number, received_at=now, received_by=staff_id,
        source=form["source"], category=form["category"], kind="repair", deadline_class="urgent",
        household_id=household.id, unit_id=household.unit_id, place=form["place"],
        resident_name=form["resident_name"] or (contact.name if contact else ""),
        phone=form["phone"] or (contact.phone if contact else ""), content=form["content"],
        within_capability=form["within_capability"], is_emergency=form["is_emergency"], is_major=form["is_major"],
        paid=form["paid"], department_id=department.id, dispatched_at=now,
        service_id=service.id if service else None,
    )  # fmt: skip
    due_at = now + timedelta(hours=24)
    date = Deadline(
        company_id=company_id, site_id=site_id, id=uuid.uuid4(), flow="customer_service.request", case_id=case.id,
        name="finish", rule="customer_service.urgent_24h", starts_at=now, due_at=due_at, owed_by="department_head",
        set_at=now,
    )  # fmt: skip
    messages = [
        OutboxMessage(
            company_id=company_id, site_id=site_id, id=uuid.uuid4(), kind="deadline",
            payload={"deadline": str(date.id)}, run_after=due_at, dedupe=f"deadline:{date.id}", created_at=now,
        ),
        OutboxMessage(
            company_id=company_id, site_id=site_id, id=uuid.uuid4(), kind="Notify",
            payload={"case": str(case.id), "number": number, "since": now.isoformat(), "actor": str(staff_id),
                     "command": {"roles": ["department_head"], "message": {"text": "waits for you", "number": number}}},
            run_after=now, dedupe=f"{case.id}:2:dispatch:1", created_at=now,
        ),
    ]  # fmt: skip
    beacons = [Beacon(id=uuid.uuid4(), company_id=company_id, due_at=at) for at in (now, due_at)]
    session.add_all([case, date, *messages, *beacons])
    head = session.scalars(
        select(JournalHead).where(JournalHead.company_id == company_id, JournalHead.id == site_id).with_for_update()
    ).one()
    for n, sample in enumerate(bodies):
        body = json.dumps(json.loads(sample) | {"case": str(case.id), "seq": head.seq + 1}, sort_keys=True)
        digest = hashlib.sha256((head.digest + body).encode()).hexdigest()
        entry = JournalEntry(
            company_id=company_id, site_id=site_id, id=uuid.uuid4(), chain_id=site_id, seq=head.seq + 1, at=now,
            step="customer_service.request.receive", outcome="done", case_id=case.id, actor_id=staff_id, body=body,
            previous=head.digest, digest=digest,
        )  # fmt: skip
        session.add(entry)
        if n == 0:
            private = json.dumps({"form": {"content": form["content"]}}, ensure_ascii=False)
            session.add(JournalDetail(company_id=company_id, id=entry.id, salt=uuid.uuid4().hex, body=private))
        head.seq, head.digest = head.seq + 1, digest
    session.commit()
    answer = jsonify({
        "case_id": str(case.id), "step": "customer_service.request.receive", "version": 2, "state": DISPATCHED,
        "number": number, "deadlines": [{"name": "finish", "rule": date.rule, "cause": "rule", "provisional": False,
                                         "due_at": _moment(due_at)}],
    })  # fmt: skip
    return answer, 201
