"""What a guard answers: allow, deny with a reason, or ask a role to say yes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from guanjia.words import Message


class Outcome(StrEnum):
    """The three answers of a guard."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


class Verdict(msgspec.Struct, frozen=True):
    """One guard's answer. `role` and `about` belong to an ask: who must say yes, and to which values."""

    outcome: Outcome
    message: Message | None = None
    role: str | None = None
    about: Mapping[str, Any] = {}


ALLOWED = Verdict(Outcome.ALLOW)


def allow() -> Verdict:
    """The rule has nothing against the step."""
    return ALLOWED


def deny(message: Message) -> Verdict:
    """The step may not happen; `message` says what is missing and what to do."""
    return Verdict(Outcome.DENY, message)


def ask(role: str, message: Message, **about: Any) -> Verdict:
    """Somebody who holds `role` must say yes first. The yes counts for equal `about` values only."""
    return Verdict(Outcome.ASK, message, role, about)
