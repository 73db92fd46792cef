"""Intake and dispatch: receive, report, confirm, decide the capability, dispatch, withdraw, bring in from paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Invalid, Loader, StepContext, words
from guanjia.steps.numbers import not_below
from plugins.customer_service.flow import (
    AT_DEPARTMENT,
    DISPATCHED,
    RECEIVED,
    REPORTED,
    RETURNED,
    WITHDRAWN,
    requests,
)
from plugins.customer_service.forms import BringInForm, CapabilityForm, DispatchForm, IntakeForm, ReasonForm, ReportForm
from plugins.customer_service.kinds import DEADLINE_RULES, REPAIR_DEADLINE, deadline_class_of, department_of, kind_of
from plugins.customer_service.models import Service, ServiceRequest
from plugins.registry.public import Household, Resident
from tenants.public import Department, department_choices, department_of_site

_ = words("customer_service")

NUMBER = ("request", "BX-{year}-{n:05d}")


def intake_choices(loader: Loader, _case: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    """The departments of the site."""
    return {"department_id": department_choices(loader)}


@requests.step("receive", {None: RECEIVED}, title=_("Take a request"), form=IntakeForm, tone="primary",
               choices=intake_choices, page="customer_service.intake",
               help=_("A request by telephone, at the desk or in writing."))  # fmt: skip
def receive(form: Mapping[str, Any], ctx: StepContext) -> ServiceRequest:
    """A request is on record; where the centre can do it, it is dispatched in the same step (5/5.1.2)."""
    values = _intake_values(form, ctx)
    request = ctx.open(ServiceRequest, RECEIVED, number=ctx.number(*NUMBER), received_at=ctx.now,
                       received_by=ctx.actor_id, **values)  # fmt: skip
    _dispatch_if_able(request, form, ctx)
    return request


@requests.step("report", {None: REPORTED}, title=_("Report a fault"), form=ReportForm, tone="secondary",
               page="customer_service.report", late_within=timedelta(hours=72),
               help=_("Something you found; reception takes it up."))  # fmt: skip
def report(form: Mapping[str, Any], ctx: StepContext) -> ServiceRequest:
    """A fault found by staff waits in reception's queue (5/5.1.1)."""
    category = form["category"]
    return ctx.open(
        ServiceRequest, REPORTED, number=ctx.number(*NUMBER), received_at=ctx.now, reported_by=ctx.actor_id, source="staff",
        category=category, kind=kind_of(category), deadline_class=deadline_class_of(category, ctx.rulebook),
        place=form["place"], content=form["content"], is_emergency=form["is_emergency"],
    )  # fmt: skip


def _confirm_prefill(_loader: Loader, request: ServiceRequest) -> Mapping[str, Any]:
    return {
        "household_id": request.household_id, "place": request.place, "resident_name": request.resident_name,
        "phone": request.phone, "source": request.source, "category": request.category, "content": request.content,
        "is_emergency": request.is_emergency, "is_major": request.is_major, "paid": request.paid,
        "within_capability": request.within_capability,
    }  # fmt: skip


@requests.step("confirm", {REPORTED: RECEIVED}, title=_("Take up the report"), form=IntakeForm, tone="primary",
               page="customer_service.take_up", choices=intake_choices, prefill=_confirm_prefill)  # fmt: skip
def confirm(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> str:
    """Reception completes what staff reported, and dispatches it where the centre can do it."""
    for name, value in _intake_values(form, ctx).items():
        setattr(request, name, value)
    request.received_by = ctx.actor_id
    request.state = RECEIVED
    ctx.session.flush()
    return _dispatch_if_able(request, form, ctx)


def _intake_values(form: Mapping[str, Any], ctx: StepContext) -> dict[str, Any]:
    category = form["category"]
    household = ctx.get(Household, form["household_id"], name="household_id") if form["household_id"] else None
    name, phone = form["resident_name"], form["phone"]
    if household is not None and not (name and phone):
        contact = _contact(ctx, household.id)
        if contact is not None:
            name, phone = name or contact.name, phone or contact.phone
    if form["department_id"]:
        ctx.get(Department, form["department_id"], name="department_id")
    service = service_for(ctx, category)
    return {
        "source": form["source"], "category": category, "kind": kind_of(category),
        "deadline_class": form["deadline_class"] or deadline_class_of(category, ctx.rulebook),
        "household_id": household.id if household else None, "unit_id": household.unit_id if household else None,
        "place": form["place"], "resident_name": name, "phone": phone, "content": form["content"],
        "within_capability": form["within_capability"], "is_emergency": form["is_emergency"], "is_major": form["is_major"],
        "paid": form["paid"] or (service is not None and service.paid), "department_id": form["department_id"],
        "service_id": service.id if service is not None else None,
    }  # fmt: skip


def service_for(ctx: StepContext, category: str) -> Service | None:
    """The catalogue's service of that category that is offered at this site; None where the catalogue has none at all.

    Raises Invalid where the company has such services, but none of them is offered here (1/4).
    """
    query = select(Service).where(
        Service.company_id == ctx.session.company_id, Service.category == category, Service.state == "active"
    )
    found = list(ctx.session.scalars(query.order_by(Service.code)))
    here = str(ctx.site.id) if ctx.site is not None else ""
    offered = [service for service in found if here not in service.not_offered_at]
    if found and not offered:
        raise Invalid({"category": [_("This service is not offered at this site. Choose another category, or ask "
                                      "headquarters to offer it here.")]})  # fmt: skip
    return offered[0] if offered else None


def _contact(ctx: StepContext, household_id: UUID) -> Resident | None:
    query = select(Resident).where(
        Resident.company_id == ctx.session.company_id, Resident.household_id == household_id, Resident.state == "active"
    )
    return ctx.session.scalars(query.order_by(Resident.is_contact.desc(), Resident.id).limit(1)).first()


def _dispatch_if_able(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> str:
    if form["within_capability"] != "yes":
        return RECEIVED
    department = request.department_id or _default_department(request, ctx)
    if department is None:
        raise Invalid({"department_id": [_("No department is set up for this category. Choose one.")]})
    ctx.perform(dispatch, request.id, {"department_id": str(department)})
    return request.state


def _default_department(request: ServiceRequest, ctx: StepContext) -> UUID | None:
    service = ctx.loader.get(Service, request.service_id)
    key = service.department_key if service is not None else department_of(request.category)
    return department_of_site(ctx.loader, key)


@requests.step("decide_capability", [RECEIVED], title=_("Decide whether it can be done"), form=CapabilityForm,
               tone="primary", offered=lambda view: view.case.within_capability in (None, "unclear"))  # fmt: skip
def decide_capability(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It is settled whether the centre is able to do it (5/5.1.4)."""
    request.within_capability, request.capability_by = form["within_capability"], ctx.actor_id


def _dispatch_prefill(loader: Loader, request: ServiceRequest) -> Mapping[str, Any]:
    return {"department_id": request.department_id or department_of_site(loader, department_of(request.category))}


@requests.step("dispatch", {RECEIVED: DISPATCHED, RETURNED: DISPATCHED, **dict.fromkeys(AT_DEPARTMENT, DISPATCHED)},
               title=_("Dispatch"), form=DispatchForm, tone="primary", choices=intake_choices, prefill=_dispatch_prefill)  # fmt: skip
def dispatch(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The request is with a department; a change of department takes worker and contractor off."""
    department = ctx.get(Department, form["department_id"], name="department_id")
    if request.department_id != department.id:
        request.worker_id = request.contractor_id = None
    request.department_id, request.dispatched_at = department.id, ctx.now
    request.return_reason, request.return_explained = "", False


@requests.step("withdraw", {REPORTED: WITHDRAWN, RECEIVED: WITHDRAWN, DISPATCHED: WITHDRAWN, RETURNED: WITHDRAWN},
               title=_("Withdraw"), form=ReasonForm, tone="danger")  # fmt: skip
def withdraw(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident no longer wants it, or it was entered by mistake; the record and its number stay."""


@requests.step("mark", [REPORTED, RECEIVED, *AT_DEPARTMENT], title=_("Mark as emergency"), form=ReasonForm, tone="quiet",
               offered=lambda view: not view.case.is_emergency)  # fmt: skip
def mark(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It turned out to be an emergency; those who must know are told."""
    request.is_emergency = True


@requests.step("bring_in", {None: RECEIVED}, title=_("Bring in an open case from paper"), form=BringInForm, tone="quiet",
               permission="customer_service.takeover", choices=intake_choices)  # fmt: skip
def bring_in(form: Mapping[str, Any], ctx: StepContext) -> ServiceRequest:
    """An open case that began on paper goes on here, with its number, its day of receipt and its agreed finish."""
    if form["received_at"] > ctx.now:
        raise Invalid({"received_at": [_("This lies in the future. Enter when the case was received on paper.")]})
    household = ctx.get(Household, form["household_id"], name="household_id") if form["household_id"] else None
    category, deadline_class = form["category"], deadline_class_of(form["category"], ctx.rulebook)
    if form["department_id"]:
        ctx.get(Department, form["department_id"], name="department_id")
    request = ctx.open(
        ServiceRequest, RECEIVED, number=form["number"], received_at=form["received_at"], received_by=ctx.actor_id,
        source="written", category=category, kind=kind_of(category), deadline_class=deadline_class,
        household_id=household.id if household else None, unit_id=household.unit_id if household else None,
        place=form["place"], resident_name=form["resident_name"], phone=form["phone"], content=form["content"],
        within_capability="yes", department_id=form["department_id"], brought_in=True,
    )  # fmt: skip
    _pass_number(ctx, form["number"])
    if form["due_at"] is not None:
        ctx.set_deadline(
            "finish", form["due_at"], cause="agreed", rule=DEADLINE_RULES.get(deadline_class, REPAIR_DEADLINE)
        )
    return request


def _pass_number(ctx: StepContext, number: str) -> None:
    """A number of our own form that was used on paper is not given again: its series goes on behind it."""
    found = re.fullmatch(r"BX-(\d{4})-(\d{5})", number)
    if found is not None and ctx.site is not None:
        not_below(ctx.session, ctx.host.ids, ctx.site.id, NUMBER[0], int(found[1]), int(found[2]))
