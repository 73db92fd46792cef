"""Bars drawn by the server: numbers of an SVG, whole units, no script and no style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 140
LEFT, RIGHT, TOP, BOTTOM = 32, 4, 16, 20
STEPS = (20, 50, 100, 200, 500, 1000)  # highest values of the axis in thousandths


@dataclass(frozen=True)
class Bar:
    """One value in thousandths (None: no figure), whether the target was met, and what it is called."""

    label: str
    permille: int | None
    met: bool | None
    title: str


@dataclass(frozen=True)
class Shape:
    """A bar's place, its text, and where that stands."""

    bar: Bar
    x: int
    y: int
    width: int
    height: int
    middle: int
    text: str


@dataclass(frozen=True)
class Chart:
    """All that the template draws: bars, the line of the target, the marks of the axis as (y, text)."""

    shapes: Sequence[Shape]
    target_y: int
    target_text: str
    axis: Sequence[tuple[int, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM

    @classmethod
    def of(cls, bars: Sequence[Bar], target: int) -> Chart:
        """The drawing of `bars` with a line at `target` thousandths; the axis reaches as far as either needs."""
        highest = max([target, *(bar.permille or 0 for bar in bars)])
        top = next((step for step in STEPS if step >= highest), STEPS[-1])
        room = HEIGHT - TOP - BOTTOM

        def y_of(permille: int) -> int:
            return HEIGHT - BOTTOM - room * min(permille, top) // top

        slot = (WIDTH - LEFT - RIGHT) // max(1, len(bars))
        width = slot * 3 // 5
        shapes = []
        for n, bar in enumerate(bars):
            middle = LEFT + slot * n + slot // 2
            y = y_of(bar.permille or 0)
            shapes.append(Shape(bar, middle - width // 2, y, width, HEIGHT - BOTTOM - y, middle, _text(bar.permille)))
        marks = [(y_of(value), _text(value)) for value in (0, top // 2, top)]
        return cls(shapes, y_of(target), _text(target), marks)


def _text(permille: int | None) -> str:
    if permille is None:
        return "—"
    whole, rest = divmod(permille, 10)
    return f"{whole}.{rest}%" if rest else f"{whole}%"
