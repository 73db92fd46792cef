"""The calendar's data against chinesecalendar, and its counting against slow counting."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import guanjia.calendar.days as days_module
from guanjia.calendar import BusinessHours, DayKind, WorkCalendar, national_days
from guanjia.calendar.days import known_years

SITE = WorkCalendar()
DAY = timedelta(days=1)

# ---------------------------------------------------------------- the data


def test_the_data_holds_only_days_that_differ_from_monday_to_friday() -> None:
    assert known_years() == tuple(range(2020, 2027))
    for year in (*known_years(), 2027):
        days = national_days(year)
        assert days and list(days) == sorted(days)
        for day, (kind, name) in days.items():
            assert day.year == year and name
            assert kind is (DayKind.off if day.weekday() < 5 else DayKind.work)
    assert national_days(2026)[date.fromisoformat("2026-09-25")] == (DayKind.off, "中秋节")
    assert national_days(2026)[date.fromisoformat("2026-02-14")] == (DayKind.work, "春节")
    assert not national_days(2019) and not national_days(2040)


def test_2027_has_the_weekdays_off_by_statute_and_no_make_up_days() -> None:
    assert {day.strftime("%m-%d"): name for day, (_, name) in national_days(2027).items()} == {
        "01-01": "元旦",
        "02-05": "春节",
        "02-08": "春节",
        "04-05": "清明节",
        "06-09": "端午节",
        "09-15": "中秋节",
        "10-01": "国庆节",
    }
    assert {kind for kind, _ in national_days(2027).values()} == {DayKind.off}


def test_every_day_agrees_with_chinesecalendar() -> None:
    chinese_calendar = pytest.importorskip("chinese_calendar")
    day = date(known_years()[0], 1, 1)
    while day.year <= known_years()[-1]:
        assert SITE.is_working_day(day) == chinese_calendar.is_workday(day), day
        day += DAY


def test_the_data_file_is_what_the_generator_writes() -> None:
    pytest.importorskip("chinese_calendar")
    from guanjia.calendar.generate import render

    stored = Path(days_module.__file__).with_name("national_days.json").read_text(encoding="utf-8")
    assert stored == render()


# ---------------------------------------------------------------- against slow counting

SOME_DAYS = st.dates(date(2019, 11, 1), date(2028, 3, 1))
ZONES = st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin"]).map(ZoneInfo)


@st.composite
def calendars_and_moments(draw: st.DrawFn) -> tuple[WorkCalendar, datetime]:
    """A calendar with overrides around a moment, so that they matter to what is counted from it."""
    day = draw(SOME_DAYS)
    shifts = st.integers(-5, 25).map(lambda shift: day + shift * DAY)
    calendar = WorkCalendar(
        zone=draw(ZONES),
        hours=BusinessHours(time(8), draw(st.sampled_from([time(17, 30), time(18), time(23, 59)]))),
        overrides=draw(st.dictionaries(shifts, st.sampled_from(DayKind), max_size=12)),
    )
    minutes = draw(st.integers(0, 287)) * 5
    return calendar, datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)


def slow_is_working_day(calendar: WorkCalendar, day: date) -> bool:
    if day in calendar.overrides:
        return calendar.overrides[day] == "work"
    if day in national_days(day.year):
        return national_days(day.year)[day][0] == "work"
    return day.isoweekday() <= 5


def slow_add_working_days(calendar: WorkCalendar, day: date, n: int) -> date:
    while n > 0 or not slow_is_working_day(calendar, day):
        day += DAY
        if n > 0 and slow_is_working_day(calendar, day):
            n -= 1
    return day


def slow_after_hours(calendar: WorkCalendar, moment: datetime, n: int) -> datetime:
    step = timedelta(minutes=5)

    def works(instant: datetime) -> bool:
        return slow_is_working_day(calendar, instant.astimezone(calendar.zone).date())

    while not works(moment):
        moment += step
    left = timedelta(hours=n)
    while left:
        if works(moment):
            left -= step
        moment += step
    return moment


@settings(max_examples=300, deadline=None)
@given(calendars_and_moments(), st.integers(0, 400))
def test_working_days_agree_with_counting_day_by_day(case: tuple[WorkCalendar, datetime], n: int) -> None:
    calendar, moment = case
    day = moment.astimezone(calendar.zone).date()
    then = slow_add_working_days(calendar, day, n)
    assert calendar.add_working_days(day, n) == then
    close = datetime.combine(then, calendar.hours.closes, calendar.zone)
    assert calendar.after_working_days(moment, n).astimezone(calendar.zone) == close
    between = sum(slow_is_working_day(calendar, day + k * DAY) for k in range(1, (then - day).days + 1))
    assert calendar.working_days_between(day, then) == between
    assert n == 0 or between == n


@settings(max_examples=300, deadline=None)
@given(calendars_and_moments(), st.integers(0, 100))
def test_hours_agree_with_counting_in_steps(case: tuple[WorkCalendar, datetime], n: int) -> None:
    calendar, moment = case
    assert calendar.after_hours(moment, n, working_days_only=True) == slow_after_hours(calendar, moment, n)
    assert calendar.after_hours(moment, n) - moment == timedelta(hours=n)


@settings(max_examples=300, deadline=None)
@given(SOME_DAYS, st.integers(0, 40))
def test_months_agree_with_turning_pages(day: date, n: int) -> None:
    month = day.replace(day=1)
    for _ in range(n):
        page = month.month
        while month.month == page:
            month += DAY
    then = month
    while (then + DAY).month == month.month and then.day < day.day:
        then += DAY
    assert SITE.add_months(day, n) == then


@settings(max_examples=300, deadline=None)
@given(calendars_and_moments(), st.integers(0, 3660))
def test_calendar_days_keep_the_sites_clock(case: tuple[WorkCalendar, datetime], n: int) -> None:
    calendar, moment = case
    day = calendar.date_of(moment)
    assert calendar.start_of(day) <= moment < calendar.end_of(day) == calendar.same_day(moment)
    due = calendar.after_days(moment, n)
    assert due == calendar.before(day + (n + 3) * DAY, 3)
    shown = due.astimezone(calendar.zone)
    assert (shown.date() - day).days == n and shown.time() == calendar.hours.closes
    assert due.tzinfo is calendar.end_of(day).tzinfo is UTC
    assert calendar.after_hours(moment, n).tzinfo is calendar.after_months(moment, n % 90).tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(calendars_and_moments(), st.integers(0, 300), st.booleans())
def test_a_longer_period_never_ends_earlier(case: tuple[WorkCalendar, datetime], n: int, working: bool) -> None:
    calendar, moment = case
    nearer = calendar.after_hours(moment, n, working_days_only=working)
    assert moment <= nearer < calendar.after_hours(moment, n + 1, working_days_only=working)
    assert WorkCalendar.from_json(calendar.to_json()) == calendar
