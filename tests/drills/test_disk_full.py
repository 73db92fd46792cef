"""The disk is full: said in plain words, with what was typed; reading goes on; once there is room, all goes on by itself.

The data folder lies on a small disk of its own (tmpfs), and so does SQLite's database. PostgreSQL's lies elsewhere: there
the server itself refuses each write with the error that it gives for a full disk.
"""

from __future__ import annotations

import contextlib
import errno
import html
import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import current_app
from sqlalchemy import create_engine, func, select, text

import servers
from drills.running import DATABASES, Installation, installation
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.steps import journal
from guanjia.steps.models import OutboxMessage, StoredFile
from office import Company
from plugins.customer_service.models import ServiceRequest
from signed_in import SignedIn, browser
from tenants.models import LoginSession

SIZE = 96  # MB of the small disk
KEPT_FREE = 100 * 1024  # bytes that are left when it counts as full: enough for a small file, not for a picture
MESSAGE = "The disk of the server is full, so nothing was saved"
IN_CHINESE = "服务器磁盘已满"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
PICTURE = PNG + os.urandom(2 * KEPT_FREE)
REFUSING = """
create function full_disk() returns trigger language plpgsql as
  $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
"""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder with a disk of its own; skipped where nobody may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        servers.missing("No `mount` here")
    if done.returncode:
        servers.missing(f"A small disk cannot be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass
class Disk:
    """Fills the disk and makes room again."""

    there: Installation

    def fill(self) -> None:
        """Nothing more can be written."""
        with (self.there.folder / "ballast").open("wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(1 << 16))
            except OSError as full:
                assert full.errno == errno.ENOSPC
            out.truncate(out.tell() - KEPT_FREE)
        if self.there.kind == "postgresql":
            self._owner(REFUSING)
            for name in self._owner("select relname from pg_class where relrowsecurity"):
                when = f'before insert or update on "{name}" for each statement execute function full_disk()'
                self._owner(f"create trigger full_disk {when}")

    def make_room(self) -> None:
        """There is room again."""
        (self.there.folder / "ballast").unlink()
        if self.there.kind == "postgresql":
            self._owner("drop function full_disk() cascade")

    def _owner(self, statement: str) -> list[str]:
        engine = create_engine(self.there.owner_url)
        with engine.begin() as connection:
            answer = connection.execute(text(statement))
            found = [str(row[0]) for row in answer] if answer.returns_rows else []
        engine.dispose()
        return found


@dataclass
class Desk:
    """Reception at the east, in a browser and by the API."""

    there: Installation
    host: Host
    pages: SignedIn
    token: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"} | options.pop("headers", {})
        site = self.there.plan.sites["east"]
        return self.pages.client.open(f"/api/v1/sites/{site}/{path}", method=method, headers=headers, **options)

    def receive(self, content: str, key: str) -> Any:
        return self.call("POST", "customer_service/request/receive", json=self.form(content),
                         headers={"Idempotency-Key": key})  # fmt: skip

    def form(self, content: str) -> dict[str, Any]:
        return {
            "category": "power_lighting", "content": content, "within_capability": "yes",
            "household_id": str(self.there.plan.households["east"][0]),
        }  # fmt: skip

    def upload(self, content: bytes) -> Any:
        return self.call("POST", "files", data={"file": (io.BytesIO(content), "a.png")})

    def count(self, model: Any) -> int:
        company = self.there.plan.company_id
        with tenant_session(company) as session:
            return int(
                session.scalars(select(func.count()).select_from(model).where(model.company_id == company)).one()
            )

    def long_unseen(self) -> None:
        """The next request has to write down that these sessions are in use, if it can."""
        company = self.there.plan.company_id
        with tenant_session(company, write=True) as session:
            for row in session.scalars(select(LoginSession).where(LoginSession.company_id == company)):
                row.seen_at -= timedelta(minutes=30)
            session.commit()

    def reads(self) -> None:
        """Whatever a person reads, by pages and API, is answered."""
        for path in ("", "/request", "/intake", "/work"):
            assert self.pages.get(path).status_code in (200, 404), path
        for path in ("/s/east", "/s/east/inbox", "/s/east/duties", "/s/east/customer_service/request"):
            answer = self.pages.client.get(path, follow_redirects=True)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        listed = self.call("GET", "customer_service/request")
        assert listed.status_code == 200 and listed.json["items"]
        case = listed.json["items"][0]["id"]
        for part in ("", "/timeline", "/explain?step=dispatch"):
            assert self.call("GET", f"customer_service/request/{case}{part}").status_code == 200, part
        page = self.pages.get(f"/request/{case}")
        assert page.status_code == 200 and "<form" in page.text


@contextlib.contextmanager
def desk_at(there: Installation) -> Iterator[Desk]:
    with there.host() as host:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        pages = browser(Company(app, host, there.plan).site("east"), "receptionist", "en")
        form = {"company": "acme", "account": "east-receptionist", "password": "a long test password"}
        yield Desk(there, host, pages, app.test_client().post("/api/v1/session", json=form).json["token"])


@pytest.mark.parametrize("kind", DATABASES)
def test_a_full_disk(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    with small_disk(tmp_path / "small") as folder, installation(request, folder, kind) as there, desk_at(there) as desk:
        disk, keys = Disk(there), [str(uuid4()) for _n in range(400)]
        assert desk.receive("before", "k0").status_code == 201
        desk.host.relay.run_due()
        desk.long_unseen()
        disk.fill()
        taken, refused = _fill_up(desk, keys)
        assert (refused.json["type"], refused.json["status"], refused.mimetype) == (
            "/problems/disk-full", 503, "application/problem+json",
        )  # fmt: skip
        assert refused.json["detail"].startswith(MESSAGE) and int(refused.headers["Retry-After"]) > 0
        stored, files = desk.count(ServiceRequest), desk.count(StoredFile)
        assert stored == taken + 1
        desk.reads()
        _a_form_comes_back_filled_in(desk)
        _an_upload_leaves_nothing_half(desk)
        with contextlib.suppress(Exception):
            desk.host.relay.run_due()  # timers too: they wait, and nothing else happens
        ready = desk.pages.client.get("/ready")
        assert (ready.status_code, ready.json["disk"]) == (200, False)
        assert (desk.count(ServiceRequest), desk.count(StoredFile)) == (stored, files)
        disk.make_room()
        assert desk.receive(f"write {taken}", keys[taken]).status_code == 201
        assert desk.receive(f"write {taken}", keys[taken]).status_code == 201  # the same: once
        assert desk.upload(PICTURE).status_code == 201
        assert (desk.count(ServiceRequest), desk.count(StoredFile)) == (stored + 1, files + 1)
        assert desk.pages.client.get("/ready").json["disk"] is True
        _drained(desk)
        with tenant_session(there.plan.company_id) as session:
            assert list(journal.verify(session)) == []


def _fill_up(desk: Desk, keys: list[str]) -> tuple[int, Any]:
    """Requests until one is refused: how many were taken, and the refusal."""
    for nth, key in enumerate(keys):
        answer = desk.receive(f"write {nth}", key)
        if answer.status_code != 201:
            assert answer.status_code == 503, answer.text
            return nth, answer
    raise AssertionError("the disk never became full")


def _a_form_comes_back_filled_in(desk: Desk) -> None:
    typed = desk.form("typed with much care") | {"_idempotency_key": "page-key"}
    for more in ({}, {"photos": (io.BytesIO(PICTURE), "a.png")}):
        answer = desk.pages.post("/intake", typed | more, content_type="multipart/form-data")
        shown = html.unescape(answer.text)
        assert answer.status_code == 503 and MESSAGE in shown, (answer.status_code, shown[-2000:])
        assert "typed with much care" in shown and 'value="page-key"' in shown
    desk.pages.client.set_cookie("guanjia_language", "zh")
    assert IN_CHINESE in desk.pages.post("/intake", typed).text
    desk.pages.client.set_cookie("guanjia_language", "en")


def _an_upload_leaves_nothing_half(desk: Desk) -> None:
    folder = desk.there.folder / "files"
    before = sorted(folder.rglob("*"))
    answer = desk.upload(PICTURE)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/disk-full")
    assert [path for path in sorted(folder.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]


def _drained(desk: Desk) -> None:
    desk.host.clock.set(
        desk.host.clock.now() + timedelta(minutes=30)
    )  # what failed meanwhile waits for its next attempt
    desk.host.relay.run_due()
    company = desk.there.plan.company_id
    with tenant_session(company) as session:
        query = select(OutboxMessage.kind, OutboxMessage.fault).where(
            OutboxMessage.company_id == company, OutboxMessage.state == "waiting",
            OutboxMessage.run_after <= desk.host.clock.now(),
        )  # fmt: skip
        assert session.execute(query).all() == []


def test_reading_goes_on_in_a_database_that_only_reads(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with installation(request, tmp_path, "postgresql") as there, desk_at(there) as desk:
        assert desk.receive("before", "k0").status_code == 201
        desk.long_unseen()
        engine = create_engine(there.owner_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # as on a standby
            connection.execute(text(f'alter database "{engine.url.database}" set default_transaction_read_only = on'))
        engine.dispose()
        desk.reads()
        refused = desk.receive("again", "k1")
        assert (refused.status_code, refused.json["type"]) == (503, "/problems/unavailable")
        assert desk.count(ServiceRequest) == 1
