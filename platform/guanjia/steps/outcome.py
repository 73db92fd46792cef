"""What a step comes to: its answer, the yeses it ran with, and what is known of it while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from guanjia.ports import SiteInfo
from guanjia.rules.decide import Decision
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Rulebook
from guanjia.steps.changes import plain
from guanjia.steps.flow import Flow, Step

if TYPE_CHECKING:
    from guanjia.steps.context import Context


@dataclass(frozen=True)
class Grant:
    """A yes that was given: it counts for the same rule, role and values only."""

    rule: str
    role: str
    about: Mapping[str, Any]

    def covers(self, reason: Reason) -> bool:
        """Whether the yes answers this ask."""
        return (self.rule, self.role, dict(self.about)) == (reason.rule, reason.role, dict(reason.about))


@dataclass
class Done:
    """What a step did. `rules` are those asked, `deadlines` the dates set, `late` the reasons of a late report."""

    step: str
    case_id: UUID
    version: int
    state: str
    number: str | None = None
    rules: tuple[str, ...] = ()
    excepted: tuple[Reason, ...] = ()
    deadlines: list[dict[str, Any]] = field(default_factory=list)
    granted: tuple[Reason, ...] = ()
    late: tuple[Reason, ...] = ()
    nested: list[Done] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The answer as it is kept under an Idempotency-Key."""
        return {
            "step": self.step,
            "case_id": str(self.case_id),
            "version": self.version,
            "state": self.state,
            "number": self.number,
            "rules": list(self.rules),
            "deadlines": self.deadlines,
            **{name: reasons_to_json(getattr(self, name)) for name in _REASONS},
            "nested": [done.to_json() for done in self.nested],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Done:
        """The answer that was kept."""
        return cls(
            data["step"],
            UUID(data["case_id"]),
            data["version"],
            data["state"],
            data["number"],
            rules=tuple(data["rules"]),
            deadlines=data["deadlines"],
            nested=[cls.from_json(done) for done in data["nested"]],
            **{name: reasons_from_json(data[name]) for name in _REASONS},
        )


_REASONS = ("excepted", "granted", "late")


def reasons_to_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Reasons with their parameters, to be kept with an answer."""
    return [reason.to_json() | {"params": plain(reason.params)} for reason in reasons]


def reasons_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """The reasons that were kept with an answer."""
    return tuple(Reason.from_json(item, item["params"]) for item in data)


@dataclass
class Run:
    """What is known about a step while it runs; enough to journal it if it is denied or must wait."""

    caller: Context
    flow: Flow
    step: Step
    case_id: UUID | None
    raw: Mapping[str, Any]
    now: datetime
    site: SiteInfo | None = None
    rulebook: Rulebook | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    decision: Decision | None = None
