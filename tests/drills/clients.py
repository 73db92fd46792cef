"""Clients of a drill: each sends requests one after another, keeps what was acknowledged, and sends again what was not."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from drills.running import Server
from office import Plan

AT_ONCE = 16
SITES = ("east", "west")


@dataclass
class Write:
    """One request of a resident, and the key under which it counts once."""

    nth: int
    site: str
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def content(self) -> str:
        """What tells it from all others in the database."""
        return f"drill write {self.nth:05d}"


@dataclass(frozen=True)
class Acknowledged:
    """What the server answered with 201."""

    case_id: UUID
    number: str
    tries: int


class Clients:
    """Sixteen threads that post service requests until all of them are acknowledged."""

    def __init__(self, server: Server, plan: Plan, count: int) -> None:
        self._server, self._plan = server, plan
        self._tokens = {site: server.token(f"{site}-receptionist") for site in SITES}
        self._todo = iter([Write(n, SITES[n % 2]) for n in range(count)])
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.acknowledged: dict[str, Acknowledged] = {}
        self.writes: list[Write] = []
        self.in_flight: dict[int, Write] = {}
        self.unanswered = 0
        self.refused: dict[int, int] = {}  # by status, of answers that ask to try again
        self.faults: list[str] = []
        self.longest = 0.0  # seconds from the first try to the acknowledgement
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(AT_ONCE)]

    def start(self) -> None:
        """They set off."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """They end after the answer in hand."""
        self._ended.set()

    def until(self, count: int, seconds: float = 300) -> None:
        """So many are acknowledged."""
        limit = time.monotonic() + seconds
        while len(self.acknowledged) < count and not self.faults:
            assert time.monotonic() < limit, f"{len(self.acknowledged)} of {count} acknowledged in {seconds} s"
            time.sleep(0.005)
        assert not self.faults, self.faults[:3]

    def join(self, seconds: float = 300) -> None:
        """All are acknowledged, or the clients have ended."""
        limit = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, limit - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), "a client still waits for its answer"
        assert not self.faults, self.faults[:3]

    def _next(self, nth: int) -> Write | None:
        with self._lock:
            write = None if self._ended.is_set() else next(self._todo, None)
            if write is not None:
                self.writes.append(write)
                self.in_flight[nth] = write
            return write

    def _run(self, nth: int) -> None:
        while (write := self._next(nth)) is not None:
            began = time.monotonic()
            for tries in itertools.count(1):
                answer = self._try(write)
                if answer is not None:
                    with self._lock:
                        self.acknowledged[write.key] = Acknowledged(UUID(answer["case_id"]), answer["number"], tries)
                        self.longest = max(self.longest, time.monotonic() - began)
                        del self.in_flight[nth]
                    break
                if self.faults or self._ended.is_set():
                    return

    def _try(self, write: Write) -> dict[str, Any] | None:
        site_id = self._plan.sites[write.site]
        households = self._plan.households[write.site]
        form = {
            "category": "power_lighting", "content": write.content, "within_capability": "yes",
            "household_id": str(households[write.nth // 2 % len(households)]),
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {self._tokens[write.site]}", "Idempotency-Key": write.key}
        path = f"/api/v1/sites/{site_id}/customer_service/request/receive"
        try:
            status, answer, _headers = self._server.ask("POST", path, form, headers)
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.unanswered += 1
            time.sleep(0.2)
            return None
        if status == 201:
            return dict(answer)
        with self._lock:
            if status in (409, 503) and "retry-after" in _headers:
                self.refused[status] = self.refused.get(status, 0) + 1
            else:
                self.faults.append(f"{status} {str(answer)[:600]}")
        time.sleep(0.5)
        return None


def numbers_of(found: Iterable[str]) -> list[int]:
    """The running parts of document numbers such as 2026-0007, in order."""
    return sorted(int(number.rsplit("-", 1)[-1]) for number in found)
