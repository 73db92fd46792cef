"""The portal as people use it: served on a port of this machine, and looked at through Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response
from werkzeug.serving import WSGIRequestHandler, make_server

import office

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = (1280, 800), (390, 844)
# Chromium writes a line of its own for every violation; this one names what was violated.
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) => console.error(
  `Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));"""


# What Chromium or htmx write although nothing is wrong: a refused form is an answer, judged by its status; and whoever
# goes on to another page while a part of this one is still being fetched ends that request.
HARMLESS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app answers at the address given, each request in a thread of its own, until the block ends."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@dataclass
class Portal:
    """A company on a database of its own, served; and who has signed in there already."""

    company: office.Company
    url: str
    signed_in: dict[str, Any] = field(default_factory=dict)  # what the browser of an account carries


@dataclass
class Watch:
    """What went wrong in the pages of one browser: anything but the answers that the test said would come."""

    expected: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of the context from its first line on."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("response", self._response)

    def _console(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not said.text.startswith(HARMLESS):
            self.faults.append(f"console: {said.text}")

    def _response(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self.expected:
            self.faults.append(f"{answer.status} {answer.request.method} {answer.url}")


@dataclass
class Screen:
    """Somebody before a screen. `page` is Playwright's; paths are those of the portal."""

    portal: Portal
    page: Page
    watch: Watch
    site: str

    def opens(self, path: str) -> Page:
        """The page at that path; one that begins with `/` is taken as it is, others lie below customer service."""
        self.page.goto(self.portal.url + self.path(path))
        return self.page

    def path(self, path: str) -> str:
        """The whole path."""
        return path if path.startswith("/") else f"/s/{self.site}/customer_service/{path}"

    def expects(self, *statuses: int) -> None:
        """Answers with these statuses belong to what is tested."""
        self.watch.expected |= set(statuses)

    def text(self, selector: str = "main") -> str:
        """What can be read there, in one line."""
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def signs_in(self, account: str, password: str = office.PASSWORD, company: str = "acme") -> None:
        """The form of the sign-in page, filled in and sent."""
        self.opens("/sign-in")
        for name, value in (("company", company), ("account", account), ("password", password)):
            self.page.fill(f"[name={name}]", value)
        self.page.click("main button[type=submit]")

    def draws(self, name: str) -> None:
        """A signature on the pad of that field, drawn as a finger or a mouse draws."""
        pad = self.page.locator(f"[data-signature]:has([name={name}]) canvas")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        mouse.move(box["x"] + 30, box["y"] + box["height"] / 2)
        mouse.down()
        for step in range(1, 9):
            lift = (-1) ** step * box["height"] / 5
            mouse.move(box["x"] + 30 + step * 25, box["y"] + box["height"] / 2 + lift)
        mouse.up()


@dataclass
class Screens:
    """Opens screens for a test, and in the end asks each for its faults."""

    browser: Browser
    portal: Portal
    folder: Path
    _open: list[tuple[Screen, BrowserContext]] = field(default_factory=list)

    def blank(self, size: tuple[int, int] = DESKTOP, *, site: str = "east", carried: Any = None) -> Screen:
        """A browser in which nobody has signed in, unless it carries what one kept from before."""
        phone = size[0] < 500
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, is_mobile=phone, has_touch=phone, accept_downloads=True,
            locale="zh-CN", timezone_id="Asia/Shanghai", storage_state=carried,
        )  # fmt: skip
        context.set_default_timeout(40_000)
        watch = Watch()
        watch.over(context)
        screen = Screen(self.portal, context.new_page(), watch, site)
        self._open.append((screen, context))
        return screen

    def __call__(
        self, role: str, size: tuple[int, int] = DESKTOP, *, site: str = "east", account: str | None = None,
        company: str = "acme",
    ) -> Screen:  # fmt: skip
        """Whoever holds the role at the site has signed in (the first time by the form, then with the same session)."""
        account = account or f"{site}-{role}"
        key = f"{company}/{account}"
        screen = self.blank(size, site=site, carried=self.portal.signed_in.get(key))
        if key not in self.portal.signed_in:
            screen.signs_in(account, company=company)
            screen.page.wait_for_selector(".gj-account")
            self.portal.signed_in[key] = screen.page.context.storage_state()
        return screen

    def close(self, *, picture: bool) -> list[str]:
        """Close every screen, with a picture of each if something went wrong; answers with what was wrong on them."""
        faults = []
        for n, (screen, context) in enumerate(self._open):
            if picture or screen.watch.faults:
                path = self.folder / f"screen-{n}.png"
                screen.page.screenshot(path=path, full_page=True)
                print(f"{screen.page.url} as it was: {path}")
            context.close()
            faults += screen.watch.faults
        self._open.clear()
        return faults
