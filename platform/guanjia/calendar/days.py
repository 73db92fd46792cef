"""What the State decides about single days: public holidays, and weekend days worked in exchange (调休上班).

The days stand in `national_days.json`, which `python -m guanjia.calendar.generate` writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


class DayKind(StrEnum):
    """What a day is made by a notice or an override, whatever its weekday."""

    off = "off"
    work = "work"


@cache
def known_years() -> tuple[int, ...]:
    """The years, ascending, whose holidays and make-up days were announced; any other year is provisional."""
    return tuple(sorted(int(year) for year, entry in _years().items() if not entry["provisional"]))


@cache
def national_days(year: int) -> Mapping[date, tuple[DayKind, str]]:
    """The days of `year` that differ from Monday to Friday, with kind and the holiday's Chinese name.

    A make-up day bears the name of the holiday it was exchanged for. A year that is not announced yet has
    only the days fixed by statute, without days in lieu; none where the data ends. See `known_years`.
    """
    entry = _years().get(str(year), {})
    days = {
        date.fromisoformat(day): (kind, name) for kind in DayKind for day, name in entry.get(kind.value, {}).items()
    }
    return MappingProxyType(dict(sorted(days.items())))


@cache
def _years() -> Mapping[str, Mapping[str, Any]]:
    text = files("guanjia.calendar").joinpath("national_days.json").read_text(encoding="utf-8")
    years: Mapping[str, Mapping[str, Any]] = json.loads(text)["years"]
    return years
