"""Faults of plugins: counted where they happen, kept per company, shown to headquarters, by `guanjia doctor` and as metrics.

A fault of one plugin is no reason to refuse the rest. Whoever calls a plugin's program notes what went wrong here and goes on,
or tells the person what does not work. Counts are kept in memory and written shortly after, outside of the step's transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from guanjia.db.counting import ensure
from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import GuanjiaError, PluginFailed
from guanjia.metrics import count_fault
from guanjia.steps.models import PluginFaultCount
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.manifest import Plugin

_ = words("guanjia")
_log = logging.getLogger("guanjia.faults")

KEPT_FOR = timedelta(days=90)
WRITE_EVERY = 1.0  # seconds between two writings of counts


@dataclass(frozen=True, slots=True)
class Fault:
    """How often something of a plugin failed in this process. `kind` is guard, deadline, duty, reaction, facts, page, api,
    lookup, menu, heading, job, message or command; `subject` the rule, endpoint, job or lookup; `error` type and place."""

    plugin: str
    kind: str
    subject: str
    error: str
    count: int
    last_at: datetime


class Faults:
    """The faults of one installation as this process saw them. `flush` writes what is new to each company's table."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._counts: dict[tuple[str, str, str], Fault] = {}
        self._unwritten: dict[tuple[UUID, str, str, str], int] = {}
        self._lock = threading.Lock()
        self._written_at = 0.0

    def note(
        self,
        kind: str,
        subject: str,
        error: BaseException,
        *,
        company_id: UUID | None = None,
        plugin: str | None = None,
    ) -> str | None:
        """Count a fault, and answer with the key of the plugin at fault: the one given, else the one in whose program
        the error arose; None where it is nobody's but the host's."""
        owner = plugin or self.owner_of(error)
        if owner is None or (owner in self._host.plugins and self._host.plugins[owner].always_on):
            return None
        count_fault(owner, kind, subject)
        where = _place_of(error, self._host.plugins.get(owner))
        key = (owner, kind, subject[:160])
        with self._lock:
            before = self._counts.get(key)
            self._counts[key] = Fault(*key, where[:200], before.count + 1 if before else 1, self._host.clock.now())
            if company_id is not None:
                self._unwritten[company_id, *key] = self._unwritten.get((company_id, *key), 0) + 1
        return owner

    def owner_of(self, error: BaseException) -> str | None:
        """The plugin in whose program the error arose: the innermost that the traceback goes through."""
        found = None
        trace = error.__traceback__
        while trace is not None:
            module = str(trace.tb_frame.f_globals.get("__name__", ""))
            for plugin in self._host.plugins.values():
                if not plugin.always_on and (module + ".").startswith(plugin.package + "."):
                    found = plugin.key
            trace = trace.tb_next
        return found

    @contextmanager
    def apart(
        self,
        kind: str,
        subject: str,
        *,
        plugin: str,
        company_id: UUID | None = None,
        session: TenantSession | None = None,
    ) -> Iterator[None]:
        """The block is a plugin's part of something larger: if it fails, the rest goes on without it.

        A reading `session` is begun anew after a fault of the database, which would not answer in it any more.
        """
        try:
            yield
        except GuanjiaError:
            raise
        except Exception as error:
            _log.exception("%s %s of plugin %s failed", kind, subject, plugin)
            self.note(kind, subject, error, company_id=company_id, plugin=plugin)
            if session is not None and isinstance(error, SQLAlchemyError):
                session.rollback()

    def failed(
        self, kind: str, subject: str, error: BaseException, company_id: UUID | None, plugin: str
    ) -> PluginFailed:
        """The error that tells a person which module does not work; the fault is counted and logged."""
        _log.error("%s %s of plugin %s failed", kind, subject, plugin, exc_info=error)
        self.note(kind, subject, error, company_id=company_id, plugin=plugin)
        return PluginFailed(self.sentence(plugin))

    def sentence(self, plugin: str) -> Message:
        """What a person is told of a plugin's fault."""
        return _(
            'The module "%(plugin)s" has a fault here, so this cannot be done now; nothing was saved. The fault has been '
            "recorded and everything else works. Tell your administrator.",
            plugin=self._host.plugins[plugin].title if plugin in self._host.plugins else plugin,
        )

    def rows(self) -> list[Fault]:
        """What this process has counted since it started, of all companies together."""
        with self._lock:
            return sorted(self._counts.values(), key=lambda fault: (fault.plugin, fault.kind, fault.subject))

    def flush(self, *, at_once: bool = False) -> None:
        """Write the new counts. Belongs after the transaction in which they arose; a database that fails gets them later."""
        if not self._unwritten or (not at_once and monotonic() - self._written_at < WRITE_EVERY):
            return
        self._written_at = monotonic()
        with self._lock:
            taken, self._unwritten = self._unwritten, {}
        for (company_id, plugin, kind, subject), count in taken.items():
            try:
                self._write(company_id, self._counts[plugin, kind, subject], count)
            except SQLAlchemyError:
                _log.exception("faults of plugins could not be written")
                with self._lock:
                    key = (company_id, plugin, kind, subject)
                    self._unwritten[key] = self._unwritten.get(key, 0) + count

    def _write(self, company_id: UUID, fault: Fault, count: int) -> None:
        key = {"plugin": fault.plugin, "kind": fault.kind, "subject": fault.subject}
        with tenant_session(company_id, write=True) as session:
            new = {"id": self._host.ids.new(), "count": 0, "first_at": fault.last_at, "last_at": fault.last_at}
            ensure(session, PluginFaultCount, key, error=fault.error, **new)
            query = select(PluginFaultCount).where(PluginFaultCount.company_id == company_id).filter_by(**key)
            row = session.scalars(query.with_for_update()).one()
            row.count, row.error, row.last_at = row.count + count, fault.error, fault.last_at
            session.commit()

    def of_company(self, session: TenantSession, *, since: datetime | None = None) -> list[PluginFaultCount]:
        """What was counted for the company, the latest first; `since` a moment or in all."""
        query = select(PluginFaultCount).where(PluginFaultCount.company_id == session.company_id)
        if since is not None:
            query = query.where(PluginFaultCount.last_at >= since)
        return list(session.scalars(query.order_by(PluginFaultCount.last_at.desc(), PluginFaultCount.id)))

    def forget_old(self, company_id: UUID) -> None:
        """Faults that have not come again for ninety days are gone."""
        limit = self._host.clock.now() - KEPT_FOR
        with tenant_session(company_id, write=True) as session:
            for row in self.of_company(session):
                if row.last_at < limit:
                    session.delete(row)
            session.commit()


def _place_of(error: BaseException, plugin: Plugin | None) -> str:
    """Type and place of an error, without its text: that may hold personal values."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = _in_plugin(trace, plugin) or place
        trace = trace.tb_next
    name = type(error).__name__
    return f"{name} ({place})" if place else name


def _in_plugin(trace: TracebackType, plugin: Plugin | None) -> str:
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    if plugin is None or not (module + ".").startswith(plugin.package + "."):
        return ""
    return f"{module}, line {trace.tb_lineno}"
