"""The calendar of one site, and the ways of counting time in it.

Counted as the regulations' catalogue says (Civil Code, articles 201 to 203): the day of the event is not
counted; a period in days or months ends at close of business of its last day and is never moved off a weekend
or holiday; an hour is an hour of real time, in zones with daylight saving too.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from guanjia.calendar.days import DayKind, known_years, national_days

MAX_DAYS = 3660
MAX_HOURS = 87_600
MAX_MONTHS = 1200
MAX_SPAN_DAYS = 36_600

_AFTER_THE_END = "The period leaves the calendar, which ends with the year 9999; take a nearer date."

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When a site opens and closes on a working day, in its own zone."""

    opens: time = time(8, 30)
    closes: time = time(18, 0)

    def __post_init__(self) -> None:
        for name, value in (("opens", self.opens), ("closes", self.closes)):
            if value.tzinfo is not None:
                raise ValueError(f"{name} must be a time without zone: it is read in the site's")
        if self.opens >= self.closes:
            raise ValueError(f"opens ({self.opens}) must come before closes ({self.closes}) on the same day")


@dataclass(frozen=True)
class WorkCalendar:
    """A site's working days and hours; dates are days in its zone, moments returned are UTC.

    `overrides` hold the company's days with the site's on top, already merged; they win over national days.
    `announced` are years whose notice the company entered itself, as overrides. Equal calendars hash alike.

    Every `moment` must be aware, every `n` a whole number from 0 to its bound (3660 days, 87,600 hours, 1200
    months), every `day` a plain date; else ValueError, as where a result leaves the years 1 to 9999.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    hours: BusinessHours = field(default_factory=BusinessHours)
    overrides: Mapping[date, DayKind] = field(default_factory=dict)
    announced: frozenset[int] = frozenset()
    _years: dict[int, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        days = {_plain_date(day, "overrides"): DayKind(kind) for day, kind in self.overrides.items()}
        # A copy that nobody can change: what was counted with this calendar must stay true.
        object.__setattr__(self, "overrides", MappingProxyType(dict(sorted(days.items()))))
        object.__setattr__(self, "announced", frozenset(self.announced))

    def __hash__(self) -> int:
        return hash((self.zone, self.hours, tuple(self.overrides.items()), self.announced))

    def __reduce__(self) -> tuple[Any, ...]:
        return (WorkCalendar.from_json, (self.to_json(),))

    # ------------------------------------------------------------------ what a day is

    def is_working_day(self, day: date) -> bool:
        """Whether people work on `day`: by override, else by the national days, else Monday to Friday."""
        _plain_date(day, "day")
        kind = self.overrides.get(day)
        if kind is None:
            named = national_days(day.year).get(day)
            if named is None:
                return day.weekday() < 5
            kind = named[0]
        return kind is DayKind.work

    def is_provisional(self, day: date) -> bool:
        """Whether nobody announced the holidays of the year of `day` yet, so that it may still change."""
        year = _plain_date(day, "day").year
        return year not in self.announced and year not in known_years()

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`, which itself does not count."""
        return self.add_working_days(day, 1)

    def working_day_on_or_after(self, day: date) -> date:
        """`day` where it is a working day, else the next one."""
        return day if self.is_working_day(day) else self.next_working_day(day)

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself does not count.

        With 0 it is `day`, or the next working day where `day` is none.
        """
        _bounded(n, MAX_DAYS, "working days")
        if n == 0:
            return self.working_day_on_or_after(day)
        year = _plain_date(day, "day").year
        days = self._working_days_of(year)
        start = bisect_right(days, day.toordinal())
        while len(days) - start < n:
            n -= len(days) - start
            year, start = year + 1, 0
            days = self._working_days_of(year)
        return date.fromordinal(days[start + n - 1])

    def working_days_between(self, a: date, b: date) -> int:
        """How many working days come after `a`, up to and with `b`; 0 where `b` is not after `a`.

        ValueError where they lie more than 36,600 days apart.
        """
        first, last = _plain_date(a, "a").toordinal(), _plain_date(b, "b").toordinal()
        if last <= first:
            return 0
        if last - first > MAX_SPAN_DAYS:
            raise ValueError(f"{a} and {b} are more than {MAX_SPAN_DAYS} days apart; take nearer dates.")
        years = (self._working_days_of(year) for year in range(a.year, b.year + 1))
        return sum(bisect_right(days, last) - bisect_right(days, first) for days in years)

    def _working_days_of(self, year: int) -> tuple[int, ...]:
        """The ordinals of a year's working days, kept once counted."""
        days = self._years.get(year)
        if days is None:
            if year > date.max.year:
                raise ValueError(_AFTER_THE_END)
            first = date(year, 1, 1).toordinal()
            last = date(year, 12, 31).toordinal()
            numbers = range(first, last + 1)
            days = tuple(number for number in numbers if self.is_working_day(date.fromordinal(number)))
            self._years[year] = days
        return days

    # ------------------------------------------------------------------ between moments and days

    def local(self, moment: datetime) -> datetime:
        """The same moment as the site's clock shows it."""
        return _in_zone(_aware(moment), self.zone)

    def date_of(self, moment: datetime) -> date:
        """The site's date at that moment."""
        return self.local(moment).date()

    def month_of(self, moment: datetime) -> tuple[int, int]:
        """The site's year and month at that moment."""
        day = self.date_of(moment)
        return day.year, day.month

    def close_of(self, day: date) -> datetime:
        """The close of business of `day`, working day or not."""
        return self._moment(_plain_date(day, "day"), self.hours.closes)

    def start_of(self, day: date) -> datetime:
        """00:00 of `day`; where the clock skips it, the first moment of the day."""
        return self._moment(_plain_date(day, "day"), time.min)

    def end_of(self, day: date) -> datetime:
        """24:00 of `day`: the moment at which the next one starts."""
        return self.start_of(_shifted(_plain_date(day, "day"), 1))

    def last_day_of_month(self, day: date) -> date:
        """The last day of the month in which `day` lies."""
        return _plain_date(day, "day").replace(day=monthrange(day.year, day.month)[1])

    def _moment(self, day: date, at: time) -> datetime:
        return _in_zone(datetime.combine(day, at, self.zone), UTC)

    # ------------------------------------------------------------------ counting a period

    def after_working_days(self, moment: datetime, n: int) -> datetime:
        """The close of the n-th working day after the day of the event; 0 as in `add_working_days`."""
        return self.close_of(self.add_working_days(self.date_of(moment), n))

    def after_days(self, moment: datetime, n: int) -> datetime:
        """The close of the n-th calendar day after the day of the event, weekend or holiday though it be.

        With 0 it is the close of the very day, which may lie before an evening's event.
        """
        _bounded(n, MAX_DAYS, "days")
        return self.close_of(_shifted(self.date_of(moment), n))

    def after_months(self, moment: datetime, n: int) -> datetime:
        """The close of the same day n months on, or of that month's last day."""
        return self.close_of(self.add_months(self.date_of(moment), n))

    def add_months(self, day: date, n: int) -> date:
        """The same day n months on; where that month has none, its last day."""
        _bounded(n, MAX_MONTHS, "months")
        _plain_date(day, "day")
        years, month = divmod(day.month - 1 + n, 12)
        year = day.year + years
        if year > date.max.year:
            raise ValueError(_AFTER_THE_END)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

    def after_hours(self, moment: datetime, n: int, *, working_days_only: bool = False) -> datetime:
        """The moment n hours on, through nights and holidays; or with the hours of non-working days left out.

        With `working_days_only` a working day counts from 00:00 to 24:00, and an event on any other day
        counts from 00:00 of the next working day. What runs out at 24:00 is due then, also before a weekend.
        Seconds of the event are kept.
        """
        _bounded(n, MAX_HOURS, "hours")
        start = _in_zone(_aware(moment), UTC)
        left = timedelta(hours=n)
        if not working_days_only:
            return _later(start, left)
        day = self.date_of(moment)
        if not self.is_working_day(day):
            day = self.next_working_day(day)
            start = self.start_of(day)
        while (room := self.end_of(day) - start) < left:
            left -= room
            day = self.next_working_day(day)
            start = self.start_of(day)
        return _later(start, left)

    def same_day(self, moment: datetime) -> datetime:
        """24:00 of the day of the event."""
        return self.end_of(self.date_of(moment))

    def before(self, day: date, n: int) -> datetime:
        """The close of the n-th calendar day before `day`, never moved by weekends or holidays."""
        _bounded(n, MAX_DAYS, "days")
        return self.close_of(_shifted(_plain_date(day, "day"), -n))

    # ------------------------------------------------------------------ storing

    def to_json(self) -> dict[str, Any]:
        """A plain mapping from which `from_json` makes an equal calendar."""
        if self.zone.key is None:
            raise ValueError("The calendar's zone has no name to store; make it with ZoneInfo(name).")
        return {
            "zone": self.zone.key,
            "opens": self.hours.opens.isoformat(),
            "closes": self.hours.closes.isoformat(),
            "overrides": {day.isoformat(): kind.value for day, kind in self.overrides.items()},
            "announced": sorted(self.announced),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WorkCalendar:
        """The calendar that `to_json` wrote. ValueError for a zone, time, date or kind that is none."""
        try:
            zone = ZoneInfo(data["zone"])
        except ZoneInfoNotFoundError:
            raise ValueError(f"There is no time zone {data['zone']!r}; name one such as Asia/Shanghai.") from None
        return cls(
            zone=zone,
            hours=BusinessHours(time.fromisoformat(data["opens"]), time.fromisoformat(data["closes"])),
            overrides={date.fromisoformat(day): DayKind(kind) for day, kind in data["overrides"].items()},
            announced=frozenset(data["announced"]),
        )


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"moment must carry a time zone, {moment.isoformat()} has none; hand in UTC.")
    return moment


def _plain_date(day: date, name: str) -> date:
    # A datetime is a date to Python, but equals none: it would miss every holiday without a sound.
    if isinstance(day, datetime):
        raise ValueError(f"{name} must be a plain date, not the moment {day.isoformat()}; use date_of().")
    return day


def _bounded(n: int, most: int, unit: str) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= most:
        raise ValueError(f"n must be a whole number of {unit} from 0 to {most}, not {n!r}.")


def _shifted(day: date, days: int) -> date:
    try:
        return day + days * _ONE_DAY
    except OverflowError:
        raise ValueError(f"{days} days from {day} leaves the years 1 to 9999; take a nearer date.") from None


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        raise ValueError(f"{by} after {moment} leaves the years 1 to 9999; take a nearer date.") from None


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise ValueError(f"{moment} leaves the years 1 to 9999 in {zone}; take a nearer date.") from None
