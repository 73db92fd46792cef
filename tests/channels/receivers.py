"""Servers outside, started by the tests: a mail server, and an HTTP server that answers as it is told and keeps what came."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

from office import Company

F = TypeVar("F", bound=Callable[..., Any])
PUBLIC = "https://guanjia.example.com"


@dataclass
class Came:
    """One request that came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Answers = Callable[[Came], tuple[int, bytes, dict[str, str]]]


def ok(_came: Came) -> tuple[int, bytes, dict[str, str]]:
    """A robot's yes, which an integration's is too."""
    return 200, b'{"errcode":0,"code":0,"errmsg":"ok"}', {}


@dataclass
class Receiver:
    """An HTTP server on this machine. `answers` says what it answers; `hang` makes it wait first."""

    url: str
    came: list[Came] = field(default_factory=list)
    answers: Answers = ok
    hang: float = 0

    def fails_first(self, times: int, status: int = 500) -> None:
        """The next so many requests are answered with the status, the others with yes."""
        left = iter(range(times))
        self.answers = lambda came: ok(came) if next(left, None) is None else (status, b"no", {})


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """An HTTP server for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            came = Came(parts.path, query, {k.lower(): v for k, v in self.headers.items()}, body)
            found.came.append(came)
            time.sleep(found.hang)
            status, answer, headers = found.answers(came)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mailbox:
    """What a mail server took, and how it answers. `refuse` maps an address to the answer it is refused with."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    down: int = 0  # messages that are refused for now, whoever they are for

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Take or refuse an address."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep a message."""
        if self.down:
            self.down -= 1
            return "451 come back later"
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        assert envelope.rcpt_tos == [found["To"].addresses[0].addr_spec]
        self.mails.append(found)
        return "250 taken"


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        """Greet the server at the port that it was given, not at the zero that was asked for."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mailing() -> Iterator[Mailbox]:
    """A mail server for the length of the block."""
    box = Mailbox()
    controller = _OnAFreePort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{controller.port}"
        yield box
    finally:
        controller.stop()


def both(test: F) -> F:
    """Run the test on both databases."""
    test.on_both_databases = True  # type: ignore[attr-defined]
    return test


def connect(company: Company, **settings: Any) -> None:
    """Give the installation under test these settings."""
    company.host.config = replace(company.host.config, **settings)
