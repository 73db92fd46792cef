"""Values as JSON says them: ids as text, moments in UTC ending in Z, money and counts as integers, words in the reader's language."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from guanjia.words import Message, Text


def moment(value: datetime | str | None) -> str | None:
    """An aware moment (or its ISO text) in UTC, as `2026-11-24T02:00:00Z`."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value.tzinfo is UTC:
        return value.isoformat()[:-6] + "Z"
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def safe(value: Any) -> Any:
    """`value` as JSON can hold it, all the way down. Raises TypeError for what has no such form."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return safe(value.value)
    if isinstance(value, int | str):
        return value
    if isinstance(value, datetime):
        return moment(value) if value.tzinfo is not None else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID | Message | Text):
        return str(value)
    return _nested(value)


def _nested(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: safe(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [safe(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((safe(item) for item in value), key=str)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
