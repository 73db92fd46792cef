"""Sign-in, one's own entry, the operator's pages and "who may do what", as a browser meets them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from tenants.operators import create_operator, list_companies
from tenants.pages.sign_in import local_path

from .conftest import NOW, PASSWORD, Firm

SENT_AWAY = re.compile(r"/sign-in(\?.*)?$")


class Browser:
    """A browser that sends the token of the last page with each post."""

    def __init__(self, app: Flask, address: str = "1.1.1.1") -> None:
        self.app = app
        self.client: Client = app.test_client()
        self.address = address
        self.token = ""

    def get(self, path: str) -> TestResponse:
        return self._sent("GET", path, None)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self._sent("POST", path, {"csrf_token": self.token, **form})

    def _sent(self, method: str, path: str, data: dict[str, Any] | None) -> TestResponse:
        with self.app.app_context():  # its own: what a request remembers must not meet the next one
            response = self.client.open(path, method=method, data=data, environ_base={"REMOTE_ADDR": self.address})
        found = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
        self.token = found[1] if found else self.token
        return response

    def sign_in(
        self, account: str = "admin", password: str = PASSWORD, company: str = "demo", **more: Any
    ) -> TestResponse:
        self.get("/sign-in")
        response = self.post("/sign-in", company=company, account=account, password=password, **more)
        if response.status_code == 303:
            self.get("/me/password")
        return response


@pytest.fixture
def desk(app: Flask, firm: Firm) -> Browser:
    return Browser(app)


def test_a_person_signs_in_and_out(desk: Browser, firm: Firm) -> None:
    firm.site("a")
    assert SENT_AWAY.search(desk.get("/hq/").headers["Location"])
    answer = desk.sign_in(next="/hq/?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/hq/?x=1")
    assert desk.get("/hq/").status_code == 200
    assert desk.get("/sign-in").status_code == 302
    cookie = desk.client.get_cookie("guanjia")
    assert cookie is not None and cookie.http_only
    kept = cookie.value
    answer = desk.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert desk.get("/hq/").status_code == 303
    desk.client.set_cookie("guanjia", kept)
    assert desk.get("/hq/").status_code == 303, "the server has ended it, whatever the browser kept"


def test_a_wrong_password_comes_back_without_it(desk: Browser, firm: Firm) -> None:
    answer = desk.sign_in(password="not the password")
    assert answer.status_code == 401
    assert 'value="demo"' in answer.text and 'value="admin"' in answer.text and "not the password" not in answer.text
    assert desk.sign_in(account="").status_code == 422
    for _n in range(6):
        answer = desk.sign_in(password="not the password")
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_a_post_without_token_is_refused(desk: Browser, firm: Firm) -> None:
    desk.get("/sign-in")
    for form in ({}, {"csrf_token": "x"}):
        answer = desk.client.post("/sign-in", data={"company": "demo", "account": "admin", "password": PASSWORD} | form)
        assert answer.status_code == 400
    desk.sign_in()
    assert desk.client.post("/sign-out").status_code == 400


@pytest.mark.parametrize(
    ("target", "path"),
    [("/hq/", "/hq/"), ("/s/a/?x=1#y", "/s/a/?x=1#y"), ("", "/"), (None, "/"), ("//evil.example", "/"), ("/\\evil.example", "/"),
     ("https://evil.example", "/"), ("javascript:alert(1)", "/"), ("/a\r\nSet-Cookie: x", "/"), ("/\t/evil.example", "/"),
     ("/sign-out", "/"), ("hq", "/")],
)  # fmt: skip
def test_no_address_leads_away(target: str | None, path: str) -> None:
    assert local_path(target) == path


def test_a_known_browser_is_not_slowed_by_strangers(app: Flask, firm: Firm) -> None:
    own, stranger = Browser(app, "9.9.9.9"), Browser(app, "9.9.9.9")
    own.sign_in()
    own.post("/sign-out")
    for _n in range(8):
        answer = stranger.sign_in(password="not the password")
    assert answer.status_code == 429
    assert Browser(app, "9.9.9.9").sign_in().status_code == 429, "a browser that nobody knows waits"
    assert own.sign_in().status_code == 303
    forged = Browser(app, "9.9.9.9")
    forged.client.set_cookie("guanjia_device", "eyJkIjoiYSIsImEiOltdfQ.forged")
    assert forged.sign_in().status_code == 429


def test_an_initial_password_is_replaced_before_anything_else(app: Flask, firm: Firm) -> None:
    a = firm.site("a")
    firm.staff("li", "site_manager", a, must_change_password=True)
    browser = Browser(app)
    answer = browser.sign_in("li", next="/s/a/")
    assert answer.headers["Location"].startswith("/me/password?next=")
    assert browser.get("/s/a/").headers["Location"].startswith("/me/password")
    assert browser.post("/s/a/tenants/staff/new/create", account="x").status_code == 403
    new = "the river bends twice"
    page = browser.post("/me/password", old=PASSWORD, password=new, again=new + "x", next="/s/a/")
    assert page.status_code == 422 and new not in page.text
    assert browser.post("/me/password", old="wrong", password=new, again=new).status_code == 422
    assert browser.post("/me/password", old=PASSWORD, password="short", again="short").status_code == 422
    answer = browser.post("/me/password", old=PASSWORD, password=new, again=new, next="/s/a/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/s/a/")
    assert browser.get("/s/a/").status_code == 200


def test_own_sessions_can_be_seen_and_ended(app: Flask, firm: Firm) -> None:
    a = firm.site("a")
    firm.staff("li", "cashier", a)
    here, there = Browser(app), Browser(app, "2.2.2.2")
    here.sign_in("li")
    there.sign_in("li")
    page = here.get("/me/sessions")
    assert "2.2.2.2" in page.text and "1.1.1.1" in page.text
    (end,) = re.findall(r"/me/sessions/[0-9a-f-]+/end", page.text)
    assert here.post(end).status_code == 303
    assert there.get("/s/a/").status_code == 303 and here.get("/s/a/").status_code == 200
    foreign = Browser(app)
    foreign.sign_in()
    assert foreign.post(end).status_code == 404


def test_a_token_is_shown_once(app: Flask, firm: Firm) -> None:
    a = firm.site("a")
    manager = firm.staff("li", "site_manager", a)
    browser = Browser(app)
    browser.sign_in("li")
    assert browser.get("/me/tokens").status_code == 200
    answer = browser.post(
        "/me/tokens", name="export", scopes=["read", "tenants.site.administer"], until_day="2026-12-24"
    )
    (token,) = re.findall(r"gj_demo_[\w-]+", answer.text)
    owner = firm.host.directory.bearer(token)
    assert owner is not None and (owner.staff_id, owner.scopes) == (manager, ("read", "tenants.site.administer"))
    page = browser.get("/me/tokens")
    assert token not in page.text
    assert browser.post("/me/tokens", name="", until_day="2026-12-24").status_code == 422
    assert browser.post("/me/tokens", name="x", until_day="2036-12-24").status_code == 422
    assert (
        browser.post("/me/tokens", name="x", scopes=["tenants.company.administer"], until_day="2026-12-24").status_code
        == 422
    )
    (revoke,) = re.findall(r"/me/tokens/[0-9a-f-]+/revoke", page.text)
    assert browser.post(revoke).status_code == 303
    assert firm.host.directory.bearer(token) is None
    assert browser.post(revoke).status_code == 303


def test_the_api_makes_no_tokens(app: Flask, firm: Firm) -> None:
    """A token that is limited to little must not make one without limits."""
    from guanjia.errors import Forbidden
    from guanjia.steps.context import Context

    ctx = Context(firm.host, firm.company, firm.admin, None, via="api")
    with pytest.raises(Forbidden):
        ctx.perform("tenants.token.create", None, {"name": "x", "until_day": "2026-12-01", "digest": "ab" * 32})


def test_who_may_do_what_names_role_scope_and_deputy(app: Flask, firm: Firm) -> None:
    from datetime import timedelta

    east = firm.unit("east")
    a, _b = firm.site("a", east), firm.site("b", east)
    chief = firm.staff("chief", "site_manager", a)
    firm.staff("regional", "site_manager", east)
    firm.staff("clerk", "receptionist", a)
    deputy = firm.staff("deputy", "cashier", a)
    firm.away(chief, deputy, NOW, NOW + timedelta(days=1))
    browser = Browser(app)
    browser.sign_in("regional")
    page = browser.get("/s/a/access?what=permission:tenants.staff.administer").text
    rows = {tuple(re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S))
            for row in re.findall(r"<tr>.*?</tr>", page.split("access-people")[2].split("</table>")[0], re.S)}  # fmt: skip
    assert ("Admin", "总部管理员", "Demo Ltd", "—", "—") in rows
    assert ("Chief", "管理处主任", "A", "—", "—") in rows
    assert ("Deputy", "管理处主任", "A", "—", "Chief") in rows
    assert ("Regional", "管理处主任", "East", "—", "—") in rows
    assert "Clerk" not in page
    by_step = browser.get("/s/a/access?what=step:tenants.staff.create").text
    assert "Deputy" in by_step and "Clerk" not in by_step
    assert "Clerk" in browser.get("/s/a/access?what=reach").text
    for nothing in ("", "permission:no.such", "step:no.such.step", "step:tenants.staff.nothing", "x" * 900, "step:"):
        assert browser.get(f"/s/a/access?what={nothing}").status_code == 200
    assert browser.get("/hq/access").status_code == 403, "at headquarters a region has no permission"
    clerk = Browser(app)
    clerk.sign_in("clerk")
    assert clerk.get("/s/a/access").status_code == 403
    assert clerk.get("/s/b/access").status_code == 404
    assert clerk.get("/hq/access").status_code == 404


def test_the_operator_founds_and_suspends_and_sees_no_more(app: Flask, firm: Firm) -> None:
    create_operator(firm.host, account="root", name="Root", password=PASSWORD)
    browser = Browser(app)
    assert browser.get("/operator/").headers["Location"] == "/operator/sign-in"
    browser.get("/operator/sign-in")
    assert browser.post("/operator/sign-in", account="root", password="wrong wrong wrong").status_code == 401
    assert browser.post("/operator/sign-in", account="admin", password=PASSWORD).status_code == 401, (
        "staff are no operators"
    )
    assert browser.post("/operator/sign-in", account="root", password=PASSWORD).status_code == 303
    page = browser.get("/operator/")
    assert "Demo Ltd" in page.text and page.status_code == 200
    entry = {
        "code": "third",
        "name": "Third",
        "admin_account": "boss",
        "admin_name": "Boss",
        "admin_password": PASSWORD,
    }
    for field, value in (("code", "demo"), ("code", "A B"), ("name", ""), ("admin_password", "short")):
        answer = browser.post("/operator/", **entry | {field: value})
        assert answer.status_code == 422 and PASSWORD not in answer.text
    assert browser.post("/operator/", **entry).status_code == 303
    assert {"demo", "third"} <= {line.code for line in list_companies()}
    boss = Browser(app)
    assert boss.sign_in("boss", company="third").headers["Location"].startswith("/me/password")
    staff = Browser(app)
    staff.sign_in()
    assert staff.get("/operator/").status_code == 303
    suspend = f"/operator/companies/{firm.company}/suspend"
    assert staff.post(suspend).headers["Location"] == "/operator/sign-in"
    assert staff.get("/hq/").status_code == 200
    assert browser.post(suspend).status_code == 303
    assert staff.get("/hq/").status_code == 303 and Browser(app).sign_in().status_code == 401
    assert browser.post(f"/operator/companies/{firm.company}/resume").status_code == 303
    assert Browser(app, "3.3.3.3").sign_in().status_code == 303
    for path in ("/hq/", "/", "/s/a/", "/me/sessions", "/hq/tenants/staff"):
        assert SENT_AWAY.search(browser.get(path).headers["Location"]), "an operator is nobody inside a company"
    browser.get("/operator/")
    assert browser.post("/operator/sign-out").status_code == 303
    assert browser.get("/operator/").status_code == 302 or browser.get("/operator/").status_code == 303


def test_pages_of_the_registers_open_and_take_entries(app: Flask, firm: Firm) -> None:
    browser = Browser(app)
    browser.sign_in()
    answer = browser.post(
        "/hq/tenants/site/new/create", code="a", name="花城", opens="08:30", closes="18:00", zone="Asia/Shanghai"
    )
    assert answer.status_code in (302, 303), answer.text
    for flow in ("company", "org_unit", "site", "department", "staff", "role", "assignment", "absence", "calendar_day",
                 "calendar_year", "plugin_switch"):  # fmt: skip
        page = browser.get(f"/hq/tenants/{flow}")
        assert page.status_code == 200, flow
        if flow not in ("company",):
            form = browser.get(f"/hq/tenants/{flow}/new/create")
            assert form.status_code == 200, flow
            assert browser.post(f"/hq/tenants/{flow}/new/create").status_code == 422, flow
    browser.get("/s/a/tenants/staff/new/create")
    answer = browser.post("/s/a/tenants/staff/new/create", account="li", name="李娜", password=PASSWORD)
    assert answer.status_code in (302, 303), answer.text
    assert "李娜" in browser.get("/s/a/tenants/staff").text
    with firm.reading() as session:
        role = next(r for r in firm.directory.snapshot(session).roles.values() if r.key == "cashier")
    assert role.permissions == frozenset()
