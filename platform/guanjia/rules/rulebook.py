"""The rulebook: the rules in force at one site on one day with their parameters, and the plan compiled from it.

A rulebook is named by the hash of its content, stored once and never rewritten; a case keeps the id of the one under
which it was opened. A plan is derived: for each step the functions to call, in catalogue order. Equal rulebooks share
one plan in the process.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from guanjia.db.types import canonical_json
from guanjia.rules.params import Params
from guanjia.rules.rule import Function, Rule
from guanjia.rules.settings import Resolved


class RuleSource(Protocol):
    """Where a plan finds the code of a rule and its place in the catalogue."""

    def rule(self, key: str) -> Rule | None:
        """The rule of that key, or None if its plugin is gone."""

    def rule_order(self, key: str) -> int:
        """The rule's place in catalogue order."""


@dataclass(frozen=True)
class Rulebook:
    """Rules in force: key → code version, parameters, host options. `id` is the hash of `body`."""

    id: UUID
    body: Mapping[str, Any]

    @classmethod
    def of(cls, resolved: Iterable[tuple[Rule, Resolved]]) -> Rulebook:
        """The rulebook of the rules that are on."""
        body = {
            rule.key: {
                "v": rule.version,
                "p": dict(values.params),
                **({"o": dict(values.options)} if values.options else {}),
            }
            for rule, values in resolved
            if values.on and rule.switched
        }
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


def rulebook_id(body: Mapping[str, Any]) -> UUID:
    """The first 128 bits of the SHA-256 of the canonical body."""
    return UUID(bytes=hashlib.sha256(canonical_json(body).encode()).digest()[:16])


@dataclass(frozen=True, slots=True)
class Bound:
    """A rule's function with its parameters, ready to call."""

    rule: Rule
    function: Function
    params: Params

    def __call__(self, facts: Mapping[str, Any], **extra: Any) -> Any:
        """Ask the function."""
        return self.function(facts, self.params, **extra)


@dataclass
class Plan:
    """What a rulebook means for each step."""

    rulebook: Rulebook
    guards: dict[str, list[Bound]] = field(default_factory=dict)
    starts: dict[str, list[Bound]] = field(default_factory=dict)
    ends: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # step → (flow, deadline name)
    reactions: dict[str, list[Bound]] = field(default_factory=dict)
    duties: dict[str, list[Bound]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()


def compile_plan(rulebook: Rulebook, source: RuleSource) -> Plan:
    """The plan of `rulebook`. Rules whose code is gone are left out; `doctor` names them."""
    plan = Plan(rulebook, keys=frozenset(rulebook.body))
    for key in sorted(rulebook.body, key=source.rule_order):
        rule = source.rule(key)
        if rule is None:
            continue
        params = rule.params.load(rulebook.params_of(key))
        for function in rule.guards:
            for step in function.steps:
                plan.guards.setdefault(step, []).append(Bound(rule, function, params))
        for function in rule.deadlines:
            for step in function.steps:
                plan.starts.setdefault(step, []).append(Bound(rule, function, params))
            for step in function.options["ends"]:
                plan.ends.setdefault(step, set()).add((step.rsplit(".", 1)[0], function.options["name"]))
        for function in rule.reactions:
            for step in function.steps:
                plan.reactions.setdefault(step, []).append(Bound(rule, function, params))
        for function in rule.duties:
            for step in function.steps:
                plan.duties.setdefault(step, []).append(Bound(rule, function, params))
    return plan


class PlanCache:
    """Plans by rulebook id, shared by all sites with equal rules; the least used go first."""

    def __init__(self, size: int = 512) -> None:
        self._plans: OrderedDict[UUID, Plan] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def get(self, rulebook: Rulebook, source: RuleSource) -> Plan:
        """The plan of `rulebook`, compiled on first use."""
        with self._lock:
            plan = self._plans.get(rulebook.id)
            if plan is not None:
                self._plans.move_to_end(rulebook.id)
                return plan
        plan = compile_plan(rulebook, source)
        with self._lock:
            self._plans[rulebook.id] = plan
            while len(self._plans) > self._size:
                self._plans.popitem(last=False)
        return plan
