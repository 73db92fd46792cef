"""After the work: review, signatures, the sheet back at reception, revisit, site check, coordination, closing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import SAME, Invalid, StepContext, words
from plugins.customer_service.flow import (
    AT_DEPARTMENT,
    CLOSED,
    CLOSED_UNSOLVED,
    DISPATCHED,
    FINISHED,
    HANDED_IN,
    RECEIVED,
    RETURNED,
    requests,
)
from plugins.customer_service.forms import (
    OccurredForm,
    ReasonForm,
    ReferForm,
    RejectSheetForm,
    ReviewForm,
    RevisitForm,
    SiteCheckForm,
)
from plugins.customer_service.kinds import DEADLINE_RULES, REPAIR_DEADLINE, URGENT
from plugins.customer_service.models import ServiceRequest

_ = words("customer_service")

AFTER_WORK = (FINISHED, HANDED_IN)


@requests.step("review", AFTER_WORK, title=_("Review"), form=ReviewForm, tone="primary",
               offered=lambda view: view.case.reviewed_at is None)  # fmt: skip
def review(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The head checked hours, materials and fees, and signed (5/5.2.3)."""
    request.reviewed_at, request.reviewed_by = ctx.now, ctx.actor_id
    request.supervisor_signed_by = request.supervisor_signed_by or ctx.actor_id


@requests.step("sign", AFTER_WORK, title=_("Sign as head of the centre"), form=OccurredForm,
               offered=lambda view: view.case.head_signed_by is None)  # fmt: skip
def sign(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The head of the centre (or a supervisor in the head's place) signed the sheet of an indoor service (5/5.3.2)."""
    request.head_signed_by = ctx.actor_id


@requests.step("accept_work", AFTER_WORK, title=_("The requester accepted"), form=ReviewForm,
               offered=lambda view: not view.case.requester_accepted)  # fmt: skip
def accept_work(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Whoever asked for the work accepted it and signed (5/5.4.2.4)."""
    request.requester_accepted = True
    request.resident_signed = request.resident_signed or form["signature"] is not None


@requests.step("hand_in", {FINISHED: HANDED_IN}, title=_("Hand in the sheet"), form=OccurredForm, tone="primary")
def hand_in(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The sheet is back at reception, complete or not; reception may reject it."""
    request.handed_in_at = ctx.now


@requests.step("reject_sheet", {HANDED_IN: FINISHED}, title=_("Reject the sheet"), form=RejectSheetForm, tone="danger")
def reject_sheet(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The sheet goes back for what is missing and counts as not handed in (5/5.2.3)."""
    request.handed_in_at = None
    request.sheet_rejections += 1


@requests.step("revisit", AFTER_WORK, title=_("Record the revisit"), form=RevisitForm, tone="primary")
def revisit(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident's answer is on record, in the resident's words (5/6.1)."""
    request.revisited_at, request.answer, request.satisfied = ctx.now, form["answer"], form["satisfied"]
    # A second call does not settle what the area manager has to look at.
    request.mismatch_open = request.mismatch_open or not form["agrees"]


@requests.step("site_check", {HANDED_IN: SAME, FINISHED: SAME}, title=_("Report what was found on site"),
               form=SiteCheckForm, tone="primary", offered=lambda view: view.case.mismatch_open)  # fmt: skip
def site_check(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The area manager looked: either the same case goes back and counts as rework, or the matter is settled (5/6.1)."""
    if not request.mismatch_open:
        raise Invalid({"_schema": [_("Nothing is open to be checked. Record a revisit first.")]})
    request.mismatch_open = False
    if form["finding"] == "settled":
        return request.state
    request.rework_count += 1
    request.reviewed_at = request.reviewed_by = request.handed_in_at = request.reported_done_at = None
    request.supervisor_signed_by = request.head_signed_by = None
    request.worker_signed = request.resident_signed = request.requester_accepted = False
    request.finished_at = request.total_minutes = None
    _date_of_rework(request, ctx)
    return DISPATCHED


def _date_of_rework(request: ServiceRequest, ctx: StepContext) -> None:
    """Rework is due as its class has it, counted from the day it was sent back; so it is chased like any other work."""
    rule = DEADLINE_RULES.get(request.deadline_class, REPAIR_DEADLINE)
    params = ctx.rulebook.params_of(rule)
    if request.deadline_class == URGENT and ctx.rulebook.is_on(rule):
        counted = request.category in params.get("working_days_only", ())
        due_at = ctx.calendar.after_hours(ctx.now, int(params["hours"]), working_days_only=counted)
    else:
        rule = REPAIR_DEADLINE
        due_at = ctx.calendar.after_working_days(ctx.now, int(ctx.rulebook.params_of(rule).get("working_days", 3)))
    ctx.set_deadline("finish", due_at, cause="rework", rule=rule)


def _anywhere_open() -> tuple[str, ...]:
    return (RECEIVED, *AT_DEPARTMENT, *AFTER_WORK, RETURNED)


@requests.step("refer", _anywhere_open(), title=_("Ask for coordination"), form=ReferForm, tone="quiet")
def refer(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """A problem is put before whoever coordinates problems of its kind (5/4.4.1, 4.4.2)."""
    request.matter = form["matter"]
    request.is_major = request.is_major or form["matter"] == "major"


@requests.step("settle_matter", _anywhere_open(), title=_("The problem is settled"), form=ReasonForm, tone="quiet",
               offered=lambda view: view.case.matter is not None)  # fmt: skip
def settle_matter(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Whoever coordinates settled the problem."""
    request.matter = None


@requests.step("close", {HANDED_IN: CLOSED}, title=_("Close"), form=OccurredForm, tone="primary")
def close(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The request is closed; it is not opened again, a follow-up is a new one."""


@requests.step(
    "close_unsolved", {RETURNED: CLOSED_UNSOLVED}, title=_("Close as unsolved"), form=ReasonForm, tone="danger"
)
def close_unsolved(request: ServiceRequest, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Reception closes what could not be done, with the reason."""
