"""After a step: reactions and duties of the plan become messages in the outbox, and whoever acts next is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from guanjia.channels.events import tell_subscribers
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Bound, Plan
from guanjia.rules.watch import RuleTimeout, within
from guanjia.steps.commands import Command, Event, MakeTask, Notify, Owed, Perform, command_to_json
from guanjia.steps.flow import SITE
from guanjia.steps.models import Task
from guanjia.steps.outbox import schedule
from guanjia.words import words

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.steps.context import StepContext

_ = words("guanjia")
_log = logging.getLogger("guanjia.steps")


class Reactions:
    """Collects what follows from a step. A reaction that raises undoes nothing and stops no other; it is logged."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def collect(
        self,
        ctx: StepContext,
        plan: Plan,
        case: Any,
        facts: Mapping[str, Any],
        late: tuple[Reason, ...],
        *,
        moved: bool,
    ) -> None:
        """Put the commands of reactions, duties, body and host into the outbox, in this transaction.

        `moved`: the step brought the case into another state, and no nested step has told so already.
        """
        event = Event(
            step=ctx.step.key,
            case_id=case.id,
            at=ctx.now,
            actor=ctx.actor_id,
            site=ctx.site.id if ctx.site else None,
            state=case.state,
            form=facts["form"],
        )
        n = 0
        for bound in plan.reactions.get(ctx.step.key, ()):
            for command in self._run("reaction", bound, facts, event, ctx):
                n += 1
                self._post(ctx, case, bound.rule.key, command, n)
        for bound in plan.duties.get(ctx.step.key, ()):
            for item in self._run("duty", bound, facts, event, ctx):
                n += 1
                self._post(ctx, case, bound.rule.key, _task_of(item, bound), n)
        for command in ctx.commands:
            n += 1
            self._post(ctx, case, ctx.step.key, command, n)
        self._tell_next(ctx, case, n, late, moved=moved)
        self._meet_tasks(ctx, case)
        tell_subscribers(ctx, case)

    def _run(self, kind: str, bound: Bound, facts: Mapping[str, Any], event: Event, ctx: StepContext) -> list[Any]:
        """What the rule wants done; nothing of it where its program fails, takes too long, or answers with something else."""
        host, rule = self._host, bound.rule
        try:
            found = within(host.config.rule_seconds, bound, facts, event=event, calendar=ctx.calendar)
            wanted = list(found) if isinstance(found, list | tuple) else [found] if found else []
            kinds = (Notify, MakeTask, Perform) if kind == "reaction" else (Owed,)
            odd = [type(item).__name__ for item in wanted if not isinstance(item, kinds)]
            if odd:
                raise TypeError(f"a {kind} answers with {' or '.join(k.__name__ for k in kinds)}, not {odd[0]}")
            return wanted
        except (Exception, RuleTimeout) as fault:
            _log.exception("%s %s failed", kind, rule.key)
            host.faults.note(kind, rule.key, fault, company_id=ctx.session.company_id, plugin=rule.plugin)
            ctx.notes.setdefault("reaction_faults", []).append(rule.key)
            return []

    def _post(self, ctx: StepContext, case: Any, rule: str, command: Command, n: int) -> None:
        kind = type(command).__name__
        at = getattr(command, "at", None) or ctx.recorded_at
        payload = {
            "rule": rule,
            "step": ctx.step.key,
            "flow": ctx.flow.key,
            "case": str(case.id),
            "number": getattr(case, "number", None),
            "since": ctx.recorded_at.isoformat(),
            "actor": str(ctx.actor_id) if ctx.actor_id else None,
            "command": command_to_json(command),
        }
        schedule(
            ctx.session,
            self._host,
            kind,
            payload,
            at=at,
            site_id=case.site_id,
            dedupe=f"{case.id}:{case.version}:{ctx.step.name}:{n}",
        )

    def _tell_next(self, ctx: StepContext, case: Any, n: int, late: tuple[Reason, ...], *, moved: bool) -> None:
        state = ctx.flow.state(case.state)
        if state.waits_for and moved and not ctx.caller.cause.startswith("demo"):
            message = _(
                '%(flow)s %(number)s is now "%(state)s" and waits for you.',
                flow=ctx.flow.title,
                number=getattr(case, "number", None) or "",
                state=state.title,
            )
            self._post(ctx, case, ctx.step.key, Notify(message=message, roles=state.waits_for), n + 1)
        told = ctx.flow.level == SITE and ctx.flow.tells_opener and state.closed and moved
        if told and case.opened_by is not None and case.opened_by != ctx.actor_id:
            message = _(
                '%(flow)s %(number)s, which you entered, is now "%(state)s".',
                flow=ctx.flow.title,
                number=getattr(case, "number", None) or "",
                state=state.title,
            )
            self._post(ctx, case, ctx.step.key, Notify(message=message, staff=(case.opened_by,)), n + 3)
        if late:
            message = _(
                '%(flow)s %(number)s: "%(step)s" was reported after the fact against %(rules)s. Please look at it.',
                flow=ctx.flow.title,
                number=getattr(case, "number", None) or "",
                step=ctx.step.title,
                rules=[self._host.texts[r.rule].title for r in late if r.rule in self._host.texts],
            )
            self._post(ctx, case, ctx.step.key, Notify(message=message, roles=("site_manager",), urgent=True), n + 2)

    def _meet_tasks(self, ctx: StepContext, case: Any) -> None:
        query = select(Task).where(
            Task.company_id == ctx.session.company_id, Task.target_id == case.id, Task.state == "open"
        )
        for task in ctx.session.scalars(query):
            if ctx.step.key in task.met_by:
                _meet(task, ctx)
            if task.state == "open" and ctx.flow.state(case.state).closed:
                task.state, task.closed_at = "cancelled", ctx.now  # nothing more can be done on a closed case
        if ctx.step.key in self._recurring and ctx.actor is not None:
            self._meet_recurring(ctx, case)

    @cached_property
    def _recurring(self) -> Mapping[str, tuple[str, ...]]:
        """The rules whose periodic duty a step meets, by the step's key."""
        found: dict[str, tuple[str, ...]] = {}
        for rule in self._host.rules.values():
            for duty in rule.duties:
                for step in duty.options["met_by"] if duty.options["every"] else ():
                    found[step] = (*found.get(step, ()), rule.key)
        return found

    def _meet_recurring(self, ctx: StepContext, case: Any) -> None:
        """What is owed in a period, not about a case, is met by whoever owes it: this period's first, then what is overdue."""
        query = select(Task).where(
            Task.company_id == ctx.session.company_id, Task.site_id == case.site_id, Task.state == "open",
            Task.target_id.is_(None), Task.rule.in_(self._recurring[ctx.step.key]),
        )  # fmt: skip
        met: set[str] = set()
        for task in ctx.session.scalars(query.order_by(Task.due_at < ctx.now, Task.due_at, Task.id)):
            if task.rule not in met and ctx.step.key in task.met_by and _owes(task, ctx):
                met.add(task.rule)
                _meet(task, ctx)


def _owes(task: Task, ctx: StepContext) -> bool:
    assert ctx.actor is not None  # the system owes nothing
    if task.staff_id is not None:
        return task.staff_id == ctx.actor_id
    if task.role is None or ctx.actor.facts.holds(task.role):
        return True
    return ctx.actor_id in ctx.host.directory.holders(ctx.session, task.role, task.site_id, ctx.now).staff


def _meet(task: Task, ctx: StepContext) -> None:
    task.met += 1
    if task.met >= task.owed:
        task.state, task.closed_at = "done", ctx.now


def _task_of(owed: Owed, bound: Bound) -> MakeTask:
    return MakeTask(
        title=owed.title,
        role=owed.role,
        staff=owed.staff,
        due_at=owed.due_at,
        met_by=tuple(bound.function.options["met_by"]),
        key=owed.key,
    )


def moment(value: str | None) -> datetime | None:
    """An ISO moment of a payload, or None."""
    return datetime.fromisoformat(value) if value else None
