"""All of a company that decides who, where and which roles, read at once and kept per version of the company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from guanjia.calendar import BusinessHours, WorkCalendar
from guanjia.calendar.days import DayKind
from guanjia.db.session import TenantSession
from guanjia.ports import CompanyInfo, SiteInfo
from guanjia.rules.settings import Setting
from guanjia.steps.models import Tenant
from guanjia.words import Text
from tenants.models import (
    ACTIVE,
    ALL_PERMISSIONS,
    COMPANY_SCOPE,
    DEPARTMENT_SCOPE,
    SITE_SCOPE,
    Absence,
    Assignment,
    CalendarDay,
    CalendarYear,
    Company,
    Department,
    OrgUnit,
    PluginSwitch,
    Role,
    Site,
    Staff,
)

if TYPE_CHECKING:
    from guanjia.host import Host


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """A role with the permissions that it gives now; `site_permissions` leave out those of company level."""

    key: str
    title: Text
    level: str
    permissions: frozenset[str]
    site_permissions: frozenset[str]

    def gives(self, scope_kind: str) -> frozenset[str]:
        """The permissions that an assignment of this role gives at a scope of that kind."""
        return self.permissions if scope_kind == COMPANY_SCOPE else self.site_permissions


@dataclass(frozen=True, slots=True)
class DepartmentInfo:
    """A department; `site_id` None: of headquarters."""

    id: UUID
    site_id: UUID | None
    key: str
    title: Text


@dataclass(frozen=True, slots=True)
class StaffInfo:
    """A member of staff, dismissed ones too."""

    id: UUID
    name: str
    language: str
    active: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A role held at a scope; days are the site's (the company's for company and units), both included."""

    id: UUID
    staff_id: UUID
    role: str
    scope_kind: str
    scope_id: UUID
    from_day: date
    until_day: date | None

    def counts_on(self, day: date) -> bool:
        """Whether the assignment is in force on `day`."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


@dataclass(frozen=True, slots=True)
class Away:
    """A time for which somebody is away."""

    deputy: UUID | None
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True)
class Snapshot:
    """A company as it stood at one version. Nothing in it changes."""

    company: CompanyInfo
    units: Mapping[UUID, tuple[UUID | None, str]]  # parent, name
    sites: Mapping[UUID, SiteInfo]
    departments: Mapping[UUID, DepartmentInfo]
    staff: Mapping[UUID, StaffInfo]
    roles: Mapping[str, RoleInfo]
    by_staff: Mapping[UUID, tuple[Held, ...]]
    by_scope: Mapping[UUID, tuple[Held, ...]]
    away: Mapping[UUID, tuple[Away, ...]]
    departments_of: Mapping[UUID | None, tuple[UUID, ...]]
    settings: list[Setting] | None = field(default=None)
    outside: object | None = field(default=None)  # robots and subscriptions: see tenants.channels.outside

    def reach_of(self, site: SiteInfo) -> frozenset[UUID]:
        """The scopes whose assignments reach the site: company, units above, the site and its departments."""
        return frozenset(site.chain) | frozenset(self.departments_of.get(site.id, ()))

    def at_headquarters(self, held: Held) -> bool:
        """Whether the assignment belongs to headquarters: company, unit, or a department of headquarters itself."""
        if held.scope_kind == DEPARTMENT_SCOPE:
            department = self.departments.get(held.scope_id)
            return department is not None and department.site_id is None
        return held.scope_kind != SITE_SCOPE

    def unit_chain(self, unit_id: UUID | None) -> tuple[UUID, ...]:
        """The units from the topmost down to this one."""
        return _unit_chain(self.units, unit_id)

    def scope_name(self, scope: UUID) -> str:
        """The name of a company, unit, site or department; empty where there is none such."""
        if scope == self.company.id:
            return self.company.name
        if scope in self.units:
            return self.units[scope][1]
        if scope in self.sites:
            return self.sites[scope].name
        department = self.departments.get(scope)
        if department is None:
            return ""
        site = self.sites.get(department.site_id) if department.site_id else None
        return f"{site.name} · {department.title}" if site else str(department.title)


def read_snapshot(host: Host, session: TenantSession) -> Snapshot:
    """The company as the database has it now. Raises LookupError where it has no company row (not founded)."""
    here = session.company_id
    company = session.scalars(select(Company).where(Company.company_id == here)).one_or_none()
    code = session.scalars(select(Tenant.code).where(Tenant.id == here)).one_or_none()
    if company is None or code is None:
        raise LookupError(f"company {here} was not founded")
    units = {
        unit_id: (parent, name)
        for unit_id, parent, name in session.execute(
            select(OrgUnit.id, OrgUnit.parent_id, OrgUnit.name).where(OrgUnit.company_id == here)
        )
    }
    switches = _switches(session)
    days = _days(session)
    announced = frozenset(
        session.scalars(select(CalendarYear.year).where(CalendarYear.company_id == here, CalendarYear.state == ACTIVE))
    )
    company_info = CompanyInfo(
        id=here,
        code=code,
        name=company.name,
        zone=ZoneInfo(company.zone),
        calendar=_calendar(company, days.get(None, {}), announced),
        plugins=_plugins(host, switches, None),
    )
    sites = {
        row.id: SiteInfo(
            id=row.id, code=row.code, name=row.name, zone=ZoneInfo(row.zone),
            calendar=_calendar(row, days.get(None, {}) | days.get(row.id, {}), announced),
            chain=(here, *_unit_chain(units, row.org_unit_id), row.id),
            plugins=_plugins(host, switches, row.id), closed=row.state != ACTIVE,
        )
        for row in session.scalars(select(Site).where(Site.company_id == here).order_by(Site.code))
    }  # fmt: skip
    departments = {
        row.id: DepartmentInfo(row.id, row.site_id, row.key, Text(row.title_zh, row.title_en))
        for row in session.scalars(
            select(Department).where(Department.company_id == here, Department.state == ACTIVE)
            .order_by(Department.opened_at, Department.id))
    }  # fmt: skip
    departments_of: dict[UUID | None, tuple[UUID, ...]] = {}
    for department in departments.values():
        departments_of[department.site_id] = (*departments_of.get(department.site_id, ()), department.id)
    by_staff, by_scope = _held(session)
    return Snapshot(
        company=company_info,
        units=units,
        sites=sites,
        departments=departments,
        staff=_staff(session),
        roles=_roles(host, session),
        by_staff=by_staff,
        by_scope=by_scope,
        away=_away(session),
        departments_of=departments_of,
    )


def _unit_chain(units: Mapping[UUID, tuple[UUID | None, str]], unit_id: UUID | None) -> tuple[UUID, ...]:
    chain: list[UUID] = []
    while unit_id is not None and unit_id in units and unit_id not in chain:
        chain.append(unit_id)
        unit_id = units[unit_id][0]
    return tuple(reversed(chain))


def _calendar(row: Company | Site, days: Mapping[date, DayKind], announced: frozenset[int]) -> WorkCalendar:
    return WorkCalendar(ZoneInfo(row.zone), BusinessHours(row.opens, row.closes), days, announced)


def _days(session: TenantSession) -> dict[UUID | None, dict[date, DayKind]]:
    query = select(CalendarDay.site_id, CalendarDay.day, CalendarDay.kind).where(
        CalendarDay.company_id == session.company_id, CalendarDay.state == ACTIVE
    )
    found: dict[UUID | None, dict[date, DayKind]] = {}
    for site_id, day, kind in session.execute(query):
        found.setdefault(site_id, {})[day] = DayKind(kind)
    return found


def _switches(session: TenantSession) -> dict[tuple[UUID | None, str], bool]:
    query = select(PluginSwitch.site_id, PluginSwitch.plugin, PluginSwitch.is_on).where(
        PluginSwitch.company_id == session.company_id, PluginSwitch.state == ACTIVE
    )
    return {(site_id, plugin): is_on for site_id, plugin, is_on in session.execute(query)}


def _plugins(host: Host, switches: Mapping[tuple[UUID | None, str], bool], site_id: UUID | None) -> frozenset[str]:
    """What is on: not switched off for the company or the site, and neither is anything that it needs."""
    active = {
        key
        for key, plugin in host.plugins.items()
        if plugin.always_on
        or (switches.get((None, key), True) and (site_id is None or switches.get((site_id, key), True)))
    }
    while True:
        lame = {key for key in active if not set(host.plugins[key].needs) <= active and not host.plugins[key].always_on}
        if not lame:
            return frozenset(active)
        active -= lame


def _staff(session: TenantSession) -> dict[UUID, StaffInfo]:
    query = select(Staff.id, Staff.name, Staff.language, Staff.state).where(Staff.company_id == session.company_id)
    return {row.id: StaffInfo(row.id, row.name, row.language, row.state == ACTIVE) for row in session.execute(query)}


def effective_permissions(host: Host, role: Role) -> frozenset[str]:
    """What the role gives now: its list, and the default of permissions that came after it was last made up."""
    if ALL_PERMISSIONS in role.permissions:
        return frozenset(host.permissions)
    decided = set(role.decided)
    later = {p.key for p in host.permissions.values() if p.key not in decided and role.key in p.roles}
    return (frozenset(role.permissions) & frozenset(host.permissions)) | later


def _roles(host: Host, session: TenantSession) -> dict[str, RoleInfo]:
    company_only = {key for key, permission in host.permissions.items() if permission.level == COMPANY_SCOPE}
    found = {}
    for role in session.scalars(
        select(Role).where(Role.company_id == session.company_id).order_by(Role.opened_at, Role.id)
    ):
        given = effective_permissions(host, role) if role.state == ACTIVE else frozenset()
        found[role.key] = RoleInfo(
            role.key, Text(role.title_zh, role.title_en), role.level, given, given - company_only
        )
    return found


def _held(session: TenantSession) -> tuple[dict[UUID, tuple[Held, ...]], dict[UUID, tuple[Held, ...]]]:
    query = select(
        Assignment.id, Assignment.staff_id, Assignment.role_key, Assignment.scope_kind, Assignment.scope_id,
        Assignment.from_day, Assignment.until_day,
    ).where(Assignment.company_id == session.company_id, Assignment.state == ACTIVE)  # fmt: skip
    all_held = [Held(*row) for row in session.execute(query.order_by(Assignment.opened_at, Assignment.id))]
    return _grouped((held.staff_id, held) for held in all_held), _grouped((held.scope_id, held) for held in all_held)


def _grouped(pairs: Iterable[tuple[UUID, Held]]) -> dict[UUID, tuple[Held, ...]]:
    lists: dict[UUID, list[Held]] = {}
    for key, held in pairs:
        lists.setdefault(key, []).append(held)
    return {key: tuple(values) for key, values in lists.items()}


def _away(session: TenantSession) -> dict[UUID, tuple[Away, ...]]:
    query = select(Absence.staff_id, Absence.deputy_id, Absence.from_at, Absence.until_at).where(
        Absence.company_id == session.company_id, Absence.state == ACTIVE
    )
    found: dict[UUID, tuple[Away, ...]] = {}
    for staff_id, deputy, from_at, until_at in session.execute(query.order_by(Absence.opened_at, Absence.id)):
        found[staff_id] = (*found.get(staff_id, ()), Away(deputy, from_at, until_at))
    return found


def scopes_upwards(snapshot: Snapshot, site: SiteInfo | None, department: UUID | None) -> Iterator[tuple[UUID, ...]]:
    """The scopes to look at for a case, nearest first; scopes of one tuple count alike.

    Below a site lie its departments: a role that is held in one of them is held at the site, though a case of another
    department asks the site itself first. At headquarters it is the company with its own departments.
    """
    here = snapshot.departments_of.get(site.id if site else None, ())
    if department in here:
        yield (department,)
    if site is None:
        yield (snapshot.company.id, *here)
        return
    if department in here:
        yield (site.id,)
        yield here
    else:
        yield (site.id, *here)
    for scope in reversed(site.chain[:-1]):
        yield (scope, *snapshot.departments_of.get(None, ())) if scope == snapshot.company.id else (scope,)
