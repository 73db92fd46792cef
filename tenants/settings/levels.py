"""One rule as it stands at a scope: level by level what each wants, what is in force, and how it came to be so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.rules.settings import SWITCH, Resolved, Setting, in_force
from guanjia.sdk import Loader, Rule, words
from guanjia.words import Label
from tenants.settings.checks import conflict_pairs, label_of
from tenants.settings.draft import Sorted, names_of, resolve_all, resolve_at, wishes_of
from tenants.settings.preview import value_in
from tenants.settings.scope import Place, Scope
from tenants.settings.shown import Shown, shown_value

_ = words("tenants")


@dataclass(frozen=True)
class Level:
    """What one level says about one name: nothing (None), or a value that counts unless a lock above shadows it."""

    name: Label | str
    value: Shown | None
    locks: bool = False
    is_shadowed: bool = False
    is_granted: bool = False


@dataclass(frozen=True)
class Row:
    """The switch, a parameter or an option: its levels from the code down, and what is in force here."""

    name: str
    label: Label
    levels: tuple[Level, ...]
    value: Any
    shown: Shown
    origin: Setting | None
    inherited: Any
    inherited_shown: Shown
    own: Any  # what the scope itself wants, None for inherit
    lock: Setting | None  # what keeps this scope from setting it


@dataclass(frozen=True)
class Standing:
    """A rule at a scope at one moment."""

    rule: Rule
    scope: Scope
    at: datetime
    resolved: Resolved
    own: Setting | None
    rows: tuple[Row, ...]

    @property
    def locks(self) -> list[Setting]:
        """All settings above that lock something here, each once."""
        return list({row.lock.id: row.lock for row in self.rows if row.lock is not None}.values())

    def row(self, name: str) -> Row:
        """The row of that name. Raises KeyError."""
        return next(row for row in self.rows if row.name == name)


def standing(loader: Loader, rule: Rule, scope: Scope, settings: Sequence[Setting], at: datetime) -> Standing:
    """The rule at the scope at `at`, with every level above it."""
    concerned = Sorted(s for s in settings if s.rule == rule.key).along(scope)
    present = [
        (scope_id, in_force([s for s in concerned if s.scope == scope_id], at, scope.zone)) for scope_id in scope.chain
    ]
    resolved = resolve_at(rule, scope, concerned, at)
    inherited = resolve_at(rule, scope, concerned, at, inherited=True)
    own = present[-1][1]
    wishes = wishes_of(own) if own is not None else {}
    rows = []
    for name in names_of(rule):
        value, from_above = value_in(resolved, name), value_in(inherited, name)
        rows.append(Row(
            name, label_of(loader.host, rule.key, name), tuple(_levels(loader, rule, scope, present, name)),
            value, shown_value(loader, rule, name, value), origin_in(resolved, name),
            from_above, shown_value(loader, rule, name, from_above), wishes.get(name), inherited.lock_on(name),
        ))  # fmt: skip
    return Standing(rule, scope, at, resolved, own, tuple(rows))


def origin_in(resolved: Resolved, name: str) -> Setting | None:
    """The setting from which the value of a name comes; None for the code's default."""
    if name == SWITCH:
        return resolved.on_from
    return resolved.params_from[name] if name in resolved.params_from else resolved.options_from.get(name)


def _levels(
    loader: Loader, rule: Rule, scope: Scope, present: Sequence[tuple[UUID, Setting | None]], name: str
) -> list[Level]:
    default = rule.on if name == SWITCH else rule.params.defaults().get(name, False)
    found = [Level(_("Regulation"), shown_value(loader, rule, name, default))]
    is_locked = False
    for scope_id, setting in present:
        wishes = wishes_of(setting) if setting is not None else {}
        granted = setting is not None and name in setting.granted
        locks = not is_locked and setting is not None and (setting.lock or name in setting.locked_params)
        found.append(Level(
            loader.host.directory.scope_name(loader.session, scope_id),
            shown_value(loader, rule, name, wishes[name]) if name in wishes else None,
            locks=locks, is_shadowed=name in wishes and is_locked and not granted, is_granted=granted and is_locked,
        ))  # fmt: skip
        is_locked = is_locked or locks
    return found


@dataclass(frozen=True)
class Entered:
    """One setting as the history shows it."""

    setting: Setting
    scope: str
    author: Label | str
    values: list[tuple[Label, Shown]]
    locked: list[Label]
    granted: list[Label]
    state: str  # planned | in_force | succeeded


def history(loader: Loader, rule: Rule, scope: Scope, settings: Sequence[Setting]) -> list[Entered]:
    """What was ever set about the rule at this scope, above it and (for headquarters) below it, the newest first."""
    places = [place for place in scope.places if place.site is None or loader.reaches(place.id)]
    reach = {*scope.chain, *(scope_id for place in places for scope_id in place.chain)}
    concerned = [s for s in settings if s.rule == rule.key and s.scope in reach]
    directory, session = loader.host.directory, loader.session
    names = directory.names(session, {s.author for s in concerned if s.author is not None})
    zones = {place.id: place.zone for place in scope.places}
    found = []
    for setting in reversed(concerned):
        zone = zones.get(setting.scope, scope.zone)
        present = in_force([s for s in concerned if s.scope == setting.scope], loader.now, zone)
        planned = setting.counts_from(zone) > loader.now
        found.append(Entered(
            setting,
            directory.scope_name(session, setting.scope),
            names.get(setting.author, "") if setting.author else _("the system"),
            [(label_of(loader.host, rule.key, name), shown_value(loader, rule, name, value))
             for name, value in wishes_of(setting).items() if name in names_of(rule)],
            [label_of(loader.host, rule.key, name) for name in sorted(setting.locked_params)],
            [label_of(loader.host, rule.key, name) for name in sorted(setting.granted)],
            "planned" if planned else "in_force" if setting is present else "succeeded",
        ))  # fmt: skip
    return found


def places_on(rule: Rule, places: Sequence[Place], settings: Sequence[Setting], at: datetime) -> dict[Place, Resolved]:
    """What is in force of the rule at each of the places."""
    return resolve_all(rule, places, settings, lambda _place: at)


def partners(loader: Loader, rule: Rule) -> list[Rule]:
    """The rules that cannot be on together with this one."""
    pairs = conflict_pairs(loader.host, [rule.key])
    return [loader.host.rules[one if other == rule.key else other] for one, other in pairs]
