"""The figures of a month, counted from the cases; each knows the ledger in which its cases can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from guanjia.rules.measure import Span
from guanjia.sdk import Loader, Message, words
from guanjia.steps.models import Deadline
from plugins.customer_service.complaints.models import Complaint, Suggestion
from plugins.customer_service.enquiries.models import Enquiry
from plugins.customer_service.kinds import KINDS
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.visits.models import Visit

_ = words("customer_service")


@dataclass(frozen=True)
class Line:
    """A figure of the report: its key, title, the flow whose ledger shows the cases, and the filters for it."""

    key: str
    title: Message
    flow: str
    filters: Mapping[str, str] = field(default_factory=dict)
    under: bool = False  # part of the line above


LINES: tuple[Line, ...] = (
    Line("requests", _("Service requests received"), "customer_service.request"),
    *(Line(f"requests.{kind}", _("of these %(kind)s", kind=title), "customer_service.request", {"kind": kind}, under=True)
      for kind, title in KINDS.items()),
    Line("requests.closed", _("of these closed"), "customer_service.request", {"state": "closed"}, under=True),
    Line("requests.unsolved", _("of these closed unsolved"), "customer_service.request", {"state": "closed_unsolved"}, under=True),
    Line("requests.overdue", _("of these finished late or overdue"), "customer_service.request", under=True),
    Line("enquiries", _("Enquiries"), "customer_service.enquiry"),
    Line("enquiries.answered", _("of these answered"), "customer_service.enquiry", {"state": "answered"}, under=True),
    Line("complaints", _("Complaints"), "customer_service.complaint"),
    Line("complaints.valid", _("of these valid"), "customer_service.complaint", {"validity": "valid"}, under=True),
    Line("suggestions", _("Suggestions"), "customer_service.suggestion"),
    Line("visits", _("Visits to households"), "customer_service.visit"),
    Line("orders", _("Paid orders"), "customer_service.request"),
    Line("orders.fen", _("Fees of paid orders"), "customer_service.request", under=True),
)  # fmt: skip


def span_of(loader: Loader, month: str) -> Span:
    """The month `2026-10` in the site's time. Raises ValueError for no month."""
    calendar = loader.place.calendar
    first = date.fromisoformat(f"{month}-01")
    return Span(calendar.start_of(first), calendar.end_of(calendar.last_day_of_month(first)))


def months_to_report(loader: Loader, *, back: int = 12) -> list[str]:
    """The last twelve whole months in the site's time, the latest first."""
    first = loader.place.calendar.date_of(loader.now).replace(day=1)
    found = []
    for _n in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(f"{first:%Y-%m}")
    return found


def count_month(loader: Loader, month: str) -> dict[str, int]:
    """The figures of the month at the site, by key; fees in fen."""
    assert loader.site is not None  # a site's report
    span, here = span_of(loader, month), loader.site.id

    def rows(model: Any, column: Any, *where: Any) -> int:
        query = select(func.count()).select_from(model).where(
            model.company_id == loader.company_id, model.site_id == here, column >= span.start, column < span.end, *where
        )  # fmt: skip
        return int(loader.session.scalars(query).one())

    r, e, c = ServiceRequest, Enquiry, Complaint
    received = r.received_at
    late = select(Deadline.case_id).where(
        Deadline.company_id == loader.company_id, Deadline.name == "finish", Deadline.breached_at.is_not(None)
    )
    fees = select(func.coalesce(func.sum(func.coalesce(r.material_fee_fen, 0) + func.coalesce(r.labour_fee_fen, 0)), 0)).where(
        r.company_id == loader.company_id, r.site_id == here, r.paid.is_(True), received >= span.start, received < span.end
    )  # fmt: skip
    return {
        "requests": rows(r, received),
        **{f"requests.{kind}": rows(r, received, r.kind == kind) for kind in KINDS},
        "requests.closed": rows(r, received, r.state == "closed"),
        "requests.unsolved": rows(r, received, r.state == "closed_unsolved"),
        "requests.overdue": rows(r, received, r.id.in_(late)),
        "enquiries": rows(e, e.received_at),
        "enquiries.answered": rows(e, e.received_at, e.state == "answered"),
        "complaints": rows(c, c.received_at),
        "complaints.valid": rows(c, c.received_at, c.validity == "valid"),
        "suggestions": rows(Suggestion, Suggestion.received_at),
        "visits": rows(Visit, Visit.visited_at),
        "orders": rows(r, received, r.paid.is_(True)),
        "orders.fen": int(loader.session.scalars(fees).one()),
    }
