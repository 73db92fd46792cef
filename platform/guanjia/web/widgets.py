"""Which widget a schema field gets, and how its values become text in a page and come back.

Money is whole fen inside and yuan with two decimals on the page; no float comes near it. Moments are aware
inside and local to the site on the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any

from marshmallow import Schema, fields, missing, validate

from guanjia.schema import INT_BOUND, Unreadable
from guanjia.words import Message, Text, words

_ = words("guanjia")

WIDGETS = frozenset(
    {"text", "textarea", "number", "money", "date", "datetime", "time", "checkbox", "select", "radio"}
    | {"checkboxes", "lines", "hidden", "phone", "password", "email", "url", "signature", "photos", "lookup"}
    | {"rows"}
)  # fmt: skip
RADIO_AT_MOST = 4  # more choices than this become a select
TEXTAREA_FROM = 200  # a text that may be longer than this gets several lines

UNITS: Mapping[str, Message | Text] = {
    "fen": _("yuan"),
    "days": _("days"),
    "working_days": _("working days"),
    "hours": _("hours"),
    "minutes": _("minutes"),
    "months": _("months"),
    "years": _("years"),
    "percent": Text("%", "%"),
    "times": _("times"),
    "households": _("households"),
    "persons": _("persons"),
}

_INTEGER = re.compile(r"[+-]?\d{1,40}")
_DECIMAL = re.compile(r"[+-]?\d{1,30}(\.\d{1,18})?")
_YUAN = re.compile(r"(-?)(\d{1,16})(?:\.(\d{1,2}))?")
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SEPARATORS = re.compile(r"[\n,，、;；]")
_LONG = 80  # no number, date or amount is written with more characters
_YES = frozenset({"true", "on", "1", "yes", "y", "t"})
_NO = frozenset({"false", "off", "0", "no", "n", "f"})


def fen_to_yuan(fen: int) -> str:
    """The amount as people write it: 12850 fen are `128.50`."""
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def yuan_to_fen(text: str) -> int:
    """Whole fen of an amount in yuan; takes ¥, 元, thousands commas and full-width digits.

    Raises ValueError for more than two decimals, more than 16 digits, or anything that is no amount.
    """
    plain = unicodedata.normalize("NFKC", text[:_LONG]).replace(" ", "").strip("¥￥元圆")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    found = _YUAN.fullmatch(plain)
    if found is None or len(text) > _LONG:
        raise ValueError("not an amount in yuan")
    sign, yuan, decimals = found.groups()
    fen = int(yuan) * 100 + int((decimals or "").ljust(2, "0"))
    return -fen if sign else fen


def rows_of(field: fields.Field[Any]) -> Schema | None:
    """The schema of one row where the field is a table of rows, else None."""
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return _schema_of(field.inner)
    if isinstance(field, fields.Nested) and (field.many or _schema_of(field).many):
        return _schema_of(field)
    return None


def _schema_of(field: fields.Nested) -> Schema:
    return field.schema


def items_of(field: fields.Field[Any]) -> fields.Field[Any]:
    """The field of one entry: of a list its inner field, else the field itself."""
    return field.inner if isinstance(field, fields.List) else field


def widget_of(field: fields.Field[Any], *, has_choices: bool = False) -> str:
    """The widget by which a person fills this field. Raises TypeError for one that no form can show."""
    named = field.metadata.get("widget")
    if named is not None:
        if named not in WIDGETS:
            raise TypeError(f"field {field.name}: there is no widget {named!r}")
        return str(named)
    if rows_of(field) is not None:
        return "rows"
    if "lookup" in field.metadata or "lookup_url" in field.metadata:
        return "lookup"
    if field.metadata.get("unit") == "fen":
        return "money"
    if isinstance(field, fields.List):
        return "checkboxes" if has_choices or choices_of(field) is not None else "lines"
    if isinstance(field, fields.Boolean) and not field.allow_none:
        return "checkbox"
    found = choices_of(field)
    if has_choices or found is not None:
        return "radio" if found is not None and len(found) <= RADIO_AT_MOST else "select"
    for kind, widget in _BY_KIND:
        if isinstance(field, kind):
            longest = length_of(field)[1]
            return "textarea" if widget == "text" and longest and longest >= TEXTAREA_FROM else widget
    raise TypeError(f"field {field.name}: {type(field).__name__} cannot be shown in a form; give it a widget")


_BY_KIND: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.Integer, "number"),
    (fields.Decimal, "number"),
    (fields.Date, "date"),
    (fields.DateTime, "datetime"),
    (fields.Time, "time"),
    (fields.Email, "email"),
    (fields.URL, "url"),
    (fields.String, "text"),
)


def choices_of(field: fields.Field[Any]) -> list[tuple[Any, object]] | None:
    """(value, label) of all that may be chosen, where the field itself says so; else None."""
    own = field.metadata.get("choices")
    if own is not None:
        return [tuple(pair) if isinstance(pair, tuple | list) else (pair, pair) for pair in own]
    inner = items_of(field)
    if inner is not field and "choices" in inner.metadata:
        return choices_of(inner)
    if isinstance(inner, fields.Boolean):
        return [(True, _("Yes")), (False, _("No"))]
    if isinstance(inner, fields.Enum):
        return [(member, getattr(member, "label", member.value)) for member in inner.enum]
    for check in [*field.validators, *inner.validators]:
        if isinstance(check, validate.OneOf):
            labels = [*check.labels]
            return [(v, labels[i] if i < len(labels) else v) for i, v in enumerate(check.choices)]
    return None


def length_of(field: fields.Field[Any]) -> tuple[int | None, int | None]:
    """The least and the greatest length that a validator allows."""
    for check in field.validators:
        if isinstance(check, validate.Length):
            return check.equal or check.min, check.equal or check.max
    return None, None


def bounds_of(field: fields.Field[Any]) -> tuple[Any, Any]:
    """The least and the greatest value that a validator allows, inclusive where the field has a smallest step."""
    step = 1 if isinstance(field, fields.Integer) else field.places if isinstance(field, fields.Decimal) else None
    for check in field.validators:
        if isinstance(check, validate.Range):
            low, high = check.min, check.max
            if step is not None and low is not None and not check.min_inclusive:
                low += step
            if step is not None and high is not None and not check.max_inclusive:
                high -= step
            return low, high
    return None, None


def text_of(field: fields.Field[Any], value: Any, zone: tzinfo) -> str:
    """A value, loaded or plain, as the text that its widget holds."""
    if value is None or value is missing:
        return ""
    if isinstance(value, Unreadable):
        return value.text
    if isinstance(value, Enum):
        by_value = not isinstance(field, fields.Enum) or field.by_value
        return str(value.value if by_value else value.name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and widget_of(field) == "money":
        return fen_to_yuan(value)
    if isinstance(field, fields.DateTime) and isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    if isinstance(value, datetime):
        return _local(value, zone).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple | set | frozenset):
        return "\n".join(text_of(items_of(field), item, zone) for item in value)
    return str(value)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def value_of(field: fields.Field[Any], text: str, zone: tzinfo) -> Any:
    """What `schema.load` takes for a text that is not blank. What cannot be read becomes Unreadable."""
    widget = widget_of(field)
    if widget == "money":
        try:
            return yuan_to_fen(text)
        except ValueError:
            return Unreadable(text, _("Enter an amount in yuan with two decimals at most, as in 128.50."))
    if isinstance(field, fields.Enum):
        known = {text_of(field, member, zone): member for member in field.enum}
        return (known[text].value if field.by_value else known[text].name) if text in known else text
    if isinstance(field, fields.Boolean):
        answer = text.strip().lower()
        if answer in _YES or answer in _NO:
            return answer in _YES
        return Unreadable(text, _("Answer yes or no."))
    if isinstance(field, fields.Number):
        return _number(field, text)
    if isinstance(field, fields.DateTime):
        return _moment(field, text, zone)
    if isinstance(field, fields.Date):
        return _day(text)
    if widget == "password":
        return text
    if widget == "textarea":
        return text.replace("\r\n", "\n").rstrip()
    if widget == "phone":
        return unicodedata.normalize("NFKC", text).replace(" ", "")
    return text.strip()


def _number(field: fields.Field[Any], text: str) -> Any:
    if len(text) > _LONG:
        return Unreadable(text, _("This number is too large. Please check it."))
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if isinstance(field, fields.Integer):
        if _INTEGER.fullmatch(plain):
            number = int(plain)
            too_large = not -INT_BOUND <= number < INT_BOUND
            return Unreadable(text, _("This number is too large. Please check it.")) if too_large else number
        return Unreadable(text, _("Enter a whole number."))
    if _DECIMAL.fullmatch(plain):
        return plain
    return Unreadable(text, _("Enter a number, for example 12.5."))


def _day(text: str) -> str:
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip()) if len(text) <= _LONG else None
    return "{}-{:0>2}-{:0>2}".format(*found.groups()) if found else text


def _moment(field: fields.Field[Any], text: str, zone: tzinfo) -> Any:
    plain = unicodedata.normalize("NFKC", text[: _LONG + 1]).strip()
    refusal = Unreadable(text, _("Enter date and time, for example 2026-03-01 09:30."))
    try:
        moment = datetime.fromisoformat(plain) if 16 <= len(plain) <= _LONG else None
    except ValueError:
        moment = None
    if moment is None:
        return refusal
    if moment.tzinfo is not None or isinstance(field, fields.NaiveDateTime):
        return plain
    aware = moment.replace(tzinfo=zone)
    try:
        exists = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment
    except OverflowError:
        return refusal
    if not exists:
        return Unreadable(text, _("The clocks are put forward then; there is no such time. Choose another."))
    return aware.isoformat()


def split_items(text: str) -> Iterable[str]:
    """The entries of a list typed with commas or on lines of their own; blank ones are dropped."""
    return [part.strip() for part in _SEPARATORS.split(text.replace("\r", "\n")) if part.strip()]


def blank(field: fields.Field[Any]) -> Any:
    """What an emptied widget means: None where the field takes it, else nothing sent."""
    return None if field.allow_none else missing
