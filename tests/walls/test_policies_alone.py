"""The second wall alone: the session's criterion and stamp are taken away, or statements go past the session altogether.
PostgreSQL's policies keep every table to the company that the transaction says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from guanjia.db import session as sessions
from guanjia.db.base import db
from guanjia.db.migrate import APPEND_ONLY
from guanjia.db.session import TenantSession, tenant_session
from guanjia.steps.models import Series
from tenants.models import Department, Site
from walls.every_table import DOWN, Filled, as_company

pytestmark = pytest.mark.parametrize("company", ["postgresql"], indirect=True)


@pytest.fixture
def engine(filled: Filled) -> Iterator[Engine]:
    """The application's role on one connection that is used again and again, past the walls of the program."""
    found = create_engine(filled.company.host.config.database_url, pool_size=1, max_overflow=0)
    yield found.execution_options(**DOWN)
    found.dispose()


def row_of(connection: Connection, table: Table, filled: Filled) -> dict[str, Any]:
    """The other company's row, as it reads it itself."""
    with connection.begin():
        as_company(connection, filled.theirs)
        query = select(table).where(table.c.company_id == filled.theirs, table.c.id == filled.ids[table.name, "rival"])
        return dict(connection.execute(query).mappings().one())


@pytest.mark.parametrize("whose", ["nobody", "ours"])
def test_no_statement_reads_or_changes_another_companys_row(filled: Filled, engine: Engine, whose: str) -> None:
    """Every table: Core and text, with no company in the statement; the company not set, or set to one's own."""
    company_id = filled.ours if whose == "ours" else None
    seen = 0
    with engine.connect() as connection:
        for table in filled.tables():
            theirs = row_of(connection, table, filled)
            with connection.begin():
                as_company(connection, company_id)
                expected = {filled.ours} if whose == "ours" else set()
                assert set(connection.scalars(select(table.c.company_id))) == expected, table.name
                assert set(connection.scalars(text(f'select company_id from "{table.name}"'))) == expected, table.name
                named = (table.c.company_id == filled.theirs, table.c.id == theirs["id"])
                assert connection.scalar(select(func.count()).select_from(table).where(*named)) == 0
                if table.name not in APPEND_ONLY:
                    assert connection.execute(delete(table).where(*named)).rowcount == 0, table.name
                    assert connection.execute(update(table).where(*named).values(id=theirs["id"])).rowcount == 0, (
                        table.name
                    )
                with pytest.raises(ProgrammingError) as refused, connection.begin_nested():
                    connection.execute(insert(table).values(theirs | {"id": filled.ids["guanjia_outbox", "west"]}))
                assert "row-level security" in str(refused.value), table.name
                if whose == "ours" and table.name not in APPEND_ONLY:  # one's own row cannot be given away
                    mine = (table.c.company_id == filled.ours, table.c.id == filled.ids[table.name, "east"])
                    with pytest.raises(ProgrammingError) as refused, connection.begin_nested():
                        connection.execute(update(table).where(*mine).values(company_id=filled.theirs))
                    assert "row-level security" in str(refused.value), table.name
            assert row_of(connection, table, filled) == theirs
            seen += 1
    assert seen > 30


def test_a_company_named_in_the_statement_does_not_help(filled: Filled, engine: Engine) -> None:
    with engine.connect() as connection:
        as_company(connection, filled.ours)
        for statement in (
            "select count(*) from tenants_site where company_id = :theirs",
            "select count(*) from tenants_site s join tenants_site o on o.company_id = :theirs",
            "select count(*) from (select * from tenants_site union all select * from tenants_site) u where company_id = :theirs",
            "with o as (select * from tenants_site where company_id = :theirs) select count(*) from o",
            "select count(*) from tenants_staff where exists (select 1 from tenants_site where company_id = :theirs)",
        ):
            assert connection.scalar(text(statement), {"theirs": filled.theirs}) == 0, statement


@pytest.fixture
def no_first_wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sessions neither add the company to statements nor stamp and compare rows; they still tell the database whose they are."""
    wall = (
        ("do_orm_execute", sessions._add_company), ("before_flush", sessions._stamp),
    )  # fmt: skip
    for name, function in wall:
        event.remove(TenantSession, name, function)
    yield
    for name, function in wall:
        event.listen(TenantSession, name, function)


def test_sessions_without_their_criterion_stay_in_their_company(
    filled: Filled, no_first_wall: None, walls: list[str]
) -> None:
    theirs = filled.places["rival"].site_id
    with _session(filled) as session:
        assert set(session.scalars(select(Site.company_id))) == {filled.ours}
        assert set(session.scalars(select(Site.__table__.c.company_id))) == {filled.ours}
        assert session.get(Site, (filled.theirs, theirs)) is None
        assert session.execute(update(Department).values(title_en="changed")).rowcount > 0  # type: ignore[attr-defined]
        assert session.execute(update(Site).where(Site.id == theirs).values(name="x")).rowcount == 0  # type: ignore[attr-defined]
        assert session.execute(delete(Series).where(Series.company_id == filled.theirs)).rowcount == 0  # type: ignore[attr-defined]
        session.commit()
    values = {"id": filled.ids["guanjia_outbox", "west"], "kind": "x", "year": 2026, "last": 1}
    with _session(filled) as session:
        session.add(Series(company_id=filled.theirs, site_id=theirs, **values))
        with pytest.raises(ProgrammingError) as refused:
            session.flush()
        assert "row-level security" in str(refused.value)
    with tenant_session(filled.theirs) as session:
        query = select(Department.title_en).where(Department.company_id == filled.theirs)
        assert "changed" not in set(session.scalars(query))


def _session(filled: Filled) -> TenantSession:
    session = TenantSession(bind=db.engine.execution_options(**DOWN), expire_on_commit=False, autoflush=False)
    session.company_id = filled.ours
    return session


def test_the_company_is_gone_after_the_transaction(filled: Filled, engine: Engine) -> None:
    """The next user of a pooled connection finds no company set, whether the last one committed, rolled back or failed."""
    backend = "select pg_backend_pid(), current_setting('app.company_id', true)"
    with engine.connect() as connection:
        pid, before = connection.execute(text(backend)).one()
        assert not before
    for end in ("commit", "rollback", "close", "fail"):
        session = TenantSession(bind=engine, autoflush=False)
        session.company_id = filled.ours
        assert len(session.scalars(select(Site)).all()) == 2
        if end == "fail":
            with pytest.raises(ProgrammingError):
                session.connection().execute(text("select * from tenants_site, nothing_like_this"))
        elif end != "close":
            getattr(session, end)()
        session.close()
        with engine.connect() as connection:
            again, setting = connection.execute(text(backend)).one()
            assert (again, setting or "") == (pid, ""), end
            assert connection.scalar(text("select count(*) from tenants_site")) == 0
