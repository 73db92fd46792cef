"""The crew of `guanjia worker`: the relay in this process, and beside it processes that carry out what stands in the queue."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from guanjia.host import Host

_log = logging.getLogger("guanjia.jobs")
LOOK = 0.5  # seconds between two looks at the processes
SLOWEST = 30.0  # seconds at most before a process that keeps ending is started again
STEADY = 60.0  # seconds after which a process counts as one that does not keep ending
COMMAND = (sys.executable, "-m", "guanjia.jobs.queue")


def until_told(work: threading.Event) -> None:
    """SIGTERM and SIGINT set the event, instead of ending the process at once. Belongs into the main thread."""

    def told(_number: int, _frame: FrameType | None) -> None:
        work.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)


class Hand:
    """One worker's process. It is started again when it ends, the sooner the longer it had lived."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._wait = 0.0

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def look(self) -> None:
        """The process runs, or will be started when its time has come."""
        if self.pid is not None:
            return
        now = time.monotonic()
        if self._process is not None:
            _log.warning("worker %s ended with %s; another one is started", self._process.pid, self._process.returncode)
            steady = now - self._started_at > STEADY
            self._wait = 0.0 if steady else min(SLOWEST, max(1.0, 2 * self._wait))
            self._process, self._started_at = None, now + self._wait
        if now >= self._started_at:
            # In a session of its own: Ctrl-C is for this process, which lets each end its message.
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
            self._started_at = now

    def tell_to_end(self) -> None:
        """The process ends after the message in hand."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """The process has ended; after so long it is killed. Its message is taken up again when the lease ends."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def keep_working(app: Flask, host: Host, *, workers: int, relay: bool) -> None:
    """Relay and workers run until SIGTERM or Ctrl-C; then each ends the message that it has in hand."""
    stop = threading.Event()
    until_told(stop)
    hands = [Hand() for _n in range(workers)]
    if relay:
        host.relay.start(app, every=1)
    while True:
        for hand in hands:
            hand.look()
        if stop.wait(LOOK if hands else 3600):
            break
    for hand in hands:
        hand.tell_to_end()
    host.relay.stop()
    ends_at = time.monotonic() + host.relay.lease.total_seconds()
    for hand in hands:
        hand.wait(ends_at - time.monotonic())
