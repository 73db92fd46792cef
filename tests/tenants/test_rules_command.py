"""`guanjia rules`: every rule as data, and how one came to be as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

import guanjia.cli
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from sample_rules import rules as sample
from tenants.plugin import plugin
from tenants.settings.cli import rules

from .conftest import Firm, make_firm

SWEEP = "sample_rules.sweep"


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    config = Config(data_folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'test.sqlite'}", owner_database_url="")
    app = create_app(config, plugins=[plugin, sample.plugin], clock=clock, seed=7)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in this application instead of the installed one."""

    @contextmanager
    def running() -> Iterator[tuple[Flask, Any]]:
        yield app, app.extensions["guanjia"]

    monkeypatch.setattr(guanjia.cli, "running", running)

    def run_(*words: str) -> Result:
        return CliRunner().invoke(rules, list(words))

    return run_


@pytest.fixture
def firm(app: Flask, clock: Clock) -> Firm:
    firm = make_firm(app, clock, "demo")
    firm.site("inner")
    form = {"scope_kind": "company", "from_day": "2026-12-01", "reason": "Winter", "rules": [
        {"rule": SWEEP, "params": {"within_hours": 48}, "locked_params": ["within_hours"]}]}  # fmt: skip
    firm.hq.perform("tenants.rule_change.enter", None, form)
    return firm


def test_the_list_names_every_rule_with_its_declared_defaults(run: Any) -> None:
    found = {rule["key"]: rule for rule in json.loads(run("list", "--json").output)}
    assert [key for key in found if key.startswith("sample_rules.")] == [
        f"sample_rules.{name}" for name in ("sweep", "pay_first", "pay_later", "dry", "cupboard")]  # fmt: skip
    assert found[SWEEP] == {
        "key": SWEEP, "kind": "guard", "plugin": "sample_rules", "clauses": ["90/1.1"], "title_zh": "按时清扫",
        "title_en": "Sweep in time", "default": "on",
        "params": {"within_hours": 24, "fee_fen": 1000, "share": "0.3", "role": "cashier", "also": [],
                   "kinds": ["stairs", "hall"], "season": "winter", "by_machine": False},
    }  # fmt: skip
    assert found["sample_rules.pay_later"]["default"] == "off"
    assert (found["sample_rules.cupboard"]["kind"], found["sample_rules.cupboard"]["params"]) == ("record", {})
    table = run("list", "--language", "en").output
    assert SWEEP in table and "Sweep in time" in table and "90/1.1" in table


def test_explain_tells_each_value_and_where_it_comes_from(run: Any, firm: Firm) -> None:
    where = ("explain", SWEEP, "--company", "demo", "--site", "inner")
    now = json.loads(run(*where, "--json").output)["values"]["within_hours"]
    assert now == {"value": 24, "set_by": None, "locked_by": None}
    then = json.loads(run(*where, "--json", "--at", "2026-12-01").output)
    origin = then["values"]["within_hours"]["set_by"]
    assert (then["values"]["within_hours"]["value"], then["on"], then["active"]) == (48, True, True)
    assert (origin["scope"], origin["author"], origin["reason"], origin["from_day"]) == (
        "Demo Ltd",
        "Admin",
        "Winter",
        "2026-12-01",
    )
    assert then["values"]["within_hours"]["locked_by"] == origin
    zh, en = (run(*where, "--at", "2026-12-01T00:00+08:00", "--language", language).output for language in ("zh", "en"))
    assert "时限: 48 小时" in zh and "制度默认" in zh and "楼梯和大堂要按时清扫。" in zh
    assert "Time limit: 48 hours" in en and "Winter" in en and "locked" in en
    assert "24 hours" in run(*where, "--at", "2026-11-30T23:59", "--language", "en").output
    headquarters = json.loads(run("explain", SWEEP, "--company", "demo", "--json", "--at", "2026-12-01").output)
    assert headquarters["scope"]["kind"] == "company" and headquarters["values"]["within_hours"]["locked_by"] is None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((SWEEP, "--company", "nobody"), "nobody"),
        ((SWEEP, "--company", "demo", "--site", "nowhere"), "nowhere"),
        (("sample_rules.cupboard", "--company", "demo"), "sample_rules.cupboard"),
        (("a.b", "--company", "demo"), "a.b"),
        ((SWEEP, "--company", "demo", "--at", "tomorrow"), "tomorrow"),
    ],
)
def test_what_is_not_there_is_named_and_ends_with_2(run: Any, firm: Firm, words: tuple[str, ...], named: str) -> None:
    result = run("explain", *words)
    assert result.exit_code == 2
    assert named in result.stderr
