"""Views of the step pipeline as the templates' macros take them: reasons, timeline, states and dates in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from guanjia.steps.flow import Flow, State
from guanjia.steps.loader import Loader
from guanjia.steps.models import Deadline
from guanjia.steps.view import ReasonView, TimelineEntry
from guanjia.words import Label, Message, current_language, words

_ = words("guanjia")

TONES = {"open": "progress", "waiting": "info", "good": "success", "bad": "danger", "muted": "neutral"}
DUE_SOON = timedelta(hours=24)
CAUSES: Mapping[str, Label] = {
    "rule": _("set by the rule"), "extension": _("extended"), "agreed": _("newly agreed"),
    "recomputed": _("recomputed with the calendar"), "rework": _("set anew for the rework"),
    "clock": _("moved on by the time the clock stood"),
}  # fmt: skip


def tone_of(state: State) -> str:
    """The tone of a state's badge."""
    return TONES.get(state.tone, "neutral")


def listed(items: Iterable[str]) -> str:
    """Words joined as the reader's language joins them."""
    return ("、" if current_language() == "zh" else ", ").join(items)


def reason_parts(view: ReasonView) -> dict[str, Any]:
    """A reason as `reason_list` draws it: rule, clauses and what they ask, parameters, who may say yes."""
    approver = ""
    if view.role:
        holders = listed(view.who) or str(_("nobody holds this role at present; tell headquarters"))
        approver = f"{view.role} ({holders})" if current_language() == "en" else f"{view.role}（{holders}）"
    several = len(view.clauses) > 1
    return {
        "rule": view.rule, "message": view.message, "rule_title": view.title, "clauses": view.clauses,
        "clause": listed(ref for ref, _asks in view.clauses),
        "asks": "\n".join(f"{ref} {asks}" if several else asks for ref, asks in view.clauses),
        "params": view.params, "approver": approver, "outcome": view.outcome, "excepted_by": view.excepted_by,
    }  # fmt: skip


def timeline_parts(
    loader: Loader, entries: Sequence[TimelineEntry], deadlines: Sequence[Deadline] = ()
) -> list[dict[str, Any]]:
    """The timeline as its macro draws it; the case's deadlines tell what its dates are called."""
    rules = {row.name: row.rule for row in reversed(deadlines)}  # the rule that first set a date names it
    return [_entry(loader, entry, rules) for entry in entries]


_OUTCOMES = {
    "done": ("neutral", "check2"), "late": ("warning", "clock-history"), "denied": ("danger", "slash-circle"),
    "waiting": ("info", "hourglass-split"), "conflict": ("warning", "exclamation-triangle"),
}  # fmt: skip


def _entry(loader: Loader, entry: TimelineEntry, rules: Mapping[str, str]) -> dict[str, Any]:
    tone, icon = _OUTCOMES.get(entry.outcome, ("neutral", ""))
    title: object = entry.title
    if entry.outcome == "denied":
        title = _("%(step)s: refused by the rules", step=entry.title)
    elif entry.outcome == "waiting":
        title = _("%(step)s: waits for approval", step=entry.title)
    elif entry.outcome == "conflict":
        title = _("%(step)s: reported later, no longer fits", step=entry.title)
    dates = [
        (
            f"{deadline_title(loader, name, rules.get(name))} · {CAUSES.get(cause, cause)}",
            "",
            due or str(_("to be agreed")),
        )
        for name, due, cause in entry.dates
    ]
    return {
        "at": entry.at, "actor": entry.actor or str(_("System")), "title": str(title), "note": entry.note,
        "changes": [*entry.changes, *dates], "reasons": [reason_parts(r) for r in entry.reasons], "tone": tone,
        "icon": icon, "late": bool(entry.late), "files": entry.files, "seq": entry.seq,
    }  # fmt: skip


def deadline_title(loader: Loader, name: str, rule: str | None = None) -> str:
    """What people call a deadline: its label in the clause data, else its rule's title."""
    for key in (f"deadline.{name}", name):
        if key in loader.host.labels:
            return str(loader.host.labels[key])
    text = loader.host.texts.get(rule or "")
    return str(text.title) if text else name.replace("_", " ")


@dataclass(frozen=True)
class DueView:
    """A deadline as a badge: `status` as the macro `due_badge` knows it."""

    status: str
    due: datetime | None
    left: str = ""


def due_view(due: datetime | None, now: datetime) -> DueView:
    """An open date, seen from now."""
    if due is None:
        return DueView("to_be_agreed", None)
    if due < now:
        return DueView("overdue", due, duration(now - due))
    return DueView("due_soon" if due - now < DUE_SOON else "on_time", due, duration(due - now))


def deadline_view(row: Deadline, now: datetime, *, stopped: bool = False) -> DueView:
    """A deadline in any of its states."""
    if row.state == "met":
        return DueView("met_late" if row.breached_at is not None else "met", row.due_at)
    if row.state != "open":
        return DueView("none", row.due_at)
    view = due_view(row.due_at, now)
    return DueView("stopped", row.due_at) if stopped and view.status not in ("overdue", "to_be_agreed") else view


def duration(span: timedelta) -> str:
    """A length of time in one unit, as people say it."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return str(_("%(n)s min", n=minutes))
    if minutes < 48 * 60:
        return str(_("%(n)s h", n=minutes // 60))
    return str(_("%(n)s days", n=minutes // (24 * 60)))


def dates_of(loader: Loader, rows: Sequence[Deadline], *, stopped: bool) -> list[dict[str, Any]]:
    """A case's deadlines by name: the present date first, then those that it followed."""
    by_name: dict[str, list[Deadline]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    found = []
    for name, history in by_name.items():
        present = history[-1]
        owed = loader.host.directory.role_title(loader.session, present.owed_by) if present.owed_by else None
        found.append({
            "title": deadline_title(loader, name, history[0].rule), "view": deadline_view(present, loader.now, stopped=stopped),
            "provisional": present.provisional and present.state == "open", "owed_by": str(owed or ""),
            "state": present.state, "cause": str(CAUSES.get(present.cause, present.cause)),
            "rule": _rule_words(loader, present.rule), "excused": present.late_excused,
            "before": [(row.due_at, str(CAUSES.get(row.cause, row.cause)), row.breached_at is not None)
                       for row in reversed(history[:-1])],
        })  # fmt: skip
    return found


def _rule_words(loader: Loader, rule: str) -> str:
    text = loader.host.texts.get(rule)
    return f"{text.refs} {text.title}" if text else ""


def state_of(flow: Flow, key: str) -> State:
    """The state of that key; one that the code no longer has shows its key."""
    try:
        return flow.state(key)
    except KeyError:
        return State(key, Message("guanjia", key), tone="muted")
