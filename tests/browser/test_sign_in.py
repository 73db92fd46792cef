"""Who comes in and who does not, in which language, and that another company sees nothing."""

from __future__ import annotations

import re

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe

import office
from browser.portal import DESKTOP, PHONE, Portal, Screen, Screens
from requests_made import Requests

OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}


def test_a_wrong_password_is_said_and_the_right_one_opens_the_office(screens: Screens) -> None:
    desk = screens.blank()
    desk.expects(401)
    desk.signs_in("east-receptionist", "not the password")
    assert "密码" in desk.text(".gj-panel.gj-tone-danger")
    assert desk.page.input_value("[name=account]") == "east-receptionist", "what was typed is kept"
    assert desk.page.input_value("[name=password]") == "", "a password is never sent back"
    desk.page.fill("[name=password]", office.PASSWORD)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/s/east/")
    assert desk.text("h1") == "今日" and "东苑管理处" in desk.text(".gj-site")


def code_of(portal: Portal, secret: str) -> str:
    return pyotp.TOTP(secret.replace(" ", "")).at(int(portal.company.host.clock.now().timestamp()))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_a_second_factor_demanded_set_up_and_asked_for(screens: Screens, portal: Portal, size: tuple[int, int]) -> None:
    admin, role = portal.company.admin, "property_supervisor" if size == DESKTOP else "property_assistant"
    admin.perform("tenants.company.set_sign_in_policy", portal.company.plan.company_id, {"second_factor_roles": [role]})
    desk = screens.blank(size)
    desk.expects(401, 422)
    desk.signs_in(f"east-{role}")
    desk.page.wait_for_url(re.compile(r"/me/second-factor\?next="))
    assert desk.page.locator(".gj-qr").evaluate("picture => picture.complete && picture.naturalWidth > 0"), (
        "the QR code shows"
    )
    assert findings_here(desk) == []
    secret = desk.page.inner_text(".gj-secret")
    desk.page.fill("[name=code]", "000000")
    desk.page.keyboard.press("Enter")
    assert "验证码与此二维码不符" in desk.text(".gj-error") and desk.page.inner_text(".gj-secret") == secret
    desk.page.fill("[name=code]", code_of(portal, secret))
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector(".gj-codes li")
    assert findings_here(desk) == []
    codes = desk.page.locator(".gj-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    desk.page.click("text=我已抄好")
    desk.page.wait_for_url("**/s/east/")
    portal.company.later(minutes=1)

    again = screens.blank(size)
    again.expects(401)
    again.signs_in(f"east-{role}")
    again.page.wait_for_url("**/sign-in/code")
    assert again.page.locator("[name=code]").evaluate("field => field === document.activeElement"), (
        "one can type at once"
    )
    assert findings_here(again) == []
    again.page.keyboard.type("123123")
    again.page.keyboard.press("Enter")
    assert "验证码不对" in again.text(".gj-error")
    again.page.fill("[name=code]", code_of(portal, secret))
    again.page.keyboard.press("Enter")
    again.page.wait_for_url("**/s/east/")
    admin.perform("tenants.company.set_sign_in_policy", portal.company.plan.company_id, {})


def findings_here(screen: Screen) -> list[str]:
    """What axe finds on the page as it stands."""
    return [violation["id"] for violation in Axe().run(screen.page, options=OPTIONS).response["violations"]]


def test_whoever_signs_out_is_out(screens: Screens) -> None:
    desk = screens.blank()
    desk.signs_in("east-receptionist")
    desk.page.click(".gj-account summary")
    desk.page.click(".gj-account button[type=submit]")
    desk.page.wait_for_url("**/sign-in")
    desk.opens("intake")
    assert "/sign-in" in desk.page.url, "the address asks for signing in again"


def test_the_language_is_switched_and_kept(screens: Screens) -> None:
    desk = screens("receptionist")
    desk.opens("intake")
    assert desk.text("h1") == "受理登记"
    desk.page.click(".gj-lang [lang=en]")
    assert desk.text("h1") == "Take a request" and desk.page.get_attribute("html", "lang") == "en"
    assert desk.page.url.endswith("/s/east/customer_service/intake"), "on the page where one was"
    desk.opens("board")
    shown = desk.text("body")
    assert desk.text("h1") == "Board"
    left = set(re.findall(r"[一-鿿]+", shown)) - {"管家", "中文", "东苑管理处"}
    assert not {word for word in left if "东苑" not in word and "east" not in word}, "only names stay Chinese"
    desk.page.click(".gj-lang [lang=zh-CN]")
    assert desk.text("h1") == "调度看板"


def test_another_company_sees_nothing_of_this_one(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.dispatched(content="只有东苑看得到")
    number, content = requests.row(case).number, requests.row(case).content
    desk = screens("receptionist")
    desk.opens("request")
    assert number in desk.text() and content in desk.text()
    rival = screens("", account="admin", company="rival")
    rival.expects(404)
    rival.opens("/hq/")
    assert "对手物业" in rival.text("header")
    own_east = "/s/east/customer_service"  # the rival has a site of the same code
    for path in (f"{own_east}/request", f"{own_east}/board", "/s/east/", "/hq/"):
        rival.opens(path)
        assert (
            rival.page.locator("h1").count() == 1
            and number not in rival.text("body")
            and content not in rival.text("body")
        )
    for path in (f"{own_east}/request/{case}", f"{own_east}/request/{case}/print/sheet", f"{own_east}/work/{case}"):
        answer = rival.page.goto(portal.url + path)
        assert answer is not None and answer.status == 404
        assert content not in rival.text("body")
