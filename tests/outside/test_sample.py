"""A plugin of others through its whole life: installed, tried by its own tests, at work, removed without a trace."""

from __future__ import annotations

import ast
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from guanjia.plugin_commands.removing import STAYS
from outside.environment import Environment

HERE = Path(__file__).parent
SAMPLE = HERE / "guanjia-sample-parcels"
KEY = "pm_parcels"
PUBLIC = ("guanjia.sdk", "guanjia.testing", "tenants.public")
OF_OTHERS = ("__future__", "collections", "dataclasses", "datetime", "flask", "itertools", "marshmallow", "pytest", "sqlalchemy",
             "typing", "uuid", "alembic", KEY)  # fmt: skip
# What differs although nothing of the plugin is in it: a counter that tells processes to look anew, and when a role was changed.
MOVES_ON = {"guanjia_tenant": {"version"}, "tenants_role": {"version", "changed_at"}}

Rows = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Life:
    """What was seen at each stage."""

    environment: Environment
    before: Rows = field(default_factory=dict)
    shape_before: list[Any] = field(default_factory=list)
    after: Rows = field(default_factory=dict)
    shape_after: list[Any] = field(default_factory=list)
    present: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


def living(environment: Environment, what: str, folder: Path) -> dict[str, Any]:
    done = environment.run(str(environment.python), str(HERE / "living.py"), what, str(folder))
    return dict(json.loads(done.stdout))


def snapshot(folder: Path) -> tuple[list[Any], Rows]:
    """The database's shape, and its rows by table and primary key."""
    with closing(sqlite3.connect(folder / "guanjia.sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        shape = [tuple(r) for r in connection.execute("select type, name, sql from sqlite_master order by type, name")]
        rows: Rows = {}
        for _kind, name, _sql in (s for s in shape if s[0] == "table"):
            found = [dict(row) for row in connection.execute(f'select * from "{name}"')]
            rows[name] = {
                json.dumps([row.get("company_id"), row.get("id"), row.get("version_num")]): row for row in found
            }
    return shape, rows


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The plugin's life, lived once."""
    folder = tmp_path_factory.mktemp("outside")
    here = Environment.make(folder)
    here.data.mkdir()
    found = Life(here)
    living(here, "found", here.data)
    found.shape_before, found.before = snapshot(here.data)
    here.install(SAMPLE)
    found.present = living(here, "work", here.data)
    here.uninstall("guanjia-sample-parcels", KEY)
    found.shape_after, found.after = snapshot(here.data)
    found.absent = living(here, "after", here.data)
    found.kept = living(here, "kept", folder / "kept")
    yield found


def findings(told: Any, *what: str) -> list[dict[str, str]]:
    """The doctor's findings of these kinds."""
    _code, text = told["doctor"]
    return [finding for finding in json.loads(text) if finding["what"] in what]


# -- public names only -----------------------------------------------------------------------------------


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module or ""


def test_the_sample_imports_public_names_only() -> None:
    """Its migrations besides use `guanjia.db`, as `guanjia db revision` writes them."""
    files = sorted(SAMPLE.rglob("*.py"))
    assert len(files) > 15
    allowed = (*PUBLIC, *OF_OTHERS)
    for path in files:
        more = ("guanjia.db.types", "guanjia.db.migrate") if path.parent.name == "migrations" else ()
        strange = [
            name
            for name in imports(path)
            if not name.startswith(tuple(f"{a}." for a in allowed)) and name not in (*allowed, *more)
        ]
        assert strange == [], path


def test_what_the_sample_takes_from_the_sdk_is_listed_there() -> None:
    import guanjia.sdk

    for path in SAMPLE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "guanjia.sdk":
                assert {alias.name for alias in node.names} <= set(guanjia.sdk.__all__), path


# -- its life --------------------------------------------------------------------------------------------


def test_its_own_tests_pass_in_an_environment_of_its_own(tmp_path: Path) -> None:
    here = Environment.make(tmp_path)
    here.install(SAMPLE)
    shutil.copytree(SAMPLE / "tests", tmp_path / "tests")
    shutil.copy(SAMPLE / "pyproject.toml", tmp_path)
    done = here.run(str(here.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert " passed" in done.stdout and "failed" not in done.stdout


def test_it_works(life: Life) -> None:
    assert KEY in life.present["plugins"]
    assert set(life.present["answers"].values()) == {200}
    assert life.present["faults"] == []
    assert life.present["tasks"] > 0


def test_it_is_listed_with_its_distribution(life: Life) -> None:
    (entry,) = [e for e in json.loads(life.present["list"][1]) if e["key"] == KEY]
    assert entry == {
        "key": KEY, "title": "Parcels", "state": "installed", "distribution": "guanjia-sample-parcels", "version": "1.0.0",
        "needs": [], "flows": 2, "rules": 5, "tables": ["pm_parcels_day_count", "pm_parcels_parcel"],
    }  # fmt: skip


def test_removal_says_what_goes_and_writes_it_down_first(life: Life) -> None:
    code, told = life.present["remove"]
    assert code == 0, told
    for line in ("acme  pm_parcels_parcel  3", "acme  guanjia_file  1", "pip uninstall guanjia-sample-parcels"):
        assert line in told
    export = life.environment.data.parent / "export"
    assert export.stat().st_mode & 0o077 == 0
    parcels = [json.loads(line) for line in (export / "acme" / "pm_parcels_parcel.jsonl").read_text().splitlines()]
    assert sorted(p["state"] for p in parcels) == ["handed_over", "on_shelf", "sent_back"]
    assert {p["recipient"] for p in parcels} == {"Wang"}
    (picture,) = (export / "acme" / "files").iterdir()
    assert picture.read_bytes().endswith(b"a picture in a test")
    assert json.loads((export / "about.json").read_text())["rows"]["acme"]["pm_parcels_parcel"] == 3


def test_what_others_need_is_not_removed(life: Life) -> None:
    code, told = life.present["refused"]
    assert code == 1
    assert "customer_service" in told and "remove that first" in told


def test_afterwards_the_database_has_the_shape_of_one_that_never_had_it(life: Life) -> None:
    assert life.shape_after == life.shape_before
    assert life.after["alembic_version"] == life.before["alembic_version"]


def test_afterwards_every_row_of_before_is_as_it_was(life: Life) -> None:
    for table, rows in life.before.items():
        if table in STAYS:
            continue
        ignored = MOVES_ON.get(table, set())
        for key, row in rows.items():
            now = life.after[table].get(key)
            if table in ("guanjia_outbox", "guanjia_beacon", "tenants_login_session") and now != row:
                continue  # timers of the eight days went off
            assert now is not None, (table, row)
            assert {k: v for k, v in now.items() if k not in ignored} == {
                k: v for k, v in row.items() if k not in ignored
            }


def test_afterwards_nothing_speaks_of_it_but_what_has_to_stay(life: Life) -> None:
    speaking = {
        table for table, rows in life.after.items() for row in rows.values() if any(KEY in str(v) for v in row.values())
    }
    assert speaking <= set(STAYS), speaking - set(STAYS)
    assert {"guanjia_journal", "guanjia_rulebook", "guanjia_series", "tenants_rule_setting"} <= speaking
    steps = [row["step"] for row in life.after["guanjia_journal"].values() if row["step"] == "guanjia.plugin.remove"]
    assert len(steps) == 2  # one in each company's journal
    assert not (life.environment.data / "migrations" / KEY).exists()


def test_afterwards_the_rest_is_served_and_doctor_has_nothing_to_say(life: Life) -> None:
    answers = life.absent["answers"]
    assert {path for path, status in answers.items() if status != 200} == {
        "/s/east/pm_parcels/shelf",
        "/s/east/pm_parcels/parcel",
    }
    assert answers["/s/east/pm_parcels/shelf"] == 404
    assert life.absent["faults"] == []
    states = [(finding["what"], finding["state"]) for finding in findings(life.absent, "plugins", "migrations")]
    assert states == [("plugins", "ok"), ("migrations", "ok")]


def test_the_journal_is_whole_afterwards(life: Life) -> None:
    for seen in (life.absent, life.kept):
        code, told = seen["verify"]
        assert (code, json.loads(told)["findings"]) == (0, [])


# -- uninstalled without being removed -------------------------------------------------------------------


def test_uninstalled_without_removal_the_host_starts_its_rules_rest_and_doctor_names_it(life: Life) -> None:
    seen = life.kept
    assert KEY not in seen["plugins"]
    assert {status for path, status in seen["answers"].items() if KEY not in path} == {200}
    assert seen["faults"] == []
    (named,) = [finding for finding in findings(seen, "plugins") if finding["state"] == "warn"]
    assert "pm_parcels is uninstalled; 2 tables of it remain" in named["note"]
    assert "guanjia plugin remove pm_parcels" in named["do"]
    assert [finding["state"] for finding in findings(seen, "migrations")] == ["ok"]


def test_it_can_be_removed_after_it_was_uninstalled(life: Life) -> None:
    folder = life.environment.data.parent
    code, told = life.kept["remove"]
    assert code == 0, told
    shape, rows = snapshot(folder / "kept")
    assert shape == life.shape_before
    assert rows["alembic_version"] == life.before["alembic_version"]
    lines = (folder / "late" / "acme" / "pm_parcels_parcel.jsonl").read_text().splitlines()
    assert len(lines) == 3
