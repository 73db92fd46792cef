"""Days and hours of an office as its people keep them, in the site's time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
OPENS, CLOSES = time(8, 40), time(17, 40)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """That time of the day at the site."""
    return datetime.combine(day, time(hour, minute), ZONE)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def is_workday(day: date) -> bool:
    """Monday to Friday; the demonstration's offices keep no other days off."""
    return day.weekday() < 5


def some_time(rng: Random, day: date) -> datetime:
    """A moment between opening and an hour before closing."""
    return at(day, 8, 40) + timedelta(minutes=rng.randrange(8 * 60))


def at_work(rng: Random, moment: datetime, *, every_day: bool = False) -> datetime:
    """The moment itself, or, where nobody is at work then, one early on the next day on which somebody is."""
    local = moment.astimezone(ZONE)
    if local.time() > CLOSES:
        local = at(local.date() + timedelta(days=1), 8, 40) + timedelta(minutes=rng.randrange(50))
    elif local.time() < OPENS:
        local = at(local.date(), 8, 40) + timedelta(minutes=rng.randrange(50))
    while not every_day and not is_workday(local.date()):
        local += timedelta(days=1)
    return local
