"""What each kind of message does. A handler can run twice without harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from guanjia.channels.outgoing import deliver, sweep
from guanjia.channels.telling import tell_outside
from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import Invalid, NotFound, Waiting, WrongState
from guanjia.steps import answers, approvals, outbox
from guanjia.steps.models import Deadline, JournalEntry, Notification, OutboxMessage, Task

if TYPE_CHECKING:
    from guanjia.host import Host

Handler = Callable[["Host", UUID, OutboxMessage], None]


def notify(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Tell people and role holders in the app, once each, and outside of it as they wish. A repeated notice puts its
    next one into the outbox."""
    payload, command = row.payload, row.payload["command"]
    now = host.clock.now()
    with tenant_session(company_id, write=True) as session:
        if _settled(session, payload, command):
            return
        staff = {UUID(i): None for i in command["staff"]}
        for role in command["roles"]:
            staff |= dict.fromkeys(_holders(host, session, role, row, now))
        if payload.get("actor") and not command["urgent"]:
            staff.pop(UUID(payload["actor"]), None)
        origin = str(row.id)
        query = select(Notification.staff_id).where(
            Notification.company_id == company_id, Notification.origin == origin
        )
        told = set(session.scalars(query))
        notices = []
        for staff_id in staff:
            if staff_id in told:
                continue
            notices.append(Notification(
                id=host.ids.new(), company_id=company_id, site_id=row.site_id, staff_id=staff_id, at=now,
                message=command["message"], rule=payload["rule"], flow=payload["flow"],
                case_id=UUID(payload["case"]) if payload.get("case") else None, urgent=command["urgent"], origin=origin,
            ))  # fmt: skip
        session.add_all(notices)
        tell_outside(session, host, row, notices)
        if command.get("repeat_hours"):
            outbox.schedule(
                session,
                host,
                "Notify",
                payload,
                at=row.run_after + timedelta(hours=command["repeat_hours"]),
                site_id=row.site_id,
                dedupe=f"again:{row.id}",
            )
        outbox.light_beacons(session, host)
        session.commit()


def _settled(session: TenantSession, payload: Mapping[str, Any], command: Mapping[str, Any]) -> bool:
    """Whether a later command has lapsed: its deadline is no longer open, or a step that settles the matter has happened."""
    if command.get("while_open"):
        date = session.get(Deadline, (session.company_id, UUID(command["while_open"])))
        if date is None or date.state != "open":
            return True
    if not command.get("unless") or not payload.get("case"):
        return False
    since = datetime.fromisoformat(payload["since"])
    query = select(JournalEntry.id).where(
        JournalEntry.company_id == session.company_id,
        JournalEntry.case_id == UUID(payload["case"]),
        JournalEntry.step.in_(command["unless"]),
        JournalEntry.outcome.in_(("done", "late")),
        # Not the step that made the command: where it may happen again, only the next one settles the matter.
        (JournalEntry.at > since) | (JournalEntry.at == since) & (JournalEntry.step != payload["step"]),
    )
    return session.scalars(query.limit(1)).first() is not None


def _holders(host: Host, session: TenantSession, role: str, row: OutboxMessage, now: datetime) -> list[UUID]:
    """The holder who handled the case, else all holders of the role."""
    department = None
    flow = host.flows.get(row.payload["flow"])
    if flow is not None and row.payload.get("case"):
        case = session.get(flow.model, (session.company_id, UUID(row.payload["case"])))
        department = approvals.department_of(host, session, case)
    found = list(host.directory.holders(session, role, row.site_id, now, department).staff)
    if len(found) > 1 and row.payload.get("case"):
        query = select(JournalEntry.actor_id).where(
            JournalEntry.company_id == session.company_id,
            JournalEntry.case_id == UUID(row.payload["case"]),
            JournalEntry.actor_id.in_(found),
        )
        handled = session.scalars(query.order_by(JournalEntry.seq.desc()).limit(1)).first()
        if handled is not None:
            return [handled]
    return found


def make_task(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Make the task that a rule wants, once; not where a step that meets it came before this message."""
    command, payload = row.payload["command"], row.payload
    origin = f"{row.id}"
    with tenant_session(company_id) as session:
        if _settled(session, payload, {"unless": command["met_by"]}):
            return
        if session.scalars(select(Task.id).where(Task.company_id == company_id, Task.origin == origin)).first():
            return
        if _settled(session, payload, {"unless": command["met_by"]}):
            return
    host.system(company_id, f"rule:{payload['rule']}", row.site_id).perform(
        "guanjia.task.make",
        None,
        {
            "rule": payload["rule"],
            "title": command["title"],
            "role": command["role"],
            "staff_id": command["staff"],
            "due_at": command["due_at"],
            "met_by": command["met_by"],
            "target_flow": payload["flow"],
            "target_id": payload["case"],
            "origin": origin,
        },
        key=f"task:{origin}",
    )


def run_step(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Run a step as the system, in the name of the one that set it off. Lapses if the matter is settled or has moved on."""
    command, payload = row.payload["command"], row.payload
    with tenant_session(company_id) as session:
        if _settled(session, payload, command):
            return
    system = host.system(company_id, f"step:{payload['step']}:{payload['case']}", row.site_id)
    try:
        system.perform(
            command["step"],
            UUID(command["case_id"]) if command["case_id"] else None,
            command["form"],
            key=f"message:{row.id}",
        )
    except (WrongState, NotFound, Waiting):  # what waits for an approval is in the approvals' hands
        return


def deadline(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """A deadline's moment has come: if it is still open, the case is told so by its own step."""
    with tenant_session(company_id) as session:
        found = session.get(Deadline, (company_id, UUID(row.payload["deadline"])))
    if found is None or found.state != "open" or found.breached_at is not None:
        return
    if found.due_at is None or found.due_at > host.clock.now():
        return
    system = host.system(company_id, f"deadline:{found.name}", found.site_id)
    try:
        system.perform(f"{found.flow}.breach", found.case_id, {"deadline": str(found.id)}, key=f"breach:{found.id}")
    except (WrongState, NotFound, Invalid):
        return


def task_due(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """A task's due time has come."""
    with tenant_session(company_id) as session:
        task = session.get(Task, (company_id, UUID(row.payload["task"])))
    if task is None or task.state != "open" or task.due_at is None:
        return
    system = host.system(company_id, f"task:{task.id}", task.site_id)
    try:
        system.perform("guanjia.task.late", task.id, {"due_at": task.due_at.isoformat()}, key=f"late:{task.id}")
    except WrongState:
        return


def approval(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """The last yes is there: carry out the step that waited."""
    approvals.carry_out(host.system(company_id, f"approval:{row.payload['approval']}"), UUID(row.payload["approval"]))


def job(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Run a plugin's job in a system context of the company."""
    host.jobs[row.payload["job"]].run(host.system(company_id, f"job:{row.payload['job']}", row.site_id), row.payload)


def duties(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Make the periodic tasks of the day, put the next day's round into the outbox, and clear uploads nobody took and
    what was sent outside long ago."""
    from guanjia.jobs.duties import make_periodic

    make_periodic(host, company_id, row.run_after)
    host.files.sweep(company_id)
    answers.sweep(host, company_id)
    host.faults.forget_old(company_id)
    sweep(host, company_id)


HANDLERS: dict[str, Handler] = {
    "Notify": notify, "MakeTask": make_task, "Perform": run_step, "deadline": deadline, "task_due": task_due,
    "approval": approval, "job": job, "duties": duties, "deliver": deliver,
}  # fmt: skip
