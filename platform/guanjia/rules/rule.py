"""A rule: one key and one switch, with the functions that carry it out.

The kind is a rule's main effect. The same key may bring further functions, where its clause also forbids something or
tells somebody; all are on or off together. Functions name the groups of facts that they need in their signature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from guanjia.rules.params import NoParams, Params

F = TypeVar("F", bound=Callable[..., Any])
FactLoader = Callable[..., list[Any]]  # (loader, cases) -> one record per case, beside the flow's own facts

HOST_GROUPS = frozenset({"case", "actor", "site", "form", "act", "rules"})


class Kind(StrEnum):
    """What a rule mainly does. Records and guidance have no switch and no code."""

    GUARD = "guard"
    DEADLINE = "deadline"
    DUTY = "duty"
    REACTION = "reaction"
    INDICATOR = "indicator"
    RECORD = "record"
    GUIDANCE = "guidance"


SWITCHED = frozenset({Kind.GUARD, Kind.DEADLINE, Kind.DUTY, Kind.REACTION, Kind.INDICATOR})


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """One function of a rule, with the steps at which it is asked and the groups of facts it needs."""

    rule: str
    call: Callable[..., Any]
    steps: tuple[str, ...]
    groups: tuple[str, ...]
    facts: Mapping[str, FactLoader] = field(default_factory=dict)
    wants_params: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()  # the names of its signature

    def __call__(self, facts: Mapping[str, Any], params: Params, **extra: Any) -> Any:
        """Call the function with the groups it named; `extra` holds calendar, event or period."""
        values = {name: facts[name] for name in self.groups}
        if self.wants_params:
            values["params"] = params
        for name in self.options["extra"]:
            if name in extra:
                values[name] = extra[name]
        return self.call(**values)


_EXTRA = ("calendar", "event", "period")


@dataclass
class Rule:
    """A rule of the regulation. `key` is `<plugin>.<name>`; `on` is the code default; `version` changes with meaning."""

    key: str
    kind: Kind
    params: type[Params] = NoParams
    on: bool = True
    conflicts: tuple[str, ...] = ()
    excepts: tuple[str, ...] = ()
    version: int = 1
    guards: list[Function] = field(default_factory=list)
    deadlines: list[Function] = field(default_factory=list)
    duties: list[Function] = field(default_factory=list)
    reactions: list[Function] = field(default_factory=list)
    indicators: list[Function] = field(default_factory=list)

    @property
    def plugin(self) -> str:
        """The key of the plugin that owns the rule."""
        return self.key.split(".", 1)[0]

    @property
    def switched(self) -> bool:
        """Whether the rule has a switch at all."""
        return self.kind in SWITCHED

    def guard(self, *before: str, facts: Mapping[str, FactLoader] | None = None) -> Callable[[F], F]:
        """Ask the function before each of the steps; it returns a Verdict."""
        return self._add(self.guards, before, facts)

    def deadline(
        self,
        name: str,
        *,
        starts: Iterable[str],
        ends: Iterable[str],
        fallback: bool = False,
        owed_by: str | None = None,
        facts: Mapping[str, FactLoader] | None = None,
    ) -> Callable[[F], F]:
        """Set the case's deadline `name` when one of the steps `starts` happens; one of `ends` meets it.

        The function returns an aware moment, TO_BE_AGREED, or None where it does not apply. `fallback=True` gives
        way to every other rule that sets the same name. `owed_by` is the role that owes it.
        """
        return self._add(
            self.deadlines,
            tuple(starts),
            facts,
            name=name,
            ends=tuple(ends),
            fallback=fallback,
            owed_by=owed_by,
        )

    def duty(
        self,
        *,
        every: str | None = None,
        after: Iterable[str] = (),
        met_by: Iterable[str] = (),
        facts: Mapping[str, FactLoader] | None = None,
    ) -> Callable[[F], F]:
        """Owe something each period (`every`: day, week, month, year) or after one of the steps; it returns Owed."""
        return self._add(self.duties, tuple(after), facts, every=every, met_by=tuple(met_by))

    def reaction(self, *after: str, facts: Mapping[str, FactLoader] | None = None) -> Callable[[F], F]:
        """Run after each of the steps; it returns a list of commands."""
        return self._add(self.reactions, after, facts)

    def indicator(self, *, unit: str = "percent") -> Callable[[F], F]:
        """Measure: (session, sites, period, params) -> Measure. The only kind that reads the database."""

        def add(call: F) -> F:
            self.indicators.append(Function(self.key, call, (), (), {}, True, {"unit": unit, "extra": ()}))
            return call

        return add

    def _add(
        self,
        into: list[Function],
        steps: tuple[str, ...],
        loaders: Mapping[str, FactLoader] | None,
        **options: Any,
    ) -> Callable[[F], F]:
        def add(call: F) -> F:
            names = tuple(inspect.signature(call).parameters)
            brought = dict(loaders or {})
            groups = tuple(n for n in names if n not in ("params", *_EXTRA))
            unknown = [n for n in groups if n not in HOST_GROUPS and n not in brought]
            if unknown:
                raise TypeError(f"{self.key}: {call.__name__} names unknown facts {', '.join(unknown)}")
            extra = tuple(n for n in names if n in _EXTRA)
            into.append(
                Function(self.key, call, steps, groups, brought, "params" in names, {**options, "extra": extra}, names)
            )
            return call

        return add
