"""Enquiries, complaints, visits and the shift log as people at the desk and at the door take them."""

from __future__ import annotations

from playwright.sync_api import Page

from browser.portal import PHONE, Portal, Screen, Screens
from requests_made import Requests

SEND = "main form.gj-form button[type=submit]"


def _fits(page: Page) -> bool:
    """Whether nothing reaches beyond the screen's edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def _sends(screen: Screen, path: str, **form: str) -> None:
    """Fill the step's form and send it; the case's page follows."""
    page = screen.opens(path)
    for name, text in form.items():
        page.fill(f"[name={name}]", text)
    page.click(SEND)
    page.wait_for_url(f"**/{path.rpartition('/')[0]}*")


def test_the_archive_answers_while_one_types_and_a_forbidden_phrase_comes_back_with_its_clause(
    screens: Screens, portal: Portal
) -> None:
    made = Requests(portal.company.site("east"))
    made.by(
        "receptionist",
        "customer_service.article.create",
        title="报修电话",
        topic="numbers",
        body="二十四小时：8888 0000",
    )
    desk = screens("receptionist")
    desk.expects(422)
    page = desk.opens("front-desk")
    page.locator("[name=content]").press_sequentially("报修")
    page.wait_for_selector("#cs-found:has-text('8888 0000')")
    assert "报修电话" in desk.text("#cs-found"), "two characters find it"
    page.fill("[name=content]", "晚上坏了找谁")
    page.select_option("[name=subject]", "service")
    page.fill("[name=answer]", "这个不归我管")
    page.click("#cs-enquiry button[type=submit]")
    page.wait_for_selector(".gj-panel.gj-tone-danger")
    assert "3/4.3.2" in desk.text(".gj-panel.gj-tone-danger") and "不归我管" in desk.text(".gj-panel.gj-tone-danger")
    assert page.input_value("[name=content]") == "晚上坏了找谁" and page.input_value("[name=answer]") == "这个不归我管"
    assert page.input_value("[name=subject]") == "service"
    page.fill("[name=answer]", "夜里请拨 8888 0000")
    page.click("#cs-enquiry button[type=submit]")
    page.wait_for_url("**/enquiry/*")
    assert "ZX-2026-00001" in desk.text() and "已答复" in desk.text()


def test_a_complaint_goes_from_its_receipt_to_the_written_reply(screens: Screens) -> None:
    desk = screens("receptionist")
    page = desk.opens("complaint/new/record")
    page.fill("[name=content]", "夜里岗亭无人")
    page.select_option("[name=matter]", "security")
    page.fill("[name=complainant]", "吴先生")
    page.click(SEND)
    page.wait_for_selector("text=TS-2026-00001")
    case = page.url.split("?")[0].rpartition("/")[2]
    _sends(
        screens("customer_service_supervisor"),
        f"complaint/{case}/investigate",
        findings="离岗十分钟",
        proposal="加派巡查",
    )
    director = screens("site_manager")
    page = director.opens(f"complaint/{case}/decide")
    page.click("label:has-text('有效投诉')")
    page.fill("[name=decision]", "夜间双人值守")
    page.select_option("[name=department_id]", index=1)
    page.click(SEND)
    page.wait_for_url(f"**/complaint/{case}*")
    _sends(desk, f"complaint/{case}/reply", reply="您反映的情况属实，夜间已改为双人值守。")
    desk.page.click("a[href$='/print/reply']")
    desk.page.wait_for_url("**/print/reply*")
    shown = desk.text("body")
    for text in ("投诉回复函", "TSHF-2026-0001", "吴先生", "夜间已改为双人值守"):
        assert text in shown


def test_a_visit_is_recorded_at_the_door(screens: Screens) -> None:
    visitor = screens("area_manager", PHONE)
    page = visitor.opens("visits")
    assert _fits(page)
    page.click(".cs-home a:has-text('登记走访')")
    page.wait_for_url("**/visit/new/record*")
    assert page.input_value("[name=household_id]") and _fits(page), "the household is filled in"
    page.fill("[name=opinions]", "门口的灯修得快")
    page.click(SEND)
    page.wait_for_selector("h1:has-text('HF-2026-00001')")
    assert "门口的灯修得快" in visitor.text() and _fits(page)


def test_the_shift_log_is_written_line_by_line_and_handed_over_with_a_signature(screens: Screens) -> None:
    desk = screens("receptionist")
    page = desk.opens("shift-on-duty")
    page.click("label:has-text('白班')")
    page.click("main form button[type=submit]")
    for line in ("三栋电梯异响，已报工程", "西门围挡夜里看管"):
        page.wait_for_selector("[name=entry]")
        page.fill("[name=entry]", line)
        if "夜里" in line:
            page.check("[name=for_security]")
        page.click("main form button[type=submit]")
        page.wait_for_selector(f".cs-log li:has-text('{line}')")
    assert "交秩序部" in desk.text(".cs-log li:nth-child(2)")
    page.click("a[href$='/hand_over']")
    page.wait_for_selector("[name=summary]")
    assert "西门围挡夜里看管" in page.input_value("[name=security_matters]"), "what was marked stands there already"
    page.fill("[name=summary]", "其余正常")
    desk.draws("signature")
    page.click(SEND)
    page.wait_for_selector("text=已交班")
    page.click("a[href$='/print/log']")
    page.wait_for_url("**/print/log*")
    assert "其余正常" in desk.text("body") and "三栋电梯异响" in desk.text("body")
    page = desk.opens("shift-on-duty")
    assert "待接班" in desk.text() and page.locator("[name=shift]").count() == 3, "the next shift can begin"
