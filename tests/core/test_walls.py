"""The walls of tenancy: every table has its keys, every session one company, and what lies outside is a short list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

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
    delete,
    exists,
    func,
    insert,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from guanjia.db.base import Base, CompanyScoped, MaybeSiteScoped, SiteScoped, db, tenant_tables
from guanjia.db.migrate import owner_engine
from guanjia.db.session import WallError, system_session, tenant_session
from guanjia.host import discover
from guanjia.steps.models import Series, Tenant
from office import Company
from tenants.models import Department, Site, Staff
from walls_hook import fault_of

discover()  # every installed plugin's tables are mapped

# Tables that belong to no company: the directory of companies, the relay's beacons, and what must work before a company
# is known. A table is added here only with a reason.
OUTSIDE = {
    "guanjia_tenant", "guanjia_beacon", "tenants_sign_in_throttle", "tenants_operator", "tenants_operator_session",
}  # fmt: skip


# -- the metadata ----------------------------------------------------------------------------------------


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


# -- the session -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("company_id", [None, "", "acme", 7])
def test_a_session_without_a_company_raises(company_id: Any) -> None:
    with pytest.raises(WallError), tenant_session(company_id):
        pass


def statements(ours: UUID, theirs: UUID) -> dict[str, Any]:
    """Statements that ask for sites in every way that the ORM knows."""
    other = aliased(Site)
    return {
        "column": select(Site.id),
        "entity": select(Site),
        "alias": select(other.id),
        "asking for both": select(Site.id).where(Site.company_id.in_([ours, theirs])),
        "join": select(Site.id).select_from(Staff).join(Site, Site.id == Staff.site_id),
        "subquery": select(select(Site).subquery().c.id),
        "cte": select(select(Site).cte().c.id),
        "union": union_all(select(Site.id), select(other.id)),
        "union of entities": select(Site).from_statement(union_all(select(Site), select(Site))),
        "from statement": select(Site).from_statement(select(Site)),
        "in": select(Site.id).where(Site.id.in_(select(other.id))),
    }


def test_statements_of_every_form_see_the_own_company_alone(company: Company) -> None:
    ours, theirs = company.plan.company_id, company.plan.other_id
    other = aliased(Site)
    with tenant_session(ours) as session:
        for form, statement in statements(ours, theirs).items():
            found = {getattr(item, "id", item) for item in session.scalars(statement)}
            assert found == set(company.plan.sites.values()), form
        assert session.scalars(select(func.count()).select_from(Site)).one() == 2
        assert session.scalars(select(Site.id).where(exists().where(other.company_id == theirs))).all() == []
        for key in ((theirs, company.plan.other_sites["east"]), (ours, company.plan.other_sites["east"])):
            assert session.get(Site, key) is None


def test_updates_and_deletes_leave_other_companies_alone(company: Company) -> None:
    ours, theirs = company.plan.company_id, company.plan.other_id
    with tenant_session(ours, write=True) as session:
        for where in ((), (Department.company_id == theirs,), (Department.company_id.in_([ours, theirs]),)):
            session.execute(update(Department).where(*where).values(title_en="changed"))
        session.execute(delete(Department).where(Department.company_id == theirs))
        session.execute(delete(Department).where(Department.site_id == company.plan.other_sites["east"]))
        session.commit()
    with tenant_session(theirs) as session:
        titles = session.scalars(select(Department.title_en)).all()
    assert titles and "changed" not in titles
    with tenant_session(ours) as session:
        assert set(session.scalars(select(Department.title_en))) == {"changed"}


def series(company: UUID, site: UUID) -> dict[str, Any]:
    return {"company_id": company, "id": uuid4(), "site_id": site, "kind": "x", "year": 2026, "last": 1}


ROUND_THE_WALL: dict[str, Callable[[Any, UUID, UUID, UUID], Any]] = {
    "insert of rows": lambda s, _ours, theirs, site: s.execute(insert(Series), [series(theirs, site)]),
    "one foreign row among own": lambda s, ours, theirs, site: s.execute(
        insert(Series), [series(ours, site), series(theirs, site)]),
    "insert of a value": lambda s, _ours, theirs, site: s.execute(insert(Series).values(series(theirs, site))),
    "insert with a fixed company": lambda s, ours, theirs, site: s.execute(
        insert(Series).values(company_id=theirs), [series(ours, site)]),
    "update by primary key": lambda s, _ours, theirs, site: s.execute(
        update(Site), [{"company_id": theirs, "id": site, "name": "taken over"}]),
    "update without a company": lambda s, _ours, _theirs, site: s.execute(update(Site), [{"id": site, "name": "x"}]),
    "moving rows": lambda s, _ours, theirs, _site: s.execute(update(Site).values(company_id=theirs)),
    "bulk_insert_mappings": lambda s, _ours, theirs, site: s.bulk_insert_mappings(Series, [series(theirs, site)]),
    "bulk_update_mappings": lambda s, _ours, theirs, site: s.bulk_update_mappings(
        Site, [{"company_id": theirs, "id": site, "name": "x"}]),
    "bulk_save_objects": lambda s, _ours, theirs, site: s.bulk_save_objects([Series(**series(theirs, site))]),
    "Core select": lambda s, _ours, _theirs, _site: s.execute(select(Site.__table__)),
    "Core update": lambda s, _ours, _theirs, _site: s.execute(update(Site.__table__).values(name="x")),
    "text": lambda s, _ours, _theirs, _site: s.execute(text("select * from tenants_site")),
}  # fmt: skip


def test_what_goes_round_the_criterion_is_refused(company: Company) -> None:
    ours, theirs, site = company.plan.company_id, company.plan.other_id, company.plan.other_sites["east"]
    for way, act in ROUND_THE_WALL.items():
        with tenant_session(ours, write=True) as session:
            try:
                act(session, ours, theirs, site)
            except WallError:
                continue
        pytest.fail(f"{way} was not refused")
    with tenant_session(theirs) as session:
        assert sorted(session.scalars(select(Site.name))) == ["东苑管理处", "西苑管理处"]
        assert session.scalars(select(Series.kind)).all() == []


def test_rows_of_another_company_are_refused_at_flush(company: Company) -> None:
    ours, theirs, site = company.plan.company_id, company.plan.other_id, company.plan.other_sites["east"]
    with tenant_session(theirs) as session:
        foreign = session.get_one(Site, (theirs, site))
    for change in ("new", "dirty", "moved", "deleted"):
        with tenant_session(ours, write=True) as session:
            if change == "new":
                session.add(Series(**series(theirs, site)))
            elif change == "moved":
                session.get_one(Site, (ours, company.plan.sites["east"])).company_id = theirs
            else:
                found = session.merge(foreign, load=False)
                if change == "dirty":
                    found.name = "taken over"
                else:
                    session.delete(found)
            with pytest.raises(WallError):
                session.flush()
    with tenant_session(ours, write=True) as session:
        row = Series(id=uuid4(), site_id=company.plan.sites["east"], kind="x", year=2026, last=1)
        session.add(row)
        session.flush()
        assert row.company_id == ours  # stamped


def test_a_system_session_refuses_tenant_tables(company: Company) -> None:
    with system_session(write=True) as session:
        assert set(session.scalars(select(Tenant.code))) == {"acme", "rival"}
        acts: list[Callable[[], Any]] = [
            lambda: session.scalars(select(Site)).all(),
            lambda: session.execute(update(Site).values(name="x")),
            lambda: session.execute(delete(Series)),
            lambda: session.execute(insert(Series), [series(company.plan.company_id, uuid4())]),
            lambda: session.get(Site, (company.plan.company_id, company.plan.sites["east"])),
        ]
        for act in acts:
            with pytest.raises(WallError):
                act()
        session.add(Series(**series(company.plan.company_id, company.plan.sites["east"])))
        with pytest.raises(WallError):
            session.flush()


def test_a_reference_across_companies_is_refused_by_the_database_itself(company: Company) -> None:
    """As the owner of the tables, and past every wall of the program: the composite keys stand alone here."""
    owner = owner_engine(company.host.config.owner_database_url).execution_options(
        walls_down="as the owner", guanjia_write=True
    )
    try:
        for ours, theirs in ((company.plan.company_id, company.plan.other_sites["east"]), (uuid4(), uuid4())):
            with owner.connect() as connection, pytest.raises(IntegrityError) as refused:
                if owner.dialect.name == "postgresql":  # row-level security is forced upon the owner too
                    connection.execute(text("select set_config('app.company_id', :c, true)"), {"c": str(ours)})
                connection.execute(insert(Series.__table__).values(series(ours, theirs)))  # type: ignore[arg-type]
                connection.commit()
            assert "foreign key" in str(refused.value).lower()
    finally:
        owner.dispose()


# -- the watch at the cursor -----------------------------------------------------------------------------


def test_the_watch_finds_statements_without_their_company(company: Company, walls: list[str]) -> None:
    ours, theirs = company.plan.company_id, company.plan.other_id
    statement = "select name from tenants_site where company_id = %s"
    assert fault_of(statement, (ours,), ours) is None
    assert fault_of(statement, {"c": ours.hex}, ours) is None
    assert fault_of(f"select name from tenants_site where company_id = '{ours}'", (), ours) is None
    assert fault_of(statement, [(ours,), (ours,)], ours) is None
    assert fault_of("select code from guanjia_tenant", (), None) is None
    assert fault_of("create index i on tenants_site (company_id)", (), None) is None
    for parameters, whose in (((theirs,), ours), ((), ours), ([(ours,), (theirs,)], ours), ((ours,), None)):
        assert fault_of(statement, parameters, whose) is not None
    assert fault_of("select name from tenants_site where id = %s", (ours,), ours) is not None

    with tenant_session(ours) as session, pytest.raises(WallError):
        session.connection().execute(select(Site.__table__))  # type: ignore[arg-type]
    with db.engine.connect() as connection, pytest.raises(WallError):
        connection.execute(text("select name from tenants_site"))
    assert len(walls) == 2
    walls.clear()
