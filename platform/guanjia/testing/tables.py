"""What a plugin's tests hold of its tables: they equal its models, stand behind the walls, and bear the plugin's prefix."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from guanjia.db.base import Base, tenant_tables
from guanjia.db.migrate import owner_engine
from guanjia.host import Host, tables_of


def unwritten_changes(host: Host, plugin: str) -> list[Any]:
    """What the plugin's models have and its migrations lack, as Alembic says it; empty where they agree."""

    def own(obj: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
        table = name if kind == "table" else getattr(getattr(obj, "table", None), "name", None)
        return table is None or table.startswith(f"{plugin}_")

    engine = owner_engine(host.config.owner_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": own, "compare_type": True})
        found = compare_metadata(context, Base.metadata)
    engine.dispose()
    return list(found)


def without_prefix(host: Host, plugin: str) -> list[str]:
    """The plugin's tables that do not begin with its key; there should be none."""
    return [name for name in tables_of(host.plugins[plugin]) if not name.startswith(f"{plugin}_")]


def outside_the_walls(host: Host, plugin: str) -> list[str]:
    """The plugin's tables that are not separated by company; there should be none."""
    return [name for name in tables_of(host.plugins[plugin]) if name not in tenant_tables()]
