"""The browser that the other tests of this folder look through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.portal import Portal

# Two characters drawn into pixels: where the font lacks them both are the same empty box.
DRAW = """() => ['修', '理'].map((text) => {
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d');
  pen.font = '40px sans-serif';
  pen.fillText(text, 10, 60);
  return canvas.toDataURL();
})"""


def test_the_browser_runs_and_draws_chinese(chromium: Browser) -> None:
    page = chromium.new_page()
    first, second = page.evaluate(DRAW)
    page.close()
    assert first != second, "no font with Chinese characters: install fonts-noto-cjk"


def test_what_a_page_complains_of_is_noticed(chromium: Browser, portal: Portal, tmp_path: Path) -> None:
    from browser.portal import Screens

    screens = Screens(chromium, portal, tmp_path)
    page = screens.blank().opens("/sign-in")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("setTimeout(() => { throw new Error('of a script') })")
    page.goto(f"{portal.url}/no/such/page")
    faults = "\n".join(screens.close(picture=False))
    assert "Content-Security-Policy: style-src" in faults and "of a script" in faults and "404 GET" in faults
