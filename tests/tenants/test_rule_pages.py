"""The pages of rules: found, read, previewed, saved; filled in again after an error; a site within its locks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.ports import SignedIn
from sample_rules import rules as sample_rules
from tenants.plugin import plugin
from tenants.settings.models import RuleChange
from tenants.settings.store import load_settings

from .conftest import Firm, make_firm

SWEEP, FIRST, LATER = "sample_rules.sweep", "sample_rules.pay_first", "sample_rules.pay_later"


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    config = Config(data_folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'test.sqlite'}", owner_database_url="")
    app = create_app(config, plugins=[plugin, sample_rules.plugin], clock=clock, seed=7)
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


class Browser:
    """Somebody's browser; forms are read from the page and sent back as they stand, but for what is filled in."""

    def __init__(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, firm: Firm, staff: UUID, language: str
    ) -> None:
        user = SignedIn(firm.company, firm.code, staff, firm.host.ids.new(), "Somebody", language)
        with client.session_transaction() as kept:
            kept["_user_id"] = user.get_id()
        self.client, self.user, self.firm, self.patch = client, user, firm, monkeypatch

    def call(self, method: str, url: str, **options: Any) -> TestResponse:
        """One request, in a context of its own: nothing is remembered from the one before."""
        self.patch.setattr(self.firm.directory, "signed_in", lambda cookie: self.user, raising=False)
        with self.firm.app.app_context():
            return self.client.open(url, method=method, **options)

    def get(self, url: str, status: int = 200) -> str:
        answer = self.call("GET", url)
        assert answer.status_code == status, f"{url}: {answer.status}"
        return answer.text

    def send(self, page: str, action: str, status: int = 200, **filled: Any) -> TestResponse:
        """Send the form of the page that goes to `action`, with these entries; None takes one away."""
        fields = form_of(page, action)
        for name, value in filled.items():
            name = name.replace("__", ".")
            fields = [(n, v) for n, v in fields if n != name]
            fields += [(name, v) for v in (value if isinstance(value, list) else [value]) if v is not None]
        answer = self.call("POST", action, data=_grouped(fields))
        assert answer.status_code == status, (
            f"{action}: {answer.status}, {' '.join(re.findall('gj-error.*', answer.text))}"
        )
        return answer


def _grouped(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found


def form_of(page: str, action: str) -> list[tuple[str, str]]:
    """What a browser would send of the form that posts to `action`."""
    found = re.search(rf'<form[^>]*method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found is not None, f"no form goes to {action}"
    text = found[0]
    fields = []
    for tag in re.findall(r"<input[^>]*>", text):
        kind, name = attribute(tag, "type"), attribute(tag, "name")
        if name and (kind not in ("checkbox", "radio") or re.search(r"\schecked", tag)):
            fields.append((name, attribute(tag, "value") or ""))
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL):
        fields.append((name, html.unescape(body).removeprefix("\n")))
    for tag, body in re.findall(r"<select([^>]*)>(.*?)</select>", text, re.DOTALL):
        options = re.findall(r"<option[^>]*>", body)
        chosen = next((o for o in options if " selected" in o), options[0])
        fields.append((attribute(tag, "name") or "", attribute(chosen, "value") or ""))
    return fields


def attribute(tag: str, name: str) -> str | None:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else None


@pytest.fixture
def firm(app: Flask, clock: Clock) -> Firm:
    return make_firm(app, clock, "demo")


@pytest.fixture
def sites(firm: Firm) -> dict[str, UUID]:
    north = firm.unit("north")
    return {"north": north, "inner": firm.site("inner", north), "outer": firm.site("outer")}


Open = Callable[..., Browser]


@pytest.fixture
def browse(app: Flask, firm: Firm, monkeypatch: pytest.MonkeyPatch) -> Open:
    def open_(staff: UUID, language: str = "en") -> Browser:
        return Browser(app.test_client(), monkeypatch, firm, staff, language)

    return open_


@pytest.fixture
def hq(browse: Open, firm: Firm, sites: dict[str, UUID]) -> Browser:
    return browse(firm.admin)


@pytest.fixture
def manager(firm: Firm, sites: dict[str, UUID]) -> UUID:
    return firm.staff("manager", "site_manager", sites["inner"])


def kept(firm: Firm) -> list[Any]:
    with firm.reading() as session:
        return load_settings(session)


def enter(firm: Firm, rule: str, **entry: Any) -> None:
    form = {"scope_kind": "company", "from_day": "2026-11-24", "reason": "The insurer wants it"}
    firm.hq.perform("tenants.rule_change.enter", None, form | {"rules": [{"rule": rule, **entry}]})


# ------------------------------------------------------------------ finding


def test_the_list_names_every_rule_with_clause_kind_and_state(hq: Browser) -> None:
    page = hq.get("/hq/rules")
    for text in (
        "Sweep in time",
        "90/1.1",
        "Guard",
        "Keep dry",
        "Duty",
        "Cupboard",
        "No switch",
        "90 Cleaning regulation",
        "2/2",
    ):
        assert text in page
    assert "Pay first" in hq.get("/hq/rules?q=payment+comes")
    narrowed = hq.get("/hq/rules?q=payment+comes+before")
    assert "Pay first" in narrowed and "Pay later" not in narrowed and "Keep dry" not in narrowed
    assert "Pay later" in hq.get("/hq/rules?state=off") and "Pay first" not in hq.get("/hq/rules?state=off")
    assert "Keep dry" in hq.get("/hq/rules?kind=duty") and "Sweep in time" not in hq.get("/hq/rules?kind=duty")
    assert "No rule fits" in hq.get("/hq/rules?q=unheard")


def test_the_list_is_chinese_for_who_reads_chinese(browse: Open, firm: Firm, sites: dict[str, UUID]) -> None:
    page = browse(firm.admin, "zh").get("/hq/rules")
    assert "按时清扫" in page and "Sweep in time" not in page and "保洁规定" in page


def test_unknown_rules_scopes_and_sites_do_not_exist(
    hq: Browser, browse: Open, firm: Firm, sites: dict[str, UUID], manager: UUID
) -> None:
    for url in ("/hq/rules/sample_rules.none", "/hq/rules?scope=site:x", f"/hq/rules?scope=site:{sites['north']}",
                f"/hq/rules/{SWEEP}?scope=moon", f"/hq/rules/{SWEEP}?mode=magic", f"/hq/rules/{SWEEP}?mode=exception"):  # fmt: skip
        hq.get(url, 404)
    mine = browse(manager)
    for url in ("/hq/rules", f"/hq/rules/{SWEEP}", "/s/outer/rules", f"/s/outer/rules/{SWEEP}", "/s/nowhere/rules"):
        mine.get(url, 404)


def test_a_record_has_a_page_and_no_form(hq: Browser) -> None:
    page = hq.get("/hq/rules/sample_rules.cupboard")
    assert "Tools have their cupboard." in page and "no rule with a switch" in page and 'name="from_day"' not in page


# ------------------------------------------------------------------ changing


def test_headquarters_sets_a_rule_in_two_steps(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{SWEEP}"
    page = hq.get(url)
    assert "Stairs and hall are swept in time." in page and "Nobody has set anything" in page
    answer = hq.send(page, url, p__within_hours="48", p__fee_fen="12.50", p__role="receptionist", p__kinds=["hall"],
                     more__kinds="lift, yard", o__four_eyes="true", locked=["within_hours"], reason="Winter")  # fmt: skip
    preview = answer.text
    for text in ("Nothing is saved yet", "Time limit", "24 hours", "48 hours", "10.00 yuan", "12.50 yuan", "Receptionist",
                 "Inner", "Outer", "2026-11-24"):  # fmt: skip
        assert text in preview
    assert kept(firm) == []
    saved = hq.send(preview, "/hq/rules/-/save", 303)
    (setting,) = kept(firm)
    assert setting.params == {
        "within_hours": 48,
        "fee_fen": 1250,
        "role": "receptionist",
        "kinds": ["hall", "lift", "yard"],
    }
    assert (setting.options, setting.locked_params, setting.reason) == ({"four_eyes": True}, {"within_hours"}, "Winter")
    after = hq.get(saved.location)
    for text in ("The change is saved.", "Winter", "Admin", "In force"):
        assert text in after
    assert dict(form_of(after, url))["p.fee_fen"] == "12.50"


def test_sending_the_form_as_it_stands_changes_nothing(hq: Browser, firm: Firm) -> None:
    enter(firm, SWEEP, on=False, params={"share": "0.4", "kinds": ["hall"], "by_machine": True, "season": "summer"})
    url = f"/hq/rules/{SWEEP}"
    preview = hq.send(hq.get(url), url, reason="Same").text
    assert "Nothing would change anywhere" in preview
    hq.send(preview, "/hq/rules/-/save", 303)
    first, second = kept(firm)
    assert (first.on, first.params, first.options) == (second.on, second.params, second.options)


def test_a_wrong_entry_comes_back_filled_in_and_named(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{SWEEP}"
    answer = hq.send(hq.get(url), url, 422, on="false", p__within_hours="0", p__fee_fen="1.234", p__share="much",
                     p__kinds=[], set__kinds="1", from_day="", reason="")  # fmt: skip
    back = dict(form_of(answer.text, url))
    assert (back["on"], back["p.within_hours"], back["p.fee_fen"], back["p.share"]) == ("false", "0", "1.234", "much")
    errors = re.findall(r'<div class="gj-error" id="([^"]+)-error">', answer.text)
    labels = {re.search(rf'<(?:label for|div id)="{e}[^>]*>', answer.text) is not None for e in errors}
    assert len(errors) == 6 and labels == {True}
    assert kept(firm) == []


def test_the_form_comes_back_from_the_preview_as_it_was(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{SWEEP}"
    sent = {"on": "true", "p__within_hours": "7", "p__season": "summer", "p__by_machine": "true", "p__also": ["cashier"],
            "lock": "1", "from_day": "2026-12-24", "reason": "Frost & ice"}  # fmt: skip
    preview = hq.send(hq.get(url), url, **sent).text
    back = hq.send(preview, "/hq/rules/-/save", back="enter").text
    fields = dict(form_of(back, url))
    for name, value in sent.items():
        assert fields[name.replace("__", ".")] == (value[0] if isinstance(value, list) else value)
    assert "p.kinds" in fields and "set.kinds" not in fields
    hq.send(hq.send(back, url).text, "/hq/rules/-/save", 303)
    assert kept(firm)[0].reason == "Frost & ice" and kept(firm)[0].lock


def test_a_planned_change_is_shown_and_withdrawn(hq: Browser, firm: Firm, sites: dict[str, UUID]) -> None:
    url = f"/hq/rules/{SWEEP}"
    preview = hq.send(hq.get(url), url, on="false", from_day="2026-12-24", reason="Later").text
    after = hq.get(hq.send(preview, "/hq/rules/-/save", 303).location)
    assert "Planned here" in after
    firm.clock.move(timedelta(minutes=1))
    link = html.unescape(re.search(r'href="([^"]*withdraw=[^"]*)#change"', after)[1])  # type: ignore[index]
    fields = dict(form_of(hq.get(link), url))
    assert (fields["on"], fields["from_day"]) == ("inherit", "2026-12-24")
    preview = hq.send(hq.get(link), url, reason="Not after all").text
    assert "Off" in preview and "On" in preview
    hq.send(preview, "/hq/rules/-/save", 303)
    assert [s.on for s in kept(firm)] == [False, None]


def test_two_rules_that_exclude_each_other_change_hands_in_one_change(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{LATER}"
    page = hq.get(url)
    refused = hq.send(page, url, 422, on="true", reason="New contract")
    assert "exclude each other" in refused.text and "Inner from 2026-11-24 on" in refused.text
    assert ">Save<" not in refused.text
    preview = hq.send(page, url, on="true", partner__sample_rules__pay_first="false", reason="New contract").text
    hq.send(preview, "/hq/rules/-/save", 303)
    assert {(s.rule, s.on) for s in kept(firm)} == {(LATER, True), (FIRST, False)}


def test_a_refusal_that_arises_after_the_preview_is_shown_with_it(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{LATER}"
    enter(firm, FIRST, on=False)
    preview = hq.send(hq.get(url), url, on="true", reason="x").text
    enter(firm, FIRST, on=True)
    answer = hq.send(preview, "/hq/rules/-/save", 422)
    assert "exclude each other" in answer.text
    assert [s.rule for s in kept(firm)] == [FIRST, FIRST]


def test_several_rules_are_switched_at_once(hq: Browser, firm: Firm, sites: dict[str, UUID]) -> None:
    enter(firm, SWEEP, params={"within_hours": 6})
    page = hq.get("/hq/rules")
    wrong = hq.send(page, "/hq/rules/-/bulk", 422, reason="x")
    assert "Tick the rules" in wrong.text
    unsaid = hq.send(page, "/hq/rules/-/bulk", 422, rule=[SWEEP], on="false", reason="")
    assert f'value="{SWEEP}" aria-label="Tick Sweep in time" checked' in unsaid.text
    preview = hq.send(page, "/hq/rules/-/bulk", rule=[SWEEP, "sample_rules.dry"], on="false", reason="Holidays").text
    hq.send(preview, "/hq/rules/-/save", 303)
    assert [(s.rule, s.on, dict(s.params)) for s in kept(firm)[1:]] == [
        (SWEEP, False, {"within_hours": 6}), ("sample_rules.dry", False, {})]  # fmt: skip


def test_the_same_preview_sent_twice_is_saved_once(hq: Browser, firm: Firm) -> None:
    url = f"/hq/rules/{SWEEP}"
    preview = hq.send(hq.get(url), url, on="false", reason="x").text
    hq.send(preview, "/hq/rules/-/save", 303)
    hq.send(preview, "/hq/rules/-/save", 303)
    assert len(kept(firm)) == 1


@pytest.mark.parametrize(
    "change",
    ["", "x", "[]", "{}", '{"rules":[]}', '{"rules":[1]}', '{"rules":[{"rule":1}]}', '{"rules":[{"rule":"a.b"}]}',
     '{"rules":[{"rule":"sample_rules.sweep","params":[1]}],"from_day":1,"reason":{}}',
     '{"rules":[{"rule":"sample_rules.sweep","params":{"within_hours":1.5}},{"rule":"x"}],"scope_kind":[]}'],
)  # fmt: skip
def test_a_change_that_nobody_previewed_is_refused(hq: Browser, firm: Firm, change: str) -> None:
    for more in ({}, {"back": "enter"}):
        answer = hq.call("POST", "/hq/rules/-/save", data={"change": change, "mode": "enter", **more})
        assert answer.status_code in ((422, 404) if not more else (200, 303, 404, 422))
    assert kept(firm) == []


# ------------------------------------------------------------------ at a site


def test_a_site_manager_changes_the_own_site(browse: Open, firm: Firm, sites: dict[str, UUID], manager: UUID) -> None:
    mine = browse(manager)
    assert "Sweep in time" in mine.get("/s/inner/rules")
    url = f"/s/inner/rules/{SWEEP}"
    page = mine.get(url)
    assert 'name="lock"' not in page and 'name="locked"' not in page and "rule-scope" not in page
    preview = mine.send(page, url, p__within_hours="6", reason="Steep stairs").text
    mine.send(preview, "/s/inner/rules/-/save", 303)
    (setting,) = kept(firm)
    assert (setting.scope, setting.author, setting.params) == (sites["inner"], manager, {"within_hours": 6})


def test_what_is_locked_is_shown_with_its_reason_and_can_be_asked_for(
    browse: Open, firm: Firm, sites: dict[str, UUID], manager: UUID
) -> None:
    enter(firm, SWEEP, params={"within_hours": 48}, locked_params=["within_hours"])
    mine = browse(manager)
    url = f"/s/inner/rules/{SWEEP}"
    page = mine.get(url)
    for text in ("Part of the rule is locked above", "Admin", "The insurer wants it", "48 hours"):
        assert text in page
    assert 'name="p.within_hours"' not in page and 'name="p.role"' in page
    ask = mine.get(f"{url}?mode=ask")
    preview = mine.send(ask, url, p__within_hours="5", reason="Steep stairs").text
    assert "5 hours" in preview and "Send to headquarters" in preview
    asked = mine.send(preview, "/s/inner/rules/-/save", 303)
    assert len(kept(firm)) == 1
    case = UUID(asked.location.rsplit("/", 1)[1])
    assert "Steep stairs" in mine.get(asked.location)
    boss = browse(firm.admin)
    assert "5 hours" in boss.get(f"/hq/tenants/rule_change/{case}")
    firm.hq.perform("tenants.rule_change.grant", case, {})
    granted = boss.get(f"/hq/rules/{SWEEP}?scope=site:{sites['inner']}")
    assert "granted in spite of the lock" in granted and "Granted in spite of the lock" in granted


def test_headquarters_makes_an_exception_for_a_site(hq: Browser, firm: Firm, sites: dict[str, UUID]) -> None:
    enter(firm, SWEEP, lock=True)
    url, scope = f"/hq/rules/{SWEEP}", f"scope=site:{sites['outer']}"
    page = hq.get(f"{url}?{scope}")
    assert "The whole rule is locked above" in page and "Make an exception" in page
    preview = hq.send(hq.get(f"{url}?{scope}&mode=exception"), url, on="false", reason="No stairs there").text
    hq.send(preview, "/hq/rules/-/save", 303)
    assert kept(firm)[1].granted == {"on"}


def test_staff_without_the_permission_read_and_cannot_change(
    browse: Open, firm: Firm, sites: dict[str, UUID], manager: UUID
) -> None:
    url = f"/s/inner/rules/{SWEEP}"
    form = form_of(browse(manager).get(url), url)
    till = browse(firm.staff("till", "cashier", sites["inner"]))
    page = till.get(url)
    assert "In force at Inner" in page and 'name="from_day"' not in page
    assert till.call("POST", url, data=dict([*form, ("reason", "x")])).status_code == 403
    assert 'type="checkbox"' not in till.get("/s/inner/rules")
    assert kept(firm) == []


def test_a_change_of_rules_is_in_the_ledger(hq: Browser, firm: Firm) -> None:
    enter(firm, SWEEP, on=False, params={"within_hours": 6})
    page = hq.get("/hq/tenants/rule_change")
    assert "Sweep in time" in page and "The insurer wants it" in page
    with firm.reading() as session:
        change = session.query(RuleChange).filter(RuleChange.company_id == session.company_id).one()
    assert "6 hours" in hq.get(f"/hq/tenants/rule_change/{change.id}")
