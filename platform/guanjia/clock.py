"""Time, ids and randomness, handed in so that a run can be repeated from a seed."""

from __future__ import annotations

import random
import secrets
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID


class Clock:
    """The present moment (aware, UTC). In demo and test mode it can be set and moved; otherwise it is the machine's."""

    def __init__(self, fixed: datetime | None = None) -> None:
        self._fixed = fixed

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self._fixed if self._fixed is not None else datetime.now(UTC)

    @property
    def movable(self) -> bool:
        """Whether this clock stands still until it is moved."""
        return self._fixed is not None

    def set(self, moment: datetime) -> None:
        """Stop the clock at `moment` (aware). Raises ValueError on a naive one."""
        if moment.tzinfo is None:
            raise ValueError("the clock needs an aware moment")
        self._fixed = moment.astimezone(UTC)

    def release(self) -> None:
        """Let a stopped clock follow the machine's time again."""
        self._fixed = None

    def move(self, step: timedelta) -> None:
        """Move a stopped clock on by `step`."""
        self.set(self.now() + step)


class Ids:
    """Maker of UUIDv7 ids: ordered by time, and within one millisecond by a counter."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.Random(seed) if seed is not None else None  # noqa: S311 - demo and tests only
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def new(self) -> UUID:
        """A fresh UUIDv7."""
        with self._lock:
            ms = int(self._clock.now().timestamp() * 1000)
            if ms <= self._last_ms:
                ms = self._last_ms
                self._counter += 1
                if self._counter >= 1 << 12:
                    ms, self._counter = ms + 1, 0
            else:
                self._counter = 0
            self._last_ms = ms
            counter = self._counter
        tail = self._random.getrandbits(62) if self._random else secrets.randbits(62)
        value = (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail
        return UUID(int=value)
