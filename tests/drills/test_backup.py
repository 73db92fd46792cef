"""Backup while writes are under way, then restore elsewhere: everything acknowledged before it began is there."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import servers
from drills.clients import Clients, numbers_of
from drills.running import DATABASES, FULL, Installation, installation, serving
from guanjia.db.session import tenant_session
from guanjia.sdk import Context
from guanjia.steps import journal
from guanjia.steps.models import StoredFile
from plugins.customer_service.models import ServiceRequest

BEFORE = 500 if FULL else 20
NO_END = 1_000_000
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


@contextlib.contextmanager
def elsewhere(request: pytest.FixtureRequest, there: Installation, folder: Path) -> Iterator[Installation]:
    """Where nothing is yet: an empty folder, and on PostgreSQL an empty database."""
    folder.mkdir()
    if there.kind == "sqlite":
        url = f"sqlite:///{folder}/guanjia.sqlite"
        yield dataclasses.replace(there, folder=folder, url=url, owner_url=url)
        return
    server: servers.Postgres = request.getfixturevalue("postgres")
    name = f"guanjia_restored_{os.getpid()}_{time.monotonic_ns()}"
    owner = servers.clone(server.owner_url, "template0", name)
    try:
        yield dataclasses.replace(there, folder=folder, url=server.app_url(owner), owner_url=owner)
    finally:
        servers.drop(server.owner_url, name)


def told(there: Installation, *words: str, code: int = 0) -> dict[str, Any]:
    done = there.command(*words, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def keep_files(there: Installation, count: int) -> dict[str, bytes]:
    """So many pictures that the reception at the east sent, by their names."""
    plan, found = there.plan, {}
    with there.host() as host:
        desk = Context(host, plan.company_id, plan.staff["east-receptionist"], plan.sites["east"], via="api")
        for n in range(count):
            found[f"{n}.png"] = PNG + bytes([n])
            host.files.keep(desk, f"{n}.png", found[f"{n}.png"])
    return found


def contents(there: Installation) -> tuple[dict[str, tuple[Any, str]], dict[str, bytes]]:
    """The requests by what they say, and the files by their names, as the application reads them."""
    company = there.plan.company_id
    with there.host() as host, tenant_session(company) as session:
        query = select(ServiceRequest).where(ServiceRequest.company_id == company)
        requests = {row.content: (row.id, row.number) for row in session.scalars(query)}
        rows = session.scalars(select(StoredFile).where(StoredFile.company_id == company)).all()
        return requests, {row.name: host.files.read(session, row) for row in rows}


@pytest.mark.parametrize("kind", DATABASES)
def test_what_was_acknowledged_before_a_backup_is_there_after_a_restore(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with installation(request, home, kind) as there:
        pictures = keep_files(there, 5)
        with serving(there) as server:
            clients = Clients(server, there.plan, NO_END)
            clients.start()
            clients.until(BEFORE)
            acknowledged = dict(clients.acknowledged)
            began = time.monotonic()
            made = told(there, "backup", "--to", str(tmp_path / "safe.tar"))
            took, meanwhile = time.monotonic() - began, len(clients.acknowledged) - len(acknowledged)
            clients.until(len(clients.acknowledged) + 1)
            clients.stop()
            clients.join()
        shutil.rmtree(home / "files")  # the old machine is of no use any more
        with elsewhere(request, there, tmp_path / "new") as new:
            shutil.copyfile(home / "data.key", new.folder / "data.key")  # kept apart from the backup
            began = time.monotonic()
            done = told(new, "restore", str(tmp_path / "safe.tar"), "--into", str(new.folder))
            print(f"{kind}: {BEFORE} before, {meanwhile} meanwhile; {made['bytes']} bytes in {took:.1f} s, "
                  f"back in {time.monotonic() - began:.1f} s")  # fmt: skip
            assert (done["faults"], done["warnings"], done["files"]) == ([], [], made["files"])
            assert done["entries"] == made["entries"] > BEFORE
            requests, files = contents(new)
            assert files.items() >= pictures.items() and made["files"] > len(pictures)
            by_key = {write.key: write.content for write in clients.writes}
            for key, answer in acknowledged.items():
                assert requests[by_key[key]] == (answer.case_id, answer.number)
            assert len(requests) < len(clients.acknowledged)  # they went on writing: it is the state of one moment
            for prefix in ("east", "west"):
                own = [requests[w.content][1] for w in clients.writes if w.site == prefix and w.content in requests]
                assert numbers_of(own) == list(range(1, len(own) + 1))
            with serving(new) as server:  # it starts on it, and goes on from there
                again = Clients(server, new.plan, 2)
                again.start()
                again.join()
            with new.host(), tenant_session(new.plan.company_id) as session:
                assert list(journal.verify(session)) == []
