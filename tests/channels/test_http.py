"""One post outside: private networks, redirects, slow and endless answers, and whose certificate counts."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.receivers import Receiver
from guanjia.channels import http
from guanjia.channels.http import MOST_BYTES, NotSent, is_public, post


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "::",
     "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
     "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.1"],
)  # fmt: skip
def test_addresses_of_this_machine_and_of_private_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2400:3200::1", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_nothing_is_sent_to_this_machine_unless_allowed(receiver: Receiver) -> None:
    with pytest.raises(NotSent) as refused:
        post(receiver.url, b"{}", {})
    assert refused.value.for_good and "private network" in refused.value.message.id
    assert receiver.came == []
    assert post(receiver.url, b"{}", {}, allow_private=True).status == 200


@pytest.mark.parametrize("url", ["http://localhost:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
                                 "http://[::ffff:127.0.0.1]:{port}/"])  # fmt: skip
def test_other_names_of_this_machine_do_not_help(receiver: Receiver, url: str) -> None:
    with pytest.raises(NotSent):
        post(url.format(port=receiver.url.rpartition(":")[2]), b"{}", {})
    assert receiver.came == []


def test_a_name_with_one_private_address_among_others_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "addresses_of", lambda _host, _port: ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(NotSent) as refused:
        post("http://hooks.example.com/", b"{}", {})
    assert refused.value.for_good


def test_the_name_is_looked_up_once_so_that_it_cannot_change_between(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked as a public address, connected to the same one: a second look would have led to this machine."""
    asked = iter([["8.8.8.8"], ["127.0.0.1"]])
    monkeypatch.setattr(http, "addresses_of", lambda _host, _port: next(asked))
    with pytest.raises(NotSent):
        post(f"http://hooks.example.com:{receiver.url.rpartition(':')[2]}/", b"{}", {}, seconds=0.3)
    assert receiver.came == [] and next(asked) == ["127.0.0.1"]


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = lambda _came: (302, b"", {"Location": receiver.url + "/inner"})
    assert post(receiver.url + "/outer", b"{}", {}, allow_private=True).status == 302
    assert [came.path for came in receiver.came] == ["/outer"]


def test_of_an_endless_answer_no_more_than_64_kb_are_read(receiver: Receiver) -> None:
    receiver.answers = lambda _came: (200, b"x" * 1_000_000, {})
    assert len(post(receiver.url, b"{}", {}, allow_private=True).body) == MOST_BYTES


def test_no_answer_in_time(receiver: Receiver) -> None:
    receiver.hang = 2
    started = time.monotonic()
    with pytest.raises(NotSent) as late:
        post(receiver.url, b"{}", {}, allow_private=True, seconds=0.3)
    assert not late.value.for_good and time.monotonic() - started < 1


def test_a_receiver_that_sends_a_byte_now_and_then_does_not_hold_us_up() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _peer = server.accept()
        with connection:
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 100:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    with server, pytest.raises(NotSent):
        post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, allow_private=True, seconds=0.5)
    assert time.monotonic() - started < 1.5
    thread.join(10)


def test_nobody_there(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotSent) as nobody:
        post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)
    assert not nobody.value.for_good


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "example.com", "http://", "http://a b/", "https://[::1/"]
)
def test_what_is_no_address_is_refused_for_good(url: str) -> None:
    with pytest.raises(NotSent) as refused:
        post(url, b"{}", {}, allow_private=True)
    assert refused.value.for_good or "known" in refused.value.message.id


def test_the_certificate_is_that_of_the_name_though_the_connection_goes_to_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = _certificate(tmp_path, "hooks.example.com")
    monkeypatch.setattr(http, "addresses_of", lambda _host, _port: ["127.0.0.1"])
    with _tls_server(cert, key) as port:
        trusting = ssl.create_default_context(cafile=str(cert))
        answer = post(f"https://hooks.example.com:{port}/", b"{}", {}, allow_private=True, tls=trusting)
        assert answer.status == 204
        for host, context in (("other.example.com", trusting), ("hooks.example.com", None)):
            with pytest.raises(NotSent):
                post(f"https://{host}:{port}/", b"{}", {}, allow_private=True, tls=context)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path


class _tls_server:
    """Answers 204 to whoever comes over TLS."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert, key)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_args: Any) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._server.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(connection, server_side=True) as stream:
                    sent, part = b"", b"?"
                    while part and not sent.endswith(
                        b"{}"
                    ):  # head and body may come apart; what is unread cuts the answer off
                        part = stream.recv(65536)
                        sent += part
                    stream.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                continue
