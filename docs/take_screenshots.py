"""Take the pictures of docs/pages.md anew: `python docs/take_screenshots.py [NAME …]`.

Makes the demonstration in a folder of its own, lets its people work in Chromium as the page's tests do, and keeps each
picture as a PNG of few colours. Needs the extra `browser`, Chromium with a Chinese font, and Pillow (`pip install pillow`).
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "screenshots"
PASSWORD = "guanjia-trial-2026"  # noqa: S105 - the demonstration's, printed by it
WIDE, NARROW = 1280, 390
MOST_BYTES = 150_000
SITE, SERVICE = "/s/huacheng", "/s/huacheng/customer_service"

try:
    from PIL import Image
    from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
except ImportError as lacking:
    sys.exit(f"{lacking.name} is missing. Install what the pictures need: pip install -e '.[browser]' pillow")

sys.path[:0] = [str(ROOT / "tests")]
from servers import chromium_path  # noqa: E402 - after the search path

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--lang=zh-CN", "--hide-scrollbars"]  # fmt: skip


@contextmanager
def demonstration() -> Iterator[str]:
    """A fresh demonstration is served at the address given, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="guanjia-pictures-") as folder:
        command = [str(Path(sys.executable).parent / "guanjia"), "demo", "--reset", "--port", "0"]
        environment = {**os.environ, "GUANJIA_DATA": folder, "PYTHONUNBUFFERED": "1"}
        log = Path(folder) / "log"
        with log.open("w") as told:
            server = subprocess.Popen(  # noqa: S603 - our own command
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=told, text=True
            )
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if found := re.search(r"listens on (http://\S+?)/? ", line):
                    yield found[1]
                    return
            sys.exit(f"The demonstration did not start:\n{log.read_text()}")
        finally:
            server.terminate()
            server.wait(20)


@dataclass
class Camera:
    """Whoever looks at the demonstration, and the pictures that are wanted (none named: all)."""

    browser: Browser
    address: str
    wanted: frozenset[str]
    _open: dict[tuple[str, int], BrowserContext] = field(default_factory=dict)

    def person(self, account: str, width: int = WIDE, company: str = "demo") -> Page:
        """A page of that width in which the account has signed in."""
        if (account, width) not in self._open:
            phone = width < 500
            context = self.browser.new_context(
                viewport={"width": width, "height": 844 if phone else 800}, is_mobile=phone, has_touch=phone,
                locale="zh-CN", timezone_id="Asia/Shanghai",
            )  # fmt: skip
            self._open[account, width] = context
            page = context.new_page()
            page.goto(f"{self.address}/sign-in")
            for name, value in (("company", company), ("account", account), ("password", PASSWORD)):
                page.fill(f"[name={name}]", value)
            page.click("main button[type=submit]")
            page.wait_for_selector(".gj-account")
        return self._open[account, width].pages[0]

    def take(self, name: str, page: Page, path: str | None = None, *, longest: int = 1500) -> None:
        """The page as a picture, as high as its content up to `longest`, so that bars stand where they belong."""
        if path is not None:
            page.goto(self.address + path)
        if self.wanted and name not in self.wanted:
            return
        size = page.viewport_size
        assert size is not None
        high = min(max(int(page.evaluate("document.documentElement.scrollHeight")), 640), longest)
        page.set_viewport_size({"width": size["width"], "height": high})
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(250)
        raw = page.screenshot(animations="disabled", caret="hide")
        page.set_viewport_size(size)
        keep(name, raw)


def keep(name: str, raw: bytes) -> None:
    """The picture lies in docs/screenshots with as many colours as its size allows."""
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    for colours in (200, 96, 48):
        small = io.BytesIO()
        few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
        few.save(small, "PNG", optimize=True)
        if small.tell() <= MOST_BYTES:
            break
    (TARGET / f"{name}.png").write_bytes(small.getvalue())
    print(f"{name}.png  {picture.width}x{picture.height}  {small.tell() // 1024} KB", flush=True)


def both(camera: Camera, name: str, account: str, path: str) -> None:
    """The page on a desk and on a phone."""
    camera.take(name, camera.person(account), path)
    camera.take(f"{name}-phone", camera.person(account, NARROW), path)


def at_the_desk(camera: Camera) -> str:
    """A leak is taken in while the resident is on the phone; answers with the path of the request."""
    stranger = camera.browser.new_page(viewport={"width": WIDE, "height": 800}, locale="zh-CN")
    camera.take("sign-in", stranger, "/sign-in")
    stranger.close()
    both(camera, "today", "hc-desk", f"{SITE}/")
    page = camera.person("hc-desk")
    page.goto(f"{camera.address}{SERVICE}/intake")
    page.keyboard.type("2-1-302")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cs-household .cs-people")
    page.keyboard.type("11")
    page.wait_for_selector(".cs-foreseen")
    page.keyboard.type("卫生间角阀漏水，已关总阀")
    camera.take("intake", page)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".cs-taken")
    path = page.url.removeprefix(camera.address).split("?")[0]
    camera.take("taken", page)
    camera.take("intake-phone", camera.person("hc-desk", NARROW), f"{SERVICE}/intake")
    both(camera, "board", "hc-desk", f"{SERVICE}/board")
    both(camera, "list", "hc-desk", f"{SERVICE}/request")
    camera.take("revisits", page, f"{SERVICE}/revisits")
    both(camera, "messages", "hc-eng", "/notifications")
    camera.take("household", page, f"{SITE}/registry/household")
    page.click("tbody th a, tbody td a")
    page.wait_for_load_state()
    camera.take("household-record", page)
    return path


def at_work(camera: Camera, path: str) -> None:
    """The worker's round up to the start, which waits for the sheet."""
    phone = camera.person("hc-fix", NARROW)
    job = path.replace("/request/", "/work/")
    phone.goto(camera.address + job)
    phone.click("button.cs-big")
    phone.wait_for_selector(".cs-stages time")
    phone.click("button.cs-big")
    phone.wait_for_selector(".cs-next .gj-step-off summary")
    phone.click(".cs-next .gj-step-off summary")
    camera.take("job-phone", phone)
    head = camera.person("hc-eng")
    head.goto(f"{camera.address}{path}/open_sheet")
    head.click("main form.gj-form button[type=submit]")
    head.wait_for_selector(".gj-case")
    phone.goto(camera.address + job)
    phone.click("button.cs-big")
    phone.wait_for_selector("a.cs-big")
    camera.take("work-phone", camera.person("hc-fix2", NARROW), f"{SERVICE}/work")
    camera.take("report-phone", phone, f"{SERVICE}/report")


def at_the_end_of_work(camera: Camera, path: str) -> None:
    """The report with both signatures, and the sheet that is printed from it."""
    phone = camera.person("hc-fix", NARROW)
    phone.goto(camera.address + path.replace("/request/", "/work/") + "/complete")
    phone.fill("[name=work_done]", "更换角阀，试水不漏")
    phone.click("[data-row-add]")
    for row, (name, quantity, unit) in enumerate((("角阀", "1", "个"), ("生料带", "0.5", "卷"))):
        for part, value in (("name", name), ("quantity", quantity), ("unit", unit)):
            phone.fill(f"[name='materials-{row}-{part}']", value)
    phone.fill("[name=total_minutes]", "40")
    camera.take("completion-phone", phone, longest=1800)
    phone.click(".cs-parts button >> nth=1")
    for box in phone.locator("[name=visit_steps]").all():
        box.check()
    phone.click(".cs-parts button >> nth=2")
    for name in ("worker_signature", "resident_signature"):
        sign(phone, name)
    camera.take("signatures-phone", phone)
    phone.click("#cs-complete button[type=submit]")
    phone.wait_for_selector(".cs-stages")
    camera.take("sheet", camera.person("hc-desk"), f"{path}/print/sheet")


def sign(page: Page, name: str) -> None:
    """A signature on that pad."""
    pad = page.locator(f"[data-signature]:has([name={name}]) canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 50)
    page.mouse.down()
    for x, y in ((70, 30), (60, 75), (100, 40), (130, 70), (150, 35), (175, 72), (200, 45), (240, 60)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()


def at_the_rules(camera: Camera, path: str) -> None:
    """An extension is refused, then waits for a yes; and where rules are explained and switched."""
    for width, ending in ((NARROW, "-phone"), (WIDE, "")):
        page = camera.person("hc-eng", width)
        page.goto(f"{camera.address}{path}/extend")
        due = page.evaluate("new Date(Date.now() + 40 * 3600e3 + 8 * 3600e3).toISOString().slice(0, 16)")
        page.fill("[name=until]", due)
        page.fill("[name=reason]", "同型号角阀明天到货")
        page.click("main form.gj-form button[type=submit]")
        page.wait_for_selector(".gj-panel.gj-tone-danger")
        camera.take(f"refusal{ending}", page)
    page.check("[name=resident_consents]")
    page.click("main form.gj-form button[type=submit]")
    page.wait_for_selector(".gj-case")
    both(camera, "request", "hc-eng", path)
    both(camera, "approvals", "hc-head", f"{SITE}/inbox")
    camera.take("explain", camera.person("hc-eng"), f"{path}/explain", longest=1800)
    both(camera, "rules", "hc-manager", f"{SITE}/rules")
    rule = f"{SITE}/rules/customer_service.urgent_extension"
    both(camera, "rule", "hc-manager", rule)
    page = camera.person("hc-manager")
    page.goto(camera.address + rule)
    page.click("#change label:has-text('停用')")
    page.fill("[name=reason]", "试行一个月，由部门自行安排")
    page.click("#change button[type=submit]")
    page.wait_for_selector("#effects")
    camera.take("preview", page)
    camera.take("access", camera.person("hc-manager"), f"{SITE}/access?what=permission:registry.phone.see")
    both(camera, "figures", "hc-head", f"{SERVICE}/figures")


def at_headquarters(camera: Camera, path: str) -> None:
    """Headquarters, and a page in English."""
    admin = camera.person("admin")
    camera.take("headquarters", admin, "/hq/")
    camera.take("staff", admin, "/hq/tenants/staff")
    page = camera.person("hc-desk")
    page.goto(f"{camera.address}/language/en?next={path}")
    camera.take("request-english", page)


def main(names: list[str]) -> None:
    """All pictures, or those named."""
    TARGET.mkdir(exist_ok=True)
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        camera = Camera(browser, address, frozenset(names))
        path = at_the_desk(camera)
        at_work(camera, path)
        at_the_rules(camera, path)
        at_the_end_of_work(camera, path)
        at_headquarters(camera, path)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
