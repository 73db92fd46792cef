"""`guanjia serve`: pages and API from one process, which ends without cutting off anybody's request."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from guanjia.logs import set_up_logs
from guanjia.metrics import serve_metrics

if TYPE_CHECKING:
    from guanjia.host import Host


class Unquoted(WSGIRequestHandler):
    """Handles requests without a log line of its own: that would quote the address with what somebody searched for."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the application writes its own line."""


PATIENCE = 30  # seconds for requests in flight to end
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class InFlight:
    """A WSGI application that knows how many requests are under way, until their last byte has been handed over."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app
        self._number = 0
        self._changed = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._count(1)
        try:
            answer = self._app(environ, start_response)
        except BaseException:
            self._count(-1)
            raise
        return ClosingIterator(answer, lambda: self._count(-1))

    def _count(self, by: int) -> None:
        with self._changed:
            self._number += by
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether the last request ended within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._number == 0, seconds)


def serve_app(app: Flask, host: Host, address: str, port: int, *, relay: bool = True) -> None:
    """Serve until SIGTERM or Ctrl-C, with the relay in a thread beside; then no new connection is taken, the requests
    in flight are answered, and the relay ends its message."""
    set_up_logs(host.config)
    serve_metrics(app, host.config.metrics_port)
    counted = InFlight(app.wsgi_app)
    server = make_server(address, port, counted, threaded=True, request_handler=Unquoted)

    def told(_number: int, _frame: FrameType | None) -> None:
        # From another thread: shutdown waits for the loop that runs in this one.
        threading.Thread(target=server.shutdown, name="guanjia-ending").start()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    if relay:
        host.relay.start(app)
    click.echo(f"Guanjia listens on http://{address}:{server.server_port}/  (Ctrl-C ends it)")
    try:
        server.serve_forever()
        click.echo("Ending.")
    finally:
        server.server_close()
        time.sleep(0.1)  # whoever was let in last has got as far as the application
        if not counted.wait(PATIENCE):
            click.echo(f"A request took more than {PATIENCE} seconds and is cut off.", err=True)
        host.relay.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
