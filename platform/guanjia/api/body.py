"""What a request says, read strictly: one JSON object, the headers of a step, an uploaded file.

Nothing that a client can send raises anything but our own errors, and they name the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage

from guanjia.api.faults import Malformed, WrongMediaType
from guanjia.errors import Invalid
from guanjia.schema import INT_BOUND, YEARS
from guanjia.words import Message, words

_ = words("guanjia")

MAX_BODY = 4 * 1024 * 1024  # bytes of JSON; a form may hold several drawn signatures
MAX_DEPTH = 50
MAX_NAME = 120  # characters of a field's name that an error repeats
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ETAG = re.compile(r'"(\d{1,9})"')
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")

TOO_DEEP = _("This is nested too deeply. Send a flatter structure.")
TOO_LARGE = _("This number is too large. Please check it.")
NO_NUMBER = _("NaN and Infinity are no numbers here. Leave it out, or send a number.")
TWICE = _("This name stands here twice. Send it once.")
UNREADABLE = _("Some characters cannot be stored. Delete them, or type it anew.")


class _Twice(ValueError):
    """A name stands twice in one object."""


class _NotFinite:
    """NaN or an infinity, kept until it is known in which field it stands."""


def read_object() -> dict[str, Any]:
    """The request's JSON object; empty if there is no body.

    Raises Malformed (400), WrongMediaType (415), TooLarge by way of the framework (413), Invalid (422) naming the field.
    """
    request.max_content_length = MAX_BODY
    raw = request.get_data(cache=False)
    if not raw:
        return {}
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise WrongMediaType()
    return parse_object(raw)


def parse_object(raw: bytes) -> dict[str, Any]:
    """`raw` as one JSON object. Fractions come as Decimal, since nothing here counts in floats."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(_("The body is not written in UTF-8. Send it as JSON in UTF-8.")) from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=Decimal,
            parse_constant=lambda _name: _NotFinite(),
        )
    except _Twice as fault:
        raise Invalid({str(fault): [TWICE]}) from None
    except RecursionError:
        raise Invalid({_deepest(text): [TOO_DEEP]}) from None
    except json.JSONDecodeError as fault:
        raise Malformed(
            _(
                "This is no JSON from line %(line)s, character %(column)s on. Correct it and send again.",
                line=fault.lineno,
                column=fault.colno,
            )
        ) from None
    except (ValueError, ArithmeticError):
        raise Malformed(_("This is no JSON that can be read. Correct it and send again.")) from None
    if not isinstance(value, dict):
        raise Malformed(_("Send one JSON object: names with their values, in braces."))
    for name, item in value.items():
        _check(name, item)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(shown(name))
        found[name] = value
    return found


def _integer(digits: str) -> int:
    # More digits than any number here may have cost time to read, and the interpreter refuses thousands of them.
    return int(digits) if len(digits) <= 30 else int("-1" + "0" * 30 if digits.startswith("-") else "1" + "0" * 30)


def _check(name: str, item: Any) -> None:
    """Refuse what cannot be stored or counted anywhere, whatever the field takes. Raises Invalid with the path to it."""
    waiting: list[tuple[str, str, Any, int]] = [(name, name, item, 1)]
    while waiting:
        path, key, value, depth = waiting.pop()
        if _UNWRITABLE.search(key):
            raise Invalid({shown(path): [UNREADABLE]})
        if depth > MAX_DEPTH:
            raise Invalid({shown(name): [TOO_DEEP]})
        if isinstance(value, dict):
            waiting += [(f"{path}.{k}"[:1000], k, v, depth + 1) for k, v in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}.{n}"[:1000], "", v, depth + 1) for n, v in enumerate(value)]
        else:
            fault = _fault(value)
            if fault is not None:
                raise Invalid({shown(path): [fault]})


def _fault(value: Any) -> Message | None:
    if isinstance(value, _NotFinite):
        return NO_NUMBER
    if isinstance(value, str):
        return UNREADABLE if _HALF.search(value) or "\x00" in value else None
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return None if isinstance(exponent, int) and exponent > -60 and value.adjusted() < 60 else TOO_LARGE
    if isinstance(value, int) and not isinstance(value, bool) and not -INT_BOUND <= value < INT_BOUND:
        return TOO_LARGE
    return None


def _deepest(text: str) -> str:
    """The field of the outermost object in which brackets are nested beyond the limit."""
    depth, name = 0, ""
    for token in _TOKENS.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                break
        elif mark in "]}":
            depth -= 1
        elif depth == 1 and text[token.end() : token.end() + 40].lstrip().startswith(":"):
            name = mark[1:-1]
    return shown(name) or "_schema"


def shown(name: str) -> str:
    """A name that a client sent, fit to be repeated in an answer."""
    return _UNWRITABLE.sub("�", name)[:MAX_NAME]


def if_match() -> int | None:
    """The version in If-Match; None without one, or for `*`. Raises Invalid for several or weak ones."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    found = _ETAG.fullmatch(given)
    if found is None:
        raise Invalid({"If-Match": [_('Send one version as it came in ETag, in quotation marks, for example "3".')]})
    return int(found[1])


def idempotency_key(*, needed: bool) -> str | None:
    """The Idempotency-Key: 1 to 200 visible ASCII characters. Raises Invalid, also where it is needed and missing."""
    given = request.headers.get("Idempotency-Key", "").strip()
    if not given and not needed:
        return None
    if not given:
        raise Invalid(
            {
                "Idempotency-Key": [
                    _(
                        "This step moves money. Send a key of your own, such as a UUID: a repeated request then counts once."
                    )
                ]
            }
        )
    if not _KEY.fullmatch(given):
        raise Invalid(
            {"Idempotency-Key": [_("Send 1 to 200 letters, digits and signs without spaces, a UUID for example.")]}
        )
    return given


def occurred_at() -> datetime | None:
    """The time of an act that is reported later, from Occurred-At. Raises Invalid under the name `occurred_at`."""
    given = request.headers.get("Occurred-At", "").strip()
    if not given:
        return None
    wrong = Invalid({"occurred_at": [_("Give the time zone too, for example 2026-03-01T09:30:00+08:00.")]})
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise wrong from None
    if found.tzinfo is None or found.year not in YEARS:
        raise wrong
    return found


def read_query(schema: Any) -> dict[str, Any]:
    """The query as `schema` loads it: lists may be repeated, everything else stands once. Raises Invalid."""
    lists = {name for name, field in schema.fields.items() if hasattr(field, "inner")}
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if name in lists:
            given[name] = values
        elif len(values) > 1:
            raise Invalid({shown(name): [TWICE]})
        else:
            given[name] = values[0]
    return load(schema, given)


def load(schema: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` as `schema` loads it. Raises Invalid with the errors of each field."""
    from marshmallow import ValidationError

    try:
        return dict(schema.load(given))
    except ValidationError as error:
        messages = error.messages
        raise Invalid(messages if isinstance(messages, dict) else {"_schema": messages}) from None


def uploaded(most: int) -> FileStorage:
    """The one file of a multipart request, under the name `file`. Raises WrongMediaType, Invalid, and 413 beyond `most` bytes."""
    request.max_content_length = most + 64 * 1024  # the parts' own heads count too
    if request.mimetype != "multipart/form-data":
        raise WrongMediaType(_("Send the file as multipart/form-data, in a part called file."))
    unknown = [name for name in (*request.form, *request.files) if name != "file"]
    if unknown:
        raise Invalid({shown(name): [_("This entry is not known here. Leave it out.")] for name in unknown[:20]})
    found = request.files.getlist("file")
    if len(found) != 1 or not found[0].filename:
        raise Invalid({"file": [_("Send exactly one file, with its name.")]})
    return found[0]
