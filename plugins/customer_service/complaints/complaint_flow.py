"""The life of a complaint: received, looked into, decided, handled, answered in writing, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from guanjia.sdk import Column, Document, Flow, Invalid, Loader, State, StepContext, words
from plugins.customer_service.complaints.facts import complaint_facts
from plugins.customer_service.complaints.forms import (
    CloseForm,
    ComplaintForm,
    ConductForm,
    DecideForm,
    DeveloperDoneForm,
    DeveloperForm,
    InvestigateForm,
    ReplyForm,
    ResultForm,
    WhyForm,
)
from plugins.customer_service.complaints.kinds import CHANNELS, CONDUCT, MATTERS, VALIDITY
from plugins.customer_service.complaints.models import Complaint
from plugins.customer_service.complaints.people import beside
from plugins.registry.public import Household
from tenants.public import Department, department_choices

_ = words("customer_service")

RECEIVED, INVESTIGATED, DECIDED, HANDLED, REPLIED = "received", "investigated", "decided", "handled", "replied"
CLOSED, WITHDRAWN = "closed", "withdrawn"
LIVING = (RECEIVED, INVESTIGATED, DECIDED, HANDLED, REPLIED)


def _present(loader: Loader, cases: Sequence[Complaint]) -> list[dict[str, Any]]:
    return beside(
        loader, cases, name="complainant", staff=("received_by", "investigated_by", "decided_by", "replied_by")
    )


def _reply_facts(loader: Loader, case: Complaint) -> Mapping[str, Any]:
    """What the printed reply shows besides the case's own values."""
    names = loader.names([case.replied_by, case.decided_by])
    return {"document_title": _("Reply to a complaint"), "issued": case.replied_at or case.received_at, "names": names,
            "number": case.reply_number or case.number}  # fmt: skip


complaints = Flow(
    key="customer_service.complaint",
    model=Complaint,
    title=_("Complaint"),
    states=(
        State(RECEIVED, _("To be looked into"), tone="open"),
        State(INVESTIGATED, _("Waits for the decision"), tone="waiting", waits_for=("site_manager",)),
        State(DECIDED, _("With the department"), tone="open", waits_for=("department_head",)),
        State(HANDLED, _("Handled, to be answered"), tone="waiting", waits_for=("receptionist",)),
        State(REPLIED, _("Answered in writing"), tone="waiting"),
        State(CLOSED, _("Closed"), tone="good", closed=True),
        State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
    ),
    facts=complaint_facts,
    columns=(
        Column("number", _("Number"), "link", sort=True),
        Column("received_at", _("Received at"), "moment", sort=True),
        Column("unit", _("Unit")),
        Column("person", _("Who complains")),
        Column("matter", _("Concerns"), "choice", filter=True, labels=MATTERS),
        Column("content", _("What the complaint is about")),
        Column("state", _("State"), "state", filter=True),
        Column("due_at", _("Due"), "due"),
        Column("validity", _("Valid or not"), "choice", filter=True, labels=VALIDITY),
        Column("department", _("Department that is responsible")),
        Column("channel", _("How it came in"), "choice", filter=True, labels=CHANNELS, on_list=False),
        Column(
            "conduct",
            _("What a member of staff is said to have done"),
            "choice",
            filter=True,
            labels=CONDUCT,
            on_list=False,
        ),
        Column("phone_masked", _("Phone"), on_list=False),
        Column("received_by_name", _("Received by"), on_list=False),
        Column("findings", _("Findings"), on_list=False),
        Column("proposal", _("Proposal"), on_list=False),
        Column("investigated_at", _("Looked into at"), "moment", on_list=False),
        Column("decision", _("How it is handled"), on_list=False),
        Column("decided_at", _("Decided at"), "moment", on_list=False),
        Column("decided_by_name", _("Decided by"), on_list=False),
        Column("result", _("What was done"), on_list=False),
        Column("reply_number", _("Number of the reply"), on_list=False),
        Column("reply", _("Text of the reply"), on_list=False),
        Column("replied_at", _("Answered at"), "moment", on_list=False),
        Column("satisfied", _("Satisfied"), "flag", on_list=False),
        Column("is_warranty", _("Build quality, under warranty"), "flag", filter=True, on_list=False),
        Column("developer_told_at", _("Developer told at"), "moment", on_list=False),
        Column("developer_promise", _("What the developer promises, and by when"), on_list=False),
        Column("developer_done_at", _("Developer's repair ended at"), "moment", on_list=False),
        Column("developer_result", _("Result of the repair"), on_list=False),
    ),
    search=("number", "content", "complainant", "findings", "reply_number"),
    order="-received_at",
    present=_present,
    heading=lambda c, values: " · ".join(
        p for p in (c.number, str(values.get("unit") or ""), str(MATTERS[c.matter])) if p
    ),
    ladder=(("site_manager", 4), ("property_department_manager", 24)),
    documents=(Document("reply", _("Written reply"), "customer_service/complaint_reply.html", _reply_facts),),
)


@complaints.step("record", {None: RECEIVED}, title=_("Record a complaint"), form=ComplaintForm, tone="primary",
                 late_within=timedelta(hours=24), help=_("From whatever channel, and by whoever receives it."))  # fmt: skip
def record(form: Mapping[str, Any], ctx: StepContext) -> Complaint:
    """Every complaint is a case, whichever way it came in (5/8.1.1, 8.1.2)."""
    home = ctx.get(Household, form["household_id"], name="household_id") if form["household_id"] else None
    values = {
        name: form[name]
        for name in ("channel", "matter", "content", "needs_investigation", "conduct", "complainant", "phone")
    }
    return ctx.open(
        Complaint, RECEIVED, number=ctx.number("complaint", "TS-{year}-{n:05d}"), received_at=ctx.now, received_by=ctx.actor_id,
        household_id=home.id if home else None, is_warranty=form["matter"] == "building", **values,
    )  # fmt: skip


@complaints.step("investigate", {RECEIVED: INVESTIGATED, INVESTIGATED: INVESTIGATED}, title=_("Report the investigation"),
                 form=InvestigateForm, tone="primary")  # fmt: skip
def investigate(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Findings and proposal are before the director (5/8.1.3)."""
    complaint.findings, complaint.proposal = form["findings"], form["proposal"]
    complaint.investigated_at, complaint.investigated_by = ctx.now, ctx.actor_id


def _departments(loader: Loader, _case: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"department_id": department_choices(loader)}


@complaints.step("decide", {RECEIVED: DECIDED, INVESTIGATED: DECIDED, DECIDED: DECIDED}, title=_("Decide"), form=DecideForm,
                 tone="primary", choices=_departments)  # fmt: skip
def decide(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It is decided how the complaint is handled, by whom, and whether it is a valid one (5/8.1.3)."""
    found = ctx.get(Department, form["department_id"], name="department_id")
    complaint.validity, complaint.decision, complaint.department_id = form["validity"], form["decision"], found.id
    complaint.decided_at, complaint.decided_by = ctx.now, ctx.actor_id


@complaints.step("handle", {DECIDED: HANDLED}, title=_("Report what was done"), form=ResultForm, tone="primary")
def handle(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The department has done what was decided."""
    complaint.result, complaint.handled_at = form["result"], ctx.now


def _reply_draft(_loader: Loader, complaint: Complaint) -> Mapping[str, Any]:
    return {"reply": complaint.reply or complaint.result}


@complaints.step("reply", {DECIDED: REPLIED, HANDLED: REPLIED, REPLIED: REPLIED}, title=_("Answer in writing"), form=ReplyForm,
                 tone="primary", prefill=_reply_draft)  # fmt: skip
def reply(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident has a numbered reply in writing (5/8.1.6)."""
    complaint.reply, complaint.replied_at, complaint.replied_by = form["reply"], ctx.now, ctx.actor_id
    if complaint.reply_number is None:
        complaint.reply_number = ctx.number("complaint_reply", "TSHF-{year}-{n:04d}")


@complaints.step("close", {DECIDED: CLOSED, HANDLED: CLOSED, REPLIED: CLOSED}, title=_("Close"), form=CloseForm)
def close(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The complaint is settled; one about the building only once the developer's repair has ended (5/8.1.4)."""
    if complaint.is_warranty and complaint.developer_done_at is None:
        raise Invalid({"remark": [_("The developer's repair has not ended yet. Record its result first, then close.")]})
    complaint.satisfied = form["satisfied"]


@complaints.step("mark_conduct", list(LIVING), title=_("Mark the conduct of staff"), form=ConductForm, tone="quiet")
def mark_conduct(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It is a case of conduct: retaliation, gifts, unlisted charges, rudeness."""
    complaint.conduct = form["conduct"]


@complaints.step("warranty", list(LIVING), title=_("It is about the building"), tone="quiet",
                 offered=lambda view: not view.case.is_warranty)  # fmt: skip
def warranty(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The complaint is about build quality, so that the developer's repair is followed (5/8.1.4)."""
    complaint.is_warranty = True


@complaints.step("tell_developer", list(LIVING), title=_("The developer was told"), form=DeveloperForm,
                 offered=lambda view: view.case.is_warranty)  # fmt: skip
def tell_developer(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The developer knows and has promised a repair (5/8.1.4)."""
    complaint.developer_told_at, complaint.developer_promise = ctx.now, form["promise"]


@complaints.step("developer_done", list(LIVING), title=_("The developer's repair has ended"), form=DeveloperDoneForm,
                 offered=lambda view: view.case.is_warranty)  # fmt: skip
def developer_done(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The repair was followed to its end (5/8.1.4)."""
    complaint.developer_done_at, complaint.developer_result = ctx.now, form["result"]


@complaints.step("withdraw", dict.fromkeys(LIVING, WITHDRAWN), title=_("Take back"), form=WhyForm, tone="danger")
def withdraw(complaint: Complaint, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident took the complaint back, or it was entered twice; the reason stays on record."""
