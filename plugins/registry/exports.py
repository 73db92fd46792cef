"""Taking a household list out: with masked phones for everybody who may see it, with full numbers by a journaled step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import func, select

from guanjia.schema import invalid
from guanjia.sdk import Column, Flow, Loader, State, StepContext, StrictSchema, words
from plugins.registry import codes, permissions, phones, presenting
from plugins.registry.acts import ACTIVE
from plugins.registry.imports import no_facts
from plugins.registry.listcolumns import TABLES
from plugins.registry.models import Building, Household, PhoneExport, Resident, Unit

_ = words("registry")

DONE = "done"
MOST_EXPORTED = 20_000  # households


def _purpose(value: str) -> None:
    if len(value.strip()) < 2:
        raise invalid(_("Say what the numbers are needed for."))


class PurposeForm(StrictSchema):
    """Why full numbers are taken out."""

    purpose = fields.String(
        required=True, validate=[validate.Length(max=200), _purpose],
        metadata={"label": _("What the numbers are needed for"), "widget": "text", "private": True, "autofocus": True},
    )  # fmt: skip


exports = Flow(
    key="registry.phone_export", model=PhoneExport, title=_("Exports with full phone numbers"), facts=no_facts,
    permission=permissions.PHONE_SEE.key, order="-opened_at", menu=False,
    states=[State(DONE, _("Taken out"), tone="muted", closed=True)],
    heading=lambda row, _values: str(_("List with %(n)s full phone numbers", n=row.numbers)),
    columns=(
        Column("opened_at", _("Taken out at"), kind="moment", sort=True), Column("opened_by", _("By"), kind="staff"),
        Column("purpose", _("What the numbers are needed for")),
        Column("households", _("Households"), kind="number"), Column("numbers", _("Full phone numbers"), kind="number"),
    ),
)  # fmt: skip
for _clock in ("stop_clock", "resume_clock"):
    exports.steps.pop(_clock)


@exports.step("take", {None: DONE}, title=_("Export with full phone numbers"), form=PurposeForm,
              permission=permissions.IMPORT.key, page="registry.export_full",
              help=_("Name, time and purpose are written into the journal."))  # fmt: skip
def take(form: Mapping[str, Any], ctx: StepContext) -> PhoneExport:
    """That the numbers are taken out stands in the journal, with the purpose; the caller may build the list now."""
    assert ctx.site is not None  # a flow of sites
    here = (Household.company_id == ctx.session.company_id, Household.site_id == ctx.site.id, Household.state == ACTIVE)
    households = ctx.session.scalar(select(func.count()).select_from(Household).where(*here)) or 0
    numbers = ctx.session.scalar(
        select(func.count()).select_from(Resident).where(
            Resident.company_id == ctx.session.company_id, Resident.site_id == ctx.site.id,
            Resident.state == ACTIVE, Resident.phone != "")) or 0  # fmt: skip
    return ctx.open(PhoneExport, DONE, purpose=form["purpose"].strip(), households=households, numbers=numbers)


def list_rows(loader: Loader, *, full_numbers: bool = False) -> list[dict[str, Any]]:
    """The households in use at the site as rows of a household list, a row for each person; phones masked unless
    `full_numbers`, which only a caller that has performed `take` may ask for."""
    assert loader.site is not None  # asked for a site
    query = (
        select(Household, Unit, Building.code)
        .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
        .join(Building, (Building.company_id == Unit.company_id) & (Building.id == Unit.building_id))
        .where(
            Household.company_id == loader.company_id, Household.site_id == loader.site.id, Household.state == ACTIVE
        )
    )
    people: dict[Any, list[Resident]] = {}
    residents = select(Resident).where(
        Resident.company_id == loader.company_id, Resident.site_id == loader.site.id, Resident.state == ACTIVE
    )
    for person in loader.session.scalars(
        residents.order_by(Resident.is_contact.desc(), Resident.opened_at, Resident.id)
    ):
        people.setdefault(person.household_id, []).append(person)
    rows = []
    for home, unit, building in loader.session.execute(query.order_by(Household.room_order).limit(MOST_EXPORTED)):
        place = {"building": building, "entrance": unit.entrance, "room": unit.room}
        first = {
            "floor": unit.floor, "area": presenting.area_text(unit.area_centi), "usage": _word("usage", unit.usage),
            "occupancy": _word("occupancy", home.occupancy), "since": home.since, "note": home.note,
            "tags": "，".join(_word("tags", tag) for tag in home.tags),
        }  # fmt: skip
        here: list[Resident | None] = [*people.get(home.id, [])]
        for number, who in enumerate(here or [None]):
            row = place | (first if number == 0 else {})
            if who is not None:
                phone = who.phone if full_numbers else phones.masked(who.phone)
                row |= {
                    "name": who.name,
                    "phone": phone,
                    "identity": who.identity_mask,
                    "role": _word("role", who.role),
                }
            rows.append(row)
    return rows


def _word(field: str, key: str) -> str:
    """The label, which the import understands again."""
    return str(codes.label(TABLES[field], key))
