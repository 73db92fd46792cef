"""Finding a household while typing: by room, by name, by the last digits of a phone, and nothing of other sites."""

from __future__ import annotations

import time

import pytest

import office
from guanjia.sdk import Loader
from guanjia.words import speaking
from plugins.registry.generate import GeneratedBuilding, generate_households, load_generated
from plugins.registry.public import find_households, find_units

LIST = [
    {
        "building": "21",
        "entrance": "1",
        "room": "502",
        "occupancy": "自住",
        "name": "张三",
        "phone": "13812345678",
        "tags": "老人",
    },
    {"building": "21", "entrance": "1", "room": "502", "name": "李小四", "phone": "13987654321"},
    {"building": "21", "entrance": "1", "room": "1502", "occupancy": "出租", "name": "欧阳雪", "phone": "0756-3320502"},
    {"building": "21", "entrance": "2", "room": "502", "occupancy": "空置"},
    {"building": "21", "entrance": "2", "room": "5021", "occupancy": "自住", "name": "张_五", "phone": "13850250250"},
    {"building": "5", "entrance": "21", "room": "101", "occupancy": "空置"},
]


@pytest.fixture
def filled(east: office.Office) -> office.Office:
    counts = load_generated(east.person("site_manager").context, LIST)
    assert counts["new_households"] == 5
    return east


def titles(loader: Loader, q: str) -> list[str]:
    return [title for _id, title, _subtitle in find_households(loader, q)]


def asked(site: office.Office, q: str, role: str = "receptionist") -> list[str]:
    with site.person(role).context.reading() as loader:
        return [t for t in titles(loader, q) if t.startswith("21-")]


def test_a_room_is_found_however_it_is_typed(filled: office.Office) -> None:
    for q in ("21-1-502", "211502", "21栋1单元502室", "２１-1-502", "21栋 1单元 502", "21-1-502 张三", "张三 502"):
        assert asked(filled, q)[0] == "21-1-502 张三", q


def test_the_exact_room_comes_first_then_those_that_begin_so(filled: office.Office) -> None:
    assert asked(filled, "502") == ["21-1-502 张三", "21-2-502", "21-2-5021 张_五"]


def test_any_part_of_any_residents_name_finds_the_household(filled: office.Office) -> None:
    for q, room in (("欧阳", "21-1-1502"), ("雪", "21-1-1502"), ("小四", "21-1-502"), ("张_", "21-2-5021")):
        assert [title.split(" ")[0] for title in asked(filled, q)] == [room], q


def test_a_household_is_found_by_the_last_four_digits_or_the_whole_number(filled: office.Office) -> None:
    for q in ("5678", "4321", "13812345678", "138 1234 5678".replace(" ", ""), "+8613987654321"):
        assert asked(filled, q) == ["21-1-502 张三"], q
    assert asked(filled, "0756-3320502") == ["21-1-1502 欧阳雪"]


def test_the_hidden_digits_of_a_number_cannot_be_found_out_one_by_one(filled: office.Office) -> None:
    for q in ("45678", "345678", "1381", "13812345", "2345", "2345678"):
        assert asked(filled, q, "security_head") == [], q
    assert asked(filled, "5678", "security_head") == ["21-1-502 张三"]
    assert asked(filled, "13812345678", "security_head") == ["21-1-502 张三"]
    assert asked(filled, "345678", "receptionist") == ["21-1-502 张三"]  # may see full numbers


def test_signs_with_a_meaning_elsewhere_have_none_here(filled: office.Office) -> None:
    for q, rooms in (
        ("", []), ("   ", []), ("%", []), ("_", ["21-2-5021"]), ("\\", []), ("*", []), ("*5678", ["21-1-502"]),
        ("'; drop table", []), ("9" * 500, []), ("栋 单元", []), ("%5678", []),
    ):  # fmt: skip
        assert [title.split(" ")[0] for title in asked(filled, q)] == rooms, q


def test_a_result_shows_room_contact_masked_phone_and_tags(filled: office.Office) -> None:
    with filled.person("receptionist").context.reading() as loader, speaking("en"):
        (_id, title, subtitle), *_rest = find_households(loader, "21-1-502")
    assert (title, subtitle) == ("21-1-502 张三", "138****5678 · Elderly person")


def test_an_id_finds_its_own_household_and_unit(filled: office.Office) -> None:
    with filled.person("receptionist").context.reading() as loader:
        ((found, title, _subtitle),) = find_households(loader, str(filled.household()))
        assert found == filled.household() and title
        (unit_id, code, _building) = find_units(loader, "21-1-1502")[0]
        assert find_units(loader, str(unit_id))[0][1] == code == "21-1-1502"


def test_what_is_typed_from_the_building_on_comes_before_entrances_of_that_number(filled: office.Office) -> None:
    with filled.person("receptionist").context.reading() as loader:
        assert [code for _id, code, _b in find_units(loader, "21-1")][:3] == ["21-1-502", "21-1-1502", "5-21-101"]
        assert titles(loader, "21-1")[0] == "21-1-502 张三"


def test_units_are_found_by_room_and_offered_before_anything_is_typed(filled: office.Office) -> None:
    with filled.person("receptionist").context.reading() as loader:
        assert [code for _id, code, _b in find_units(loader, "21 502")] == ["21-1-502", "21-2-502", "21-2-5021"]
        assert len(find_units(loader, "")) == 12


def test_another_site_is_not_searched(filled: office.Office, west: office.Office) -> None:
    assert asked(west, "21-1-502") == []


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_typing_in_an_estate_of_five_thousand_households_is_quick(east: office.Office) -> None:
    tower = [GeneratedBuilding(str(code), 4, 32, 4) for code in range(30, 40)]
    data = generate_households(3, buildings=tower, households=5_000)
    load_generated(east.person("site_manager").context, data)
    with east.person("receptionist").context.reading() as loader:
        find_households(loader, "warm")
        started = time.process_time()
        for q in ("502", "35-2-2201", "张", "1234", "王 22", "19900001234"):
            assert len(find_households(loader, q)) <= 12
        assert (time.process_time() - started) / 6 < 0.15
