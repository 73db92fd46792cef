"""A plugin whose page, search, menu entry, list or API reading raises: the person is told which module it is; the rest is served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint
from marshmallow import fields

import probe
from guanjia.config import Config
from guanjia.host import Host, PluginFault, discover
from guanjia.manifest import ApiRead, MenuItem
from guanjia.sdk import StrictSchema, Text
from guanjia.testing import Company, open_company, words_of
from guanjia.words import Message

TITLE = Text("包裹", "Parcels")


class Secret(Exception):
    """Raised by everything here, with a value that no page may show."""


def broken(*_args: Any, **_values: Any) -> Any:
    raise Secret("13800001111")


class BrokenTitle(Message):
    """A title that cannot be shown."""

    def __str__(self) -> str:
        raise Secret("13800001111")


def pages() -> Blueprint:
    found = Blueprint("probe", "probe")
    found.add_url_rule("/s/<site_code>/probe/broken", "broken", broken)
    return found


def faulty() -> Any:
    """The plugin of tests/probe with parts that raise."""
    return replace(
        probe.plugin, blueprints=(pages(),), lookups={"parcel": broken},
        menu=(MenuItem("work", BrokenTitle("probe", "x", ()), "probe.broken"),),
        api=(ApiRead("broken", TITLE, broken, StrictSchema.from_dict({"n": fields.Integer()})),),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A company with the faulty plugin."""
    with open_company(tmp_path, plugins=[*discover(), faulty()]) as found:
        probe.make_tables(found.host.config.owner_database_url, None)
        yield found


def counted(company: Company) -> dict[tuple[str, str], int]:
    company.host.faults.flush(at_once=True)
    with company.session() as session:
        return {(row.kind, row.subject): row.count for row in company.host.faults.of_company(session)}


def test_what_fails_is_told_by_name_and_the_rest_is_served(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = company.person("receptionist")
    case = desk.takes(f"{probe.PARCEL}.take", weight_g=500).case_id
    browser = desk.browser()

    page = browser.get("/s/east/probe/broken")
    assert page.status_code == 500
    assert 'The module "Parcels" has a fault here' in words_of(page.text) and "1380000" not in page.text

    search = browser.get("/s/east/lookup/probe.parcel?q=x")
    assert search.status_code == 200
    assert "This search has a fault" in words_of(search.text) and "1380000" not in search.text

    assert "Today" in browser.page("/s/east/")  # the menu without the entry that cannot be shown

    monkeypatch.setattr(probe.parcels, "present", broken)
    assert browser.get("/s/east/probe/parcel").status_code == 500
    assert browser.get("/s/east/customer_service/request").status_code == 200
    assert browser.get("/s/east/").status_code == 200
    monkeypatch.undo()
    assert browser.get(f"/s/east/probe/parcel/{case}").status_code == 200

    program = desk.program()
    answer = program.get(f"/sites/{company.sites['east']}/probe/broken")
    assert answer.status_code == 500
    assert answer.json["type"] == "/problems/plugin-fault"
    assert 'The module "Parcels" has a fault here' in answer.json["detail"] and "1380000" not in answer.text
    assert program.get(f"/sites/{company.sites['east']}/probe/parcel").status_code == 200

    found = counted(company)
    assert found["page", "probe.broken"] == 1
    assert found["lookup", "probe.parcel"] == 1
    assert found["api", "probe.broken"] == 1
    assert found["menu", "probe.broken"] >= 1


def test_headquarters_sees_faults_and_what_was_left_out(company: Company) -> None:
    admin = company.headquarters.browser()
    assert "Faults of modules" not in admin.page("/hq/")
    desk = company.person("receptionist").browser()
    for _ in range(2):
        desk.get("/s/east/probe/broken")
    with probe.answering(second=broken), pytest.raises(Exception, match="regulations in force"):
        company.person("receptionist").takes(f"{probe.PARCEL}.take", weight_g=5)
    company.host.faults.flush(at_once=True)
    page = admin.page("/hq/")
    assert "Faults of modules in the last seven days" in page
    assert "page: probe.broken 2" in page and "Secret" in page and "1380000" not in page
    assert '/hq/rules/probe.second"' in admin.get("/hq/").text  # leads to the switch
    company.host.left_out = ("archives",)
    assert "Plugins left out by the operator" in admin.page("/hq/") and "archives" in admin.page("/hq/")
    company.host.clock.set(company.host.clock.now().replace(day=29))
    assert "Faults of modules" not in company.headquarters.browser().page("/hq/")


# -- refused at the start --------------------------------------------------------------------------------


def start(folder: Path, plugin: Any) -> Host:
    return Host(Config(data_folder=folder, database_url="sqlite://", owner_database_url="sqlite://"), [plugin])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"api": [ApiRead("parcel", TITLE, broken, StrictSchema)]},
         "Plugin probe: the address of the API reading parcel is taken, by another one or by a flow; rename it."),
        ({"api": [ApiRead("one", TITLE, broken, StrictSchema), ApiRead("one", TITLE, broken, StrictSchema)]},
         "Plugin probe: the address of the API reading one is taken, by another one or by a flow; rename it."),
        ({"api": [ApiRead("one", TITLE, broken, StrictSchema, permission="probe.nothing")]},
         "Plugin probe: the API reading one asks for the unknown permission probe.nothing; declare it."),
    ],
)  # fmt: skip
def test_a_reading_that_cannot_be_served_is_told_at_the_start(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PluginFault) as told:
        start(tmp_path, replace(probe.plugin, **change))
    assert str(told.value) == sentence


def test_a_table_without_the_plugins_prefix_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe.Parcel.__table__, "name", "parcel")
    monkeypatch.setattr(probe.Parcel, "__tablename__", "parcel")
    with pytest.raises(PluginFault) as told:
        start(tmp_path, probe.plugin)
    assert str(told.value) == 'Plugin probe: the table parcel must begin with "probe_"; rename it.'
