"""The calendar counts as the head of the regulations' catalogue says (Civil Code, articles 201 to 203)."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from guanjia.calendar import BusinessHours, DayKind, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SITE = WorkCalendar()


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """A moment by the site's clock, e.g. "2026-03-06 16:00", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def on(text: str) -> date:
    return date.fromisoformat(text)


# ---------------------------------------------------------------- working day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-03-06", True),  # an ordinary Friday
        ("2026-03-07", False),  # and the weekend after it
        ("2026-03-08", False),
        ("2026-01-01", False),
        ("2026-01-04", True),  # make-up Sunday
        ("2026-02-13", True),
        ("2026-02-14", True),  # make-up Saturday before the Spring Festival
        ("2026-02-15", False),
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),  # make-up Saturday after it
        ("2026-04-06", False),
        ("2026-05-04", False),
        ("2026-05-09", True),  # make-up Saturday
        ("2026-09-20", True),  # make-up Sunday
        ("2026-09-25", False),
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # make-up Saturday
        ("2020-01-31", False),  # the festival of 2020 was prolonged
        ("2027-02-05", False),  # New Year's Eve, by statute
        ("2027-10-04", True),  # Golden Week is not announced: Monday to Friday
        ("2019-10-01", True),  # before the data: Monday to Friday
        ("2031-10-01", True),
        ("2031-10-04", False),
    ],
)
def test_a_working_day_is_monday_to_friday_less_holidays_plus_make_up_days(day: str, works: bool) -> None:
    assert SITE.is_working_day(on(day)) is works


def test_an_override_wins_over_the_notice_and_over_the_weekday() -> None:
    calendar = WorkCalendar(
        overrides={
            on("2026-10-01"): DayKind.work,
            on("2026-10-10"): DayKind.off,
            on("2026-03-06"): DayKind.off,
            on("2026-03-07"): DayKind.work,
        }
    )
    assert calendar.is_working_day(on("2026-10-01")) and not SITE.is_working_day(on("2026-10-01"))
    assert not calendar.is_working_day(on("2026-10-10")) and SITE.is_working_day(on("2026-10-10"))
    assert not calendar.is_working_day(on("2026-03-06"))
    assert calendar.next_working_day(on("2026-03-05")) == on("2026-03-07")
    assert calendar.is_working_day(on("2026-10-09"))


def test_a_year_that_nobody_announced_is_provisional_until_the_company_enters_it() -> None:
    assert not SITE.is_provisional(on("2026-12-31"))
    assert SITE.is_provisional(on("2027-01-01"))
    assert SITE.is_provisional(on("2019-12-31"))
    entered = WorkCalendar(announced=frozenset({2027}))
    assert not entered.is_provisional(on("2027-01-01"))
    assert entered.is_provisional(on("2028-01-01"))


def test_the_next_working_day_is_strictly_after() -> None:
    assert SITE.next_working_day(on("2026-03-05")) == on("2026-03-06")
    assert SITE.next_working_day(on("2026-03-06")) == on("2026-03-09")
    assert SITE.next_working_day(on("2026-09-30")) == on("2026-10-08")
    assert SITE.next_working_day(on("2026-12-31")) == on("2027-01-04")
    assert SITE.working_day_on_or_after(on("2026-03-06")) == on("2026-03-06")
    assert SITE.working_day_on_or_after(on("2026-03-07")) == on("2026-03-09")


# ---------------------------------------------------------------- n days, n working days


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        ("2026-03-05 09:00", 1, "2026-03-06 18:00"),
        ("2026-03-05 23:59", 1, "2026-03-06 18:00"),
        ("2026-03-06 00:00", 1, "2026-03-09 18:00"),  # Friday's first minute is Friday
        ("2026-03-07 10:00", 3, "2026-03-11 18:00"),  # reported on a Saturday
        ("2026-09-30 10:00", 3, "2026-10-10 18:00"),  # eve of Golden Week: Thu, Fri, make-up Saturday
        (
            "2024-09-27 15:00",
            3,
            "2024-10-08 18:00",
        ),  # Friday before it: Sunday (make-up), Monday, the 8th
        ("2025-09-26 15:00", 3, "2025-09-30 18:00"),  # make-up Sunday, Monday, Tuesday: done before it
        ("2026-09-25 15:00", 3, "2026-09-30 18:00"),  # that Friday was itself a holiday
        ("2026-02-13 17:00", 2, "2026-02-24 18:00"),  # make-up Saturday, then the whole Spring Festival
        ("2026-02-27 17:00", 1, "2026-02-28 18:00"),
        ("2026-12-30 08:00", 2, "2027-01-04 18:00"),  # across the year
        ("2026-03-05 09:00", 0, "2026-03-05 18:00"),
        ("2026-03-07 09:00", 0, "2026-03-09 18:00"),
    ],
)
def test_n_working_days_leave_out_the_day_of_the_event(event: str, n: int, due: str) -> None:
    assert SITE.after_working_days(at(event), n) == at(due)


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        ("2026-03-04 09:00", 1, "2026-03-05 18:00"),
        ("2026-03-04 23:59", 3, "2026-03-07 18:00"),  # a Saturday, and stays there
        ("2026-09-24 09:00", 7, "2026-10-01 18:00"),  # National Day, and stays there
        ("2026-12-25 09:00", 14, "2027-01-08 18:00"),
        ("2028-02-28 09:00", 1, "2028-02-29 18:00"),
        ("2026-03-04 09:00", 0, "2026-03-04 18:00"),
    ],
)
def test_a_due_date_in_calendar_days_stays_on_its_holiday(event: str, n: int, due: str) -> None:
    assert SITE.after_days(at(event), n) == at(due)


def test_the_day_of_the_event_is_the_sites_not_utcs() -> None:
    late = datetime(2026, 3, 4, 16, 30, tzinfo=UTC)  # 00:30 on the 5th in Shanghai
    assert SITE.date_of(late) == on("2026-03-05")
    assert SITE.local(late).isoformat() == "2026-03-05T00:30:00+08:00"
    assert SITE.after_days(late, 1) == at("2026-03-06 18:00")
    assert SITE.month_of(datetime(2026, 12, 31, 16, tzinfo=UTC)) == (2027, 1)
    assert SITE.month_of(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == (2026, 12)


def test_close_of_business_is_the_sites_own() -> None:
    early = WorkCalendar(hours=BusinessHours(time(9), time(17, 30)))
    assert SITE.close_of(on("2026-03-05")).isoformat() == "2026-03-05T10:00:00+00:00"
    assert early.close_of(on("2026-03-05")).isoformat() == "2026-03-05T09:30:00+00:00"
    assert early.after_working_days(at("2026-03-06 09:00"), 1) == at("2026-03-09 17:30")


def test_working_days_between_leave_out_the_first_day_and_keep_the_last() -> None:
    assert SITE.working_days_between(on("2026-03-05"), on("2026-03-06")) == 1
    assert SITE.working_days_between(on("2026-03-06"), on("2026-03-08")) == 0
    assert SITE.working_days_between(on("2026-09-30"), on("2026-10-10")) == 3
    assert SITE.working_days_between(on("2025-12-31"), on("2026-12-31")) == 248
    assert SITE.working_days_between(on("2026-03-06"), on("2026-03-06")) == 0
    assert SITE.working_days_between(on("2026-03-06"), on("2026-03-02")) == 0
    with pytest.raises(ValueError, match="days apart"):
        SITE.working_days_between(on("2026-03-06"), on("2026-03-06") + timedelta(days=36_601))
    assert SITE.working_days_between(on("2026-03-06"), on("2026-03-06") + timedelta(days=36_600)) > 26_000


# ---------------------------------------------------------------- n hours


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        ("2026-03-06 16:00", 24, "2026-03-07 16:00"),  # into Saturday
        ("2026-09-30 22:15", 48, "2026-10-02 22:15"),  # through Golden Week
        ("2026-03-06 16:00:37", 2, "2026-03-06 18:00:37"),
        ("2026-03-06 16:00", 0, "2026-03-06 16:00"),
    ],
)
def test_hours_run_through_nights_and_holidays(event: str, n: int, due: str) -> None:
    assert SITE.after_hours(at(event), n) == at(due)


@pytest.mark.parametrize(
    ("event", "n", "due"),
    [
        ("2026-03-06 16:00", 24, "2026-03-09 16:00"),  # the lamp: Friday to Monday
        ("2026-03-05 16:00", 24, "2026-03-06 16:00"),
        ("2026-03-07 11:00", 24, "2026-03-10 00:00"),  # taken on Saturday: 24:00 of Monday
        ("2026-03-07 11:00", 1, "2026-03-09 01:00"),
        ("2026-03-06 16:00", 8, "2026-03-07 00:00"),  # Friday's hours suffice: 24:00 of Friday
        ("2026-03-06 16:00:30", 8, "2026-03-09 00:00:30"),
        ("2026-02-27 16:00", 24, "2026-02-28 16:00"),  # the Saturday is a make-up day
        ("2026-09-30 16:00", 24, "2026-10-08 16:00"),
        ("2026-10-09 16:00", 48, "2026-10-12 16:00"),  # make-up Saturday counts, Sunday does not
        ("2026-03-07 11:00", 0, "2026-03-09 00:00"),
        ("2026-03-06 11:00", 0, "2026-03-06 11:00"),
    ],
)
def test_hours_of_non_working_days_are_left_out_where_the_rule_says_so(event: str, n: int, due: str) -> None:
    assert SITE.after_hours(at(event), n, working_days_only=True) == at(due)


def test_an_hour_is_real_time_where_the_clock_is_changed() -> None:
    berlin = WorkCalendar(zone=BERLIN)
    spring = at("2026-03-28 12:00", BERLIN)  # Saturday; the clock leaps on Sunday, 02:00 to 03:00
    assert berlin.after_hours(spring, 24) == at("2026-03-29 13:00", BERLIN)
    assert berlin.end_of(on("2026-03-29")) - berlin.start_of(on("2026-03-29")) == timedelta(hours=23)
    assert berlin.after_days(spring, 1) == at("2026-03-29 18:00", BERLIN)
    sunday_works = WorkCalendar(zone=BERLIN, overrides={on("2026-03-29"): DayKind.work})
    friday = at("2026-03-27 12:00", BERLIN)  # 12 hours of Friday, 23 of Sunday, 1 of Monday
    assert sunday_works.after_hours(friday, 36, working_days_only=True) == at("2026-03-30 01:00", BERLIN)
    autumn = at("2026-10-24 12:00", BERLIN)
    assert berlin.after_hours(autumn, 24) == at("2026-10-25 11:00", BERLIN)
    assert berlin.end_of(on("2026-10-25")) - berlin.start_of(on("2026-10-25")) == timedelta(hours=25)


def test_a_day_starts_at_its_first_moment_where_the_clock_skips_midnight() -> None:
    cairo = WorkCalendar(zone=ZoneInfo("Africa/Cairo"))  # 2024-04-26: 00:00 became 01:00
    assert cairo.start_of(on("2024-04-26")).isoformat() == "2024-04-25T22:00:00+00:00"
    assert cairo.local(cairo.start_of(on("2024-04-26"))).time() == time(1)


# ---------------------------------------------------------------- before, months, same day


def test_n_days_before_are_at_close_of_business_and_never_moved() -> None:
    assert SITE.before(on("2026-03-10"), 3) == at("2026-03-07 18:00")  # a Saturday
    assert SITE.before(on("2026-10-10"), 7) == at("2026-10-03 18:00")  # in Golden Week
    assert SITE.before(on("2026-03-10"), 0) == at("2026-03-10 18:00")


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-02-28", 1, "2026-03-28"),  # the same day, not the last
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-06-30", 0, "2026-06-30"),
    ],
)
def test_n_months_end_on_the_same_day_or_the_months_last(day: str, n: int, then: str) -> None:
    assert SITE.add_months(on(day), n) == on(then)
    assert SITE.after_months(at(f"{day} 23:30"), n) == at(f"{then} 18:00")


def test_same_day_lasts_until_24_00() -> None:
    assert SITE.same_day(at("2026-03-05 00:00")) == at("2026-03-06 00:00")
    assert SITE.same_day(at("2026-03-05 23:59")) == at("2026-03-06 00:00")
    assert SITE.same_day(at("2026-10-03 12:00")) == at("2026-10-04 00:00")
    assert SITE.start_of(on("2026-03-05")).isoformat() == "2026-03-04T16:00:00+00:00"
    assert SITE.end_of(on("2026-03-05")).isoformat() == "2026-03-05T16:00:00+00:00"


def test_a_calendar_period_ends_with_the_months_last_day() -> None:
    assert SITE.last_day_of_month(on("2026-02-03")) == on("2026-02-28")
    assert SITE.last_day_of_month(on("2028-02-29")) == on("2028-02-29")
    assert SITE.last_day_of_month(on("2026-12-01")) == on("2026-12-31")


# ---------------------------------------------------------------- what is refused

MOMENT_METHODS = ["local", "date_of", "month_of", "same_day"]
COUNTED = {
    "after_working_days": 3660,
    "after_days": 3660,
    "after_hours": 87_600,
    "after_months": 1200,
    "add_working_days": 3660,
    "before": 3660,
    "add_months": 1200,
}


@pytest.mark.parametrize("name", [*MOMENT_METHODS, *(name for name in COUNTED if name.startswith("after"))])
def test_a_moment_without_zone_is_refused(name: str) -> None:
    arguments = (3,) if name in COUNTED else ()
    assert getattr(SITE, name)(at("2026-03-05 12:00"), *arguments)
    with pytest.raises(ValueError, match="moment must carry a time zone"):
        getattr(SITE, name)(datetime(2026, 3, 5, 12), *arguments)  # noqa: DTZ001


@pytest.mark.parametrize("name", COUNTED)
def test_n_is_a_whole_number_within_bounds(name: str) -> None:
    start = at("2026-03-05 12:00") if name.startswith("after") else on("2026-03-05")
    count = getattr(SITE, name)
    assert count(start, 0) and count(start, COUNTED[name])
    for n in (-1, COUNTED[name] + 1, 1.5, True):
        with pytest.raises(ValueError, match=f"from 0 to {COUNTED[name]}, not {n}"):
            count(start, n)
    if name == "after_hours":
        with pytest.raises(ValueError, match="hours from 0 to 87600"):
            count(start, 87_601, working_days_only=True)


@pytest.mark.parametrize(
    "name",
    [
        "is_working_day",
        "is_provisional",
        "close_of",
        "start_of",
        "end_of",
        "next_working_day",
        "working_day_on_or_after",
        "last_day_of_month",
    ],
)
def test_a_moment_is_not_taken_for_a_day(name: str) -> None:
    getattr(SITE, name)(on("2026-10-01"))
    with pytest.raises(ValueError, match="day must be a plain date"):
        getattr(SITE, name)(at("2026-10-01 12:00"))


def test_a_period_beyond_the_year_9999_is_refused() -> None:
    last = date(9999, 12, 30)
    noon = datetime(9999, 12, 30, 12, tzinfo=UTC)
    for call in (
        lambda: SITE.add_working_days(last, 30),
        lambda: SITE.add_months(last, 1),
        lambda: SITE.after_days(noon, 30),
        lambda: SITE.after_hours(noon, 500),
        lambda: SITE.after_hours(noon, 500, working_days_only=True),
        lambda: SITE.end_of(date(9999, 12, 31)),
        lambda: SITE.local(datetime.max.replace(tzinfo=UTC)),
        lambda: SITE.before(date(1, 1, 2), 3),
    ):
        with pytest.raises(ValueError, match="nearer date"):
            call()


def test_business_hours_open_before_they_close_in_the_sites_zone() -> None:
    with pytest.raises(ValueError, match="before closes"):
        BusinessHours(time(18), time(8, 30))
    with pytest.raises(ValueError, match="before closes"):
        BusinessHours(time(18), time(18))
    with pytest.raises(ValueError, match="closes must be a time without zone"):
        BusinessHours(time(8), time(18, tzinfo=UTC))


# ---------------------------------------------------------------- value, storing

BUSY = WorkCalendar(
    zone=BERLIN,
    hours=BusinessHours(time(7, 45), time(16, 20, 30)),
    overrides={on("2027-02-09"): DayKind.off, on("2026-10-04"): DayKind.work},
    announced=frozenset({2028, 2027}),
)


def test_a_calendar_comes_back_from_json_and_pickle_as_it_was() -> None:
    assert BUSY.to_json() == {
        "zone": "Europe/Berlin",
        "opens": "07:45:00",
        "closes": "16:20:30",
        "overrides": {"2026-10-04": "work", "2027-02-09": "off"},
        "announced": [2027, 2028],
    }
    for calendar in (SITE, BUSY):
        for again in (
            WorkCalendar.from_json(calendar.to_json()),
            pickle.loads(pickle.dumps(calendar)),
            copy.deepcopy(calendar),
        ):
            assert again == calendar and hash(again) == hash(calendar)
    assert SITE != BUSY


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("zone", "Asia/Nowhere", "no time zone 'Asia/Nowhere'"),
        ("closes", "25:00", "hour must be in"),
        ("closes", "07:00", "before closes"),
        ("overrides", {"2026-10-04": "maybe"}, "'maybe' is not a valid DayKind"),
        ("overrides", {"2026-02-30": "off"}, "day is out of range"),
    ],
)
def test_a_stored_calendar_that_makes_no_sense_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorkCalendar.from_json({**BUSY.to_json(), key: value})


def test_a_calendar_does_not_change_with_the_mapping_it_was_made_of() -> None:
    given_days = {on("2026-03-06"): DayKind.off}
    calendar = WorkCalendar(overrides=given_days)
    given_days[on("2026-03-05")] = DayKind.off
    assert calendar.is_working_day(on("2026-03-05"))
    with pytest.raises(TypeError):
        calendar.overrides[on("2026-03-05")] = DayKind.off  # type: ignore[index]
    with pytest.raises(AttributeError):
        calendar.zone = BERLIN  # type: ignore[misc]
    with pytest.raises(ValueError, match="overrides must be a plain date"):
        WorkCalendar(overrides={at("2026-03-05 12:00"): DayKind.off})
