"""Schemas that take nothing they were not asked for, and their errors in the reader's language.

A schema checks form (type, length, presence); a rule checks meaning. Pages and API share these limits.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from guanjia.words import Message, Text, words

_ = words("guanjia")

MAX_LENGTH = 10_000  # characters of one text, unless the field says otherwise
MAX_ITEMS = 1_000  # entries of one list, unless the field says otherwise
MAX_DEPTH = 20
INT_BOUND = 2**63  # a database integer is signed and has 64 bits
YEARS = range(1900, 3000)  # outside of it, adding days or changing the zone would overflow
SIGNATURE_BYTES = 200 * 1024
SIGNATURE_PREFIX = "data:image/png;base64,"
_SIGNATURE_LENGTH = len(SIGNATURE_PREFIX) + (SIGNATURE_BYTES + 2) // 3 * 4
_PNG = b"\x89PNG\r\n\x1a\n"

# Tabs and line ends are writing; other control characters are not; half a surrogate pair cannot be stored.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a person typed where something else was expected. Every field of a StrictSchema refuses it.

    `text` is kept to be shown again in the form; `message` says how to write it.
    """

    text: str
    message: Message | Text | str


def invalid(message: Message | Text, field: str | None = None) -> ValidationError:
    """The error for a validator to raise, with a translatable message; a schema check names the `field`."""
    return ValidationError([message]) if field is None else ValidationError([message], field)


class StrictSchema(Schema):
    """A schema that refuses unknown fields, control characters, numbers beyond 64 bits, absurd lengths, and blanks for
    a required text.

    Bad input raises marshmallow.ValidationError and nothing else. A `validate.Length` with a maximum, or
    `metadata={"max_length": n}`, replaces the limit of 10,000 characters. Nest other StrictSchemas only.
    """

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Put the strict checks before and behind the field's own."""
        _harden(field_obj)


def signature_png(value: str) -> None:
    """Accept a drawn signature: a PNG as data URL of at most 200 KB. Raises ValidationError."""
    if not value.startswith(SIGNATURE_PREFIX):
        raise invalid(_("This is not a signature. Sign in the box, or choose a PNG picture."))
    try:
        picture = base64.b64decode(value[len(SIGNATURE_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(_("The signature arrived damaged. Please sign again.")) from None
    if not picture.startswith(_PNG):
        raise invalid(_("This is not a signature. Sign in the box, or choose a PNG picture."))
    if len(picture) > SIGNATURE_BYTES:
        raise invalid(_("The signature is larger than 200 KB. Sign in the box, or choose a smaller picture."))


def _harden(field: fields.Field[Any]) -> None:
    before: list[Callable[[Any], Any]] = [_readable]
    behind: list[Callable[[Any], Any]] = []
    if isinstance(field, fields.Integer):
        before.append(_not_float)
        behind.append(_in_64_bits)
    elif isinstance(field, fields.Number):
        before.append(_short_number)
        behind.append(_storable_number)
    elif isinstance(field, fields.String):
        is_signature = field.metadata.get("widget") == "signature"
        limit = _SIGNATURE_LENGTH if is_signature else _limit(field, MAX_LENGTH)
        before.append(_PlainText(limit, field.required))
        if is_signature:
            behind.append(signature_png)
    elif isinstance(field, fields.DateTime | fields.Date):
        behind.append(_storable_date)
    elif isinstance(field, fields.List):
        before += [_a_list, _Items(_limit(field, MAX_ITEMS))]
        _harden(field.inner)
    elif isinstance(field, fields.Nested):
        before.append(_Items(_limit(field, MAX_ITEMS)))
    elif isinstance(field, fields.Tuple):
        for part in field.tuple_fields:
            _harden(part)
    elif isinstance(field, fields.Dict | fields.Raw):
        before.append(_storable_tree)
    # New lists: copies of a field share theirs with the class. Twice bound, the checks are there once.
    field.pre_load = [*(c for c in before if c not in field.pre_load), *field.pre_load]
    field.validators = [*(c for c in behind if c not in field.validators), *field.validators]


def _limit(field: fields.Field[Any], default: int) -> int | None:
    for check in field.validators:
        if isinstance(check, validate.Length) and (check.max or check.equal):
            return None
    return int(field.metadata.get("max_length", default))


def _readable(value: Any) -> Any:
    if isinstance(value, Unreadable):
        raise ValidationError([value.message])
    return value


@dataclass(frozen=True)
class _PlainText:
    limit: int | None
    required: bool = False

    def __call__(self, value: Any) -> Any:
        if isinstance(value, bytes):
            raise ValidationError("Not a valid string.")
        if isinstance(value, str):
            if self.required and not value.strip():  # a reason of blanks is none
                raise ValidationError("Missing data for required field.")
            if self.limit is not None and len(value) > self.limit:
                raise ValidationError([_("Shorten this to at most %(max)s characters.", max=self.limit)])
            if _UNWRITABLE.search(value):
                raise invalid(_("Some characters cannot be stored. Delete them, or type it anew."))
        return value


@dataclass(frozen=True)
class _Items:
    limit: int | None

    def __call__(self, value: Any) -> Any:
        if self.limit is not None and isinstance(value, list | tuple) and len(value) > self.limit:
            raise invalid(_("At most %(max)s entries at once. Send the rest separately.", max=self.limit))
        return value


def _a_list(value: Any) -> Any:
    if value is not None and not isinstance(value, list | tuple | set | frozenset):
        raise ValidationError("Not a valid list.")
    return value


def _not_float(value: Any) -> Any:
    if isinstance(value, float | Decimal):
        raise ValidationError("Not a valid integer.")
    return value


def _in_64_bits(value: Any) -> None:
    if isinstance(value, int) and not -INT_BOUND <= value < INT_BOUND:
        raise ValidationError("Number too large.")


def _short_number(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 60:
        raise ValidationError("Number too large.")
    if isinstance(value, int) and not -INT_BOUND <= value < INT_BOUND:
        raise ValidationError("Number too large.")
    return value


def _storable_number(value: Any) -> None:
    if not isinstance(value, Decimal):
        return
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -18 or (value and value.adjusted() >= 18):
        raise ValidationError("Number too large.")


def _storable_date(value: Any) -> None:
    if isinstance(value, datetime | date) and value.year not in YEARS:
        raise invalid(_("Give a year between 1900 and 2999."))


def _storable_tree(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise invalid(_("This is nested too deeply. Send a flatter structure."))
    if isinstance(value, Mapping):
        for key, item in value.items():
            _storable_tree(str(key), depth + 1)
            _storable_tree(item, depth + 1)
    elif isinstance(value, list | tuple):
        _Items(MAX_ITEMS)(value)
        for item in value:
            _storable_tree(item, depth + 1)
    elif isinstance(value, str):
        _PlainText(MAX_LENGTH)(value)
    elif isinstance(value, int):
        _in_64_bits(value)
    return value


# marshmallow's own English, made into sentences that say what to do. Tests hold it against the library.
_EXACT: dict[str, Message] = {
    "Missing data for required field.": _("Please fill this in."),
    "Field may not be null.": _("Please fill this in."),
    "Invalid value.": _("This is not accepted. Please check it."),
    "Invalid input.": _("This is not accepted. Please check it."),
    "Invalid type.": _("This has another form than expected. Check it against the description."),
    "Invalid input type.": _("This has another form than expected. Check it against the description."),
    "Unknown field.": _("This field is not known here. Leave it out."),
    "Not a valid string.": _("Enter text here."),
    "Not a valid utf-8 string.": _("Some characters cannot be stored. Delete them, or type it anew."),
    "Not a valid list.": _("Give a list here."),
    "Not a valid tuple.": _("Give a list here."),
    "Not a valid mapping type.": _("Give names with values here."),
    "Not a valid UUID.": _("This is no valid choice. Choose it from the list again."),
    "Not a valid number.": _("Enter a number, for example 12.5."),
    "Special numeric values (nan or infinity) are not permitted.": _("Enter a number, for example 12.5."),
    "Number too large.": _("This number is too large. Please check it."),
    "Not a valid integer.": _("Enter a whole number."),
    "Not a valid boolean.": _("Answer yes or no."),
    "Not a valid date.": _("Enter a date, for example 2026-03-01."),
    "Not a valid time.": _("Enter a time, for example 09:30."),
    "Not a valid datetime.": _("Enter date and time, for example 2026-03-01 09:30."),
    "Not a valid aware datetime.": _("Give the time zone too, for example 2026-03-01T09:30:00+08:00."),
    "Not a valid naive datetime.": _("Enter date and time, for example 2026-03-01 09:30."),
    "Not a valid period of time.": _("Enter a length of time."),
    "Not a valid URL.": _("Enter a full web address, beginning with https://."),
    "Not a valid email address.": _("Enter an e-mail address, for example name@example.com."),
    "String does not match expected pattern.": _("This is not in the expected form. Please check it."),
}
_PATTERNS: tuple[tuple[re.Pattern[str], Message], ...] = tuple(
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"Must be one of: (?P<choices>.*)\.", _("Choose one of these: %(choices)s.")),
        (r"One or more of the choices you made was not in: (?P<choices>.*)\.",
         _("Choose only from these: %(choices)s.")),
        (r"One or more of the choices you made was in: (?P<choices>.*)\.", _("Choose none of: %(choices)s.")),
        (r"Must be greater than or equal to (?P<min>.*) and less than or equal to (?P<max>.*)\.",
         _("Enter a value from %(min)s to %(max)s.")),
        (r"Must be greater than or equal to (?P<min>.*) and less than (?P<max>.*)\.",
         _("Enter a value of at least %(min)s and less than %(max)s.")),
        (r"Must be greater than (?P<min>.*) and less than or equal to (?P<max>.*)\.",
         _("Enter a value greater than %(min)s and at most %(max)s.")),
        (r"Must be greater than (?P<min>.*) and less than (?P<max>.*)\.",
         _("Enter a value between %(min)s and %(max)s, neither included.")),
        (r"Must be greater than or equal to (?P<min>.*)\.", _("Enter at least %(min)s.")),
        (r"Must be greater than (?P<min>.*)\.", _("Enter more than %(min)s.")),
        (r"Must be less than or equal to (?P<max>.*)\.", _("Enter at most %(max)s.")),
        (r"Must be less than (?P<max>.*)\.", _("Enter less than %(max)s.")),
        (r"Shorter than minimum length (?P<min>\d+)\.", _("Too short: at least %(min)s are needed.")),
        (r"Longer than maximum length (?P<max>\d+)\.", _("Too long: at most %(max)s are allowed.")),
        (r"Length must be between (?P<min>\d+) and (?P<max>\d+)\.",
         _("The length must be from %(min)s to %(max)s.")),
        (r"Length must be (?P<equal>\d+)\.", _("The length must be exactly %(equal)s.")),
        (r"Must be equal to (?P<other>.*)\.", _("This must be %(other)s.")),
        (r"Not a valid (?P<kind>IP(?:v[46])? (?:address|interface))\.", _("Enter a network address.")),
    )
)  # fmt: skip


def localise(message: object, *, rewrite: Callable[[str], str] | None = None) -> str:
    """One error message in the reader's language; `rewrite` changes what it quotes (bounds in yuan)."""
    if not isinstance(message, str):
        return str(message)
    if message in _EXACT:
        return str(_EXACT[message])
    for pattern, ours in _PATTERNS:
        found = pattern.fullmatch(message)
        if found:
            args = {key: rewrite(text) if rewrite else text for key, text in found.groupdict().items()}
            return str(Message(ours.domain, ours.id, tuple(args.items())))
    return str(_(message))


def localise_errors(errors: Any) -> Any:
    """The errors of a ValidationError with every message in the reader's language, in the same structure."""
    if isinstance(errors, Mapping):
        return {key: localise_errors(value) for key, value in errors.items()}
    if isinstance(errors, list | tuple):
        return [localise_errors(e) if isinstance(e, Mapping | list | tuple) else localise(e) for e in errors]
    return [localise(errors)]
