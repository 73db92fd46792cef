"""Every address of the application against the table of who may reach it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from access import tables
from access.addresses import address, first_ids, flow_of_api, is_api, routes
from access.people import World
from guanjia.web.assets import ASSETS
from requests_made import PNG

# What is sent where an empty form would not come as far as the permission.
POSTS: dict[str, dict[str, Any]] = {
    "tenants_rules.bulk": {"rule": "customer_service.single_intake", "on": "true", "from_day": "2026-12-24", "reason": "试"},
    "tenants_rules.save": {"change": '{"rules": [{"rule": "customer_service.single_intake"}], "reason": ""}'},
}  # fmt: skip
FIXED: dict[str, dict[str, Any]] = {
    "guanjia_assets.own": {"filename": "guanjia.css"}, "customer_service_static": {"filename": "desk.css"},
    "tenants_static": {"filename": "own.css"},
    "guanjia_assets.third_party": {"version": ASSETS["bootstrap.css"].version, "name": "bootstrap.css"},
    "guanjia_pages.new": {"step": "report"}, "tenants_operator.change": {"act": "resume"},
}  # fmt: skip
ROW = re.compile(r"^    (\S+) ([A-Z]+) +(/\S*)$", re.MULTILINE)
READS = ("list", "read", "timeline", "explain")


def page_rows() -> dict[tuple[str, str], str]:
    """(method, address) → who is let in, as the table has it."""
    return _unique([((method, path), pattern) for pattern, method, path in ROW.findall(tables.PAGES)])


def api_rows() -> dict[tuple[str, str], str]:
    """The same for the API, the rows of flows written out."""
    rows = [((method, path), pattern) for pattern, method, path in ROW.findall(tables.API)]
    base = ""
    for line in filter(None, tables.API_FLOWS.splitlines()):
        if not line.startswith(" "):
            place, flow = line.split()
            base = ("/sites/<uuid:site_id>/" if place == "site" else "/company/") + flow.replace(".", "/")
            continue
        pattern, *names = line.split()
        rows += [(_operation(base, name), pattern) for name in names]
    return _unique([((method, "/api/v1" + path), pattern) for (method, path), pattern in rows])


def _operation(base: str, name: str) -> tuple[str, str]:
    case = f"{base}/<uuid:case_id>"
    if name in READS:
        return "GET", {"list": base, "read": case}.get(name, f"{case}/{name}")
    return "POST", f"{base}/{name[1:]}" if name.startswith("*") else f"{case}/{name}"


def _unique(rows: list[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], str]:
    found = dict(rows)
    assert len(found) == len(rows), {key for key, _pattern in rows if [k for k, _p in rows].count(key) > 1}
    return found


def seen(answer: TestResponse) -> str:
    """How an answer is written in the table."""
    to = answer.headers.get("Location", "")
    if answer.status_code in (302, 303) and to.startswith("/operator/sign-in"):
        return "~"
    if answer.status_code == 401 or (answer.status_code in (302, 303) and to.startswith("/sign-in")):
        return "-"
    return {404: "0", 403: "3"}.get(answer.status_code, "+" if answer.status_code < 500 else "!")


def ids_of(world: World) -> dict[str, Any]:
    """What the addresses of the tables are filled with."""
    own = world.fresh_browser("manager")
    return first_ids(world.east, session_id=world.session_of(own), company_id=world.plans.rival.company_id,
                     **{"tenants.company": world.plans.acme.company_id, "tenants.role": world.role_id("cashier")})  # fmt: skip


# ---------------------------------------------------------------------- the tables are complete


def test_every_address_stands_in_a_table_and_nothing_else_does(world: World) -> None:
    known = {**page_rows(), **api_rows()}
    there = {(method, rule.rule) for method, rule in routes(world.app)}
    missing, surplus = there - set(known), set(known) - there
    assert not missing, f"say in tests/access/tables.py who may reach {sorted(missing)}"
    assert not surplus, f"these stand in tests/access/tables.py and nowhere else: {sorted(surplus)}"
    for key, pattern in known.items():
        people = tables.API_PEOPLE if key[1].startswith("/api/") else tables.PAGE_PEOPLE
        assert len(pattern) == len(people), key


# ---------------------------------------------------------------------- pages


def test_pages_let_in_whom_the_table_says(world: World) -> None:
    rows, ids, wrong = page_rows(), ids_of(world), []
    for method, rule in sorted(routes(world.app), key=lambda found: (found[1].rule, found[0])):
        if is_api(rule):
            continue
        url = _page_address(world, rule, ids)
        for who, expected in zip(tables.PAGE_PEOPLE, rows[method, rule.rule], strict=True):
            if _told_already(method, who, expected):
                continue
            browser = world.fresh_browser(who) if rule.endpoint.endswith(("leave", "sign_out")) else world.browser(who)
            answer = browser.get(url) if method == "GET" else browser.post(url, POSTS.get(rule.endpoint))
            if seen(answer) != expected:
                wrong.append(f"{method} {url} by {who}: {expected} in the table, {answer.status_code} answered")
    assert not wrong, "\n".join(wrong)
    world.no_faults()


def test_a_post_without_its_token_is_refused(world: World) -> None:
    ids = ids_of(world)
    for method, rule in routes(world.app):
        if method == "GET" or is_api(rule):
            continue
        url = _page_address(world, rule, ids)
        for who, token in (("anonymous", ""), ("hq", ""), ("hq", world.browser("technician").token)):
            answer = world.browser(who).post(url, {"csrf_token": token} if token else None, token=False)
            assert answer.status_code == 400, (url, who, token)
    assert world.browser("hq").get("/hq/").status_code == 200


def _page_address(world: World, rule: Rule, ids: dict[str, Any]) -> str:
    here = {"site_code": "east"} if rule.rule.startswith("/s/") else {}
    fixed = dict(FIXED.get(rule.endpoint, {}))
    if rule.rule.startswith("/hq/"):
        fixed.pop("step", None)
    return address(world.app, rule, ids, **here, **fixed)


# ---------------------------------------------------------------------- the API


def test_the_api_lets_in_whom_the_table_says(world: World) -> None:
    """A step is sent an entry that no form knows: whoever may take it is told so, and nothing happens."""
    rows, ids, wrong = api_rows(), ids_of(world), []
    for method, rule in sorted(routes(world.app), key=lambda found: (found[1].rule, found[0])):
        if not is_api(rule):
            continue
        url = address(world.app, rule, ids).removeprefix("/api/v1")
        for who, expected in zip(tables.API_PEOPLE, rows[method, rule.rule], strict=True):
            if _told_already(method, who, expected):
                continue
            answer = _call(world, method, rule, url, who)
            if seen(answer) != expected:
                wrong.append(f"{method} {url} by {who}: {expected} in the table, {answer.status_code} answered")
            if method == "POST" and flow_of_api(rule) and expected == "+" and answer.status_code == 422:
                assert "nonsense" in answer.json["errors"], (url, who, answer.json)
    assert not wrong, "\n".join(wrong)
    world.no_faults()


def _told_already(method: str, who: str, expected: str) -> bool:
    """What costs most are pages that are shown: whoever may read is asked for by the least and the greatest of them."""
    return expected == "+" and who in (
        ("region", "receptionist", "head", "manager") if method == "GET" else ("region", "head")
    )


def _call(world: World, method: str, rule: Rule, url: str, who: str) -> TestResponse:
    if rule.rule.endswith("/files") and method == "POST":
        return world.call(method, url, who, data={"file": (io.BytesIO(PNG), "a.png")})
    if url == "/session" and method == "DELETE" and who != "anonymous":
        return world.call(method, url, who, headers={"Authorization": f"Bearer {world.fresh_token(who)}"})
    body = {"nonsense": 1} if flow_of_api(rule) or url == "/session" else {}
    return world.call(method, url, who, **({"json": body} if method == "POST" else {}))


@pytest.mark.parametrize("who", ["technician", "region", "hq"])
def test_the_pages_of_a_flow_are_open_to_whom_its_api_is(world: World, who: str) -> None:
    """The generic addresses stand for every flow: list, export and case answer as the API's list and case do."""
    rows, ids, wrong = api_rows(), ids_of(world), []
    column = tables.API_PEOPLE.index(who)
    browser = world.browser(who)
    for (method, path), pattern in rows.items():
        if method != "GET" or "/files" in path or not path.startswith(("/api/v1/sites/", "/api/v1/company/")):
            continue
        plugin, flow, *rest = path.split("/")[4 if path.startswith("/api/v1/company") else 5 :]
        start = "/s/east" if path.startswith("/api/v1/sites") else "/hq"
        ending = "" if rest == [] else f"/{ids[f'{plugin}.{flow}']}" if rest == ["<uuid:case_id>"] else None
        if ending is None or (rest and (plugin, flow) == ("guanjia", "approval")):
            continue
        url = f"{start}/{plugin}/{flow}{ending}" + ("/export.xlsx" if not rest and pattern[column] != "+" else "")
        answer = browser.get(url)
        if seen(answer) != pattern[column]:
            wrong.append(f"{url}: {pattern[column]} in the table, {answer.status_code} answered")
    assert not wrong, "\n".join(wrong)
    world.no_faults()
