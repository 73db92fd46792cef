"""SIGTERM: the request in flight is answered, the message in hand is ended, nothing is begun any more."""

from __future__ import annotations

import json
import signal
import socket
import threading
from pathlib import Path
from uuid import UUID

import httpx
import pytest

import office
from guanjia.steps.models import OutboxMessage
from jobs.plant import running, wait_for
from office import Company
from probe import rows


def test_serve_answers_the_request_in_flight_and_then_ends(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with running(request, tmp_path, "sqlite") as plant:
        plant.environment.pop("GUANJIA_REDIS_URL")
        web = plant.start_web()
        body = json.dumps({"company": "acme", "account": "east-site_manager", "password": office.PASSWORD}).encode()
        address = ("127.0.0.1", int(plant.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=30) as slow:
            slow.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:20])  # fmt: skip
            ids = plant.post(6)  # the relay beside is at work, too
            plant.host.relay.wake(plant.plan.company_id)
            assert httpx.get(f"{plant.url}/health", trust_env=False).status_code == 200
            web.popen.send_signal(signal.SIGTERM)
            wait_for(lambda: "Ending." in web.said(), 20, "it is told to end")
            with pytest.raises(OSError):
                socket.create_connection(address, timeout=5).close()
            assert web.popen.poll() is None, "it waits for the one who is still talking"
            slow.sendall(body[20:])
            answer = b"".join(iter(lambda: slow.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 201"), answer[:300]
        assert web.popen.wait(20) == 0, web.said()
        states = plant.states(ids)
        assert set(states) <= {"done", "waiting"}
        once = plant.start("worker", "--once")  # what is left is free at once: no lease has to end first
        assert once.popen.wait(60) == 0, once.said()
        assert int(once.said().split(" messages carried out")[0]) >= states["waiting"]
        assert plant.effects(ids) == {1: 6}


def test_a_relay_that_stops_ends_the_message_in_hand_and_frees_the_others(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.jobs.handlers import HANDLERS
    from guanjia.steps import outbox

    company.settle()
    begun, may_end, seen = threading.Event(), threading.Event(), []

    def hold(_host: object, _company: UUID, row: OutboxMessage) -> None:
        seen.append(row.id)
        begun.set()
        assert may_end.wait(20)

    monkeypatch.setitem(HANDLERS, "probe", hold)
    relay, now = company.host.relay, company.host.clock.now()
    from guanjia.db.session import tenant_session

    with tenant_session(company.plan.company_id, write=True) as session:
        for _n in range(3):
            outbox.schedule(session, company.host, "probe", {}, at=now)
        outbox.light_beacons(session, company.host)
        session.commit()
    relay.start(company.app, every=0.05)
    relay.wake(company.plan.company_id)
    assert begun.wait(20)
    stopping = threading.Thread(target=relay.stop)
    stopping.start()
    may_end.set()
    stopping.join(20)
    assert not stopping.is_alive()
    found = rows(company, OutboxMessage, OutboxMessage.kind == "probe")
    assert sorted(row.state for row in found) == ["done", "waiting", "waiting"]
    assert [row.leased_until for row in found if row.state == "waiting"] == [None, None]
    monkeypatch.setattr(relay, "_stopped", threading.Event())
    assert relay.run_due() == 2 and len(seen) == 3
