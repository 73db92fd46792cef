"""What people see of one case: its values, its possible steps with the reasons of the others, dates, timeline, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from guanjia.errors import Forbidden, NotFound, PluginFailed
from guanjia.rules.decide import given_by_own_role
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Rulebook
from guanjia.steps import approvals, deadlines
from guanjia.steps.context import Context
from guanjia.steps.flow import COMPANY, Column, Flow, State, Step
from guanjia.steps.gather import case_facts, judge
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, ClockStop, Deadline, JournalDetail, JournalEntry, StoredFile, Task
from guanjia.words import Label, Message, Text, words

_ = words("guanjia")

HIDDEN = "•••"  # stands for a personal value: who may see it looks at the case itself


@dataclass(frozen=True)
class ReasonView:
    """A reason in words: rule, clause, what it asks, parameters, and who may say yes."""

    rule: str
    title: str
    outcome: str
    message: str
    clauses: tuple[tuple[str, str], ...]  # (number, what it asks)
    params: tuple[tuple[str, str], ...]  # (label, value)
    role: str | None = None
    who: tuple[str, ...] = ()
    excepted_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form in which the API answers."""
        return {
            "rule": self.rule,
            "title": self.title,
            "outcome": self.outcome,
            "message": self.message,
            "clauses": [{"clause": number, "text": asks} for number, asks in self.clauses],
            "params": dict(self.params),
            "role": self.role,
            "who_may_approve": list(self.who),
        }


@dataclass(frozen=True)
class StepView:
    """A step as a button: enabled or not, why not, and whom it would wait for."""

    step: Step
    enabled: bool
    reasons: tuple[ReasonView, ...] = ()
    asks: tuple[ReasonView, ...] = ()


@dataclass(frozen=True)
class TimelineEntry:
    """One line of a case's life."""

    at: datetime
    step: str
    title: str
    actor: str
    outcome: str
    reasons: tuple[ReasonView, ...]
    changes: tuple[tuple[str, str, str], ...]
    note: str
    dates: tuple[tuple[str, datetime | None, str], ...]
    files: tuple[StoredFile, ...] = ()
    late: tuple[str, ...] = ()
    seq: int = 0


@dataclass
class CaseView:
    """All that a page or the API shows of one case."""

    flow: Flow
    case: Any
    values: Mapping[str, Any]
    state: State
    steps: list[StepView] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    approvals: list[tuple[Approval, list[Any]]] = field(default_factory=list)
    clock_stops: list[ClockStop] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """What the page is called: the flow's own heading, or title and number."""
        if self.flow.heading is not None:
            return self.flow.heading(self.case, self.values)
        return f"{self.flow.title} {getattr(self.case, 'number', None) or ''}".strip()

    def step(self, name: str) -> StepView | None:
        """The button of that step, if it is offered."""
        return next((view for view in self.steps if view.step.name == name), None)


def find_case(loader: Loader, flow: Flow, case_id: UUID) -> Any:
    """The case, if the actor may see it here. Raises NotFound, or Forbidden without the flow's permission."""
    if not loader.host.is_active(flow.plugin, loader.place):
        raise NotFound()
    if not loader.may(flow.permission):
        raise Forbidden()
    query = select(flow.model).where(flow.model.company_id == loader.company_id, flow.model.id == case_id)
    if flow.row_filter is not None:
        query = query.where(flow.row_filter(loader, flow.model))
    case = loader.session.scalars(query).one_or_none()
    if case is None or not loader.reaches(getattr(case, "site_id", None)):
        raise NotFound()
    if loader.site is None and flow.level != COMPANY:
        raise NotFound()
    return case


def present(loader: Loader, flow: Flow, cases: Sequence[Any]) -> list[dict[str, Any]]:
    """One mapping of column values per case: the presenter's where it gives one, else the model's attribute."""
    extras = flow.present(loader, cases) if flow.present is not None else [{} for _case in cases]
    dates = _due_dates(loader, flow, cases)
    out = []
    for case, extra in zip(cases, extras, strict=True):
        values = {column.name: getattr(case, column.name, None) for column in flow.columns} | dict(extra)
        if "due_at" in values and values["due_at"] is None:
            values["due_at"] = dates.get(case.id)
        out.append(values)
    return out


def _due_dates(loader: Loader, flow: Flow, cases: Sequence[Any]) -> dict[UUID, datetime | None]:
    if flow.column("due_at") is None or hasattr(flow.model, "due_at"):
        return {}
    return due_dates(loader, flow, [case.id for case in cases])


def due_dates(loader: Loader, flow: Flow, ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """The next open date of each case (UTC); a case without one is not in the answer."""
    query = select(Deadline.case_id, Deadline.due_at).where(
        Deadline.company_id == loader.company_id,
        Deadline.flow == flow.key,
        Deadline.state == "open",
        Deadline.case_id.in_(ids),
        Deadline.due_at.is_not(None),
    )
    found: dict[UUID, datetime | None] = {}
    for case_id, due_at in loader.session.execute(query.order_by(Deadline.due_at.desc())):
        found[case_id] = due_at
    return found


def view_case(loader: Loader, caller: Context, flow: Flow, case_id: UUID, *, full: bool = True) -> CaseView:
    """The whole view of a case for the caller. With `full=False` without timeline and files."""
    case = find_case(loader, flow, case_id)
    values = present(loader, flow, [case])[0]
    view = CaseView(flow, case, values, flow.state(case.state))
    view.clock_stops = list(
        loader.session.scalars(
            select(ClockStop).where(
                ClockStop.company_id == loader.company_id,
                ClockStop.flow == flow.key,
                ClockStop.case_id == case.id,
            )
        )
    )
    view.deadlines = deadlines.history(loader.session, flow.key, [case.id])[case.id]
    view.steps = buttons(loader, caller, flow, case, view)
    if full:
        view.files = loader.host.files.of_cases(loader.session, [case.id])[case.id]
        view.timeline = timeline(loader, flow, case, view.files)
        view.approvals = [
            (a, approvals.signatures_of(loader.session, a.id)) for a in approvals.of_case(loader.session, case.id)
        ]
        view.tasks = list(
            loader.session.scalars(
                select(Task)
                .where(Task.company_id == loader.company_id, Task.target_id == case.id)
                .order_by(Task.opened_at)
            )
        )
    return view


def buttons(loader: Loader, caller: Context, flow: Flow, case: Any, view: CaseView | None = None) -> list[StepView]:
    """The steps that make sense in the case's state, each with the reasons that stand against it now.

    Guards that need the form are not asked: they answer when it is sent.
    """
    host = loader.host
    rulebook_id = getattr(case, "rulebook_id", None)
    rulebook = (
        host.rulebooks.get(loader.session, rulebook_id)
        if rulebook_id
        else host.rulebooks.current(loader.session, loader.place, loader.now)
    )
    plan = host.rulebooks.plan(rulebook, loader.place)
    try:
        known, broken = case_facts(loader, flow, case), None
    except PluginFailed as fault:  # the case can still be read
        known, broken = None, reason_view(loader, Reason(flow.key, "deny", fault.detail, {}), case)
    found = []
    for step in flow.steps.values():
        if case.state not in step.moves or step.system_only or not step.on_page or not loader.may(step.permission):
            continue
        if step.offered is not None and view is not None and not step.offered(view):
            continue
        if broken is not None:
            found.append(StepView(step, False, (broken,)))
            continue
        _facts, decision = judge(
            loader, flow, step, plan, case, {}, actor_id=caller.actor_id, now=loader.now, known=known, with_form=False
        )
        denials = tuple(reason_view(loader, reason, case) for reason in decision.denials)
        open_asks = [r for r in decision.asks if not _given(loader, rulebook, r)]
        asks = tuple(reason_view(loader, reason, case) for reason in open_asks)
        found.append(StepView(step, not denials, denials, asks))
    return found


def _given(loader: Loader, rulebook: Rulebook, reason: Reason) -> bool:
    """Whether the actor's own role already says yes, so that the step would not wait for it."""
    if loader.actor is None:
        return False
    four_eyes = bool(rulebook.option(reason.rule, "four_eyes"))
    return given_by_own_role(reason, loader.actor.facts, four_eyes=four_eyes)


def reason_view(loader: Loader, reason: Reason, case: Any = None) -> ReasonView:
    """A reason in the reader's words, with the clause and the names of who may say yes."""
    host = loader.host
    text = host.texts.get(reason.rule)
    who: tuple[str, ...] = ()
    role_title = None
    if reason.role:
        role_title = str(host.directory.role_title(loader.session, reason.role))
        site_id = loader.site.id if loader.site else None
        department = approvals.department_of(host, loader.session, case)
        holders = host.directory.holders(loader.session, reason.role, site_id, loader.now, department)
        who = tuple(loader.names(holders.staff).values())
    return ReasonView(
        rule=reason.rule,
        title=str(text.title) if text else reason.rule,
        outcome=reason.outcome,
        message=str(reason.message),
        clauses=tuple((clause.ref, str(clause.asks)) for clause in text.clauses) if text else (),
        params=tuple(
            (str(text.params.get(name, name)) if text else name, _shown(loader, value))
            for name, value in reason.params.items()
        ),
        role=role_title,
        who=who,
        excepted_by=reason.excepted_by,
    )


def _shown(loader: Loader, value: Any) -> str:
    if isinstance(value, list | tuple):
        return "、".join(_shown(loader, item) for item in value) or "-"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, str):
        if value in loader.host.labels:
            return str(loader.host.labels[value])
        title = loader.host.directory.role_title(loader.session, value)
        return str(title)
    return str(value)


def timeline(loader: Loader, flow: Flow, case: Any, files: Sequence[StoredFile] = ()) -> list[TimelineEntry]:
    """The case's life from its journal, newest first."""
    query = (
        select(JournalEntry, JournalDetail)
        .outerjoin(
            JournalDetail,
            (JournalDetail.company_id == JournalEntry.company_id) & (JournalDetail.id == JournalEntry.id),
        )
        .where(JournalEntry.company_id == loader.company_id, JournalEntry.case_id == case.id)
        .order_by(JournalEntry.seq.desc())
        .limit(300)
    )
    rows = list(loader.session.execute(query))
    names = loader.names(row.actor_id for row, _detail in rows)
    return [_entry(loader, flow, row, detail, names, files) for row, detail in rows]


def _entry(
    loader: Loader,
    flow: Flow,
    row: JournalEntry,
    detail: JournalDetail | None,
    names: Mapping[UUID, str],
    files: Sequence[StoredFile],
) -> TimelineEntry:
    body = msgspec.json.decode(row.body)
    private = msgspec.json.decode(detail.body) if detail is not None and detail.body else {}
    step = flow.steps.get(row.step.rsplit(".", 1)[-1])
    reasons = tuple(
        reason_view(loader, Reason.from_json(v, _params_then(loader, body.get("rulebook"), v["rule"])))
        for v in body.get("verdicts", ())
        if row.outcome != "done" or v["rule"] in body.get("given", ()) or "excepted_by" in v
    )
    note = " · ".join(str(v) for k, v in private.get("form", {}).items() if k in ("note", "reason", "remark"))
    return TimelineEntry(
        at=row.at,
        step=row.step,
        title=str(step.title) if step else row.step,
        actor=names.get(row.actor_id, "") if row.actor_id else "",
        outcome=row.outcome,
        reasons=reasons,
        changes=_changes(flow, {**body.get("changes", {}), **{k: v for k, v in private.items() if k != "form"}}),
        note=note,
        dates=tuple(
            (d["name"], datetime.fromisoformat(d["due_at"]) if d["due_at"] else None, d["cause"])
            for d in body.get("deadlines", ())
        ),
        files=tuple(f for f in files if f.step == row.step and abs((f.uploaded_at - row.at).total_seconds()) < 172_800),
        late=tuple(body.get("late", ())),
        seq=row.seq,
    )


def _params_then(loader: Loader, rulebook_id: str | None, rule: str) -> Mapping[str, Any]:
    """The rule's parameters under the rulebook that decided then."""
    if rulebook_id is None:
        return {}
    try:
        return loader.host.rulebooks.get(loader.session, UUID(rulebook_id)).params_of(rule)
    except KeyError:
        return {}


def _changes(flow: Flow, changes: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """What changed, by column. Of personal values only that they changed: the list masks them, so must this."""
    shown = []
    private = {c.key for c in flow.model.__table__.c if c.info.get("private")}
    for name, pair in changes.items():
        column = flow.column(name)
        if column is None or not isinstance(pair, list) or len(pair) != 2 or column.kind in ("state", "staff"):
            continue
        is_private = name in private
        old, new = (HIDDEN if is_private and value else show_value(column, value) for value in pair)
        shown.append((str(column.title), old, new))
    return tuple(shown)


def show_value(column: Column, value: Any) -> str:
    """A column's value as text; moments that come as ISO text from the journal are shown in the reader's zone."""
    if value is None or value == "":
        return ""
    if column.kind == "choice":
        label: Label | str = column.labels.get(str(value), str(value))
        return str(label)
    if column.kind in ("moment", "due") and isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if column.kind == "money" and isinstance(value, int):
        return f"¥{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    if isinstance(value, Message | Text):
        return str(value)
    from guanjia.words import show

    return show(value)
