"""The statements that go round the ORM's criterion, and the only ones: rows made where missing, counters moved at once.

Two transactions that need a row which is not there yet would both find nothing and both make it. Here the database
decides, in one statement. Each statement names the session's company; row-level security stands behind them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite

from guanjia.db.base import CompanyScoped
from guanjia.db.session import TenantSession


def ensure(session: TenantSession, model: type[CompanyScoped], key: Mapping[str, Any], **values: Any) -> None:
    """The company has a row of `model` with the unique `key`; where it was missing it was made with `values`.

    Waits for another transaction that makes the same row, and finds it made if that one commits.
    """
    statement = _insert(session, model, {**values, **key}).on_conflict_do_nothing(index_elements=["company_id", *key])
    session.connection().execute(statement)


def count_up(
    session: TenantSession, model: type[CompanyScoped], key: Mapping[str, Any], counter: str, **values: Any
) -> int:
    """The next value of `counter` in the row with the unique `key`, from 1; the row is made with `values` if missing.

    The row stays locked until the transaction ends; a rollback gives the value back.
    """
    column = model.__table__.c[counter]
    statement = _insert(session, model, {**values, **key, counter: 1}).on_conflict_do_update(
        index_elements=["company_id", *key], set_={counter: column + 1}
    )
    return int(session.connection().execute(statement.returning(column)).scalar_one())


def claim(
    session: TenantSession,
    model: type[CompanyScoped],
    key: Mapping[str, Any],
    row_id: UUID,
    *,
    lapsed: ColumnElement[bool],
    **values: Any,
) -> UUID | None:
    """The id of the row with the unique `key` if it is the caller's from now on, holding `values`; None if it is not.

    It is the caller's where it was missing, or had `lapsed`. Waits for another transaction that claims the same row.
    """
    statement = _insert(session, model, {**values, **key, "id": row_id}).on_conflict_do_update(
        index_elements=["company_id", *key], set_=values, where=lapsed
    )
    found: UUID | None = session.connection().execute(statement.returning(model.__table__.c.id)).scalar_one_or_none()
    return found


def _insert(session: TenantSession, model: type[CompanyScoped], values: Mapping[str, Any]) -> Any:
    make: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(model.__table__).values(company_id=session.company_id, **values)
