"""Household lists as Excel files: reading what comes in without trusting it, and writing the template and the export."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from openpyxl import load_workbook

from guanjia.sdk import Invalid, Message, words
from plugins.registry.listcolumns import BY_KEY, CODED, COLUMNS, ListColumn, choices_in_words, heading_key

_ = words("registry")

MOST_ROWS = 20_000  # of people in one list
MOST_SCANNED = 120_000  # rows looked at, empty ones included
MOST_UNPACKED = 80 * 1024 * 1024  # bytes: a small file may unpack to more than memory holds
MOST_PARTS = 2_000
MOST_COLUMNS = 60
HEADING_WITHIN = 10  # rows
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ENTITIES = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bad:
    """Stands for a cell that has no value to read: a formula without its result, or an error such as #N/A."""

    message: Message


NO_RESULT = Bad(_("This formula has no stored result. Copy the column and paste it as values."))
SHOWS_ERROR = Bad(_("This cell shows an error. Write the value itself."))


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number as Excel counts it, and its cells by column key."""

    number: int
    cells: Mapping[str, Any]


def read_rows(content: bytes, field: str = "file") -> list[SheetRow]:
    """The rows below the headings that are not empty, of the one sheet that holds a household list.

    Raises Invalid, naming `field`: damaged, too large when unpacked, no or doubled headings, lists on several sheets, no
    rows, more than 20,000 rows.
    """
    try:
        _check_archive(content, field)
        return _read(content, field)
    except Invalid:
        raise
    except Exception as fault:  # a damaged file can raise almost anything inside the reader
        raise Invalid(
            {field: [_("This Excel file cannot be read. Open it in Excel or WPS, save it as .xlsx and send it again.")]}
        ) from fault


def list_file(rows: Iterable[Mapping[str, Any]], *, template: bool = False) -> bytes:
    """A household list with a row for each person: the values by column key, text and numbers only.

    `template` adds lists to choose from and a sheet that explains each column. No cell can become a formula.
    """
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet(str(_("Households")))
        head = book.add_format({"bold": True, "bg_color": "#0b3f4a", "font_color": "#ffffff", "border": 1})
        text = book.add_format({"num_format": "@"})
        for place, column in enumerate(COLUMNS):
            sheet.write_string(0, place, _heading(column), head)
            sheet.set_column(place, place, column.width, text)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            for place, column in enumerate(COLUMNS):
                value = row.get(column.key)
                if value not in (None, ""):
                    sheet.write_string(number, place, str(value), text)
        if template:
            _add_help(book, sheet, head)
    return stream.getvalue()


def _heading(column: ListColumn) -> str:
    return str(column.title) + ("*" if column.needed else "")


def _add_help(book: Any, sheet: Any, head: Any) -> None:
    for place, column in enumerate(COLUMNS):
        if column.key in CODED and column.key != "tags":
            source = {
                "validate": "list",
                "source": [str(word) for word in choices_in_words(column.key)],
                "ignore_blank": True,
            }
            sheet.data_validation(1, place, MOST_ROWS, place, source)
    notes = book.add_worksheet(str(_("How to fill in")))
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    notes.set_column(0, 0, 18, wrap)
    notes.set_column(1, 1, 90, wrap)
    notes.write_string(0, 0, str(_("Column")), head)
    notes.write_string(0, 1, str(_("What to write")), head)
    for number, column in enumerate(COLUMNS, 1):
        choices = choices_in_words(column.key) if column.key in CODED else None
        says = Message(column.says.domain, column.says.id, (("choices", choices),)) if choices else column.says
        notes.write_string(number, 0, _heading(column))
        notes.write_string(number, 1, str(says))
    notes.write_string(len(COLUMNS) + 2, 0, str(_("Marked with *")))
    notes.write_string(len(COLUMNS) + 2, 1, str(_("must be filled in.")))
    notes.write_string(len(COLUMNS) + 3, 0, str(_("Existing households")))
    notes.write_string(len(COLUMNS) + 3, 1, str(_(
        "are not changed: a room that has a household already is skipped and counted. Missing buildings and rooms "
        "are added.")))  # fmt: skip


def _check_archive(content: bytes, field: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Invalid(
                {field: [_("This file unpacks to more than can be read at once. Copy the list alone into a new file.")]}
            )
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as stream:
                    if _ENTITIES.search(stream.read(4096)):
                        raise Invalid(
                            {
                                field: [
                                    _(
                                        "This file holds definitions that no household list needs. Copy the list into a new file."
                                    )
                                ]
                            }
                        )


def _read(content: bytes, field: str) -> list[SheetRow]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        tops = {title: found for title in book.sheetnames if (found := _headings(book, title)) is not None}
        if len(tops) != 1:
            raise Invalid({field: [_wrong_sheets(list(tops))]})
        title, (top, places) = next(iter(tops.items()))
        _check_headings(list(places.values()), field)
        rows, formulas = _collect(book[title], top, places, field)
    finally:
        book.close()
    if not rows:
        raise Invalid({field: [_("There are no rows below the headings. Fill in the list and send it again.")]})
    if formulas:
        _fill_results(content, title, rows, formulas, places)
    return [SheetRow(number, cells) for number, cells in rows.items()]


def _headings(book: Any, title: str) -> tuple[int, dict[int, str]] | None:
    """Row number of the headings and the key of each column, or None if the sheet has none."""
    sheet = book[title]
    if not hasattr(sheet, "iter_rows"):
        return None  # a sheet that is one chart
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_row=HEADING_WITHIN, max_col=MOST_COLUMNS, values_only=True), 1):
        places = {place: key for place, text in enumerate(cells)
                  if isinstance(text, str) and (key := heading_key(text[:60])) is not None}  # fmt: skip
        if {"building", "room"} <= set(places.values()) or len(places) >= 4:
            return number, places
    return None


def _wrong_sheets(titles: list[str]) -> Message:
    if titles:
        return _(
            "Several sheets hold a list (%(names)s). Put the rows into one sheet, or send one file each.",
            names=titles[:5],
        )
    return _("The headings were not found. Use the template: its first row names the columns, among them %(names)s.",
             names=[column.title for column in COLUMNS if column.needed])  # fmt: skip


def _check_headings(names: list[str], field: str) -> None:
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise Invalid(
            {field: [_('Two columns mean "%(name)s". Delete or rename one of them.', name=BY_KEY[double].title)]}
        )
    missing = [column.title for column in COLUMNS if column.needed and column.key not in names]
    if missing:
        raise Invalid(
            {field: [_("These columns are missing: %(names)s. Add them, or use the template.", names=missing)]}
        )


def _collect(
    sheet: Any, top: int, places: Mapping[int, str], field: str
) -> tuple[dict[int, dict[str, Any]], set[tuple[int, str]]]:
    rows: dict[int, dict[str, Any]] = {}
    formulas: set[tuple[int, str]] = set()
    for number, cells in enumerate(sheet.iter_rows(min_row=top + 1, max_col=MOST_COLUMNS), top + 1):
        if number > MOST_SCANNED:
            raise Invalid(
                {field: [_("The sheet goes on far below the list. Delete the empty rows below it and send it again.")]}
            )
        found: dict[str, Any] = {}
        for place, key in places.items():
            cell: Any = cells[place] if place < len(cells) else None
            value = cell.value if cell is not None else None
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            if cell.data_type == "f":
                formulas.add((number, key))
            found[key] = SHOWS_ERROR if cell.data_type == "e" else value
        if found:
            rows[number] = found
            if len(rows) > MOST_ROWS:
                raise Invalid({field: [_("At most %(max)s rows at once. Split the list by building.", max=MOST_ROWS)]})
    return rows, formulas


def _fill_results(
    content: bytes,
    title: str,
    rows: dict[int, dict[str, Any]],
    formulas: set[tuple[int, str]],
    places: Mapping[int, str],
) -> None:
    """Put the results that Excel stored in the place of formulas."""
    wanted = {number for number, _key in formulas}
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book[title]
        sheet.reset_dimensions()
        first, last = min(wanted), max(wanted)
        for number, cells in enumerate(sheet.iter_rows(min_row=first, max_row=last, max_col=MOST_COLUMNS), first):
            for place, key in places.items():
                if (number, key) not in formulas:
                    continue
                cell: Any = cells[place] if place < len(cells) else None
                value = cell.value if cell is not None else None
                rows[number][key] = NO_RESULT if value is None else SHOWS_ERROR if cell.data_type == "e" else value
    finally:
        book.close()
