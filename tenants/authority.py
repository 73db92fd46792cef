"""How far somebody's authority over staff goes: nobody gives away, or takes over, more than they hold themselves."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from guanjia.errors import Forbidden, Invalid
from guanjia.sdk import StepContext, words
from tenants import permissions
from tenants.directory import TenantDirectory
from tenants.models import COMPANY_SCOPE, Company, Role
from tenants.snapshot import Snapshot, effective_permissions, read_snapshot

_ = words("tenants")

NEEDED = frozenset({permissions.COMPANY.key, permissions.ROLES.key, permissions.STAFF.key})


def snapshot_of(ctx: StepContext) -> Snapshot:
    """The company as the step's session sees it, with what it has changed so far."""
    return cast(TenantDirectory, ctx.host.directory).snapshot(ctx.session)


def may_administer(ctx: StepContext, staff_id: UUID) -> None:
    """Return if the actor may change this person's access. Raises Forbidden.

    At a site: only people whose roles all lie within the site. At headquarters: only people who hold no permission of
    company level that the actor lacks, or a password reset would be a way to get it.
    """
    if ctx.actor is None:
        return
    snapshot = snapshot_of(ctx)
    held = snapshot.by_staff.get(staff_id, ())
    if ctx.site is not None:
        within = {ctx.site.id, *snapshot.departments_of.get(ctx.site.id, ())}
        if any(h.scope_id not in within for h in held):
            raise Forbidden(_("This person also holds roles elsewhere. Ask headquarters to do this."))
        return
    for h in held:
        if h.scope_kind == COMPANY_SCOPE:
            may_give(ctx, h.role, h.scope_kind)


def may_give(ctx: StepContext, role_key: str, scope_kind: str) -> None:
    """Return if the actor holds every permission of company level that the role gives there. Raises Forbidden."""
    role = snapshot_of(ctx).roles.get(role_key)
    if ctx.actor is None or role is None or scope_kind != COMPANY_SCOPE:
        return
    if not role.permissions - role.site_permissions <= ctx.actor.permissions:
        raise Forbidden(
            _(
                'The role "%(role)s" lets people administer the company, and you may not do that yourself. '
                "Ask an administrator of headquarters.",
                role=role.title,
            )
        )


def keep_an_administrator(
    ctx: StepContext, *, leaving: UUID | None = None, ending: UUID | None = None, reshaped: Role | None = None
) -> None:
    """Return if somebody can still administer the company, for good. Raises Invalid, so that nobody is locked out.

    Looked at without the person `leaving`, without the assignment `ending`, and with the role `reshaped` as it is now.
    """
    ctx.session.get_one(Company, (ctx.session.company_id, ctx.session.company_id), with_for_update=True)
    snapshot = read_snapshot(ctx.host, ctx.session)  # what others have changed until the lock was had counts too
    given_by = {key: role.permissions for key, role in snapshot.roles.items()}
    if reshaped is not None:
        given_by[reshaped.key] = effective_permissions(ctx.host, reshaped)
    day = snapshot.company.calendar.date_of(ctx.now)
    for person in snapshot.staff.values():
        if not person.active or person.id == leaving:
            continue
        held = [h for h in snapshot.by_staff.get(person.id, ()) if h.scope_kind == COMPANY_SCOPE and h.id != ending]
        lasting = [given_by.get(h.role, frozenset()) for h in held if h.from_day <= day and h.until_day is None]
        if frozenset().union(*lasting) >= NEEDED:
            return
    raise Invalid(
        {
            "_schema": [
                _(
                    "Nobody could administer the company any more. Give somebody else the role of headquarters "
                    "administrator first, without an end."
                )
            ]
        }
    )
