"""Tasks: what a duty or a reaction owes; done by a step on its case, or by hand with a note, or excused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.errors import Refused
from guanjia.rules.reason import Reason
from guanjia.schema import StrictSchema
from guanjia.steps.commands import Notify
from guanjia.steps.flow import COMPANY, Column, Flow, State
from guanjia.steps.loader import Loader
from guanjia.steps.models import Task
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.steps.context import StepContext

_ = words("guanjia")


class MakeForm(StrictSchema):
    """A task as a rule makes it."""

    rule = fields.String(required=True, metadata={"fact": True})
    title = fields.Dict(required=True)
    role = fields.String(allow_none=True, load_default=None, metadata={"fact": True})
    staff_id = fields.UUID(allow_none=True, load_default=None)
    due_at = fields.AwareDateTime(allow_none=True, load_default=None)
    period = fields.String(load_default="", metadata={"fact": True})
    owed = fields.Integer(load_default=1)
    met_by = fields.List(fields.String(), load_default=list)
    target_flow = fields.String(allow_none=True, load_default=None, metadata={"fact": True})
    target_id = fields.UUID(allow_none=True, load_default=None)
    origin = fields.String(required=True, metadata={"fact": True})


class DoneForm(StrictSchema):
    """What was done, as evidence."""

    note = fields.String(
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"label": _("What was done"), "widget": "textarea"},
    )
    files = fields.List(fields.UUID(), load_default=list, metadata={"label": _("Files"), "widget": "photos"})


class ExcuseForm(StrictSchema):
    """Why it need not be done."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"label": _("Reason"), "widget": "textarea"},
    )


class LateForm(StrictSchema):
    """The due time that has passed."""

    due_at = fields.AwareDateTime(required=True)


def _facts(_loader: Loader, cases: Sequence[Task]) -> list[Any]:
    return [None for _case in cases]


def _present(loader: Loader, cases: Sequence[Task]) -> list[dict[str, Any]]:
    names = loader.names(task.staff_id for task in cases)
    out = []
    for task in cases:
        who = names.get(task.staff_id) if task.staff_id else None
        if who is None and task.role:
            who = str(loader.host.directory.role_title(loader.session, task.role))
        out.append({"title": str(Message.from_json(task.title)), "who": who or ""})
    return out


tasks = Flow(
    key="guanjia.task",
    model=Task,
    title=_("Duty"),
    level=COMPANY,
    facts=_facts,
    present=_present,
    states=[
        State("open", _("Open"), tone="open"),
        State("done", _("Done"), tone="good", closed=True),
        State("excused", _("Excused"), tone="muted", closed=True),
        State("cancelled", _("Cancelled"), tone="muted", closed=True),
    ],
    columns=[
        Column("title", _("What is owed")),
        Column("who", _("By whom")),
        Column("due_at", _("Due"), "due", sort=True),
        Column("state", _("State"), "state", filter=True),
        Column("closed_at", _("Done at"), "moment", on_list=False),
    ],
    order="due_at",
)


@tasks.step("make", {None: "open"}, title=_("Task made"), form=MakeForm, system_only=True, on_page=False)
def make(form: Mapping[str, Any], ctx: StepContext) -> Task:
    """A task exists, once per origin; whoever owes it is told."""
    task = ctx.new(
        Task,
        state="open",
        version=1,
        opened_at=ctx.now,
        opened_by=None,
        changed_at=ctx.recorded_at,
        rulebook_id=ctx.rulebook.id,
        **form,
    )
    title = Message.from_json(form["title"])
    message = (
        _("New task: %(title)s. Due %(due)s.", title=title, due=task.due_at)
        if task.due_at
        else _("New task: %(title)s.", title=title)
    )
    ctx.emit(
        Notify(
            message=message,
            roles=(task.role,) if task.role and not task.staff_id else (),
            staff=(task.staff_id,) if task.staff_id else (),
        )
    )
    if task.due_at is not None:
        from guanjia.steps.outbox import schedule

        schedule(
            ctx.session,
            ctx.host,
            "task_due",
            {"task": str(task.id)},
            at=task.due_at,
            site_id=task.site_id,
            dedupe=f"task:{task.id}",
        )
    return task


def _only_owner(task: Task, ctx: StepContext) -> None:
    if ctx.actor is None:
        return
    holders = ctx.host.directory.holders(ctx.session, task.role, task.site_id, ctx.now) if task.role else None
    if (
        ctx.actor_id == task.staff_id
        or (task.role and ctx.actor.facts.holds(task.role))
        or (holders and ctx.actor_id in holders.staff)
    ):
        return
    title = ctx.host.directory.role_title(ctx.session, task.role) if task.role else "-"
    raise Refused(
        [
            Reason(
                task.rule,
                "deny",
                _("This is owed by %(role)s. Ask one of them to report it.", role=title),
                {},
                task.role,
            )
        ]
    )


@tasks.step("done", {"open": "done"}, title=_("Report as done"), form=DoneForm, tone="primary")
def done(task: Task, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The task is done, with a note as evidence."""
    _only_owner(task, ctx)
    task.note, task.met = form["note"], task.owed


@tasks.step("excuse", {"open": "excused"}, title=_("Excuse"), form=ExcuseForm, permission="guanjia.excuse_task")
def excuse(task: Task, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The task need not be done, for a reason that stays on record."""
    task.note = form["reason"]


@tasks.step("late", ["open"], title=_("Not done in time"), form=LateForm, system_only=True, on_page=False)
def late(task: Task, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The due time passed; whoever owes it and the site's manager are told."""
    task.breached_at = form["due_at"]
    message = _("Overdue: %(title)s, due %(due)s.", title=Message.from_json(task.title), due=task.due_at)
    roles = tuple(dict.fromkeys([*([task.role] if task.role else []), "site_manager"]))
    ctx.emit(Notify(message=message, roles=roles, staff=(task.staff_id,) if task.staff_id else ()))


def open_for(
    loader: Loader, staff_id: UUID, roles: Sequence[str], site_id: UUID | None, *, limit: int = 50
) -> list[Task]:
    """The open tasks at a site that this person or one of their roles owes, soonest first."""
    query = select(Task).where(
        Task.company_id == loader.company_id,
        Task.site_id == site_id,
        Task.state == "open",
        (Task.staff_id == staff_id) | (Task.staff_id.is_(None) & Task.role.in_(list(roles))),
    )
    return list(loader.session.scalars(query.order_by(Task.due_at.is_(None), Task.due_at).limit(limit)))


def is_late(task: Task, now: datetime) -> bool:
    """Whether the task is open past its due time."""
    return task.state == "open" and task.due_at is not None and task.due_at < now
