"""Migrations: the core's revisions and one branch per plugin, with the policies that stand behind every tenant table."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from guanjia.db.session import prepare_engine

if TYPE_CHECKING:
    from guanjia.host import Host

APPEND_ONLY = frozenset({"guanjia_journal", "guanjia_rulebook"})


def script_folder() -> Path:
    """The folder of the Alembic environment: `migrations/` of a checkout, else the copy inside the wheel."""
    here = Path(__file__).parent.parent
    for folder in (here.parent.parent / "migrations", here / "_migrations"):
        if (folder / "env.py").exists():
            return folder
    raise FileNotFoundError("the migrations folder is missing: install the distribution guanjia anew")


def alembic_config(host: Host, url: str | None = None) -> AlembicConfig:
    """Alembic's configuration for this installation: every plugin's `migrations` folder, and copies of removed ones."""
    config = AlembicConfig()
    base = script_folder()
    folders = [base / "versions"]
    folders += [p.folder / "migrations" for p in host.plugins.values() if (p.folder / "migrations").is_dir()]
    kept = host.config.data_folder / "migrations"
    if kept.is_dir():
        present = {path.name for folder in folders for path in folder.glob("*.py")}
        folders += [f for f in sorted(kept.iterdir()) if f.is_dir() and not {p.name for p in f.glob("*.py")} & present]
    config.set_main_option("script_location", str(base))
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in folders))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["url"] = url or host.config.owner_database_url
    config.attributes["app_role"] = host.config.app_role
    return config


def upgrade(host: Host, url: str | None = None) -> None:
    """Bring the database to the newest revision of the core and of every plugin, as the owner of its tables.

    Each plugin's revisions are copied into the data folder, so that they are found after the plugin is gone.
    """
    config = alembic_config(host, url)
    command.upgrade(config, "heads")
    _let_read_versions(config)
    for plugin in host.plugins.values():
        folder = plugin.folder / "migrations"
        if plugin.key not in ("guanjia",) and folder.is_dir():
            target = host.config.data_folder / "migrations" / plugin.key
            target.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*.py"):
                shutil.copyfile(path, target / path.name)


def _let_read_versions(config: AlembicConfig) -> None:
    """The application may see which revisions are there, so that `/ready` can tell."""
    engine = create_engine(config.attributes["url"])
    role = config.attributes.get("app_role")
    if engine.dialect.name == "postgresql" and role:
        with engine.begin() as connection:
            connection.execute(text(f'GRANT SELECT ON alembic_version TO "{role}"'))
    engine.dispose()


def pending(host: Host, url: str | None = None) -> list[str]:
    """The revisions that the database still lacks; empty when it is ready."""
    config = alembic_config(host, url)
    script = ScriptDirectory.from_config(config)
    engine = create_engine(config.attributes["url"])
    try:
        with engine.connect() as connection:
            have = set(MigrationContext.configure(connection).get_current_heads())
    finally:
        engine.dispose()
    known = {r.revision for head in have for r in script.iterate_revisions(head, "base")} if have else set()
    return [r.revision for r in script.walk_revisions() if r.revision not in known]


def owner_engine(url: str) -> sa.Engine:
    """An engine for migrations."""
    engine = create_engine(url)
    prepare_engine(engine)
    return engine


def secure_tables(op: Any, *tables: str, app_role: str | None = None) -> None:
    """Put the second wall behind tenant tables, and let the application's role use them. PostgreSQL only.

    The journal can be added to and read, never changed or deleted.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        test = "company_id = nullif(current_setting('app.company_id', true), '')::uuid"
        op.execute(f'CREATE POLICY tenant ON "{table}" USING ({test}) WITH CHECK ({test})')
        let_owner_read(op.get_bind(), table)
        _grant(op, table, app_role)


def open_tables(op: Any, *tables: str, app_role: str | None = None) -> None:
    """Let the application's role use tables that stand outside the walls. PostgreSQL only."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            _grant(op, table, app_role)


def let_owner_read(connection: sa.Connection, table: str) -> None:
    """The owner of the table, and nobody else, reads over all companies where its connection asks for it, as a backup does."""
    test = "current_setting('app.backup', true) = 'on'"
    connection.execute(text(f'CREATE POLICY backup ON "{table}" FOR SELECT TO CURRENT_USER USING ({test})'))


def grant_to(connection: sa.Connection, table: str, role: str) -> None:
    """The application's role may use the table; what is only added to it can neither change nor delete."""
    rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    connection.execute(text(f'GRANT {rights} ON "{table}" TO "{role}"'))


def _grant(op: Any, table: str, app_role: str | None) -> None:
    role = app_role or _configured_role(op)
    if role:
        grant_to(op.get_bind(), table, role)


def _configured_role(op: Any) -> str | None:
    role: Any = op.get_context().opts.get("app_role")
    if not role:
        return None
    found = op.get_bind().execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).first()
    return str(role) if found else None
