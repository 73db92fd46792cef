"""The company's profile, its tree, its sites and their departments; a site changes its own departments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from marshmallow import fields, validate, validates_schema
from sqlalchemy import select

from guanjia.schema import invalid
from guanjia.sdk import COMPANY, Column, Flow, Invalid, Loader, State, StepContext, StrictSchema, register, words
from guanjia.words import LANGUAGES, Text
from tenants import permissions
from tenants.founding import CODE, standard_departments
from tenants.looking import look_first, refuse_change
from tenants.models import ACTIVE, ZONE, Assignment, Company, Department, OrgUnit, Role, Site

_ = words("tenants")

KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")
LANGUAGE_CHOICES = [("zh", Text("中文", "Chinese")), ("en", Text("英文", "English"))]
_CODE_FAULT = _("Use 1 to 40 small letters, digits and hyphens, with a letter or digit at both ends.")
_KEY_FAULT = _("Use 2 to 60 small letters, digits and underscores, beginning with a letter.")


@cache
def zones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones())


def zone_name(value: str) -> None:
    """Accept the name of a time zone. Raises ValidationError."""
    if value not in zones():
        raise invalid(_("There is no such time zone. Give one by name, for example Asia/Shanghai."))


def code_text(value: str) -> None:
    """Accept a code that can stand in an address. Raises ValidationError."""
    if not CODE.fullmatch(value):
        raise invalid(_CODE_FAULT)


def key_text(value: str) -> None:
    """Accept the key of a role or department. Raises ValidationError."""
    if not KEY.fullmatch(value):
        raise invalid(_KEY_FAULT)


def name_field(label: Any, most: int = 100, **metadata: Any) -> fields.String:
    """A required name of something that is no person, so that the journal may hold it."""
    return fields.String(
        required=True, validate=validate.Length(1, most), metadata={"label": label, "fact": True, **metadata}
    )


class HoursSchema(StrictSchema):
    """Zone and business hours, local time."""

    zone = fields.String(
        load_default=ZONE,
        validate=zone_name,
        metadata={"label": _("Time zone"), "fact": True, "help": _("By name, for example Asia/Shanghai.")},
    )
    opens = fields.Time(required=True, metadata={"label": _("Opens at"), "help": _("On working days, local time.")})
    closes = fields.Time(
        required=True, metadata={"label": _("Closes at"), "help": _("Periods counted in days end at this time.")}
    )

    @validates_schema
    def opens_before_it_closes(self, data: Mapping[str, Any], **_options: Any) -> None:
        """A day's business hours lie within the day."""
        if data.get("opens") and data.get("closes") and data["opens"] >= data["closes"]:
            raise invalid(_("The closing time must be later than the opening time on the same day."), "closes")


# ---------------------------------------------------------------------- the company


class CompanyForm(HoursSchema):
    """The company's profile."""

    name = name_field(_("Company name"))
    language = fields.String(
        load_default="zh",
        validate=validate.OneOf(LANGUAGES),
        metadata={"label": _("Language"), "choices": LANGUAGE_CHOICES},
    )


def _none(_loader: Loader, cases: Sequence[Any]) -> list[Any]:
    return [None for _case in cases]


def _present_hours(_loader: Loader, cases: Sequence[Company | Site]) -> list[dict[str, Any]]:
    return [{"opens": row.opens.strftime("%H:%M"), "closes": row.closes.strftime("%H:%M")} for row in cases]


def _company_now(_loader: Loader, row: Company | None) -> Mapping[str, Any]:
    return {} if row is None else {name: getattr(row, name) for name in CompanyForm().fields}


company = Flow(
    key="tenants.company",
    model=Company,
    title=_("Company profile"),
    states=[State(ACTIVE, _("In use"), tone="good")],
    facts=_none,
    level=COMPANY,
    menu=False,
    order="opened_at",
    permission=permissions.COMPANY.key,
    columns=[
        Column("name", _("Company name")),
        Column("zone", _("Time zone")),
        Column("opens", _("Opens at")),
        Column("closes", _("Closes at")),
    ],
    present=_present_hours,
    heading=lambda row, _values: str(row.name),
)


@company.step(
    "change",
    [ACTIVE],
    title=_("Change"),
    form=CompanyForm,
    tone="primary",
    permission=permissions.COMPANY.key,
    prefill=_company_now,
)
def change_company(row: Company, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The company's profile is as entered; hours and zone count for headquarters and for sites made from now on."""
    for name, value in form.items():
        setattr(row, name, value)
    ctx.directory_changed()


# ---------------------------------------------------------------------- org units


class OrgUnitForm(StrictSchema):
    """A region, a branch: a node of the company's tree."""

    code = fields.String(required=True, validate=code_text, metadata={"label": _("Code"), "fact": True})
    name = name_field(_("Name"))
    parent_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={
            "label": _("Belongs to"),
            "widget": "select",
            "help": _("Leave it empty for a unit right below the company."),
        },
    )


def unit_choices(loader: Loader, _row: Any = None) -> Mapping[str, Sequence[tuple[Any, Any]]]:
    """The units in use, each with its path."""
    query = (
        select(OrgUnit).where(OrgUnit.company_id == loader.company_id, OrgUnit.state == ACTIVE).order_by(OrgUnit.code)
    )
    rows = {row.id: row for row in loader.session.scalars(query)}
    found = sorted(((_path(rows, row), row.id) for row in rows.values()), key=lambda pair: pair[0])
    pairs = [(unit_id, path) for path, unit_id in found]
    return {"parent_id": pairs, "org_unit_id": pairs}


def _path(rows: Mapping[UUID, OrgUnit], row: OrgUnit) -> str:
    names, at = [row.name], rows.get(row.parent_id) if row.parent_id else None
    while at is not None and len(names) < 30:
        names.append(at.name)
        at = rows.get(at.parent_id) if at.parent_id else None
    return " / ".join(reversed(names))


def _look_at_parent(form: Mapping[str, Any], row: OrgUnit | None, ctx: StepContext) -> None:
    at: UUID | None = form["parent_id"]
    steps = 0
    while at is not None:
        parent = ctx.get(OrgUnit, at, name="parent_id")
        if steps == 0 and parent.state != ACTIVE:
            raise Invalid({"parent_id": [_("This unit is no longer in use. Choose another one.")]})
        steps += 1
        if (row is not None and parent.id == row.id) or steps > 100:
            raise Invalid({"parent_id": [_("A unit cannot stand below itself. Choose a unit that is not part of it.")]})
        at = parent.parent_id


def _nothing_below(row: OrgUnit, ctx: StepContext) -> None:
    for model, column in ((OrgUnit, OrgUnit.parent_id), (Site, Site.org_unit_id)):
        query = select(model.name).where(
            model.company_id == ctx.session.company_id, column == row.id, model.state == ACTIVE
        )
        names = list(ctx.session.scalars(query.limit(5)))
        if names:
            raise Invalid(
                {"_schema": [_("Something still belongs to this unit: %(names)s. Move it first.", names=names)]}
            )


def _present_units(loader: Loader, cases: Sequence[OrgUnit]) -> list[dict[str, Any]]:
    parents = loader.by_id(OrgUnit, [row.parent_id for row in cases])
    return [{"parent": parents[row.parent_id].name if row.parent_id in parents else ""} for row in cases]


org_units = register(
    "tenants.org_unit", OrgUnit, title=_("Org units"), form=OrgUnitForm, menu=False, permission=permissions.COMPANY.key,
    see=permissions.COMPANY.key, touches_directory=True, choices=unit_choices,
    on_retire=_nothing_below, order="code", search=("code", "name"), present=_present_units,
    heading=lambda row, _values: str(row.name),
    columns=[
        Column("code", _("Code"), sort=True), Column("name", _("Name"), sort=True), Column("parent", _("Belongs to")),
        Column("state", _("State"), "state", filter=True), Column("parent_id", _("Belongs to"), on_list=False),
    ],
)  # fmt: skip
look_first(org_units, _look_at_parent)


# ---------------------------------------------------------------------- sites


class SiteForm(HoursSchema):
    """A management office and the estate that it manages."""

    code = fields.String(
        required=True,
        validate=code_text,
        metadata={
            "label": _("Code"),
            "fact": True,
            "help": _("Stands in the address of the site's pages; it cannot change later."),
        },
    )
    name = name_field(_("Name"))
    org_unit_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"label": _("Belongs to"), "widget": "select"}
    )
    address = fields.String(load_default="", validate=validate.Length(max=200), metadata={"label": _("Address")})


def _open_site(row: Site, _form: Mapping[str, Any], ctx: StepContext) -> None:
    for department in standard_departments():
        ctx.open(
            Department, ACTIVE, site_id=row.id, key=department["key"], title_zh=department["title_zh"],
            title_en=department["title_en"],
        )  # fmt: skip


def _look_at_site(form: Mapping[str, Any], row: Site | None, ctx: StepContext) -> None:
    refuse_change(form, row, "code")
    unit: UUID | None = form["org_unit_id"]
    if unit is not None and ctx.get(OrgUnit, unit, name="org_unit_id").state != ACTIVE:
        raise Invalid({"org_unit_id": [_("This unit is no longer in use. Choose another one.")]})


def _present_sites(loader: Loader, cases: Sequence[Site]) -> list[dict[str, Any]]:
    units = loader.by_id(OrgUnit, [row.org_unit_id for row in cases])
    return [
        hours | {"unit": units[row.org_unit_id].name if row.org_unit_id in units else ""}
        for row, hours in zip(cases, _present_hours(loader, cases), strict=True)
    ]


sites = register(
    "tenants.site", Site, title=_("Sites"), form=SiteForm, menu=False, permission=permissions.COMPANY.key,
    see=permissions.COMPANY.key, touches_directory=True, choices=unit_choices, on_create=_open_site,
    order="code", search=("code", "name"), present=_present_sites,
    heading=lambda row, _values: str(row.name),
    titles={"retire": _("Close the site"), "restore": _("Open the site again")},
    columns=[
        Column("code", _("Code"), sort=True), Column("name", _("Name"), sort=True), Column("unit", _("Belongs to")),
        Column("opens", _("Opens at")), Column("closes", _("Closes at")), Column("zone", _("Time zone"), on_list=False),
        Column("address", _("Address"), on_list=False), Column("state", _("State"), "state", filter=True),
        Column("org_unit_id", _("Belongs to"), on_list=False),
    ],
)  # fmt: skip
look_first(sites, _look_at_site)


# ---------------------------------------------------------------------- departments


class DepartmentForm(StrictSchema):
    """A department of the site, or of headquarters."""

    key = fields.String(
        required=True,
        validate=key_text,
        metadata={
            "label": _("Key"),
            "fact": True,
            "help": _("Rules name the department by it, for example engineering."),
        },
    )
    title_zh = name_field(_("Chinese title"), 60)
    title_en = name_field(_("English title"), 60)


def _look_at_department(form: Mapping[str, Any], row: Department | None, ctx: StepContext) -> None:
    refuse_change(form, row, "key")
    if row is not None:
        return
    here = ctx.site.id if ctx.site else None
    query = select(Department.id).where(
        Department.company_id == ctx.session.company_id, Department.key == form["key"],
        Department.site_id.is_(None) if here is None else Department.site_id == here,
    )  # fmt: skip
    if ctx.session.scalars(query.limit(1)).first() is not None:
        raise Invalid(
            {"key": [_("There is such a department already. Choose another key, or take the old one back into use.")]}
        )
    query = select(Role.id).where(Role.company_id == ctx.session.company_id, Role.key == form["key"])
    if ctx.session.scalars(query).first() is not None:
        raise Invalid(
            {"key": [_("A role has this key already, and a rule could not tell them apart. Choose another key.")]}
        )


def _nobody_in_it(row: Department, ctx: StepContext) -> None:
    query = select(Assignment.staff_id).where(
        Assignment.company_id == ctx.session.company_id, Assignment.scope_id == row.id, Assignment.state == ACTIVE
    )
    people = set(ctx.session.scalars(query))
    if people:
        names = sorted(ctx.loader.names(people).values())
        raise Invalid(
            {"_schema": [_("People still hold roles in this department: %(names)s. End those first.", names=names)]}
        )


def of_this_place(loader: Loader, model: type[Any]) -> Any:
    """The rows of the site alone, or at headquarters all."""
    return model.site_id == loader.site.id if loader.site is not None else model.company_id == loader.company_id


def present_place(loader: Loader, cases: Sequence[Any]) -> list[dict[str, Any]]:
    """The name of the site that each row belongs to, or of the company."""
    session, directory = loader.session, loader.host.directory
    return [{"place": directory.scope_name(session, row.site_id or row.company_id)} for row in cases]


departments = register(
    "tenants.department", Department, title=_("Departments"), form=DepartmentForm, menu=False, permission=permissions.SITE.key,
    touches_directory=True, on_retire=_nobody_in_it,
    present=present_place, row_filter=of_this_place, order="opened_at",
    heading=lambda row, _values: str(Text(row.title_zh, row.title_en)),
    columns=[
        Column("key", _("Key"), sort=True), Column("title_zh", _("Chinese title")),
        Column("title_en", _("English title")), Column("place", _("Place")),
        Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
look_first(departments, _look_at_department)

FLOWS = (company, org_units, sites, departments)
