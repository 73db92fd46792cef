"""The third wall alone: no policies, no session, the owner of the tables. The composite keys refuse every reference
across companies, and every one across offices where both rows belong to one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from walls.every_table import Filled, as_company


def references(table: Table) -> list[tuple[ForeignKeyConstraint, str]]:
    """(constraint, column that holds the id) of each reference to a tenant table."""
    found = []
    for constraint in table.foreign_key_constraints:
        column = next((e.parent.name for e in constraint.elements if e.column.name == "id"), None)
        if column not in (None, "company_id"):
            found.append((constraint, str(column)))
    return found


def in_same_site(constraint: ForeignKeyConstraint) -> bool:
    return any(e.column.name == "site_id" for e in constraint.elements)


def test_no_reference_leads_to_another_company(filled: Filled) -> None:
    filled.open_policies()
    tried = 0
    with filled.owner() as engine, engine.connect() as connection:
        for table in filled.tables():
            for constraint, column in references(table):
                _refused(connection, filled, table, constraint, column, "rival")
                tried += 1
                if in_same_site(constraint):
                    _refused(connection, filled, table, constraint, column, "west")
                    tried += 1
    assert tried > 60, tried


def _refused(
    connection: Any, filled: Filled, table: Table, constraint: ForeignKeyConstraint, column: str, where: str
) -> None:
    """The row at the first office cannot point to that place, and can point to its own."""
    target = constraint.referred_table.name
    mine = (table.c.company_id == filled.ours, table.c.id == filled.ids[table.name, "east"])
    with pytest.raises(IntegrityError) as refused, connection.begin_nested():
        connection.execute(update(table).where(*mine).values({column: filled.ids[target, where]}))
    assert "foreign key" in str(refused.value).lower(), (table.name, column, where)
    own = connection.begin_nested()
    changed = connection.execute(update(table).where(*mine).values({column: filled.ids[target, "east"]}))
    assert changed.rowcount == 1, (table.name, column)  # the row is there, and the value alone was refused
    own.rollback()


def test_no_row_is_made_for_a_company_or_an_office_that_is_not_there(filled: Filled) -> None:
    filled.open_policies()
    with filled.owner() as engine, engine.connect() as connection:
        for table in filled.tables():
            row = connection.execute(select(table).where(
                table.c.company_id == filled.ours, table.c.id == filled.ids[table.name, "east"])).mappings().one()  # fmt: skip
            alone = {n: v for n, v in row.items() if not table.c[n].info.get("references")}
            strangers = [{"company_id": filled.ids["guanjia_series", "east"]}]  # an id, and no company's
            if "site_id" in table.c:
                strangers.append({"company_id": filled.ours, "site_id": filled.places["rival"].site_id})
                strangers.append({"company_id": filled.theirs, "site_id": filled.places["east"].site_id})
            for stranger in strangers:
                required = {n: row[n] for n in row if n not in alone and not table.c[n].nullable}
                values = alone | required | {"id": filled.ids["guanjia_outbox", "west"]} | stranger
                with pytest.raises(IntegrityError), connection.begin_nested():
                    connection.execute(insert(table).values(values))


def test_policies_are_down_in_these_tests(filled: Filled) -> None:
    """Otherwise the second wall might be what refuses."""
    filled.open_policies()
    with filled.owner() as engine, engine.connect() as connection:
        as_company(connection, filled.ours)
        for table in filled.tables():
            seen = set(connection.scalars(select(table.c.company_id)))
            assert seen >= {filled.ours, filled.theirs}, table.name
