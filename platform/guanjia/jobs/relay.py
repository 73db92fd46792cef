"""The relay: finds companies with something due, claims their messages with a lease, and carries each out, or hands it
to a queue whose workers do.

A message is delivered at least once and takes effect once: its effect carries a key of its own (a dedupe, an origin, an
Idempotency-Key), so that doing it again changes nothing. What the queue loses is handed over again when its lease ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select, update

from guanjia.db.session import system_session, tenant_session
from guanjia.errors import GuanjiaError, WrongState
from guanjia.jobs.handlers import HANDLERS
from guanjia.logs import about
from guanjia.metrics import count_message
from guanjia.steps.messages import INTERRUPTED, UnknownKind, fault_of
from guanjia.steps.models import Beacon, OutboxMessage

if TYPE_CHECKING:
    from flask import Flask

    from guanjia.host import Host
    from guanjia.jobs.queue import Handing

_log = logging.getLogger("guanjia.jobs")
MAX_ATTEMPTS = 5
BATCH = 50


class Relay:
    """Carries out what is due. `run_due` does it now; `start` does it in a thread of this process until `stop`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._wakened = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._handing: Handing | None = None
        self.sweep = timedelta(seconds=host.config.message_sweep)
        self.lease = timedelta(seconds=host.config.message_lease)

    # -- in a thread -------------------------------------------------------------------------------------

    def wake(self, company_id: UUID) -> None:
        """Something of the company may be due now."""
        self._wakened.set()

    def start(self, app: Flask, *, every: float = 5) -> None:
        """Run in a thread: at once when woken, and every few seconds for timers. Hands to the queue where there is one."""

        def loop() -> None:
            while not self._stopped.is_set():
                self._wakened.wait(every)
                self._wakened.clear()
                if self._stopped.is_set():
                    return
                try:
                    with app.app_context():
                        self.run_due(hand_over=True)
                except Exception:
                    _log.exception("the relay stumbled; it goes on")
                    self._stopped.wait(1)

        self._stopped.clear()
        self._thread = threading.Thread(target=loop, name="guanjia-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the message in hand; what it had claimed besides is free for others at once."""
        self._stopped.set()
        self._wakened.set()
        if self._thread is not None:
            self._thread.join(self.lease.total_seconds())

    def join(self, seconds: float) -> None:
        """Wait for the thread, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    # -- what is due -------------------------------------------------------------------------------------

    def run_due(self, *, hand_over: bool = False) -> int:
        """Carry out everything that is due now, timers in order; with `hand_over`, let the queue's workers do so where
        Redis is configured, answers and has workers. Returns how many messages.

        A company at which this fails keeps none of the others waiting; the first fault is raised at the end.
        """
        total, fault = 0, None
        while True:
            done = 0
            for company_id in self._due_companies():
                try:
                    done += self._run_company(company_id, hand_over)
                except Exception as error:
                    _log.exception("messages of company %s could not be carried out", company_id)
                    fault = fault or error
            total += done
            if not done or self._stopped.is_set():
                break
        if fault is not None:
            raise fault
        return total

    def next_due(self) -> datetime | None:
        """When something is due next, over all companies. For moving a stopped clock from timer to timer."""
        with system_session() as session:
            return session.scalars(select(Beacon.due_at).order_by(Beacon.due_at).limit(1)).first()

    def _due_companies(self) -> list[UUID]:
        with system_session() as session:
            query = select(Beacon.company_id).where(Beacon.due_at <= self._host.clock.now()).distinct()
            return list(session.scalars(query))

    def _run_company(self, company_id: UUID, hand_over: bool) -> int:
        now = self._host.clock.now()
        with system_session() as session:
            seen = list(session.scalars(select(Beacon.id).where(Beacon.company_id == company_id, Beacon.due_at <= now)))
        done = 0
        while claimed := self._claim(company_id, now):
            done += self._pass_on(company_id, claimed, hand_over)
            if self._stopped.is_set():
                return done  # the beacons stay lit for whoever comes next
        held_until = self._held_until(company_id, now)
        with system_session(write=True) as session:
            session.execute(delete(Beacon).where(Beacon.id.in_(seen)))
            if held_until is not None:
                session.add(Beacon(id=self._host.ids.new(), company_id=company_id, due_at=held_until))
            session.commit()
        return done

    def _held_until(self, company_id: UUID, now: datetime) -> datetime | None:
        """When the first lease ends under which a due message is held: whoever holds it may have been killed."""
        query = select(OutboxMessage.leased_until).where(
            OutboxMessage.company_id == company_id, OutboxMessage.state == "waiting", OutboxMessage.run_after <= now,
            OutboxMessage.leased_until.is_not(None),
        )  # fmt: skip
        with tenant_session(company_id) as session:
            return session.scalars(query.order_by(OutboxMessage.leased_until).limit(1)).first()

    def _claim(self, company_id: UUID, now: datetime) -> list[UUID]:
        with tenant_session(company_id, write=True) as session:
            query = (
                select(OutboxMessage)
                .where(
                    OutboxMessage.company_id == company_id, OutboxMessage.state == "waiting",
                    OutboxMessage.run_after <= now,
                    OutboxMessage.leased_until.is_(None) | (OutboxMessage.leased_until <= now),
                )
                .order_by(OutboxMessage.run_after, OutboxMessage.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )  # fmt: skip
            rows = list(session.scalars(query))
            for row in rows:
                row.leased_until, row.in_hand = now + self.sweep, False
            session.commit()
            return [row.id for row in rows]

    def _pass_on(self, company_id: UUID, claimed: Sequence[UUID], hand_over: bool) -> int:
        """Hand the claimed messages to the queue; where there is none, or none that works, carry them out here."""
        if hand_over and (handing := self._usable_handing()) is not None:
            from guanjia.jobs.queue import QueueDown

            try:
                return handing.hand(company_id, claimed)
            except QueueDown:
                pass  # work does not stop because Redis does
        for place, message_id in enumerate(claimed):
            if self._stopped.is_set():
                self._release(company_id, claimed[place:])
                return place
            self.carry_out(company_id, message_id)
        return len(claimed)

    def _usable_handing(self) -> Handing | None:
        if not self._host.config.redis_url or self._host.clock.movable:  # a worker's clock cannot be stopped with ours
            return None
        if self._handing is None:
            from guanjia.jobs.queue import Handing

            self._handing = Handing(self._host.config)
        return self._handing if self._handing.usable() else None

    def _release(self, company_id: UUID, message_ids: Sequence[UUID]) -> None:
        """Nobody holds the messages that were claimed and not begun."""
        statement = update(OutboxMessage).where(
            OutboxMessage.company_id == company_id, OutboxMessage.id.in_(message_ids), OutboxMessage.in_hand.is_(False)
        )
        with tenant_session(company_id, write=True) as session:
            session.execute(statement.values(leased_until=None))
            session.commit()

    # -- one message -------------------------------------------------------------------------------------

    def carry_out(self, company_id: UUID, message_id: UUID) -> None:
        """Carry out one message and mark it done; on a fault try again later, and after five times leave it to
        headquarters. Nothing happens where it is done, or while somebody else has it in hand."""
        row = self._take(company_id, message_id)
        if row is not None:
            with about(company_id=company_id, message_id=message_id, kind=row.kind):
                self._carry_out(company_id, row)

    def _carry_out(self, company_id: UUID, row: OutboxMessage) -> None:
        message_id = row.id
        fault = row.fault or INTERRUPTED
        if row.attempts <= MAX_ATTEMPTS:
            fault = ""
            try:
                if row.kind not in HANDLERS:
                    raise UnknownKind(row.kind)
                HANDLERS[row.kind](self._host, company_id, row)
            except Exception as error:
                _log.exception("message %s (%s) failed", message_id, row.kind)
                fault = fault_of(error)
                self._note(company_id, row, error)
        self._settle(company_id, message_id, fault)
        self._host.faults.flush()

    def _note(self, company_id: UUID, row: OutboxMessage, error: Exception) -> None:
        """A plugin's own fault is counted; a refusal is none."""
        if isinstance(error, GuanjiaError):
            return
        job = row.payload.get("job")
        faults = self._host.faults
        if job:
            faults.note("job", job, error, company_id=company_id, plugin=job.partition(".")[0])
        else:
            faults.note("message", row.kind, error, company_id=company_id)
        faults.flush()

    def _take(self, company_id: UUID, message_id: UUID) -> OutboxMessage | None:
        """The message, in hand here until its lease ends; None where there is nothing to do."""
        now = self._host.clock.now()
        with tenant_session(company_id, write=True) as session:
            row = session.get(OutboxMessage, (company_id, message_id), with_for_update=True)
            if row is None or row.state != "waiting":
                return None
            if row.in_hand and row.leased_until is not None and row.leased_until > now:
                return None
            if row.attempts < MAX_ATTEMPTS:
                row.fault = ""
            row.attempts, row.in_hand, row.leased_until = row.attempts + 1, True, now + self.lease
            session.commit()
            return row

    def _settle(self, company_id: UUID, message_id: UUID, fault: str) -> None:
        now = self._host.clock.now()
        with tenant_session(company_id, write=True) as session:
            row = session.get(OutboxMessage, (company_id, message_id), with_for_update=True)
            if row is None or row.state != "waiting":
                return
            row.leased_until, row.in_hand, row.fault = None, False, fault
            if not fault:
                row.state, row.done_at = "done", now
            else:
                wait = 10 * 4**row.attempts if row.attempts < MAX_ATTEMPTS else 60
                row.run_after = now + timedelta(seconds=wait)
                session.add(Beacon(id=self._host.ids.new(), company_id=company_id, due_at=row.run_after))
            session.commit()
        given_up = bool(fault) and row.attempts >= MAX_ATTEMPTS
        count_message(row.kind, "dead" if given_up else "again" if fault else "done")
        if given_up:
            self._give_up(company_id, message_id, fault)

    def _give_up(self, company_id: UUID, message_id: UUID, fault: str) -> None:
        """Headquarters sees the message from here on. Where even that fails it stays waiting, and comes here again."""
        form = {"message_id": str(message_id), "fault": fault}
        try:
            self._host.system(company_id, f"message:{message_id}").perform("guanjia.message.fail", None, form)
        except WrongState:
            return  # somebody else was faster
        except Exception:
            _log.exception("message %s could not be put before headquarters", message_id)
