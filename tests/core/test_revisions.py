"""`guanjia db revision`: nothing to write where database and models are equal, and a second revision follows the first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer

from guanjia.db import migrate, revisions
from guanjia.db.base import Base
from office import Company


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The core's revisions in a copy, so that nothing is written beside the real ones."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.script_folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "script_folder", lambda: copy)
    monkeypatch.setattr(revisions, "script_folder", lambda: copy)
    return copy / "versions"


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_models_and_migrations_are_equal(company: Company, folder: Path):
    before = sorted(path.name for path in folder.glob("*.py"))
    assert revisions.make_revision(company.host, "core", "nothing new") is None
    assert sorted(path.name for path in folder.glob("*.py")) == before


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_a_second_revision_of_a_branch_follows_the_first(company: Company, folder: Path):
    table = Base.metadata.tables["tenants_site"]
    column = Column("trial", Integer)
    table.append_column(column)
    try:
        path = revisions.make_revision(company.host, "core", "trial")
    finally:
        table._columns.remove(column)  # type: ignore[attr-defined]
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "down_revision = 'core_0001'" in text
    assert "branch_labels = None" in text
    assert "op.add_column('tenants_site'" in text
