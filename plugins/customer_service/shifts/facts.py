"""What rules may know of a shift log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Loader, facts
from plugins.customer_service.shifts.models import ShiftLog


@facts
class ShiftFacts:
    """A shift log as rules see it."""

    id: UUID
    has_security_matters: bool
    taken: bool
    security_taken: bool


def shift_facts(_loader: Loader, logs: Sequence[ShiftLog]) -> list[ShiftFacts]:
    """The facts of the logs."""
    return [
        ShiftFacts(id=s.id, has_security_matters=bool(s.security_matters), taken=s.taken_at is not None,
                   security_taken=s.security_taken_at is not None)
        for s in logs
    ]  # fmt: skip


def others_open(loader: Loader, cases: Sequence[ShiftLog | None], _form: Mapping[str, Any]) -> list[bool]:
    """Whether another shift's log at the site has not been handed over yet."""
    site_id = loader.site.id if loader.site else None
    query = select(ShiftLog.id).where(
        ShiftLog.company_id == loader.company_id, ShiftLog.site_id == site_id, ShiftLog.state == "open"
    )
    still_open = set(loader.session.scalars(query))
    return [bool(still_open - {case.id if case is not None else None}) for case in cases]
