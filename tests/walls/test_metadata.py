"""The tables as they are declared: every tenant table has its keys, and what lies outside the walls is a short list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)

from guanjia.db.base import Base, CompanyScoped, MaybeSiteScoped, SiteScoped, tenant_tables
from guanjia.host import discover

discover()  # every installed plugin's tables are mapped

# Tables that belong to no company: the directory of companies, the relay's beacons, and what must work before a company
# is known. A table is added here only with a reason.
OUTSIDE = {
    "guanjia_tenant", "guanjia_beacon", "tenants_sign_in_throttle", "tenants_operator", "tenants_operator_session",
}  # fmt: skip


def key_faults(table: Table, tenant: set[str]) -> list[str]:
    """What is wrong with the keys of a tenant table."""
    found = []
    if [c.name for c in table.primary_key.columns] != ["company_id", "id"]:
        found.append("its primary key is not (company_id, id)")
    uniques = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    for unique in (*uniques, *(i for i in table.indexes if i.unique)):
        if "company_id" not in unique.columns:
            found.append(f"{sorted(c.name for c in unique.columns)} is unique across companies")
    homes = set()
    for foreign in table.foreign_key_constraints:
        target = foreign.referred_table
        pairs = {(e.parent.name, e.column.name) for e in foreign.elements}
        if (foreign.ondelete or "").upper() == "SET NULL" or foreign.onupdate:
            found.append(f"{sorted(pairs)} rewrites keys")
        if target.name in tenant:
            homes |= {target.name} if len(pairs) > 1 else set()
            if ("company_id", "company_id") not in pairs:
                found.append(f"{sorted(pairs)} refers to {target.name} without the company")
            if _must_stay_in_site(table) and _must_stay_in_site(target) and ("site_id", "site_id") not in pairs:
                found.append(f"{sorted(pairs)} refers to {target.name} without the site")
        elif target.name == "guanjia_tenant" and pairs == {("company_id", "id")}:
            homes.add(target.name)
        else:
            found.append(f"{sorted(pairs)} refers to {target.name}, which stands outside the walls")
    if "guanjia_tenant" not in homes:
        found.append("its company is checked by no foreign key")
    if "site_id" in table.c and "tenants_site" not in homes:
        found.append("its site is checked by no foreign key")
    return found


def _must_stay_in_site(table: Table) -> bool:
    return "site_id" in table.c and not table.c.site_id.nullable


@pytest.mark.parametrize("name", sorted(tenant_tables()))
def test_a_tenant_table_has_its_keys(name: str) -> None:
    assert key_faults(Base.metadata.tables[name], set(tenant_tables())) == []


def test_the_tables_outside_the_walls_are_a_short_list() -> None:
    assert set(Base.metadata.tables) - set(tenant_tables()) == OUTSIDE


def test_a_site_scoped_model_can_be_pointed_to_within_its_site() -> None:
    scoped = [m.class_ for m in Base.registry.mappers if issubclass(m.class_, SiteScoped)]
    assert len(scoped) > 5
    for model in scoped:
        keys = [[c.name for c in u.columns] for u in model.__table__.constraints if isinstance(u, UniqueConstraint)]
        assert ["company_id", "site_id", "id"] in keys, model
        assert not model.__table__.c.site_id.nullable, model


def test_no_tenant_table_is_mapped_by_a_class_that_the_session_does_not_guard() -> None:
    tables = tenant_tables()
    for mapper in Base.registry.mappers:
        if mapper.local_table.name in tables:  # type: ignore[attr-defined]
            assert issubclass(mapper.class_, CompanyScoped), mapper
        if "site_id" in mapper.columns:
            assert issubclass(mapper.class_, SiteScoped | MaybeSiteScoped), mapper


def _table(*parts: Any) -> Table:
    outside = MetaData()
    Table("guanjia_tenant", outside, Column("id", Uuid(), primary_key=True))
    Table(
        "tenants_site", outside, Column("company_id", Uuid(), primary_key=True), Column("id", Uuid(), primary_key=True)
    )
    Table("thing_box", outside, Column("company_id", Uuid(), primary_key=True), Column("id", Uuid(), primary_key=True),
          Column("site_id", Uuid(), nullable=False))  # fmt: skip
    company = ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"])
    return Table("thing", outside, Column("company_id", Uuid()), Column("id", Uuid()), company, *parts)


def _site() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["company_id", "site_id"], ["tenants_site.company_id", "tenants_site.id"])


BROKEN: dict[str, tuple[Callable[[], list[Any]], str]] = {
    "key": (lambda: [PrimaryKeyConstraint("id")], "its primary key is not (company_id, id)"),
    "unique": (lambda: [Column("code", Integer), UniqueConstraint("code")], "['code'] is unique across companies"),
    "unique index": (lambda: [Column("code", Integer), Index("u", "code", unique=True)], "['code'] is unique across companies"),
    "reference": (
        lambda: [Column("box", Uuid(), ForeignKey("thing_box.id"))],
        "[('box', 'id')] refers to thing_box without the company",
    ),
    "other site": (
        lambda: [Column("site_id", Uuid(), nullable=False), _site(), Column("box", Uuid()),
                 ForeignKeyConstraint(["company_id", "box"], ["thing_box.company_id", "thing_box.id"])],
        "[('box', 'id'), ('company_id', 'company_id')] refers to thing_box without the site",
    ),
    "set null": (
        lambda: [Column("box", Uuid()), ForeignKeyConstraint(
            ["company_id", "box"], ["thing_box.company_id", "thing_box.id"], ondelete="SET NULL")],
        "[('box', 'id'), ('company_id', 'company_id')] rewrites keys",
    ),
    "site": (lambda: [Column("site_id", Uuid())], "its site is checked by no foreign key"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_table_that_breaks_this_is_found(broken: str) -> None:
    make, fault = BROKEN[broken]
    parts = make()
    keys = [] if any(isinstance(p, PrimaryKeyConstraint) for p in parts) else [PrimaryKeyConstraint("company_id", "id")]
    assert key_faults(_table(*keys, *parts), {"tenants_site", "thing_box", "thing"}) == [fault]
