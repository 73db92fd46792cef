"""The relay: finds companies with something due, claims their messages with a lease, and carries each out.

A message is delivered at least once and takes effect once: its effect carries a key of its own (a dedupe, an origin, an
Idempotency-Key), so that doing it again changes nothing.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select

from guanjia.db.session import system_session, tenant_session
from guanjia.jobs.handlers import HANDLERS
from guanjia.steps.models import Beacon, OutboxMessage

if TYPE_CHECKING:
    from flask import Flask

    from guanjia.host import Host

_log = logging.getLogger("guanjia.jobs")
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 5
BATCH = 50


class Relay:
    """Carries out what is due. `run_due` does it now; `start` does it in a thread of this process until `stop`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._wakened = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self, company_id: UUID) -> None:
        """Something of the company may be due now."""
        self._wakened.set()

    def start(self, app: Flask, *, every: float = 5) -> None:
        """Run in a thread: at once when woken, and every few seconds for timers."""

        def loop() -> None:
            while not self._stopped.is_set():
                self._wakened.wait(every)
                self._wakened.clear()
                if self._stopped.is_set():
                    return
                try:
                    with app.app_context():
                        self.run_due()
                except Exception:
                    _log.exception("the relay stumbled; it goes on")
                    self._stopped.wait(1)

        self._thread = threading.Thread(target=loop, name="guanjia-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the message in hand."""
        self._stopped.set()
        self._wakened.set()
        if self._thread is not None:
            self._thread.join(10)

    def join(self, seconds: float) -> None:
        """Wait for the thread, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def run_due(self, *, until: datetime | None = None) -> int:
        """Carry out everything that is due (by `until`, else now), timers in order. Returns how many messages."""
        total = 0
        while True:
            now = until or self._host.clock.now()
            done = sum(self._run_company(company_id, now) for company_id in self._due_companies(now))
            if not done:
                return total
            total += done

    def next_due(self) -> datetime | None:
        """When something is due next, over all companies. For moving a stopped clock from timer to timer."""
        with system_session() as session:
            return session.scalars(select(Beacon.due_at).order_by(Beacon.due_at).limit(1)).first()

    def _due_companies(self, now: datetime) -> list[UUID]:
        with system_session() as session:
            query = select(Beacon.company_id).where(Beacon.due_at <= now).distinct()
            return list(session.scalars(query))

    def _run_company(self, company_id: UUID, now: datetime) -> int:
        with system_session() as session:
            seen = list(session.scalars(select(Beacon.id).where(Beacon.company_id == company_id, Beacon.due_at <= now)))
        done = 0
        while True:
            claimed = self._claim(company_id, now)
            if not claimed:
                break
            for message_id in claimed:
                self.carry_out(company_id, message_id)
                done += 1
        held_until = self._held_until(company_id, now)
        with system_session(write=True) as session:
            session.execute(delete(Beacon).where(Beacon.id.in_(seen)))
            if held_until is not None:
                session.add(Beacon(id=self._host.ids.new(), company_id=company_id, due_at=held_until))
            session.commit()
        return done

    def _held_until(self, company_id: UUID, now: datetime) -> datetime | None:
        """When the first lease ends under which another relay holds a due message: it may have been killed."""
        query = select(OutboxMessage.leased_until).where(
            OutboxMessage.company_id == company_id, OutboxMessage.state == "waiting", OutboxMessage.run_after <= now,
            OutboxMessage.leased_until.is_not(None),
        )  # fmt: skip
        with tenant_session(company_id) as session:
            return session.scalars(query.order_by(OutboxMessage.leased_until).limit(1)).first()

    def _claim(self, company_id: UUID, now: datetime) -> list[UUID]:
        lease_now = self._host.clock.now()
        with tenant_session(company_id, write=True) as session:
            query = (
                select(OutboxMessage)
                .where(
                    OutboxMessage.company_id == company_id, OutboxMessage.state == "waiting",
                    OutboxMessage.run_after <= now,
                    OutboxMessage.leased_until.is_(None) | (OutboxMessage.leased_until <= lease_now),
                )
                .order_by(OutboxMessage.run_after, OutboxMessage.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )  # fmt: skip
            rows = list(session.scalars(query))
            for row in rows:
                row.leased_until = lease_now + LEASE
                row.attempts += 1
            session.commit()
            return [row.id for row in rows]

    def carry_out(self, company_id: UUID, message_id: UUID) -> None:
        """Carry out one message and mark it done; on a fault try again later, and after five times leave it as dead."""
        with tenant_session(company_id) as session:
            row = session.get(OutboxMessage, (company_id, message_id))
        if row is None or row.state != "waiting":
            return
        fault = ""
        try:
            HANDLERS[row.kind](self._host, company_id, row)
        except Exception as error:
            _log.exception("message %s (%s) failed", message_id, row.kind)
            fault = f"{type(error).__name__}: {error}"[:1000]
        self._settle(company_id, message_id, fault)

    def _settle(self, company_id: UUID, message_id: UUID, fault: str) -> None:
        now = self._host.clock.now()
        with tenant_session(company_id, write=True) as session:
            row = session.get(OutboxMessage, (company_id, message_id), with_for_update=True)
            if row is None or row.state != "waiting":
                return
            row.leased_until, row.fault = None, fault
            if not fault:
                row.state, row.done_at = "done", now
            elif row.attempts >= MAX_ATTEMPTS:
                row.state = "dead"
            else:
                row.run_after = now + timedelta(seconds=10 * 4**row.attempts)
                session.add(Beacon(id=self._host.ids.new(), company_id=company_id, due_at=row.run_after))
            session.commit()
