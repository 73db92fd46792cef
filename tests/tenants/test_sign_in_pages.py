"""The second factor and the policy as a browser meets them; cookies, tokens of forms, and headers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask

from guanjia.app import create_app
from guanjia.db.base import db
from tenants import operator_factor
from tenants.operators import create_operator
from tenants.plugin import plugin

from .conftest import PASSWORD, Firm
from .test_pages_of_people import Browser

NEW = "the river bends twice"


def secret_on(page: str) -> str:
    found = re.search(r'<code class="gj-secret">([^<]+)</code>', page)
    assert found is not None
    return found[1].replace(" ", "")


def sealed_on(page: str) -> str:
    found = re.search(r'name="sealed"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def code_of(firm: Firm, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(firm.clock.now().timestamp()))


def set_up(browser: Browser, firm: Firm, path: str = "/me/second-factor", **more: Any) -> tuple[str, list[str]]:
    page = browser.get(path).text
    secret = secret_on(page)
    answer = browser.post(path.split("?")[0], sealed=sealed_on(page), code=code_of(firm, secret), **more)
    assert answer.status_code == 200, answer.text
    firm.clock.move(timedelta(seconds=30))
    return secret, re.findall(r"<li><code>([^<]+)</code></li>", answer.text)


def test_set_up_asked_for_and_turned_off(app: Flask, firm: Firm) -> None:
    firm.staff("li", "receptionist", firm.site("a"))
    browser = Browser(app)
    browser.sign_in("li")
    page = browser.get("/me/second-factor").text
    assert 'src="data:image/svg+xml' in page and "style=" not in page
    wrong = browser.post("/me/second-factor", sealed=sealed_on(page), code="000000")
    assert wrong.status_code == 422 and secret_on(wrong.text) == secret_on(page), "the same picture comes back"
    secret, codes = set_up(browser, firm)
    assert len(codes) == 10
    standing = browser.get("/me/second-factor")
    assert standing.headers["Cache-Control"] == "no-store" and secret not in standing.text
    assert not any(code in standing.text for code in codes), "codes are shown once"
    browser.post("/sign-out")

    answer = browser.sign_in("li", next="/me/sessions")
    assert answer.headers["Location"] == "/sign-in/code"
    for path in ("/s/a/", "/me/sessions", "/", "/me/second-factor", "/me/password"):
        assert "/sign-in" in browser.get(path).headers["Location"], "half signed in is not signed in"
    page = browser.get("/sign-in/code")
    assert page.status_code == 200 and 'autocomplete="one-time-code"' in page.text
    assert browser.post("/sign-in/code", code="").status_code == 422
    answer = browser.post("/sign-in/code", code="000000")
    assert answer.status_code == 401 and "000000" not in answer.text
    answer = browser.post("/sign-in/code", code=code_of(firm, secret))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/sessions")
    assert browser.get("/s/a/").status_code == 200
    assert browser.get("/sign-in/code").headers["Location"] == "/sign-in"

    browser.get("/me/second-factor")
    assert browser.post("/me/second-factor/off", present_password="wrong").status_code == 422
    answer = browser.post("/me/second-factor/recovery", present_password=PASSWORD)
    fresh = re.findall(r"<li><code>([^<]+)</code></li>", answer.text)
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    assert browser.post("/me/second-factor/off", present_password=PASSWORD).status_code == 303
    browser.post("/sign-out")
    assert browser.sign_in("li").headers["Location"] == "/"


def test_a_recovery_code_leads_in_and_says_how_many_are_left(app: Flask, firm: Firm) -> None:
    firm.staff("li", "receptionist", firm.site("a"))
    browser = Browser(app)
    browser.sign_in("li")
    _secret, codes = set_up(browser, firm)
    browser.post("/sign-out")
    browser.sign_in("li")
    browser.get("/sign-in/code")
    assert browser.post("/sign-in/code", code=codes[0]).status_code == 303
    assert "还剩 9 个" in browser.get("/s/a/").text


def test_too_many_wrong_codes_lead_back_to_the_password(app: Flask, firm: Firm) -> None:
    firm.staff("li", "receptionist", firm.site("a"))
    browser, stranger = Browser(app), Browser(app, "6.6.6.6")
    browser.sign_in("li")
    secret, _codes = set_up(browser, firm)
    stranger.sign_in("li")
    stranger.get("/sign-in/code")
    answers = [stranger.post("/sign-in/code", code="000000") for _n in range(5)]
    assert [a.status_code for a in answers] == [401] * 4 + [303] and answers[-1].headers["Location"] == "/sign-in"
    stranger.sign_in("li")
    stranger.get("/sign-in/code")
    kinds = [stranger.post("/sign-in/code", code="000000") for _n in range(3)]
    assert kinds[-1].status_code == 429 and int(kinds[-1].headers["Retry-After"]) > 0
    browser.post("/sign-out")
    browser.sign_in("li")
    browser.get("/sign-in/code")
    answer = browser.post("/sign-in/code", code=code_of(firm, secret))
    assert answer.status_code == 303, "the owner's own browser is not slowed by a stranger"


def test_whoever_owes_a_second_factor_sets_it_up_before_anything_else(app: Flask, firm: Firm) -> None:
    a = firm.site("a")
    firm.staff("li", "site_manager", a, must_change_password=True)
    firm.do("tenants.company.set_sign_in_policy", firm.company, second_factor_roles=["site_manager"])
    browser = Browser(app)
    assert browser.sign_in("li", next="/s/a/").headers["Location"].startswith("/me/password")
    answer = browser.post("/me/password", old=PASSWORD, password=NEW, again=NEW, next="/s/a/")
    assert answer.headers["Location"] == "/s/a/"
    assert browser.get("/s/a/").headers["Location"] == "/me/second-factor?next=/s/a/"
    for path in ("/s/a/tenants/staff/new/create", "/me/password", "/me/second-factor/off", "/notifications/read"):
        assert browser.post(path).status_code == 403, path
    for path in ("/me/sessions", "/me/tokens", "/notifications", "/s/a/tenants/staff/export.xlsx"):
        assert browser.get(path).headers["Location"].startswith("/me/second-factor"), path
    page = browser.get("/me/second-factor?next=/s/a/")
    assert "您担任的角色必须使用二次验证" in page.text and "present_password" not in page.text
    secret = secret_on(page.text)
    answer = browser.post("/me/second-factor", sealed=sealed_on(page.text), code=code_of(firm, secret), next="/s/a/")
    assert 'href="/s/a/"' in answer.text
    assert browser.get("/s/a/").status_code == 200
    assert browser.get("/hq/sign-in").status_code == 404, "only headquarters sees the policy"
    page = browser.get("/me/second-factor").text
    assert "/me/second-factor/off" not in page
    assert browser.post("/me/second-factor/off", present_password=NEW).status_code == 303
    browser.post("/sign-out")
    assert browser.sign_in("li", NEW).headers["Location"] == "/sign-in/code", "it stayed on"


def test_headquarters_sees_and_changes_the_policy(app: Flask, firm: Firm) -> None:
    firm.staff("li", "site_manager", firm.site("a"))
    browser = Browser(app)
    browser.sign_in()
    page = browser.get("/hq/sign-in")
    assert page.status_code == 200 and "至少 12 个字符" in page.text and "10080" not in page.text
    form_path = f"/hq/tenants/company/{firm.company}/set_sign_in_policy"
    assert form_path in page.text
    assert browser.get(form_path).status_code == 200
    answer = browser.post(form_path, password_min_length="7", password_max_days="90", password_history="5",
                          second_factor_roles=["site_manager"])  # fmt: skip
    assert answer.status_code == 422 and 'value="7"' in answer.text, "comes back filled in"
    answer = browser.post(form_path, password_min_length="14", password_max_days="90", password_history="5",
                          session_idle_minutes="30", second_factor_roles=["site_manager"])  # fmt: skip
    assert answer.status_code in (302, 303), answer.text
    page = browser.get("/hq/sign-in").text
    assert "至少 14 个字符" in page and "30 分钟" in page and ">Li<" in page


def test_wrong_forms_come_back_filled_in_but_for_the_password(app: Flask, firm: Firm) -> None:
    browser = Browser(app)
    browser.sign_in()
    browser.get("/hq/tenants/staff/new/create")
    answer = browser.post(
        "/hq/tenants/staff/new/create", account="wu", name="吴用", phone="13800000000", password="password1234"
    )
    assert answer.status_code == 422 and "吴用" in answer.text and "password1234" not in answer.text
    assert "这样的密码别人很快就能猜到" in answer.text and 'href="#f-password"' in answer.text, "the field is named"


def test_the_operator_has_a_second_factor_too(app: Flask, firm: Firm) -> None:
    create_operator(firm.host, account="root", name="Root", password=PASSWORD)
    browser = Browser(app)

    def come() -> str:
        browser.get("/operator/sign-in")
        return browser.post("/operator/sign-in", account="root", password=PASSWORD).headers["Location"]

    assert come() == "/operator/"
    page = browser.get("/operator/second-factor").text
    secret = secret_on(page)
    wrong = browser.post(
        "/operator/second-factor", sealed=sealed_on(page), code=code_of(firm, secret), present_password="x"
    )
    assert wrong.status_code == 422
    secret, codes = set_up(browser, firm, "/operator/second-factor", present_password=PASSWORD)
    browser.get("/operator/")
    browser.post("/operator/sign-out")
    assert come() == "/operator/sign-in/code"
    assert browser.get("/operator/").headers["Location"] == "/operator/sign-in", "half signed in is not signed in"
    browser.get("/operator/sign-in/code")
    assert browser.post("/operator/sign-in/code", code="000000").status_code == 401
    code = code_of(firm, secret)
    assert browser.post("/operator/sign-in/code", code=code).headers["Location"] == "/operator/"
    assert browser.get("/operator/").status_code == 200
    other = Browser(app)
    other.get("/operator/sign-in")
    other.post("/operator/sign-in", account="root", password=PASSWORD)
    other.get("/operator/sign-in/code")
    assert other.post("/operator/sign-in/code", code=code).status_code == 401, "a code opens once"
    assert other.post("/operator/sign-in/code", code=codes[0]).status_code == 303
    operator_factor.reset_factor(firm.host, "root")
    assert browser.get("/operator/").status_code == 303 and come() == "/operator/"


# ---------------------------------------------------------------------- forms, cookies, headers


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_post_without_the_token_of_its_page_is_refused_with_a_clear_page(
    app: Flask, firm: Firm, language: str
) -> None:
    mine, theirs = Browser(app), Browser(app)
    mine.sign_in()
    theirs.sign_in()
    mine.client.set_cookie("guanjia_language", language)
    for token in ("", theirs.token):
        answer = mine.client.post(
            "/me/password", data={"csrf_token": token, "old": PASSWORD, "password": NEW, "again": NEW}
        )
        assert answer.status_code == 400
        assert ("页面已失效" if language == "zh" else "This page is no longer valid") in answer.text
    assert Browser(app).sign_in().status_code == 303, "nothing was changed"


def test_cookies_are_closed_to_scripts_and_other_sites(app: Flask, firm: Firm) -> None:
    browser = Browser(app)
    answer = browser.sign_in()
    cookies = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"guanjia", "guanjia_device", "guanjia_company"}
    for line in cookies.values():
        assert "HttpOnly" in line and "SameSite=Lax" in line and "Path=/" in line and "Domain" not in line


def test_behind_https_cookies_are_the_hosts_own(app: Flask, firm: Firm) -> None:
    secure = create_app(replace(firm.host.config, secure_cookies=True), plugins=[plugin], clock=firm.clock, seed=9)
    client = secure.test_client()
    base = {"base_url": "https://localhost"}
    with secure.app_context():
        page = client.get("/sign-in", **base)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    form = {"csrf_token": token[1], "company": "demo", "account": "admin", "password": PASSWORD}
    with secure.app_context():
        answer = client.post("/sign-in", data=form, headers={"Referer": "https://localhost/sign-in"}, **base)
        assert answer.status_code == 303, answer.text
        for line in answer.headers.getlist("Set-Cookie"):
            assert line.startswith("__Host-guanjia") and "Secure" in line and "HttpOnly" in line and "Path=/" in line
        assert client.get("/me/sessions", **base).status_code == 200, "and they are found again"
        elsewhere = client.post("/sign-out", data=form, headers={"Referer": "https://evil.example/"}, **base)
        assert elsewhere.status_code == 400, "behind HTTPS the sender's address counts besides"
        db.engine.dispose()


HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin", "Permissions-Policy": "microphone=()", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sign-in", 200), ("/hq/", 303), ("/nowhere", 404), ("/sign-out", 405), ("/static/guanjia.css", 200), ("/health", 200),
     ("/api/v1/openapi.json", 200), ("/api/v1/me", 401), ("/api/v1/nowhere", 404), ("/operator/", 303), ("/me/sessions", 303)],
)  # fmt: skip
def test_every_answer_carries_the_headers(app: Flask, firm: Firm, path: str, status: int) -> None:
    answer = Browser(app).get(path)
    assert answer.status_code == status
    for name, part in HEADERS.items():
        assert part in answer.headers[name], name
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "form-action 'self'" in policy
    if not path.startswith("/static/"):
        assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers, "not without HTTPS"
