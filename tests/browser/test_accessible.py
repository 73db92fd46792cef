"""axe finds nothing on the main pages (WCAG 2.1, A and AA), wide and narrow, in both languages."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser.portal import DESKTOP, PHONE, Portal, Screen, Screens
from requests_made import Requests, rule

OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}


def findings(screen: Screen, path: str) -> list[str]:
    """What axe finds on the page at that path."""
    screen.opens(path)
    for fold in screen.page.locator("main details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()  # what is folded away is read by people too
    found = Axe().run(screen.page, options=OPTIONS).response
    return [
        f"{path}: {v['id']} ({v['help']}) {n['html'][:160]} {n['any'][0]['message'] if n['any'] else ''}"
        for v in found["violations"] for n in v["nodes"][:3]
    ]  # fmt: skip


def none_on(screen: Screen, paths: Iterable[str]) -> None:
    """No finding on any of the pages."""
    found = [line for path in paths for line in findings(screen, path)]
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def cases(portal: Portal) -> dict[str, object]:
    """Requests in several states, one that waits for approval, and what the relay made of them."""
    requests = Requests(portal.company.site("east"))
    made: dict[str, object] = {
        "dispatched": requests.dispatched("lamp", content="楼梯灯不亮"), "opened": requests.opened("pipe_leak"),
        "working": requests.in_progress("power_lighting"), "finished": requests.finished("drain_blocked"),
        "handed_in": requests.handed_in("door_lock"),
    }  # fmt: skip
    requests.waits({"urgent_extension": "centre_head"}, "department_head", "extend", made["opened"], reason="等配件",  # type: ignore[arg-type]
                   until=requests.after(hours=40), resident_consents=True)  # fmt: skip
    made["complaint"] = requests.by("receptionist", "customer_service.complaint.record", content="夜里岗亭无人", matter="security",
                                    household_id=requests.household()).case_id  # fmt: skip
    made["shift"] = requests.by("receptionist", "customer_service.shift.begin", shift="day").case_id
    requests.by(
        "receptionist", "customer_service.shift.write", made["shift"], entry="西门围挡夜里看管", for_security=True
    )
    made["report"] = requests.by("receptionist", "customer_service.monthly.draw_up", month="2026-10").case_id
    portal.company.settle()
    return made


def test_signing_in_and_a_page_that_does_not_exist(screens: Screens) -> None:
    stranger = screens.blank()
    stranger.expects(401, 404)
    none_on(stranger, ["/sign-in", "/nothing/here"])
    stranger.signs_in("east-receptionist", "wrong")
    found = Axe().run(stranger.page, options=OPTIONS).response["violations"]
    assert not found, found


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_the_pages_of_reception(screens: Screens, cases: dict[str, object], size: tuple[int, int]) -> None:
    none_on(screens("receptionist", size), [
        "/s/east/", "intake", "request", "board", "revisits", f"request/{cases['handed_in']}",
        f"request/{cases['working']}/explain", "/notifications", "/s/east/duties", "/s/east/registry/household",
    ])  # fmt: skip


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_the_pages_of_the_service_desk(screens: Screens, cases: dict[str, object], size: tuple[int, int]) -> None:
    none_on(screens("receptionist", size), [
        "front-desk", "enquiry", "shift-on-duty", f"complaint/{cases['complaint']}", "visits", "visit/new/record",
    ])  # fmt: skip


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_the_pages_of_the_worker(screens: Screens, cases: dict[str, object], size: tuple[int, int]) -> None:
    none_on(screens("repair_technician", size), [
        "work", f"work/{cases['working']}", f"work/{cases['working']}/complete", f"work/{cases['dispatched']}", "report",
    ])  # fmt: skip


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_the_pages_of_those_who_decide(screens: Screens, cases: dict[str, object], size: tuple[int, int]) -> None:
    head = screens("centre_head", size)
    none_on(head, ["/s/east/inbox", f"request/{cases['opened']}", f"request/{cases['opened']}/extend", "figures"])
    manager = screens("site_manager", size)
    none_on(
        manager,
        [
            "/s/east/rules",
            f"/s/east/rules/{rule('urgent_extension')}",
            "/s/east/access",
            "/me/sessions",
            "/me/second-factor",
        ],
    )


def test_the_printed_sheet_and_the_english_pages(screens: Screens, cases: dict[str, object]) -> None:
    desk = screens("receptionist")
    none_on(desk, [f"request/{cases['finished']}/print/sheet", f"complaint/{cases['complaint']}/print/reply",
                   f"shift/{cases['shift']}/print/log", f"monthly/{cases['report']}/print/report", "day"])  # fmt: skip
    desk.opens("/language/en?next=/s/east/customer_service/intake")
    none_on(desk, ["intake", f"request/{cases['handed_in']}"])


def test_the_pages_of_headquarters(screens: Screens) -> None:
    admin = screens("", account="admin")
    none_on(admin, [
        "/hq/", "/hq/rules", "/hq/tenants/staff", "/hq/tenants/staff/new/create", "/hq/tenants/role", "/hq/access",
        "/hq/tenants/calendar_day", "/me/tokens", "/hq/sign-in",
    ])  # fmt: skip
