"""Bad input on pages: in forms, addresses and queries. A refused form comes back with what was typed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from marshmallow import fields

from access.addresses import address, first_ids, is_api, routes
from access.badness import FOREIGN, deep
from access.forms import KINDS, Tried, posted, steps_of, switch_off
from access.people import World
from guanjia.api.shapes import bases
from guanjia.steps.flow import COMPANY, Step
from guanjia.web.widgets import widget_of

pytestmark = pytest.mark.parametrize(
    "world", ["sqlite"], indirect=True, scope="module"
)  # what a page makes of its form does not depend on the database

NOISE = ("a\x00b", "9" * 31, "-1", FOREIGN, "[[[[{", "x" * 300_000, "%s{0}\u202e😀")
HIDDEN = frozenset({"hidden", "password", "signature", "photos"})  # widgets that show nothing of what was sent


@pytest.fixture(scope="module")
def tried(world: World) -> Tried:
    """With all rules off, so that what is sent comes as far as the step itself."""
    switch_off(world, "manager", world.east)
    return Tried(world)


class Controls(HTMLParser):
    """What the controls of a page hold, by name: texts, chosen options, ticked boxes, and what could be chosen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.held: dict[str, list[str]] = {}
        self.options: dict[str, set[str]] = {}
        self.marked: set[str] = set()
        self._select = self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the control."""
        given = {name: value or "" for name, value in attrs}
        name, is_box = given.get("name", ""), given.get("type") in ("checkbox", "radio")
        if given.get("id", "").endswith("-error"):
            self.marked.add(given["id"].removeprefix("f-").removesuffix("-error"))
        if tag == "select":
            self._select = name
            self.held.setdefault(name, [])
        elif tag == "option" and self._select:
            self.options.setdefault(self._select, set()).add(given.get("value", ""))
            if "selected" in given:
                self.held[self._select].append(given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self.held.setdefault(name, []).append("")
        elif tag == "input" and is_box:
            self.options.setdefault(name, set()).add(given.get("value", ""))
            if "checked" in given:
                self.held.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input":
            self.held.setdefault(name, []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """The control is over."""
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        """The text of a textarea; the line break behind its tag does not count."""
        if self._area:
            self.held[self._area][-1] += data.removeprefix("\n") if not self.held[self._area][-1] else data


# ---------------------------------------------------------------------- the forms of steps


def test_a_refused_form_comes_back_filled_in(tried: Tried) -> None:
    """One thing is left out or wrong: it is marked, and all the rest stands there as it was sent."""
    browser, checked, wrong = tried.world.browser("hq"), 0, []
    for _flow, step, _api, page, form in _on_pages(tried):
        spoilt = _spoilt(step)
        if spoilt is None:
            continue
        name, text = spoilt
        sent = _typed(step, form) | {name: text}
        answer = browser.post(page, {k: v for k, v in sent.items() if v != ""})
        assert answer.status_code == 422, (page, name, answer.status_code)
        found = Controls(answer.text)
        if name not in found.marked:
            wrong.append(f"{step.key}: {name} is not marked, but {found.marked}")
        for other, value in sent.items():
            expected = value if isinstance(value, list) else [value]
            if other == name or not _is_shown(step, other, expected, found):
                continue
            checked += 1
            if not set(expected) <= set(found.held.get(other, ())):
                wrong.append(f"{step.key}: {other}={expected} came back as {found.held.get(other)}")
    assert not wrong, "\n".join(wrong)
    assert checked > 120
    tried.world.no_faults()


def _on_pages(tried: Tried) -> Iterator[tuple[Any, ...]]:
    """Each form once, with a step that shows it: what pages make of it is the same for all."""
    seen = set()
    for flow, step, api, page, form in tried.each():
        if step.on_page and (step.form, step.creates) not in seen:
            seen.add((step.form, step.creates))
            yield flow, step, api, page, form


def _spoilt(step: Step) -> tuple[str, str] | None:
    """The field to send wrongly, and how: a required one left out, else a text that is too long."""
    assert step.form is not None
    found = {
        name: f
        for name, f in step.form().fields.items()
        if widget_of(f) not in ("rows", "hidden", "checkbox", "photos")
    }
    for name, f in found.items():
        if f.required:
            return name, ""
    return next(
        ((name, "长" * 10_001) for name, f in found.items() if type(f) is fields.String and widget_of(f) != "select"),
        None,
    )


def _typed(step: Step, form: dict[str, Any]) -> dict[str, Any]:
    """The form as somebody at the office would type it: local times, amounts in yuan."""
    assert step.form is not None
    found = posted({name: value for name, value in form.items() if KINDS.get(name) != "file"})
    for name, f in step.form().fields.items():
        if isinstance(f, fields.AwareDateTime) and name in found:
            found[name] = "2026-11-16T08:30"
        elif widget_of(f) == "money" and name in found:
            found[name] = "12.50"
    return found


def _is_shown(step: Step, name: str, expected: list[str], found: Controls) -> bool:
    """Whether the page can show it: a choice that is not offered for this case cannot stay chosen."""
    assert step.form is not None
    f = step.form().fields.get(name.split("-")[0])
    assert f is not None
    if widget_of(f) in HIDDEN:
        return False
    return name not in found.options or set(expected) <= found.options[name] or expected == ["true"]


def test_whatever_is_typed_into_a_step_is_no_fault(tried: Tried) -> None:
    """Every field of every form holds noise, each another kind; then all hold what none takes, and are marked."""
    browser = tried.world.browser("hq")
    for flow, step, _api, page, form in _on_pages(tried):
        noise = {name: NOISE[n % len(NOISE)] for n, name in enumerate(posted(form))}
        answer = browser.post(page, noise)
        assert answer.status_code in (303, 422), (page, answer.status_code)
        tried.place(flow, step)  # what went through has moved the case
        assert step.form is not None
        answer = browser.post(page, dict.fromkeys(step.form().fields, "无此值" * 4000))
        assert answer.status_code == 422, (page, answer.status_code)
        marked = Controls(answer.text).marked
        for name, f in step.form().fields.items():
            if widget_of(f) not in ("hidden", "rows", "photos", "lines"):
                assert name in marked, (page, name, marked)
    tried.world.no_faults()


# ---------------------------------------------------------------------- pages made by hand


def hand_made(world: World) -> Iterator[tuple[str, str, list[str]]]:
    """(who, address, fields) of every post that is not a generic page's."""
    east = world.east
    case, key = east.one("customer_service.request"), "customer_service.revisit_after_completion"
    host, desk = world.host, "/s/east/customer_service"

    def of(step: str) -> list[str]:
        form = host.step(step).form
        return [*(form().fields if form else ()), "_version", "_idempotency_key", "_occurred_at", "_next"]

    yield "anonymous", "/sign-in", ["company", "account", "password", "next"]
    yield "anonymous", "/operator/sign-in", ["account", "password"]
    yield "operator", "/operator/", ["code", "name", "language", "admin_account", "admin_name", "admin_password"]
    yield "hq", "/me/password", ["old", "password", "again", "next"]
    yield "hq", "/me/tokens", ["name", "scopes", "until_day"]
    names = [f"{part}.{spec.name}" for spec in host.rules[key].params.specs() for part in ("p", "more", "set", "has")]
    for start in ("/hq", "/s/east"):
        yield (
            "hq",
            f"{start}/rules/{key}",
            ["scope", "mode", "on", "from_day", "reason", "lock", "locked", *names, "o.four_eyes"],
        )
        yield "hq", f"{start}/rules/-/bulk", ["scope", "rule", "on", "from_day", "reason", "mode"]
        yield "hq", f"{start}/rules/-/save", ["scope", "change", "mode", "back", "bulk", "_idempotency_key"]
        yield "hq", f"{start}/dates", ["case", "reason"]
    yield "hq", f"{desk}/board/{case}/assign", ["worker_id"]
    yield "hq", f"{desk}/intake", of("customer_service.request.receive")
    yield "hq", f"{desk}/report", of("customer_service.request.report")
    yield "hq", f"{desk}/front-desk", of("customer_service.enquiry.enter")
    yield "hq", f"{desk}/shift-on-duty", of("customer_service.shift.begin")
    yield "hq", f"{desk}/shift-on-duty/{east.one('customer_service.shift')}", of("customer_service.shift.write")
    yield "hq", f"{desk}/revisits/{case}", of("customer_service.request.revisit")
    yield (
        "hq",
        f"{desk}/work/{case}/complete",
        [*of("customer_service.request.complete"), "materials-0-name", "materials-x-name"],
    )
    yield "hq", "/s/east/registry/export/full", ["purpose"]
    for act in ("grant", "reject", "withdraw"):
        yield "hq", f"/s/east/inbox/{east.one('guanjia.approval')}/{act}", ["note", "reason"]


def test_whatever_is_posted_to_a_page_made_by_hand_is_no_fault(world: World) -> None:
    """Each field by itself, with several kinds of noise."""
    count, wrong = 0, []
    for who, url, names in hand_made(world):
        for name in names:
            for noise in (NOISE[0], NOISE[4]):
                answer = world.browser(who).post(url, {name: noise})
                wrong += [(url, name, noise)] if answer.status_code >= 500 else []
                count += 1
        answer = world.browser(who).post(url, dict.fromkeys(names, NOISE[5]))
        wrong += [(url, "all", "long")] if answer.status_code >= 500 else []
    assert not wrong, (wrong, world.faults.found)
    assert count > 160
    world.no_faults()


CHANGES: tuple[Any, ...] = (
    [], {}, "x", {"rules": 1}, {"rules": []}, {"rules": [1]}, {"rules": [{}]}, {"rules": [{"rule": 1}]}, {"rules": [{"rule": "no.such"}]},
    {"rules": [{"rule": "K", "on": "x", "params": [], "options": 1, "lock": {}, "locked_params": "a"}], "from_day": 5, "reason": []},
    {"rules": [{"rule": "K", "params": {"x": deep()}}], "from_day": "2026-12-24", "reason": "试"},
    {"rules": [{"rule": "K", "params": {"within_days": 10**30}, "options": {"four_eyes": "x"}}], "from_day": "9999-99-99"},
    {"rules": [{"rule": "K"}, {"rule": "K"}, {"rule": 7}], "scope_kind": [], "scope_id": "x", "exception": "x", "surplus": 1},
    {"rules": [{"rule": "K", "locked_params": ["nothing"], "lock": True}], "from_day": "2026-12-24", "reason": "试"},
)  # fmt: skip


def test_a_change_of_rules_that_was_tampered_with_is_refused(world: World) -> None:
    """What the preview carried along comes back as anything at all; to save it or to go back is no fault."""
    for change in CHANGES:
        text = json.dumps(change).replace('"K"', '"customer_service.revisit_after_completion"')
        for start in ("/hq", "/s/east"):
            for more in (
                {},
                {"back": "enter"},
                {"back": "x"},
                {"mode": "ask"},
                {"mode": "exception"},
                {"bulk": "1", "back": "enter"},
            ):
                answer = world.browser("hq").post(f"{start}/rules/-/save", {"change": text, **more})
                assert answer.status_code in (200, 303, 404, 422), (text, more, answer.status_code)
    world.no_faults()


def test_files_that_are_none_are_refused(world: World) -> None:
    """An import of anything but a household list, and pictures that are no pictures, come back as a form."""
    browser = world.browser("manager")
    for content in (
        b"",
        b"x",
        b"PK\x03\x04" + bytes(200),
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        b"%PDF-1.4",
        bytes(11 * 1024 * 1024),
    ):
        for url, name in (("/s/east/registry/import", "file"), ("/s/east/customer_service/report", "photos")):
            file = (io.BytesIO(content), "a\x00../b.xlsx")
            answer = browser.post(url, {name: file}, content_type="multipart/form-data")
            assert answer.status_code in (413, 422), (url, content[:8], answer.status_code)
    world.no_faults()


# ---------------------------------------------------------------------- addresses and queries

PARTS = ("%00", "%F0%28%8C%28..%2f..%2fetc", "9" * 1500)


def test_nothing_in_an_address_is_a_fault(world: World) -> None:
    """Every part of every address that can be chosen, with values that mean nothing."""
    ids = first_ids(world.east, session_id=FOREIGN, company_id=FOREIGN) | {
        "tenants.company": FOREIGN,
        "tenants.role": FOREIGN,
    }
    for method, rule in routes(world.app):
        if method != "GET" or (is_api(rule) and "customer_service/request" not in rule.rule):
            continue
        url = address(world.app, rule, ids, **({"site_code": "east"} if rule.rule.startswith("/s/") else {}))
        pattern, given = rule.rule.split("/"), url.split("/")
        for n, part in enumerate(pattern):
            for bad in PARTS if part.startswith("<") else ():
                spoilt = "/".join([*given[:n], bad, *given[n + 1 :]])
                if is_api(rule):
                    status = world.call("GET", spoilt.removeprefix("/api/v1"), "hq").status_code
                else:
                    status = world.browser("hq").get(spoilt).status_code
                assert status in (400, 404), (spoilt[:200], status)
    world.no_faults()


QUERIES: dict[str, tuple[str, ...]] = {
    "from": ("9999-12-31", "0001-01-01", "2026-02-30", "x"), "to": ("9999-12-31", "0001-01-01", "x"), "state": ("x", "\x00"),
    "sort": ("x", "-", "--state", "id", "company_id"), "q": ("\x00", "%" * 500, "x" * 5000),
    "cursor": ("x", "e30", "W10", "bnVsbA", "\x00"), "limit": ("0", "-1", "9" * 31, "x"),
    "opened_from": ("x", "9999-12-31T00:00:00Z", "2026-01-01"), "opened_to": ("x", "0001-01-01T00:00:00+14:00"),
}  # fmt: skip


def test_a_bad_query_of_a_list_is_named(world: World) -> None:
    """Every list, on pages and by the API: what is wrong is said, never a fault; the API names the parameter."""
    for flow in world.host.flows.values():
        places = dict(bases(flow))
        start = f"/s/east/{flow.plugin}/{flow.name}" if "site" in places else f"/hq/{flow.plugin}/{flow.name}"
        api = places.get("site", places.get("company", "")).replace("<uuid:site_id>", str(world.east.site_id))
        filters = {c.name: ("x", "\x00", "9" * 31) for c in flow.columns if c.filter and c.kind != "state"}
        for name, values in {**QUERIES, **filters}.items():
            for value in values:
                query = f"?{name}={quote(value)}"
                answer = world.call("GET", api + query, "hq")
                known = name in filters or name not in ("from", "to") and (name != "q" or flow.search)
                if answer.status_code != 200 or not known:
                    assert answer.status_code == 422 and {n.split(".")[0] for n in answer.json["errors"]} == {name}, (
                        api + query[:60],
                        answer.json,
                    )
                if flow.key == "customer_service.request" and name not in (
                    "limit",
                    "opened_from",
                    "opened_to",
                ):
                    for url in (start, f"{start}/export.xlsx", f"{start}?print=1"):
                        joined = url + (query if "?" not in url else "&" + query[1:])
                        status = world.browser("hq").get(joined).status_code
                        assert status in (200, 422), (joined[:80], status)
        answer = world.call("GET", f"{api}?sort={flow.order}&sort={flow.order}", "hq")
        assert answer.status_code == 422 and "sort" in answer.json["errors"], api
    world.no_faults()


def test_no_query_of_a_page_is_a_fault(world: World) -> None:
    """Parameters of pages made by hand and of forms that begin filled in."""
    case = world.east.one("customer_service.request")
    urls = {
        "/s/east/customer_service/intake": ("household_id", "place", "category", "content"), "/notifications": ("before", "show"),
        "/s/east/customer_service/intake/household": ("household_id",), "/s/east/customer_service/figures": ("month",),
        "/s/east/customer_service/intake/hints": ("household_id", "case_id", "place", "category", "deadline_class"),
        "/s/east/customer_service/board": ("department", "worker", "part"), "/s/east/duties": ("show",), "/sign-in": ("next", "company"),
        "/s/east/lookup/registry.household": ("q",), "/s/east/lookup/registry.unit": ("q",), "/s/east/access": ("what",),
        "/hq/rules": ("scope", "q", "plugin", "kind", "state"), "/language/zh": ("next",), "/me/password": ("next",),
        "/hq/rules/customer_service.single_intake": ("scope", "mode", "withdraw"), f"/s/east/customer_service/request/{case}": ("taken",),
    }  # fmt: skip
    for flow, step in steps_of(world, forms_only=True):
        if step.creates and step.on_page and step.form is not None:
            start = "/hq" if flow.level == COMPANY else "/s/east"
            urls[f"{start}/{flow.plugin}/{flow.name}/new/{step.name}"] = (*step.form().fields, "again")
    for url, names in urls.items():
        for value in ("\x00", "x" * 3000, "9" * 31, FOREIGN, "site:x"):
            query = "&".join(f"{name}={quote(value)}" for name in names)
            status = world.browser("hq").get(f"{url}?{query}").status_code
            assert status in (200, 302, 404, 422) and (status == 422 or value != "\x00"), (url, value[:20], status)
    world.no_faults()
