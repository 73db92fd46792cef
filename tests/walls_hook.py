"""A watch at the cursor: every statement on a tenant table carries the company of the session that sent it.

The ORM adds the criterion by itself; Core statements, `text()` and bulk writes go round it. Here they are seen, whoever
sent them. A connection that a test breaks in with says so: `engine.execution_options(walls_down="why")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from guanjia.db.base import tenant_tables
from guanjia.db.session import SystemSession, TenantSession, WallError

_COMPANY = "walls_hook.company"
_SCHEMA_WORK = re.compile(r"\s*(create|alter|drop|grant|revoke|comment|pragma|truncate)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_faults: list[str] = []


@lru_cache(maxsize=4096)
def tables_in(statement: str) -> frozenset[str]:
    """The tenant tables that a statement names; none for schema work."""
    if _SCHEMA_WORK.match(statement):
        return frozenset()
    return frozenset(_WORD.findall(statement)) & frozenset(tenant_tables())


def fault_of(statement: str, parameters: Any, company: UUID | None) -> str | None:
    """What is wrong with a statement sent for `company` (None: by nobody's session), or None."""
    tables = tables_in(statement)
    if not tables:
        return None
    named = ", ".join(sorted(tables))
    if company is None:
        return f"a statement on {named} outside of any company's session: {statement}"
    if "company_id" not in statement:
        return f"a statement on {named} that does not ask for the company: {statement}"
    if any(text in statement for text in (str(company), company.hex)):
        return None
    many = parameters if isinstance(parameters, list) else [parameters]
    if all(_holds(one, company) for one in many):
        return None
    return f"a statement on {named} without its company: {statement}"


def _holds(parameters: Any, company: UUID) -> bool:
    values = parameters.values() if isinstance(parameters, Mapping) else parameters or ()
    return any(value in (company, company.hex, str(company)) for value in values)


@event.listens_for(Engine, "begin")
def _nobodys(connection: Any) -> None:
    connection.info.pop(_COMPANY, None)


@event.listens_for(TenantSession, "after_begin")
def _companys(session: TenantSession, _transaction: Any, connection: Any) -> None:
    connection.info[_COMPANY] = session.company_id


@event.listens_for(SystemSession, "after_begin")
def _systems(_session: SystemSession, _transaction: Any, connection: Any) -> None:
    connection.info.pop(_COMPANY, None)


@event.listens_for(Engine, "before_cursor_execute")
def _look(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _executemany: bool) -> None:
    if connection.get_execution_options().get("walls_down"):
        return
    fault = fault_of(statement, parameters, connection.info.get(_COMPANY))
    if fault is not None:
        _faults.append(fault)
        raise WallError(fault)


@contextmanager
def watching() -> Iterator[list[str]]:
    """Fails at the end for every statement that left its company, also where the program swallowed the error."""
    _faults.clear()
    yield _faults
    found, _faults[:] = list(_faults), []
    assert not found, "\n".join(found)
