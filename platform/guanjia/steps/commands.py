"""Commands: what reactions ask for, as data. The host puts them into the outbox and carries them out after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.words import Message


@dataclass(frozen=True, kw_only=True)
class Event:
    """That a step has happened: what reactions are told."""

    step: str
    case_id: UUID
    at: datetime
    actor: UUID | None
    site: UUID | None
    state: str
    form: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Notify:
    """Tell roles or people, in the app. `urgent` notices are told at once on every channel, quiet hours or not.

    A notice to a role goes to the holder who handled the case, else to all holders. `at` makes it a later one.
    """

    message: Message
    roles: tuple[str, ...] = ()
    staff: tuple[UUID, ...] = ()
    urgent: bool = False
    at: datetime | None = None
    unless: tuple[str, ...] = ()  # lapses once one of these steps has happened after it was made
    while_open: UUID | None = None  # lapses once this deadline is met, moved or cancelled
    repeat_hours: int | None = None  # goes out again until it lapses


@dataclass(frozen=True, kw_only=True)
class MakeTask:
    """Make a task for a role (or a person) about the case; one of the steps `met_by` on the case does it."""

    title: Message
    role: str | None = None
    staff: UUID | None = None
    due_at: datetime | None = None
    met_by: tuple[str, ...] = ()
    key: str = ""  # told apart from other tasks that the same rule makes for the same case


@dataclass(frozen=True, kw_only=True)
class Perform:
    """Run another step as the system, in the name of the step that set it off: open a case, follow up, escalate."""

    step: str
    case_id: UUID | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What a duty owes: a role, how often, by when. `title` names it to whoever does it."""

    title: Message
    role: str | None = None
    staff: UUID | None = None
    count: int = 1
    due_at: datetime | None = None
    key: str = ""


Command = Notify | MakeTask | Perform


def command_to_json(command: Command) -> dict[str, Any]:
    """The command as the outbox keeps it."""
    data: dict[str, Any] = {}
    for name, value in vars(command).items():
        if isinstance(value, Message):
            data[name] = value.to_json()
        elif isinstance(value, UUID):
            data[name] = str(value)
        elif isinstance(value, datetime):
            data[name] = value.isoformat()
        elif isinstance(value, tuple):
            data[name] = [str(item) if isinstance(item, UUID) else item for item in value]
        elif isinstance(value, Mapping):
            data[name] = dict(value)
        else:
            data[name] = value
    return data
