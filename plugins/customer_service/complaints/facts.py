"""What rules may know of a complaint and of a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guanjia.sdk import Loader, facts
from plugins.customer_service.complaints.models import Complaint, Suggestion


@facts
class ComplaintFacts:
    """A complaint as rules see it. Times are UTC."""

    id: UUID
    matter: str
    conduct: str | None
    received_at: datetime
    needs_investigation: bool
    investigated: bool
    decided: bool
    replied: bool
    is_warranty: bool
    department_id: UUID | None


def complaint_facts(_loader: Loader, complaints: Sequence[Complaint]) -> list[ComplaintFacts]:
    """The facts of the complaints."""
    return [
        ComplaintFacts(
            id=c.id, matter=c.matter, conduct=c.conduct, received_at=c.received_at, needs_investigation=c.needs_investigation,
            investigated=c.investigated_at is not None, decided=c.decided_at is not None, replied=c.replied_at is not None,
            is_warranty=c.is_warranty, department_id=c.department_id,
        )
        for c in complaints
    ]  # fmt: skip


@facts
class SuggestionFacts:
    """A suggestion as rules see it."""

    id: UUID
    decision: str | None
    has_household: bool
    published: bool
    credited: bool


def suggestion_facts(_loader: Loader, suggestions: Sequence[Suggestion]) -> list[SuggestionFacts]:
    """The facts of the suggestions."""
    return [
        SuggestionFacts(id=s.id, decision=s.decision, has_household=s.household_id is not None,
                        published=s.published_at is not None, credited=s.credited_at is not None)
        for s in suggestions
    ]  # fmt: skip
