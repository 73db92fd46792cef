"""Asking the guards of a step: all of them, in catalogue order, with every reason kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from guanjia.rules.asking import Asked
from guanjia.rules.facts import ActorFacts
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Bound, Plan
from guanjia.rules.verdict import ALLOWED, Outcome, Verdict
from guanjia.rules.watch import RuleTimeout, anything_rests, is_resting, let_rest
from guanjia.words import words

_ = words("guanjia")
_log = logging.getLogger("guanjia.rules")
_STILL = "still resting"
OnFault = Callable[[str, BaseException], None]  # (rule, what was raised)


class Decision(msgspec.Struct, frozen=True):
    """What the guards of one step answered. `asked` lists every rule asked; `reasons` those that did not allow."""

    asked: tuple[str, ...]
    denials: tuple[Reason, ...] = ()
    asks: tuple[Reason, ...] = ()
    excepted: tuple[Reason, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every verdict that was not allow."""
        return (*self.denials, *self.asks, *self.excepted)


def decide(
    plan: Plan, step: str, facts: Mapping[str, Any], *, with_form: bool = True, on_fault: OnFault | None = None
) -> Decision:
    """Ask the guards of `step`. Pure but for the log line of a guard that raised or took too long, which denies.

    `on_fault` is told of those. With `with_form=False` guards that need the form are left out (a button, not a submit). A rule that says
    `excepts` takes the named rules' denials and asks off where it is on and its `applies` function says so.
    """
    asked = plan.asking.get(step)
    if asked is None:
        return _NOTHING_ASKED
    if not with_form and asked.for_button is not None:
        asked = asked.for_button
    verdicts: Sequence[Any] | None = ()
    if not anything_rests():
        try:
            verdicts = asked.ask(facts, asked.params)
        except (RuleTimeout, Exception):
            verdicts = ()  # guards are pure: below each is asked again and answers for itself
        if verdicts is None:
            if not asked.memo:
                asked.memo.append(Decision(asked.keys))  # it never differs
            return asked.memo[0]  # type: ignore[no-any-return]
    told: _Told | None = None
    if not verdicts:
        told = _Told([])
        verdicts = _one_by_one(asked, facts, told, on_fault)
    denials: list[Reason] = told.denials if told is not None else []
    for bound, verdict in zip(asked.guards, verdicts, strict=True):
        if verdict is ALLOWED:
            continue
        if type(verdict) is Verdict and verdict.outcome is Outcome.DENY and verdict.message is not None:
            denials.append(Reason(bound.key, "deny", verdict.message, bound.values))
        else:
            told = told or _Told(denials)
            told.note(bound, verdict, on_fault)
    return Decision(asked.keys, tuple(denials)) if told is None else told.decision(asked.keys)


_NOTHING_ASKED = Decision(())


def _one_by_one(asked: Asked, facts: Mapping[str, Any], told: _Told, on_fault: OnFault | None) -> list[Any]:
    found = []
    for bound in asked.guards:
        key = bound.rule.key
        try:
            if is_resting(key):
                raise RuleTimeout(_STILL)
            found.append(bound(facts))
        except (RuleTimeout, Exception) as fault:
            found.append(_held_back(key, told.faults, fault, on_fault))
    return found


class _Told:
    """What guards answered that did not simply allow."""

    __slots__ = ("asks", "denials", "excepting", "faults")

    def __init__(self, denials: list[Reason]) -> None:
        self.denials = denials
        self.asks: list[Reason] = []
        self.faults: list[str] = []
        self.excepting: dict[str, str] = {}

    def note(self, bound: Bound, verdict: Any, on_fault: OnFault | None) -> None:
        rule = bound.rule
        if not isinstance(verdict, Verdict):
            fault = TypeError(f"a guard returns a verdict, not {type(verdict).__name__}")
            verdict = _held_back(rule.key, self.faults, fault, on_fault)
        if isinstance(verdict, Excepting):
            for key in rule.excepts:
                self.excepting[key] = rule.key
        elif verdict.outcome is Outcome.DENY:
            self.denials.append(Reason(rule.key, "deny", verdict.message or fault_message(), bound.values))
        elif verdict.outcome is Outcome.ASK:
            message = verdict.message or fault_message()
            self.asks.append(Reason(rule.key, "ask", message, bound.values, verdict.role, verdict.about))

    def decision(self, asked: tuple[str, ...]) -> Decision:
        excepting = self.excepting
        if not excepting:
            return Decision(asked, tuple(self.denials), tuple(self.asks), (), tuple(self.faults))
        return Decision(
            asked,
            tuple(r for r in self.denials if r.rule not in excepting),
            tuple(r for r in self.asks if r.rule not in excepting),
            tuple(_mark(r, excepting[r.rule]) for r in (*self.denials, *self.asks) if r.rule in excepting),
            tuple(self.faults),
        )


class Excepting(Verdict, frozen=True):
    """The rule's case applies: the rules that it excepts do not count for this step."""


def except_others() -> Excepting:
    """The rule applies, so that the rules named in its `excepts` do not count for this step."""
    return Excepting(Outcome.ALLOW)


def _mark(reason: Reason, by: str) -> Reason:
    return Reason(reason.rule, reason.outcome, reason.message, reason.params, reason.role, reason.about, by)


def _held_back(key: str, faults: list[str], fault: BaseException, on_fault: OnFault | None) -> Verdict:
    """The denial of a guard that could not answer; one that took too long is not asked for a while."""
    if isinstance(fault, RuleTimeout) and fault.args != (_STILL,):
        let_rest(key)
    _log.error("guard %s failed", key, exc_info=fault)
    faults.append(key)
    if on_fault is not None:
        on_fault(key, fault)
    return Verdict(Outcome.DENY, slow_message() if isinstance(fault, RuleTimeout) else fault_message())


def slow_message() -> Any:
    """What a person is told of a rule that did not answer in time."""
    return _(
        "This rule did not answer in time because of a fault in its program, so the step is held back; it is asked again "
        "in half a minute. Tell your administrator; headquarters can turn the rule off until it is mended."
    )


def fault_message() -> Any:
    """What a person is told of a rule whose program failed."""
    return _(
        "This rule could not be checked because of a fault in its program, so the step is held back. "
        "Tell your administrator; headquarters can turn the rule off until it is mended."
    )


def given_by_own_role(reason: Reason, actor: ActorFacts, *, four_eyes: bool) -> bool:
    """Whether the actor's own role already gives the yes that is asked, unless four eyes are wanted."""
    return not four_eyes and reason.role in actor.roles
