"""What follows from tasks that were made in bulk: those who owe them are told, and what is not done in time is late."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from guanjia.channels.telling import tell_outside
from guanjia.db.session import tenant_session
from guanjia.errors import WrongState
from guanjia.steps import outbox
from guanjia.steps.models import Notification, OutboxMessage, Task
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("guanjia")
AT_ONCE = 500  # tasks of one transaction


def tell_made(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Whoever owes one of the tasks made then has a notice of it in the app, once each, and outside as they wish."""
    made_at, last = datetime.fromisoformat(row.payload["at"]), UUID(int=0)
    while True:
        with tenant_session(company_id, write=True) as session:
            query = (
                select(Task)
                .where(Task.company_id == company_id, Task.rule.in_(row.payload["rules"]), Task.opened_at == made_at,
                       Task.origin.like("duty:%"), Task.state == "open", Task.id > last)
                .order_by(Task.id).limit(AT_ONCE)
            )  # fmt: skip
            tasks = list(session.scalars(query))
            if not tasks:
                return
            last, now = tasks[-1].id, host.clock.now()
            told = set(session.scalars(select(Notification.origin).where(
                Notification.company_id == company_id, Notification.origin.in_([f"task:{t.id}" for t in tasks]))))  # fmt: skip
            notices = []
            for task in tasks:
                if f"task:{task.id}" in told:
                    continue
                title = Message.from_json(task.title)
                message = (
                    _("New task: %(title)s. Due %(due)s.", title=title, due=task.due_at)
                    if task.due_at
                    else _("New task: %(title)s.", title=title)
                )
                holders = (
                    (task.staff_id,)
                    if task.staff_id
                    else host.directory.holders(session, task.role, task.site_id, now).staff
                    if task.role
                    else ()
                )
                notices += [
                    Notification(
                        id=host.ids.new(), company_id=company_id, site_id=task.site_id, staff_id=staff_id, at=now,
                        message=message.to_json(), rule=task.rule, flow="guanjia.task", case_id=task.id, urgent=False,
                        origin=f"task:{task.id}",
                    )
                    for staff_id in holders
                ]  # fmt: skip
            session.add_all(notices)
            tell_outside(session, host, row, notices)
            outbox.light_beacons(session, host)
            session.commit()


def tasks_due(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """The time of many tasks has come: those still open are late, each told as a single one is."""
    due_at = datetime.fromisoformat(row.payload["due_at"])
    with tenant_session(company_id) as session:
        query = select(Task.id, Task.site_id).where(
            Task.company_id == company_id, Task.state == "open", Task.due_at == due_at, Task.breached_at.is_(None),
            Task.origin.like("duty:%"),
        )  # fmt: skip
        late = session.execute(query.order_by(Task.id)).all()
    for task_id, site_id in late:
        system = host.system(company_id, f"task:{task_id}", site_id)
        try:
            system.perform("guanjia.task.late", task_id, {"due_at": row.payload["due_at"]}, key=f"late:{task_id}")
        except WrongState:
            continue
