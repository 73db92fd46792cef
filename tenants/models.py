"""Companies, their tree, sites, departments, staff, roles and who holds them where; calendars and plugin switches.

A row of a register is a case with the states `active` and `retired`. `opened_by` carries no foreign key in the rows
that staff themselves stand on (company, unit, site, role): the database could not create tables that need each other.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, Time, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.db.base import SITE_TABLE, STAFF_TABLE, CompanyScoped, reference
from guanjia.db.types import JsonText, UtcDateTime
from guanjia.steps.models import CompanyCase
from guanjia.steps.register import ACTIVE, RETIRED

ZONE = "Asia/Shanghai"
HQ_ADMIN, AUDITOR = "hq_admin", "auditor"
ALL_PERMISSIONS = "*"  # in a role's list: whatever any plugin declares, now or later
COMPANY_SCOPE, UNIT_SCOPE, SITE_SCOPE, DEPARTMENT_SCOPE = "company", "unit", "site", "department"
SCOPES = (COMPANY_SCOPE, UNIT_SCOPE, SITE_SCOPE, DEPARTMENT_SCOPE)


class CompanyRegister(CompanyScoped):
    """A row of a register that stands above the sites."""

    __abstract__ = True
    state: Mapped[str] = mapped_column(String(40), default=ACTIVE)
    version: Mapped[int] = mapped_column(Integer, default=1)
    rulebook_id: Mapped[UUID | None] = mapped_column(Uuid())
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[UUID | None] = mapped_column(Uuid())
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Company(CompanyRegister):
    """The company itself; its `id` is the tenant's. Hours are local times in `zone`."""

    __tablename__ = "tenants_company"
    name: Mapped[str] = mapped_column(String(100))
    zone: Mapped[str] = mapped_column(String(60), default=ZONE)
    opens: Mapped[time] = mapped_column(Time, default=time(8, 30))
    closes: Mapped[time] = mapped_column(Time, default=time(18, 0))
    language: Mapped[str] = mapped_column(String(8), default="zh")
    password_min_length: Mapped[int] = mapped_column(Integer, default=12)
    password_level3: Mapped[bool] = mapped_column(default=False)  # composition and rotation of GB/T 22239, level 3
    password_max_days: Mapped[int] = mapped_column(Integer, default=90)  # this and the next count with level 3 only
    password_history: Mapped[int] = mapped_column(Integer, default=5)
    session_idle_minutes: Mapped[int | None] = mapped_column(Integer)  # None: as long as the installation allows
    session_absolute_hours: Mapped[int | None] = mapped_column(Integer)
    second_factor_roles: Mapped[list[str]] = mapped_column(
        JsonText, default=list, info={"fact": True}
    )  # who must have one

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One row a company."""
        return (UniqueConstraint("company_id"),)


class OrgUnit(CompanyRegister):
    """A node of the company's tree: a region, a branch. Sites hang below; None as parent: right below the company."""

    __tablename__ = "tenants_org_unit"
    parent_id: Mapped[UUID | None] = reference("tenants_org_unit", nullable=True, index=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A code is used once in a company."""
        return (UniqueConstraint("company_id", "code"),)


class Site(CompanyRegister):
    """A management office and the estate that it manages. `code` stands in its addresses."""

    __tablename__ = SITE_TABLE
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    org_unit_id: Mapped[UUID | None] = reference("tenants_org_unit", nullable=True, index=True)
    zone: Mapped[str] = mapped_column(String(60), default=ZONE)
    opens: Mapped[time] = mapped_column(Time, default=time(8, 30))
    closes: Mapped[time] = mapped_column(Time, default=time(18, 0))
    address: Mapped[str] = mapped_column(String(200), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A code is used once in a company."""
        return (UniqueConstraint("company_id", "code"),)


class Staff(CompanyCase):
    """A member of staff. `site_id` is the office that keeps the person's entry, None headquarters; reach comes from
    assignments alone. Retired means dismissed: the name stays, sign-in and roles do not."""

    __tablename__ = STAFF_TABLE
    account: Mapped[str] = mapped_column(String(60), info={"private": True})
    name: Mapped[str] = mapped_column(String(60), info={"private": True})
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    language: Mapped[str] = mapped_column(String(8), default="zh")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """An account is used once in a company."""
        return (UniqueConstraint("company_id", "account"),)

    @property
    def dismissed(self) -> bool:
        """Whether the person has left."""
        return self.state == RETIRED


class Department(CompanyCase):
    """A department of a site, or of headquarters where `site_id` is None. Rules name it by `key`."""

    __tablename__ = "tenants_department"
    key: Mapped[str] = mapped_column(String(60))
    title_zh: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(60))

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A key is used once at a site."""
        return (UniqueConstraint("company_id", "site_id", "key"),)


class Role(CompanyRegister):
    """A company's named set of permissions; rules name it by `key`, which never changes.

    `decided` lists the permissions that existed when the set was last made up: one that a plugin brought later
    follows its own default until somebody decides otherwise. `level` is where the role is usually held.
    """

    __tablename__ = "tenants_role"
    key: Mapped[str] = mapped_column(String(60))
    title_zh: Mapped[str] = mapped_column(String(60))
    title_en: Mapped[str] = mapped_column(String(60))
    description_zh: Mapped[str] = mapped_column(String(300), default="")
    description_en: Mapped[str] = mapped_column(String(300), default="")
    permissions: Mapped[list[str]] = mapped_column(JsonText, default=list)
    decided: Mapped[list[str]] = mapped_column(JsonText, default=list, info={"private": True})
    level: Mapped[str] = mapped_column(String(20), default="site")
    standard: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A key is used once in a company."""
        return (UniqueConstraint("company_id", "key"),)


class Assignment(CompanyCase):
    """That a member of staff holds a role at a scope, from a day on and until a day (both included, in site time).

    `site_id` is the site in whose register it stands: that of a site or department scope, else None. `scope_id` may be
    the company's, so no foreign key can say where it points; the step that makes it looks.
    """

    __tablename__ = "tenants_assignment"
    staff_id: Mapped[UUID] = reference(STAFF_TABLE, index=True)
    role_key: Mapped[str] = mapped_column(String(60))
    scope_kind: Mapped[str] = mapped_column(String(20))
    scope_id: Mapped[UUID] = mapped_column(Uuid())
    from_day: Mapped[date]
    until_day: Mapped[date | None]

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A role is one of the company's; holders are found by scope."""
        return (
            ForeignKeyConstraint(["company_id", "role_key"], ["tenants_role.company_id", "tenants_role.key"]),
            Index("ix_tenants_assignment_scope", "company_id", "scope_id", "role_key"),
        )


class Absence(CompanyCase):
    """That a member of staff is away for a time, and who stands in. Without a deputy their roles are vacant then."""

    __tablename__ = "tenants_absence"
    staff_id: Mapped[UUID] = reference(STAFF_TABLE, index=True)
    deputy_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PluginSwitch(CompanyCase):
    """Whether a plugin is on: for the company where `site_id` is None (the default is on), else at the site."""

    __tablename__ = "tenants_plugin_switch"
    plugin: Mapped[str] = mapped_column(String(60))
    is_on: Mapped[bool]

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One switch a plugin and site."""
        return (UniqueConstraint("company_id", "site_id", "plugin"),)


class CalendarDay(CompanyCase):
    """A day that differs from the national calendar, for the company or one site: `kind` off or work."""

    __tablename__ = "tenants_calendar_day"
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A day is entered once at a place."""
        return (UniqueConstraint("company_id", "site_id", "day"),)


class CalendarYear(CompanyRegister):
    """A year whose holidays the company has entered from the official notice: its dates are no longer provisional."""

    __tablename__ = "tenants_calendar_year"
    year: Mapped[int] = mapped_column(Integer)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A year is announced once."""
        return (UniqueConstraint("company_id", "year"),)


from tenants.identity import (  # noqa: E402 - these tables refer to the ones above
    ApiToken,
    Credential,
    LoginSession,
    Operator,
    OperatorSession,
    SecondFactor,
    SignInThrottle,
)
from tenants.settings.models import RuleChange, RuleSetting  # noqa: E402

__all__ = [
    "ACTIVE", "ALL_PERMISSIONS", "AUDITOR", "COMPANY_SCOPE", "DEPARTMENT_SCOPE", "HQ_ADMIN", "RETIRED", "SCOPES",
    "SITE_SCOPE", "UNIT_SCOPE", "Absence", "ApiToken", "Assignment", "CalendarDay", "CalendarYear", "Company",
    "CompanyRegister", "Credential", "Department", "LoginSession", "Operator", "OperatorSession", "OrgUnit",
    "PluginSwitch", "Role", "RuleChange", "RuleSetting", "SecondFactor", "SignInThrottle", "Site", "Staff",
]  # fmt: skip
