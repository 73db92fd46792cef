"""Dated acts in order: each act takes its steps, says when it goes on, and the timers in between fire at their own times."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count

from guanjia.host import Host
from guanjia.testing import run_timers

Act = Iterator[datetime]
"""What one case goes through: it runs when its moment has come, and yields the moment at which it goes on (aware)."""


class Schedule:
    """Acts by their moment; of those at the same moment the one that was added first comes first."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waiting: list[tuple[datetime, int, Act]] = []
        self._places = count()

    def add(self, at: datetime, act: Act) -> None:
        """The act begins at that moment."""
        heapq.heappush(self._waiting, (at, next(self._places), act))

    def go(self, until: datetime, passed: Callable[[datetime], None] = lambda _moment: None) -> None:
        """Play every act up to `until` (aware), and leave the clock there; `passed` hears each moment on the way.

        Raises whatever a step raises that an act did not expect: a refusal is a fault of the script.
        """
        while self._waiting and self._waiting[0][0] <= until:
            at, _place, act = heapq.heappop(self._waiting)
            if at > self._host.clock.now():
                run_timers(self._host, at)
            again = next(act, None)
            if again is not None:
                self.add(again, act)
            passed(at)
        run_timers(self._host, until)
        passed(until)
