"""What plugins there are: installed, left out by the operator, or gone with their tables still in the database."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points

from sqlalchemy import Engine, create_engine, inspect

from guanjia.db.base import Base
from guanjia.host import GROUP, Host, tables_of
from guanjia.words import speaking

INSTALLED, LEFT_OUT, GONE = "installed", "left out", "gone"
CORE = ("guanjia", "tenants")


@dataclass(frozen=True)
class Listed:
    """A plugin as the operator sees it. `tables` are those in the database."""

    key: str
    title: str
    state: str
    distribution: str
    version: str
    needs: tuple[str, ...] = ()
    flows: int = 0
    rules: int = 0
    tables: tuple[str, ...] = ()


def listed(host: Host) -> list[Listed]:
    """Every plugin, by key: those of the host, those left out, and those of which only tables remain."""
    sources = {e.name: (e.dist.name, e.dist.version) for e in entry_points(group=GROUP) if e.dist is not None}
    found = []
    with speaking("en"):
        for plugin in host.plugins.values():
            name, version = sources.get(plugin.key, ("guanjia", ""))
            found.append(
                Listed(plugin.key, str(plugin.title), INSTALLED, name, version, plugin.needs, len(plugin.flows),
                       len(plugin.rules), tuple(sorted(tables_of(plugin))))
            )  # fmt: skip
    for key in host.left_out:
        if key not in host.plugins:
            name, version = sources.get(key, ("", ""))
            found.append(Listed(key, key, LEFT_OUT, name, version, tables=remaining_tables(host, key)))
    known = {entry.key for entry in found}
    for key in kept_revisions(host):
        if key not in known and (tables := remaining_tables(host, key)):
            found.append(Listed(key, key, GONE, "", "", tables=tables))
    return sorted(found, key=lambda entry: entry.key)


def gone(host: Host) -> list[Listed]:
    """The plugins that were uninstalled without being removed: their tables remain, their rules rest."""
    return [entry for entry in listed(host) if entry.state == GONE]


def kept_revisions(host: Host) -> list[str]:
    """The keys of plugins whose revisions were copied into the data folder."""
    folder = host.config.data_folder / "migrations"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def remaining_tables(host: Host, key: str) -> tuple[str, ...]:
    """The tables in the database that bear the prefix of a plugin which is not loaded."""
    others = {name for plugin in host.plugins.values() if plugin.key != key for name in tables_of(plugin)}
    longer = tuple(f"{other}_" for other in (*host.plugins, *kept_revisions(host)) if other.startswith(f"{key}_"))
    engine: Engine = create_engine(host.config.owner_database_url)
    try:
        names = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    mine = [name for name in names if name.startswith(f"{key}_") and name not in others]
    return tuple(sorted(name for name in mine if not (longer and name.startswith(longer))))


def model_of(table: str) -> type | None:
    """The model behind a table, if its plugin is loaded."""
    return next((m.class_ for m in Base.registry.mappers if m.class_.__tablename__ == table), None)
