"""The worker's round on a screen of 390 pixels: accept, arrive, start, and the report with both signatures drawn."""

from __future__ import annotations

from playwright.sync_api import Page

from browser.portal import PHONE, Portal, Screens
from requests_made import Requests


def _fits(page: Page) -> bool:
    """Whether nothing reaches beyond the screen's edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_worker_does_a_job_from_accepting_to_both_signatures(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.dispatched("pipe_leak", content="厨房水管渗漏")
    worker = screens("repair_technician", PHONE)
    page = worker.opens("work")
    assert _fits(page)
    page.click(f"li:has(a[href$='{case}']) button:has-text('接单')")
    page.wait_for_selector(".cs-job")
    assert requests.row(case).worker_id == requests.person("repair_technician").id
    page.click(f"a[href$='/work/{case}']")
    assert "厨房水管渗漏" in worker.text() and _fits(page)
    page.click("button.cs-big:has-text('到场')")
    page.wait_for_selector(".gj-step-off:has-text('开工')")
    page.click(".gj-step-off:has-text('开工') summary")
    assert "处置单" in worker.text(".gj-step-off:has-text('开工') .gj-reasons"), "work begins with the sheet"

    head = screens("department_head")
    head.opens(f"request/{case}")
    head.page.click(".gj-steps-open >> text=开处置单")
    head.page.click("main form.gj-form button[type=submit]")
    head.page.wait_for_selector("text=CZ-2026-")

    page.reload()
    page.click("button.cs-big:has-text('开工')")
    page.wait_for_selector("a.cs-big:has-text('完工填报')")
    page.click("a.cs-big:has-text('完工填报')")
    assert _fits(page)
    page.fill("[name=work_done]", "更换角阀，试水不漏")
    page.fill("[name='materials-0-name']", "角阀")
    page.fill("[name='materials-0-quantity']", "1")
    page.fill("[name='materials-0-unit']", "个")
    page.click("[data-row-add]")
    page.fill("[name='materials-1-name']", "生料带")
    page.fill("[name='materials-1-quantity']", "0.5")
    page.fill("[name='materials-1-unit']", "卷")
    page.fill("[name=total_minutes]", "40")
    page.click("[data-part='0'] [data-part-to='1']")
    for box in page.locator("[name=visit_steps]").all():
        box.check()
    page.click("[data-part='1'] [data-part-to='2']")
    worker.draws("worker_signature")
    worker.draws("resident_signature")
    assert page.input_value("[name=worker_signature]").startswith("data:image/png"), "the pad holds what was drawn"
    page.click("#cs-complete button[type=submit]")
    page.wait_for_url(f"**/work/{case}")
    assert "已完工" in worker.text(".cs-job-head") and _fits(page)
    assert "角阀 1个" in worker.text() and "生料带 0.5卷" in worker.text()
    row = requests.row(case)
    assert row.state == "finished" and row.worker_signed and row.resident_signed
    head.opens(f"request/{case}/print/sheet")
    drawn = head.page.locator(".doc-signature img")
    assert drawn.count() == 2
    assert all(one.evaluate("(image) => image.complete && image.naturalWidth > 0") for one in drawn.all()), (
        "on paper too"
    )


def test_a_report_without_the_signatures_comes_back_with_everything_in_it(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.in_progress("power_lighting")
    worker = screens("repair_technician", PHONE)
    worker.expects(422)
    page = worker.opens(f"work/{case}/complete")
    page.fill("[name=work_done]", "换了空气开关")
    page.check("[name=no_materials]")
    page.fill("[name=total_minutes]", "30")
    page.click(".cs-parts button >> nth=2")
    worker.draws("worker_signature")
    page.click("#cs-complete button[type=submit]")
    page.wait_for_selector(".gj-panel.gj-tone-danger")
    said = worker.text(".gj-panel.gj-tone-danger")
    assert "5/5.2.2" in said and "还缺：业主验收签字" in said, "what is there is not asked for again"
    assert page.input_value("[name=work_done]") == "换了空气开关" and page.is_checked("[name=no_materials]")
    assert page.input_value("[name=worker_signature]"), "the signature that was drawn is kept"
    assert requests.state(case) == "in_progress"


def test_one_finds_the_way_on_a_phone(screens: Screens) -> None:
    worker = screens("repair_technician", PHONE)
    page = worker.opens("/s/east/")
    assert page.locator(".gj-tabs a").count() == 5 and not page.locator("#gj-side").is_visible()
    page.click(".gj-tabs a:has-text('我的工单')")
    page.wait_for_url("**/work")
    assert page.locator(".gj-tabs a[aria-current=page]").inner_text().strip() == "我的工单"
    page.click("button[aria-controls=gj-side]")
    page.wait_for_selector("#gj-side.show")
    assert page.locator("#gj-side").get_attribute("aria-label") == "菜单", "a dialog has a name"
    page.click("#gj-side a:has-text('消息')")
    page.wait_for_url("**/notifications")
    assert not page.locator("#gj-side").is_visible() and _fits(page)
    page.click("button[aria-controls=gj-side]")
    page.wait_for_selector("#gj-side.show")
    page.keyboard.press("Escape")
    page.wait_for_selector("#gj-side", state="hidden")
    for path in ("/s/east/", "/s/east/inbox", "/s/east/duties", "report", "request", "board", "/me/sessions"):
        worker.opens(path)
        assert _fits(page), f"{path} is wider than the screen"
        small = page.evaluate(TOO_SMALL)
        assert not small, f"{path}: too small for a finger: {small}"


# What one touches is at least 24 pixels high and wide (WCAG 2.2, 2.5.8); links within a line of text are excepted.
TOO_SMALL = """() => Array.from(document.querySelectorAll("main button, main a.btn, main summary, nav.gj-tabs a, header a, header button"))
  .filter((e) => e.offsetParent && getComputedStyle(e).visibility !== "hidden")
  .filter((e) => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.width < 24 || r.height < 24); })
  .map((e) => e.outerHTML.slice(0, 120))"""
