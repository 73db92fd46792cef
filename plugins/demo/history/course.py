"""The history as a whole: what begins on which day at which office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from plugins.demo.history import desk, visits
from plugins.demo.history.enquiries import enquiry
from plugins.demo.history.place import Place
from plugins.demo.history.requests import request
from plugins.demo.history.schedule import Act, Schedule
from plugins.demo.history.times import ZONE, at, days, is_workday, some_time
from plugins.demo.history.voices import complaint, suggestion
from plugins.demo.world import World

REQUESTS = (0, 0, 1, 1, 1, 1, 2)  # on a working day, each as likely
ENQUIRIES = (0, 1, 1, 1, 2, 2, 3)
WORKDAYS_OF_MONTH = 22
FRIDAY, REPORT_ON = 4, 3  # day of the week, and of the month
LATE_START = 3  # who begins after that day is excused from what the month owes
AGREEMENTS_BEFORE = 4  # days before the first of the next month


class History:
    """What goes on at the offices from the clock's day on, up to `until`; the same seed and days give the same history."""

    def __init__(self, world: World, until: datetime, *, seed: int = 20260101) -> None:
        self.schedule = Schedule(world.host)
        self.places = [Place(world, office, seed) for office in world.offices]
        self.begun = world.host.clock.now().astimezone(ZONE)
        first, last = self.begun.date(), until.astimezone(ZONE).date()
        for place in self.places:
            self._plan(place, first, last)

    def go(self, until: datetime, passed: Callable[[datetime], None] = lambda _moment: None) -> None:
        """Let time go by until then, with all that goes on at the offices meanwhile."""
        self.schedule.go(until, passed)

    def taken(self) -> dict[str, int]:
        """How often each step was taken."""
        found: dict[str, int] = {}
        for place in self.places:
            for step, times in place.taken.items():
                found[step] = found.get(step, 0) + times
        return dict(sorted(found.items()))

    # ------------------------------------------------------------------ planning

    def _begin(self, moment: datetime, act: Callable[..., Act], *args: Any, **options: Any) -> None:
        """The act is begun at its moment, not when it is planned."""

        def begun() -> Act:
            yield from act(*args, **options)

        self.schedule.add(moment, begun())

    def _plan(self, place: Place, first: date, last: date) -> None:
        self._begin(at(first, 9, 15), visits.set_up, place)
        for year in range(first.year, last.year + 1):
            day = max(first + timedelta(days=1), date(year, 1, 6))
            self._begin(at(day, 9, 30), visits.plan, place, year)
        if first.day > LATE_START:
            self._begin(at(first + timedelta(days=1), 9, 45), desk.first_month, place)
        for day in days(first + timedelta(days=1), last):
            self._plan_desk(place, day)
            self._plan_cases(place, day)
        self._plan_visits(place, first + timedelta(days=1), last)
        self._plan_outside_desks(place, first, last)

    def _plan_desk(self, place: Place, day: date) -> None:
        rng = place.random(f"desk {day}")
        morning, evening = (at(day, *time) + timedelta(minutes=rng.randrange(15)) for time in ((8, 30), (17, 20)))
        self._begin(morning, desk.shift, place, place.random(f"shift {day}"), day)
        if rng.random() < (0.97 if is_workday(day) else 0.6):
            self._begin(evening, desk.daily_review, place, place.random(f"review {day}"))
        if day.weekday() == FRIDAY:
            self._begin(at(day, 16, 10), desk.weekly_review, place, place.random(f"week {day}"))
        if (day.month, day.day) == (1, 8):
            self._begin(at(day, 14, 30), desk.contractor_review, place, day)
        if (day + timedelta(days=AGREEMENTS_BEFORE)).day == 1:
            self._begin(at(day, 15, 10), desk.agreements, place)
        if day.day == REPORT_ON:
            month = f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"
            self._begin(at(day, 10, 20), desk.monthly_report, place, place.random(f"month {month}"), month)

    def _plan_cases(self, place: Place, day: date) -> None:
        rng = place.random(f"day {day}")
        working = is_workday(day)
        wanted = {
            request: rng.choice(REQUESTS) if working else int(rng.random() < 0.2),
            enquiry: rng.choice(ENQUIRIES) if working else int(rng.random() < 0.4),
            complaint: int(working and rng.random() < 0.14),
            suggestion: int(working and rng.random() < 0.1),
        }
        for act, number in wanted.items():
            for n in range(number):
                self._begin(some_time(rng, day), act, place, place.random(f"{act.__name__} {day} {n}"))

    def _plan_visits(self, place: Place, first: date, last: date) -> None:
        """Spread over the working days of each month; one time in four somebody falls short."""
        months: dict[str, list[date]] = {}
        for day in days(first, last):
            if is_workday(day):
                months.setdefault(f"{day:%Y-%m}", []).append(day)
        for month, workdays in months.items():
            for who, owed in visits.VISITORS.items():
                rng = place.random(f"visits {who} {month}")
                number = min(owed, owed * len(workdays) // WORKDAYS_OF_MONTH + 1) - (2 if rng.random() < 0.25 else 0)
                for n, home in enumerate(visits.order_of_month(place, who, month)[: max(1, number)]):
                    chance = place.random(f"visit {who} {month} {n}")
                    self._begin(some_time(rng, rng.choice(workdays)), visits.visit, place, chance, who, home)

    def _plan_outside_desks(self, place: Place, first: date, last: date) -> None:
        rng = place.random("outside desks")
        day = first + timedelta(days=2)
        while day <= last:
            while not is_workday(day):
                day += timedelta(days=1)
            held_on = at(day + timedelta(days=10), 14)
            refused = rng.random() < 0.25
            chance = place.random(f"outside desk {day}")
            self._begin(some_time(rng, day), desk.visiting_desk, place, chance, held_on, refused=refused)
            day += timedelta(days=rng.randint(30, 45))
