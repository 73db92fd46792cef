"""How the company's people sign in, at a glance: the policy, and who holds a role that needs a second factor without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, render_template
from sqlalchemy import select

from guanjia.errors import Forbidden
from guanjia.sdk import words
from guanjia.steps.loader import Loader
from guanjia.web.addresses import case_url, step_url
from guanjia.web.caller import caller, reading
from tenants import permissions
from tenants.directory import TenantDirectory
from tenants.models import Company, SecondFactor
from tenants.owed import company_of, limits_of_sessions
from tenants.passwords import PasswordPolicy
from tenants.people import staff
from tenants.places import company as company_flow

_ = words("tenants")

blueprint = Blueprint("tenants_policy", __name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """A role that needs a second factor: how many hold it, and who of them has none (name, address of the entry)."""

    title: str
    holders: int
    lacking: list[tuple[str, str]]


@blueprint.get("/hq/sign-in")
def policy() -> str:
    """The page. Raises Forbidden for whoever may not administer the company."""
    ctx = caller(None)
    with reading(ctx) as loader:
        if not loader.may(permissions.COMPANY.key):
            raise Forbidden()
        row = company_of(loader.session)
        idle, absolute = limits_of_sessions(loader.host.config, row.session_idle_minutes, row.session_absolute_hours)
        step = company_flow.steps["set_sign_in_policy"]
        return render_template(
            "tenants/policy.html", row=row, policy=PasswordPolicy.of(row), needs=_needs(loader, row),
            idle_minutes=int(idle.total_seconds()) // 60, absolute_hours=int(absolute.total_seconds()) // 3600,
            change_url=step_url(step, row.id, None), history_url=case_url(company_flow, row.id, None),
        )  # fmt: skip


def _needs(loader: Loader, row: Company) -> list[Needs]:
    snapshot = cast(TenantDirectory, loader.host.directory).snapshot(loader.session)
    today = snapshot.company.calendar.date_of(loader.now)
    query = select(SecondFactor.id).where(SecondFactor.company_id == loader.company_id)
    with_factor = set(loader.session.scalars(query))
    found = []
    for key in row.second_factor_roles:
        people = {
            held.staff_id for staff_id, roles in snapshot.by_staff.items() for held in roles
            if held.role == key and (held.until_day is None or held.until_day >= today) and snapshot.staff[staff_id].active
        }  # fmt: skip
        lacking = sorted((snapshot.staff[i].name, case_url(staff, i, None)) for i in people - with_factor)
        title = snapshot.roles[key].title if key in snapshot.roles else key
        found.append(Needs(str(title), len(people), lacking))
    return found
