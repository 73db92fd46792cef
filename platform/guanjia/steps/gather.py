"""Gathering facts and asking the guards: the flow's own facts, actor, site, act and form, and what the rules bring themselves.

All of it is a plugin's program, run while the step's transaction holds its locks: it is given a limit of time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from guanjia.errors import GuanjiaError, PluginFailed
from guanjia.rules.decide import Decision, decide, slow_message
from guanjia.rules.facts import ActFacts, ActorFacts, SiteFacts
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Plan
from guanjia.rules.watch import RuleTimeout, within
from guanjia.steps.changes import public_form
from guanjia.steps.flow import Flow, Step
from guanjia.steps.loader import Loader

_log = logging.getLogger("guanjia.steps")


def gather(
    loader: Loader,
    flow: Flow,
    step: Step,
    plan: Plan,
    case: Any,
    form: Mapping[str, Any],
    *,
    actor_id: UUID | None,
    now: datetime,
    late: bool = False,
    known: Any = None,
) -> dict[str, Any]:
    """The facts of one step: the flow's own, actor, site, act, form, and what the asked rules bring themselves.

    `known` are the case's own facts where they were gathered before.
    """
    if known is None and case is not None:
        known = case_facts(loader, flow, case)
    facts: dict[str, Any] = {
        "case": known,
        "actor": loader.actor.facts if loader.actor else ActorFacts(id=actor_id, is_system=actor_id is None),
        "site": SiteFacts(id=loader.site.id if loader.site else None, zone=loader.place.zone.key),
        "act": ActFacts(at=now, step=step.key, reported_late=late),
        "form": public_form(step.form, form),
        "rules": plan.keys,
    }
    for bounds in (plan.guards, plan.starts, plan.reactions, plan.duties):
        for bound in bounds.get(step.key, ()):
            for name, load in bound.function.facts.items():
                if name not in facts:
                    try:
                        facts[name] = load(loader, [case], form)[0]
                    except Exception as fault:  # left out: a guard that needs it then raises too, which denies
                        rule = bound.rule
                        _log.exception("the facts %s of rule %s could not be gathered", name, rule.key)
                        loader.host.faults.note(
                            "facts", rule.key, fault, company_id=loader.company_id, plugin=rule.plugin
                        )
                        if isinstance(fault, SQLAlchemyError):  # the transaction answers nothing more
                            raise PluginFailed(loader.host.faults.sentence(rule.plugin)) from fault
    return facts


def case_facts(loader: Loader, flow: Flow, case: Any) -> Any:
    """What the flow lets rules know of the case. Raises PluginFailed where its own program fails."""
    try:
        return flow.facts(loader, [case])[0]
    except GuanjiaError:
        raise
    except Exception as fault:
        raise loader.host.faults.failed("facts", flow.key, fault, loader.company_id, flow.plugin) from fault


def judge(
    loader: Loader,
    flow: Flow,
    step: Step,
    plan: Plan,
    case: Any,
    form: Mapping[str, Any],
    *,
    actor_id: UUID | None,
    now: datetime,
    late: bool = False,
    known: Any = None,
    with_form: bool = True,
) -> tuple[dict[str, Any], Decision]:
    """The facts of the step, and what its guards say to them, within the limit of time.

    Where facts cannot be had at all, the step is denied in the flow's own name.
    """
    host = loader.host

    def on_fault(rule: str, fault: BaseException) -> None:
        host.faults.note("guard", rule, fault, company_id=loader.company_id, plugin=rule.split(".", 1)[0])

    def both() -> tuple[dict[str, Any], Decision]:
        found = gather(loader, flow, step, plan, case, form, actor_id=actor_id, now=now, late=late, known=known)
        return found, decide(plan, step.key, found, with_form=with_form, on_fault=on_fault)

    try:
        return within(host.config.rule_seconds, both)
    except RuleTimeout as slow:
        _log.error("the facts of step %s were not there in time", step.key, exc_info=slow)
        host.faults.note("facts", flow.key, slow, company_id=loader.company_id, plugin=flow.plugin)
        why = Reason(flow.key, "deny", slow_message(), {})
    except PluginFailed as fault:
        why = Reason(flow.key, "deny", fault.detail, {})
    facts = {
        "case": None,
        "actor": loader.actor.facts if loader.actor else ActorFacts(id=actor_id, is_system=actor_id is None),
        "site": SiteFacts(id=loader.site.id if loader.site else None, zone=loader.place.zone.key),
        "act": ActFacts(at=now, step=step.key, reported_late=late),
        "form": public_form(step.form, form),
        "rules": plan.keys,
    }
    return facts, Decision((), denials=(why,), faults=(flow.key,))
