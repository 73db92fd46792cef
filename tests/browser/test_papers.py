"""What leaves the screen: the printed sheet, the list as Excel; and what two people do at once."""

from __future__ import annotations

from pathlib import Path

from openpyxl import load_workbook

from browser.portal import Portal, Screens
from requests_made import Requests


def test_the_printed_sheet_carries_its_number_and_a_code_that_leads_to_it(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.finished("power_lighting")
    row = requests.row(case)
    desk = screens("receptionist")
    page = desk.opens(f"request/{case}")
    page.click("a:has-text('处置单'):not(:has-text('开'))") if page.locator(
        "a[href$='/print/sheet']"
    ).count() == 0 else page.click("a[href$='/print/sheet'] >> nth=0")
    page.wait_for_url("**/print/sheet*")
    shown = desk.text("body")
    assert row.number in shown and str(row.sheet_number) in shown
    assert "PPR管" in shown and "换了一截水管" in shown
    code = page.locator("img[src^='data:image/svg'], svg, img[alt*='二维码'], img[alt*='QR']").first
    assert code.is_visible()
    signatures = page.locator(".doc-signature img")
    assert signatures.count() >= 2
    assert page.evaluate("Array.from(document.images).every((i) => i.complete && i.naturalWidth > 0)"), "every picture is there"
    page.emulate_media(media="print")
    assert not page.locator("header.gj-top").is_visible(), "paper carries no menu"
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page/") <= 2


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
    cells = [[cell for cell in line] for line in load_workbook(target).active.iter_rows()]
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
    page.fill("[name=until]", "2026-11-18T17:00")
    page.fill("[name=reason]", "等配件")
    requests.by("repair_technician", "take", case)
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_selector(".gj-panel.gj-tone-warning")
    said = eng.text(".gj-panel.gj-tone-warning")
    assert "接单" in said and "east repair_technician" in said, "who did what in the meantime"
    assert page.input_value("[name=reason]") == "等配件" and page.input_value("[name=until]") == "2026-11-18T17:00"
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_url(f"**/request/{case}*")
    assert not page.url.endswith("/extend")
    assert requests.due(case) is not None and "2026-11-18 17:00" in eng.text(".gj-case-side")
