"""A real server for a drill: `guanjia serve` in a process of its own, on a database that outlives it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import office
import servers
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.host import Host

DATABASES = ("sqlite", "postgresql")
FULL = os.environ.get("GUANJIA_DRILL") == "full"
COMMAND = Path(sys.executable).parent / "guanjia"
_START_WITHIN = 30.0  # seconds, after which a start counts as failed


@dataclass
class Installation:
    """A data folder and a database, whoever serves them. `role` is the application's on PostgreSQL."""

    kind: str
    folder: Path
    url: str
    owner_url: str
    role: str | None
    plan: office.Plan
    environment: dict[str, str] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        """The environment of its processes: as an operator sets it, compiled modules kept as on any machine."""
        own = {
            "GUANJIA_DATA": str(self.folder), "GUANJIA_DATABASE_URL": self.url, "GUANJIA_SECRET_KEY": "drill " * 8,
            "GUANJIA_OWNER_DATABASE_URL": self.owner_url, "PYTHONUNBUFFERED": "1",
            # leases of a killed process end within seconds, so that a drill can wait for what it had in hand
            "GUANJIA_MESSAGE_LEASE": "3", "GUANJIA_MESSAGE_SWEEP": "2",
        }  # fmt: skip
        if self.role:
            own["GUANJIA_APP_ROLE"] = self.role
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GUANJIA_") and k != "PYTHONDONTWRITEBYTECODE"}
        return {"PYTHONPYCACHEPREFIX": str(_compiled())} | kept | own | self.environment

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What `guanjia …` answers."""
        return subprocess.run(
            [str(COMMAND), *words], env=self.env(), capture_output=True, text=True, timeout=120, check=False
        )

    @contextlib.contextmanager
    def host(self, clock: Clock | None = None) -> Iterator[Host]:
        """Its host in this process, inside an application context: for looking, beside or after a server."""
        config = Config.from_environment(self.env())
        app = create_app(config, clock=clock, null_pool=self.kind != "sqlite")
        with app.app_context():
            try:
                yield app.extensions["guanjia"]
            finally:
                db.engine.dispose()


def _compiled() -> Path:
    folder = Path(f"/tmp/guanjia-drill-modules-{os.getuid()}-{sys.version_info.major}{sys.version_info.minor}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def installation(request: pytest.FixtureRequest, folder: Path, kind: str) -> Iterator[Installation]:
    """A copy of the filled database, SQLite or PostgreSQL; there as the application's role. Gone afterwards."""
    if kind == "sqlite":
        template, plan = request.getfixturevalue("sqlite_template")
        path = folder / "guanjia.sqlite"
        shutil.copyfile(template, path)
        _copy_files(template.parent, folder)
        yield Installation(kind, folder, f"sqlite:///{path}", f"sqlite:///{path}", None, plan)
        return
    name, plan = request.getfixturevalue("postgres_template")
    server: servers.Postgres = request.getfixturevalue("postgres")
    own = f"guanjia_drill_{os.getpid()}_{time.monotonic_ns()}"
    base: Path = request.getfixturevalue("tmp_path_factory").getbasetemp()
    _copy_files(next(base.glob("pgtemplate*")), folder)
    owner = servers.clone(server.owner_url, name, own)
    try:
        yield Installation(kind, folder, server.app_url(owner), owner, server.app_role, plan)
    finally:
        servers.drop(server.owner_url, own)


def _copy_files(template: Path, folder: Path) -> None:
    """What the rows of the filled database point to, and the key that seals some of it."""
    shutil.copytree(template / "files", folder / "files")
    shutil.copyfile(template / "data.key", folder / "data.key")


class Server:
    """`guanjia serve`, started, killed and started again on one port."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def start(self) -> float:
        """It answers /ready with 200. Returns the seconds that took from the start of the process."""
        began = time.monotonic()
        log = (self._installation.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(COMMAND), "serve", "--port", str(self.port)], env=self._installation.env(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        while time.monotonic() - began < _START_WITHIN and self._process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/ready", timeout=2)[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"the server did not come up:\n{self.log()[-3000:]}")

    def kill(self) -> None:
        """SIGKILL: it is gone at once, without a chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ctrl-C, as an operator ends it; killed if it does not heed that."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def log(self) -> str:
        """What it has written so far, over all its lives."""
        return (self._installation.folder / "server.log").read_text(errors="replace")

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, content (JSON read, else bytes) and headers of the answer. Raises OSError or HTTPException without one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = {"Accept-Language": "en"} | dict(headers or {})
            if body is not None and not isinstance(body, bytes):
                sent["Content-Type"] = "application/json"
                body = json.dumps(body).encode()
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            raw = answer.read()
            told = {k.lower(): v for k, v in answer.getheaders()}
            return answer.status, json.loads(raw) if "json" in told.get("content-type", "") else raw, told
        finally:
            connection.close()

    def token(self, account: str) -> str:
        """A bearer token of the account."""
        form = {"company": "acme", "account": account, "password": office.PASSWORD}
        status, answer, _headers = self.ask("POST", "/api/v1/session", form)
        assert status == 201, answer
        return str(answer["token"])


@contextlib.contextmanager
def serving(installation: Installation) -> Iterator[Server]:
    """A server that is up; afterwards it is gone, and the database with nobody in it."""
    server = Server(installation)
    try:
        server.start()
        yield server
    finally:
        server.end()
