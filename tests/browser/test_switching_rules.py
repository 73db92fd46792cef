"""A site manager switches a rule of the own site, sees beforehand what would change, and the next step goes by it."""

from __future__ import annotations

from browser.portal import Portal, Screens
from requests_made import Requests, rule

URGENT = rule("urgent_extension")


def _extends(screens: Screens, portal: Portal, requests: Requests, site: str) -> tuple[object, str]:
    """The head of the department asks for more time for a leak; what the request's page shows then."""
    case = requests.opened("pipe_leak")
    eng = screens("department_head", site=site)
    page = eng.opens(f"request/{case}/extend")
    page.fill("[name=until]", "2026-11-18T12:00")
    page.fill("[name=reason]", "配件次日才到")
    page.check("[name=resident_consents]")
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_url(f"**/request/{case}*")
    return case, eng.text("main")


def test_a_rule_is_switched_off_at_one_site_and_the_step_passes_at_once(screens: Screens, portal: Portal) -> None:
    east, west = Requests(portal.company.site("east")), Requests(portal.company.site("west"))
    case, shown = _extends(screens, portal, east, "east")
    first_due = east.due(case)  # type: ignore[arg-type]
    assert "等待审批" in shown and "2026-11-18 12:00" not in shown

    manager = screens("site_manager")
    page = manager.opens("/s/east/rules")
    page.click(f"a[href*='{URGENT}']")
    text = portal.company.host.texts[URGENT]
    assert manager.text("h1") == str(text.title) and str(text.clauses[0].asks) in manager.text()
    page.click("label:has-text('关')")
    page.fill("[name=reason]", "急修延期由部门自行安排")
    page.click("main form.gj-form button[type=submit]:has-text('会怎样')") if page.locator(
        "button:has-text('会怎样')"
    ).count() else page.click("#change button[type=submit]")
    page.wait_for_selector("#effects")
    before_and_after = manager.text("section:has(#effects)")
    assert "东苑管理处" in before_and_after and "西苑管理处" not in before_and_after
    assert portal.company.host.texts[URGENT].title.zh in manager.text() and "急修延期由部门自行安排" in manager.text()
    case_now, shown = _extends(screens, portal, east, "east")
    assert "等待审批" in shown, "a preview changes nothing"
    page.click("main form button.btn-primary[type=submit]")
    page.wait_for_selector("#history")
    assert "急修延期由部门自行安排" in manager.text("section:has(#history)")

    portal.company.settle()
    portal.company.host.clock.move(__import__("datetime").timedelta(seconds=1))
    case_off, shown = _extends(screens, portal, east, "east")
    assert "等待审批" not in shown and "2026-11-18 12:00" in shown, "the same step passes at once"
    assert east.due(case_off) != first_due  # type: ignore[arg-type]
    _case, shown = _extends(screens, portal, west, "west")
    assert "等待审批" in shown, "the other office goes by the regulation as before"
