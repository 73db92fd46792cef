"""Facts of a service request made by hand, for rules that are asked without a database."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from plugins.customer_service.facts import RequestFacts

RECEIVED = datetime(2026, 11, 16, 1, 10, tzinfo=UTC)  # a Monday, 09:10 in Shanghai

_USUAL: dict[str, Any] = {
    "id": UUID(int=1), "kind": "repair", "category": "power_lighting", "deadline_class": "ordinary", "is_repair": True,
    "has_resident": True, "within_capability": "yes", "received_at": RECEIVED,
    "ordinary_due_at": datetime(2026, 11, 19, 10, tzinfo=UTC), "contractor_categories": (), "missing": (),
    "today": date(2026, 11, 16),
}  # fmt: skip


def request(**values: Any) -> RequestFacts:
    """An ordinary repair at a home, received on a Monday morning; what is not named is false or empty."""
    empty = {f.name: False if f.type == "bool" else None for f in fields(RequestFacts)}  # type: ignore[arg-type]
    return RequestFacts(**{**empty, **_USUAL, **values})
