"""Round trips to a server, counted on the wire: how often the client speaks again after the server has answered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import make_url


@dataclass
class Wire:
    """A proxy before the server: `through` leads a URL by way of it, `trips` counts."""

    host: str
    port: int
    trips: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def through(self, url: str) -> str:
        """The database of `url`, reached by way of the proxy."""
        return make_url(url).set(host=self.host, port=self.port).render_as_string(hide_password=False)

    def of(self, work: Any) -> int:
        """The round trips of one call of `work`."""
        before = self.trips
        work()
        return self.trips - before


@contextmanager
def counted(url: str) -> Iterator[Wire]:
    """The server of `url`, with every connection counted."""
    parsed = make_url(url)
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire("127.0.0.1", listener.getsockname()[1])
    target = (parsed.host or "127.0.0.1", parsed.port or 5432)
    threading.Thread(target=_accept, args=(listener, target, wire), daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()


def _accept(listener: socket.socket, target: tuple[str, int], wire: Wire) -> None:
    while True:
        try:
            client, _address = listener.accept()
        except OSError:
            return
        server = socket.create_connection(target)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answered = [True]  # the server has spoken last: what the client says next is a new trip
        threading.Thread(target=_copy, args=(client, server, wire, answered, True), daemon=True).start()
        threading.Thread(target=_copy, args=(server, client, wire, answered, False), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket, wire: Wire, answered: list[bool], asking: bool) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            with wire._lock:
                if asking and answered[0]:
                    wire.trips += 1
                answered[0] = not asking
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
