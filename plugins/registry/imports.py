"""Bringing a household list in: checked first, written only when nothing is wrong, all rows in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import delete, insert, select

from guanjia.sdk import Column, Flow, Invalid, Loader, State, StepContext, StrictSchema, words
from guanjia.steps.models import StoredFile
from plugins.registry import identities, permissions, presenting, rooms, search
from plugins.registry.acts import ACTIVE
from plugins.registry.checking import Checked, Home, Known, buildings_of, check
from plugins.registry.models import Building, Household, ImportFault, ImportRun, Resident, Unit
from plugins.registry.workbook import read_rows

_ = words("registry")

FAULTY, READY, WRITTEN, WITHDRAWN = "faulty", "ready", "written", "withdrawn"


class ListForm(StrictSchema):
    """The Excel file with the list."""

    file = fields.UUID(required=True, metadata={"label": _("Excel file"), "widget": "photos"})


def no_facts(_loader: Loader, cases: Sequence[Any]) -> list[Any]:
    """No rule asks about an import."""
    return [None for _case in cases]


imports = Flow(
    key="registry.import", model=ImportRun, title=_("Imports of household lists"), facts=no_facts,
    permission=permissions.IMPORT.key, order="-opened_at", menu=False,
    states=[
        State(FAULTY, _("Has faults"), tone="bad"), State(READY, _("Checked, not written yet"), tone="waiting"),
        State(WRITTEN, _("Written"), tone="good", closed=True), State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
    ],
    present=presenting.imports, fragments={"summary": "registry/import_summary.html"},
    heading=lambda row, _values: str(_("Household list with %(rows)s rows", rows=row.rows)),
    columns=(
        Column("opened_at", _("Checked at"), kind="moment", sort=True), Column("opened_by", _("By"), kind="staff"),
        Column("state", _("State"), kind="state"), Column("rows", _("Rows"), kind="number"),
        Column("bad_rows", _("Rows with faults"), kind="number"), Column("faults", _("Faults"), kind="number", on_list=False),
        Column("new_buildings", _("New buildings"), kind="number", on_list=False),
        Column("new_units", _("New units"), kind="number"), Column("new_households", _("New households"), kind="number"),
        Column("new_residents", _("New residents"), kind="number", on_list=False),
        Column("skipped", _("Skipped: has a household"), kind="number"),
    ),
)  # fmt: skip
for _clock in ("stop_clock", "resume_clock"):
    imports.steps.pop(_clock)


@imports.step("check", {None: READY}, title=_("Check a household list"), form=ListForm, tone="primary",
              permission=permissions.IMPORT.key, page="registry.import_list")  # fmt: skip
def check_list(form: Mapping[str, Any], ctx: StepContext) -> ImportRun:
    """The list is read and every fault is kept with row, column and reason; nothing else is written.

    Raises Invalid for a file that is no household list. The case is `faulty` or `ready`.
    """
    outcome, known = _read(ctx, form["file"])
    run = ctx.open(ImportRun, FAULTY if outcome.faults else READY, file_id=form["file"], **_counts(outcome, known))
    _keep_faults(ctx, run.id, outcome)
    return run


@imports.step("recheck", {FAULTY: READY, READY: READY}, title=_("Check a corrected list"), form=ListForm,
              permission=permissions.IMPORT.key, page="registry.import_again")  # fmt: skip
def recheck(run: ImportRun, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The corrected list stands in the place of the earlier one."""
    outcome, known = _read(ctx, form["file"])
    run.file_id = form["file"]
    for name, value in _counts(outcome, known).items():
        setattr(run, name, value)
    _keep_faults(ctx, run.id, outcome)
    return FAULTY if outcome.faults else READY


@imports.step("write", {READY: WRITTEN}, title=_("Write the list into the registry"), tone="primary",
              permission=permissions.IMPORT.key)  # fmt: skip
def write(run: ImportRun, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """Missing buildings and units, new households and their residents exist; rooms with a household are left alone.

    The file is read and checked once more: raises Invalid if the registry has changed so that a row is wrong now.
    """
    outcome, known = _read(ctx, run.file_id)
    if outcome.faults:
        raise Invalid({"_schema": [_("The registry has changed since the list was checked: row %(row)s does not fit any more. "
                                     "Check the list again.", row=outcome.faults[0].row)]})  # fmt: skip
    for name, value in _counts(outcome, known).items():
        setattr(run, name, value)
    _write(ctx, outcome.homes, known)


@imports.step("withdraw", {FAULTY: WITHDRAWN, READY: WITHDRAWN}, title=_("Withdraw"), tone="danger",
              permission=permissions.IMPORT.key)  # fmt: skip
def withdraw(_run: ImportRun, _form: Mapping[str, Any], _ctx: StepContext) -> None:
    """The list is not written."""


def faults_of(loader: Loader, import_id: UUID, *, most: int | None = None) -> list[ImportFault]:
    """The faults of a checked list in the order of rows."""
    query = select(ImportFault).where(ImportFault.company_id == loader.company_id, ImportFault.import_id == import_id)
    return list(loader.session.scalars(query.order_by(ImportFault.row, ImportFault.id).limit(most)))


def _read(ctx: StepContext, file_id: UUID) -> tuple[Checked, Known]:
    stored = ctx.get(StoredFile, file_id, name="file")
    rows = read_rows(ctx.host.files.read(ctx.session, stored))
    known = _known(ctx)
    return check(rows, known), known


def _known(ctx: StepContext) -> Known:
    assert ctx.site is not None  # a flow of sites
    company_id, site_id, session = ctx.session.company_id, ctx.site.id, ctx.session
    buildings = session.execute(
        select(Building.code, Building.state).where(Building.company_id == company_id, Building.site_id == site_id)
    )
    units = session.execute(select(Unit.code, Unit.state).where(Unit.company_id == company_id, Unit.site_id == site_id))
    lived_in = session.scalars(
        select(Unit.code)
        .join(Household, (Household.company_id == Unit.company_id) & (Household.unit_id == Unit.id))
        .where(Unit.company_id == company_id, Unit.site_id == site_id, Household.state == ACTIVE)
    )  # fmt: skip
    return Known(
        {code: state == ACTIVE for code, state in buildings}, {code: state == ACTIVE for code, state in units},
        frozenset(lived_in),
    )  # fmt: skip


def _counts(outcome: Checked, known: Known) -> dict[str, int]:
    return {
        "rows": outcome.rows, "faults": len(outcome.faults), "bad_rows": outcome.bad_rows,
        "skipped": len(outcome.skipped), "new_buildings": len(buildings_of(outcome.homes, known)),
        "new_units": sum(home.room.code not in known.units for home in outcome.homes),
        "new_households": len(outcome.homes), "new_residents": sum(len(home.people) for home in outcome.homes),
    }  # fmt: skip


def _keep_faults(ctx: StepContext, import_id: UUID, outcome: Checked) -> None:
    assert ctx.site is not None  # a flow of sites
    company_id, site_id = ctx.session.company_id, ctx.site.id
    ctx.session.execute(
        delete(ImportFault).where(ImportFault.company_id == company_id, ImportFault.import_id == import_id)
    )
    _insert(ctx, ImportFault, [
        {"company_id": company_id, "site_id": site_id, "id": ctx.host.ids.new(), "import_id": import_id,
         "row": fault.row, "column": fault.column, "value": fault.value, "message": fault.message.to_json()}
        for fault in outcome.faults
    ])  # fmt: skip


def _insert(ctx: StepContext, model: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        ctx.session.execute(insert(model), rows)


def _write(ctx: StepContext, homes: Sequence[Home], known: Known) -> None:
    assert ctx.site is not None  # a flow of sites
    ids = ctx.host.ids
    case = {
        "company_id": ctx.session.company_id, "site_id": ctx.site.id, "state": ACTIVE, "version": 1,
        "rulebook_id": ctx.rulebook.id, "opened_at": ctx.now, "opened_by": ctx.actor_id, "changed_at": ctx.recorded_at,
    }  # fmt: skip
    _insert(ctx, Building, [
        case | {"id": ids.new(), "code": code, "name": f"{code}栋", "floors": floors,
                "position": int(code) if code.isdigit() and len(code) <= 4 else 10_000}
        for code, floors in buildings_of(homes, known).items()
    ])  # fmt: skip
    building_ids = _ids_by_code(ctx, Building)
    _insert(ctx, Unit, [
        case | {"id": ids.new(), "building_id": building_ids[home.room.building], "code": home.room.code,
                "entrance": home.room.entrance, "room": home.room.room, "floor": home.floor, "usage": home.usage,
                "area_centi": home.area_centi, "room_order": rooms.order_of(home.room.code),
                "search_text": rooms.search_text(home.room.code, [], most=240)}
        for home in homes if home.room.code not in known.units
    ])  # fmt: skip
    unit_ids = _ids_by_code(ctx, Unit)
    households, residents = [], []
    for home in homes:
        code, household_id = home.room.code, ids.new()
        order = rooms.order_of(code)
        people = [(person.name, person.phone) for person in home.people]
        households.append(case | {
            "id": household_id, "unit_id": unit_ids[code], "occupancy": home.occupancy, "since": home.since,
            "tags": home.tags, "note": home.note, "room_order": order,
            "search_text": search.household_text(code, people)})  # fmt: skip
        for place, person in enumerate(home.people):
            resident_id = ids.new()
            sealed = identities.sealed_columns(ctx.host.config, ctx.session.company_id, resident_id, person.identity)
            residents.append(case | sealed | {
                "id": resident_id, "household_id": household_id, "name": person.name, "phone": person.phone,
                "role": person.role, "is_contact": place == 0, "room_order": order,
                "search_text": search.resident_text(code, person.name, person.phone)})  # fmt: skip
    _insert(ctx, Household, households)
    _insert(ctx, Resident, residents)


def _ids_by_code(ctx: StepContext, model: type[Any]) -> dict[str, UUID]:
    assert ctx.site is not None  # a flow of sites
    query = select(model.code, model.id).where(
        model.company_id == ctx.session.company_id, model.site_id == ctx.site.id, model.state == ACTIVE
    )
    return dict(ctx.session.execute(query).all())
