"""A running installation for the drills: web, relay and workers as processes of their own, and a Redis that can be stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from redis import Redis
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

import office
import servers
from guanjia.app import create_app
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.session import system_session, tenant_session
from guanjia.steps import outbox
from guanjia.steps.models import Beacon, JournalEntry, Notification, OutboxMessage

REQUEST = "customer_service.request"
FULL = os.environ.get("GUANJIA_DRILL") == "full"


def database(request: pytest.FixtureRequest, folder: Path, kind: str) -> tuple[dict[str, str], office.Plan, str | None]:
    """The environment of an installation on a copy of the filled database, what it holds, and the copy's name."""
    if kind == "sqlite":
        template, plan = request.getfixturevalue("sqlite_template")
        shutil.copyfile(template, folder / "guanjia.sqlite")
        url = f"sqlite:///{folder / 'guanjia.sqlite'}"
        return {"GUANJIA_DATABASE_URL": url}, plan, None
    template, plan = request.getfixturevalue("postgres_template")
    server: servers.Postgres = request.getfixturevalue("postgres")
    name = f"guanjia_plant_{os.getpid()}_{folder.name}".lower().replace("-", "_")
    owner = servers.clone(server.owner_url, template, name)
    known = {"GUANJIA_DATABASE_URL": server.app_url(owner), "GUANJIA_OWNER_DATABASE_URL": owner,
             "GUANJIA_APP_ROLE": server.app_role}  # fmt: skip
    return known, plan, name


def wait_for(true: Callable[[], Any], seconds: float = 60, what: str = "") -> Any:
    """What `true` answers, once it is something. Fails after so many seconds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := true():
            return found
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} seconds in vain: {what or true}")


@dataclass
class Process:
    """One of the installation's processes, its output in a file."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """The processes that it started and that live."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.popen.pid and fields[0] != "Z":
                    found.append(int(stat.parent.name))
        return sorted(found)

    def end(self, seconds: float = 30) -> int:
        """SIGTERM; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)


@dataclass
class Plant:
    """The installation under drill."""

    folder: Path
    environment: dict[str, str]
    plan: office.Plan
    app: Any
    port: int
    stack: ExitStack
    redis_stack: ExitStack = field(default_factory=ExitStack)
    url: str = ""
    case: UUID = UUID(int=0)

    @property
    def host(self) -> Any:
        return self.app.extensions["guanjia"]

    @property
    def redis(self) -> Redis:
        return Redis.from_url(self.environment["GUANJIA_REDIS_URL"], socket_timeout=2)

    def start_redis(self) -> None:
        self.redis_stack.enter_context(servers.private_redis(self.port))

    def stop_redis(self) -> None:
        self.redis_stack.close()

    def start(self, *command: str) -> Process:
        """`guanjia COMMAND` as a process of its own, killed at the end if it still lives."""
        log = self.folder / f"{command[0]}.log"
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [sys.executable, "-c", "from guanjia.cli import main; main()", *command], cwd=self.folder, stdout=out,
                stderr=out, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment},
            )  # fmt: skip
        found = Process(command[0], log, popen)
        self.stack.callback(self._kill, found)
        return found

    @staticmethod
    def _kill(process: Process) -> None:
        if process.popen.poll() is None:
            for pid in process.children():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.popen.kill()
            process.popen.wait(10)

    def start_web(self, *options: str) -> Process:
        """`guanjia serve` at a free port, answering."""
        web = self.start("serve", "--port", "0", *options)
        wait_for(lambda: "listens on" in web.said() or web.popen.poll() is not None, what="the web process")
        assert web.popen.poll() is None, web.said()
        self.url = web.said().split("listens on ")[1].split()[0].rstrip("/")
        return web

    def serve_here(self) -> None:
        """Pages and API are served from this process, which saves the start of another one."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()

        def end() -> None:
            server.shutdown()
            thread.join(10)
            server.server_close()

        self.stack.callback(end)

    def workers(self, crew: Process, many: int) -> list[int]:
        """The pids of the crew's workers, once all are there and have told Redis so."""
        return list(wait_for(lambda: len(found := crew.children()) == many and self.redis.exists("guanjia:workers-alive")
                             and found, what=crew.said()))  # fmt: skip

    def client(self) -> httpx.Client:
        """A client of the API, signed in as the manager of the first office."""
        form = {"company": "acme", "account": "east-site_manager", "password": office.PASSWORD}
        answer = httpx.post(f"{self.url}/api/v1/session", json=form, timeout=30)
        assert answer.status_code == 201, answer.text
        base = f"{self.url}/api/v1/sites/{self.plan.sites['east']}/{REQUEST.partition('.')[0]}"
        return httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {answer.json()['token']}"}, timeout=30, trust_env=False
        )

    # -- messages ----------------------------------------------------------------------------------------

    def post(self, many: int) -> list[UUID]:
        """So many messages are due: by turns a notice to a person, and a step at a case that any second run would repeat."""
        manager, now = str(self.plan.staff["east-site_manager"]), self.host.clock.now()
        found = []
        with tenant_session(self.plan.company_id, write=True) as session:
            for n in range(many):
                payload = {"rule": "drill", "flow": REQUEST, "case": str(self.case), "number": None, "actor": None,
                           "since": now.isoformat()}  # fmt: skip
                row = outbox.schedule(session, self.host, ("Perform", "Notify")[n % 2], payload, at=now,
                                      site_id=self.plan.sites["east"])  # fmt: skip
                assert row is not None
                command: dict[str, Any] = {
                    "step": f"{REQUEST}.note",
                    "case_id": str(self.case),
                    "form": {"note": "drill"},
                }
                if n % 2:
                    command = {"message": {"domain": "", "id": "Drill.", "args": {}}, "roles": [], "staff": [manager],
                               "urgent": True}  # fmt: skip
                row.payload = payload | {"step": f"drill-{row.id}", "command": command}
                found.append(row.id)
            outbox.light_beacons(session, self.host)
            session.commit()
        return found

    def states(self, ids: list[UUID]) -> Counter[str]:
        """How many of the messages are in which state."""
        with tenant_session(self.plan.company_id) as session:
            query = select(OutboxMessage.id, OutboxMessage.state).where(OutboxMessage.company_id == session.company_id)
            wanted = set(ids)
            return Counter(row.state for row in session.execute(query) if row.id in wanted)

    def done(self, ids: list[UUID]) -> int:
        return self.states(ids)["done"]

    def wait_done(self, ids: list[UUID], seconds: float = 60) -> None:
        wait_for(lambda: self.done(ids) == len(ids), seconds, f"all done; {self.states(ids)}")

    def effects(self, ids: list[UUID]) -> Counter[int]:
        """How often the messages took effect: all of them once is `{1: len(ids)}`."""
        found = Counter(dict.fromkeys(map(str, ids), 0))
        company = self.plan.company_id
        with tenant_session(company) as session:
            notices = select(Notification.origin).where(Notification.company_id == company)
            found.update(origin for origin in session.scalars(notices) if origin in found)
            notes = select(JournalEntry.body).where(
                JournalEntry.company_id == company,
                JournalEntry.step == f"{REQUEST}.note",
                JournalEntry.actor_id.is_(None),
            )
            for body in session.scalars(notes):
                cause = msgspec.json.decode(body)["cause"]
                if (message := cause.removeprefix("step:drill-").rpartition(":")[0]) in found:
                    found[message] += 1
        return Counter(found.values())

    def notes_of_people(self) -> int:
        """How many notes people made at the case."""
        with tenant_session(self.plan.company_id) as session:
            query = select(func.count()).select_from(JournalEntry).where(
                JournalEntry.company_id == session.company_id, JournalEntry.step == f"{REQUEST}.note",
                JournalEntry.actor_id.is_not(None),
            )  # fmt: skip
            return int(session.scalars(query).one())


class Visitor(threading.Thread):
    """Somebody who reads a list and, every third time, makes a note, on and on; every answer is remembered."""

    def __init__(self, plant: Plant) -> None:
        super().__init__(daemon=True)
        self._client, self._case = plant.client(), plant.case
        self._stopped = threading.Event()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0

    def run(self) -> None:
        n = 0
        while not self._stopped.wait(0.03):
            n += 1
            began = time.monotonic()
            try:
                if n % 3:
                    answer, what = self._client.get("/request?limit=5"), "read"
                else:
                    answer, what = self._client.post(f"/request/{self._case}/note", json={"note": f"visit {n}"}), "step"
                self.answers[what, answer.status_code] += 1
                if answer.status_code != 200:
                    self.faults.append(f"{answer.status_code} {answer.text[:300]}")
            except httpx.HTTPError as error:
                self.faults.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - began)

    def __enter__(self) -> Visitor:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join(60)
        self._client.close()


@contextmanager
def running(request: pytest.FixtureRequest, folder: Path, kind: str, **settings: str) -> Iterator[Plant]:
    """The installation without any process yet: a database whose old timers are settled, a Redis, a case to work on."""
    environment, plan, name = database(request, folder, kind)
    with ExitStack() as stack, ExitStack() as redis_stack:
        port = int(redis_stack.enter_context(servers.private_redis()).rpartition(":")[2].partition("/")[0])
        environment |= {"GUANJIA_DATA": str(folder), "GUANJIA_REDIS_URL": f"redis://127.0.0.1:{port}/0",
                        "GUANJIA_SECRET_KEY": "only for drills, never elsewhere", **settings}  # fmt: skip
        app = create_app(Config.from_environment(environment), null_pool=True)
        plant = Plant(folder, environment, plan, app, port, stack, redis_stack)
        with app.app_context():
            for company in (plan.company_id, plan.other_id):
                with tenant_session(company, write=True) as session:
                    waiting = update(OutboxMessage).where(
                        OutboxMessage.company_id == company, OutboxMessage.state == "waiting"
                    )
                    session.execute(waiting.values(state="done"))
                    session.commit()
            with system_session(write=True) as session:
                session.query(Beacon).delete()
                session.commit()
            east = office.Company(app, plant.host, plan).site("east")
            form = {"household_id": str(east.household()), "category": "pipe_leak", "content": "drill",
                    "within_capability": "yes"}  # fmt: skip
            plant.case = east.person("receptionist").takes(f"{REQUEST}.receive", None, form).case_id
            yield plant
            stack.close()
            db.engine.dispose()
    if name is not None:
        servers.drop(request.getfixturevalue("postgres").owner_url, name)
