"""Quiet hours across midnight, zones and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from guanjia.channels.quiet import is_quiet, may_tell_at, next_digest

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Kathmandu", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe",
         "Pacific/Apia", "UTC")  # fmt: skip
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
BERLIN = ZoneInfo("Europe/Berlin")


@given(at=moments, zone=zones, start=times, end=times)
@example(datetime(2026, 10, 25, 0, 50, tzinfo=UTC), BERLIN, time(1, 0), time(2, 30))  # the hour that comes twice
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), BERLIN, time(1, 0), time(2, 30))  # the hour that is skipped
def test_nobody_is_disturbed_in_quiet_hours_and_everybody_soon_after(
    at: datetime, zone: ZoneInfo, start: time, end: time
) -> None:
    told = may_tell_at(at, zone, start, end)
    assert told >= at and told.tzinfo is UTC
    local = at.astimezone(zone).time()
    if not is_quiet(local, start, end):
        assert told == at
        return
    assert at < told <= at + timedelta(hours=25)
    there = told.astimezone(zone)
    assert not is_quiet(there.time(), start, end) or there.fold == 1 or _skipped(told, zone)
    shown = there.replace(tzinfo=None, fold=0).time()
    assert shown == end or _skipped(told, zone)
    assert may_tell_at(told, zone, start, end) == told or there.fold == 1 or _skipped(told, zone)


def _skipped(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks were put forward within the hour before."""
    before, after = ((moment - timedelta(hours=span)).astimezone(zone).utcoffset() for span in (2, 0))
    assert before is not None and after is not None
    return after > before


@given(local=times, start=times, end=times)
def test_a_time_is_quiet_or_its_complement_is(local: time, start: time, end: time) -> None:
    assert is_quiet(local, start, end) != is_quiet(local, end, start) or start == end
    assert not is_quiet(local, start, start)


@given(start=times, end=times)
def test_the_first_minute_is_quiet_and_the_last_is_not(start: time, end: time) -> None:
    if start != end:
        assert is_quiet(start, start, end) and not is_quiet(end, start, end)


def test_the_night_of_shanghai() -> None:
    zone, night = ZoneInfo("Asia/Shanghai"), (time(21), time(7))
    at = datetime(2026, 11, 16, 13, 30, tzinfo=UTC)  # 21:30
    assert may_tell_at(at, zone, *night) == datetime(2026, 11, 16, 23, 0, tzinfo=UTC)  # 07:00 of the next day
    assert may_tell_at(at - timedelta(hours=1), zone, *night) == at - timedelta(hours=1)
    assert may_tell_at(datetime(2026, 11, 16, 22, 59, tzinfo=UTC), zone, *night).hour == 23


@given(at=moments, zone=zones, hour=st.integers(0, 23))
def test_a_digest_comes_within_a_day_at_its_hour(at: datetime, zone: ZoneInfo, hour: int) -> None:
    told = next_digest(at, zone, hour)
    assert at < told <= at + timedelta(hours=25)
    there = told.astimezone(zone)
    assert (there.hour, there.minute) == (hour, 0) or _skipped(told, zone)


def test_a_digest_comes_once_a_day() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    first = next_digest(datetime(2026, 11, 16, 0, 0, tzinfo=UTC), zone, 9)
    assert first == datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
    assert next_digest(first, zone, 9) == first + timedelta(days=1)
