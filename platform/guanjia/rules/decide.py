"""Asking the guards of a step: all of them, in catalogue order, with every reason kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guanjia.rules.facts import ActorFacts
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Bound, Plan
from guanjia.rules.verdict import Outcome, Verdict
from guanjia.words import words

_ = words("guanjia")
_log = logging.getLogger("guanjia.rules")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the guards of one step answered. `asked` lists every rule asked; `reasons` those that did not allow."""

    asked: tuple[str, ...]
    denials: tuple[Reason, ...] = ()
    asks: tuple[Reason, ...] = ()
    excepted: tuple[Reason, ...] = ()
    faults: tuple[str, ...] = ()
    allowed_by: frozenset[str] = field(default_factory=frozenset)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every verdict that was not allow."""
        return (*self.denials, *self.asks, *self.excepted)


def decide(plan: Plan, step: str, facts: Mapping[str, Any], *, with_form: bool = True) -> Decision:
    """Ask the guards of `step`. Pure but for the log line of a guard that raised, which denies.

    With `with_form=False` guards that need the form are left out (a button, not a submit). A rule that says
    `excepts` takes the named rules' denials and asks off where it is on and its `applies` function says so.
    """
    denials: list[Reason] = []
    asks: list[Reason] = []
    asked: list[str] = []
    faults: list[str] = []
    excepting: dict[str, str] = {}
    for bound in plan.guards.get(step, ()):
        if not with_form and "form" in bound.function.groups:
            continue
        if bound.rule.key not in asked:
            asked.append(bound.rule.key)
        verdict = _ask_one(bound, facts, faults)
        params = plan.rulebook.params_of(bound.rule.key)
        if isinstance(verdict, Excepting):
            for key in bound.rule.excepts:
                excepting[key] = bound.rule.key
        elif verdict.outcome is Outcome.DENY:
            denials.append(Reason(bound.rule.key, "deny", verdict.message or _fault_message(), params))
        elif verdict.outcome is Outcome.ASK:
            reason = Reason(
                bound.rule.key,
                "ask",
                verdict.message or _fault_message(),
                params,
                verdict.role,
                verdict.about,
            )
            asks.append(reason)
    excepted = [_mark(r, excepting[r.rule]) for r in (*denials, *asks) if r.rule in excepting]
    return Decision(
        tuple(asked),
        tuple(r for r in denials if r.rule not in excepting),
        tuple(r for r in asks if r.rule not in excepting),
        tuple(excepted),
        tuple(faults),
    )


@dataclass(frozen=True, slots=True)
class Excepting(Verdict):
    """The rule's case applies: the rules that it excepts do not count for this step."""


def except_others() -> Excepting:
    """The rule applies, so that the rules named in its `excepts` do not count for this step."""
    return Excepting(Outcome.ALLOW)


def _mark(reason: Reason, by: str) -> Reason:
    return Reason(reason.rule, reason.outcome, reason.message, reason.params, reason.role, reason.about, by)


def _ask_one(bound: Bound, facts: Mapping[str, Any], faults: list[str]) -> Verdict:
    try:
        verdict = bound(facts)
    except Exception:
        _log.exception("guard %s raised", bound.rule.key)
        faults.append(bound.rule.key)
        return Verdict(Outcome.DENY, _fault_message())
    if not isinstance(verdict, Verdict):
        faults.append(bound.rule.key)
        return Verdict(Outcome.DENY, _fault_message())
    return verdict


def _fault_message() -> Any:
    return _(
        "This rule could not be checked because of a fault in its program, so the step is held back. "
        "Tell your administrator; headquarters can turn the rule off until it is mended."
    )


def given_by_own_role(reason: Reason, actor: ActorFacts, *, four_eyes: bool) -> bool:
    """Whether the actor's own role already gives the yes that is asked, unless four eyes are wanted."""
    return not four_eyes and reason.role in actor.roles
