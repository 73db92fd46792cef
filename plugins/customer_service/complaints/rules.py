"""The rules on complaints and suggestions (regulation 5, part 8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from guanjia.rules.measure import Measure, share
from guanjia.sdk import (
    ActorFacts,
    Kind,
    Notify,
    Params,
    Perform,
    RoleKey,
    Rule,
    Verdict,
    WorkCalendar,
    allow,
    deny,
    param,
    words,
)
from plugins.customer_service.complaints.facts import ComplaintFacts, SuggestionFacts
from plugins.customer_service.complaints.models import Complaint
from plugins.registry.public import Household

_ = words("customer_service")

COMPLAINT, SUGGESTION = "customer_service.complaint", "customer_service.suggestion"

complaint_channels = Rule("customer_service.complaint_channels", Kind.RECORD)
warranty_complaint = Rule("customer_service.warranty_complaint", Kind.RECORD)


class Investigation(Params):
    """How soon, and who gets the findings."""

    same_day: bool = param(True)
    report_to: RoleKey = param(RoleKey("site_manager"))


complaint_investigation = Rule("customer_service.complaint_investigation", Kind.DEADLINE, Investigation)


@complaint_investigation.deadline(
    "investigation",
    starts=(f"{COMPLAINT}.record",),
    ends=(f"{COMPLAINT}.investigate",),
    owed_by="customer_service_supervisor",
)
def looked_into_the_same_day(case: ComplaintFacts, params: Investigation, calendar: WorkCalendar) -> datetime | None:
    """A complaint that needs looking into is investigated by midnight of the same day (5/8.1.3)."""
    if not case.needs_investigation:
        return None
    return calendar.same_day(case.received_at) if params.same_day else calendar.after_working_days(case.received_at, 1)


@complaint_investigation.guard(f"{COMPLAINT}.decide")
def findings_come_before_the_decision(case: ComplaintFacts) -> Verdict:
    """What needs looking into is decided once findings and proposal are there (5/8.1.3)."""
    if case.investigated or not case.needs_investigation:
        return allow()
    return deny(_("This complaint has not been looked into yet. Report findings and a proposal first."))


@complaint_investigation.reaction(f"{COMPLAINT}.investigate")
def findings_go_to_the_director(params: Investigation) -> list[Notify]:
    """Findings and proposal go to the director (5/8.1.3)."""
    return [
        Notify(message=_("Findings and a proposal on a complaint wait for your decision."), roles=(params.report_to,))
    ]


class Decision(Params):
    """Who decides."""

    role: RoleKey = param(RoleKey("site_manager"))


complaint_decision = Rule("customer_service.complaint_decision", Kind.GUARD, Decision)


@complaint_decision.guard(f"{COMPLAINT}.decide")
def the_director_decides(actor: ActorFacts, params: Decision) -> Verdict:
    """The director decides how a complaint is handled and which department is responsible (5/8.1.3)."""
    if actor.holds(params.role):
        return allow()
    return deny(
        _("How a complaint is handled is decided by whoever the rule names. Report your findings and a proposal.")
    )


@complaint_decision.guard(f"{COMPLAINT}.handle", f"{COMPLAINT}.reply", f"{COMPLAINT}.close")
def nothing_is_done_before_the_decision(case: ComplaintFacts) -> Verdict:
    """A complaint is handled as was decided, not before (5/8.1.3)."""
    return (
        allow()
        if case.decided
        else deny(_("It is not decided yet how this complaint is handled. Wait for the decision."))
    )


written_reply = Rule("customer_service.written_reply", Kind.GUARD)


@written_reply.guard(f"{COMPLAINT}.close")
def no_complaint_closes_without_a_written_reply(case: ComplaintFacts) -> Verdict:
    """A complaint closes only with a written reply to the resident (5/8.1.6)."""
    return (
        allow()
        if case.replied
        else deny(_("The resident has no written reply yet. Answer in writing first, then close."))
    )


class Published(Params):
    """Who decides, whether it is published, whether it counts for the award."""

    decide_role: RoleKey = param(RoleKey("site_manager"))
    publish: bool = param(True)
    credit: bool = param(True)


suggestion_published = Rule("customer_service.suggestion_published", Kind.REACTION, Published)


@suggestion_published.guard(f"{SUGGESTION}.decide")
def the_director_decides_on_a_suggestion(actor: ActorFacts, params: Published) -> Verdict:
    """A suggestion is decided by the director (5/8.1.5)."""
    if actor.holds(params.decide_role):
        return allow()
    return deny(_("A suggestion is decided by whoever the rule names. It waits there."))


@suggestion_published.reaction(f"{SUGGESTION}.decide")
def an_adopted_suggestion_is_credited_and_published(case: SuggestionFacts, params: Published) -> list[Any]:
    """Measures are published, the name with the household's consent, and it counts for the civil household award (5/8.1.5)."""
    if case.decision != "adopted":
        return []
    out: list[Any] = []
    if params.credit and case.has_household and not case.credited:
        out.append(Perform(step=f"{SUGGESTION}.credit", case_id=case.id))
    if params.publish:
        out.append(Perform(step=f"{SUGGESTION}.publish", case_id=case.id))
    return out


class ValidComplaints(Params):
    """The target."""

    target_percent_at_most: int = param(2, min=0, max=100)


valid_complaint_rate = Rule("customer_service.valid_complaint_rate", Kind.INDICATOR, ValidComplaints)


@valid_complaint_rate.indicator()
def valid_complaints_by_household(session: Any, sites: Any, period: Any, params: ValidComplaints) -> list[Measure]:
    """Valid complaints received in the period, as a share of the households in use (5/8.2 1.4)."""
    valid = tuple(
        session.scalars(
            select(Complaint.id).where(
                Complaint.company_id == session.company_id, Complaint.site_id.in_(sites), Complaint.validity == "valid",
                Complaint.received_at >= period.start, Complaint.received_at < period.end, Complaint.state != "withdrawn",
            ).order_by(Complaint.received_at)
        )
    )  # fmt: skip
    homes = session.scalar(
        select(func.count()).select_from(Household).where(
            Household.company_id == session.company_id, Household.site_id.in_(sites), Household.state == "active",
            Household.occupancy != "vacant",
        )
    )  # fmt: skip
    return [share("complaints", len(valid), homes, params.target_percent_at_most, at_most=True, cases=valid)]


ALL = (
    complaint_channels, complaint_investigation, complaint_decision, warranty_complaint, suggestion_published, written_reply,
    valid_complaint_rate,
)  # fmt: skip
