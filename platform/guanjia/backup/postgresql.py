"""PostgreSQL: pg_dump and pg_restore as the owner of the tables, at the moment that the manifest was read at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from guanjia.backup.archive import BackupFault
from guanjia.backup.contents import OWNER_READS, Contents, read_contents
from guanjia.db.migrate import grant_to, let_owner_read

PART = "database.pgdump"
_ROLES_OF_THERE = re.compile(
    r"\d+; \d+ \d+ (ACL|DEFAULT ACL|POLICY \S+ \S+ backup) "
)  # their roles may be called otherwise here


def dump(url: str, folder: Path) -> tuple[Path, Contents, str]:
    """A dump in pg_dump's custom format in `folder`, what it holds, and the server's version.

    Contents and dump are read in one snapshot. Raises BackupFault where the owner could not read every row.
    """
    target = folder / PART
    with _connected(url) as connection:
        connection.execute(text("set transaction isolation level repeatable read read only"))
        walls = [] if _passes_walls(connection) else ["--enable-row-security"]
        if walls:
            _refuse_if_hidden(connection)
        version = str(connection.scalar(text("show server_version")))
        snapshot = str(connection.scalar(text("select pg_export_snapshot()")))
        _run(url, "pg_dump", "--format=custom", f"--file={target}", f"--snapshot={snapshot}", "--no-password", *walls)
        return target, read_contents(connection), version


def contents_of(url: str) -> Contents:
    """What the database holds."""
    with _connected(url) as connection:
        return read_contents(connection)


def is_filled(url: str) -> bool:
    """Whether there are tables already."""
    with _connected(url) as connection:
        return bool(_tables(connection))


def refuse_if_open(url: str) -> None:
    """Raises BackupFault while others are connected to the database."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with _connected(url) as connection:
        others = connection.scalar(text(query))
    if others:
        raise BackupFault(
            f"{others} connections to the database are open. Stop web processes and workers first, then try again."
        )


def put(dumped: Path, url: str, app_role: str | None) -> None:
    """The dump's tables are the database's, in one transaction; the application's role may use them.

    Whatever tables stood there before are gone: ask `is_filled` first.
    """
    wanted = dumped.with_suffix(".list")
    lines = _run(url, "pg_restore", "--list", str(dumped)).splitlines()
    wanted.write_text("\n".join(line for line in lines if not _ROLES_OF_THERE.match(line)), encoding="utf-8")
    with _connected(url) as connection:
        for name in _tables(connection):
            connection.execute(text(f'drop table if exists "{name}" cascade'))
        connection.commit()
    _run(url, "pg_restore", "--no-owner", "--no-acl", "--no-password", "--single-transaction", "--exit-on-error",
         f"--use-list={wanted}", f"--dbname={make_url(url).database}", str(dumped))  # fmt: skip
    with _connected(url) as connection:
        for name, walled in _tables(connection).items():
            if walled:
                let_owner_read(connection, name)
            if app_role and name != "alembic_version":  # which the migrations open
                grant_to(connection, name, app_role)
        connection.commit()


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": OWNER_READS})
    try:
        connection = engine.connect()
    except OperationalError as fault:
        raise BackupFault("PostgreSQL does not answer. Check GUANJIA_OWNER_DATABASE_URL.") from fault
    with connection:
        yield connection.execution_options(walls_down="backup and restore read over all companies, as the owner")


def _passes_walls(connection: Connection) -> bool:
    return bool(connection.scalar(text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")))


def _tables(connection: Connection) -> dict[str, bool]:
    """The tables of the schema `public`, and whether each stands behind the second wall."""
    query = "select relname, relrowsecurity from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    return {row[0]: row[1] for row in connection.execute(text(query + " order by relname"))}


def _refuse_if_hidden(connection: Connection) -> None:
    readable = set(
        connection.scalars(
            text(
                "select tablename from pg_policies where schemaname = 'public' and policyname = 'backup' and "
                "(current_user = any(roles) or 'public' = any(roles))"
            )
        )
    )
    hidden = [name for name, walled in _tables(connection).items() if walled and name not in readable]
    if hidden:
        raise BackupFault(
            f"Rows of {len(hidden)} tables are hidden from {connection.engine.url.username} ({', '.join(hidden[:3])}…). "
            "GUANJIA_OWNER_DATABASE_URL must name the role that owns the tables, or one with BYPASSRLS."
        )


def _run(url: str, program: str, *words: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise BackupFault(
            f"{program} is not installed. Install PostgreSQL's client programs (Debian: postgresql-client), "
            "of the server's release or a newer one."
        )
    done = subprocess.run([path, *words], env=_environment(url), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        told = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise BackupFault(f"{program} failed: {' '.join(told[-4:])[:600]}")
    return done.stdout


def _environment(url: str) -> dict[str, str]:
    """How libpq's programs find the server: by their environment, which no list of processes shows."""
    made = make_url(url)
    query: Mapping[str, object] = made.query
    found = {
        "PGHOST": made.host or query.get("host"), "PGPORT": made.port or query.get("port"), "PGUSER": made.username,
        "PGPASSWORD": made.password, "PGDATABASE": made.database, "PGOPTIONS": OWNER_READS,
        "PGSSLMODE": query.get("sslmode"), "PGSSLROOTCERT": query.get("sslrootcert"),
    }  # fmt: skip
    return dict(os.environ) | {name: str(value) for name, value in found.items() if value}
