"""Indicators of repairs: finished in time, and sent back for rework. The only rules that read the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from guanjia.rules.measure import Measure, share
from guanjia.sdk import Kind, Params, Rule, param
from guanjia.steps.models import Deadline
from plugins.customer_service.models import ServiceRequest


class OnTime(Params):
    """The targets."""

    urgent_target_percent: int = param(98, min=0, max=100)
    ordinary_target_percent: int = param(95, min=0, max=100)


repairs_on_time = Rule("customer_service.repairs_on_time", Kind.INDICATOR, OnTime)


@repairs_on_time.indicator()
def finished_by_their_date(session: Any, sites: Any, period: Any, params: OnTime) -> list[Measure]:
    """Of the requests due in the period, those finished by their date (9.3). Delays by the resident do not count as late."""
    out = []
    for name, urgent, target in (
        ("urgent", True, params.urgent_target_percent),
        ("ordinary", False, params.ordinary_target_percent),
    ):
        query = (
            select(ServiceRequest.id, Deadline.breached_at, Deadline.late_excused)
            .join(Deadline, (Deadline.company_id == ServiceRequest.company_id) & (Deadline.case_id == ServiceRequest.id))
            .where(
                ServiceRequest.company_id == session.company_id, ServiceRequest.site_id.in_(sites), Deadline.name == "finish",
                Deadline.state.in_(("open", "met")), Deadline.due_at >= period.start, Deadline.due_at < period.end,
                (ServiceRequest.deadline_class == "urgent") == urgent,
            )
        )  # fmt: skip
        rows = list(session.execute(query))
        kept = [row for row in rows if row.breached_at is None or row.late_excused]
        out.append(share(name, len(kept), len(rows), target, cases=tuple(row.id for row in rows if row not in kept)))
    return out


class Rework(Params):
    """The target, and how long a repair must hold."""

    target_percent_at_most: int = param(2, min=0, max=100)
    window_days: int = param(30, min=1, max=365)


rework_rate = Rule("customer_service.rework_rate", Kind.INDICATOR, Rework)


@rework_rate.indicator()
def sent_back_after_completion(session: Any, sites: Any, period: Any, params: Rework) -> list[Measure]:
    """Of the requests completed in the period, those sent back as rework (9.3)."""
    base = select(func.count(), func.count().filter(ServiceRequest.rework_count > 0)).where(
        ServiceRequest.company_id == session.company_id, ServiceRequest.site_id.in_(sites),
        ServiceRequest.closed_at >= period.start, ServiceRequest.closed_at < period.end, ServiceRequest.state == "closed",
    )  # fmt: skip
    total, again = session.execute(base).one()
    cases = select(ServiceRequest.id).where(
        ServiceRequest.company_id == session.company_id, ServiceRequest.site_id.in_(sites), ServiceRequest.rework_count > 0,
        ServiceRequest.closed_at >= period.start, ServiceRequest.closed_at < period.end,
    )  # fmt: skip
    return [
        share("rework", again, total, params.target_percent_at_most, at_most=True, cases=tuple(session.scalars(cases)))
    ]


ALL = (repairs_on_time, rework_rate)
