"""When somebody may be disturbed: quiet hours and the hour of a digest, in local time. Pure functions of moments."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

QUIET_FROM, QUIET_TO = time(21, 0), time(7, 0)  # unless somebody chose otherwise


def is_quiet(local: time, quiet_from: time, quiet_to: time) -> bool:
    """Whether a local time lies in the quiet hours; the first minute does, the last does not. Equal ends: none are."""
    if quiet_from <= quiet_to:
        return quiet_from <= local < quiet_to
    return local >= quiet_from or local < quiet_to  # over midnight


def may_tell_at(at: datetime, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> datetime:
    """The first moment from `at` on, in UTC, that lies outside the quiet hours of `zone`."""
    if not is_quiet(at.astimezone(zone).time(), quiet_from, quiet_to):
        return at.astimezone(UTC)
    return _next(at, zone, quiet_to)


def next_digest(at: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """The first full `hour` (0 to 23) of a day in `zone` that lies after `at`, in UTC."""
    return _next(at, zone, time(hour))


def _next(at: datetime, zone: ZoneInfo, wanted: time) -> datetime:
    """The first moment after `at` at which clocks in `zone` show `wanted`; where they skip it, the moment they do."""
    day = at.astimezone(zone).date()
    while True:
        for fold in (0, 1):  # an hour that clocks show twice comes twice
            found = datetime.combine(day, wanted, zone).replace(fold=fold).astimezone(UTC)
            if found > at:
                return found
        day += timedelta(days=1)
