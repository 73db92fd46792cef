"""Indicators: repairs in time and sent back, enquiries answered in time. The only rules that read the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from guanjia.rules.measure import Measure, share
from guanjia.sdk import Kind, Params, Rule, param
from guanjia.steps.models import Deadline, StoredRulebook
from plugins.customer_service.enquiries.models import Enquiry
from plugins.customer_service.kinds import DEADLINE_RULES, ENGINEERED, NEGOTIATED, URGENT
from plugins.customer_service.models import ServiceRequest


class OnTime(Params):
    """The targets."""

    urgent_target_percent: int = param(98, min=0, max=100)
    ordinary_target_percent: int = param(95, min=0, max=100)


repairs_on_time = Rule("customer_service.repairs_on_time", Kind.INDICATOR, OnTime)


@repairs_on_time.indicator()
def finished_by_their_date(session: Any, sites: Any, period: Any, params: OnTime) -> list[Measure]:
    """Of the repairs that fell due in the period, those finished by their date (9.3).

    Delays by the resident do not count as late; negotiated dates count where the case's rules say so (5/5.2.6). What is
    open and not due yet counts neither way.
    """
    query = (
        select(ServiceRequest.id, ServiceRequest.deadline_class, ServiceRequest.rulebook_id,
               Deadline.breached_at, Deadline.late_excused)
        .join(Deadline, (Deadline.company_id == ServiceRequest.company_id) & (Deadline.case_id == ServiceRequest.id))
        .where(
            ServiceRequest.company_id == session.company_id, ServiceRequest.site_id.in_(sites),
            ServiceRequest.kind.in_(ENGINEERED), Deadline.name == "finish",
            Deadline.due_at >= period.start, Deadline.due_at < period.end,
            or_(Deadline.state == "met", and_(Deadline.state == "open", Deadline.breached_at.is_not(None))),
        )
    )  # fmt: skip
    found = list(session.execute(query))
    left_out = _without_negotiated(session, {row.rulebook_id for row in found if row.deadline_class == NEGOTIATED})
    out = []
    for name, target in (("urgent", params.urgent_target_percent), ("ordinary", params.ordinary_target_percent)):
        rows = [
            row
            for row in found
            if (row.deadline_class == URGENT) == (name == "urgent")
            and not (row.deadline_class == NEGOTIATED and row.rulebook_id in left_out)
        ]
        late = tuple(row.id for row in rows if row.breached_at is not None and not row.late_excused)
        out.append(share(name, len(rows) - len(late), len(rows), target, cases=late))
    return out


def _without_negotiated(session: Any, rulebooks: set[UUID]) -> set[UUID]:
    """The rulebooks under which a negotiated date does not count in the assessment."""
    if not rulebooks:
        return set()
    query = select(StoredRulebook.id, StoredRulebook.body).where(
        StoredRulebook.company_id == session.company_id, StoredRulebook.id.in_(rulebooks)
    )
    key = DEADLINE_RULES[NEGOTIATED]
    return {
        i for i, body in session.execute(query) if not body.get(key, {}).get("p", {}).get("counts_in_assessment", True)
    }


class Rework(Params):
    """The target, and how long a repair must hold."""

    target_percent_at_most: int = param(2, min=0, max=100)
    window_days: int = param(30, min=1, max=365)


rework_rate = Rule("customer_service.rework_rate", Kind.INDICATOR, Rework)


@rework_rate.indicator()
def sent_back_after_completion(session: Any, sites: Any, period: Any, params: Rework) -> list[Measure]:
    """Of the repairs closed in the period, those that had to be done again (9.3).

    Sent back after completion, or reported anew for the same home and category within the window after the closing.
    """
    closed = (
        ServiceRequest.company_id == session.company_id, ServiceRequest.site_id.in_(sites),
        ServiceRequest.kind.in_(ENGINEERED), ServiceRequest.state == "closed",
        ServiceRequest.closed_at >= period.start, ServiceRequest.closed_at < period.end,
    )  # fmt: skip
    total = session.scalar(select(func.count()).select_from(ServiceRequest).where(*closed))
    again = set(session.scalars(select(ServiceRequest.id).where(*closed, ServiceRequest.rework_count > 0)))
    later, window = aliased(ServiceRequest), timedelta(days=params.window_days)
    anew = select(ServiceRequest.id, ServiceRequest.closed_at, later.received_at).join(
        later,
        (later.company_id == ServiceRequest.company_id) & (later.household_id == ServiceRequest.household_id)
        & (later.category == ServiceRequest.category) & (later.received_at > ServiceRequest.closed_at),
    ).where(*closed, later.received_at < period.end + window, later.state != "withdrawn")  # fmt: skip
    again |= {row.id for row in session.execute(anew) if row.received_at <= row.closed_at + window}
    return [share("rework", len(again), total, params.target_percent_at_most, at_most=True,
                  cases=tuple(sorted(again, key=str)))]  # fmt: skip


class Answered(Params):
    """The target."""

    target_percent: int = param(100, min=0, max=100)


enquiries_on_time = Rule("customer_service.enquiries_on_time", Kind.INDICATOR, Answered)


@enquiries_on_time.indicator()
def answered_by_the_agreed_time(session: Any, sites: Any, period: Any, params: Answered) -> list[Measure]:
    """Of the enquiries answered at once in the period, or due in it, those answered by the time agreed (3/4.3.3)."""
    here = (Enquiry.company_id == session.company_id, Enquiry.site_id.in_(sites))
    at_once = session.scalar(
        select(func.count()).select_from(Enquiry).where(
            *here, Enquiry.received_at >= period.start, Enquiry.received_at < period.end, Enquiry.state == "answered",
            Enquiry.reply_by.is_(None),
        )
    )  # fmt: skip
    due = list(session.execute(
        select(Enquiry.id, Deadline.breached_at)
        .join(Deadline, (Deadline.company_id == Enquiry.company_id) & (Deadline.case_id == Enquiry.id))
        .where(
            *here, Deadline.name == "reply", Deadline.due_at >= period.start, Deadline.due_at < period.end,
            or_(Deadline.state == "met", and_(Deadline.state == "open", Deadline.breached_at.is_not(None))),
        )
    ))  # fmt: skip
    late = tuple(row.id for row in due if row.breached_at is not None)
    whole = at_once + len(due)
    return [share("enquiries", whole - len(late), whole, params.target_percent, cases=late)]


ALL = (repairs_on_time, rework_rate, enquiries_on_time)
