"""Column types: aware UTC moments and canonical JSON text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, String, Text, TypeDecorator

_encoder = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> str:
    """`value` as JSON with sorted keys and no spaces, the form in which it is hashed. Raises TypeError on a float."""
    _refuse_floats(value)
    return _encoder.encode(value).decode()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float cannot be kept: use an integer or a Decimal")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _refuse_floats(item)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC; as sortable ISO text on SQLite. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must carry its zone")
        value = value.astimezone(UTC)
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as canonical text, so that what was hashed is what is stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)
