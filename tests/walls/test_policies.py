"""The second wall as PostgreSQL has it: the same policy behind every tenant table, and a role that owns nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from guanjia.db.migrate import APPEND_ONLY
from office import Company
from walls.every_table import DOWN, as_company, installed

pytestmark = pytest.mark.parametrize("company", ["postgresql"], indirect=True)
TEST = "(company_id = (NULLIF(current_setting('app.company_id'::text, true), ''::text))::uuid)"
FOR_BACKUP = "(current_setting('app.backup'::text, true) = 'on'::text)"
# name, permissive, command (all; reading), whom it lets see, what it lets write, for whom
POLICIES = [
    ("backup", True, "r", FOR_BACKUP, None, ["owner"]), ("tenant", True, "*", TEST, TEST, ["public"]),
]  # fmt: skip


@pytest.fixture
def engine(company: Company) -> Iterator[Engine]:
    """The application's role, past the walls of the program."""
    found = create_engine(company.host.config.database_url, pool_size=1, max_overflow=0)
    yield found.execution_options(**DOWN)
    found.dispose()


@pytest.fixture
def owner(company: Company) -> Iterator[Engine]:
    """The owner of the tables."""
    found = create_engine(company.host.config.owner_database_url)
    yield found.execution_options(**DOWN)
    found.dispose()


def policy_faults(connection: Connection, wanted: set[str]) -> list[str]:
    """Where the catalogue of the database leaves the one shape that every tenant table has."""
    flags = {row[0]: tuple(row[1:]) for row in connection.execute(text(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"))}  # fmt: skip
    policies: dict[str, list[tuple[Any, ...]]] = {}
    whom = "case r when 0 then 'public' when c.relowner then 'owner' else r::regrole::text end"
    for name, *policy in connection.execute(text(
        "select c.relname, p.polname, p.polpermissive, p.polcmd, pg_get_expr(p.polqual, p.polrelid),"
        f" pg_get_expr(p.polwithcheck, p.polrelid), array(select {whom} from unnest(p.polroles) r)"
        " from pg_policy p join pg_class c on c.oid = p.polrelid order by c.relname, p.polname")):  # fmt: skip
        policies.setdefault(name, []).append(tuple(policy))
    found = []
    for name in sorted(wanted):
        if flags.get(name) != (True, True):
            found.append(f"{name}: row-level security is {flags.get(name)}, not on and forced")
        if policies.get(name) != POLICIES:
            found.append(f"{name}: its policies are {policies.get(name)}")
    holding = set(connection.scalars(text(
        "select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where a.attname = 'company_id' and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace")))  # fmt: skip
    found += [
        f"{name}: holds a company and stands behind no wall" for name in sorted(holding - wanted - {"guanjia_beacon"})
    ]
    found += [f"{name}: shows rows as its owner" for name in connection.scalars(text(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')"))]  # fmt: skip
    found += [f"{name}: a function runs with its owner's rights" for name in connection.scalars(text(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"))]  # fmt: skip
    return found


def test_the_same_policies_stand_behind_every_tenant_table_and_binds_the_owner_too(
    company: Company, engine: Engine
) -> None:
    wanted = installed(company)
    assert len(wanted) > 30
    with engine.connect() as connection:
        assert policy_faults(connection, wanted) == []


@pytest.mark.parametrize("statement", [
    "alter table tenants_site disable row level security", "alter table tenants_site no force row level security",
    "drop policy tenant on tenants_site", "create policy more on tenants_site for select using (true)",
    "alter policy tenant on tenants_site with check (true)", "alter policy tenant on tenants_site using (company_id is not null)",
    "alter policy tenant on tenants_site to current_user", "create table thing (company_id uuid, id uuid)",
    "create view all_sites as select * from tenants_site", "create materialized view all_sites as select * from tenants_site",
    "create function peep() returns bigint language sql security definer as 'select count(*) from tenants_site'",
])  # fmt: skip
def test_a_table_that_leaves_the_shape_is_found(company: Company, owner: Engine, statement: str) -> None:
    with owner.connect() as connection:
        connection.execute(text(statement))
        assert len(policy_faults(connection, installed(company))) == 1
        connection.rollback()
        assert policy_faults(connection, installed(company)) == []


def test_the_policy_for_backups_opens_nothing_to_the_application_nor_to_an_owner_who_does_not_ask(
    company: Company, engine: Engine, owner: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text("select set_config('app.backup', 'on', true)"))
        assert connection.scalar(text("select count(*) from guanjia_journal")) == 0
    with owner.connect() as connection:
        assert connection.scalar(text("select count(*) from guanjia_journal")) == 0
        connection.execute(text("select set_config('app.backup', 'on', true)"))
        assert connection.scalar(text("select count(*) from guanjia_journal")) > 0
        assert connection.execute(text("delete from guanjia_series")).rowcount == 0
        assert connection.execute(text("update tenants_site set name = 'x'")).rowcount == 0


# ---------------------------------------------------------------------- the role


def test_the_applications_role_owns_nothing_and_passes_no_wall(company: Company, engine: Engine) -> None:
    role = company.host.config.app_role
    with engine.connect() as connection:
        assert connection.scalar(text("select current_user")) == role
        flags = connection.execute(text(
            "select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication from pg_roles where rolname = :r"),
            {"r": role}).one()  # fmt: skip
        assert tuple(flags) == (False,) * 5
        member_of = "select count(*) from pg_auth_members where member = (select oid from pg_roles where rolname = :r)"
        assert connection.scalar(text(member_of), {"r": role}) == 0
        for catalogue, column in (("pg_class", "relowner"), ("pg_proc", "proowner"), ("pg_namespace", "nspowner")):
            query = f"select count(*) from {catalogue} where {column} = (select oid from pg_roles where rolname = :r)"
            assert connection.scalar(text(query), {"r": role}) == 0, catalogue
        for name in installed(company):
            rights = connection.execute(
                text("select has_table_privilege(:t, 'TRUNCATE'), has_table_privilege(:t, 'REFERENCES'),"
                     " has_table_privilege(:t, 'TRIGGER'), has_table_privilege(:t, 'UPDATE'),"
                     " has_table_privilege(:t, 'DELETE'), has_table_privilege(:t, 'INSERT')"), {"t": name}
            ).one()  # fmt: skip
            assert tuple(rights) == (False, False, False, *([name not in APPEND_ONLY] * 2), True), name


@pytest.mark.parametrize("statement", [
    "update guanjia_journal set body = '{}'", "delete from guanjia_journal", "truncate guanjia_journal",
    "update guanjia_rulebook set body = '{}'", "delete from guanjia_rulebook", "drop table guanjia_journal",
    "truncate tenants_site cascade", "truncate customer_service_request",
    "alter table guanjia_journal disable row level security", "alter table guanjia_journal no force row level security",
    "drop policy tenant on guanjia_journal", "create policy more on guanjia_journal using (true)",
    "alter policy tenant on tenants_site using (true)", "alter table tenants_site disable trigger all",
    "alter table tenants_site drop constraint pk_tenants_site", "alter table tenants_site owner to current_user",
    "create table mine (id int)", "create function peep() returns int language sql as 'select 1'",
    "copy tenants_site to program 'cat'", "set session_replication_role = replica", "set role OWNER",
    "set session authorization OWNER", "alter role current_user bypassrls", "grant OWNER to current_user",
])  # fmt: skip
def test_the_applications_role_cannot_change_the_journal_or_the_walls(
    company: Company, engine: Engine, statement: str
) -> None:
    owner = make_url(company.host.config.owner_database_url).username
    statement = statement.replace("OWNER", f'"{owner}"')
    with engine.connect() as connection:
        as_company(connection, company.plan.company_id)
        assert connection.scalar(text("select count(*) from guanjia_journal")) > 0
        with pytest.raises(ProgrammingError) as refused:
            connection.execute(text(statement))
    assert any(words in str(refused.value) for words in ("permission denied", "must be owner", "InsufficientPrivilege"))


def test_switching_row_security_off_shows_nothing_but_an_error(company: Company, engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("set row_security = off"))
        with pytest.raises(ProgrammingError) as refused:
            connection.scalar(text("select count(*) from tenants_site"))
    assert "row-level security" in str(refused.value)
