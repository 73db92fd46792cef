"""Parameters of a rule, declared once as a small typed class; form, validation, API and documentation derive from it."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NewType, TypeVar, dataclass_transform

from marshmallow import fields, validate

from guanjia.schema import StrictSchema

RoleKey = NewType("RoleKey", str)  # the key of a role, chosen from the company's roles
Coded = NewType("Coded", str)  # a coded value whose label stands in the clause data

P = TypeVar("P", bound="Params")


def param(
    default: Any,
    *,
    min: int | Decimal | None = None,
    max: int | Decimal | None = None,
    choices: tuple[str, ...] = (),
    at_least_one: bool = False,
) -> Any:
    """A parameter with its default, inclusive bounds or choices. `at_least_one` refuses an empty list."""
    meta = {"min": min, "max": max, "choices": choices, "at_least_one": at_least_one}
    return field(default=default, metadata=meta)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param,))
class Params:
    """Base of parameter classes. Allowed types: int, bool, str, Decimal, RoleKey, Coded, and tuples of the last three."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def specs(cls) -> tuple[ParamSpec, ...]:
        """Name, type, default and bounds of each parameter, in order of declaration."""
        if cls not in _SPECS:
            _SPECS[cls] = _specs(cls)
        return _SPECS[cls]

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The defaults as JSON values."""
        return {spec.name: spec.to_json(spec.default) for spec in cls.specs()}

    @classmethod
    def schema(cls) -> type[StrictSchema]:
        """The marshmallow schema of the parameters, every field optional (a missing one is inherited)."""
        if cls not in _SCHEMAS:
            _SCHEMAS[cls] = _schema(cls)
        return _SCHEMAS[cls]

    @classmethod
    def load(cls: type[P], values: Mapping[str, Any]) -> P:
        """An instance from JSON values; missing ones take the default. Raises marshmallow.ValidationError."""
        known = {spec.name for spec in cls.specs()}
        loaded = cls.schema()().load({k: v for k, v in values.items() if k in known})
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in loaded.items()})


class NoParams(Params):
    """A rule without parameters."""


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter as the host sees it. `type` is int, bool, str, decimal, role, coded, text, or a list of one."""

    name: str
    type: str
    many: bool
    default: Any
    min: int | Decimal | None
    max: int | Decimal | None
    choices: tuple[str, ...]
    at_least_one: bool

    def to_json(self, value: Any) -> Any:
        """A value as it is stored: tuples as lists, decimals as text."""
        if isinstance(value, tuple | list):
            return [str(item) for item in value]
        return str(value) if isinstance(value, Decimal) else value

    def to_field(self) -> fields.Field[Any]:
        """The marshmallow field that checks this parameter."""
        bounds: list[Any] = []
        if self.min is not None or self.max is not None:
            bounds.append(validate.Range(min=self.min, max=self.max))
        meta = {"param": self.type}
        if self.many:
            inner = validate.OneOf(self.choices) if self.choices else validate.Length(min=1, max=200)
            sized = [validate.Length(min=1 if self.at_least_one else 0, max=100)]
            return fields.List(fields.String(validate=inner), validate=sized, metadata=meta)
        if self.type == "bool":
            return fields.Boolean(metadata=meta)
        if self.type == "int":
            return fields.Integer(strict=True, validate=bounds, metadata=meta)
        if self.type == "decimal":
            return fields.Decimal(places=4, validate=bounds, metadata=meta)
        checks: list[Any] = [validate.OneOf(self.choices)] if self.choices else [validate.Length(min=1, max=200)]
        return fields.String(validate=checks, metadata=meta)


# Kept per class: a question is asked far more often than a class is declared.
_SPECS: dict[type[Params], tuple[ParamSpec, ...]] = {}
_SCHEMAS: dict[type[Params], type[StrictSchema]] = {}
_KINDS: dict[Any, str] = {
    int: "int",
    bool: "bool",
    str: "text",
    Decimal: "decimal",
    RoleKey: "role",
    Coded: "coded",
}


def _specs(cls: type[Params]) -> tuple[ParamSpec, ...]:
    found = []
    hints = typing.get_type_hints(cls)
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        hint, many = hints[item.name], False
        if typing.get_origin(hint) is tuple:
            hint, many = typing.get_args(hint)[0], True
        if isinstance(hint, types.UnionType) or hint not in _KINDS:
            raise TypeError(f"{cls.__name__}.{item.name}: {hint!r} is no parameter type")
        meta = item.metadata
        found.append(
            ParamSpec(
                item.name,
                _KINDS[hint],
                many,
                item.default,
                meta.get("min"),
                meta.get("max"),
                tuple(meta.get("choices", ())),
                bool(meta.get("at_least_one")),
            )
        )
    return tuple(found)


def _schema(cls: type[Params]) -> type[StrictSchema]:
    declared = {spec.name: spec.to_field() for spec in cls.specs()}
    return StrictSchema.from_dict(declared, name=f"{cls.__name__}Schema")  # type: ignore[return-value]
