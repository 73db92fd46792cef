"""Buildings, units, households and residents: what the acts do, and what they refuse with the field's name."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

import office
from guanjia.errors import Forbidden, Invalid, NotFound, WrongState
from guanjia.steps.models import JournalEntry
from guanjia.steps.view import present, timeline
from guanjia.words import speaking
from plugins.registry import flows
from plugins.registry.models import Building, Household, Resident, Unit
from plugins.registry.public import find_households, household_facts, household_labels, unit_label


@pytest.fixture
def desk(east: office.Office) -> office.Person:
    return east.person("receptionist")


def row(person: office.Person, model: type[Any], row_id: UUID) -> Any:
    with person.context.reading() as loader:
        return loader.get(model, row_id)


def a_building(desk: office.Person, code: str = "9") -> UUID:
    return desk.takes("registry.building.create", code=code, name=f"{code}栋", floors=11).case_id


def a_unit(desk: office.Person, building: UUID, code: str = "9-1-502", **more: Any) -> UUID:
    return desk.takes("registry.unit.create", building_id=str(building), code=code, **more).case_id


def a_household(desk: office.Person, code: str = "9-1-502", **more: Any) -> UUID:
    unit = a_unit(desk, a_building(desk), code)
    return desk.takes("registry.household.create", unit_id=str(unit), **({"occupancy": "owner"} | more)).case_id


def a_resident(
    desk: office.Person, household: UUID, name: str = "张三", phone: str | None = "13800138000", **more: Any
) -> UUID:
    form = {"household_id": str(household), "name": name, "phone_number": phone, "role": "owner"} | more
    return desk.takes("registry.resident.create", None, form).case_id


def found(person: office.Person, q: str) -> list[str]:
    with person.context.reading() as loader:
        return [title for _id, title, _subtitle in find_households(loader, q)]


def wrong(person: office.Person, step: str, case: UUID | None = None, **form: Any) -> dict[str, Any]:
    with pytest.raises(Invalid) as caught:
        person.takes(step, case, form)
    return dict(caught.value.errors)


def test_a_unit_is_read_from_its_code(desk: office.Person) -> None:
    unit = row(desk, Unit, a_unit(desk, a_building(desk), "9栋1单元502室", area_m2="89.50"))
    assert (unit.code, unit.entrance, unit.room, unit.floor, unit.area_centi) == ("9-1-502", "1", "502", 5, 8950)


def test_a_unit_needs_its_own_building_and_a_code_of_its_own(desk: office.Person, west: office.Office) -> None:
    building = a_building(desk)
    a_unit(desk, building)
    create = "registry.unit.create"
    assert "code" in wrong(desk, create, building_id=str(building), code="9-1-502")
    assert "code" in wrong(desk, create, building_id=str(building), code="8-1-502")
    assert "code" in wrong(desk, create, building_id=str(building), code="502")
    foreign = a_building(west.person("receptionist"), "9")
    assert "building_id" in wrong(desk, create, building_id=str(foreign), code="9-1-602")
    assert "area_m2" in wrong(desk, create, building_id=str(building), code="9-1-602", area_m2="-1")
    assert "usage" in wrong(desk, create, building_id=str(building), code="9-1-602", usage="castle")


def test_a_code_is_used_once_at_a_site_and_again_at_another(desk: office.Person, west: office.Office) -> None:
    a_building(desk)
    assert "code" in wrong(desk, "registry.building.create", code="9栋", name="again", floors=3)
    a_building(west.person("receptionist"))


def test_a_unit_has_one_household_at_a_time(desk: office.Person) -> None:
    first = a_household(desk)
    unit = str(row(desk, Household, first).unit_id)
    assert "unit_id" in wrong(desk, "registry.household.create", unit_id=unit, occupancy="lessee")
    desk.takes("registry.household.retire", first)
    second = desk.takes("registry.household.create", unit_id=unit, occupancy="lessee").case_id
    assert row(desk, Household, second).occupancy == "lessee"
    assert "_schema" in wrong(desk, "registry.household.restore", first)


def test_what_is_lived_in_is_not_retired(desk: office.Person) -> None:
    household = a_household(desk)
    unit = row(desk, Household, household).unit_id
    building = row(desk, Unit, unit).building_id
    assert "_schema" in wrong(desk, "registry.building.retire", building)
    assert "_schema" in wrong(desk, "registry.unit.retire", unit)
    desk.takes("registry.household.retire", household)
    desk.takes("registry.unit.retire", unit)
    desk.takes("registry.building.retire", building)
    assert "_schema" in wrong(desk, "registry.household.restore", household)
    assert "_schema" in wrong(desk, "registry.unit.restore", unit)


def test_a_household_that_moves_out_takes_its_residents_along(desk: office.Person) -> None:
    household = a_household(desk)
    person = a_resident(desk, household)
    assert found(desk, "9-1-502") == ["9-1-502 张三"]
    desk.takes("registry.household.retire", household)
    assert row(desk, Resident, person).state == "retired"
    assert found(desk, "9-1-502") == []
    assert "household_id" in wrong(
        desk, "registry.resident.create", household_id=str(household), name="李四", role="owner"
    )
    with pytest.raises(WrongState):
        desk.takes("registry.household.change", household, occupancy="owner", unit_id=str(household))


def test_one_contact_in_each_household(desk: office.Person) -> None:
    household = a_household(desk)
    first, second = a_resident(desk, household), a_resident(desk, household, "李四", None, is_contact=True)
    assert (row(desk, Resident, first).is_contact, row(desk, Resident, second).is_contact) == (False, True)
    with desk.context.reading() as loader:
        label = household_labels(loader, [household])[household]
    assert (label.contact_name, label.masked_phone) == ("李四", "")
    assert [(p.name, p.masked_phone) for p in label.residents] == [("李四", ""), ("张三", "138****8000")]


def test_the_first_resident_is_the_contact(desk: office.Person) -> None:
    household = a_household(desk)
    assert row(desk, Resident, a_resident(desk, household)).is_contact


def test_a_mask_leaves_the_number_as_it_is_and_is_no_number_itself(desk: office.Person) -> None:
    household = a_household(desk)
    person = a_resident(desk, household)
    form = {"household_id": str(household), "name": "张三丰", "role": "owner", "is_contact": True}
    desk.takes("registry.resident.change", person, form, phone_number="138****8000")
    assert row(desk, Resident, person).phone == "13800138000"
    assert "phone_number" in wrong(desk, "registry.resident.change", person, **form, phone_number="139****8000")
    assert "phone_number" in wrong(desk, "registry.resident.create", **form, phone_number="138****8000")
    assert "phone_number" in wrong(desk, "registry.resident.change", person, **form, phone_number="1380013800")
    desk.takes("registry.resident.change", person, form)
    assert row(desk, Resident, person).phone == "13800138000"
    desk.takes("registry.resident.change", person, form, phone_number=None)
    assert row(desk, Resident, person).phone == ""


def test_the_form_to_change_a_resident_begins_with_the_mask(desk: office.Person) -> None:
    person = a_resident(desk, a_household(desk))
    with desk.context.reading() as loader:
        resident = loader.get(Resident, person)
        step = flows.residents.steps["change"]
        assert step.prefill is not None
        assert step.prefill(loader, resident)["phone_number"] == "138****8000"


def test_households_are_found_by_what_their_residents_are_called_now(desk: office.Person) -> None:
    household = a_household(desk)
    person = a_resident(desk, household)
    form = {"household_id": str(household), "role": "owner", "is_contact": True}
    desk.takes("registry.resident.change", person, form, name="诸葛亮", phone_number="13900139999")
    assert found(desk, "诸葛") == ["9-1-502 诸葛亮"]
    assert found(desk, "9999") == ["9-1-502 诸葛亮"]
    assert found(desk, "张三") == []
    desk.takes("registry.resident.retire", person)
    assert found(desk, "诸葛") == []
    assert found(desk, "9-1-502") == ["9-1-502"]
    desk.takes("registry.resident.restore", person)
    assert found(desk, "诸葛") == ["9-1-502 诸葛亮"]


def test_a_resident_who_moves_within_the_estate_is_found_there(desk: office.Person) -> None:
    old = a_household(desk)
    unit = a_unit(desk, row(desk, Unit, row(desk, Household, old).unit_id).building_id, "9-1-602")
    new = desk.takes("registry.household.create", unit_id=str(unit), occupancy="owner").case_id
    person = a_resident(desk, old, "诸葛亮")
    desk.takes("registry.resident.change", person, household_id=str(new), name="诸葛亮", role="owner")
    assert found(desk, "诸葛亮") == ["9-1-602 诸葛亮"]
    assert row(desk, Resident, person).room_order == row(desk, Household, new).room_order


def test_a_new_room_code_reaches_the_household_and_its_residents(desk: office.Person) -> None:
    household = a_household(desk)
    a_resident(desk, household)
    unit = row(desk, Unit, row(desk, Household, household).unit_id)
    desk.takes("registry.unit.change", unit.id, building_id=str(unit.building_id), code="9-2-101")
    assert found(desk, "9-2-101") == ["9-2-101 张三"]
    assert found(desk, "9-1-502") == []
    with desk.context.reading() as loader:
        assert unit_label(loader, [unit.id, None]) == {unit.id: "9-2-101"}


def test_the_code_of_a_building_with_rooms_stays(desk: office.Person) -> None:
    building = a_building(desk)
    desk.takes("registry.building.change", building, code="10", name="10栋", floors=11)
    a_unit(desk, building, "10-1-502")
    assert "code" in wrong(desk, "registry.building.change", building, code="11", name="11栋", floors=11)
    assert row(desk, Building, building).code == "10"


def test_care_tags_are_known_keys_each_once(desk: office.Person) -> None:
    household = a_household(desk, tags=["pet", "elderly", "pet"], since="2020-05-01", note="  门铃坏 ")
    home = row(desk, Household, household)
    assert (home.tags, home.since, home.note) == (["elderly", "pet"], date(2020, 5, 1), "门铃坏")
    assert "tags" in wrong(
        desk, "registry.household.change", household, unit_id=str(home.unit_id), occupancy="owner", tags=["rich"]
    )
    with desk.context.reading() as loader, speaking("zh"):
        label = household_labels(loader, [household])[household]
        assert label.subtitle == "老人、养宠物"
        facts = household_facts(loader, [household])[household]
    assert (facts.tags, facts.occupancy, facts.residents, facts.in_use) == (("elderly", "pet"), "owner", 0, True)


def test_a_change_that_leaves_fields_out_keeps_them(desk: office.Person) -> None:
    household = a_household(desk, tags=["pet"], note="门铃坏")
    unit = str(row(desk, Household, household).unit_id)
    desk.takes("registry.household.change", household, unit_id=unit, occupancy="lessee")
    home = row(desk, Household, household)
    assert (home.occupancy, home.tags, home.note) == ("lessee", ["pet"], "门铃坏")


def test_the_timeline_tells_what_changed_and_never_a_number(desk: office.Person) -> None:
    household = a_household(desk)
    person = a_resident(desk, household)
    form = {"household_id": str(household), "name": "张三丰", "role": "lessee", "is_contact": True}
    desk.takes("registry.resident.change", person, form, phone_number="13900139999")
    with desk.context.reading() as loader, speaking("en"):
        entries = timeline(loader, flows.residents, loader.get(Resident, person))
    assert "Name" in [name for name, _old, _new in entries[0].changes]
    assert ("Standing", "Owner", "Lessee") in entries[0].changes
    assert "13900139999" not in str(entries) and "13800138000" not in str(entries)


def test_names_and_numbers_stay_out_of_the_chain(desk: office.Person) -> None:
    person = a_resident(desk, a_household(desk))
    with desk.context.reading() as loader:
        query = select(JournalEntry.body).where(
            JournalEntry.company_id == loader.company_id, JournalEntry.case_id == person
        )
        body = loader.session.scalars(query).one()
    assert "张三" not in body and "138" not in body


def test_looking_at_a_number_is_journaled_and_needs_its_permission(east: office.Office, desk: office.Person) -> None:
    person = a_resident(desk, a_household(desk))
    with pytest.raises(Forbidden):
        east.person("security_head").takes("registry.resident.reveal", person)
    before = row(desk, Resident, person)
    worker = east.person("repair_technician")
    worker.takes("registry.resident.reveal", person)
    with desk.context.reading() as loader:
        query = select(JournalEntry).where(
            JournalEntry.company_id == loader.company_id, JournalEntry.step == "registry.resident.reveal"
        )
        entry = loader.session.scalars(query).one()
    assert (entry.actor_id, entry.case_id, entry.outcome) == (worker.id, person, "done")
    assert msgspec.json.decode(entry.body)["changes"] == {}
    assert row(desk, Resident, person).phone == before.phone


def test_only_whoever_looked_is_answered_the_number_and_for_a_minute_only(
    east: office.Office, desk: office.Person
) -> None:
    person = a_resident(desk, a_household(desk))
    worker = east.person("repair_technician")

    def shown(reader: office.Person) -> Any:
        with reader.context.reading() as loader:
            return present(loader, flows.residents, [loader.get(Resident, person)])[0]["full_phone"]

    assert (shown(worker), shown(desk)) == (None, None)
    worker.takes("registry.resident.reveal", person)
    assert (shown(worker), shown(desk)) == ("13800138000", None)
    east.company.later(seconds=61)
    assert shown(worker) is None


def test_who_may_not_keep_the_registry_is_told_so(east: office.Office) -> None:
    for role in ("security_head", "repair_technician", "department_head"):
        with pytest.raises(Forbidden):
            east.person(role).takes("registry.building.create", code="9", name="9栋", floors=3)


def test_another_sites_household_does_not_exist_here(desk: office.Person, west: office.Office) -> None:
    foreign = west.household()
    with pytest.raises(NotFound):
        desk.takes("registry.household.retire", foreign)
    assert "household_id" in wrong(
        desk, "registry.resident.create", household_id=str(foreign), name="李四", role="owner"
    )
    with desk.context.reading() as loader:
        assert find_households(loader, str(foreign)) == []
