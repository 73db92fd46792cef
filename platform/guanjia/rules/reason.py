"""A reason as it is kept and shown: the rule, its clauses and words, the parameters, and who may say yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guanjia.words import Message


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step was denied, or what it waits for. `outcome` is `deny` or `ask`."""

    rule: str
    outcome: str
    message: Message
    params: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    excepted_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form in which a decision keeps it."""
        data: dict[str, Any] = {"rule": self.rule, "outcome": self.outcome, "message": self.message.to_json()}
        if self.role:
            data |= {"role": self.role, "about": dict(self.about)}
        if self.excepted_by:
            data["excepted_by"] = self.excepted_by
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Reason:
        """The reason that `to_json` wrote; parameters come from the rulebook."""
        return cls(
            data["rule"],
            data["outcome"],
            Message.from_json(data["message"]),
            params or {},
            data.get("role"),
            data.get("about", {}),
            data.get("excepted_by"),
        )
