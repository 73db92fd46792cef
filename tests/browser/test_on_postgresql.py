"""The main way once more on PostgreSQL: taken in, dispatched, done, seen by the next person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from browser.portal import PHONE, Portal, Screens
from requests_made import Requests

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_request_goes_from_the_desk_to_the_phone(
    chromium: Browser, portal_on_postgresql: Portal, tmp_path: Path
) -> None:
    screens = Screens(chromium, portal_on_postgresql, tmp_path)
    try:
        requests = Requests(portal_on_postgresql.company.site("east"))
        desk = screens("receptionist")
        page = desk.opens("intake")
        page.fill("[name=place]", "3号楼大堂")
        page.click("label:has([name=category][value=lamp])")
        page.fill("[name=content]", "大堂灯不亮")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/request/*taken*")
        number = desk.text(".gj-head").split()[0]
        portal_on_postgresql.company.settle()
        worker = screens("repair_technician", PHONE)
        worker.opens("work")
        assert number in worker.text() and "大堂灯不亮" in worker.text()
        worker.page.click("li:has-text('大堂灯不亮') button:has-text('接单')")
        worker.page.wait_for_selector("li:has-text('大堂灯不亮') button:has-text('到场')")
        page.reload()
        assert "已接单" in desk.text(".gj-head")
        assert requests.office.company.host is portal_on_postgresql.company.host
    finally:
        faults = screens.close(picture=False)
    assert not faults, faults
