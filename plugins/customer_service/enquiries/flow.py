"""The life of an enquiry: a line of the front desk ledger, answered at once or at the time agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from guanjia.sdk import Column, Flow, Invalid, Loader, State, StepContext, words
from plugins.customer_service.enquiries.facts import enquiry_facts
from plugins.customer_service.enquiries.forms import (
    AgreeForm,
    AnswerForm,
    EnquiryForm,
    PartForm,
    RemarkForm,
    TransferForm,
    WhyForm,
)
from plugins.customer_service.enquiries.kinds import ANSWERS_WITH, SOURCES, SUBJECTS
from plugins.customer_service.enquiries.models import Enquiry
from plugins.customer_service.masking import mask_phone
from plugins.registry.public import Household, household_labels
from tenants.public import Department, department_choices, department_of_site, department_titles

_ = words("customer_service")

OPEN, WITH_DEPARTMENT, STALLED = "open", "with_department", "stalled"
ANSWERED, REDIRECTED, WITHDRAWN = "answered", "redirected", "withdrawn"
UNANSWERED = (OPEN, WITH_DEPARTMENT, STALLED)
NUMBER = ("enquiry", "ZX-{year}-{n:05d}")

enquiries = Flow(
    key="customer_service.enquiry",
    model=Enquiry,
    title=_("Enquiry"),
    states=(
        State(OPEN, _("To be answered"), tone="open"),
        State(WITH_DEPARTMENT, _("With a department"), tone="waiting", waits_for=("department_head",)),
        State(STALLED, _("Stalled"), tone="bad"),
        State(ANSWERED, _("Answered"), tone="good", closed=True),
        State(REDIRECTED, _("Shown the way"), tone="good", closed=True),
        State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
    ),
    facts=enquiry_facts,
    columns=(
        Column("number", _("Number"), "link", sort=True),
        Column("received_at", _("Received at"), "moment", sort=True),
        Column("unit", _("Unit")),
        Column("enquirer", _("Who asks")),
        Column("subject", _("Subject"), "choice", filter=True, labels=SUBJECTS),
        Column("content", _("What is asked")),
        Column("state", _("State"), "state", filter=True),
        Column("due_at", _("Due"), "due"),
        Column("answer", _("Answer")),
        Column("remarks", _("Remarks")),
        Column("received_by_name", _("Received by")),
        Column("phone_masked", _("Phone"), on_list=False),
        Column("source", _("How it came in"), "choice", filter=True, labels=SOURCES, on_list=False),
        Column("is_important", _("Important"), "flag", filter=True, on_list=False),
        Column("department", _("Department"), on_list=False),
        Column("answered_together", _("Answered together with the department"), "flag", on_list=False),
        Column("reply_by", _("Answer agreed for"), "moment", on_list=False),
        Column("answered_at", _("Answered at"), "moment", on_list=False),
        Column("answered_by_name", _("Answered by"), on_list=False),
        Column("asked_manager_at", _("The manager was asked at"), "moment", on_list=False),
        Column("stalled_at", _("Stalled since"), "moment", on_list=False),
    ),
    search=("number", "content", "answer", "remarks", "enquirer_name"),
    order="-received_at",
    present=lambda loader, cases: _present(loader, cases),
    heading=lambda case, values: " · ".join(
        part for part in (case.number, str(values.get("unit") or ""), str(SUBJECTS[case.subject])) if part
    ),
    ladder=(("customer_service_supervisor", 4), ("property_manager", 24)),
)


def _present(loader: Loader, cases: Sequence[Enquiry]) -> list[dict[str, Any]]:
    households = household_labels(loader, [e.household_id for e in cases])
    names = loader.names(i for e in cases for i in (e.received_by, e.answered_by))
    departments = department_titles(loader, [e.department_id for e in cases])
    out = []
    for e in cases:
        home = households.get(e.household_id) if e.household_id else None
        out.append({
            "unit": home.unit_code if home else "",
            "enquirer": e.enquirer_name or (home.contact_name if home else ""),
            "phone_masked": mask_phone(e.phone) or (home.masked_phone if home else ""),
            "department": departments.get(e.department_id, "") if e.department_id else "",
            "received_by_name": names.get(e.received_by, "") if e.received_by else "",
            "answered_by_name": names.get(e.answered_by, "") if e.answered_by else "",
        })  # fmt: skip
    return out


def departments(loader: Loader, _case: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    """The departments of the site."""
    return {"department_id": department_choices(loader)}


@enquiries.step("enter", {None: OPEN}, title=_("Take an enquiry"), form=EnquiryForm, tone="primary", choices=departments,
                page="customer_service.front_desk", late_within=timedelta(hours=24),
                help=_("Any member of staff may take an enquiry on the spot."))  # fmt: skip
def enter(form: Mapping[str, Any], ctx: StepContext) -> Enquiry:
    """The enquiry is a line of the ledger: answered at once, or open with the time agreed (3/3.1-3.4, 4.1.3, 4.1.4)."""
    home = ctx.get(Household, form["household_id"], name="household_id") if form["household_id"] else None
    _must_lie_ahead(form["reply_by"], ctx)
    answered = bool(form["answer"])
    return ctx.open(
        Enquiry, ANSWERED if answered else OPEN, number=ctx.number(*NUMBER), received_at=ctx.now, received_by=ctx.actor_id,
        source=form["source"], subject=form["subject"], household_id=home.id if home else None,
        enquirer_name=form["enquirer_name"], phone=form["phone"], content=form["content"],
        is_important=form["is_important"], reply_by=None if answered else form["reply_by"],
        department_id=_department(form, ctx), answered_together=form["answered_together"], remarks=form["remarks"],
        answer=form["answer"], answered_at=ctx.now if answered else None, answered_by=ctx.actor_id if answered else None,
        closed_at=ctx.now if answered else None,
    )  # fmt: skip


def _department(form: Mapping[str, Any], ctx: StepContext) -> UUID | None:
    """The department named, else the usual one of a subject that is answered together."""
    if form["department_id"]:
        return ctx.get(Department, form["department_id"], name="department_id").id
    key = ANSWERS_WITH.get(form["subject"])
    return department_of_site(ctx.loader, key) if key else None


def _must_lie_ahead(reply_by: Any, ctx: StepContext) -> None:
    if reply_by is not None and reply_by <= ctx.now:
        raise Invalid({"reply_by": [_("This has passed. Agree a time that lies ahead.")]})


def _close(enquiry: Enquiry, answer: str, ctx: StepContext) -> None:
    enquiry.answer, enquiry.answered_at, enquiry.answered_by = answer, ctx.now, ctx.actor_id


@enquiries.step("answer", dict.fromkeys(UNANSWERED, ANSWERED), title=_("Answer"), form=AnswerForm, tone="primary",
                late_within=timedelta(hours=24),
                prefill=lambda _loader, e: {"answered_together": e.answered_together})  # fmt: skip
def answer(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Whoever asked has the answer (3/4.1.3)."""
    enquiry.answered_together = enquiry.answered_together or form["answered_together"]
    _close(enquiry, form["answer"], ctx)


@enquiries.step(
    "redirect", dict.fromkeys(UNANSWERED, REDIRECTED), title=_("Show the way to who can answer"), form=AnswerForm
)
def redirect(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Whoever asked knows where to go with a matter that is not ours to answer (3/4.2.3)."""
    _close(enquiry, form["answer"], ctx)


@enquiries.step("ask_manager", list(UNANSWERED), title=_("The manager agrees to an answer"), form=RemarkForm,
                offered=lambda view: view.case.subject == "outside" and view.case.asked_manager_at is None)  # fmt: skip
def ask_manager(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The manager was asked about a matter that is not this property's, and said what may be told (3/4.2.3)."""
    enquiry.asked_manager_at, enquiry.asked_manager_by = ctx.now, ctx.actor_id
    _remark(enquiry, form["remark"])


@enquiries.step("transfer", {OPEN: WITH_DEPARTMENT, WITH_DEPARTMENT: WITH_DEPARTMENT}, title=_("Hand to a department"),
                form=TransferForm, choices=departments)  # fmt: skip
def transfer(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The department follows up and answers; the ledger's remarks say so (3/4.2.1)."""
    found = ctx.get(Department, form["department_id"], name="department_id")
    enquiry.department_id, enquiry.answered_together = found.id, False
    _remark(enquiry, f"→ {found.title_zh}: {form['remark']}")


@enquiries.step("contribute", [OPEN, WITH_DEPARTMENT, STALLED], title=_("Add what the department says"), form=PartForm)
def contribute(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The department has said its part, so that the answer is given together (3/4.2.2)."""
    enquiry.answered_together = True
    _remark(enquiry, form["part"])


@enquiries.step(
    "stall", {OPEN: STALLED, WITH_DEPARTMENT: STALLED}, title=_("The answer stalls"), form=WhyForm, tone="danger"
)
def stall(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The departments do not come to an answer together; it is for whoever settles such matters (3/4.2.2)."""
    enquiry.stalled_at = ctx.now


@enquiries.step("settle", {STALLED: WITH_DEPARTMENT}, title=_("Settle who answers what"), form=TransferForm, tone="primary",
                choices=departments)  # fmt: skip
def settle(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It is settled which department answers; the enquiry goes on (3/4.2.2)."""
    transfer.body(enquiry, form, ctx)
    enquiry.stalled_at = None


@enquiries.step("agree_time", list(UNANSWERED), title=_("Agree another time"), form=AgreeForm)
def agree_time(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Another time was agreed with whoever asks; the date before stays in the history (3/4.1.3)."""
    _must_lie_ahead(form["reply_by"], ctx)
    enquiry.reply_by = form["reply_by"]
    ctx.set_deadline("reply", form["reply_by"], cause="agreed", rule="customer_service.agreed_reply_time")


@enquiries.step("mark_important", list(UNANSWERED), title=_("Mark as important"), tone="quiet",
                offered=lambda view: not view.case.is_important)  # fmt: skip
def mark_important(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The enquiry is important (3/4.2.1)."""
    enquiry.is_important = True


@enquiries.step("remark", list(UNANSWERED), title=_("Add a remark"), form=RemarkForm, tone="quiet")
def remark(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """A remark stands in the ledger."""
    _remark(enquiry, form["remark"])


@enquiries.step("withdraw", dict.fromkeys(UNANSWERED, WITHDRAWN), title=_("Take back"), form=WhyForm, tone="danger")
def withdraw(enquiry: Enquiry, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Whoever asked needs no answer any more, or the line was entered twice."""
    _remark(enquiry, form["reason"])


def _remark(enquiry: Enquiry, text: str) -> None:
    enquiry.remarks = f"{enquiry.remarks}\n{text}".strip()
