"""Days that differ from the national calendar, years that were announced, and which plugins are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.calendar.days import DayKind
from guanjia.sdk import Column, Invalid, Loader, StepContext, StrictSchema, register, words
from tenants import permissions
from tenants.looking import look_first, refuse_change
from tenants.models import CalendarDay, CalendarYear, PluginSwitch
from tenants.places import of_this_place, present_place

_ = words("tenants")

KINDS = [(DayKind.off.value, _("Day off")), (DayKind.work.value, _("Working day"))]


class CalendarDayForm(StrictSchema):
    """A day that differs here from the national calendar."""

    day = fields.Date(required=True, metadata={"label": _("Day")})
    kind = fields.String(
        required=True,
        validate=validate.OneOf([kind for kind, _title in KINDS]),
        metadata={"label": _("Kind of day"), "choices": KINDS},
    )
    name = fields.String(
        load_default="",
        validate=validate.Length(max=60),
        metadata={
            "label": _("Occasion"),
            "fact": True,
            "help": _("For example the holiday that a working day was exchanged for."),
        },
    )


class CalendarYearForm(StrictSchema):
    """A year of which all holidays and make-up days have been entered."""

    year = fields.Integer(required=True, validate=validate.Range(2000, 2999), metadata={"label": _("Year")})


class PluginSwitchForm(StrictSchema):
    """Whether a module is on here."""

    plugin = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"label": _("Module"), "fact": True, "widget": "select"},
    )
    is_on = fields.Boolean(
        load_default=False,
        metadata={
            "label": _("On"),
            "help": _('Off: its pages answer "not found" and its rules and tasks rest; the data stays.'),
        },
    )


def _once(form: Mapping[str, Any], row: Any, ctx: StepContext, model: type[Any], field: str) -> None:
    """Refuse a second row for the same thing at the same place; the database cannot, where the site is none."""
    here = row.site_id if row is not None else (ctx.site.id if ctx.site else None)
    query = select(model.id).where(
        model.company_id == ctx.session.company_id, getattr(model, field) == form[field],
        model.site_id.is_(None) if here is None else model.site_id == here,
    )  # fmt: skip
    if row is not None:
        query = query.where(model.id != row.id)
    if ctx.session.scalars(query.limit(1)).first() is not None:
        raise Invalid({field: [_("This is entered here already. Change the old entry, or take it back into use.")]})


def _look_at_day(form: Mapping[str, Any], row: CalendarDay | None, ctx: StepContext) -> None:
    _once(form, row, ctx, CalendarDay, "day")


def _look_at_switch(form: Mapping[str, Any], row: PluginSwitch | None, ctx: StepContext) -> None:
    refuse_change(form, row, "plugin")
    found = ctx.host.plugins.get(form["plugin"])
    if row is None and (found is None or found.always_on):
        raise Invalid({"plugin": [_("There is no such module, or it is always on. Choose one from the list.")]})
    _once(form, row, ctx, PluginSwitch, "plugin")


def _plugin_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"plugin": [(key, p.title) for key, p in loader.host.plugins.items() if not p.always_on]}


def _present_switches(loader: Loader, cases: Sequence[PluginSwitch]) -> list[dict[str, Any]]:
    plugins = loader.host.plugins
    places = present_place(loader, cases)
    return [
        place | {"title": str(plugins[row.plugin].title) if row.plugin in plugins else row.plugin}
        for row, place in zip(cases, places, strict=True)
    ]


days = register(
    "tenants.calendar_day", CalendarDay, title=_("Working calendar"), form=CalendarDayForm, menu=False,
    permission=permissions.SITE.key, touches_directory=True,
    row_filter=of_this_place, present=present_place, order="-day", search=("name",),
    heading=lambda row, _values: row.day.isoformat(),
    columns=[
        Column("day", _("Day"), "date", sort=True),
        Column("kind", _("Kind of day"), "choice", filter=True, labels=dict(KINDS)), Column("name", _("Occasion")),
        Column("place", _("Place")), Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
look_first(days, _look_at_day)

years = register(
    "tenants.calendar_year", CalendarYear, title=_("Announced years"), form=CalendarYearForm, menu=False,
    permission=permissions.COMPANY.key, see=permissions.COMPANY.key, touches_directory=True, order="-year",
    heading=lambda row, _values: str(row.year),
    columns=[Column("year", _("Year"), "number", sort=True), Column("state", _("State"), "state", filter=True)],
)  # fmt: skip

switches = register(
    "tenants.plugin_switch", PluginSwitch, title=_("Modules"), form=PluginSwitchForm, menu=False, permission=permissions.SITE.key,
    see=permissions.SITE.key, touches_directory=True,
    choices=_plugin_choices, row_filter=of_this_place, present=_present_switches, order="plugin",
    heading=lambda _row, values: str(values["title"]),
    titles={"create": _("Switch a module"), "retire": _("Take the switch away")},
    columns=[
        Column("plugin", _("Key"), on_list=False), Column("title", _("Module")), Column("is_on", _("On"), "flag"),
        Column("place", _("Place")), Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
look_first(switches, _look_at_switch)

FLOWS = (days, years, switches)
