"""Gathering facts: the flow's own, actor, site, act and form, and what the asked rules bring themselves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.rules.facts import ActFacts, ActorFacts, SiteFacts
from guanjia.rules.rulebook import Plan
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
        known = flow.facts(loader, [case])[0]
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
                    except Exception:  # left out: a guard that needs it then raises too, which denies
                        _log.exception("the facts %s of rule %s could not be gathered", name, bound.rule.key)
    return facts
