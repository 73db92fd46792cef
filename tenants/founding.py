"""Founding a company: the one act that does not go through `perform`, for there is nobody yet who could take a step."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import Invalid
from guanjia.host import Host
from guanjia.jobs.duties import schedule_next
from guanjia.steps import journal
from guanjia.steps.models import Tenant
from guanjia.words import LANGUAGES, words
from tenants.models import (
    ACTIVE,
    ALL_PERMISSIONS,
    AUDITOR,
    COMPANY_SCOPE,
    HQ_ADMIN,
    ZONE,
    Assignment,
    Company,
    Credential,
    Role,
    Staff,
)
from tenants.passwords import PasswordPolicy, hash_password

_ = words("tenants")

CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
OWN_ROLES: tuple[dict[str, str], ...] = (
    {"key": HQ_ADMIN, "level": COMPANY_SCOPE, "title_zh": "总部管理员", "title_en": "Headquarters administrator",
     "description_zh": "管理公司的组织、管理处、人员、角色和制度开关。",
     "description_en": "Administers the company's tree, sites, staff, roles and rules."},
    {"key": AUDITOR, "level": COMPANY_SCOPE, "title_zh": "审计员", "title_en": "Auditor",
     "description_zh": "查阅日志、权限和各管理处执行制度的情况，不办理业务。",
     "description_en": "Reads the journal, the permissions and how sites keep the regulations; handles no business."},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundedCompany:
    """A new company and its first administrator."""

    company_id: UUID
    admin_id: UUID


@cache
def standard_roles() -> tuple[dict[str, str], ...]:
    """The roles a company starts with: headquarters' own, then those that the rules name."""
    return (*OWN_ROLES, *_data()["role"])


@cache
def standard_departments() -> tuple[dict[str, str], ...]:
    """The departments a site starts with."""
    return tuple(_data()["department"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("tenants").joinpath("roles.toml").read_text(encoding="utf-8"))


def found_company(
    host: Host,
    *,
    code: str,
    name: str,
    admin_account: str,
    admin_name: str,
    admin_password: str,
    language: str = "zh",
    must_change_password: bool = False,
    operator: str = "",
) -> FoundedCompany:
    """A company exists, with the standard roles and one administrator at company scope; its journal begins.

    `code` is what people type to sign in: 1 to 40 of a-z, 0-9 and hyphens. `operator` names whoever founded it.
    Raises Invalid, naming the field, for a code in use and for a password that is too short.
    """
    _check(code, name, admin_account, admin_name, admin_password, language)
    company_id, admin_id, now = host.ids.new(), host.ids.new(), host.clock.now()
    with tenant_session(company_id, write=True) as session:
        session.add(Tenant(id=company_id, code=code, state="active", version=1))
        try:
            session.flush()
        except IntegrityError:
            raise Invalid({"code": [_("Another company uses this code already. Choose another one.")]}) from None
        row: dict[str, Any] = {
            "company_id": company_id,
            "state": ACTIVE,
            "version": 1,
            "opened_at": now,
            "changed_at": now,
        }
        session.add(Company(**row, id=company_id, name=name, language=language))
        session.flush()
        for role in standard_roles():
            session.add(_role(host, role, row))
        session.add(
            Staff(
                **row,
                id=admin_id,
                site_id=None,
                account=admin_account.strip().lower(),
                name=admin_name,
                language=language,
            )
        )
        session.flush()
        session.add(
            Credential(
                company_id=company_id,
                id=admin_id,
                password_hash=hash_password(admin_password),
                must_change=must_change_password,
                changed_at=now,
            )
        )
        session.add(
            Assignment(
                **row,
                id=host.ids.new(),
                site_id=None,
                staff_id=admin_id,
                role_key=HQ_ADMIN,
                scope_kind=COMPANY_SCOPE,
                scope_id=company_id,
                from_day=now.astimezone(ZoneInfo(ZONE)).date(),
            )
        )
        session.flush()
        _begin_journal(host, session, company_id, admin_id, code, operator)
        session.commit()
    schedule_next(host, company_id, now)
    return FoundedCompany(company_id, admin_id)


def _role(host: Host, data: dict[str, str], row: dict[str, Any]) -> Role:
    key = data["key"]
    given = [ALL_PERMISSIONS] if key == HQ_ADMIN else sorted(p.key for p in host.permissions.values() if key in p.roles)
    return Role(
        **row, id=host.ids.new(), key=key, title_zh=data["title_zh"], title_en=data["title_en"], standard=True,
        description_zh=data["description_zh"], description_en=data["description_en"], level=data["level"],
        permissions=given, decided=sorted(host.permissions),
    )  # fmt: skip


def _begin_journal(
    host: Host, session: TenantSession, company_id: UUID, admin_id: UUID, code: str, operator: str
) -> None:
    body = {
        "v": 1,
        "via": "operator",
        "cause": None,
        "code": code,
        "admin": str(admin_id),
        "roles": [role["key"] for role in standard_roles()],
    }
    private = {"operator": operator} if operator else {}
    journal.write(
        session,
        host.ids,
        journal.Entry(
            site_id=None,
            at=host.clock.now(),
            step="tenants.company.found",
            outcome="done",
            case_id=company_id,
            actor_id=None,
            body=body,
            private=private,
        ),
    )


def _check(code: str, name: str, account: str, admin_name: str, password: str, language: str) -> None:
    errors: dict[str, Any] = {}
    if not CODE.fullmatch(code):
        errors["code"] = [_("Use 1 to 40 small letters, digits and hyphens, with a letter or digit at both ends.")]
    for field, text, most in (("name", name, 100), ("admin_account", account, 60), ("admin_name", admin_name, 60)):
        if not text.strip() or len(text) > most:
            errors[field] = [_("Give this in 1 to %(max)s characters.", max=most)]
    if language not in LANGUAGES:
        errors["language"] = [_("Choose zh or en.")]
    faults = PasswordPolicy().faults(password, account, (code, name, admin_name))
    if faults:
        errors["admin_password"] = faults
    if errors:
        raise Invalid(errors)
