"""Values that no field takes, and the greatest and least that a field does take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

FOREIGN = "00000000-0000-4000-8000-000000000001"
NUL, HUGE, MEGABYTE = "a\x00b", 10**30, "x" * 1_000_000


def deep(levels: int = 60) -> Any:
    """A list in a list in a list."""
    found: Any = 1
    for _n in range(levels):
        found = [found]
    return found


# name → value that is bad for every kind of field but an object of any shape
ALWAYS: dict[str, Any] = {
    "an object": {"a": 1}, "beyond 64 bits": HUGE, "NUL": NUL, "a megabyte": MEGABYTE, "nested deeply": deep(),
    "half a character": "\ud800", "not finite": float("nan"),
}  # fmt: skip


def bad_values(f: fields.Field[Any]) -> Iterator[tuple[str, Any]]:
    """(kind, value) of all that the field must refuse. For `missing` the value is `...`."""
    is_text = isinstance(f, fields.String) and not isinstance(f, fields.UUID)
    if isinstance(f, fields.Mapping):
        yield from (("a number", 5), ("nested deeply", deep()))
    elif isinstance(f, fields.Nested) and not f.many:
        yield from ((kind, value) for kind, value in ALWAYS.items())
    else:
        yield from ALWAYS.items()
    if f.required:
        yield "missing", ...
        yield from (("empty", ""), ("blank", " \t ")) if is_text else ()
    if not f.allow_none:
        yield "null", None
    if isinstance(f, fields.List):
        yield from (("one for many", "x"), ("a number", -1), ("too many", ["x"] * 1001))
    else:
        yield "many for one", ["x"]
    if is_text:
        yield from (("a number", -1), ("yes", True))
    if isinstance(f, fields.UUID):
        yield from (("no id", "not-an-id"), ("half an id", FOREIGN[:20]), ("a number", -1), ("empty", ""))
    if isinstance(f, fields.Integer):
        yield from (("a fraction", 1.5), ("text", "many"), ("yes", True), ("empty", ""))
    if isinstance(f, fields.Integer | fields.Decimal) and _bound(f, "min") is not None:
        yield "too small", int(_bound(f, "min")) - 1
    if isinstance(f, fields.Integer | fields.Decimal) and _bound(f, "max") is not None:
        yield "too large", int(_bound(f, "max")) + 1
    if isinstance(f, fields.Date | fields.DateTime | fields.Time):
        yield from (("no time", "soon"), ("empty", ""), ("a number", -1))
    if isinstance(f, fields.Date | fields.DateTime):
        yield from (("before all calendars", "0001-01-01T00:00:00+14:00"[: 10 if type(f) is fields.Date else 30]),
                    ("the 30th of February", "2026-02-30"))  # fmt: skip
    if isinstance(f, fields.Boolean):
        yield from (("text", "perhaps"), ("a number", 7))


def extremes(f: fields.Field[Any]) -> Iterator[Any]:
    """The greatest and least values that the field's schema lets pass, as JSON has them."""
    choices = [c for check in f.validators if isinstance(check, validate.OneOf) for c in check.choices]
    if choices:
        yield choices[-1]
    elif isinstance(f, fields.UUID):
        yield from ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff")
    elif isinstance(f, fields.Boolean):
        yield from (True, False)
    elif isinstance(f, fields.Integer):
        yield from (_or(_bound(f, "min"), -(2**63)), _or(_bound(f, "max"), 2**63 - 1), 0)
    elif isinstance(f, fields.Decimal):
        yield from ("0.001", str(_or(_bound(f, "max"), 10**17)))
    elif isinstance(f, fields.AwareDateTime):
        yield from ("1900-01-01T00:00:00+14:00", "2999-12-31T23:59:59.999999-12:00")
    elif isinstance(f, fields.Date):
        yield from ("1900-01-01", "2999-12-31")
    elif isinstance(f, fields.Time):
        yield from ("00:00:00", "23:59:59.999999")
    elif isinstance(f, fields.List):
        yield []
        most = _length(f) or (200 if isinstance(f.inner, fields.Nested) else 1000)
        inner = next(iter(extremes(f.inner)), None)
        if inner is not None and not isinstance(f.inner, fields.UUID):
            yield [inner] * most
    elif isinstance(f, fields.String):
        longest = _length(f) or 10_000
        yield from ("😀" * longest, "'\"%_\\<b>&=1"[:longest])


def _or(value: Any, other: Any) -> Any:
    return other if value is None else int(value)


def _bound(f: fields.Field[Any], name: str) -> Any:
    return next(
        (getattr(c, name) for c in f.validators if isinstance(c, validate.Range) and getattr(c, name) is not None), None
    )


def _length(f: fields.Field[Any]) -> int | None:
    return next((c.equal or c.max for c in f.validators if isinstance(c, validate.Length) and (c.equal or c.max)), None)
