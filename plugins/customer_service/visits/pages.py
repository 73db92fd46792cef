"""The page of visits: how many are still owed this month, whom to visit next, and whose area is which building."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import select

from guanjia.sdk import Loader
from guanjia.steps.models import Task
from guanjia.web.addresses import case_url, form_url, ledger_url
from guanjia.web.caller import caller, reading
from plugins.customer_service.permissions import AREAS
from plugins.customer_service.visits.choosing import areas_of, next_households
from plugins.customer_service.visits.flow import areas, buildings_of, visit_plans, visits
from plugins.customer_service.visits.models import Visit
from plugins.customer_service.visits.rules import area_manager_visits, director_visits

OPEN_SHOWN = 20


@dataclass(frozen=True)
class Patch:
    """A building on the map, with the area that it belongs to (None: nobody's)."""

    name: str
    area: str | None
    manager: str
    mine: bool


def visits_page(site_code: str) -> str:
    """What the reader owes, whom to visit next, what visits left open, and the map of areas."""
    with reading(caller(site_code)) as loader:
        assert loader.actor is not None and loader.site is not None  # a site's page, for people
        record = visits.steps["record"]
        candidates = next_households(loader, loader.actor.id)
        return render_template(
            "customer_service/visits.html", owed=_owed(loader), candidates=candidates,
            record_url=lambda home: form_url(record, None, site_code, household_id=home.id),
            home_url=lambda home: case_url("registry.household", home.id, site_code), patches=_map(loader),
            open_visits=_open(loader, site_code), ledger=ledger_url(visits, site_code), areas_url=ledger_url(areas, site_code),
            plans_url=ledger_url(visit_plans, site_code), may_set_areas=loader.may(AREAS.key), new_url=form_url(record, None, site_code),
            date_of=loader.site.calendar.date_of,
        )  # fmt: skip


def _owed(loader: Loader) -> list[dict[str, Any]]:
    """The open duties of this kind that the reader owes: households visited of those owed, and until when."""
    assert loader.actor is not None and loader.site is not None
    query = select(Task).where(
        Task.company_id == loader.company_id, Task.site_id == loader.site.id, Task.state == "open",
        Task.rule.in_([director_visits.key, area_manager_visits.key]),
        (Task.staff_id == loader.actor.id) | (Task.staff_id.is_(None) & Task.role.in_(loader.actor.facts.roles)),
    )  # fmt: skip
    return [
        {"period": t.period, "met": t.met, "owed": t.owed, "due_at": t.due_at, "left": t.owed - t.met}
        for t in loader.session.scalars(query.order_by(Task.due_at, Task.id))
    ]


def _open(loader: Loader, site_code: str) -> Sequence[dict[str, Any]]:
    assert loader.site is not None
    query = select(Visit).where(
        Visit.company_id == loader.company_id, Visit.site_id == loader.site.id, Visit.state == "open"
    )
    rows = list(loader.session.scalars(query.order_by(Visit.reply_by.is_(None), Visit.reply_by).limit(OPEN_SHOWN)))
    return [
        {"number": v.number, "question": v.question, "reply_by": v.reply_by, "major": v.is_major, "url": case_url(visits, v.id, site_code)}
        for v in rows
    ]  # fmt: skip


def _map(loader: Loader) -> list[Patch]:
    assert loader.actor is not None
    by_building = {b: area for area in areas_of(loader) for b in area.buildings}
    names = loader.names(area.manager_id for area in by_building.values())
    found = []
    for building in buildings_of(loader):
        area = by_building.get(str(building.id))
        found.append(Patch(building.name, area.name if area else None, names.get(area.manager_id, "") if area else "",
                           area is not None and area.manager_id == loader.actor.id))  # fmt: skip
    return found
