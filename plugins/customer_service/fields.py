"""Fields that the forms of this plugin are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from guanjia.sdk import words

_ = words("customer_service")


def one_of(labels: Mapping[str, object], label: object, **options: Any) -> fields.String:
    """One coded value of `labels` (value → label)."""
    meta = {"label": label, "choices": list(labels.items()), **options.pop("metadata", {})}
    return fields.String(validate=validate.OneOf(list(labels)), metadata=meta, **options)


def text(label: object, size: int, *, lines: int = 0, **options: Any) -> fields.String:
    """Free text of at most `size` characters, over `lines` lines if that is given."""
    meta = {"label": label, **options.pop("metadata", {})}
    if lines:
        meta |= {"widget": "textarea", "rows": lines}
    least = 1 if options.get("required") else None
    return fields.String(validate=validate.Length(min=least, max=size), metadata=meta, **options)


def flag(label: object, **metadata: Any) -> fields.Boolean:
    """Something that is so or not; not unless it is ticked."""
    return fields.Boolean(load_default=False, metadata={"label": label, **metadata})


def moment(label: object, **options: Any) -> fields.AwareDateTime:
    """A moment, entered in the site's time."""
    meta = {"label": label, "widget": "datetime", **options.pop("metadata", {})}
    if not options.get("required"):
        options = {"allow_none": True, "load_default": None, **options}
    return fields.AwareDateTime(metadata=meta, **options)


def household(**metadata: Any) -> fields.UUID:
    """A household of the site, found by room, name or phone; may stay empty."""
    return fields.UUID(allow_none=True, load_default=None, metadata={
        "label": _("Household"), "widget": "lookup", "lookup": "registry.household",
        "help": _("Type a room, a name or a phone number."), **metadata})  # fmt: skip


def department(label: object, **options: Any) -> fields.UUID:
    """A department of the site."""
    if not options.get("required"):
        options = {"allow_none": True, "load_default": None, **options}
    meta = {"label": label, "widget": "select", **options.pop("metadata", {})}
    return fields.UUID(metadata=meta, **options)


def files(label: object) -> fields.List[Any]:
    """Photos or files that belong to the entry."""
    return fields.List(fields.UUID(), load_default=list, metadata={"label": label, "widget": "photos"})
