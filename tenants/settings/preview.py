"""A change of rules before it is saved: what would be in force at each place, what stands against it, what to mind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guanjia.rules.reason import Reason
from guanjia.rules.settings import SWITCH, Resolved, Setting
from guanjia.sdk import Loader, Message, Rule
from tenants.settings.checks import conflict_reasons, lock_reasons, warnings_of
from tenants.settings.draft import Draft, names_of, read_draft, resolve_all, settle_locks
from tenants.settings.scope import Place, Scope
from tenants.settings.store import load_settings


@dataclass(frozen=True)
class Difference:
    """One name of a rule whose value would change."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Effect:
    """What one rule's setting would do at one place, at the moment from which it counts there."""

    rule: str
    place: Place
    at: datetime
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Preview:
    """A draft with its effects at every place that it reaches; `refusals` keep it from being saved."""

    draft: Draft
    effects: tuple[Effect, ...]
    refusals: tuple[Reason, ...]
    warnings: tuple[Message, ...]
    is_locked: bool

    @property
    def changing(self) -> list[Effect]:
        """The effects that change something."""
        return [effect for effect in self.effects if effect.differences]

    @property
    def unchanged(self) -> list[Effect]:
        """Where nothing changes, because nearer settings stand or it is so already."""
        return [effect for effect in self.effects if not effect.differences]


def preview(loader: Loader, scope: Scope, form: Mapping[str, Any], *, exception: bool = False) -> Preview:
    """The change of `form` (as a schema loaded it) at `scope`, unsaved. Raises Invalid, naming rule and field."""
    settings = load_settings(loader.session)
    draft, blocked = settle_locks(loader, read_draft(loader, scope, form), settings, exception=exception)
    refusals = (*lock_reasons(loader, blocked), *conflict_reasons(loader, draft, settings))
    return Preview(
        draft, effects_of(loader, draft, settings), refusals, tuple(warnings_of(loader, draft, settings)), bool(blocked)
    )


def effects_of(loader: Loader, draft: Draft, settings: Sequence[Setting]) -> tuple[Effect, ...]:
    """For each rule and place, what is in force before and after, at the moment from which the draft counts there."""
    found = []
    for setting in draft.settings:
        rule = loader.host.rules[setting.rule]
        places = draft.scope.places
        was, will = (
            resolve_all(rule, places, some, lambda place, new=setting: new.counts_from(place.zone))  # type: ignore[misc]
            for some in (settings, [*settings, setting])
        )
        for place in places:
            at = setting.counts_from(place.zone)
            found.append(Effect(rule.key, place, at, differences(rule, was[place], will[place])))
    return tuple(found)


def differences(rule: Rule, was: Resolved, will: Resolved) -> tuple[Difference, ...]:
    """The names of the rule whose values differ; an option that nobody set is off."""
    pairs = [(name, value_in(was, name), value_in(will, name)) for name in names_of(rule)]
    return tuple(Difference(name, before, after) for name, before, after in pairs if before != after)


def value_in(resolved: Resolved, name: str) -> Any:
    """The value that is in force under a name: the switch, a parameter, or an option."""
    if name == SWITCH:
        return resolved.on
    return resolved.params[name] if name in resolved.params else resolved.options.get(name, False)
