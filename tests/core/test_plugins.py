"""Plugins: a manifest's fault is told in one sentence, and where a plugin is off nothing of it is there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import guanjia.host
import probe
from guanjia.app import create_app
from guanjia.config import Config
from guanjia.errors import NotFound
from guanjia.host import Host, PluginFault, discover, in_order
from guanjia.manifest import Job, Permission, Plugin
from guanjia.sdk import Flow, Kind, Rule, State, Text, allow, deny
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.models import Task
from guanjia.steps.view import view_case
from guanjia.testing import refusal
from office import Company, Office
from probe import PARCEL, Parcel, answering, entries, rows, say

TITLE = Text("试", "Try")


@dataclass(frozen=True, eq=False)
class Made(Plugin):
    """A plugin made for a test, with a folder of its own."""

    where: Path = Path()

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.where


def made(folder: Path, key: str = "trial", clauses: Sequence[str] | str = (), **parts: Any) -> Plugin:
    """A plugin of that key; `clauses` are the rules that its clause data knows, or the file's text."""
    place = folder / key
    place.mkdir(exist_ok=True)
    if not isinstance(clauses, str):
        clauses = "\n".join(
            f'[[rule]]\nkey = "{rule}"\nkind = "guard"\ntitle_zh = "试"\ntitle_en = "Try"\norder = 1\n'
            f'[[rule.clause]]\npiece = 1\nclause = "1"\nasks_zh = "试"\nasks_en = "Try"'
            for rule in clauses
        )
    (place / "clauses.toml").write_text(clauses, encoding="utf-8")
    return Made(key=key, title=TITLE, package="trial", where=place, **parts)


def flow(key: str, **options: Any) -> Flow:
    found = Flow(key, Parcel, TITLE, [State("open", TITLE)], lambda _l, cases: [None for _c in cases])
    found.step("look", ["open"], title=TITLE, **options)(lambda row, form, ctx: None)
    return found


def rule(key: str, *before: str) -> Rule:
    found = Rule(key, Kind.GUARD)
    if before:
        found.guard(*before)(lambda case: allow())
    return found


def permission(key: str) -> Permission:
    return Permission(key, TITLE, TITLE)


def start(folder: Path, *plugins: Plugin) -> Host:
    return Host(Config(data_folder=folder, database_url="sqlite://", owner_database_url="sqlite://"), plugins)


FAULTS: dict[str, tuple[Callable[[Path], list[Plugin]], str]] = {
    "a permission outside its prefix": (
        lambda f: [made(f, permissions=[permission("other.look")])],
        'Plugin trial: the permission other.look must begin with "trial."; rename it.',
    ),
    "a rule outside its prefix": (
        lambda f: [made(f, rules=[rule("trials.look")])],
        'Plugin trial: the rule trials.look must begin with "trial."; rename it.',
    ),
    "a flow outside its prefix": (
        lambda f: [made(f, flows=[flow("look")])], 'Plugin trial: the flow look must begin with "trial."; rename it.',
    ),
    "a job outside its prefix": (
        lambda f: [made(f, jobs=[Job("sweep", print)])], 'Plugin trial: the job sweep must begin with "trial."; rename it.',
    ),
    "a permission twice": (
        lambda f: [made(f, permissions=[permission("trial.look"), permission("trial.look")])],
        "Plugin trial: the permission trial.look is declared twice; remove one.",
    ),
    "a rule twice": (
        lambda f: [made(f, clauses=["trial.look"], rules=[rule("trial.look"), rule("trial.look")])],
        "Plugin trial: the rule trial.look is declared twice; remove one.",
    ),
    "a key twice": (
        lambda f: [made(f), made(f)], "Two plugins call themselves trial: uninstall one of them.",
    ),
    "the host's own key": (
        lambda f: [made(f, key="guanjia")], "Two plugins call themselves guanjia: uninstall one of them.",
    ),
    "an unknown need": (
        lambda f: [made(f, needs=("nothing",))],
        "Plugin trial needs nothing, which is not installed: install it, or leave trial out.",
    ),
    "needs in a circle": (
        lambda f: [made(f, needs=("second",)), made(f, key="second", needs=("third",)), made(f, key="third", needs=("trial",))],
        "Plugins need each other in a circle: trial -> second -> third -> trial; remove one need.",
    ),
    "a rule before an unknown step": (
        lambda f: [made(f, clauses=["trial.look"], flows=[flow("trial.case")], rules=[rule("trial.look", "trial.case.lok")])],
        "Plugin trial: rule trial.look names the unknown step trial.case.lok; correct its name.",
    ),
    "a rule before an unknown step of another plugin": (
        lambda f: [made(f, key="second", flows=[flow("second.case")]),
                   made(f, clauses=["trial.look"], rules=[rule("trial.look", "second.case.lok")])],
        "Plugin trial: rule trial.look names the unknown step second.case.lok; correct its name.",
    ),
    "a rule without clause": (
        lambda f: [made(f, rules=[rule("trial.look")])],
        "Plugin trial: the rule trial.look has no entry in clauses.toml; write one.",
    ),
    "a step that asks for an unknown permission": (
        lambda f: [made(f, flows=[flow("trial.case", permission="trial.look")])],
        "Plugin trial: step trial.case.look asks for the unknown permission trial.look; declare it.",
    ),
    "clauses without a title": (
        lambda f: [made(f, clauses='[[rule]]\nkey = "trial.look"\nkind = "guard"')],
        "Plugin trial: clauses.toml cannot be read (KeyError: 'title_zh'); correct that entry.",
    ),
    "clauses that are no TOML": (
        lambda f: [made(f, clauses="rule: no")],
        "Plugin trial: clauses.toml cannot be read (TOMLDecodeError: Expected '=' after a key in a key/value pair "
        "(at line 1, column 5)); correct that entry.",
    ),
    "a package that is not there": (
        lambda _f: [Plugin(key="trial", title=TITLE, package="plugins.nowhere")],
        "Plugin trial: the package plugins.nowhere cannot be imported (ModuleNotFoundError: No module named "
        "'plugins.nowhere'); correct its name.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_manifest_is_told_in_one_sentence(fault: str, tmp_path: Path) -> None:
    make, sentence = FAULTS[fault]
    with pytest.raises(PluginFault) as told:
        start(tmp_path, *make(tmp_path))
    assert str(told.value) == sentence


def test_a_rule_may_name_a_step_of_a_plugin_that_is_not_installed(tmp_path: Path) -> None:
    host = start(tmp_path, made(tmp_path, clauses=["trial.look"], rules=[rule("trial.look", "elsewhere.case.look")]))
    assert list(host.rules) == ["trial.look"]


def test_plugins_come_after_what_they_need_whatever_the_order(tmp_path: Path) -> None:
    first, second, third = (
        made(tmp_path),
        made(tmp_path, "second", needs=("trial",)),
        made(tmp_path, "third", needs=("second",)),
    )
    for order in ((third, second, first), (second, first, third), (first, third, second)):
        assert [p.key for p in in_order(order)] == ["trial", "second", "third"]


# -- finding them ----------------------------------------------------------------------------------------


@dataclass
class Entry:
    """An installed entry point."""

    name: str
    give: Callable[[], Any]
    value: str = "somewhere:plugin"

    def load(self) -> Any:
        """What it names."""
        return self.give()


def test_a_plugin_that_does_not_load_stops_the_start_unless_left_out_by_name(
    tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    good = made(tmp_path)
    found = [Entry("broken", lambda: __import__("no_such_module")), Entry("trial", lambda: good)]
    monkeypatch.setattr(guanjia.host, "entry_points", lambda group: found if group == "guanjia.plugins" else [])
    with pytest.raises(PluginFault) as told:
        discover()
    sentence = str(told.value)
    assert sentence.startswith("Plugin broken does not load (ModuleNotFoundError: No module named 'no_such_module').")
    assert "GUANJIA_LEAVE_OUT=broken" in sentence
    with caplog.at_level(logging.WARNING):
        assert discover(("broken",)) == [good]
    assert "plugin broken is left out by the operator" in caplog.text
    assert Config.from_environment({"GUANJIA_LEAVE_OUT": "broken, other ,"}).leave_out == ("broken", "other")


def test_an_entry_point_that_names_no_plugin_is_told(monkeypatch: Any) -> None:
    monkeypatch.setattr(guanjia.host, "entry_points", lambda group: [Entry("odd", lambda: "text")])
    with pytest.raises(PluginFault) as told:
        discover()
    assert str(told.value) == "Plugin odd: somewhere:plugin is no Plugin; let the entry point name one."


def test_what_was_left_out_is_known_to_the_host_and_takes_its_rules_along(tmp_path: Path) -> None:
    config = Config(
        tmp_path, f"sqlite:///{tmp_path / 'x.sqlite'}", "", secret_key="x", leave_out=("demo", "customer_service")
    )
    host: Host = create_app(config).extensions["guanjia"]
    assert host.left_out == ("demo", "customer_service")
    assert "customer_service" not in host.plugins
    assert not any(key.startswith("customer_service.") for key in (*host.rules, *host.flows, *host.permissions))
    with pytest.raises(PluginFault) as told:
        create_app(Config(tmp_path, config.database_url, "", secret_key="x", leave_out=("registry",)))
    assert "needs registry, which is not installed" in str(told.value)


# -- switching them off ----------------------------------------------------------------------------------


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels."""
    return probed


def taken(office: Office) -> UUID:
    return office.person("receptionist").takes(f"{PARCEL}.take", weight_g=500).case_id


def switch(office: Office, plugin: str, on: bool) -> None:
    """Headquarters turns the plugin on or off at the office."""
    admin = office.company.admin.at_site(office.id)
    found = [s for s in rows(office.company, _switches()) if (s.site_id, s.plugin) == (office.id, plugin)]
    if found:
        admin.perform("tenants.plugin_switch.change", found[0].id, {"plugin": plugin, "is_on": on})
    else:
        admin.perform("tenants.plugin_switch.create", None, {"plugin": plugin, "is_on": on})


def _switches() -> Any:
    from tenants.models import PluginSwitch

    return PluginSwitch


def test_where_a_plugin_is_off_its_cases_are_not_there(company: Company, east: Office, west: Office) -> None:
    desk, case, elsewhere = east.person("receptionist"), taken(east), taken(west)
    switch(east, "probe", False)
    with pytest.raises(NotFound):
        taken(east)
    for step, form in (("weigh", {"weight_g": 5}), ("note", {"note": "x"}), ("delete", {})):
        with pytest.raises(NotFound):
            desk.takes(f"{PARCEL}.{step}", case, form)
        with pytest.raises(NotFound):
            east.system.perform(f"{PARCEL}.{step}", case, form)
    flow = company.host.flow(PARCEL)
    with desk.context.reading() as loader:
        for read in (lambda: view_case(loader, desk.context, flow, case), lambda: read_page(loader, flow, Query())):
            with pytest.raises(NotFound):
                read()
    assert west.person("receptionist").takes(f"{PARCEL}.weigh", elsewhere, weight_g=5).state == "kept"
    company.later(hours=49)  # its dates pass in silence
    assert [e["step"] for e in entries(company, case)] == [f"{PARCEL}.take"]
    switch(east, "probe", True)
    assert desk.takes(f"{PARCEL}.weigh", case, weight_g=5).state == "kept"  # the data stayed


def test_the_rules_of_an_inactive_plugin_are_in_no_rulebook(company: Company, east: Office, west: Office) -> None:
    switch(east, "probe", False)
    with east.person("receptionist").context.reading() as loader:
        now = company.host.clock.now()
        books = company.host.rulebooks
        here = books.current(loader.session, loader.place, now)
        site = company.host.directory.site(loader.session, west.id)
        assert site is not None
        there = books.current(loader.session, site, now)
    assert not any(key.startswith("probe.") for key in here.body)
    assert {"probe.first", "probe.shelf", "customer_service.single_intake"} <= set(there.body)
    assert "customer_service.single_intake" in here.body


def test_the_rules_of_a_plugin_rest_while_it_is_off_though_an_open_case_names_them(
    company: Company, east: Office
) -> None:
    desk, worker = east.person("receptionist"), east.person("repair_technician")

    def request() -> UUID:
        return desk.takes(
            "customer_service.request.receive", household_id=str(east.household()), category="pipe_leak", content="leak",
            within_capability="yes").case_id  # fmt: skip

    with answering(elsewhere=lambda **_f: deny(say("Parcels first."))):
        before = request()
        assert [r.rule for r in refusal(worker.takes, "customer_service.request.take", before)] == ["probe.elsewhere"]
        switch(east, "probe", False)
        after = request()
        for case in (before, after):
            with worker.context.reading() as loader:
                view = view_case(loader, worker.context, company.host.flow("customer_service.request"), case)
            button = view.step("take")
            assert button is not None and button.enabled
            assert worker.takes("customer_service.request.take", case).state == "taken"
        switch(east, "probe", True)
        assert [r.rule for r in refusal(worker.takes, "customer_service.request.take", request())] == [
            "probe.elsewhere"
        ]


def test_the_duties_of_a_plugin_rest_while_it_is_off(company: Company, east: Office, west: Office) -> None:
    from guanjia.sdk import Owed

    switch(east, "probe", False)
    with answering(daily=lambda _period: Owed(title=say("Look at the shelf"), role="receptionist")):
        company.later(days=1)
    assert {t.site_id for t in rows(company, Task, Task.rule == "probe.daily")} == {west.id}


def test_a_plugin_that_is_off_for_the_company_is_off_at_every_site(
    company: Company, east: Office, west: Office
) -> None:
    case = taken(east)
    company.admin.perform("tenants.plugin_switch.create", None, {"plugin": "probe", "is_on": False})
    for office in (east, west):
        with pytest.raises(NotFound):
            taken(office)
    with pytest.raises(NotFound):
        east.person("receptionist").takes(f"{PARCEL}.weigh", case, weight_g=5)
    rival = company.rival_admin.at_site(company.plan.other_sites["east"])
    assert rival.perform(f"{PARCEL}.take", None, {"weight_g": 5}).state == "kept"


def test_what_needs_an_inactive_plugin_is_off_too(company: Company, east: Office) -> None:
    switch(east, "registry", False)
    with east.person("receptionist").context.reading() as loader:
        assert loader.site is not None
        assert {"registry", "customer_service"} & loader.site.plugins == set()
        assert {"guanjia", "tenants", "probe"} <= loader.site.plugins


def test_a_plugin_that_is_always_on_stays_on(company: Company, east: Office) -> None:
    for plugin in ("tenants", "guanjia"):
        assert company.host.plugins[plugin].always_on
    assert probe.plugin.always_on is False
