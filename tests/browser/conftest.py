"""Chromium, and a portal for each file of tests: its company on a fresh copy of the filled database.

Without Playwright, axe or a browser the tests are skipped with the reason; in CI that is a failure.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

import office
import servers
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.host import discover

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.portal import Portal, Screens

NEEDED = ("playwright", "axe_playwright_python")
FAILED = pytest.StashKey[bool]()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without Playwright the files cannot be imported; test_present.py alone then says why."""
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    here = collection_path.parent == Path(__file__).parent
    return True if lacking and here and collection_path.name not in ("conftest.py", "test_present.py") else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A test that failed leaves pictures of its screens; `screens` looks here."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium, or a skip with the reason."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            servers.missing(f"{name} is not installed: install the extra `browser`")
    path = servers.chromium_path()
    from playwright.sync_api import sync_playwright

    from browser.portal import ARGUMENTS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def _app(folder: Path, url: str, owner: str, role: str | None) -> Flask:
    config = Config(
        data_folder=folder, database_url=url, owner_database_url=owner, secret_key="test only", app_role=role
    )
    return create_app(config, plugins=discover(), clock=Clock(office.START), seed=3, null_pool=role is not None)


@contextlib.contextmanager
def _portal(app: Flask, plan: office.Plan) -> Iterator[Portal]:
    from browser.portal import Portal, served

    with app.app_context(), served(app) as url:
        try:
            yield Portal(office.Company(app, app.extensions["guanjia"], plan), url)
        finally:
            db.engine.dispose()


@pytest.fixture(scope="module")
def portal(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The company under test, served from SQLite, its clock stopped at Monday 2026-11-16 09:10 Shanghai."""
    template, plan = sqlite_template
    folder = tmp_path_factory.mktemp("portal")
    shutil.copyfile(template, folder / "test.sqlite")
    url = f"sqlite:///{folder / 'test.sqlite'}"
    with _portal(_app(folder, url, url, None), plan) as found:
        yield found


@pytest.fixture
def portal_on_postgresql(postgres_template: Any, postgres: servers.Postgres, tmp_path: Path) -> Iterator[Portal]:
    """The same, served from PostgreSQL behind its row-level security."""
    import os

    template, plan = postgres_template
    name = f"guanjia_browser_{os.getpid()}"
    owner = servers.clone(postgres.owner_url, template, name)
    try:
        with _portal(_app(tmp_path, postgres.app_url(owner), owner, postgres.app_role), plan) as found:
            yield found
    finally:
        servers.drop(postgres.owner_url, name)


@pytest.fixture
def screens(request: pytest.FixtureRequest, chromium: Browser, portal: Portal, tmp_path: Path) -> Iterator[Screens]:
    """People before screens: `screens("receptionist")`. The test fails on whatever a page of theirs complained of."""
    from browser.portal import Screens

    found = Screens(chromium, portal, tmp_path)
    yield found
    faults = found.close(picture=request.node.stash.get(FAILED, True))
    assert not faults, faults
