"""Roles and who holds them: permissions reshaped by headquarters, assignments given out at a scope for a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema
from sqlalchemy import select

from guanjia.schema import invalid
from guanjia.sdk import COMPANY, Column, Flow, Invalid, Loader, State, StepContext, StrictSchema, register, words
from guanjia.words import Text
from tenants import permissions
from tenants.authority import keep_an_administrator, may_give, snapshot_of
from tenants.looking import look_first, refuse_change
from tenants.models import (
    ACTIVE,
    ALL_PERMISSIONS,
    COMPANY_SCOPE,
    DEPARTMENT_SCOPE,
    HQ_ADMIN,
    RETIRED,
    SCOPES,
    SITE_SCOPE,
    UNIT_SCOPE,
    Assignment,
    Department,
    Role,
    Staff,
)
from tenants.people import people_choices, works_here
from tenants.places import key_text, name_field, of_this_place
from tenants.sessions import revoke_sessions
from tenants.snapshot import Snapshot, effective_permissions

_ = words("tenants")

LEVELS = [("site", _("At a site")), ("company", _("In the company"))]
SCOPE_TITLES = {
    COMPANY_SCOPE: _("Company"), UNIT_SCOPE: _("Org unit"), SITE_SCOPE: _("Site"), DEPARTMENT_SCOPE: _("Department"),
}  # fmt: skip


class RoleForm(StrictSchema):
    """A named set of permissions."""

    key = fields.String(
        required=True,
        validate=key_text,
        metadata={"label": _("Key"), "fact": True, "help": _("Rules name the role by it; it cannot change later.")},
    )
    title_zh = name_field(_("Chinese title"), 60)
    title_en = name_field(_("English title"), 60)
    description_zh = fields.String(
        load_default="", validate=validate.Length(max=300), metadata={"label": _("Chinese description"), "fact": True}
    )
    description_en = fields.String(
        load_default="", validate=validate.Length(max=300), metadata={"label": _("English description"), "fact": True}
    )
    level = fields.String(
        load_default="site",
        validate=validate.OneOf([key for key, _title in LEVELS]),
        metadata={"label": _("Usually held"), "choices": LEVELS},
    )
    permissions = fields.List(
        fields.String(validate=validate.Length(1, 120)),
        load_default=list,
        metadata={"label": _("Permissions"), "fact": True, "widget": "checkboxes"},
    )


def _look_at_role(form: Mapping[str, Any], row: Role | None, ctx: StepContext) -> None:
    refuse_change(form, row, "key")
    is_admin = form["key"] == HQ_ADMIN
    unknown = sorted(set(form["permissions"]) - set(ctx.host.permissions) - ({ALL_PERMISSIONS} if is_admin else set()))
    if unknown:
        raise Invalid({"permissions": [_('There is no permission "%(key)s". Choose from the list.', key=unknown[0])]})
    query = select(Department.id).where(Department.company_id == ctx.session.company_id, Department.key == form["key"])
    if row is None and ctx.session.scalars(query.limit(1)).first() is not None:
        raise Invalid(
            {"key": [_("A department has this key already, and a rule could not tell them apart. Choose another key.")]}
        )


def _shape(row: Role, form: Mapping[str, Any], ctx: StepContext) -> None:
    row.permissions = [ALL_PERMISSIONS] if row.key == HQ_ADMIN else sorted(set(form["permissions"]))
    row.decided = sorted(ctx.host.permissions)


def _reshape(row: Role, form: Mapping[str, Any], ctx: StepContext) -> None:
    _shape(row, form, ctx)
    keep_an_administrator(ctx, reshaped=row)


def _retire_role(row: Role, ctx: StepContext) -> None:
    if row.standard:
        raise Invalid(
            {"_schema": [_("The regulations name this role. Rename it or take its permissions away instead.")]}
        )
    query = select(Assignment.staff_id).where(
        Assignment.company_id == ctx.session.company_id, Assignment.role_key == row.key, Assignment.state == ACTIVE
    )
    people = set(ctx.session.scalars(query))
    if people:
        raise Invalid(
            {
                "_schema": [
                    _(
                        "People still hold this role: %(names)s. End that first.",
                        names=sorted(ctx.loader.names(people).values()),
                    )
                ]
            }
        )


def _permission_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"permissions": [(key, permission.title) for key, permission in loader.host.permissions.items()]}


def _effective(loader: Loader, row: Role) -> Mapping[str, Any]:
    return {"permissions": sorted(effective_permissions(loader.host, row))}


def _present_roles(loader: Loader, cases: Sequence[Role]) -> list[dict[str, Any]]:
    return [
        {"title": str(Text(row.title_zh, row.title_en)),
         "description": str(Text(row.description_zh, row.description_en)),
         "permission_count": len(effective_permissions(loader.host, row)),
         "permissions": sorted(effective_permissions(loader.host, row))}
        for row in cases
    ]  # fmt: skip


roles = register(
    "tenants.role", Role, title=_("Roles"), form=RoleForm, menu=False, permission=permissions.ROLES.key, see=permissions.ACCESS.key,
    touches_directory=True, on_create=_shape, on_change=_reshape, on_retire=_retire_role,
    choices=_permission_choices, prefill=_effective, present=_present_roles, order="opened_at",
    search=("key", "title_zh", "title_en"), heading=lambda _row, values: str(values["title"]),
    columns=[
        Column("key", _("Key"), sort=True), Column("title", _("Title")),
        Column("description", _("Description"), on_list=False),
        Column("level", _("Usually held"), "choice", filter=True, labels=dict(LEVELS)),
        Column("permission_count", _("Permissions"), "number", in_api=False),
        Column("permissions", _("Permissions"), on_list=False),
        Column("standard", _("Named by the regulations"), "flag"),
        Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
look_first(roles, _look_at_role)


# ---------------------------------------------------------------------- assignments


class AssignForm(StrictSchema):
    """Who holds which role where, from when to when (days of the place, both included)."""

    staff_id = fields.UUID(required=True, metadata={"label": _("Who"), "widget": "select"})
    role_key = fields.String(
        required=True, validate=validate.Length(1, 60), metadata={"label": _("Role"), "fact": True, "widget": "select"}
    )
    scope_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"label": _("Where"), "widget": "select", "help": _("Empty: here, where you are entering it.")},
    )
    scope_kind = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(SCOPES),
        metadata={"label": _("Kind of place"), "widget": "hidden"},
    )
    from_day = fields.Date(
        load_default=None, allow_none=True, metadata={"label": _("First day"), "help": _("Empty: from today on.")}
    )
    until_day = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"label": _("Last day"), "help": _("The last day; empty: without end.")},
    )

    @validates_schema
    def ends_after_it_begins(self, data: Mapping[str, Any], **_options: Any) -> None:
        """The last day is not before the first."""
        if data.get("from_day") and data.get("until_day") and data["until_day"] < data["from_day"]:
            raise invalid(_("The last day must not come before the first."), "until_day")


class EndForm(StrictSchema):
    """The last day on which the role is held."""

    until_day = fields.Date(
        load_default=None, allow_none=True, metadata={"label": _("Last day"), "help": _("Empty: it ends at once.")}
    )


def scope_kind_of(snapshot: Snapshot, scope_id: UUID) -> str | None:
    """What kind of scope the id belongs to, or None if the company has no such one."""
    if scope_id == snapshot.company.id:
        return COMPANY_SCOPE
    if scope_id in snapshot.units:
        return UNIT_SCOPE
    if scope_id in snapshot.sites:
        return SITE_SCOPE
    return DEPARTMENT_SCOPE if scope_id in snapshot.departments else None


def site_of_scope(snapshot: Snapshot, scope_id: UUID) -> UUID | None:
    """The site that a scope lies in: itself, or its department's."""
    department = snapshot.departments.get(scope_id)
    return department.site_id if department else (scope_id if scope_id in snapshot.sites else None)


def _facts(_loader: Loader, cases: Sequence[Any]) -> list[Any]:
    return [None for _case in cases]


def _present_assignments(loader: Loader, cases: Sequence[Assignment]) -> list[dict[str, Any]]:
    names = loader.names(row.staff_id for row in cases)
    directory = loader.host.directory
    return [
        {"who": names.get(row.staff_id, ""), "role": str(directory.role_title(loader.session, row.role_key)),
         "scope": directory.scope_name(loader.session, row.scope_id)}
        for row in cases
    ]  # fmt: skip


assignments = Flow(
    key="tenants.assignment",
    model=Assignment,
    title=_("Who holds which role"),
    states=[State(ACTIVE, _("In force"), tone="good"), State(RETIRED, _("Ended"), tone="muted", closed=True)],
    facts=_facts,
    level=COMPANY,
    menu=False,
    order="-opened_at",
    permission=permissions.ACCESS.key,
    row_filter=of_this_place,
    present=_present_assignments,
    heading=lambda _row, values: f"{values['who']} · {values['role']}",
    columns=[
        Column("who", _("Who")),
        Column("role", _("Role")),
        Column("scope", _("Where")),
        Column("scope_kind", _("Kind of place"), "choice", filter=True, labels=SCOPE_TITLES),
        Column("from_day", _("First day"), "date"),
        Column("until_day", _("Last day"), "date"),
        Column("state", _("State"), "state", filter=True),
        Column("staff_id", _("Who"), "text", filter=True, on_list=False),
        Column("role_key", _("Role"), "text", on_list=False),
        Column("scope_id", _("Where"), "text", on_list=False),
    ],
)


def _assign_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[Any, Any]]]:
    from tenants.directory import TenantDirectory

    directory = loader.host.directory
    assert isinstance(directory, TenantDirectory)
    snapshot = directory.snapshot(loader.session)
    return {
        "staff_id": people_choices(loader),
        "role_key": [(role.key, role.title) for role in snapshot.roles.values()],
        "scope_id": scope_choices(snapshot, loader.site.id if loader.site else None),
    }


def scope_choices(snapshot: Snapshot, site_id: UUID | None) -> list[tuple[UUID, str]]:
    """The scopes at which a role can be given: the whole tree for headquarters, else the site and its departments."""
    if site_id is not None:
        here = [site_id, *snapshot.departments_of.get(site_id, ())]
        return [(scope, snapshot.scope_name(scope)) for scope in here]
    found = [(snapshot.company.id, snapshot.company.name)]
    found += [(unit, " / ".join(snapshot.units[u][1] for u in snapshot.unit_chain(unit))) for unit in snapshot.units]
    found += [(d, snapshot.scope_name(d)) for d in snapshot.departments_of.get(None, ())]
    for site in snapshot.sites.values():
        if not site.closed:
            found += [
                (scope, snapshot.scope_name(scope)) for scope in (site.id, *snapshot.departments_of.get(site.id, ()))
            ]
    return found


@assignments.step(
    "create",
    {None: ACTIVE},
    title=_("Give a role"),
    form=AssignForm,
    tone="primary",
    permission=permissions.STAFF.key,
    choices=_assign_choices,
)
def give_role(form: Mapping[str, Any], ctx: StepContext) -> Assignment:
    """The person holds the role at the scope, and their sessions have ended: whoever may do something else than before
    signs in anew. At a site only the site and its departments can be chosen.

    Raises Invalid for what does not exist or is given already, Forbidden for a role beyond the giver's own authority.
    """
    snapshot = snapshot_of(ctx)
    person = ctx.loader.get(Staff, form["staff_id"])
    if person is None or person.dismissed or not works_here(ctx.loader, person.id, person.site_id):
        raise Invalid({"staff_id": [_("This person does not work here. Choose somebody from the list.")]})
    role = ctx.session.scalars(
        select(Role).where(
            Role.company_id == ctx.session.company_id, Role.key == form["role_key"], Role.state == ACTIVE
        )
    ).one_or_none()
    if role is None:
        raise Invalid({"role_key": [_("There is no such role in use. Choose one from the list.")]})
    scope_id = form["scope_id"] or (ctx.site.id if ctx.site else ctx.session.company_id)
    kind, site_id = scope_kind_of(snapshot, scope_id), site_of_scope(snapshot, scope_id)
    outside = ctx.site is not None and site_id != ctx.site.id
    if kind is None or outside or form["scope_kind"] not in (None, kind):
        raise Invalid({"scope_id": [_("Nothing like this exists here. Choose one from the list.")]})
    may_give(ctx, role.key, kind)
    site = snapshot.sites.get(site_id) if site_id else None
    first = form["from_day"] or (site or snapshot.company).calendar.date_of(ctx.now)
    if form["until_day"] is not None and form["until_day"] < first:
        raise Invalid({"until_day": [_("The last day must not come before the first.")]})
    _not_given_already(ctx, person.id, role.key, scope_id, first, form["until_day"])
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, person.id, ctx.now)
    ctx.directory_changed()
    return ctx.open(
        Assignment,
        ACTIVE,
        site_id=site_id,
        staff_id=person.id,
        role_key=role.key,
        scope_kind=kind,
        scope_id=scope_id,
        from_day=first,
        until_day=form["until_day"],
    )


def _not_given_already(
    ctx: StepContext, staff_id: UUID, role: str, scope_id: UUID, first: date, last: date | None
) -> None:
    query = select(Assignment).where(
        Assignment.company_id == ctx.session.company_id, Assignment.staff_id == staff_id, Assignment.role_key == role,
        Assignment.scope_id == scope_id, Assignment.state == ACTIVE,
    )  # fmt: skip
    for row in ctx.session.scalars(query):
        if (row.until_day is None or row.until_day >= first) and (last is None or row.from_day <= last):
            raise Invalid(
                {
                    "role_key": [
                        _("This person holds the role here in this time already. End that first, or choose other days.")
                    ]
                }
            )


@assignments.step(
    "end", {ACTIVE: RETIRED}, title=_("End"), form=EndForm, tone="danger", permission=permissions.STAFF.key
)
def end_role(row: Assignment, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The role is held until the given day, or no longer, and the person's sessions have ended. Somebody who can
    administer the company always remains."""
    may_give(ctx, row.role_key, row.scope_kind)
    today = ctx.calendar.date_of(ctx.now)
    last: date | None = form["until_day"]
    if last is not None and last < row.from_day:
        raise Invalid({"until_day": [_("The last day must not come before the first.")]})
    row.until_day = last if last is not None else max(today, row.from_day)
    ended = last is None or last < today
    if row.scope_kind == COMPANY_SCOPE:
        keep_an_administrator(ctx, ending=row.id)
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.staff_id, ctx.now)
    ctx.directory_changed()
    return RETIRED if ended else ACTIVE


FLOWS = (roles, assignments)
