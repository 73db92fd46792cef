"""One world for each database, built once and copied for each file of tests: see world.py."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import office
import servers
from access.people import World
from access.world import Plans, build
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.host import discover

DATABASES = ("sqlite", "postgresql")


def _app(folder: Path, url: str, owner: str, role: str | None, seed: int) -> Flask:
    config = Config(
        data_folder=folder, database_url=url, owner_database_url=owner, secret_key="test only", app_role=role,
        webhook_private=True,  # so that addresses of nobody can be entered
    )  # fmt: skip
    app = create_app(config, plugins=discover(), clock=Clock(office.START), seed=seed, null_pool=False)
    app.config["PROPAGATE_EXCEPTIONS"] = False  # a fault is answered with 500, as in a server, and counted
    return app


def _quick(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # nobody pulls the plug during a test


@contextlib.contextmanager
def _opened(folder: Path, url: str, owner: str, role: str | None, seed: int) -> Iterator[Flask]:
    from sqlalchemy import event

    app = _app(folder, url, owner, role, seed)
    with app.app_context():
        if url.startswith("sqlite"):
            event.listen(db.engine, "connect", _quick)
        try:
            yield app
        finally:
            db.engine.dispose()


@pytest.fixture(scope="session")
def _sqlite_world(
    sqlite_template: tuple[Path, office.Plan], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Plans]:
    template, plan = sqlite_template
    folder = tmp_path_factory.mktemp("access")
    path = folder / "world.sqlite"
    shutil.copyfile(template, path)
    with _opened(folder, f"sqlite:///{path}", f"sqlite:///{path}", None, seed=3) as app:
        plans = build(app, app.extensions["guanjia"], plan)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path, plans


@pytest.fixture(scope="session")
def _postgres_world(
    postgres: servers.Postgres, postgres_template: tuple[str, office.Plan], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Plans, Path]:
    template, plan = postgres_template
    name = f"guanjia_access_{os.getpid()}"
    owner = servers.clone(postgres.owner_url, template, name)
    folder = tmp_path_factory.mktemp("pgaccess")
    with _opened(folder, postgres.app_url(owner), owner, postgres.app_role, seed=3) as app:
        plans = build(app, app.extensions["guanjia"], plan)
    return name, plans, folder


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world on a copy of its own, for all tests of one file."""
    folder = tmp_path_factory.mktemp("world")
    if request.param == "sqlite":
        path, plans = request.getfixturevalue("_sqlite_world")
        shutil.copyfile(path, folder / "world.sqlite")
        _copy_files(path.parent, folder)
        url = f"sqlite:///{folder / 'world.sqlite'}"
        with _opened(folder, url, url, None, seed=4) as app, _remembering_credentials(app):
            yield World(app, plans)
        return
    server: servers.Postgres = request.getfixturevalue("postgres")
    template, plans, kept = request.getfixturevalue("_postgres_world")
    name = f"guanjia_access_{os.getpid()}_{folder.name}"
    owner = servers.clone(server.owner_url, template, name)
    _copy_files(kept, folder)
    try:
        with (
            _opened(folder, server.app_url(owner), owner, server.app_role, seed=4) as app,
            _remembering_credentials(app),
        ):
            yield World(app, plans)
    finally:
        servers.drop(server.owner_url, name)


@contextlib.contextmanager
def _remembering_credentials(app: Flask) -> Iterator[None]:
    """Whose cookie or token it is, is asked once: that is half of what a request costs, and tested elsewhere."""
    directory = app.extensions["guanjia"].directory
    with pytest.MonkeyPatch.context() as patch:
        for name in ("bearer", "signed_in"):
            patch.setattr(directory, name, cache(getattr(directory, name)))
        yield


def _copy_files(source: Path, target: Path) -> None:
    shutil.copytree(source / "files", target / "files")
