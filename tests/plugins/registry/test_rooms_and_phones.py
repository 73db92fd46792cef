"""Room codes and phone numbers: how they are read, ordered, found and masked."""

from __future__ import annotations

import pytest

from plugins.registry import phones, rooms
from plugins.registry.rooms import Room


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("3-1-502", "3-1-502"), ("3栋1单元502室", "3-1-502"), ("３－１－５０２", "3-1-502"), ("3号楼1门502", "3-1-502"),
        (" 3 - 1 - 502 ", "3-1-502"), ("a座1203", "A-1203"), ("6-1801", "6-1801"), ("3#502房", "3-502"),
        ("甲-2-301", "甲-2-301"),
    ],
)  # fmt: skip
def test_what_people_write_is_one_code(typed: str, code: str) -> None:
    found = rooms.read(typed)
    assert found is not None and found.code == code


@pytest.mark.parametrize("typed", ["", "502", "3-", "-", "3-1-2-3-502", "3-1-<b>", "3-1-" + "9" * 13, "3-1-50 2;"])
def test_what_is_no_room_code_is_refused(typed: str) -> None:
    assert rooms.read(typed) is None


@pytest.mark.parametrize(
    ("room", "floor"), [("502", 5), ("1203", 12), ("0502", 5), ("B1", None), ("8", None), ("00012", None)]
)
def test_the_room_number_tells_the_floor(room: str, floor: int | None) -> None:
    assert rooms.floor_of(room) == floor


def test_rooms_sort_as_people_count() -> None:
    codes = ["10-1-101", "2-1-1002", "2-1-102", "A-101", "2-2-101"]
    assert sorted(codes, key=rooms.order_of) == ["2-1-102", "2-1-1002", "2-2-101", "10-1-101", "A-101"]


def test_a_room_is_found_by_every_way_of_typing_it() -> None:
    assert {"3-1-502", "31502", "1-502", "1502", "502"} == set(rooms.words_of("3-1-502"))
    assert rooms.read("3-1-502") == Room("3", "1", "502", 5)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 0013 8000", "13800138000"), ("+86 138-0013-8000", "13800138000"), ("008613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"), ("0756-3320001", "0756-3320001"), ("（0756）3320001", "(0756)3320001"),
    ],
)  # fmt: skip
def test_a_number_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert phones.written(typed) == stored
    assert phones.is_phone(stored)


@pytest.mark.parametrize("number", ["1380013800", "138001380000", "12800138000", "1234", "abc", "", "138****8000", "1"])
def test_a_slip_of_the_hand_is_no_number(number: str) -> None:
    assert not phones.is_phone(number)


@pytest.mark.parametrize(
    ("number", "mask"),
    [("13800138000", "138****8000"), ("0756-3320001", "****0001"), ("(0756)3320001转12", "****0112"), ("95588", "****88"), ("", "")],
)  # fmt: skip
def test_a_mask_hides_the_middle(number: str, mask: str) -> None:
    assert phones.masked(number) == mask


def test_search_text_holds_no_more_of_a_number_than_its_mask() -> None:
    text = rooms.search_text("3-1-502", [("张 三", "13800138000"), ("李四", "95588")], most=500)
    assert " 张三 " in text and " *8000 " in text
    assert "0138000" not in text and "95588" not in text
