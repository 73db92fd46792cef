"""The cases that stand against a figure, whatever their flow: what is said of each, when it was due and when it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.rules.measure import Measure
from guanjia.sdk import Flow, Loader, State
from guanjia.steps.models import Deadline
from guanjia.steps.view import present
from guanjia.web.addresses import case_url
from guanjia.web.shown import state_of, tone_of
from plugins.customer_service.complaints.complaint_flow import complaints
from plugins.customer_service.complaints.kinds import MATTERS
from plugins.customer_service.enquiries.flow import enquiries
from plugins.customer_service.enquiries.kinds import SUBJECTS
from plugins.customer_service.flow import requests
from plugins.customer_service.kinds import CATEGORY_LABELS
from plugins.customer_service.visits.flow import visits

MOST = 200


@dataclass(frozen=True)
class Told:
    """How the cases of a flow are told: kind and content, the date that counts, when they ended, and whose they are."""

    flow: Flow
    content: str
    deadline: str
    ended: str
    whose: Sequence[str]  # the first of these values that is filled
    kind: str = ""
    kinds: Mapping[str, Any] | None = None


REPAIRS = Told(requests, "content", "finish", "reported_done_at", ("worker", "contractor"), "category", CATEGORY_LABELS)
TOLD: dict[str, Told] = {
    "urgent": REPAIRS, "ordinary": REPAIRS, "rework": REPAIRS,
    "enquiries": Told(enquiries, "content", "reply", "answered_at", ("department", "received_by_name"), "subject", SUBJECTS),
    "complaints": Told(complaints, "content", "investigation", "closed_at", ("department", "received_by_name"), "matter", MATTERS),
    "visits": Told(visits, "question", "reply", "handled_at", ("visitor",)),
}  # fmt: skip


@dataclass(frozen=True)
class Against:
    """A case behind a figure. Times are UTC; None: nothing was due, or it has not ended."""

    number: str
    url: str
    unit: str
    kind: str
    content: str
    due_at: datetime | None
    ended_at: datetime | None
    whose: str
    state: State
    tone: str


def cases_against(loader: Loader, measure: Measure) -> list[Against]:
    """The first two hundred cases of the measure, oldest first."""
    told = TOLD[measure.name]
    rows = sorted(loader.by_id(told.flow.model, measure.cases[:MOST]).values(), key=lambda row: row.opened_at)
    due = _due(loader, told, [row.id for row in rows])
    code = loader.site.code if loader.site else None
    return [
        _told(told, row, values, due.get(row.id), case_url(told.flow, row.id, code))
        for row, values in zip(rows, present(loader, told.flow, rows), strict=True)
    ]


def _told(told: Told, row: Any, values: Mapping[str, Any], due_at: datetime | None, url: str) -> Against:
    state = state_of(told.flow, row.state)
    kind = str(told.kinds[getattr(row, told.kind)]) if told.kinds is not None else ""
    return Against(
        number=row.number, url=url, unit=str(values.get("unit") or ""), kind=kind, content=getattr(row, told.content),
        due_at=due_at, ended_at=getattr(row, told.ended), state=state, tone=tone_of(state),
        whose=next((str(values[name]) for name in told.whose if values.get(name)), ""),
    )  # fmt: skip


def _due(loader: Loader, told: Told, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    query = select(Deadline.case_id, Deadline.due_at).where(
        Deadline.company_id == loader.company_id, Deadline.flow == told.flow.key, Deadline.name == told.deadline,
        Deadline.case_id.in_(ids), Deadline.state.in_(("open", "met")),
    )  # fmt: skip
    return {row.case_id: row.due_at for row in loader.session.execute(query)}
