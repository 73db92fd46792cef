"""A site manager switches a rule of the own site, sees beforehand what would change, and the next step goes by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from browser.portal import Portal, Screens
from requests_made import Requests, rule

URGENT = rule("urgent_extension")
WAITS = "“申请延期”等待审批"


def _asks_for_a_day_more(screens: Screens, requests: Requests) -> tuple[UUID, str]:
    """A leak is to be extended with the resident's consent; the request, and what its page shows then."""
    case = requests.opened("pipe_leak")
    eng = screens("department_head", site=requests.office.code)
    page = eng.opens(f"request/{case}/extend")
    page.fill("[name=until]", "2026-11-18T12:00")
    page.fill("[name=reason]", "配件次日才到")
    page.check("[name=resident_consents]")
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_selector(".gj-case")
    return case, eng.text("main")


def test_a_rule_is_switched_off_at_one_site_and_the_step_passes_at_once(screens: Screens, portal: Portal) -> None:
    east, west = Requests(portal.company.site("east")), Requests(portal.company.site("west"))
    text = portal.company.host.texts[URGENT]
    asked = datetime.fromisoformat("2026-11-18T12:00+08:00")
    case, shown = _asks_for_a_day_more(screens, east)
    assert WAITS in shown and east.due(case) != asked

    manager = screens("site_manager")
    page = manager.opens("/s/east/rules")
    page.click(f"main a[href*='{URGENT}']")
    assert manager.text("h1") == str(text.title) and str(text.clauses[0].asks) in manager.text()
    page.click("#change label:has-text('停用')")
    page.fill("[name=reason]", "急修延期由部门自行安排")
    page.click("#change button[type=submit]")
    page.wait_for_selector("#effects")
    before_and_after = manager.text("section:has(#effects)")
    assert "东苑管理处" in before_and_after and "西苑管理处" not in before_and_after
    assert "启用" in before_and_after and "停用" in before_and_after
    case, shown = _asks_for_a_day_more(screens, east)
    assert WAITS in shown and east.due(case) != asked, "a preview changes nothing"
    page.click("main .gj-form-end button.btn-primary")
    page.wait_for_selector("#history")
    assert "急修延期由部门自行安排" in manager.text("section:has(#history)")

    portal.company.host.clock.move(timedelta(seconds=1))
    case, shown = _asks_for_a_day_more(screens, east)
    assert WAITS not in shown and east.due(case) == asked, "the same step passes at once"
    case, shown = _asks_for_a_day_more(screens, west)
    assert WAITS in shown and west.due(case) != asked, "the other office goes by the regulation as before"


def test_a_change_without_a_reason_is_not_even_previewed(screens: Screens, portal: Portal) -> None:
    manager = screens("site_manager", site="west")
    manager.expects(422)
    page = manager.opens(f"/s/west/rules/{URGENT}")
    page.click("#change label:has-text('停用')")
    page.eval_on_selector("[name=reason]", "(field) => field.removeAttribute('required')")
    page.click("#change button[type=submit]")
    page.wait_for_selector("#change .gj-panel.gj-tone-danger")
    assert "原因" in manager.text("#change .gj-panel.gj-tone-danger") or "理由" in manager.text(
        "#change .gj-panel.gj-tone-danger"
    )
    assert page.locator("#change label:has-text('停用') input").is_checked(), "what was chosen stays"
