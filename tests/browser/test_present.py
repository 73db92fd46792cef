"""The browser that the other tests of this folder look through."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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
