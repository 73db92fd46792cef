"""Reading a household list: every bad row is named with row, column and reason, and strange files are refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook

from guanjia.sdk import Invalid
from guanjia.words import load_catalogue, speaking
from plugins.registry.checking import Checked, Known, check
from plugins.registry.listcolumns import CODED, COLUMNS, TABLES, read_coded
from plugins.registry.plugin import plugin
from plugins.registry.workbook import NO_RESULT, list_file, read_rows

HEADINGS = ["楼栋", "单元", "房号", "面积", "入住情况", "入住日期", "姓名", "电话", "身份", "关怀标签", "备注"]
NOTHING = Known({}, {}, frozenset())


@pytest.fixture(autouse=True, scope="module")
def catalogue() -> None:
    load_catalogue("registry", plugin.folder / "translations")


def sheet(*rows: list[Any], headings: list[str] | None = None, above: int = 0) -> bytes:
    book = Workbook()
    for _n in range(above):
        book.active.append(["小区住户信息表"])
    book.active.append(headings or HEADINGS)
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def checked(*rows: list[Any], known: Known = NOTHING, **options: Any) -> Checked:
    return check(read_rows(sheet(*rows, **options)), known)


def faults(result: Checked) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in result.faults]


def said(result: Checked, language: str = "en") -> str:
    with speaking(language):
        return " | ".join(str(fault.message) for fault in result.faults)


def refusal(content: bytes) -> str:
    with speaking("en"), pytest.raises(Invalid) as caught:
        read_rows(content)
    with speaking("en"):
        return str(caught.value.errors["file"][0])


def test_a_row_becomes_a_home_with_its_contact() -> None:
    row = [3, 1, 502, 89.5, "出租", date(2020, 5, 1), "张三", 13800138000, None, "老人，养宠物", "门铃坏"]
    result = checked(row, above=1)
    assert result.faults == []
    home = result.homes[0]
    assert (home.room.code, home.floor, home.area_centi, home.occupancy, home.since) == (
        "3-1-502", 5, 8950, "lessee", date(2020, 5, 1))  # fmt: skip
    assert (home.tags, home.note) == (["elderly", "pet"], "门铃坏")
    assert [(p.name, p.phone, p.role) for p in home.people] == [("张三", "13800138000", "lessee")]


def test_the_template_is_understood_in_both_languages() -> None:
    row = {"building": "3", "entrance": "1", "room": "502", "occupancy": "自住", "name": "张三", "phone": "13800138000"}
    for language in ("zh", "en"):
        with speaking(language):
            rows = read_rows(list_file([row], template=True))
        assert [r.cells["name"] for r in rows] == ["张三"]
        assert set(rows[0].cells) == set(row)


def test_further_residents_follow_in_rows_of_their_own() -> None:
    result = checked(
        ["3", "1", "502", 89, "自住", None, "张三", "13800138000"],
        ["3", "1", "502", None, None, None, "李四"],
        ["3", "1", "3-1-502", None, None, None, "王五", "13900139000", "租户"],
    )
    assert result.faults == []
    assert [(p.name, p.role) for p in result.homes[0].people] == [
        ("张三", "owner"),
        ("李四", "member"),
        ("王五", "lessee"),
    ]


def test_a_room_entered_twice_is_named_with_the_row_it_stands_in() -> None:
    result = checked(
        ["3", "1", "502", 89, "自住", None, "张三"],
        ["3", "1", "502", 95, "出租", None, "李四"],
        ["3", "1", "502", None, None, None, "张三"],
        ["3", "1", "502"],
    )
    assert faults(result) == [(3, "area"), (4, "name"), (5, "name")]
    assert "stands in row 2 already" in said(result)
    assert "第 2 行" in said(result, "zh")


def test_every_fault_of_every_row_is_named() -> None:
    result = checked(
        [None, "1", "502", 89, "自住"],
        ["3", "1", "502", "很大", "住着", "去年", "张三", "1380013800", "房东", "爱唱歌"],
        ["3", "1", "602", 89, None, None, None, "13800138000"],
        ["3", "1", "702", -1, "自住", "2020-02-30", "长" * 61],
        ["3", "1", "802", True, "自住", None, "张三", "138****8000"],
    )
    assert faults(result) == [
        (2, "building"), (3, "occupancy"), (3, "area"), (3, "since"), (3, "tags"), (3, "phone"), (3, "role"),
        (4, "occupancy"), (4, "name"), (5, "area"), (5, "since"), (5, "name"), (6, "area"), (6, "phone"),
    ]  # fmt: skip
    assert result.bad_rows == 5 and result.homes == []
    assert "Lived in by the owner" in said(result) and "老人" in said(result, "zh")


def test_a_faulty_first_row_does_not_make_its_further_rows_faulty() -> None:
    result = checked(["3", "1", "502", 89, "住着", None, "张三"], ["3", "1", "502", None, None, None, "李四"])
    assert faults(result) == [(2, "occupancy")]


def test_rooms_with_a_household_are_skipped_and_retired_ones_refused() -> None:
    known = Known({"3": True, "4": False}, {"3-1-502": True, "3-1-602": False}, frozenset({"3-1-502"}))
    result = checked(
        ["3", "1", "502", 89, "自住"], ["3", "1", "602", 89, "自住"], ["4", "1", "101", 89, "自住"],
        ["3", "1", "702", 89, "空置"], known=known,
    )  # fmt: skip
    assert [home.room.code for home in result.skipped] == ["3-1-502"]
    assert [home.room.code for home in result.homes] == ["3-1-702"]
    assert faults(result) == [(3, "room"), (4, "building")]


def test_what_excel_made_of_a_room_is_noticed() -> None:
    result = checked(["3", None, date(2026, 3, 1), 89, "自住"], ["3", None, 50.2, 89, "自住"])
    assert faults(result) == [(2, "room"), (3, "room")]
    assert "made a date" in said(result) and "made a number" in said(result)


def test_results_of_formulas_are_read_and_missing_ones_named() -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADINGS)
        page.write_row(1, 0, ["3", "1", "", 89, "自住"])
        page.write_formula(1, 2, '="5"&"02"', None, "502")
        page.write_row(2, 0, ["3", "1", "602", 89, "自住"])
        page.write_formula(2, 3, "=1/0", None, "#DIV/0!")
    result = check(read_rows(stream.getvalue()), NOTHING)
    assert [home.room.code for home in result.homes] == ["3-1-502"]
    assert faults(result) == [(3, "area")]
    no_result = checked(["3", "1", '="5"&"02"', 89, "自住"])  # openpyxl stores no result
    assert faults(no_result) == [(2, "room")]
    assert no_result.faults[0].message == NO_RESULT.message


def test_headings_may_be_others_and_stand_below_a_title() -> None:
    result = checked(["3栋", "1单元", "502室", "自住", "13800138000", "张三"], above=3,
                     headings=["楼号*", "单元号", "房间号", "居住状况", "联系电话", "业主姓名（必填）"])  # fmt: skip
    assert result.faults == []
    assert result.homes[0].room.code == "3-1-502" and result.homes[0].row == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not a zip", "cannot be read"),
        (sheet(headings=["a", "b"]), "headings were not found"),
        (sheet(headings=[*HEADINGS, "手机"]), "Two columns"),
        (sheet(["3", "1", "502"], headings=["楼栋", "单元", "房号", "姓名"]), "missing"),
        (sheet(), "no rows"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_with_what_to_do(content: bytes, told: str) -> None:
    assert told in refusal(content)


def test_lists_on_several_sheets_are_not_read_half() -> None:
    book = Workbook()
    book.active.append(HEADINGS)
    book.create_sheet("2栋").append(HEADINGS)
    stream = io.BytesIO()
    book.save(stream)
    assert "Several sheets" in refusal(stream.getvalue())


def test_a_small_file_that_unpacks_to_more_than_memory_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (81 * 1024 * 1024))
    assert len(stream.getvalue()) < 200_000
    assert "unpacks to more" in refusal(stream.getvalue())


def test_a_file_that_defines_entities_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]><workbook/>')
    assert "definitions" in refusal(stream.getvalue())


def test_more_rows_than_one_import_takes_are_refused() -> None:
    rows = [
        {"building": "3", "entrance": str(n // 9000), "room": str(10_000 + n), "occupancy": "自住"}
        for n in range(20_001)
    ]
    assert "20000" in refusal(list_file(rows))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_that_the_template_offers_are_understood(language: str) -> None:
    for field, table in TABLES.items():
        for key, label in table.items():
            with speaking(language):
                assert read_coded(field, str(label)) == key
        assert set(CODED[field]) == set(table)


def test_every_column_says_what_to_write_in_both_languages() -> None:
    for column in COLUMNS:
        with speaking("zh"):
            chinese = str(column.says)
        assert chinese != column.says.id, column.key
