"""The registers: buildings, units, households and residents, each with its acts, and the look at a full number."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select

from guanjia.sdk import SAME, Column, Invalid, Loader, StepContext, words
from plugins.registry import codes, identities, permissions, phones, presenting, rooms, search
from plugins.registry.acts import ACTIVE, RETIRED, Columns, site_register
from plugins.registry.forms import BuildingForm, HouseholdForm, IdentityLookForm, ResidentForm, UnitForm
from plugins.registry.labels import household_labels, unit_label
from plugins.registry.models import Building, Household, Resident, Unit

_ = words("registry")

STATE = Column("state", _("State"), kind="state")


# ---- buildings


def _building(row: Building | None, form: Columns, ctx: StepContext) -> Columns:
    _refuse_double(ctx, Building, form["code"], row)
    if row is not None and row.code != form["code"] and _any(ctx, Unit, Unit.building_id == row.id):
        raise Invalid(
            {"code": [_("The rooms of this building begin with its code. Change their codes first, or keep it.")]}
        )
    return form


def _retire_building(row: Building, ctx: StepContext) -> None:
    if _any(ctx, Unit, Unit.building_id == row.id, Unit.state == ACTIVE):
        raise Invalid({"_schema": [_("This building still has units in use. Retire those first.")]})


buildings = site_register(
    "registry.building", Building, title=_("Buildings"), form=BuildingForm, prepare=_building,
    prefill=lambda _loader, row: {name: getattr(row, name) for name in ("code", "name", "floors", "position")},
    on_retire=_retire_building, present=presenting.buildings, search=("code", "name"), order="position",
    heading=lambda row, _values: row.name, titles={"create": _("Add a building")},
    columns=(
        Column("name", _("Name"), sort=True), Column("code", _("Code"), sort=True),
        Column("floors", _("Floors above ground"), kind="number", sort=True),
        Column("units", _("Units in use"), kind="number"), Column("position", _("Place in lists"), kind="number", on_list=False),
        STATE,
    ),
)  # fmt: skip


# ---- units


def _unit(row: Unit | None, form: Columns, ctx: StepContext) -> Columns:
    building = ctx.get(Building, form["building_id"], name="building_id", lock=True)
    if building.state != ACTIVE:
        raise Invalid({"building_id": [_("This building is retired. Take it back into use first, or choose another.")]})
    room = rooms.read(form["code"])
    if room is None or room.building != building.code:
        raise Invalid({"code": [_("Rooms of this building begin with \"%(code)s-\". Write for example %(code)s-502.",
                                  code=building.code)]})  # fmt: skip
    _refuse_double(ctx, Unit, room.code, row)
    given = form.get("floor")
    area: Decimal | None = form.get("area_m2")
    return {
        "building_id": building.id, "code": room.code, "entrance": room.entrance, "room": room.room,
        "floor": given if given is not None else room.floor, "usage": form["usage"],
        "area_centi": None if area is None else int(area * 100), "room_order": rooms.order_of(room.code),
        "search_text": rooms.search_text(room.code, [], most=240),
    }  # fmt: skip


def _settle_unit(row: Unit, ctx: StepContext) -> None:
    """The households of the unit are found by its new code."""
    search.refresh(ctx.session, _ids(ctx, Household, Household.unit_id == row.id))


def _retire_unit(row: Unit, ctx: StepContext) -> None:
    if _any(ctx, Household, Household.unit_id == row.id, Household.state == ACTIVE):
        raise Invalid({"_schema": [_("A household still lives in this unit. Retire the household first.")]})


def _restore_unit(row: Unit, ctx: StepContext) -> None:
    if ctx.get(Building, row.building_id, name="building_id").state != ACTIVE:
        raise Invalid({"_schema": [_("The building of this unit is retired. Take the building back into use first.")]})


def _unit_choices(loader: Loader, _row: Unit | None) -> Mapping[str, Any]:
    if loader.site is None:
        return {"building_id": []}
    query = select(Building.id, Building.name, Building.code).where(
        Building.company_id == loader.company_id, Building.site_id == loader.site.id, Building.state == ACTIVE
    )
    found = loader.session.execute(query.order_by(Building.position, Building.code))
    return {"building_id": [(i, f"{name} ({code})") for i, name, code in found]}


def _unit_prefill(_loader: Loader, row: Unit) -> Columns:
    return {
        "building_id": row.building_id, "code": row.code, "floor": row.floor, "usage": row.usage,
        "area_m2": None if row.area_centi is None else Decimal(row.area_centi) / 100,
    }  # fmt: skip


units = site_register(
    "registry.unit", Unit, title=_("Units"), form=UnitForm, prepare=_unit, prefill=_unit_prefill, settle=_settle_unit,
    on_retire=_retire_unit, on_restore=_restore_unit, choices=_unit_choices, present=presenting.units,
    search=("search_text",), order="room_order", heading=lambda row, _values: row.code,
    titles={"create": _("Add a unit")}, fragments={"summary": "registry/unit_summary.html"},
    columns=(
        Column("code", _("Unit")), Column("building", _("Building")),
        Column("floor", _("Floor"), kind="number", sort=True), Column("area_m2", _("Area (m²)"), kind="number"),
        Column("area_centi", _("Area (0.01 m²)"), kind="number", sort=True, on_list=False),
        Column("usage", _("Use"), kind="choice", filter=True, labels=codes.USAGES),
        Column("occupancy", _("Occupancy"), kind="choice", labels=codes.OCCUPANCIES), Column("contact", _("Contact")),
        STATE,
    ),
)  # fmt: skip


# ---- households


def _household(row: Household | None, form: Columns, ctx: StepContext) -> Columns:
    unit = ctx.get(Unit, form["unit_id"], name="unit_id", lock=True)
    if unit.state != ACTIVE:
        raise Invalid({"unit_id": [_("This unit is retired. Take it back into use first, or choose another.")]})
    _refuse_second(ctx, unit.id, row, "unit_id")
    values: dict[str, Any] = {
        "unit_id": unit.id,
        "occupancy": form["occupancy"],
        "room_order": rooms.order_of(unit.code),
    }
    if "since" in form or row is None:
        values["since"] = form.get("since")
    if "tags" in form or row is None:
        chosen = set(form.get("tags") or ())
        values["tags"] = [tag for tag in codes.CARE_TAGS if tag in chosen]
    if "note" in form or row is None:
        values["note"] = (form.get("note") or "").strip()
    if row is None:
        values["search_text"] = search.household_text(unit.code, [])
    return values


def _settle_household(row: Household, ctx: StepContext) -> None:
    search.refresh(ctx.session, [row.id])


def _retire_household(row: Household, ctx: StepContext) -> None:
    """The residents move out with their household."""
    for resident_id in _ids(ctx, Resident, Resident.household_id == row.id, Resident.state == ACTIVE):
        ctx.perform(residents.steps["retire"], resident_id)


def _restore_household(row: Household, ctx: StepContext) -> None:
    unit = ctx.get(Unit, row.unit_id, name="_schema", lock=True)
    if unit.state != ACTIVE:
        raise Invalid({"_schema": [_("The unit of this household is retired. Take the unit back into use first.")]})
    _refuse_second(ctx, unit.id, row, "_schema")


def _refuse_second(ctx: StepContext, unit_id: UUID, row: Household | None, field: str) -> None:
    others = [Household.unit_id == unit_id, Household.state == ACTIVE]
    if row is not None:
        others.append(Household.id != row.id)
    if _any(ctx, Household, *others):
        raise Invalid(
            {field: [_("Another household lives in this unit. Retire it first if it moved out, or change it.")]}
        )


def _unit_text(loader: Loader, row: Household | None) -> Mapping[str, Any]:
    return {"unit_id": list(unit_label(loader, [row.unit_id]).items())} if row is not None else {}


households = site_register(
    "registry.household", Household, title=_("Households"), form=HouseholdForm, prepare=_household,
    prefill=lambda _loader, row: {name: getattr(row, name) for name in ("unit_id", "occupancy", "since", "tags", "note")},
    settle=_settle_household, on_retire=_retire_household, on_restore=_restore_household, choices=_unit_text,
    present=presenting.households, search=("search_text",), order="room_order",
    heading=lambda _row, values: values["label"].title,
    titles={"create": _("Add a household"), "retire": _("Moved out")},
    fragments={"summary": "registry/household_summary.html"},
    confirm_retired=_("Its residents are retired with it; the records stay."),
    columns=(
        Column("unit_code", _("Unit")), Column("building", _("Building")), Column("contact", _("Contact")),
        Column("masked_phone", _("Phone")),
        Column("occupancy", _("Occupancy"), kind="choice", sort=True, filter=True, labels=codes.OCCUPANCIES),
        Column("tags", _("Care tags"), kind="choice", labels=codes.CARE_TAGS), Column("people", _("Residents"), kind="number"),
        Column("since", _("Lives here since"), kind="date", sort=True),
        Column("note", _("Remark"), on_list=False), STATE,
    ),
)  # fmt: skip


# ---- residents


def _resident(row: Resident | None, form: Columns, ctx: StepContext) -> Columns:
    home = ctx.get(Household, form["household_id"], name="household_id", lock=True)
    if home.state != ACTIVE:
        raise Invalid({"household_id": [_("This household has moved out. Choose the one that lives there now.")]})
    name = form["name"].strip()
    values: dict[str, Any] = {"household_id": home.id, "name": name, "role": form["role"]}
    if "phone_number" in form or row is None:
        values["phone"] = _phone(row, form.get("phone_number"))
    if row is None:
        values["id"] = ctx.host.ids.new()  # the sealed number is bound to its row
    given = form.get("identity_number")
    if "identity_number" in form and not _same_mask(row, given):
        number = identities.written(given) if given else ""
        config, company_id = ctx.host.config, ctx.session.company_id
        values |= identities.sealed_columns(config, company_id, row.id if row is not None else values["id"], number)
    values["is_contact"] = form["is_contact"] or not _any(
        ctx, Resident, Resident.household_id == home.id, Resident.state == ACTIVE, Resident.is_contact,
        *([Resident.id != row.id] if row is not None else []),
    )  # fmt: skip
    return values


def _phone(row: Resident | None, given: str | None) -> str:
    if given is None:
        return ""
    if not phones.is_mask(given):
        return phones.written(given)
    if row is None or given.strip() != phones.masked(row.phone):
        raise Invalid(
            {"phone_number": [_("This is a masked number. Type the whole number, or leave the field as it was.")]}
        )
    return row.phone


def _same_mask(row: Resident | None, given: str | None) -> bool:
    """Whether the identity number stays as it is. Raises Invalid for a mask that is not the present one."""
    if given is None or not phones.is_mask(given):
        return False
    if row is None or given.strip() != row.identity_mask:
        raise Invalid(
            {"identity_number": [_("This is a masked number. Type the whole number, or leave the field as it was.")]}
        )
    return True


def _settle_resident(row: Resident, ctx: StepContext) -> None:
    """One contact in each household; the household, and one that the person left, are found by who lives there."""
    if row.is_contact:
        others = select(Resident).where(
            Resident.company_id == ctx.session.company_id, Resident.household_id == row.household_id,
            Resident.id != row.id, Resident.is_contact,
        )  # fmt: skip
        for other in ctx.session.scalars(others):
            other.is_contact, other.version, other.changed_at = False, other.version + 1, ctx.recorded_at
    left = [old for old in inspect(row).attrs.household_id.history.deleted or () if old is not None]
    search.refresh(ctx.session, [row.household_id, *left], person=row)


def _retire_resident(row: Resident, ctx: StepContext) -> None:
    row.is_contact = False
    search.refresh(ctx.session, [row.household_id], person=row, leaves=True)


def _restore_resident(row: Resident, ctx: StepContext) -> None:
    if ctx.get(Household, row.household_id, name="_schema", lock=True).state != ACTIVE:
        raise Invalid(
            {"_schema": [_("The household of this person has moved out. Take the household back into use first.")]}
        )


def _resident_prefill(_loader: Loader, row: Resident) -> Columns:
    return {
        "household_id": row.household_id, "name": row.name, "phone_number": phones.masked(row.phone),
        "identity_number": row.identity_mask, "role": row.role, "is_contact": row.is_contact,
    }  # fmt: skip


def _household_text(loader: Loader, row: Resident | None) -> Mapping[str, Any]:
    if row is None:
        return {}
    return {"household_id": [(i, label.title) for i, label in household_labels(loader, [row.household_id]).items()]}


residents = site_register(
    "registry.resident", Resident, title=_("Residents"), form=ResidentForm, prepare=_resident, prefill=_resident_prefill,
    settle=_settle_resident, on_retire=_retire_resident, on_restore=_restore_resident, choices=_household_text,
    present=presenting.residents, search=("search_text",), order="room_order",
    heading=lambda row, values: f"{row.name} {values['unit_code']}".strip(),
    titles={"create": _("Add a resident")}, fragments={"summary": "registry/resident_summary.html"},
    columns=(
        Column("name", _("Name")), Column("unit_code", _("Unit")), Column("masked_phone", _("Phone")),
        Column("full_phone", _("Full phone number"), kind="secret", on_list=False),
        Column("identity", _("Identity number"), on_list=False),
        Column("full_identity", _("Full identity number"), kind="secret", on_list=False),
        Column("role", _("Standing"), kind="choice", sort=True, filter=True, labels=codes.ROLES),
        Column("is_contact", _("Contact of the household"), kind="flag"), STATE,
    ),
)  # fmt: skip


@residents.step("reveal", {ACTIVE: SAME, RETIRED: SAME}, title=_("Look at the full phone number"),
                permission=permissions.PHONE_SEE.key, tone="quiet", page="registry.reveal",
                help=_("Your name and the time are written into the journal."))  # fmt: skip
def reveal(row: Resident, _form: Columns, _ctx: StepContext) -> None:
    """The look stands in the journal; whoever performed it may read the number once. Nothing is stored besides."""


@residents.step("reveal_identity", {ACTIVE: SAME, RETIRED: SAME}, title=_("Look at the full identity number"),
                form=IdentityLookForm, permission=permissions.IDENTITY_SEE.key, tone="quiet",
                page="registry.reveal_identity", offered=lambda view: bool(view.case.identity),
                help=_("Your name, the time and the reason are written into the journal."))  # fmt: skip
def reveal_identity(row: Resident, form: Columns, _ctx: StepContext) -> None:
    """The look and its reason stand in the journal; whoever performed it may read the number once.

    Raises Invalid where the reason is "another" and no remark says which."""
    if form["reason"] == "other" and not (form.get("note") or "").strip():
        raise Invalid({"note": [_("Say in the remark what the number is needed for.")]})


# ---- questions to the database


def _ids(ctx: StepContext, model: type[Any], *where: Any) -> list[UUID]:
    query = select(model.id).where(model.company_id == ctx.session.company_id, *where)
    return list(ctx.session.scalars(query.order_by(model.id)))


def _any(ctx: StepContext, model: type[Any], *where: Any) -> bool:
    query = select(model.id).where(model.company_id == ctx.session.company_id, *where).limit(1)
    return ctx.session.scalars(query).first() is not None


def _refuse_double(ctx: StepContext, model: type[Any], code: str, row: Any) -> None:
    assert ctx.site is not None  # a site's register
    where = [model.site_id == ctx.site.id, model.code == code]
    if row is not None:
        where.append(model.id != row.id)
    if _any(ctx, model, *where):
        raise Invalid(
            {
                "code": [
                    _("This code is used already, in use or retired. Choose another, or take that one back into use.")
                ]
            }
        )
