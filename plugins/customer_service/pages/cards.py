"""Requests as cards: what a person at the desk, on the round or at the board must see of each at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Loader, State
from guanjia.steps.models import ClockStop, Deadline
from guanjia.steps.view import present
from guanjia.web.addresses import case_url
from guanjia.web.shown import DueView, due_view, state_of, tone_of
from plugins.customer_service.flow import WITHDRAWN, requests
from plugins.customer_service.kinds import CATEGORY_LABELS, EMERGENCIES, URGENT
from plugins.customer_service.models import ServiceRequest

FAR = datetime.max.replace(tzinfo=UTC)
SAME_FAULT_DAYS = 30


@dataclass(frozen=True)
class Card:
    """A request on a board or in a list. `due` None: nothing is due."""

    request: ServiceRequest
    values: dict[str, Any]
    state: State
    tone: str
    url: str
    due: DueView | None = None

    @property
    def category(self) -> str:
        """The category in the reader's language."""
        return str(CATEGORY_LABELS.get(self.request.category, self.request.category))

    @property
    def emergency(self) -> bool:
        """Whether everything else is dropped for it."""
        return self.request.is_emergency or self.request.is_major or self.request.category in EMERGENCIES

    @property
    def urgent(self) -> bool:
        """Whether it belongs to the urgent class."""
        return self.request.deadline_class == URGENT

    @property
    def tint(self) -> str:
        """The tone of the card's edge: how near its date is."""
        tones = {
            "overdue": "danger",
            "due_soon": "warning",
            "on_time": "success",
            "to_be_agreed": "info",
            "stopped": "info",
        }
        return tones.get(self.due.status if self.due else "", "neutral")

    @property
    def order(self) -> tuple[bool, datetime, datetime]:
        """Emergencies first, then by date, then by receipt."""
        due = self.due.due if self.due and self.due.due else FAR
        return not self.emergency, due, self.request.received_at


def cards(loader: Loader, rows: Sequence[ServiceRequest]) -> list[Card]:
    """The cards of the requests in the same order, with all that they show read once for all."""
    if not rows:
        return []
    code = loader.site.code if loader.site else None
    due = dues(loader, [r.id for r in rows])
    found = []
    for request, values in zip(rows, present(loader, requests, rows), strict=True):
        state = state_of(requests, request.state)
        found.append(Card(request, values, state, tone_of(state), case_url(requests, request.id, code),
                          None if state.closed else due.get(request.id)))  # fmt: skip
    return found


def dues(loader: Loader, ids: Sequence[UUID]) -> dict[UUID, DueView]:
    """The next open date of each request as a badge; one whose clock stands still says so."""
    query = select(Deadline.case_id, Deadline.due_at).where(
        Deadline.company_id == loader.company_id, Deadline.flow == requests.key, Deadline.case_id.in_(ids),
        Deadline.state == "open",
    )  # fmt: skip
    dates: dict[UUID, datetime | None] = {}
    for case_id, due_at in loader.session.execute(query):
        known = dates.get(case_id)
        if case_id not in dates or known is None or (due_at is not None and due_at < known):
            dates[case_id] = due_at if due_at is not None else known
    stopped = _stopped(loader, dates)
    found = {}
    for case_id, moment in dates.items():
        view = due_view(moment, loader.now)
        stands = case_id in stopped and view.status not in ("overdue", "to_be_agreed")
        found[case_id] = DueView("stopped", moment) if stands else view
    return found


def _stopped(loader: Loader, ids: Iterable[UUID]) -> set[UUID]:
    query = select(ClockStop.case_id).where(
        ClockStop.company_id == loader.company_id, ClockStop.flow == requests.key, ClockStop.case_id.in_(list(ids)),
        ClockStop.to_at.is_(None),
    )  # fmt: skip
    return set(loader.session.scalars(query))


def of_household(
    loader: Loader, household_id: UUID, *, without: UUID | None = None, limit: int = 8
) -> list[ServiceRequest]:
    """The latest requests of a household, newest first."""
    query = _here(loader).where(ServiceRequest.household_id == household_id)
    if without is not None:
        query = query.where(ServiceRequest.id != without)
    return list(loader.session.scalars(query.order_by(ServiceRequest.received_at.desc()).limit(limit)))


def same_fault(
    loader: Loader, *, category: str, household_id: UUID | None, place: str, without: UUID | None = None
) -> list[ServiceRequest]:
    """Requests of the last 30 days with the same category from the same household, or else at the same place."""
    place = place.strip()
    if not category or (household_id is None and not place):
        return []
    since = loader.now - timedelta(days=SAME_FAULT_DAYS)
    where = ServiceRequest.household_id == household_id if household_id is not None else ServiceRequest.place == place
    query = _here(loader).where(where, ServiceRequest.category == category, ServiceRequest.received_at >= since,
                                ServiceRequest.state != WITHDRAWN)  # fmt: skip
    if without is not None:
        query = query.where(ServiceRequest.id != without)
    return list(loader.session.scalars(query.order_by(ServiceRequest.received_at.desc()).limit(5)))


def _here(loader: Loader) -> Any:
    site_id = loader.site.id if loader.site else None
    return select(ServiceRequest).where(
        ServiceRequest.company_id == loader.company_id, ServiceRequest.site_id == site_id
    )
