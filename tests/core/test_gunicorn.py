"""Web and worker as they run in production, on PostgreSQL: processes that share figures, and an end that cuts nobody off."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import office
import servers

TOKEN = "metrics-token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def installed(
    postgres: servers.Postgres, postgres_template: tuple[str, office.Plan], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of a production installation with the test company on a database of its own."""
    name = f"guanjia_prod_{os.getpid()}_{secrets.token_hex(3)}"
    owner = servers.clone(postgres.owner_url, postgres_template[0], name)
    try:
        yield {
            "GUANJIA_ENV": "production", "GUANJIA_DATA": str(tmp_path), "GUANJIA_SECRET_KEY": secrets.token_hex(32),
            "GUANJIA_DATA_KEY": secrets.token_hex(32), "GUANJIA_SECURE_COOKIES": "1", "GUANJIA_LOG": "json",
            "GUANJIA_DATABASE_URL": postgres.app_url(owner), "GUANJIA_APP_ROLE": postgres.app_role,
            "GUANJIA_METRICS_TOKEN": TOKEN, "OWNER": owner,
        }  # fmt: skip
    finally:
        servers.drop(postgres.owner_url, name)


@contextmanager
def running(
    installed: Mapping[str, str], command: list[str], **more: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The command runs with these settings; afterwards it is gone."""
    log = Path(installed["GUANJIA_DATA"]) / f"log-{secrets.token_hex(3)}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUANJIA_", "PROMETHEUS"))}
    env = kept | {name: value for name, value in installed.items() if name != "OWNER"} | more
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, *command], env=env, stdout=out, stderr=out)  # noqa: S603
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def until(holds: Callable[[], bool], log: Path, seconds: float = 25) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"not in {seconds} seconds:\n{log.read_text(errors='replace')[-3000:]}")


def ask(
    port: int, path: str, token: str = "", method: str = "GET", form: Any = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if form is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, json.dumps(form) if form is not None else None, headers)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def waits_for(watch: psycopg.Connection, table: str) -> bool:
    query = (
        "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname = %s and not l.granted"
    )
    row = watch.execute(query, (table,)).fetchone()
    return row is not None and row[0] > 0


GUNICORN = ["-m", "gunicorn", "-c", "python:guanjia.under_gunicorn"]
WORKER = ["-c", "from guanjia.cli import main; main()", "worker"]


def test_a_request_in_flight_is_answered_when_told_to_stop(installed: dict[str, str]) -> None:
    """The request waits for a lock that the test holds; SIGTERM comes; the lock goes; the answer arrives, then the end."""
    port = free_port()
    with running(installed, GUNICORN, GUANJIA_BIND=f"127.0.0.1:{port}", WEB_CONCURRENCY="2") as (web, log):
        until(lambda: ask(port, "/ready")[0] == 200, log)
        status, _headers, body = ask(
            port,
            "/api/v1/session",
            method="POST",
            form={"company": "acme", "account": "east-site_manager", "password": office.PASSWORD},
        )
        assert status == 201, body
        token = json.loads(body)["token"]
        sites = json.loads(ask(port, "/api/v1/sites", token)[2])
        base = f"/api/v1/sites/{sites['items'][0]['id']}/registry/building"
        answers: list[tuple[int, dict[str, str], bytes]] = []
        plain = make_url(installed["OWNER"]).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as held:
            held.execute("LOCK TABLE registry_building IN ACCESS EXCLUSIVE MODE")
            form = {"code": "9", "name": "9栋", "floors": 11}
            thread = threading.Thread(target=lambda: answers.append(ask(port, f"{base}/create", token, "POST", form)))
            thread.start()
            watch = psycopg.connect(plain, autocommit=True)
            until(lambda: waits_for(watch, "registry_building"), log)
            watch.close()
            web.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert web.poll() is None and not answers, "it waits for the request"
            held.rollback()
        thread.join(20)
        assert [answer[0] for answer in answers] == [201], answers
        assert web.wait(20) == 0
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert any(line["event"] == "request" and line["status"] == 201 and line["request_id"] for line in told)
    assert all(line.startswith("{") for line in log.read_text().splitlines()), log.read_text()[:2000]
    assert office.PASSWORD not in log.read_text() and token not in log.read_text()


def test_processes_share_their_figures_and_the_worker_has_its_own_port(installed: dict[str, str]) -> None:
    port, figures = free_port(), free_port()
    shared = {"GUANJIA_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2"}
    with running(installed, GUNICORN, **shared) as (_web, log):
        until(lambda: ask(port, "/ready")[0] == 200, log)
        for _n in range(20):
            assert ask(port, "/sign-in?company=acme")[0] == 200
        for _n in range(4):  # whichever process answers, all requests are in it
            text = ask(port, "/metrics", TOKEN)[2].decode()
            line = next(
                part for part in text.splitlines() if part.startswith('guanjia_requests_total{endpoint="/sign-in"')
            )
            assert line.endswith(" 20.0"), line
            assert "guanjia_outbox_companies_counted 2.0" in text and "guanjia_database_connections_in_use" in text
        assert ask(port, "/metrics")[0] == 401
        with running(installed, WORKER, GUANJIA_METRICS_PORT=str(figures)) as (worker, worker_log):
            until(lambda: b"guanjia_messages" in ask(figures, "/metrics")[2], worker_log)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0, worker_log.read_text()
