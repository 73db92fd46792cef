"""The life of a service request: its states, ledger and documents. The steps stand in `steps/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guanjia.sdk import Column, Document, Flow, Loader, State, words
from plugins.customer_service.facts import lines_and_contractors, request_facts
from plugins.customer_service.kinds import CATEGORY_LABELS, DEADLINE_CLASSES, KINDS, SOURCES
from plugins.customer_service.masking import mask_phone
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.sheet import quantity_text, sheet_facts
from plugins.registry.public import household_labels, unit_label
from tenants.public import department_titles

_ = words("customer_service")

REPORTED, RECEIVED, DISPATCHED, TAKEN = "reported", "received", "dispatched", "taken"
IN_PROGRESS, FINISHED, HANDED_IN, RETURNED = "in_progress", "finished", "handed_in", "returned"
CLOSED, CLOSED_UNSOLVED, WITHDRAWN = "closed", "closed_unsolved", "withdrawn"

AT_DEPARTMENT = (DISPATCHED, TAKEN, IN_PROGRESS)

STATES = (
    State(REPORTED, _("Reported by staff"), tone="waiting", waits_for=("receptionist",)),
    State(RECEIVED, _("Received"), tone="open"),
    State(DISPATCHED, _("Dispatched"), tone="open", waits_for=("department_head",)),
    State(TAKEN, _("Taken by the worker"), tone="open"),
    State(IN_PROGRESS, _("In progress"), tone="open"),
    State(FINISHED, _("Work finished"), tone="waiting", waits_for=("department_head",)),
    State(HANDED_IN, _("Sheet at reception"), tone="waiting", waits_for=("receptionist",)),
    State(RETURNED, _("Returned unsolved"), tone="bad", waits_for=("receptionist",)),
    State(CLOSED, _("Closed"), tone="good", closed=True),
    State(CLOSED_UNSOLVED, _("Closed unsolved"), tone="bad", closed=True),
    State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
)

COLUMNS = (
    Column("number", _("Number"), "link", sort=True),
    Column("unit", _("Unit")),
    Column("category", _("Category"), "choice", filter=True, labels=CATEGORY_LABELS),
    Column("content", _("Content"), in_api=True),
    Column("state", _("State"), "state", filter=True),
    Column("due_at", _("Due"), "due"),
    Column("department", _("Department")),
    Column("worker", _("Worker")),
    Column("received_at", _("Received at"), "moment", sort=True),
    Column("kind", _("Kind"), "choice", filter=True, labels=KINDS, on_list=False),
    Column("deadline_class", _("Deadline class"), "choice", filter=True, labels=DEADLINE_CLASSES, on_list=False),
    Column("source", _("How it came in"), "choice", filter=True, labels=SOURCES, on_list=False),
    Column("resident", _("Resident"), on_list=False),
    Column("phone_masked", _("Phone"), on_list=False),
    Column("care", _("Care"), on_list=False),
    Column("is_emergency", _("Emergency"), "flag", on_list=False),
    Column("is_major", _("Major problem"), "flag", on_list=False),
    Column("paid", _("Paid service"), "flag", on_list=False),
    Column("sheet_number", _("Handling sheet"), on_list=False),
    Column("sheet_opened_at", _("Sheet opened at"), "moment", on_list=False),
    Column("taken_at", _("Taken at"), "moment", on_list=False),
    Column("arrived_at", _("Arrived at"), "moment", on_list=False),
    Column("appointment_at", _("Agreed time"), "moment", on_list=False),
    Column("appointment_details", _("Demands and details"), on_list=False),
    Column("contractor", _("Contractor"), on_list=False),
    Column("started_at", _("Start of work"), "moment", on_list=False),
    Column("finished_at", _("End of work"), "moment", on_list=False),
    Column("total_minutes", _("Working time in minutes"), "number", on_list=False),
    Column("work_done", _("Work done"), on_list=False),
    Column("materials", _("Materials"), on_list=False),
    Column("material_fee_fen", _("Material fee"), "money", on_list=False),
    Column("labour_fee_fen", _("Labour fee"), "money", on_list=False),
    Column("reviewed_at", _("Reviewed at"), "moment", on_list=False),
    Column("handed_in_at", _("Handed in at"), "moment", on_list=False),
    Column("return_reason", _("Reason of the return"), on_list=False),
    Column("revisited_at", _("Revisited at"), "moment", on_list=False),
    Column("answer", _("The resident's words"), on_list=False),
    Column("satisfied", _("Satisfied"), "flag", on_list=False),
    Column("rework_count", _("Rework"), "number", on_list=False),
)


def present(loader: Loader, cases: Sequence[ServiceRequest]) -> list[dict[str, Any]]:
    """Names beside the ids, for many requests at once; phones only masked."""
    households = household_labels(loader, [r.household_id for r in cases])
    units = unit_label(loader, [r.unit_id for r in cases if r.household_id is None])  # a home tells its own
    staff = loader.names(i for r in cases for i in (r.worker_id, r.received_by))
    departments = department_titles(loader, [r.department_id for r in cases])
    lines, contractors = lines_and_contractors(loader, cases)
    out = []
    for r in cases:
        home = households.get(r.household_id) if r.household_id else None
        contractor = contractors.get(r.contractor_id) if r.contractor_id else None
        out.append({
            "unit": (home.unit_code if home else units.get(r.unit_id, "") if r.unit_id else "") or r.place,
            "resident": r.resident_name or (home.contact_name if home else ""),
            "phone_masked": mask_phone(r.phone) or (home.masked_phone if home else ""),
            "care": home.tag_titles if home else (),
            "department": departments.get(r.department_id, "") if r.department_id else "",
            "worker": staff.get(r.worker_id, "") if r.worker_id else "",
            "contractor": contractor.name if contractor else "",
            "materials": [f"{line.name} {quantity_text(line.quantity_milli)}{line.unit}" for line in lines[r.id]],
        })  # fmt: skip
    return out


def heading(case: ServiceRequest, values: Mapping[str, Any]) -> str:
    """`BX-2026-00001 · 1-2-302 · 水管渗漏`."""
    parts = [case.number or "", str(values.get("unit") or ""), str(CATEGORY_LABELS[case.category])]
    return " · ".join(part for part in parts if part)


requests = Flow(
    key="customer_service.request",
    model=ServiceRequest,
    title=_("Service request"),
    states=STATES,
    facts=request_facts,
    columns=COLUMNS,
    search=("number", "content", "resident_name", "phone", "place", "sheet_number"),
    order="-received_at",
    present=present,
    heading=heading,
    ladder=(("centre_head", 24), ("site_manager", 72)),
    documents=(Document("sheet", _("Handling sheet"), "customer_service/sheet.html", sheet_facts),),
    fragments={"heading": "customer_service/case_heading.html", "summary": "customer_service/case_summary.html"},
)
