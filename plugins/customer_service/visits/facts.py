"""What rules may know of a visit, and what the duty of area managers knows of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Loader, facts
from plugins.customer_service.visits.models import Area, Visit


@facts
class VisitFacts:
    """A visit as rules see it. Times are UTC."""

    id: UUID
    visited_at: datetime
    has_question: bool
    answered: bool
    reply_by: datetime | None
    is_major: bool
    handled: bool


def visit_facts(_loader: Loader, visits: Sequence[Visit]) -> list[VisitFacts]:
    """The facts of the visits."""
    return [
        VisitFacts(id=v.id, visited_at=v.visited_at, has_question=bool(v.question), answered=bool(v.answer), reply_by=v.reply_by,
                   is_major=v.is_major, handled=v.handled_at is not None)
        for v in visits
    ]  # fmt: skip


def area_managers(loader: Loader, sites: Sequence[Any], _form: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """By site: the areas in use, each with its id and the id of its manager."""
    query = select(Area.site_id, Area.id, Area.manager_id).where(
        Area.company_id == loader.company_id, Area.site_id.in_([site.id for site in sites]), Area.state == "active"
    )
    found: dict[Any, list[dict[str, str]]] = {site.id: [] for site in sites}
    for site_id, area_id, manager_id in loader.session.execute(query.order_by(Area.opened_at, Area.id)):
        found[site_id].append({"area": str(area_id), "manager": str(manager_id)})
    return [found[site.id] for site in sites]
