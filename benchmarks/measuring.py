"""How a benchmark measures: rounds of A and B in turn, the time that this process computed, the median of the rounds.

A ratio is formed within each pair of rounds, so that a machine that is busy elsewhere slows both of its sides.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass
class Result:
    """One figure against its target: `measured` is met where it is at most `target`."""

    group: str
    name: str
    measured: float
    target: float
    unit: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the target is met."""
        return self.measured <= self.target

    def to_json(self) -> dict[str, Any]:
        """The figure as it is kept."""
        return asdict(self) | {"passed": self.passed}


def cpu_seconds(work: Callable[[], Any], times: int) -> float:
    """The time that this process computed while it did `work` so many times."""
    start = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - start


def wall_seconds(work: Callable[[], Any], times: int) -> float:
    """The time that passed while `work` was done so many times."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - start


def in_turn(
    works: Sequence[Callable[[], Any]], *, rounds: int, times: int, clock: Callable[..., float] = cpu_seconds
) -> list[list[float]]:
    """The seconds of one call of each work, by round; the works take turns, in changing order."""
    for work in works:
        work()
    found: list[list[float]] = [[] for _ in works]
    with _without_collector():
        for n in range(rounds):
            order = range(len(works)) if n % 2 == 0 else reversed(range(len(works)))
            for i in order:
                found[i].append(clock(works[i], times) / times)
            gc.collect()
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    model = "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = found[0] if found else model
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": model,
        "cores": str(os.cpu_count()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": load,
        **{name: version(name) for name in ("sqlalchemy", "flask", "psycopg", "msgspec", "marshmallow")},
    }
