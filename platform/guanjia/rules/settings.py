"""Rule settings: company, org units and site, each with its date; resolved here, purely, to what is in force.

A setting is the whole will of one scope about one rule from a date on: switch, parameters, locks. It is never
changed, only succeeded by a later one of the same scope. Each parameter is inherited by itself; a lock shadows what is
set below, which returns when the lock ends. What headquarters granted to a scope counts there in spite of a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

DEFAULT = "default"  # the origin of what nobody set
SWITCH = "on"  # the name of the switch beside those of parameters and options


@dataclass(frozen=True, slots=True)
class Setting:
    """What one scope wants of one rule from a day on. `on` None and a missing parameter mean: inherit.

    `from_day` is counted in the zone of the site; `saved_at` is UTC. `options` are the host's own (four_eyes,
    clock_stops_count), inherited and locked like parameters. `granted` names what counts here in spite of a lock
    above, because whoever may change the lock said so: parameters, options, or the switch.
    """

    id: UUID
    scope: UUID
    rule: str
    from_day: date
    saved_at: datetime
    on: bool | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    lock: bool = False
    locked_params: frozenset[str] = frozenset()
    author: UUID | None = None
    reason: str = ""
    granted: frozenset[str] = frozenset()

    def names(self) -> set[str]:
        """What it does not inherit: parameters, options, the switch."""
        return {*self.params, *self.options, *(() if self.on is None else (SWITCH,))}

    def counts_from(self, zone: ZoneInfo) -> datetime:
        """The later of 00:00 site time of its day and the moment it was saved."""
        start = datetime.combine(self.from_day, time(), zone)
        return max(start, self.saved_at)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is in force for one rule: switch, parameters, and for each the setting it came from (or None: default).

    `locked_by` and `locked_params` are the settings that lock the whole rule, or single names of it, for those below.
    """

    rule: str
    on: bool
    params: Mapping[str, Any]
    options: Mapping[str, Any]
    on_from: Setting | None
    params_from: Mapping[str, Setting | None]
    locked_by: Setting | None
    locked_params: Mapping[str, Setting]
    options_from: Mapping[str, Setting] = field(default_factory=dict)

    def lock_on(self, name: str) -> Setting | None:
        """The setting that keeps those below from setting the parameter, the option, or the switch; None: they may."""
        return self.locked_by or self.locked_params.get(name)


def in_force(settings: Iterable[Setting], at: datetime, zone: ZoneInfo) -> Setting | None:
    """The one of a scope's settings of one rule that counts at `at`: the last to take effect, then the last saved."""
    counting = [s for s in settings if s.counts_from(zone) <= at]
    return max(counting, key=lambda s: (s.counts_from(zone), s.saved_at, s.id), default=None)


def resolve(
    rule: str,
    *,
    on: bool,
    params: Mapping[str, Any],
    chain: Sequence[UUID],
    settings: Iterable[Setting],
    at: datetime,
    zone: ZoneInfo,
    up_to: UUID | None = None,
) -> Resolved:
    """Resolve one rule along `chain` (company first, site last) at `at`.

    `on` and `params` are the code's defaults. `up_to` stops before that scope, for showing what it would inherit.
    """
    by_scope: dict[UUID, list[Setting]] = {}
    for setting in settings:
        if setting.rule == rule:
            by_scope.setdefault(setting.scope, []).append(setting)
    value_on, on_from = on, None
    values: dict[str, Any] = dict(params)
    options: dict[str, Any] = {}
    origins: dict[str, Setting | None] = dict.fromkeys(params)
    option_origins: dict[str, Setting] = {}
    locked_by: Setting | None = None
    locked: dict[str, Setting] = {}
    for scope in chain:
        if scope == up_to:
            break
        own = in_force(by_scope.get(scope, ()), at, zone)
        if own is None:
            continue
        shut = {n for n in own.names() if locked_by is not None or n in locked} - own.granted
        if own.on is not None and SWITCH not in shut:
            value_on, on_from = own.on, own
        for name, value in (*own.params.items(), *own.options.items()):
            if name in shut:
                continue
            if name in values:
                values[name], origins[name] = value, own
            elif name in own.options:
                options[name], option_origins[name] = value, own
        if locked_by is None:
            locked = dict.fromkeys(own.locked_params, own) | locked  # the highest lock is the one that counts
            locked_by = own if own.lock else None
    return Resolved(rule, value_on, values, options, on_from, origins, locked_by, locked, option_origins)


def change_points(settings: Iterable[Setting], zone: ZoneInfo) -> list[datetime]:
    """The moments at which what is in force may change, sorted."""
    return sorted({setting.counts_from(zone) for setting in settings})
