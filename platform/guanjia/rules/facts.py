"""Facts: frozen, JSON-serialisable records of all that a rule may know. Ids and values, never names or phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import msgspec

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def facts(cls: type[T]) -> type[T]:
    """Make `cls` a facts record: frozen, keyword-only, with plain values (int, str, bool, UUID, aware datetime)."""
    return dataclass(frozen=True, kw_only=True)(cls)


@facts
class ActorFacts:
    """Who acts: roles held at the scope of the case, departments, or the system itself."""

    id: UUID | None
    roles: tuple[str, ...] = ()
    departments: tuple[UUID, ...] = ()
    is_system: bool = False

    def holds(self, *roles: str) -> bool:
        """Whether the actor holds one of the roles here. The system in the name of a step holds none."""
        own = self.roles
        for role in roles:  # noqa: SIM110 - asked at every step; a generator costs as much as the rest of a guard
            if role in own:
                return True
        return False


@facts
class SiteFacts:
    """Where: the site (None at headquarters) and the zone in which its days are counted."""

    id: UUID | None
    zone: str = "Asia/Shanghai"


@facts
class ActFacts:
    """The act itself: its time (UTC), and whether it is reported after the fact."""

    at: datetime
    step: str
    reported_late: bool = False


def to_plain(record: Any) -> Any:
    """A facts record (or any nesting of plain values) as JSON values."""
    return msgspec.to_builtins(record, str_keys=True)


def from_plain(kind: type[T], data: Mapping[str, Any]) -> T:
    """The record of type `kind` that `to_plain` wrote. Raises msgspec.ValidationError if it does not fit."""
    return msgspec.convert(data, kind, strict=False)
