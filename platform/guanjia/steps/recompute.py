"""Dates that a calendar entered later would change: shown to headquarters, recomputed only when somebody says so.

A holiday notice moves no date by itself. The step `recompute` sets the new date beside the old one; closed cases never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.rules.rulebook import Bound
from guanjia.steps.deadlines import ToBeAgreed
from guanjia.steps.flow import SITE, Flow
from guanjia.steps.gather import gather
from guanjia.steps.loader import Loader
from guanjia.steps.models import Deadline


@dataclass(frozen=True)
class Difference:
    """An open date that today's calendar would set otherwise."""

    flow: str
    case_id: UUID
    deadline: Deadline
    would_be: datetime


def differences(loader: Loader, flow: Flow, *, limit: int = 500) -> list[Difference]:
    """The open dates of a flow at the loader's site that its rule would set otherwise today, soonest first."""
    if flow.level != SITE or loader.site is None:
        return []
    query = (
        select(Deadline)
        .where(
            Deadline.company_id == loader.company_id,
            Deadline.site_id == loader.site.id,
            Deadline.flow == flow.key,
            Deadline.state == "open",
            Deadline.cause.in_(("rule", "recomputed")),
            Deadline.due_at.is_not(None),
        )
        .order_by(Deadline.due_at)
        .limit(limit)
    )
    rows = list(loader.session.scalars(query))
    cases = loader.by_id(flow.model, (row.case_id for row in rows))
    found = []
    for row in rows:
        case = cases.get(row.case_id)
        due = computed(loader, flow, case, row) if case is not None else None
        if due is not None and due != row.due_at:
            found.append(Difference(flow.key, row.case_id, row, due))
    return found


def computed(loader: Loader, flow: Flow, case: Any, row: Deadline) -> datetime | None:
    """What the deadline's own rule says today, under the case's own rulebook; None where it says nothing any more."""
    plan = loader.host.rulebooks.plan(loader.host.rulebooks.get(loader.session, case.rulebook_id), loader.place)
    for step_key, bound in _bounds(plan.starts, row):
        step = loader.host.step(step_key)
        facts = gather(loader, flow, step, plan, case, {}, actor_id=None, now=loader.now)
        if "form" in bound.function.groups:
            continue
        due = bound(facts, calendar=loader.place.calendar)
        if isinstance(due, ToBeAgreed) or due is None:
            return None
        return due  # type: ignore[no-any-return]
    return None


def _bounds(starts: dict[str, tuple[Bound, ...]], row: Deadline) -> Iterator[tuple[str, Bound]]:
    for step_key, bounds in starts.items():
        for bound in bounds:
            if bound.rule.key == row.rule and bound.function.options["name"] == row.name:
                yield step_key, bound
