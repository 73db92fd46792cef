"""Fixtures for the tests of plugins; in the plugin's pyproject.toml: `addopts = ["-p", "guanjia.testing.fixtures"]`.

A company is founded once a run, on SQLite, with every plugin that is installed; each test gets a copy of that database.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import pytest

from guanjia.testing.browser import Browser, Program
from guanjia.testing.company import Company, Known, Person, open_company


@pytest.fixture(scope="session")
def guanjia_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Known, Known]]:
    """A folder with a migrated database that holds two companies, and their ids."""
    folder = tmp_path_factory.mktemp("guanjia")
    with open_company(folder) as company:
        assert company.rival is not None
        known = (company.known, company.rival.known)
    with closing(sqlite3.connect(folder / "guanjia.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder, known


@pytest.fixture
def guanjia_company(guanjia_template: tuple[Path, tuple[Known, Known]], tmp_path: Path) -> Iterator[Company]:
    """A company with the sites `east` and `west`, its clock stopped at Monday 2026-11-16, 09:10 in Shanghai."""
    folder, known = guanjia_template
    shutil.copyfile(folder / "guanjia.sqlite", tmp_path / "guanjia.sqlite")
    with open_company(tmp_path, deepcopy(known)) as company:
        yield company


@pytest.fixture
def act_as(guanjia_company: Company) -> Callable[..., Person]:
    """`act_as("receptionist")` is whoever holds the role at `east`, `act_as("receptionist", "west")` at the other site."""
    return guanjia_company.person


@pytest.fixture
def browse_as(guanjia_company: Company) -> Callable[..., Browser]:
    """`browse_as("receptionist").page("/s/east/")`: a page as that member of staff reads it."""
    return lambda role, site="east", language="en": guanjia_company.person(role, site).browser(language)


@pytest.fixture
def program_of(guanjia_company: Company) -> Callable[..., Program]:
    """`program_of("receptionist").get("/sites/…")`: the API in that member of staff's name."""
    return lambda role, site="east", language="en": guanjia_company.person(role, site).program(language)
