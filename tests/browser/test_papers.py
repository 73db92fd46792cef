"""What leaves the screen: the printed sheet, the list as Excel; and what two people do at once."""

from __future__ import annotations

from pathlib import Path

import segno
from openpyxl import load_workbook

from browser.portal import Portal, Screens
from requests_made import Requests


def test_the_printed_sheet_carries_its_number_and_a_code_that_leads_to_it(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.finished("power_lighting")
    row = requests.row(case)
    desk = screens("receptionist")
    page = desk.opens(f"request/{case}")
    page.click("a[href$='/print/sheet']")
    page.wait_for_url("**/print/sheet*")
    shown = desk.text("body")
    assert row.number in shown and str(row.sheet_number) in shown and "PPR管" in shown and "换了一截水管" in shown
    address = f"{portal.url}/s/east/customer_service/request/{case}?company=acme"
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=0, omitsize=True)
    squares = page.locator(".doc-qr svg path").get_attribute("d")
    assert squares and squares in drawn, "the code leads back to the case, and names the company to sign in at"
    assert page.locator(".doc-signature img").count() == 2, "the worker's and the resident's"
    assert page.evaluate(ALL_DRAWN), "every picture is there"
    page.emulate_media(media="print")
    assert not page.locator(".doc-tools").is_visible(), "paper carries no buttons"
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1, "one sheet of paper"


ALL_DRAWN = "Array.from(document.images).every((image) => image.complete && image.naturalWidth > 0)"


def test_the_list_is_taken_along_as_excel(screens: Screens, portal: Portal, tmp_path: Path) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.dispatched("lamp", content="=HYPERLINK(1)")
    desk = screens("receptionist")
    page = desk.opens("request")
    with page.expect_download() as coming:
        page.click("a[href*='export.xlsx']")
    target = tmp_path / "list.xlsx"
    coming.value.save_as(target)
    assert coming.value.suggested_filename.endswith(".xlsx")
    cells = [list(line) for line in load_workbook(target).active.iter_rows()]
    values = [[cell.value for cell in line] for line in cells]
    number = requests.row(case).number
    mine = next(line for line in cells if any(cell.value == number for cell in line))
    assert any("类别" in [str(v) for v in line] for line in values), "the headings are the page's"
    content = next(cell for cell in mine if "HYPERLINK" in str(cell.value))
    assert content.data_type == "s", "text stays text"


def test_two_people_at_once_the_second_sees_what_the_first_did(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.opened("power_lighting")
    eng = screens("department_head")
    eng.expects(409)
    page = eng.opens(f"request/{case}/extend")
    page.fill("[name=until]", "2026-11-20T17:00")
    page.fill("[name=reason]", "等配件")
    requests.by("repair_technician", "take", case)
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_selector(".gj-panel.gj-tone-warning")
    said = eng.text(".gj-panel.gj-tone-warning")
    assert "接单" in said and "east repair_technician" in said, "who did what in the meantime"
    assert page.input_value("[name=reason]") == "等配件" and page.input_value("[name=until]") == "2026-11-20T17:00"
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_url(f"**/request/{case}*")
    assert not page.url.endswith("/extend") and "申请延期" in eng.text(".gj-panel.gj-tone-info"), (
        "it waits for the head now"
    )
