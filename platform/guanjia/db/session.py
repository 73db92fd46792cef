"""The one door to tenant data: `tenant_session` opens a session of one company, and nothing else can.

First wall: every ORM statement gets the company's criterion, every flushed row is stamped and compared. The second
wall, PostgreSQL's row-level security, reads the setting that `after_begin` makes for the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria

from guanjia.db.base import Base, CompanyScoped, db


class WallError(RuntimeError):
    """A statement or a row left its company. Always a fault of the program, never of the user."""

    holds_no_values = True


class TenantSession(Session):
    """A session of one company. Made by `tenant_session` only."""

    company_id: UUID
    _version: int | None = None

    @property
    def version(self) -> int:
        """The company's version of settings and directory, as the statement that opened this transaction found it.

        Raises LookupError where there is no such company.
        """
        if self._version is None:
            self.connection()
        if self._version is None:
            raise LookupError(f"company {self.company_id} does not exist")
        return self._version

    def _no_way_round(self, *_args: Any, **_options: Any) -> NoReturn:
        raise WallError("the old bulk methods go round the walls; execute an insert or update with rows instead")

    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _no_way_round


class SystemSession(Session):
    """A session that reaches only the few tables outside the walls."""


@contextmanager
def tenant_session(company_id: UUID, *, write: bool = False) -> Iterator[TenantSession]:
    """A session of `company_id`, closed (and rolled back unless committed) at the end of the block.

    `write=True` takes SQLite's write lock at once, so that a reader never has to become a writer half way.
    """
    if not isinstance(company_id, UUID):
        raise WallError("a tenant session needs a company")
    session = TenantSession(bind=_engine(write), expire_on_commit=False, autoflush=False)
    session.company_id = company_id
    try:
        yield session
    finally:
        session.close()


@contextmanager
def system_session(*, write: bool = False) -> Iterator[SystemSession]:
    """A session for the tables outside the walls (directory of companies, beacons, operators)."""
    session = SystemSession(bind=_engine(write), expire_on_commit=False, autoflush=False)
    try:
        yield session
    finally:
        session.close()


def _engine(write: bool) -> Engine:
    return db.engine.execution_options(guanjia_write=True) if write else db.engine


@event.listens_for(TenantSession, "do_orm_execute")
def _add_company(state: ORMExecuteState) -> None:
    if not isinstance(state.session, TenantSession):
        raise WallError("a tenant statement outside a tenant session")
    company_id = state.session.company_id
    if not state.is_orm_statement:
        raise WallError("a Core statement goes round the company's criterion; such stand in guanjia.db.counting alone")
    if state.is_insert or state.is_update:
        _compare_rows(state, company_id)
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(CompanyScoped, lambda cls: cls.company_id == company_id, include_aliases=True)
        )


def _compare_rows(state: ORMExecuteState, company_id: UUID) -> None:
    """Refuse what is written in bulk for another company: the criterion does not reach rows that come as parameters."""
    mapper = state.bind_mapper
    if mapper is None or not issubclass(mapper.class_, CompanyScoped):
        return
    rows: list[Any] = list(state.parameters) if isinstance(state.parameters, list) else []
    if state.is_insert and not rows:
        rows = [state.parameters or {}]
    values = getattr(state.statement, "_values", None) or {}
    fixed = {column.key: bound.value for column, bound in values.items() if hasattr(bound, "value")}
    if any(row.get("company_id") != company_id for row in rows) or fixed.get("company_id", company_id) != company_id:
        raise WallError(f"{mapper.class_.__name__}: written in bulk without its company, or for another one")


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: TenantSession, *_: Any) -> None:
    for row in session.new:
        if isinstance(row, CompanyScoped):
            if row.company_id is None:
                row.company_id = session.company_id
            elif row.company_id != session.company_id:
                raise WallError(f"{type(row).__name__}: a new row of another company")
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, CompanyScoped) and row.company_id != session.company_id:
            raise WallError(f"{type(row).__name__}: a row of another company")


_TELL = (
    "select set_config('app.company_id', %(company)s, true), "
    "(select version from guanjia_tenant where id = %(company)s::uuid)"
)


@event.listens_for(TenantSession, "after_begin")
def _tell_database(session: TenantSession, _: SessionTransaction, connection: Connection) -> None:
    """The database knows the company, and we its version: in one statement, so that what was switched in another process
    counts for every request that begins afterwards, at no round trip of its own."""
    cursor = connection.connection.cursor()  # the driver's own: a tenth of the time, and no criterion to add
    try:
        if connection.dialect.name == "postgresql":
            cursor.execute(_TELL, {"company": str(session.company_id)})
            (_company, session._version) = cursor.fetchone()  # type: ignore[misc]
        else:
            cursor.execute("select version from guanjia_tenant where id = ?", (session.company_id.hex,))
            found = cursor.fetchone()
            session._version = found[0] if found else None
    finally:
        cursor.close()


@event.listens_for(TenantSession, "after_transaction_end")
def _ask_again(session: TenantSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session._version = None


@event.listens_for(SystemSession, "do_orm_execute")
def _refuse_tenant_tables(state: ORMExecuteState) -> None:
    for mapper in state.all_mappers:
        if issubclass(mapper.class_, CompanyScoped):
            raise WallError(f"{mapper.class_.__name__}: a tenant table in a system session")


@event.listens_for(SystemSession, "before_flush")
def _refuse_tenant_rows(session: SystemSession, *_: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CompanyScoped):
            raise WallError(f"{type(row).__name__}: a tenant row in a system session")


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine durable writes, foreign keys and explicit transactions. PostgreSQL needs nothing."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin by itself; `_begin` does
        cursor = connection.cursor()
        for pragma in ("busy_timeout=15000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("guanjia_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


__all__ = [
    "Base",
    "SystemSession",
    "TenantSession",
    "WallError",
    "prepare_engine",
    "system_session",
    "tenant_session",
]
