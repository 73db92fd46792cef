"""The rulebook: the rules in force at one site on one day with their parameters, and the plan compiled from it.

A rulebook is named by the hash of its content, stored once and never rewritten; a case keeps the id of the one under
which it was opened. A plan is derived: for each step the functions to call, in catalogue order. Equal rulebooks share
one plan in the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from guanjia.db.types import canonical_json
from guanjia.rules.asking import Asked
from guanjia.rules.params import Params
from guanjia.rules.rule import Function, Rule
from guanjia.rules.settings import Resolved


class RuleSource(Protocol):
    """Where a plan finds the code of a rule and its place in the catalogue."""

    def rule(self, key: str) -> Rule | None:
        """The rule of that key, or None if its plugin is gone."""

    def rule_order(self, key: str) -> int:
        """The rule's place in catalogue order."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules in force: key → code version, parameters, host options. `id` is the hash of `body`."""

    id: UUID
    body: Mapping[str, Any]
    plans: dict[frozenset[str], Any] = field(default_factory=dict, compare=False, repr=False)  # by plugins that rest

    @classmethod
    def of(cls, resolved: Iterable[tuple[Rule, Resolved]]) -> Rulebook:
        """The rulebook of the rules that are on."""
        body = {rule.key: entry_of(rule, values) for rule, values in resolved if values.on and rule.switched}
        return cls(rulebook_id(body), body)

    def is_on(self, key: str) -> bool:
        """Whether the rule is in force under this rulebook."""
        return key in self.body

    def params_of(self, key: str) -> Mapping[str, Any]:
        """The rule's parameters as JSON values; empty if it is off."""
        return self.body.get(key, {}).get("p", {})  # type: ignore[no-any-return]

    def option(self, key: str, name: str) -> Any:
        """A host option of the rule, None if not set."""
        return self.body.get(key, {}).get("o", {}).get(name)


def entry_of(rule: Rule, values: Resolved) -> dict[str, Any]:
    """What a rulebook holds of one rule that is on."""
    options = {"o": dict(values.options)} if values.options else {}
    return {"v": rule.version, "p": dict(values.params), **options}


def rulebook_id(body: Mapping[str, Any]) -> UUID:
    """The first 128 bits of the SHA-256 of the canonical body."""
    return UUID(bytes=hashlib.sha256(canonical_json(body).encode()).digest()[:16])


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A rule's function with its parameters, ready to call. `values` are the parameters as JSON, for reasons."""

    rule: Rule
    function: Function
    params: Params
    values: Mapping[str, Any]
    key: str

    def __call__(self, facts: Mapping[str, Any], **extra: Any) -> Any:
        """Ask the function."""
        return self.function(facts, self.params, **extra)


@dataclass(eq=False, slots=True)
class Plan:
    """What a rulebook means for each step."""

    rulebook: Rulebook
    asking: dict[str, Asked] = field(default_factory=dict)
    starts: dict[str, tuple[Bound, ...]] = field(default_factory=dict)
    ends: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)  # step → (flow, deadline name)
    reactions: dict[str, tuple[Bound, ...]] = field(default_factory=dict)
    duties: dict[str, tuple[Bound, ...]] = field(default_factory=dict)
    keys: AbstractSet[str] = frozenset()

    @property
    def guards(self) -> dict[str, tuple[Bound, ...]]:
        """The guards by step, in catalogue order."""
        return {step: asked.guards for step, asked in self.asking.items()}


class Plans:
    """Compiles plans. What is equal in two of them is held once: functions with equal parameters, the guards of a step,
    whole tables. So ten thousand sites with three hundred different settings need little more than one."""

    def __init__(self, source: RuleSource) -> None:
        self._source = source
        self._kept: dict[Any, Any] = {}
        self._tables: dict[int, list[dict[str, Any]]] = {}

    def compile(self, rulebook: Rulebook, resting: frozenset[str] = frozenset()) -> Plan:
        """The plan of `rulebook` without the rules of the plugins `resting`. Rules whose code is gone are left out;
        `doctor` names them."""
        if len(self._kept) > 50_000:  # settings come and go for years
            self._kept.clear()
            self._tables.clear()
        source = self._source
        guards: dict[str, list[Bound]] = {}
        starts: dict[str, list[Bound]] = {}
        reactions: dict[str, list[Bound]] = {}
        duties: dict[str, list[Bound]] = {}
        ends: dict[str, set[tuple[str, str]]] = {}
        body = {key: entry for key, entry in rulebook.body.items() if key.split(".", 1)[0] not in resting}
        for key in sorted(body, key=source.rule_order):
            rule = source.rule(key)
            if rule is None:
                continue
            kinds = (
                (guards, rule.guards),
                (starts, rule.deadlines),
                (reactions, rule.reactions),
                (duties, rule.duties),
            )
            for bound, into in self._bound(rule, rulebook, kinds):
                for step in bound.function.steps:
                    into.setdefault(step, []).append(bound)
            for function in rule.deadlines:
                for step in function.options["ends"]:
                    ends.setdefault(step, set()).add((step.rsplit(".", 1)[0], function.options["name"]))
        return Plan(
            rulebook,
            self._once({step: self._asking(tuple(bounds)) for step, bounds in guards.items()}),
            self._table(starts),
            self._once({step: self._once_value(frozenset(found)) for step, found in ends.items()}),
            self._table(reactions),
            self._table(duties),
            rulebook.body.keys() if len(body) == len(rulebook.body) else frozenset(body),
        )

    def _bound(self, rule: Rule, rulebook: Rulebook, kinds: Any) -> list[tuple[Bound, dict[str, list[Bound]]]]:
        values = rulebook.params_of(rule.key)
        key = (rule.key, id(rule), canonical_json(dict(values)))
        found: list[list[Bound]] | None = self._kept.get(key)
        if found is None:
            params = rule.params.load(values)
            found = [
                [Bound(rule, function, params, values, rule.key) for function in functions]
                for _into, functions in kinds
            ]
            self._kept[key] = found
        return [(bound, into) for bounds, (into, _functions) in zip(found, kinds, strict=True) for bound in bounds]

    def _asking(self, bounds: tuple[Bound, ...]) -> Asked:
        key = ("guards", *map(id, bounds))
        found: Asked | None = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Asked.of(bounds)
        return found

    def _table(self, table: dict[str, list[Bound]]) -> dict[str, tuple[Bound, ...]]:
        return self._once({step: self._once_value(tuple(bounds)) for step, bounds in table.items()})

    def _once_value(self, value: Any) -> Any:
        return self._kept.setdefault(("value", value), value)

    def _once(self, table: dict[str, Any]) -> dict[str, Any]:
        alike = self._tables.setdefault(hash(tuple(map(id, table.values()))), [])
        found = next((other for other in alike if other == table), None)
        if found is None:
            alike.append(table)
            return table
        return found
