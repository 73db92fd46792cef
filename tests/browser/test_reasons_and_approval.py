"""Why a step is not possible, what a refusal keeps, and a yes of the head that moves the date."""

from __future__ import annotations

from datetime import timedelta

from browser.portal import Portal, Screen, Screens
from requests_made import Requests, rule
from tenants.public import Staff

EXTEND = "申请延期"


def _asks_for_more_time(screen: Screen, case: object, until: str, *, consented: bool) -> None:
    page = screen.opens(f"request/{case}/extend")
    page.fill("[name=until]", until)
    page.fill("[name=reason]", "配件次日才到")
    if consented:
        page.check("[name=resident_consents]")
    page.click("main form.gj-form button[type=submit]")


def test_a_grey_button_says_which_rule_which_clause_and_what_it_asks(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.finished("power_lighting")
    requests.by("department_head", "hand_in", case)
    text = portal.company.host.texts[rule("head_reviews_completion")]
    desk = screens("receptionist")
    page = desk.opens(f"request/{case}")
    shut = page.locator(".gj-steps-shut .gj-step-off:has-text('结案')")
    assert shut.count() == 1 and not shut.locator(".gj-reasons").is_visible()
    shut.locator("summary").focus()
    page.keyboard.press("Enter")
    assert shut.locator(".gj-reasons").is_visible(), "the keyboard opens the reasons"
    said = " ".join(shut.inner_text().split())
    assert str(text.title) in said and text.clauses[0].ref in said and str(text.clauses[0].asks) in said
    assert page.locator(".gj-steps-open >> text='结案'").count() == 0


def test_a_step_that_needs_a_yes_says_beforehand_who_may_give_it(screens: Screens, portal: Portal) -> None:
    office = portal.company.site("east")
    requests = Requests(office)
    case = requests.opened("pipe_leak")
    with office.system.reading() as loader:
        head = loader.get(Staff, office.person("centre_head").id)
        assert head is not None
        name = head.name
    eng = screens("department_head")
    eng.expects(422)
    page = eng.opens(f"request/{case}/extend")
    page.fill("[name=until]", "2026-11-18T12:00")
    page.fill("[name=reason]", "配件次日才到")
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_selector(".gj-panel.gj-tone-danger .gj-reasons")
    said = eng.text(".gj-panel.gj-tone-danger")
    text = portal.company.host.texts[rule("urgent_extension")]
    assert str(text.title) in said and "5/5.2.5" in said and str(text.clauses[0].asks) in said
    assert "业户" in said and name not in said, "first the resident is asked; the head's yes does not replace that"
    assert page.input_value("[name=until]") == "2026-11-18T12:00", "the form comes back filled in"
    assert page.input_value("[name=reason]") == "配件次日才到"
    page.check("[name=resident_consents]")
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_url(f"**/request/{case}*")
    waits = eng.text("main")
    assert "服务中心负责人" in waits and EXTEND in waits


def test_an_urgent_extension_waits_for_the_head_whose_yes_moves_the_date(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.opened("pipe_leak")
    before = requests.due(case)
    assert before is not None and before == requests.now + timedelta(hours=24)
    eng = screens("department_head")
    _asks_for_more_time(eng, case, "2026-11-18T12:00", consented=True)
    eng.page.wait_for_url(f"**/request/{case}*")
    waits = eng.text(".gj-panel.gj-tone-info")
    assert EXTEND in waits and "服务中心负责人" in waits
    assert requests.due(case) == before, "nothing moves before the yes"
    portal.company.settle()

    head = screens("centre_head")
    head.opens("/s/east/")
    number = requests.row(case).number
    assert f"{EXTEND}：{number}" in head.text("section[aria-labelledby=t-approvals]")
    head.page.click(f"section[aria-labelledby=t-approvals] a:has-text('{number}')")
    head.page.wait_for_url("**/inbox*")
    ask = head.page.locator(f".gj-ask:has(a[href$='{case}'])")
    said = " ".join(ask.inner_text().split())
    assert "5/5.2.5" in said and "2026-11-18 12:00" in said and "配件次日才到" in said, (
        "what exactly the yes counts for"
    )
    ask.locator("summary.btn-primary").click()
    ask.locator("details[open] button[type=submit]").click()
    head.page.wait_for_selector(".gj-toast.gj-tone-success")
    portal.company.settle()

    eng.opens(f"request/{case}")
    dates = eng.text(".gj-case-side")
    assert "2026-11-18 12:00" in dates
    eng.page.click("summary:has-text('原期限')")
    assert "2026-11-17 09:10" in eng.text(".gj-before"), "the old date is kept"
    eng.opens("/notifications")
    assert number in eng.text(), "the message names its case"


def test_an_approval_is_rejected_with_a_reason_that_its_requester_reads(screens: Screens, portal: Portal) -> None:
    requests = Requests(portal.company.site("east"))
    case = requests.opened("pipe_leak")
    before = requests.due(case)
    requests.waits({"urgent_extension": "centre_head"}, "department_head", "extend", case, reason="x", until=requests.after(hours=40),
                   resident_consents=True)  # fmt: skip
    head = screens("centre_head")
    page = head.opens("/s/east/inbox")
    ask = page.locator(f".gj-ask:has(a[href$='{case}'])")
    ask.locator("summary.btn-outline-danger").click()
    ask.locator("details[open] textarea").fill("先请人协助，今天做完")
    ask.locator("details[open] button[type=submit]").click()
    page.wait_for_selector(".gj-toast.gj-tone-success")
    assert page.locator(f".gj-ask:has(a[href$='{case}'])").count() == 0
    portal.company.settle()
    eng = screens("department_head")
    eng.opens("/s/east/inbox")
    assert "先请人协助，今天做完" in eng.text() and requests.due(case) == before
