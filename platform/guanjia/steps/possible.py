"""Which steps are possible on each row of a list: facts for all rows at once, every guard asked as rarely as may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from guanjia.rules.decide import decide
from guanjia.rules.facts import ActFacts, ActorFacts, SiteFacts
from guanjia.rules.rulebook import Plan
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.loader import Loader


def possible_steps(
    loader: Loader, caller: Context, flow: Flow, cases: Sequence[Any], names: Iterable[str]
) -> list[frozenset[str]]:
    """For each case, those of the named steps that the actor could take now: offered in its state and permitted, with no
    guard against it. As for a button, guards that need the form are not asked; an ask does not stand in the way.

    Needs no query beyond those of the flow's facts, which share what the list has read with `loader`.
    """
    steps = [flow.steps[name] for name in names]
    steps = [s for s in steps if not s.system_only and s.on_page and loader.may(s.permission)]
    shared: dict[str, Any] = {
        "actor": loader.actor.facts if loader.actor else ActorFacts(id=caller.actor_id, is_system=caller.actor_id is None),
        "site": SiteFacts(id=loader.site.id if loader.site else None, zone=loader.place.zone.key),
        "form": {},
    }  # fmt: skip
    acts = [(step, step.key, ActFacts(at=loader.now, step=step.key)) for step in steps]
    plans = _plans(loader, cases)
    if any(_brings_facts(plan, steps) for plan in plans.values()):
        return _one_by_one(loader, caller, flow, cases, steps)
    found = []
    for case, known in zip(cases, flow.facts(loader, cases), strict=True):
        plan = plans[case.rulebook_id]
        facts = shared | {"case": known, "rules": plan.keys}
        state, able = case.state, []
        for step, key, act in acts:
            if state in step.moves:
                facts["act"] = act
                if key not in plan.asking or not decide(plan, key, facts, with_form=False).denials:
                    able.append(step.name)
        found.append(frozenset(able))
    return found


def _plans(loader: Loader, cases: Sequence[Any]) -> dict[Any, Plan]:
    rulebooks = loader.host.rulebooks
    found: dict[Any, Plan] = {}
    for kept in {case.rulebook_id for case in cases}:
        rulebook = (
            rulebooks.get(loader.session, kept)
            if kept is not None
            else rulebooks.current(loader.session, loader.place, loader.now)
        )
        found[kept] = rulebooks.plan(rulebook, loader.place)
    return found


def _brings_facts(plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether a guard that would be asked brings facts of its own, which are gathered case by case."""
    for step in steps:
        asked = plan.asking.get(step.key)
        guards = (asked.for_button or asked).guards if asked is not None else ()
        if any(bound.function.facts for bound in guards):
            return True
    return False


def _one_by_one(
    loader: Loader, caller: Context, flow: Flow, cases: Sequence[Any], steps: Sequence[Step]
) -> list[frozenset[str]]:
    from guanjia.steps.view import buttons

    wanted = {step.name for step in steps}
    return [
        frozenset(
            view.step.name for view in buttons(loader, caller, flow, case) if view.enabled and view.step.name in wanted
        )
        for case in cases
    ]
