"""The sample office as a fixture, on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import servers
from core.walking import Office, fill, opened


@pytest.fixture(scope="session")
def sqlite_filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A filled database file, made once."""
    folder = tmp_path_factory.mktemp("pages")
    known = fill(f"sqlite:///{folder / 'pages.sqlite'}", folder)
    with contextlib.closing(sqlite3.connect(folder / "pages.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "pages.sqlite", known


@pytest.fixture(scope="session")
def postgres_filled(postgres: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A filled PostgreSQL database, made once."""
    folder, name = tmp_path_factory.mktemp("pages_pg"), f"guanjia_pages_{os.getpid()}"
    known: dict[str, Any] = {}
    servers.make_template(postgres.owner_url, name, lambda url: known.update(fill(url, folder)))
    return name, known


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A copy of the filled database."""
    if request.param == "sqlite":
        source, known = request.getfixturevalue("sqlite_filled")
        shutil.copyfile(source, tmp_path / "pages.sqlite")
        url, name = f"sqlite:///{tmp_path / 'pages.sqlite'}", None
    else:
        source, known = request.getfixturevalue("postgres_filled")
        server: servers.Postgres = request.getfixturevalue("postgres")
        name = f"guanjia_page_{os.getpid()}"
        url = servers.clone(server.owner_url, source, name)
    with opened(url, tmp_path, seed=2) as (app, clock):
        yield Office(app, clock, known["company"], known["admin"], dict(known["sites"]), dict(known["people"]))
    if name is not None:
        servers.drop(server.owner_url, name)
