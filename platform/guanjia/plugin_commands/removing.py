"""Taking a plugin out: what it has is written into a folder, then its tables go, and what the host kept for it.

What stays, and why: the journal with its details (a chain that is never rewritten), rulebooks (the journal and open cases of other
plugins name them), number series (a number once given is not given again), rule settings and their changes (written once: they
are headquarters' decisions), scopes of tokens (a list that became empty would allow everything), and answers under an
Idempotency-Key, which end by themselves.
"""

from __future__ import annotations

import getpass
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from alembic import command
from sqlalchemy import MetaData, Table, Text, or_, select, type_coerce

from guanjia.channels.models import Delivery
from guanjia.db.migrate import alembic_config, owner_engine
from guanjia.db.session import TenantSession, system_session, tenant_session
from guanjia.host import Host
from guanjia.plugin_commands.listing import kept_revisions, model_of, remaining_tables
from guanjia.steps import journal
from guanjia.steps.models import (
    Approval,
    ClockStop,
    Deadline,
    FailedMessage,
    Notification,
    OutboxMessage,
    PluginFaultCount,
    Signature,
    StoredFile,
    Task,
    Tenant,
)

STAYS = (
    "guanjia_journal", "guanjia_journal_detail", "guanjia_journal_head", "guanjia_rulebook", "guanjia_series",
    "guanjia_answered", "tenants_rule_setting", "tenants_rule_change", "tenants_api_token",
)  # fmt: skip
STEP = "guanjia.plugin.remove"


@dataclass
class Holding:
    """What a plugin has: its tables, and how many rows there are, by company's code and table."""

    key: str
    tables: tuple[str, ...]
    companies: dict[str, UUID] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All rows of all companies."""
        return sum(count for tables in self.rows.values() for count in tables.values())


def holding(host: Host, key: str) -> Holding:
    """What the plugin has in the database now, company by company."""
    found = Holding(key, remaining_tables(host, key))
    with system_session() as session:
        found.companies = {row.code: row.id for row in session.execute(select(Tenant.code, Tenant.id))}
    tables = _reflected(host, found.tables)
    for code, company_id in found.companies.items():
        with tenant_session(company_id) as session:
            counts = {name: len(_rows(session, table)) for name, table in tables.items()}
            counts |= {model.__tablename__: len(rows) for model, rows in _host_rows(session, key)}
            found.rows[code] = {name: count for name, count in counts.items() if count}
    return found


def export(host: Host, found: Holding, folder: Path) -> None:
    """Everything stands in the folder, readable by its owner alone: a line of JSON per row, files under their checksum."""
    folder.mkdir(parents=True, mode=0o700)
    tables = _reflected(host, found.tables)
    for code, company_id in found.companies.items():
        if not found.rows.get(code):
            continue
        with tenant_session(company_id) as session:
            for name, table in tables.items():
                _write(folder / code / f"{name}.jsonl", _rows(session, table))
            for model, rows in _host_rows(session, found.key):
                _write(folder / code / f"{model.__tablename__}.jsonl", [_values(row) for row in rows])
                if model is StoredFile:
                    _copy_files(host, session, rows, folder / code / "files")
    about = {"plugin": found.key, "at": host.clock.now().isoformat(), "tables": found.tables, "rows": found.rows}
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def remove(host: Host, found: Holding) -> None:
    """The plugin's tables are gone, and what the host kept for it; each company's journal says so. May be run again."""
    if found.key in host.plugins or found.key in kept_revisions(host):
        command.downgrade(alembic_config(host), f"{found.key}@base")
    for company_id in found.companies.values():
        _forget(host, company_id, found)
    shutil.rmtree(host.config.data_folder / "migrations" / found.key, ignore_errors=True)


def _forget(host: Host, company_id: UUID, found: Holding) -> None:
    gone: dict[str, int] = {}
    checksums: set[str] = set()
    with tenant_session(company_id, write=True) as session:
        for model, rows in _host_rows(session, found.key):
            for row in rows:
                if isinstance(row, StoredFile):
                    checksums.add(row.sha256)
                session.delete(row)
            if rows:
                gone[model.__tablename__] = len(rows)
            session.flush()
        gone |= host.directory.forget_plugin(session, found.key)
        code = next(code for code, known in found.companies.items() if known == company_id)
        gone |= {name: count for name, count in found.rows.get(code, {}).items() if name in found.tables}
        if gone:
            host.directory_changed(session)
            body = {"v": 1, "via": "operator", "cause": None, "plugin": found.key, "rows": gone}
            entry = journal.Entry(
                site_id=None, at=host.clock.now(), step=STEP, outcome="done", case_id=None, actor_id=None, body=body,
                private={"operator": getpass.getuser()},
            )  # fmt: skip
            journal.write(session, host.ids, entry)
        session.commit()
        host.files.drop(session, checksums)


def _host_rows(session: TenantSession, key: str) -> Iterator[tuple[type[Any], list[Any]]]:
    """The rows that the host keeps for the plugin, those first that point to others."""

    def of(model: type[Any], *conditions: Any) -> list[Any]:
        query = select(model).where(model.company_id == session.company_id, or_(*conditions))
        return list(session.scalars(query.order_by(model.id)))

    def own(*columns: Any) -> list[Any]:
        return [column.startswith(f"{key}.", autoescape=True) for column in columns]

    def says(column: Any) -> list[Any]:
        text = type_coerce(column, Text)
        return [text.contains(f'"{key}.', autoescape=True), text.contains(f'"{key}"', autoescape=True)]

    approvals = of(Approval, *own(Approval.step))
    tasks = of(Task, *own(Task.rule, Task.target_flow))
    dates = of(Deadline, *own(Deadline.flow))
    ids = [row.id for row in (*approvals, *tasks)]
    yield Signature, of(Signature, Signature.approval_id.in_([row.id for row in approvals]))
    yield Approval, approvals
    yield Task, tasks
    yield Deadline, dates
    yield ClockStop, of(ClockStop, *own(ClockStop.flow))
    about = (*own(Notification.rule, Notification.flow), *says(Notification.message), Notification.case_id.in_(ids))
    yield Notification, of(Notification, *about)
    yield Delivery, of(Delivery, *own(Delivery.about))
    yield FailedMessage, of(FailedMessage, *own(FailedMessage.source, FailedMessage.about_flow))
    yield StoredFile, of(StoredFile, *own(StoredFile.flow))
    yield PluginFaultCount, of(PluginFaultCount, PluginFaultCount.plugin == key)
    named = {str(row.id) for row in (*approvals, *tasks, *dates)}
    timers = OutboxMessage.kind.in_(("deadline", "task_due", "approval"))
    found = of(OutboxMessage, timers, *says(OutboxMessage.payload))
    yield OutboxMessage, [row for row in found if _concerns(row.payload, key, named)]


def _concerns(payload: Any, key: str, ids: set[str]) -> bool:
    """Whether a message is about the plugin: its flow, step, rule or job, or a date, task or approval of it."""
    if isinstance(payload, dict):
        return any(_concerns(value, key, ids) for value in payload.values())
    if isinstance(payload, list):
        return any(_concerns(value, key, ids) for value in payload)
    return isinstance(payload, str) and (payload == key or payload.startswith(f"{key}.") or payload in ids)


def _reflected(host: Host, names: Sequence[str]) -> dict[str, Any]:
    """The plugin's tables: its models where it is loaded, else as the database describes them."""
    found: dict[str, Any] = {name: model_of(name) for name in names}
    if all(found.values()):
        return found
    engine = owner_engine(host.config.owner_database_url)
    metadata = MetaData()
    try:
        return {name: Table(name, metadata, autoload_with=engine, resolve_fks=False) for name in names}
    finally:
        engine.dispose()


def _rows(session: TenantSession, table: Any) -> list[dict[str, Any]]:
    if not isinstance(table, Table):
        query = select(table).where(table.company_id == session.company_id)
        return [_values(row) for row in session.scalars(query.order_by(table.id))]
    # Without its models the rows are read as they lie there; the statement names the company as every other.
    kind = session.get_bind().dialect.name
    company = session.company_id.hex if kind == "sqlite" else session.company_id
    found = session.connection().execute(table.select().where(table.c.company_id == company))
    return [dict(row) for row in found.mappings()]


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if hasattr(row, column.key)}


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for row in rows:
            stream.write(msgspec.json.encode(row, enc_hook=str) + b"\n")


def _copy_files(host: Host, session: TenantSession, rows: Sequence[StoredFile], folder: Path) -> None:
    for row in rows:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / row.sha256).write_bytes(host.files.read(session, row))
