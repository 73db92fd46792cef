"""The department's work: sheet, worker, appointment, start, materials, completion, extension, return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from guanjia.sdk import Invalid, Loader, StepContext, words
from plugins.customer_service.flow import (
    AT_DEPARTMENT,
    DISPATCHED,
    FINISHED,
    IN_PROGRESS,
    RETURNED,
    TAKEN,
    requests,
)
from plugins.customer_service.forms import (
    AgreeDeadlineForm,
    AppointmentForm,
    AssignForm,
    CompleteForm,
    ContractorForm,
    EquipmentForm,
    ExtendForm,
    MaterialsForm,
    OccurredForm,
    ReportBackForm,
    ReturnForm,
)
from plugins.customer_service.kinds import (
    AGREEMENT,
    DEADLINE_RULES,
    INSTALLATION,
    MOVE_IN,
    NEGOTIATED,
    REPAIR_DEADLINE,
    URGENT,
)
from plugins.customer_service.models import Contractor, MaterialLine, ServiceRequest
from tenants.public import Staff, staff_choices

_ = words("customer_service")

AGREED = (NEGOTIATED, MOVE_IN, AGREEMENT)  # classes whose finish date is agreed
RESIDENT_CAUSED = "customer_service.resident_caused_delay"
LONGEST = 10 * 60  # minutes between start and end that are taken for working time
LATER = timedelta(hours=72)  # how late a step may be reported that was taken where there was no network


@requests.step("open_sheet", AT_DEPARTMENT, title=_("Open the handling sheet"), form=OccurredForm, tone="primary",
               offered=lambda view: view.case.sheet_opened_at is None)  # fmt: skip
def open_sheet(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The department's supervisor opened the handling sheet; it has its number (5/5.1.3)."""
    if request.sheet_opened_at is not None:
        raise Invalid({"_schema": [_("The sheet is open already. Go on with the work.")]})
    request.sheet_number, request.sheet_opened_at = ctx.number("sheet", "CZ-{year}-{n:05d}"), ctx.now


def _workers(loader: Loader, request: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"worker_id": staff_choices(loader, department_id=request.department_id if request is not None else None)}


@requests.step("assign", AT_DEPARTMENT, title=_("Assign a worker"), form=AssignForm, choices=_workers,
               prefill=lambda loader, request: {"worker_id": request.worker_id})  # fmt: skip
def assign(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """A worker of the department is to do it."""
    request.worker_id = ctx.get(Staff, form["worker_id"], name="worker_id").id


def _teams(loader: Loader, _request: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    query = select(Contractor).where(Contractor.company_id == loader.company_id, Contractor.state == "active")
    if loader.site is not None:
        query = query.where(Contractor.site_id == loader.site.id)
    return {"contractor_id": [(str(c.id), c.name) for c in loader.session.scalars(query.order_by(Contractor.name))]}


@requests.step(
    "give_to_contractor", AT_DEPARTMENT, title=_("Give to a contractor"), form=ContractorForm, choices=_teams
)
def give_to_contractor(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """An outside team does the work (5/5.4.2). Which teams may is left to the rule."""
    request.contractor_id = ctx.get(Contractor, form["contractor_id"], name="contractor_id").id


@requests.step("give_notice", AT_DEPARTMENT, title=_("Written notice received"), form=OccurredForm, tone="quiet",
               offered=lambda view: view.case.category == "other")  # fmt: skip
def give_notice(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Reception has the written notice that other outside work needs (5/5.4.2.3)."""
    request.notice_received_at = ctx.now


@requests.step("take", {DISPATCHED: TAKEN}, title=_("Accept"), form=OccurredForm, tone="primary", late_within=LATER)
def take(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The worker took the sheet; the time is on record (5/5.2.1)."""
    request.taken_at = ctx.now
    if request.worker_id is None and ctx.actor_id is not None:
        request.worker_id = ctx.actor_id


@requests.step("arrive", [TAKEN, IN_PROGRESS], title=_("Arrived"), form=OccurredForm, late_within=LATER,
               offered=lambda view: view.case.arrived_at is None)  # fmt: skip
def arrive(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The worker is there; the time is on record, so that "as soon as possible" can be seen (5/5.2.1)."""
    request.arrived_at = ctx.now


@requests.step("agree_appointment", AT_DEPARTMENT, title=_("Agree an appointment"), form=AppointmentForm)
def agree_appointment(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Time, demands and details are agreed with the resident (5/5.3.1)."""
    request.appointment_at, request.appointment_details = form["appointment_at"], form["details"]


@requests.step("check_equipment", AT_DEPARTMENT, title=_("Check the equipment"), form=EquipmentForm,
               offered=lambda view: view.case.kind == INSTALLATION)  # fmt: skip
def check_equipment(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """What the resident gave us to install was checked, and a defect confirmed with the resident (5/5.2.1)."""
    request.equipment_given, request.equipment_checked_at = form["equipment_given"], ctx.now
    request.equipment_defect, request.defect_confirmed = form["defect_found"], form["defect_confirmed"]


@requests.step("start", {DISPATCHED: IN_PROGRESS, TAKEN: IN_PROGRESS}, title=_("Start work"), form=OccurredForm,
               tone="primary", late_within=LATER)  # fmt: skip
def start(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Work has begun."""
    request.started_at = ctx.now
    request.taken_at = request.taken_at or ctx.now
    if request.worker_id is None and request.contractor_id is None:
        request.worker_id = ctx.actor_id


@requests.step("agree_deadline", AT_DEPARTMENT, title=_("Agree the finish date"), form=AgreeDeadlineForm,
               offered=lambda view: view.case.deadline_class in AGREED)  # fmt: skip
def agree_deadline(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The finish date is agreed: by the head for internal and leak-proofing work, with the resident before move-in."""
    if request.deadline_class not in AGREED:
        raise Invalid({"due_at": [_("A rule sets this request's finish. Ask for an extension if it cannot be kept.")]})
    if form["due_at"] <= ctx.now:
        raise Invalid({"due_at": [_("This lies in the past. Agree a later date.")]})
    rule = DEADLINE_RULES.get(request.deadline_class, REPAIR_DEADLINE)
    ctx.set_deadline("finish", form["due_at"], cause="agreed", rule=rule)


@requests.step("extend", AT_DEPARTMENT, title=_("Extend the deadline"), form=ExtendForm)
def extend(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The finish date is moved; who must sign, and whether the resident must consent, is left to the rules."""
    from guanjia.steps import deadlines

    now_due = deadlines.current(ctx.session, ctx.flow.key, request.id, "finish")
    if now_due is None or now_due.due_at is None:
        raise Invalid({"until": [_("This request has no finish date to extend. Agree one first.")]})
    if form["until"] <= now_due.due_at:
        raise Invalid({"until": [_("Choose a time after the present finish, %(due)s.", due=now_due.due_at)]})
    if form["until"] <= ctx.now:
        raise Invalid({"until": [_("This lies in the past. Choose a time at which the work can be done.")]})
    rule = "customer_service.urgent_extension" if request.deadline_class == URGENT else "customer_service.extension"
    by_resident = form["cause"] == "resident" and ctx.rulebook.is_on(RESIDENT_CAUSED)
    if by_resident:
        rule = RESIDENT_CAUSED
    ctx.set_deadline("finish", form["until"], cause="extension", rule=rule, excused=by_resident)


@requests.step("add_materials", [TAKEN, IN_PROGRESS], title=_("Note materials"), form=MaterialsForm)
def add_materials(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The materials used so far are on the sheet."""
    _add_lines(request, form["materials"], ctx)


def _add_lines(request: ServiceRequest, lines: Sequence[Mapping[str, Any]], ctx: StepContext) -> None:
    for line in lines:
        milli = int((Decimal(line["quantity"]) * 1000).to_integral_value())
        ctx.new(MaterialLine, request_id=request.id, name=line["name"], quantity_milli=milli, unit=line["unit"])


def _complete_prefill(loader: Loader, request: ServiceRequest) -> Mapping[str, Any]:
    lines = loader.children(MaterialLine, MaterialLine.request_id, [request.id])[request.id]
    spent = int((loader.now - request.started_at).total_seconds() // 60) if request.started_at else None
    if spent is not None and spent > LONGEST:
        spent = None  # nobody worked through nights: the worker writes the hours
    return {
        "work_done": request.work_done, "started_at": request.started_at, "finished_at": request.finished_at or loader.now,
        "total_minutes": request.total_minutes or spent, "visit_steps": request.visit_steps,
        "no_materials": request.no_materials, "material_fee_fen": request.material_fee_fen,
        "labour_fee_fen": request.labour_fee_fen,
        "materials": [{"name": m.name, "quantity": Decimal(m.quantity_milli) / 1000, "unit": m.unit} for m in lines],
    }  # fmt: skip


@requests.step("complete", {IN_PROGRESS: FINISHED}, title=_("Report completion"), form=CompleteForm, tone="primary",
               prefill=_complete_prefill, late_within=LATER)  # fmt: skip
def complete(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The work is done and reported, with materials, times, fees and signatures (5/5.2.2)."""
    _write_sheet(request, form, ctx)
    request.requester_accepted = request.resident_signed
    request.reported_done_at = ctx.now


@requests.step("correct_sheet", [FINISHED], title=_("Fill in the sheet"), form=CompleteForm, prefill=_complete_prefill,
               offered=lambda view: view.case.sheet_rejections > 0)  # fmt: skip
def correct_sheet(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """What reception missed on a sheet is filled in; signatures that are there stay, and the head reviews it anew (5/5.2.3)."""
    _write_sheet(request, form, ctx)
    request.requester_accepted = request.requester_accepted or request.resident_signed
    request.reviewed_at = request.reviewed_by = request.supervisor_signed_by = None


def _write_sheet(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    started, finished = form["started_at"] or request.started_at, form["finished_at"] or None
    if started and finished and finished < started:
        raise Invalid({"finished_at": [_("The end lies before the start. Correct one of the two.")]})
    if finished and finished > ctx.recorded_at + timedelta(minutes=5):
        raise Invalid({"finished_at": [_("The end lies in the future. Enter when the work really ended.")]})
    request.work_done, request.no_materials = form["work_done"], form["no_materials"]
    request.started_at, request.finished_at = started, finished
    request.total_minutes = form["total_minutes"]
    request.material_fee_fen, request.labour_fee_fen = form["material_fee_fen"], form["labour_fee_fen"]
    request.visit_steps = list(form["visit_steps"]) or request.visit_steps
    request.worker_signed = request.worker_signed or form["worker_signature"] is not None
    request.resident_signed = request.resident_signed or form["resident_signature"] is not None
    ctx.session.execute(delete(MaterialLine).where(
        MaterialLine.company_id == ctx.session.company_id, MaterialLine.request_id == request.id))  # fmt: skip
    _add_lines(request, form["materials"], ctx)


@requests.step("return_unsolved", dict.fromkeys(AT_DEPARTMENT, RETURNED), title=_("Return unsolved"), form=ReturnForm,
               tone="danger")  # fmt: skip
def return_unsolved(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The work cannot be done; it is back at reception with the reason (5/5.2.4)."""
    request.return_reason, request.return_explained = form["reason"], form["explained"]


@requests.step("report_back", AT_DEPARTMENT, title=_("Report back to reception"), form=ReportBackForm, tone="quiet")
def report_back(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Reception knows how the service stands (5/5.3.2)."""
    request.last_report, request.reported_back_at = form["state"], ctx.now
