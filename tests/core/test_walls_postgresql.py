"""The second wall: PostgreSQL's row-level security, and a role that owns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from guanjia.db.base import tenant_tables
from guanjia.db.migrate import APPEND_ONLY
from guanjia.db.session import TenantSession
from guanjia.steps.models import Series
from office import Company
from tenants.models import Site

pytestmark = pytest.mark.parametrize("company", ["postgresql"], indirect=True)
TEST = "(company_id = (NULLIF(current_setting('app.company_id'::text, true), ''::text))::uuid)"
FOR_BACKUP = "(current_setting('app.backup'::text, true) = 'on'::text)"


@pytest.fixture
def engine(company: Company) -> Iterator[Engine]:
    """The application's role on one connection that is used again and again, past the walls of the program."""
    found = create_engine(company.host.config.database_url, pool_size=1, max_overflow=0)
    yield found.execution_options(walls_down="to see that the second wall stands alone")
    found.dispose()


@pytest.fixture
def role(company: Company) -> str:
    """The application's role."""
    assert company.host.config.app_role is not None
    return company.host.config.app_role


def installed(company: Company) -> set[str]:
    """The tenant tables of the installed plugins: tests map a few of their own."""
    return {name for name in tenant_tables() if name.startswith(tuple(f"{key}_" for key in company.host.plugins))}


def as_company(connection: Any, company_id: UUID) -> None:
    connection.execute(text("select set_config('app.company_id', :c, true)"), {"c": str(company_id)})


def test_a_policy_stands_behind_every_tenant_table_and_binds_the_owner_too(company: Company, engine: Engine) -> None:
    with engine.connect() as connection:
        flags = {
            row[0]: tuple(row[1:])
            for row in connection.execute(
                text("select relname, relrowsecurity, relforcerowsecurity from pg_class where relkind in ('r', 'p')")
            )
        }
        policies = {
            row[:2]: tuple(row[2:])
            for row in connection.execute(
                text(
                    "select tablename, policyname, roles::text[], permissive, cmd, qual, with_check from pg_policies"
                    " where schemaname = 'public'"
                )
            )
        }
        owner = connection.scalar(
            text("select relowner::regrole::text from pg_class where relname = 'guanjia_journal'")
        )
    wanted = installed(company)
    assert len(wanted) > 30
    assert {name: flags.get(name) for name in wanted} == dict.fromkeys(wanted, (True, True))
    for name in wanted:
        assert {policy: found for (table, policy), found in policies.items() if table == name} == {
            "tenant": (["public"], "PERMISSIVE", "ALL", TEST, TEST),
            "backup": ([owner], "PERMISSIVE", "SELECT", FOR_BACKUP, None),
        }, name


def test_the_policy_for_backups_opens_nothing_to_the_application_nor_to_an_owner_who_does_not_ask(
    company: Company, engine: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text("select set_config('app.backup', 'on', true)"))
        assert connection.scalar(text("select count(*) from guanjia_journal")) == 0
    owner = create_engine(company.host.config.owner_database_url).execution_options(
        walls_down="to see the owner's wall"
    )
    with owner.connect() as connection:
        assert connection.scalar(text("select count(*) from guanjia_journal")) == 0
        connection.execute(text("select set_config('app.backup', 'on', true)"))
        assert connection.scalar(text("select count(*) from guanjia_journal")) > 0
        assert connection.execute(delete(Series.__table__)).rowcount == 0  # type: ignore[arg-type]
    owner.dispose()


def test_the_applications_role_owns_nothing_and_passes_no_wall(company: Company, engine: Engine, role: str) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text("select current_user")) == role
        flags = connection.execute(
            text("select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles where rolname = :r"),
            {"r": role},
        ).one()
        assert tuple(flags) == (False, False, False, False)
        owned = connection.scalar(
            text("select count(*) from pg_class where relowner = (select oid from pg_roles where rolname = :r)"),
            {"r": role},
        )
        assert owned == 0
        for name in installed(company):
            rights = connection.execute(
                text("select has_table_privilege(:t, 'TRUNCATE'), has_table_privilege(:t, 'UPDATE'),"
                     " has_table_privilege(:t, 'DELETE'), has_table_privilege(:t, 'INSERT')"), {"t": name}
            ).one()  # fmt: skip
            assert tuple(rights) == (False, *([name not in APPEND_ONLY] * 2), True), name
        with pytest.raises(ProgrammingError):
            connection.execute(text("create table mine (id int)"))


@pytest.mark.parametrize("statement", [
    "update guanjia_journal set body = '{}'", "delete from guanjia_journal", "truncate guanjia_journal",
    "update guanjia_rulebook set body = '{}'", "drop table guanjia_journal", "alter table guanjia_journal disable row level security",
    "alter table guanjia_journal no force row level security", "drop policy tenant on guanjia_journal",
])  # fmt: skip
def test_the_applications_role_cannot_touch_the_journal(company: Company, engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        as_company(connection, company.plan.company_id)
        assert connection.scalar(text("select count(*) from guanjia_journal")) > 0
        with pytest.raises(ProgrammingError) as refused:
            connection.execute(text(statement))
    assert "permission denied" in str(refused.value) or "must be owner" in str(refused.value)


def test_without_a_company_there_are_no_rows(company: Company, engine: Engine) -> None:
    with engine.connect() as connection:
        for name in sorted(installed(company)):
            assert connection.scalar(text(f'select count(*) from "{name}"')) == 0, name
        assert connection.execute(update(Site.__table__).values(name="x")).rowcount == 0  # type: ignore[arg-type]
        assert connection.execute(delete(Series.__table__)).rowcount == 0  # type: ignore[arg-type]
        with pytest.raises(ProgrammingError):
            connection.execute(insert(Series.__table__).values(_series(company.plan.company_id, company)))  # type: ignore[arg-type]


def _series(owner: UUID, company: Company) -> dict[str, Any]:
    sites = company.plan.sites if owner == company.plan.company_id else company.plan.other_sites
    return {"company_id": owner, "id": uuid4(), "site_id": sites["east"], "kind": "x", "year": 2026, "last": 1}


def test_statements_past_the_program_stay_in_their_company(company: Company, engine: Engine) -> None:
    ours, theirs = company.plan.company_id, company.plan.other_id
    with engine.connect() as connection:
        as_company(connection, ours)
        assert set(connection.scalars(select(Site.__table__.c.company_id))) == {ours}
        for statement in (
            insert(Series.__table__).values(_series(theirs, company)),  # type: ignore[arg-type]
            update(Site.__table__).values(company_id=theirs),  # type: ignore[arg-type]
        ):
            with pytest.raises(ProgrammingError) as refused, connection.begin_nested():
                connection.execute(statement)
            assert "row-level security" in str(refused.value)
        assert connection.execute(update(Site.__table__).values(name="x")).rowcount == 2  # type: ignore[arg-type]
        connection.execute(insert(Series.__table__).values(_series(ours, company)))  # type: ignore[arg-type]


def test_the_company_is_gone_after_the_transaction(company: Company, engine: Engine) -> None:
    """The next user of a pooled connection finds no company set, whether the last one committed or not."""
    backend = "select pg_backend_pid(), current_setting('app.company_id', true)"
    with engine.connect() as connection:
        pid, before = connection.execute(text(backend)).one()
        assert not before
    for commits in (True, False):
        session = TenantSession(bind=engine, autoflush=False)
        session.company_id = company.plan.company_id
        assert len(session.scalars(select(Site)).all()) == 2
        if commits:
            session.commit()
        session.close()
        with engine.connect() as connection:
            again, setting = connection.execute(text(backend)).one()
            assert (again, setting or "") == (pid, "")
            assert connection.scalar(text("select count(*) from tenants_site")) == 0
