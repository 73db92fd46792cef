"""Checking a household list: every row is read, everything that is wrong is named, and nothing is written.

A row is a person. The first row of a room says what the household is; further rows of the same room hold further
residents and leave the household's columns empty, so that a room entered twice by mistake is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from guanjia.sdk import Message, words
from plugins.registry.listcolumns import (
    BY_KEY,
    HOUSEHOLD_KEYS,
    Wrong,
    as_text,
    read_area,
    read_coded,
    read_date,
    read_floor,
    read_identity,
    read_phone,
    read_room,
    read_tags,
)
from plugins.registry.rooms import Room
from plugins.registry.workbook import Bad, SheetRow

T = TypeVar("T")
_ = words("registry")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: row as Excel counts it, column by key, what stands there, what to do."""

    row: int
    column: str
    value: str
    message: Message


@dataclass(slots=True)
class Person:
    """A resident to be written."""

    name: str
    phone: str
    role: str
    identity: str = field(default="", repr=False)


@dataclass(slots=True)
class Home:
    """A room with its household to be written. `area_centi` in 0.01 m²."""

    row: int
    room: Room
    floor: int | None
    area_centi: int | None
    usage: str
    occupancy: str
    since: date | None
    tags: list[str]
    note: str
    people: list[Person] = field(default_factory=list)


@dataclass(slots=True)
class Known:
    """What the site has already: building codes in use and retired, unit codes likewise, units with a household."""

    buildings: Mapping[str, bool]  # code -> in use
    units: Mapping[str, bool]
    lived_in: frozenset[str]


@dataclass(slots=True)
class Checked:
    """The outcome: what would be written, what would be skipped because the room has a household, what is wrong."""

    rows: int
    homes: list[Home]
    skipped: list[Home]
    faults: list[Fault]

    @property
    def bad_rows(self) -> int:
        """How many rows have a fault."""
        return len({fault.row for fault in self.faults})


def check(rows: Sequence[SheetRow], known: Known) -> Checked:
    """Read all rows. Faults are in the order of rows; a list with faults is not written at all."""
    checker = _Checker(known)
    for row in rows:
        checker.take(row)
    faults = sorted(checker.faults, key=lambda fault: fault.row)
    written = [home for home in checker.homes.values() if home.room.code not in known.lived_in]
    skipped = [home for home in checker.homes.values() if home.room.code in known.lived_in]
    return Checked(len(rows), written, skipped, faults)


class _Checker:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.homes: dict[str, Home] = {}
        self.faults: list[Fault] = []
        self._broken: dict[str, int] = {}  # rooms whose first row has faults: their further rows are not faults again

    def take(self, row: SheetRow) -> None:
        before = len(self.faults)
        texts = self._texts(row)
        room = self._room(row, texts)
        if room is None:
            self._rest(row, texts)
            return
        first = self.homes[room.code].row if room.code in self.homes else self._broken.get(room.code)
        if first is None:
            self._first(row, texts, room, before)
        else:
            self._further(row, texts, room, first)

    def _texts(self, row: SheetRow) -> dict[str, str]:
        texts = {}
        for key, value in row.cells.items():
            if isinstance(value, Bad):
                self._wrong(row, key, "", value.message)
                continue
            try:
                texts[key] = as_text(value, key)
            except Wrong as wrong:
                self._wrong(row, key, str(value)[:120], wrong.message)
        return texts

    def _room(self, row: SheetRow, texts: Mapping[str, str]) -> Room | None:
        missing = [key for key in ("building", "room") if not texts.get(key)]
        for key in missing:
            if not self._has_fault(row, key):
                self._wrong(
                    row, key, "", _("Fill this in. In merged cells only the first row counts: fill in each row.")
                )
        if missing:
            return None
        try:
            return read_room(texts["building"], texts.get("entrance", ""), texts["room"])
        except Wrong as wrong:
            self._wrong(row, "room", texts["room"], wrong.message)
            return None

    def _first(self, row: SheetRow, texts: Mapping[str, str], room: Room, before: int) -> None:
        if self.known.buildings.get(room.building) is False:
            self._wrong(
                row,
                "building",
                texts["building"],
                _("This building is retired. Take it back into use first, or correct the code."),
            )
        elif self.known.units.get(room.code) is False:
            self._wrong(
                row, "room", texts["room"], _("This unit is retired. Take it back into use first, or correct the room.")
            )
        occupancy = self._read(row, texts, "occupancy", lambda text: read_coded("occupancy", text))
        if occupancy is None and not self._has_fault(row, "occupancy"):
            self._wrong(row, "occupancy", "", _("Fill this in in the first row of each room."))
        floor = self._read(row, texts, "floor", read_floor)
        home = Home(
            row=row.number, room=room, floor=floor if floor is not None else room.floor,
            area_centi=self._read(row, texts, "area", read_area),
            usage=self._read(row, texts, "usage", lambda text: read_coded("usage", text)) or "residential",
            occupancy=occupancy or "owner", since=self._read(row, texts, "since", read_date),
            tags=self._read(row, texts, "tags", read_tags) or [], note=texts.get("note", ""),
        )  # fmt: skip
        person = self._person(row, texts, home)
        if person is not None:
            home.people.append(person)
        if len(self.faults) > before:
            self._broken[room.code] = row.number
        else:
            self.homes[room.code] = home

    def _further(self, row: SheetRow, texts: Mapping[str, str], room: Room, first: int) -> None:
        for key in HOUSEHOLD_KEYS:
            if texts.get(key):
                self._wrong(row, key, texts[key], _(
                    "Room %(room)s stands in row %(row)s already. Correct the room; or, for a further resident there, "
                    "leave %(columns)s empty.", room=room.code, row=first,
                    columns=[BY_KEY[k].title for k in HOUSEHOLD_KEYS if texts.get(k)]))  # fmt: skip
                break
        home = self.homes.get(room.code)
        person = self._person(row, texts, home)
        if person is None:
            if not texts.get("name") and not self._has_fault(row, "name"):
                self._wrong(
                    row,
                    "name",
                    "",
                    _(
                        "Room %(room)s stands in row %(row)s already. Write a further resident's "
                        "name, or delete this row.",
                        room=room.code,
                        row=first,
                    ),
                )
            return
        if home is None:
            return
        if any(other.name == person.name for other in home.people):
            self._wrong(
                row,
                "name",
                person.name,
                _("This person stands in the list for room %(room)s already. Delete one of the rows.", room=room.code),
            )
            return
        if home.people and "role" not in texts:
            person.role = "member"
        home.people.append(person)

    def _person(self, row: SheetRow, texts: Mapping[str, str], home: Home | None) -> Person | None:
        phone = self._read(row, texts, "phone", read_phone) or ""
        identity = self._read(row, texts, "identity", read_identity) or ""
        role = self._read(row, texts, "role", lambda text: read_coded("role", text))
        name = texts.get("name", "")
        if len(name) > 60:
            self._wrong(row, "name", name[:120], _("Shorten this to at most %(max)s characters.", max=60))
            return None
        if not name:
            for key, filled in (
                ("phone", texts.get("phone")),
                ("identity", texts.get("identity")),
                ("role", texts.get("role")),
            ):
                if filled and not self._has_fault(row, "name"):
                    self._wrong(row, "name", "", _("Write the name of the person whose %(column)s stands in this row.",
                                                   column=BY_KEY[key].title))  # fmt: skip
            return None
        default = "lessee" if home is not None and home.occupancy == "lessee" else "owner"
        return Person(name, phone, role or default, identity)

    def _rest(self, row: SheetRow, texts: Mapping[str, str]) -> None:
        """Name what else is wrong in a row whose room cannot be read, so that one correction is enough."""
        for key, read in _READERS.items():
            self._read(row, texts, key, read)
        self._person(row, texts, None)

    def _read(self, row: SheetRow, texts: Mapping[str, str], key: str, read: Callable[[str], T | None]) -> T | None:
        text = texts.get(key, "")
        if not text:
            return None
        try:
            return read(text)
        except Wrong as wrong:
            self._wrong(row, key, text, wrong.message)
            return None

    def _has_fault(self, row: SheetRow, key: str) -> bool:
        return any(fault.row == row.number and fault.column == key for fault in reversed(self.faults[-20:]))

    def _wrong(self, row: SheetRow, key: str, value: str, message: Message) -> None:
        if key == "identity":
            value = ""  # a wrong one is still somebody's: the row tells where it stands
        self.faults.append(Fault(row.number, key, value[:120], message))


_READERS: Mapping[str, Callable[[str], Any]] = {
    "floor": read_floor, "area": read_area, "usage": lambda text: read_coded("usage", text),
    "occupancy": lambda text: read_coded("occupancy", text), "since": read_date, "tags": read_tags,
}  # fmt: skip


def buildings_of(homes: Iterable[Home], known: Known) -> dict[str, int]:
    """The buildings that the list brings, with the highest floor that it names."""
    found: dict[str, int] = {}
    for home in homes:
        code = home.room.building
        if code not in known.buildings:
            found[code] = max(found.get(code, 1), min(200, home.floor or 1))
    return found
