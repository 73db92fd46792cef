"""Bringing a household list in: checked first, written only when nothing is wrong, and what is there is left alone."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

import office
from guanjia.errors import Forbidden, Invalid, WrongState
from guanjia.words import speaking
from plugins.registry import exports, imports
from plugins.registry.generate import generate_households, load_generated
from plugins.registry.models import Building, Household, ImportRun, PhoneExport, Resident, Unit
from plugins.registry.presenting import imports as shown
from plugins.registry.workbook import list_file, read_rows

GOOD = [
    {
        "building": "21",
        "entrance": "1",
        "room": "502",
        "area": "89.5",
        "occupancy": "自住",
        "name": "张三",
        "phone": "13812345678",
    },
    {"building": "21", "entrance": "1", "room": "502", "name": "李四", "role": "成员"},
    {"building": "21", "entrance": "1", "room": "602", "occupancy": "空置"},
]
BAD = [
    *GOOD,
    {"building": "21", "entrance": "1", "room": "702", "occupancy": "住着", "name": "王五", "phone": "1381234567"},
]


def kept(person: office.Person, rows: list[dict[str, Any]]) -> str:
    return str(person.context.host.files.keep(person.context, "list.xlsx", list_file(rows)))


def checked(person: office.Person, rows: list[dict[str, Any]]) -> ImportRun:
    return run_of(person, person.takes("registry.import.check", file=kept(person, rows)).case_id)


def run_of(person: office.Person, run_id: UUID) -> ImportRun:
    with person.context.reading() as loader:
        found = loader.get(ImportRun, run_id)
        assert found is not None
        return found


def counts(person: office.Person) -> list[int]:
    with person.context.reading() as loader:
        return [
            loader.session.scalar(select(func.count()).select_from(model).where(
                model.company_id == loader.company_id, model.site_id == person.context.site_id)) or 0
            for model in (Building, Unit, Household, Resident)
        ]  # fmt: skip


@pytest.fixture
def supervisor(east: office.Office) -> office.Person:
    return east.person("customer_service_supervisor")


def test_nothing_is_written_before_it_is_asked_for(supervisor: office.Person) -> None:
    before = counts(supervisor)
    run = checked(supervisor, GOOD)
    assert (run.state, run.rows, run.faults) == ("ready", 3, 0)
    assert (run.new_buildings, run.new_units, run.new_households, run.new_residents) == (1, 2, 2, 2)
    assert counts(supervisor) == before
    supervisor.takes("registry.import.write", run.id)
    assert [after - b for after, b in zip(counts(supervisor), before, strict=True)] == [1, 2, 2, 2]
    assert run_of(supervisor, run.id).state == "written"
    with pytest.raises(WrongState):
        supervisor.takes("registry.import.write", run.id)


def test_one_bad_row_and_nothing_can_be_written(supervisor: office.Person) -> None:
    before = counts(supervisor)
    run = checked(supervisor, BAD)
    assert (run.state, run.faults, run.bad_rows) == ("faulty", 2, 1)
    with pytest.raises(WrongState):
        supervisor.takes("registry.import.write", run.id)
    assert counts(supervisor) == before
    with supervisor.context.reading() as loader:
        for language, column, told in (("zh", "入住情况", "住着"), ("en", "Occupancy", "Write one of")):
            with speaking(language):
                rows = shown(loader, [run])[0]["fault_rows"]
            assert [(r["row"]) for r in rows] == [5, 5]
            assert rows[0]["column"] == column and told in rows[0]["message"]


def test_a_corrected_list_takes_the_place_of_the_faulty_one(supervisor: office.Person) -> None:
    run = checked(supervisor, BAD)
    assert supervisor.takes("registry.import.recheck", run.id, file=kept(supervisor, GOOD)).state == "ready"
    assert run_of(supervisor, run.id).faults == 0
    with supervisor.context.reading() as loader:
        assert imports.faults_of(loader, run.id) == []
    assert supervisor.takes("registry.import.recheck", run.id, file=kept(supervisor, BAD)).state == "faulty"


def test_what_is_there_is_left_alone_and_counted(supervisor: office.Person) -> None:
    supervisor.takes("registry.import.write", checked(supervisor, GOOD).id)
    changed = [
        GOOD[0] | {"name": "别人", "occupancy": "出租"},
        {"building": "21", "entrance": "1", "room": "702", "occupancy": "自住"},
    ]
    run = checked(supervisor, changed)
    assert (run.skipped, run.new_units, run.new_households) == (1, 1, 1)
    supervisor.takes("registry.import.write", run.id)
    with supervisor.context.reading() as loader:
        rows = [r for r in exports.list_rows(loader, full_numbers=True) if r["building"] == "21"]
    assert [r.get("name") for r in rows] == ["张三", "李四", None, None]


def test_a_household_enters_a_unit_that_stands_empty(supervisor: office.Person, east: office.Office) -> None:
    desk = east.person("receptionist")
    building = desk.takes("registry.building.create", code="21", name="21栋", floors=7).case_id
    desk.takes("registry.unit.create", building_id=str(building), code="21-1-502", area_m2="120")
    run = checked(supervisor, GOOD)
    assert (run.new_buildings, run.new_units, run.new_households) == (0, 1, 2)
    supervisor.takes("registry.import.write", run.id)
    with supervisor.context.reading() as loader:
        area = loader.session.scalar(
            select(Unit.area_centi).where(Unit.company_id == loader.company_id, Unit.code == "21-1-502")
        )
    assert area == 12000


def test_what_changed_since_the_check_is_noticed_when_writing(supervisor: office.Person, east: office.Office) -> None:
    desk = east.person("receptionist")
    run = checked(supervisor, GOOD)
    building = desk.takes("registry.building.create", code="21", name="21栋", floors=7).case_id
    desk.takes("registry.building.retire", building)
    with pytest.raises(Invalid) as caught:
        supervisor.takes("registry.import.write", run.id)
    with speaking("en"):
        assert "row 2" in str(caught.value.errors["_schema"][0])
    desk.takes("registry.building.restore", building)
    supervisor.takes("registry.import.write", run.id)


def test_a_file_that_is_no_list_is_refused_under_its_field(supervisor: office.Person, east: office.Office) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
    file_id = supervisor.context.host.files.keep(supervisor.context, "a.png", picture)
    for value in (str(file_id), str(east.household()), "x"):
        with pytest.raises(Invalid) as caught:
            supervisor.takes("registry.import.check", file=value)
        assert "file" in caught.value.errors


def test_somebody_elses_upload_is_not_there(supervisor: office.Person, east: office.Office) -> None:
    foreign = kept(east.person("site_manager"), GOOD)
    with pytest.raises(Invalid) as caught:
        supervisor.takes("registry.import.check", file=foreign)
    assert "file" in caught.value.errors


def test_an_import_needs_its_permission(east: office.Office, supervisor: office.Person) -> None:
    desk = east.person("receptionist")
    with pytest.raises(Forbidden):
        desk.takes("registry.import.check", file=kept(desk, GOOD))
    run = checked(supervisor, GOOD)
    with pytest.raises(Forbidden):
        desk.takes("registry.import.write", run.id)


def test_a_withdrawn_list_is_not_written(supervisor: office.Person) -> None:
    run = checked(supervisor, GOOD)
    supervisor.takes("registry.import.withdraw", run.id)
    with pytest.raises(WrongState):
        supervisor.takes("registry.import.write", run.id)


def test_the_list_taken_out_comes_back_in_as_it_was(supervisor: office.Person, west: office.Office) -> None:
    with supervisor.context.reading() as loader, speaking("zh"):
        rows = exports.list_rows(loader, full_numbers=True)
        content = list_file(rows)
    there = west.person("customer_service_supervisor")
    with there.context.reading() as loader:
        assert len(read_rows(content)) == len(rows) > 12
    run = checked(there, rows)
    assert (run.faults, run.skipped + run.new_households) == (0, 12)


def test_taking_full_numbers_out_is_kept_with_its_purpose(east: office.Office, supervisor: office.Person) -> None:
    taken = supervisor.takes("registry.phone_export.take", purpose="停水通知").case_id
    with supervisor.context.reading() as loader:
        export = loader.get(PhoneExport, taken)
        masked = exports.list_rows(loader)
        full = exports.list_rows(loader, full_numbers=True)
    assert export is not None and export.opened_by == supervisor.id and export.purpose == "停水通知"
    assert export.numbers == sum(1 for r in full if r.get("phone")) > 10
    assert all("****" in r["phone"] for r in masked if r.get("phone"))
    for role in ("receptionist", "repair_technician"):
        with pytest.raises(Forbidden):
            east.person(role).takes("registry.phone_export.take", purpose="停水通知")
    with pytest.raises(Invalid):
        supervisor.takes("registry.phone_export.take", purpose="  ")


def test_generated_households_are_the_same_for_the_same_seed(east: office.Office) -> None:
    assert generate_households(5) == generate_households(5) != generate_households(6)
    rows = generate_households(5)
    phones = [r["phone"] for r in rows if r.get("phone")]
    assert len({(r["building"], r["entrance"], r["room"]) for r in rows}) == 300
    assert len(phones) == len(set(phones)) and all(p.startswith("1990000") for p in phones)
    assert len({r["occupancy"] for r in rows if r.get("occupancy")}) == 3
    with pytest.raises(RuntimeError, match="row 2"):
        load_generated(east.person("site_manager").context, [{"building": "21", "room": "502", "occupancy": "?"}])


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_three_hundred_households_are_there_in_two_seconds(east: office.Office) -> None:
    rows = generate_households(5, buildings=6)
    manager = east.person("site_manager").context
    started = time.process_time()
    counted = load_generated(manager, rows)
    assert time.process_time() - started < 2
    assert counted["new_households"] + counted["skipped"] == 300
