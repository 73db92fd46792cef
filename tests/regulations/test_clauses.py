"""Code and clause data say the same, in both directions; and where the catalogue of clauses stands beside the checkout, it does too."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from guanjia.host import discover, in_order
from guanjia.manifest import Plugin
from guanjia.rules.clauses import ClauseBook, load_clauses
from guanjia.rules.rule import Kind, Rule

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT.parent / "shared" / "regulations" / "catalogue.toml"  # not part of the product
FUNCTIONS = {
    Kind.GUARD: "guards", Kind.DEADLINE: "deadlines", Kind.DUTY: "duties", Kind.REACTION: "reactions",
    Kind.INDICATOR: "indicators",
}  # fmt: skip
PLUGINS = [plugin for plugin in in_order(discover()) if (plugin.folder / "clauses.toml").exists()]
RULES = [pytest.param(plugin, rule, id=rule.key) for plugin in PLUGINS for rule in plugin.rules]


@cache
def book(plugin: Plugin) -> ClauseBook:
    """The clause data of a plugin."""
    return load_clauses(plugin.folder / "clauses.toml")


def entries(plugin: Plugin) -> list[dict[str, Any]]:
    """The rules in a plugin's clause data, as they stand in the file."""
    return tomllib.loads((plugin.folder / "clauses.toml").read_text(encoding="utf-8"))["rule"]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.key)
def test_every_rule_has_its_words_and_every_text_its_rule(plugin: Plugin):
    in_code = {rule.key for rule in plugin.rules}
    written = {key for key, text in book(plugin).rules.items() if text.kind != Kind.GUIDANCE}
    assert in_code == written
    assert len(entries(plugin)) == len(book(plugin).rules)  # no key twice
    assert all(key.startswith(f"{plugin.key}.") for key in written)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.key)
def test_every_clause_says_what_it_asks_in_both_languages_and_names_its_regulation(plugin: Plugin):
    regulations = book(plugin).regulations
    for entry in entries(plugin):
        assert entry["title_zh"].strip(), entry["key"]
        assert entry["title_en"].strip(), entry["key"]
        assert entry["clause"], f"{entry['key']} names no clause"
        for clause in entry["clause"]:
            assert clause["piece"] in regulations, entry["key"]
            assert clause["clause"].strip(), entry["key"]
            assert len(clause["asks_zh"]) > 8, entry["key"]
            assert len(clause["asks_en"].split()) > 5, entry["key"]
            assert clause["asks_zh"] != clause["asks_en"], entry["key"]


@pytest.mark.parametrize(("plugin", "rule"), RULES)
def test_code_and_clause_data_agree(plugin: Plugin, rule: Rule):
    text = book(plugin).rules[rule.key]
    assert text.kind == rule.kind
    assert (text.default == "on") == rule.on
    assert text.conflicts == rule.conflicts
    if rule.switched:
        assert getattr(rule, FUNCTIONS[rule.kind]), f"{rule.key} is a {rule.kind} and has no code for it"
    else:
        assert not any(getattr(rule, name) for name in FUNCTIONS.values()), f"{rule.key} has no switch, but code"


@pytest.mark.parametrize(("plugin", "rule"), RULES)
def test_each_parameter_has_a_label_in_both_languages_and_each_coded_value_too(plugin: Plugin, rule: Rule):
    text = book(plugin).rules[rule.key]
    assert set(text.params) == {spec.name for spec in rule.params.specs()}
    for name, label in text.params.items():
        assert label.zh.strip(), name
        assert label.en.strip(), name
    labels = {key for each in PLUGINS for key in book(each).labels}
    for spec in rule.params.specs():
        if spec.type == "coded":
            values = spec.choices or spec.default
            assert set([values] if isinstance(values, str) else values) <= labels, spec.name


@pytest.mark.parametrize(("plugin", "rule"), RULES)
def test_the_defaults_pass_their_own_checks(plugin: Plugin, rule: Rule):
    defaults = rule.params.defaults()
    assert rule.params.load(defaults) == rule.params()
    assert json.loads(json.dumps(defaults)) == defaults


@pytest.mark.parametrize(("plugin", "rule"), RULES)
def test_a_rule_says_what_each_of_its_functions_asks(plugin: Plugin, rule: Rule):
    functions = [function for name in FUNCTIONS.values() for function in getattr(rule, name)]
    for function in functions:
        assert (function.call.__doc__ or "").strip(), f"{rule.key}: {function.call.__name__} has no docstring"
    excepted = {each.key for each in (r for p in PLUGINS for r in p.rules)}
    assert set(rule.excepts) <= excepted, f"{rule.key} excepts a rule that nobody has"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.key)
def test_every_parameter_that_is_declared_is_read(plugin: Plugin):
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(plugin.folder.rglob("*.py")))
    for rule in plugin.rules:
        for spec in rule.params.specs():
            if len(spec.choices) == 1:
                continue  # nothing can be chosen
            read = f"params.{spec.name}" in sources or f'"{spec.name}"' in sources
            assert read, f"{rule.key}: the parameter {spec.name} changes nothing"


# ---------------------------------------------------------------------- each clause has a test that names it


def named(folder: Path) -> Iterator[tuple[int, str]]:
    """The clauses named by `@clause(piece, number)` in the tests of a folder."""
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "clause":
                        piece, number = (ast.literal_eval(argument) for argument in mark.args)
                        yield piece, number


@pytest.mark.parametrize("key", ["customer_service"])
def test_every_clause_is_named_by_a_test_and_every_rule_is_switched_in_one(key: str):
    plugin = next(plugin for plugin in PLUGINS if plugin.key == key)
    folder = ROOT / "tests" / "plugins" / key
    tested = set(named(folder))
    written = {(c.piece, c.number) for text in book(plugin).rules.values() for c in text.clauses}
    assert written - tested == set(), "no test names these clauses"
    parts = {(piece, part) for piece, number in written for part in number.split()}
    strangers = {(piece, part) for piece, number in tested for part in number.split()} - parts
    assert strangers == set(), "these clauses are named by tests only"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("test_*.py")))
    for rule in plugin.rules:
        name = rule.key.split(".", 1)[1]
        if rule.switched and rule.kind is not Kind.INDICATOR:
            assert name in sources, f"no test switches {rule.key}"


# ---------------------------------------------------------------------- the catalogue, where it can be read


def catalogue() -> dict[str, dict[str, Any]]:
    """The rules of the clause catalogue by key, their clauses joined in catalogue order; empty where it is not here."""
    if not CATALOGUE.exists():
        return {}
    found: dict[str, dict[str, Any]] = {}
    for entry in tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["clause"]:
        if "rule" not in entry:
            continue
        kept = found.setdefault(entry["rule"], {**entry, "clauses": []})
        kept["clauses"].append((entry["piece"], str(entry["clause"])))
    return found


@pytest.mark.parametrize(("plugin", "rule"), RULES)
def test_the_catalogue_says_the_same(plugin: Plugin, rule: Rule):
    asked = catalogue()
    if not asked:
        return  # the catalogue belongs to the workshop, not to the product
    entry, text = asked[rule.key], book(plugin).rules[rule.key]
    assert entry["plugin"] == plugin.key
    assert entry["kind"] == rule.kind
    assert (entry["title_zh"], entry["title_en"]) == (text.title.zh, text.title.en)
    assert entry.get("default", "on") == text.default
    assert list(entry.get("conflicts", ())) == list(rule.conflicts)
    assert [(c.piece, c.number) for c in text.clauses] == entry["clauses"]
    assert plain(entry.get("params", {})) == plain(rule.params.defaults())


def plain(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters with shares as numbers, as the catalogue writes them."""
    return {
        name: float(v) if isinstance(v, str) and v.replace(".", "", 1).isdigit() else v for name, v in params.items()
    }


def test_rules_stand_in_the_order_of_the_catalogue():
    asked = list(catalogue())
    written = [text for plugin in PLUGINS for text in book(plugin).rules.values()]
    by_order = [text.key for text in sorted(written, key=lambda text: text.order)]
    if asked:
        assert by_order == [key for key in asked if key in by_order]
    assert len({text.order for text in written}) == len(written)


# ---------------------------------------------------------------------- guanjia rules list --json


def test_the_command_lists_every_rule_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from guanjia.cli import cli

    monkeypatch.setenv("GUANJIA_DATA", str(tmp_path))
    monkeypatch.setenv("GUANJIA_DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite'}")
    answer = CliRunner().invoke(cli, ["rules", "list", "--json"])
    assert answer.exit_code == 0, answer.output
    listed = {rule["key"]: rule for rule in json.loads(answer.stdout)}
    texts = {key: text for plugin in PLUGINS for key, text in book(plugin).rules.items()}
    assert set(listed) == set(texts)
    for plugin in PLUGINS:
        for rule in plugin.rules:
            text, shown = texts[rule.key], listed[rule.key]
            assert shown == {
                "key": rule.key, "kind": str(rule.kind), "plugin": plugin.key,
                "clauses": [clause.ref for clause in text.clauses], "title_zh": text.title.zh, "title_en": text.title.en,
                "default": text.default, "params": rule.params.defaults(),
            }  # fmt: skip
