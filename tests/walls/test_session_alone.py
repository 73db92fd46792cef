"""The first wall alone: PostgreSQL's policies are switched off, and SQLite has none. The session keeps to its company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, union_all, update
from sqlalchemy.orm import aliased

from guanjia.db.base import Base, db
from guanjia.db.migrate import APPEND_ONLY
from guanjia.db.session import WallError, system_session, tenant_session
from guanjia.steps.models import Series, Tenant
from tenants.models import Department, Site, Staff
from walls.every_table import DOWN, Filled

UNCHANGED = {*APPEND_ONLY, "tenants_rule_setting"}  # refused whoever asks, for the own company's rows too


@pytest.fixture
def alone(filled: Filled) -> Filled:
    """A database that would show and change every row."""
    filled.open_policies()
    return filled


def models(filled: Filled) -> list[type[Any]]:
    """Every mapped class of the installed tenant tables."""
    tables = {table.name for table in filled.tables()}
    found = [m.class_ for m in Base.registry.mappers if m.local_table.name in tables]  # type: ignore[attr-defined]
    assert len(found) == len(tables)
    return found


def test_nothing_else_stands_between(alone: Filled) -> None:
    """As the application's role, past the session: the other company's rows are there to be seen and changed."""
    with db.engine.execution_options(**DOWN).connect() as connection:
        for table in alone.tables():
            assert alone.theirs in set(connection.scalars(select(table.c.company_id))), table.name
        mine = connection.execute(update(Site.__table__).values(name="x"))  # type: ignore[arg-type]
        assert mine.rowcount == 4
        connection.rollback()


def test_every_table_shows_its_own_companys_rows_alone(alone: Filled) -> None:
    for company_id, places in ((alone.ours, ("east", "west")), (alone.theirs, ("rival",))):
        with tenant_session(company_id) as session:
            for model in models(alone):
                rows = session.scalars(select(model)).all()
                assert {row.company_id for row in rows} == {company_id}, model
                assert {row.id for row in rows} >= {alone.ids[model.__tablename__, place] for place in places}, model
                for place in set(alone.places) - set(places):
                    if (model.__tablename__, place) not in alone.ids:
                        continue
                    theirs = alone.ids[model.__tablename__, place]
                    assert session.get(model, (alone.places[place].company_id, theirs)) is None, model
                    same_id = session.get(model, (company_id, theirs))  # rulebooks are named by their content
                    assert same_id is None or same_id.company_id == company_id, model


def test_no_table_is_changed_or_emptied_for_another_company(alone: Filled) -> None:
    def theirs() -> dict[str, list[Any]]:
        with tenant_session(alone.theirs) as session:
            found = {}
            for model in models(alone):
                query = select(*model.__table__.c).where(model.company_id == alone.theirs).order_by(model.id)
                found[model.__tablename__] = [tuple(row) for row in session.execute(query)]
            return found

    before = theirs()
    with tenant_session(alone.ours, write=True) as session:
        for model in reversed(models(alone)):
            row_id = alone.ids[model.__tablename__, "rival"]
            for where in ((model.company_id == alone.theirs,), (model.id == row_id,)):
                if model.__tablename__ not in UNCHANGED:
                    changed = session.execute(update(model).where(*where).values(id=uuid4()))
                    assert changed.rowcount == 0, model  # type: ignore[attr-defined]
                    emptied = session.execute(delete(model).where(*where))
                    assert emptied.rowcount == 0, model  # type: ignore[attr-defined]
            with pytest.raises(WallError):
                session.execute(insert(model), [{"company_id": alone.theirs, "id": uuid4()}])
        session.commit()
    assert theirs() == before


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


def test_statements_of_every_form_see_the_own_company_alone(alone: Filled) -> None:
    ours, theirs = alone.ours, alone.theirs
    other = aliased(Site)
    with tenant_session(ours) as session:
        for form, statement in statements(ours, theirs).items():
            found = {getattr(item, "id", item) for item in session.scalars(statement)}
            assert found == set(alone.company.plan.sites.values()), form
        assert session.scalars(select(func.count()).select_from(Site)).one() == 2
        assert session.scalars(select(Site.id).where(exists().where(other.company_id == theirs))).all() == []
        for key in ((theirs, alone.places["rival"].site_id), (ours, alone.places["rival"].site_id)):
            assert session.get(Site, key) is None


def test_updates_and_deletes_leave_other_companies_alone(alone: Filled) -> None:
    ours, theirs = alone.ours, alone.theirs
    with tenant_session(ours, write=True) as session:
        for where in ((), (Department.company_id == theirs,), (Department.company_id.in_([ours, theirs]),)):
            session.execute(update(Department).where(*where).values(title_en="changed"))
        session.execute(delete(Department).where(Department.company_id == theirs))
        session.execute(delete(Department).where(Department.site_id == alone.places["rival"].site_id))
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


def test_what_goes_round_the_criterion_is_refused(alone: Filled) -> None:
    ours, theirs, site = alone.ours, alone.theirs, alone.places["rival"].site_id
    for way, act in ROUND_THE_WALL.items():
        with tenant_session(ours, write=True) as session:
            try:
                act(session, ours, theirs, site)
            except WallError:
                continue
        pytest.fail(f"{way} was not refused")
    with tenant_session(theirs) as session:
        assert sorted(session.scalars(select(Site.name))) == ["东苑管理处", "西苑管理处"]
        assert session.scalars(select(Series.kind)).all() == ["rival 3"]


def test_rows_of_another_company_are_refused_at_flush(alone: Filled) -> None:
    ours, theirs, site = alone.ours, alone.theirs, alone.places["rival"].site_id
    with tenant_session(theirs) as session:
        foreign = session.get_one(Site, (theirs, site))
    for change in ("new", "dirty", "moved", "deleted"):
        with tenant_session(ours, write=True) as session:
            if change == "new":
                session.add(Series(**series(theirs, site)))
            elif change == "moved":
                session.get_one(Site, (ours, alone.places["east"].site_id)).company_id = theirs
            else:
                found = session.merge(foreign, load=False)
                if change == "dirty":
                    found.name = "taken over"
                else:
                    session.delete(found)
            with pytest.raises(WallError):
                session.flush()
    with tenant_session(ours, write=True) as session:
        row = Series(id=uuid4(), site_id=alone.places["east"].site_id, kind="x", year=2026, last=1)
        session.add(row)
        session.flush()
        assert row.company_id == ours  # stamped


def test_a_system_session_refuses_tenant_tables(alone: Filled) -> None:
    with system_session(write=True) as session:
        assert set(session.scalars(select(Tenant.code))) == {"acme", "rival"}
        acts: list[Callable[[], Any]] = [
            lambda: session.scalars(select(Site)).all(),
            lambda: session.execute(update(Site).values(name="x")),
            lambda: session.execute(delete(Series)),
            lambda: session.execute(insert(Series), [series(alone.ours, uuid4())]),
            lambda: session.get(Site, (alone.ours, alone.places["east"].site_id)),
        ]
        for act in acts:
            with pytest.raises(WallError):
                act()
        session.add(Series(**series(alone.ours, alone.places["east"].site_id)))
        with pytest.raises(WallError):
            session.flush()
