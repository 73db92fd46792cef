"""What an indicator measures: a share with its target, and the cases that count against it. No figure where none fell due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, UTC: `start` included, `end` not."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """Numerator of denominator; `target_percent` is a floor, or with `at_most` a ceiling. `cases` stand against it."""

    name: str
    numerator: int
    denominator: int
    target_percent: int
    at_most: bool = False
    cases: tuple[UUID, ...] = ()

    @property
    def permille(self) -> int | None:
        """The share in thousandths, rounded half up; None where nothing fell due."""
        if self.denominator == 0:
            return None
        return (2000 * self.numerator + self.denominator) // (2 * self.denominator)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a figure."""
        if self.denominator == 0:
            return None
        left, right = self.numerator * 100, self.target_percent * self.denominator
        return left <= right if self.at_most else left >= right


def share(
    name: str, part: int, whole: int, target_percent: int, *, at_most: bool = False, cases: tuple[UUID, ...] = ()
) -> Measure:
    """The measure of `part` in `whole`."""
    return Measure(name, part, whole, target_percent, at_most, cases)
