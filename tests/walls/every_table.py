"""A row of every tenant table at three places: one company's two offices, and the other company's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Connection,
    Date,
    Engine,
    Integer,
    String,
    Table,
    Time,
    Uuid,
    select,
    text,
)
from sqlalchemy import insert as insert_into

from guanjia.db.base import Base, tenant_tables
from guanjia.db.migrate import owner_engine
from guanjia.db.types import JsonText, UtcDateTime
from office import Company

DOWN = {"walls_down": "to see that another wall stands alone", "guanjia_write": True}


@dataclass(frozen=True)
class Place:
    """Where a row lies."""

    name: str
    company_id: UUID
    site_id: UUID
    number: int


@dataclass
class Filled:
    """The company under test, with the id of one row of each table at each place."""

    company: Company
    places: dict[str, Place]
    ids: dict[tuple[str, str], UUID] = field(default_factory=dict)

    @property
    def ours(self) -> UUID:
        """The company that looks."""
        return self.company.plan.company_id

    @property
    def theirs(self) -> UUID:
        """The company that must not be seen."""
        return self.company.plan.other_id

    @property
    def is_postgres(self) -> bool:
        """Whether policies stand behind the tables."""
        return self.company.host.config.database_url.startswith("postgresql")

    def tables(self) -> list[Table]:
        """The tenant tables of the installed plugins, those that are pointed to first. Tests map a few of their own."""
        names = installed(self.company)
        return [table for table in Base.metadata.sorted_tables if table.name in names]

    @contextmanager
    def owner(self) -> Iterator[Engine]:
        """The owner of the tables, past every wall of the program."""
        engine = owner_engine(self.company.host.config.owner_database_url)
        try:
            yield engine.execution_options(**DOWN)
        finally:
            engine.dispose()

    def open_policies(self) -> None:
        """The second wall is down: every role sees and changes every row."""
        if self.is_postgres:
            with self.owner() as engine, engine.begin() as connection:
                for table in self.tables():
                    connection.execute(text(f'ALTER TABLE "{table.name}" DISABLE ROW LEVEL SECURITY'))


def installed(company: Company) -> set[str]:
    """The names of the tenant tables of the installed plugins."""
    return {name for name in tenant_tables() if name.startswith(tuple(f"{key}_" for key in company.host.plugins))}


def as_company(connection: Connection, company_id: UUID | None) -> None:
    """The transaction is that company's (None: nobody's), as far as policies know."""
    if connection.dialect.name == "postgresql":
        setting = "" if company_id is None else str(company_id)
        connection.execute(text("select set_config('app.company_id', :c, true)"), {"c": setting})


def fill(company: Company) -> Filled:
    """Every table has a row at each place."""
    plan = company.plan
    places = [
        Place("east", plan.company_id, plan.sites["east"], 1), Place("west", plan.company_id, plan.sites["west"], 2),
        Place("rival", plan.other_id, plan.other_sites["east"], 3),
    ]  # fmt: skip
    found = Filled(company, {place.name: place for place in places})
    with found.owner() as engine, engine.begin() as connection:
        for place in places:
            as_company(connection, place.company_id)
            for table in found.tables():
                found.ids[table.name, place.name] = _one(connection, table, place, found)
    return found


def _one(connection: Connection, table: Table, place: Place, found: Filled) -> UUID:
    """A row that is there already, or a new one."""
    if table.name == "tenants_site":
        return place.site_id
    query = select(table.c.id).where(table.c.company_id == place.company_id).order_by(table.c.id)
    if table.name == "tenants_company":  # there is one of each
        return connection.scalars(query).one()
    if "site_id" in table.c:
        query = query.where(table.c.site_id == place.site_id)
    there = [i for i in connection.scalars(query) if i not in found.ids.values()]
    if there:
        return there[0]
    values = {column.name: _value(table, column, place, found) for column in table.columns}
    for element in (e for f in table.foreign_key_constraints for e in f.elements):  # by a key of its own, a role's say
        target = element.column.table
        if element.column.name not in ("company_id", "site_id", "id"):
            pointed_to = (target.c.company_id == place.company_id, target.c.id == found.ids[target.name, place.name])
            values[element.parent.name] = connection.scalars(select(element.column).where(*pointed_to)).one()
    connection.execute(insert_into(table).values(values))
    made: UUID = values["id"]
    return made


def _value(table: Table, column: Any, place: Place, found: Filled) -> Any:
    fixed = {"company_id": place.company_id, "id": uuid4(), "site_id": place.site_id}
    if column.name in fixed:
        return fixed[column.name]
    target = column.info.get("references")
    if target is not None:
        return found.ids.get((target, place.name))
    if column.nullable:
        return None
    for check in table.constraints:
        allowed = re.search(rf"\b{column.name} IN \('(\w+)'", str(getattr(check, "sqltext", "")))
        if isinstance(check, CheckConstraint) and allowed:
            return allowed[1]
    return _plain(column.type, place)


def _plain(kind: Any, place: Place) -> Any:
    if isinstance(kind, JsonText):
        return {}
    if isinstance(kind, UtcDateTime):
        return datetime(2026, 11, place.number, tzinfo=UTC)
    if isinstance(kind, Uuid):
        return uuid4()
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return place.number
    if isinstance(kind, Date):
        return date(2026, 11, place.number)
    if isinstance(kind, Time):
        return time(place.number)
    if isinstance(kind, String):
        return f"{place.name} {place.number}"[: kind.length]
    raise TypeError(f"no value is known for {kind!r}")
