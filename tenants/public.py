"""What plugins may use of the tenant core: staff and departments, for choices and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from guanjia.steps.loader import Loader
from guanjia.steps.register import ACTIVE
from guanjia.words import Text
from tenants.models import Assignment, Department, Site, Staff

__all__ = ["Assignment", "Department", "Site", "Staff", "department_choices", "department_of_site", "department_titles",
           "staff_choices"]  # fmt: skip


def department_titles(loader: Loader, ids: Iterable[UUID | None]) -> dict[UUID, Text]:
    """Titles of departments by id."""
    return {i: Text(d.title_zh, d.title_en) for i, d in loader.by_id(Department, ids).items()}


def _departments(loader: Loader) -> Sequence[Department]:
    site_id = loader.site.id if loader.site else None
    query = select(Department).where(
        Department.company_id == loader.company_id,
        Department.site_id == site_id,
        Department.state == ACTIVE,
    )
    return loader.memo(
        ("departments", site_id), lambda: list(loader.session.scalars(query.order_by(Department.opened_at)))
    )


def department_choices(loader: Loader) -> list[tuple[str, Text]]:
    """The departments in use at the loader's site, for a form."""
    return [(str(d.id), Text(d.title_zh, d.title_en)) for d in _departments(loader)]


def department_of_site(loader: Loader, key: str) -> UUID | None:
    """The id of the site's department of that key (`engineering`), or None."""
    return next((d.id for d in _departments(loader) if d.key == key), None)


def staff_choices(loader: Loader, *, department_id: UUID | None = None) -> list[tuple[str, str]]:
    """Members of staff with an assignment at the department, or else at the site; by name."""
    site_id = loader.site.id if loader.site else None
    today = loader.place.calendar.date_of(loader.now)
    scopes = [department_id] if department_id else [site_id, *(d.id for d in _departments(loader))]
    query = (
        select(Staff)
        .join(Assignment, (Assignment.company_id == Staff.company_id) & (Assignment.staff_id == Staff.id))
        .where(
            Staff.company_id == loader.company_id,
            Staff.state == ACTIVE,
            Assignment.state == ACTIVE,
            Assignment.scope_id.in_(scopes),
            Assignment.from_day <= today,
            Assignment.until_day.is_(None) | (Assignment.until_day >= today),
        )
        .distinct()
        .order_by(Staff.name)
    )
    found = [(str(s.id), s.name) for s in loader.session.scalars(query)]
    return found if found or department_id is None else staff_choices(loader)
