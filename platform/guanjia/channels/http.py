"""One post to an address that somebody entered: no private networks, no redirects, no answer without an end."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from guanjia.words import Message, words

_ = words("guanjia")

CONNECT_SECONDS, ALL_SECONDS = 5.0, 15.0
MOST_BYTES = 64 * 1024  # of an answer; the rest is not read
AGENT = "Guanjia-Webhook/1"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotSent(Exception):
    """Nothing was answered. `message` says why; `for_good`: trying again would not help."""

    def __init__(self, message: Message, *, for_good: bool = False) -> None:
        super().__init__(message.id)
        self.message = message
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the status, the first 64 kB of the body, and how long it took."""

    status: int
    body: bytes
    took_ms: int


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    seconds: float = ALL_SECONDS,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send `body` and give the answer, whatever its status; a redirect is an answer and is not followed.

    The name is resolved here and the connection made to what was checked, so that a name cannot change between. Raises
    NotSent where the address is not allowed, cannot be reached, or has not answered after `seconds`.
    """
    started = time.monotonic()
    transport = _Transport(allow_private=allow_private, ends_at=started + seconds, tls=tls or _tls())
    client = httpx.Client(
        transport=transport, follow_redirects=False, trust_env=False,
        timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
    )  # fmt: skip
    sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
    try:
        with client, client.stream("POST", url, content=body, headers=sent) as response:
            found = bytearray()
            for part in response.iter_raw(8192):
                found += part
                if len(found) >= MOST_BYTES:
                    break
            return Answer(response.status_code, bytes(found[:MOST_BYTES]), _ms(started))
    except NotSent:
        raise
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise NotSent(_("This address cannot be used. Enter one that begins with https://."), for_good=True) from None
    except httpx.TimeoutException:
        raise NotSent(
            _("No answer in %(seconds)s seconds. See whether the receiver runs.", seconds=int(seconds))
        ) from None
    except httpx.HTTPError as fault:
        raise NotSent(_("The receiver cannot be reached (%(fault)s).", fault=type(fault).__name__)) from None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: not this machine, not a private or local network."""
    found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.split("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def addresses_of(host: str, port: int) -> list[str]:
    """The IP addresses that a name stands for, each once. Raises NotSent where it stands for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent(_("The name %(host)s is not known. Check the address.", host=host)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


class _Network(httpcore.NetworkBackend):
    """Connects to checked addresses only, and ends everything at a given moment of the monotonic clock."""

    def __init__(self, allow_private: bool, ends_at: float) -> None:
        self._plain = httpcore.SyncBackend()
        self._allow_private, self._ends_at = allow_private, ends_at

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A stream to the first of the name's addresses that answers. Raises NotSent if any of them is not public."""
        found = addresses_of(host, port)
        if not self._allow_private and not all(is_public(address) for address in found):
            raise NotSent(
                _("%(host)s lies in a private network, and nothing is sent there. Enter a public address.", host=host),
                for_good=True,
            )
        for n, address in enumerate(found, 1):
            try:
                stream = self._plain.connect_tcp(
                    address, port, _left(timeout, self._ends_at), local_address, socket_options
                )
                return _Stream(stream, self._ends_at)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if n == len(found):
                    raise
        raise httpcore.ConnectError("no address")

    def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.NetworkStream:
        """Never."""
        raise httpcore.ConnectError("no sockets of this machine")

    def sleep(self, seconds: float) -> None:
        """Wait; asked only between attempts to connect, of which there is one."""
        self._plain.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A stream on which a receiver that sends a byte now and then does not last for ever."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, as long as time is left."""
        return self._stream.read(max_bytes, _left(timeout, self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, as long as time is left."""
        self._stream.write(buffer, _left(timeout, self._ends_at))

    def close(self) -> None:
        """Close."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS: the certificate is that of the name, though the connection went to an address."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(timeout, self._ends_at))
        return _Stream(stream, self._ends_at)

    def get_extra_info(self, info: str) -> Any:
        """What the stream knows of itself."""
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is over")
    return left if timeout is None else min(timeout, left)


class _Transport(httpx.HTTPTransport):
    """httpx's own transport, faults and all, over a network of ours: it has no argument for one."""

    def __init__(self, *, allow_private: bool, ends_at: float, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_connections=1, network_backend=_Network(allow_private, ends_at)
        )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
