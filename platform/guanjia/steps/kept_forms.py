"""The form of a step that waits, as it is kept: what is secret in it (a password, an identity number) stands there sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from guanjia.config import Config
from guanjia.keeping import seal, unseal
from guanjia.schema import StrictSchema
from guanjia.steps.changes import declared, plain

_SEALED = "sealed"


def kept_form(
    config: Config, schema: type[StrictSchema] | None, form: Mapping[str, Any], request_id: UUID
) -> dict[str, Any]:
    """The form as it may stand in the database until the step runs."""
    known = declared(schema) if schema is not None else {}
    out: dict[str, Any] = plain(dict(form))
    for name, value in out.items():
        if name in known and known[name].metadata.get("secret") and isinstance(value, str) and value:
            out[name] = {_SEALED: seal(config, value, _place(request_id, name))}
    return out


def opened_form(config: Config, form: Mapping[str, Any], request_id: UUID) -> dict[str, Any]:
    """The form again as it was sent, for the step that runs now. Raises KeyFault."""
    return {
        name: unseal(config, value[_SEALED], _place(request_id, name)) if _is_sealed(value) else value
        for name, value in form.items()
    }


def shown_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form without what is sealed, for people to read and to send again."""
    return {name: value for name, value in form.items() if not _is_sealed(value)}


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_SEALED}


def _place(request_id: UUID, name: str) -> str:
    return f"guanjia.approval:{request_id}:{name}"
