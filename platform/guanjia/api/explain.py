"""Explain: which rules stand before a case's steps, with which parameters, set by whom and when, and on which facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields, validate

from guanjia.api.plain import moment, safe
from guanjia.errors import Invalid
from guanjia.rules.clauses import RuleText
from guanjia.rules.decide import Decision, given_by_own_role
from guanjia.rules.facts import to_plain
from guanjia.rules.reason import Reason
from guanjia.rules.rule import HOST_GROUPS, Rule
from guanjia.rules.rulebook import Plan, Rulebook
from guanjia.rules.settings import Resolved, Setting
from guanjia.schema import StrictSchema
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.gather import judge
from guanjia.steps.loader import Loader
from guanjia.steps.view import reason_view
from guanjia.words import words

_ = words("guanjia")


class ExplainQuery(StrictSchema):
    """The one step to explain; all that the state knows without it."""

    step = fields.String(validate=validate.Length(min=1, max=120), metadata={"label": _("Name of one step")})


def explain_case(loader: Loader, ctx: Context, flow: Flow, case: Any, *, only: str | None) -> dict[str, Any]:
    """The rules of each step under the case's own rulebook, what each says now, and those that are off here.

    Raises Invalid for an unknown step.
    """
    if only is not None and (only not in flow.steps or flow.steps[only].system_only):
        raise Invalid(
            {
                "step": [
                    _(
                        "There is no such step here. Choose one of: %(known)s.",
                        known=sorted(s.name for s in flow.steps.values() if not s.system_only),
                    )
                ]
            }
        )
    kept = getattr(case, "rulebook_id", None)
    host = loader.host
    rulebook = (
        host.rulebooks.get(loader.session, kept)
        if kept
        else host.rulebooks.current(loader.session, loader.place, loader.now)
    )
    explainer = _Explainer(loader, ctx, flow, case, rulebook)
    steps = [
        s for s in flow.steps.values() if not s.system_only and (s.name == only if only else case.state in s.moves)
    ]
    told = [explainer.step(step) for step in steps]
    return {
        "id": case.id,
        "flow": flow.key,
        "state": case.state,
        "rulebook": rulebook.id,
        "opened_at": moment(case.opened_at),
        "facts": explainer.facts,
        "steps": told,
    }


class _Explainer:
    def __init__(self, loader: Loader, ctx: Context, flow: Flow, case: Any, rulebook: Rulebook) -> None:
        self.loader, self.ctx, self.flow, self.case, self.rulebook = loader, ctx, flow, case, rulebook
        host = loader.host
        self.plan: Plan = host.rulebooks.plan(rulebook)
        # Settings of the day the case was opened made its rulebook; those of today do, if it was moved to them.
        self.then = host.rulebooks.resolved(loader.session, loader.place, case.opened_at)
        self.now = host.rulebooks.resolved(loader.session, loader.place, loader.now)
        self.facts: dict[str, Any] = {}

    def step(self, step: Step) -> dict[str, Any]:
        facts, decision = judge(
            self.loader, self.flow, step, self.plan, self.case, {}, actor_id=self.ctx.actor_id, now=self.loader.now,
            with_form=False,
        )  # fmt: skip
        for group in ("case", "actor", "site"):
            self.facts.setdefault(group, _fact_json(facts[group]))
        guards = list(dict.fromkeys(bound.rule.key for bound in self.plan.guards.get(step.key, ())))
        return {
            "step": step.key, "title": str(step.title), "permitted": self.loader.may(step.permission),
            "possible_in_state": self.case.state in step.moves,
            "rules": [self.rule(step, self.loader.host.rules[key], decision) for key in guards],
            "off": [self._head(key) for key in self._off(step)],
            "facts": {name: _fact_json(value) for name, value in facts.items() if name not in HOST_GROUPS},
        }  # fmt: skip

    def _head(self, key: str) -> dict[str, Any]:
        text = self._text(key)
        return {
            "rule": key, "title": str(text.title) if text else key,
            "clauses": [{"clause": c.ref, "text": str(c.asks)} for c in text.clauses] if text else [],
        }  # fmt: skip

    def _text(self, key: str) -> RuleText | None:
        return self.loader.host.texts.get(key)

    def _off(self, step: Step) -> Iterable[str]:
        host = self.loader.host
        here = [rule for rule in host.rules.values() if any(step.key in f.steps for f in rule.guards)]
        return sorted((r.key for r in here if r.key not in self.plan.keys), key=host.rule_order)

    def rule(self, step: Step, rule: Rule, decision: Decision) -> dict[str, Any]:
        found = next((r for r in (*decision.denials, *decision.asks, *decision.excepted) if r.rule == rule.key), None)
        told = reason_view(self.loader, found, self.case) if found else None
        if found is not None:
            outcome = "excepted" if found.excepted_by else "given" if self._given(found) else found.outcome
        else:
            outcome = "allow" if rule.key in decision.asked else "asked_on_submit"
        groups = {g for f in rule.guards if step.key in f.steps for g in f.groups}
        return self._head(rule.key) | {
            "outcome": outcome,
            "message": told.message if told else None,
            "role": told.role if told else None,
            "who_may_approve": list(told.who) if told else [],
            "excepted_by": found.excepted_by if found else None,
            "facts": sorted(groups - {"rules"}),
            "params": self._params(rule),
            "switched_on_by": self._origin(rule.key, lambda r: (r.on, r.on_from), True),
        }

    def _given(self, reason: Reason) -> bool:
        """Whether the actor's own role already says the yes that is asked."""
        actor = self.loader.actor
        four_eyes = bool(self.rulebook.option(reason.rule, "four_eyes"))
        return (
            reason.outcome == "ask"
            and actor is not None
            and given_by_own_role(reason, actor.facts, four_eyes=four_eyes)
        )

    def _params(self, rule: Rule) -> list[dict[str, Any]]:
        text = self._text(rule.key)
        told = []
        for name, value in self.rulebook.params_of(rule.key).items():
            label = text.params.get(name) if text else None
            told.append({
                "name": name, "label": str(label) if label else name, "value": safe(value),
                "unit": text.units.get(name) if text else None,
                "set_by": self._origin(rule.key, lambda r, n=name: (r.params.get(n), r.params_from.get(n)), value),
            })  # fmt: skip
        return told

    def _origin(self, key: str, pick: Any, value: Any) -> dict[str, Any]:
        """Whose setting gave the value. `default`: the product's own; `unknown`: the settings changed since."""
        for resolved in (self.then, self.now):
            found: Resolved | None = resolved.get(key)
            if found is None:
                continue
            current, setting = pick(found)
            if current == value:
                return self._setting(setting)
        return {"origin": "unknown"}

    def _setting(self, setting: Setting | None) -> dict[str, Any]:
        if setting is None:
            return {"origin": "default"}
        directory, session = self.loader.host.directory, self.loader.session
        author = self.loader.names([setting.author]).get(setting.author) if setting.author else None
        return {
            "origin": "setting", "scope_id": setting.scope, "scope": directory.scope_name(session, setting.scope),
            "author": author, "from_day": setting.from_day.isoformat(), "saved_at": moment(setting.saved_at),
            "reason": setting.reason,
        }  # fmt: skip


def _fact_json(value: Any) -> Any:
    found = to_plain(value)
    return safe(found) if isinstance(found, Mapping | list) or found is None else safe(str(found))
