"""Base classes of all tables: keys, naming, and references that carry the company.

Every tenant table has the primary key (company_id, id) and composite foreign keys, so that the database itself
refuses a reference across companies. A plugin author writes neither by hand: `CompanyScoped` and `SiteScoped` bring
the keys, `reference` and `in_same_site` the foreign keys.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column

# The anchors of tenancy. The host defines the first; the tenant core defines the others under these names.
COMPANY_TABLE = "guanjia_tenant"
SITE_TABLE = "tenants_site"
STAFF_TABLE = "tenants_staff"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one declarative base. Tables outside the walls derive from it directly and say why in `info`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {UUID: Uuid()}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if table is not None:
            _add_references(table)


db = SQLAlchemy(metadata=Base.metadata)


def reference(table: str, *, nullable: bool = False, index: bool = False, **kwargs: Any) -> MappedColumn[Any]:
    """A column that points to `table` within the same company (a composite foreign key)."""
    return mapped_column(Uuid(), nullable=nullable, info={"references": table, "indexed": index}, **kwargs)


def in_same_site(table: str, *, nullable: bool = False, index: bool = False, **kwargs: Any) -> MappedColumn[Any]:
    """A column that points to `table` within the same company and the same site."""
    info = {"references": table, "same_site": True, "indexed": index}
    return mapped_column(Uuid(), nullable=nullable, info=info, **kwargs)


def _add_references(table: Any) -> None:
    for column in list(table.columns):
        target = column.info.get("references")
        if target is None:
            continue
        keys = ["company_id", "site_id"] if column.info.get("same_site") else ["company_id"]
        table.append_constraint(
            ForeignKeyConstraint([*keys, column.name], [f"{target}.{key}" for key in [*keys, "id"]])
        )
        if column.info.get("indexed"):
            Index(None, *[table.c[key] for key in keys], column)


class CompanyScoped(Base):
    """A row of one company. `company_id` is stamped from the session; ids are UUIDv7 handed out by the context."""

    __abstract__ = True

    company_id: Mapped[UUID] = mapped_column(Uuid(), sort_order=-30)
    id: Mapped[UUID] = mapped_column(Uuid(), sort_order=-20)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (*cls.keys(), *cls.extra_table_args())

    @classmethod
    def keys(cls) -> tuple[Any, ...]:
        """The key constraints that every tenant table has."""
        return (
            PrimaryKeyConstraint("company_id", "id"),
            ForeignKeyConstraint(["company_id"], [f"{COMPANY_TABLE}.id"]),
        )

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Further constraints and indexes; a model overrides this instead of `__table_args__`."""
        return ()


class SiteScoped(CompanyScoped):
    """A row of one site of one company."""

    __abstract__ = True

    site_id: Mapped[UUID] = mapped_column(Uuid(), sort_order=-25)

    @classmethod
    def keys(cls) -> tuple[Any, ...]:
        """As above, with the site inside the company, and a key that same-site references can point to."""
        return (
            *super().keys(),
            ForeignKeyConstraint(["company_id", "site_id"], [f"{SITE_TABLE}.company_id", f"{SITE_TABLE}.id"]),
            UniqueConstraint("company_id", "site_id", "id"),
        )


class MaybeSiteScoped(CompanyScoped):
    """A row of a company that may belong to one of its sites: journal, approvals, tasks. None is headquarters' own."""

    __abstract__ = True

    site_id: Mapped[UUID | None] = mapped_column(Uuid(), sort_order=-25)

    @classmethod
    def keys(cls) -> tuple[Any, ...]:
        """As for a company's row, with the site checked where there is one."""
        return (
            *super().keys(),
            ForeignKeyConstraint(["company_id", "site_id"], [f"{SITE_TABLE}.company_id", f"{SITE_TABLE}.id"]),
        )


def tenant_tables() -> dict[str, Any]:
    """Every table that stands behind the walls, by name."""
    return {
        name: table
        for name, table in Base.metadata.tables.items()
        if "company_id" in table.c and not table.info.get("outside_walls")
    }
