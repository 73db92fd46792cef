"""Room codes: `3-1-502` is building 3, entrance 1, room 502. Read from what people write, ordered, and made findable."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from plugins.registry import phones

_JOINS = re.compile(r"\s*(号楼|栋|幢|座|楼|单元|门|[-‐‑‒–—―_/.#])\s*")
_ENDS = re.compile(r"(室|号房|房|号)$")
_PART = re.compile(r"[0-9a-z\u4e00-\u9fff]{1,12}", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
TAIL_MARK = "*"  # stands before the last digits of a phone, so that no room number is taken for them


@dataclass(frozen=True, slots=True)
class Room:
    """A code taken apart. `entrance` is empty where the building has one only; `floor` is None where nothing tells it."""

    building: str
    entrance: str
    room: str
    floor: int | None

    @property
    def code(self) -> str:
        """The code as it is shown and stored."""
        return "-".join(part for part in (self.building, self.entrance, self.room) if part)


def tidy(text: str) -> str:
    """What was typed for a room, as a code: `3栋1单元502室` is `3-1-502`. Full-width digits become plain ones."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = _ENDS.sub("", _JOINS.sub("-", plain))
    return re.sub(r"\s+", "", plain).strip("-").upper()


def read(text: str) -> Room | None:
    """The code taken apart, or None if it does not read building-room or building-entrance-room."""
    parts = tidy(text).split("-")
    if not 2 <= len(parts) <= 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    return Room(parts[0], "-".join(parts[1:-1]), parts[-1], floor_of(parts[-1]))


def floor_of(room: str) -> int | None:
    """The floor that a room number tells: 502 is on the 5th, 1203 on the 12th, B1 and shop numbers tell none."""
    return int(room[:-2]) if room.isdigit() and 3 <= len(room) <= 4 and int(room[:-2]) > 0 else None


def order_of(code: str) -> str:
    """A text by which codes sort as people count: 2-1-102 before 10-1-101."""
    return _NUMBERS.sub(lambda found: found[0].zfill(6), code.lower())[:120]


@lru_cache(maxsize=1024)
def words_of(code: str) -> tuple[str, ...]:
    """All that somebody may type to find the room: the code from each part on, with and without dashes."""
    parts = code.lower().split("-")
    found: dict[str, None] = {}
    for start in range(len(parts)):
        found["-".join(parts[start:])] = None
        found["".join(parts[start:])] = None
    return tuple(found)


def search_text(code: str, people: list[tuple[str, str]], *, most: int) -> str:
    """The words that find a household: its room, the names, and the last four digits of each phone.

    Each word has a blank before it. The numbers themselves stay out: a search of parts would give them away.
    """
    words = [*words_of(code)]
    for name, phone in people:
        words.append(name.lower().replace(" ", ""))
        if phones.tail(phone):
            words.append(TAIL_MARK + phones.tail(phone))
    return ("".join(f" {word}" for word in dict.fromkeys(words)) + " ")[:most]
