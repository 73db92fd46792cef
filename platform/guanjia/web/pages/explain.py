"""Explain: for each step of a case the rules, their clauses, parameters with who set them when, and the facts; for each
entry of the journal what was known and decided then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec
from flask import render_template
from sqlalchemy import select

from guanjia.rules.facts import to_plain
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Bound, Plan, Rulebook
from guanjia.rules.settings import Resolved, Setting
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.gather import judge
from guanjia.steps.loader import Loader
from guanjia.steps.models import JournalDetail, JournalEntry
from guanjia.steps.view import CaseView, find_case, present, reason_view
from guanjia.web.addresses import case_url, ledger_url
from guanjia.web.caller import caller, current_host, reading
from guanjia.web.pages.headings import flow_of
from guanjia.web.shown import reason_parts, state_of, tone_of
from guanjia.words import Message, show, words

_ = words("guanjia")

MOST_ENTRIES = 200
KINDS = {"guard": _("decides"), "deadline": _("sets a date"), "reaction": _("follows"), "duty": _("owes a task")}


def explain(plugin: str, flow: str, case_id: UUID, site_code: str | None = None) -> str:
    """Why each step of the case is open or shut, and why each past one was."""
    context = caller(site_code)
    found = flow_of(current_host(), plugin, flow)
    with reading(context) as loader:
        case = find_case(loader, found, case_id)
        state = state_of(found, case.state)
        view = CaseView(found, case, present(loader, found, [case])[0], state)
        rulebook = _rulebook(loader, case)
        origins = loader.host.rulebooks.resolved(loader.session, loader.place, case.opened_at)
        may_read = loader.may("guanjia.journal")
        return render_template(
            "guanjia/explain.html", heading=view.heading, state=state, tone=tone_of(state), rulebook=rulebook,
            case=case, free=_free(found, case, rulebook, loader), steps=list(_steps(loader, context, found, case, rulebook, origins)),
            may_read=may_read, entries=_entries(loader, found, case) if may_read else [],
            back_url=case_url(found, case_id, site_code),
            crumbs=[(str(found.title), ledger_url(found, site_code)), (view.heading, case_url(found, case_id, site_code)),
                    (str(_("Explain")), None)],
        )  # fmt: skip


def _rulebook(loader: Loader, case: Any) -> Rulebook:
    kept = getattr(case, "rulebook_id", None)
    books = loader.host.rulebooks
    return books.get(loader.session, kept) if kept else books.current(loader.session, loader.place, loader.now)


def _steps(
    loader: Loader, context: Context, flow: Flow, case: Any, rulebook: Rulebook, origins: Mapping[str, Resolved]
) -> Iterator[dict[str, Any]]:
    """The steps that the state allows, then those of other states that rules speak of."""
    plan = loader.host.rulebooks.plan(rulebook)
    here = [s for s in flow.steps.values() if case.state in s.moves and not s.system_only]
    later = [s for s in flow.steps.values() if case.state not in s.moves and _bound(plan, s)]
    for step in [*here, *later]:
        possible = case.state in step.moves
        bound = _bound(plan, step)
        if not bound:
            continue
        verdicts: dict[str, dict[str, Any]] = {}
        facts: list[tuple[str, str]] = []
        if possible:
            known, decision = judge(
                loader, flow, step, plan, case, {}, actor_id=context.actor_id, now=loader.now, with_form=False
            )
            verdicts = {r.rule: reason_parts(reason_view(loader, r, case)) for r in decision.reasons}
            verdicts |= {key: {"outcome": "allow"} for key in decision.asked if key not in verdicts}
            facts = flat({name: to_plain(value) for name, value in known.items() if name not in ("rules", "form")})
        yield {
            "title": str(step.title), "name": step.name, "possible": possible, "facts": facts,
            "permission": _permission(loader, step), "shut": _shut(verdicts.values()),
            "rules": [_rule(loader, kind, item, rulebook, origins, verdicts) for kind, item in bound],
        }  # fmt: skip


def _shut(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """How the step stands: `deny` where a rule refuses, `ask` where one asks for approval, else empty."""
    outcomes = {v["outcome"] for v in verdicts if not v.get("excepted_by")}
    return next((outcome for outcome in ("deny", "ask") if outcome in outcomes), "")


def _free(flow: Flow, case: Any, rulebook: Rulebook, loader: Loader) -> list[str]:
    """The steps of this state of which no rule in force speaks."""
    plan = loader.host.rulebooks.plan(rulebook)
    return [
        str(s.title)
        for s in flow.steps.values()
        if case.state in s.moves and not s.system_only and s.on_page and not _bound(plan, s)
    ]


def _permission(loader: Loader, step: Step) -> tuple[str, bool] | None:
    if step.permission is None:
        return None
    return str(loader.host.permissions[step.permission].title), loader.may(step.permission)


def _bound(plan: Plan, step: Step) -> list[tuple[str, Bound]]:
    """What rules do at the step, a rule once for each kind of thing."""
    found: dict[tuple[str, str], Bound] = {}
    tables = {"guard": plan.guards, "deadline": plan.starts, "reaction": plan.reactions, "duty": plan.duties}
    for kind, table in tables.items():
        for item in table.get(step.key, ()):
            found.setdefault((kind, item.rule.key), item)
    return [(kind, item) for (kind, _key), item in found.items()]


def _rule(
    loader: Loader,
    kind: str,
    item: Bound,
    rulebook: Rulebook,
    origins: Mapping[str, Resolved],
    verdicts: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    key = item.rule.key
    text = loader.host.texts.get(key)
    params = rulebook.params_of(key)
    resolved = origins.get(key)
    # Where the case was moved to other rules, what was in force when it was opened says nothing of these.
    fits = resolved is not None and resolved.on and dict(resolved.params) == dict(params)
    shown = reason_view(loader, Reason(key, "deny", Message("guanjia", ""), params)).params
    names = list(params)
    waits_for_form = kind == "guard" and "form" in item.function.groups
    return {
        "key": key, "kind": str(KINDS[kind]), "title": str(text.title) if text else key,
        "clauses": [(c.ref, str(c.asks)) for c in text.clauses] if text else [],
        "params": [(label, value, _origin(loader, resolved.params_from.get(name) if fits and resolved else None, fits))
                   for name, (label, value) in zip(names, shown, strict=True)],
        "switch": _origin(loader, resolved.on_from if fits and resolved else None, fits),
        "verdict": verdicts.get(key) if kind == "guard" else None, "waits_for_form": waits_for_form,
        "form_only": waits_for_form and key not in verdicts,
    }  # fmt: skip


def _origin(loader: Loader, setting: Setting | None, known: bool) -> str:
    if setting is None:
        return str(_("default") if known else _("kept with the case"))
    directory = loader.host.directory
    who = loader.names([setting.author]).get(setting.author, "") if setting.author else ""
    return str(_("%(scope)s, from %(day)s, by %(who)s", scope=directory.scope_name(loader.session, setting.scope),
                 day=setting.from_day, who=who or "-"))  # fmt: skip


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested facts as (name, value) lines."""
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in flat(inner, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return [line for n, item in enumerate(value, 1) for line in flat(item, f"{name}.{n}")]
        return [(name, ", ".join(str(item) for item in value) or "-")]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    return [(name, "-" if value is None else show(value))]


def _entries(loader: Loader, flow: Flow, case: Any) -> list[dict[str, Any]]:
    """The case's journal with the stored facts and verdicts, newest first."""
    query = (
        select(JournalEntry, JournalDetail.body, JournalDetail.erased_at)
        .outerjoin(JournalDetail, (JournalDetail.company_id == JournalEntry.company_id) & (JournalDetail.id == JournalEntry.id))
        .where(JournalEntry.company_id == loader.company_id, JournalEntry.case_id == case.id)
        .order_by(JournalEntry.seq.desc())
        .limit(MOST_ENTRIES)
    )  # fmt: skip
    rows = list(loader.session.execute(query))
    names = loader.names(row.actor_id for row, _body, _erased in rows)
    found = []
    for row, private, erased_at in rows:
        body = msgspec.json.decode(row.body)
        step = flow.steps.get(row.step.rsplit(".", 1)[-1])
        kept = _kept_rulebook(loader, body.get("rulebook"))
        reasons = [Reason.from_json(v, kept.params_of(v["rule"]) if kept else {}) for v in body.get("verdicts", ())]
        asked = [loader.host.texts.get(key) for key in body.get("asked", ())]
        found.append({
            "seq": row.seq, "at": row.at, "title": str(step.title) if step else row.step, "outcome": row.outcome,
            "actor": names.get(row.actor_id, "") if row.actor_id else str(_("System")), "via": body.get("via", ""),
            "digest": row.digest[:16], "facts": flat(body.get("facts", {})),
            "asked": [f"{t.refs} {t.title}" if t else key for t, key in zip(asked, body.get("asked", ()), strict=True)],
            "reasons": [reason_parts(reason_view(loader, reason, case)) for reason in reasons],
            "changes": flat(body.get("changes", {})), "has_private": private is not None, "erased_at": erased_at,
        })  # fmt: skip
    return found


def _kept_rulebook(loader: Loader, rulebook_id: str | None) -> Rulebook | None:
    try:
        return loader.host.rulebooks.get(loader.session, UUID(rulebook_id)) if rulebook_id else None
    except (KeyError, ValueError):
        return None
