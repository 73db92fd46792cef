"""What reception and its supervisors do by the day, the week and the month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from plugins.demo.history.place import Place
from plugins.demo.history.schedule import Act
from plugins.demo.history.texts import FOR_SECURITY, IMPORTANT, ORGANISATIONS, PLANS, SHIFT_NOTES, SUMMARIES
from plugins.demo.history.times import at, is_workday, some_time


def shift(place: Place, rng: Random, day: date) -> Act:
    """The day's log: begun, written, handed over signed (now and then only the next morning), taken over."""
    first, second = ("desk", "desk2") if day.toordinal() % 2 else ("desk2", "desk")
    log = place.by(first, "shift.begin", shift="day").case_id
    security = ""
    if is_workday(day):
        yield some_time(rng, day)
        n = rng.randint(1, 3)
        if rng.random() < 0.3:
            security = rng.choice(FOR_SECURITY).format(n=n)
        place.by(
            first,
            "shift.write",
            log,
            entry=security or rng.choice(SHIFT_NOTES).format(n=n),
            for_security=bool(security),
        )
    forgotten = rng.random() < 0.04
    yield at(day + timedelta(days=1), 8, 20) if forgotten else at(day, 17, 50) + timedelta(minutes=rng.randrange(12))
    place.by(first, "shift.hand_over", log, summary=rng.choice(SUMMARIES), security_matters=security,
             signature=place.signature(first))  # fmt: skip
    yield place.now + timedelta(minutes=rng.randint(1, 6))
    place.by(second, "shift.take_over", log)
    if security:
        yield place.now + timedelta(minutes=rng.randint(5, 40))
        place.by("sec", "shift.security_takes", log)


def daily_review(place: Place, rng: Random) -> Act:
    """The supervisor looks through the day's ledger."""
    important = rng.choice(IMPORTANT) if rng.random() < 0.04 else ""
    place.by("supervisor", "ledger_review.daily", plan=rng.choice(PLANS), important=important)
    return iter(())


def weekly_review(place: Place, rng: Random) -> Act:
    """The property manager looks through the week's."""
    important = rng.choice(IMPORTANT) if rng.random() < 0.1 else ""
    place.by("pm", "ledger_review.weekly", plan=rng.choice(PLANS), important=important)
    return iter(())


def monthly_report(place: Place, rng: Random, month: str) -> Act:
    """The report of a month that has ended, with what the meters showed."""
    report = place.by("desk", "monthly.draw_up", month=month).case_id
    yield place.now + timedelta(minutes=rng.randint(40, 200))
    place.by("desk", "monthly.enter_use", report, water=f"{rng.randrange(9000, 15000) / 10:.1f}", power=str(rng.randrange(38000, 56000)),
             gas=str(rng.randrange(2000, 3600)))  # fmt: skip
    yield place.now + timedelta(minutes=rng.randint(5, 30))
    place.by("desk", "monthly.submit", report)


def first_month(place: Place) -> Act:
    """What is owed for the month in which the office began is excused: it began in its midst."""
    for task in place.owed("director_visits", "area_manager_visits", "monthly_report"):
        place.by("manager", "guanjia.task.excuse", task, reason="系统当月中途启用，从下月起计")
    return iter(())


def agreements(place: Place) -> Act:
    """Before the month ends the sheets of work under agreements are handed back."""
    for task in place.owed("month_end_agreements"):
        place.by("eng", "guanjia.task.done", task, note="协议服务工单和协议复印件已交前台")
    return iter(())


def contractor_review(place: Place, day: date) -> Act:
    """Once a year the outside team is reviewed, so that it may go on."""
    place.by("manager", "contractor.review", place.office.contractor, reviewed_on=day.isoformat(), review_result="passed",
             review_note="年度评审合格")  # fmt: skip
    return iter(())


def visiting_desk(place: Place, rng: Random, held_on: datetime, *, refused: bool) -> Act:
    """A body from outside answers questions here for an afternoon, if the company agrees."""
    organisation, purpose = rng.choice(ORGANISATIONS)
    case = place.by(
        "desk",
        "visiting_desk.propose",
        organisation=organisation,
        purpose=purpose,
        place="中心花园",
        starts_at=held_on.isoformat(),
        ends_at=(held_on + timedelta(hours=3)).isoformat(),
    ).case_id
    yield place.later(rng, 300, 1500)
    if refused:
        place.by("leader", "visiting_desk.refuse", case, reason="与社区活动冲突，建议改期")
        return
    place.by("leader", "visiting_desk.approve", case)
    yield place.later(rng, 100, 600)
    place.by("pm", "visiting_desk.arrange", case, arrangement="两张桌子、遮阳伞一把，前台一人引导，提前三天张贴告示")
    yield held_on + timedelta(hours=3, minutes=20)
    place.by("desk", "visiting_desk.hold", case, visitors=rng.randint(18, 75))
