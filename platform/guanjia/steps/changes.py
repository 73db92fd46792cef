"""What a step changed, split into what the journal keeps for good and what can be erased: personal and free text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import String, Text, inspect

from guanjia.schema import StrictSchema

_NOT_SHOWN = {"company_id", "id", "site_id", "version", "changed_at", "rulebook_id"}


def is_public(field: Any) -> bool:
    """Whether the journal and the facts may hold the field's value. Free text and personal values may not:
    text counts as free unless it is one of a set of choices or its metadata says `fact=True`."""
    meta = getattr(field, "metadata", {})
    if "private" in meta:
        return not meta["private"]
    if meta.get("fact"):
        return True
    if isinstance(field, fields.List):
        return is_public(field.inner)
    if isinstance(field, fields.Nested):
        return False
    if isinstance(field, fields.UUID | fields.Enum):
        return True
    if isinstance(field, fields.String):
        checks = field.validators or []
        return any(isinstance(check, validate.OneOf) for check in checks)
    return isinstance(
        field, fields.Integer | fields.Boolean | fields.DateTime | fields.Date | fields.Decimal | fields.Time
    )


@cache
def declared(schema: type[StrictSchema]) -> Mapping[str, Any]:
    """The fields of a schema, bound once: making an instance for each question costs more than the question."""
    return dict(schema().fields)


def without_secrets(schema: type[StrictSchema] | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """The form without what must never be kept, not even as a hash: passwords."""
    known = declared(schema) if schema is not None else {}
    return {k: v for k, v in form.items() if k not in known or not known[k].metadata.get("secret")}


def public_form(schema: type[StrictSchema] | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as rules may see it: values that are no free text, and for the others whether they were given."""
    if schema is None:
        return {}
    out: dict[str, Any] = {}
    for name, field in declared(schema).items():
        value = form.get(name)
        if is_public(field):
            out[name] = plain(value)
        else:
            out[name] = bool(value)
    return out


def plain(value: Any) -> Any:
    """A value as canonical JSON takes it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    return value


def changes_of(
    case: Any, form: Mapping[str, Any], schema: type[StrictSchema] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changed columns as {name: [old, new]}, split into (public, private). Private form values join the latter.

    A column with `info={"sealed": True}` says only whether it held something; one with `{"unkept": True}` is left out.
    """
    public: dict[str, Any] = {}
    private: dict[str, Any] = {}
    state = inspect(case)
    for attribute in state.mapper.column_attrs:
        column = attribute.columns[0]
        if attribute.key in _NOT_SHOWN or column.info.get("unkept"):
            continue
        past = state.attrs[attribute.key].history
        if not past.has_changes():
            continue
        old = plain(past.deleted[0]) if past.deleted else None
        new = plain(past.added[0]) if past.added else None
        if old == new:
            continue
        if column.info.get("sealed"):  # that it changed is kept, neither value is, not even sealed
            public[attribute.key] = [bool(old), bool(new)]
            continue
        is_free = column.info.get("private") or (_is_text(column) and not column.info.get("fact"))
        (private if is_free else public)[attribute.key] = [old, new]
    if schema is not None:
        given = {
            name: plain(form[name])
            for name, field in declared(schema).items()
            if name in form
            and not is_public(field)
            and form[name] not in (None, "", [])
            and not field.metadata.get("secret")
        }
        if given:
            private["form"] = given
    return public, private


def _is_text(column: Any) -> bool:
    kind = column.type
    if isinstance(kind, Text):
        return True
    return isinstance(kind, String) and (kind.length or 0) > 120
