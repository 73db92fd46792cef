"""What belongs to a row and is nothing without it: rows of other tables that point to it and are no records themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from guanjia.db.base import Base, CompanyScoped
from guanjia.db.session import TenantSession


class StillPointedTo(Exception):
    """Records of their own point to the row. `model` is theirs."""

    def __init__(self, model: type[Any]) -> None:
        super().__init__(model.__name__)
        self.model = model


def delete_parts(session: TenantSession, row: CompanyScoped) -> None:
    """The row's parts are deleted, and theirs. Raises StillPointedTo where a record with a life of its own points to it."""
    for model, column in _pointing_to(type(row)):
        query = select(model).where(model.company_id == session.company_id, getattr(model, column) == row.id)
        for part in session.scalars(query).all():
            if "opened_at" in model.__table__.c:
                raise StillPointedTo(model)
            delete_parts(session, part)
            session.delete(part)
    session.flush()  # the database wants them gone before the row itself


def _pointing_to(model: type[CompanyScoped]) -> Iterator[tuple[type[Any], str]]:
    for mapper in Base.registry.mappers:
        for foreign in mapper.class_.__table__.foreign_key_constraints:
            if foreign.referred_table is model.__table__:
                column = next(e.parent.key for e in foreign.elements if e.column.name == "id")
                yield mapper.class_, mapper.get_property_by_column(mapper.class_.__table__.c[column]).key
