"""Areas of responsibility, the year's plan, and visits to households with what they bring up."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from plugins.demo.history.place import Home, Place, weighted
from plugins.demo.history.schedule import Act
from plugins.demo.history.texts import HOUSEHOLD_QUESTIONS, IDEAS, MAJOR, OPINIONS
from plugins.demo.history.times import at_work

VISITORS = {"manager": 10, "area": 15, "area2": 15}  # households a month


def areas(place: Place) -> dict[str, list[str]]:
    """Which buildings each visitor looks after; the director all of them."""
    buildings = list(dict.fromkeys(home.building for home in place.homes))
    half = (len(buildings) + 1) // 2
    return {"manager": buildings, "area": buildings[:half], "area2": buildings[half:]}


def set_up(place: Place) -> Act:
    """The areas are named."""
    for who, name in (("area", "一区"), ("area2", "二区")):
        place.by(
            "manager", "area.create", name=name, manager_id=str(place.office.people[who]), buildings=areas(place)[who]
        )
    return iter(())


def plan(place: Place, year: int) -> Act:
    """The director enters the year's plan."""
    place.by("manager", "visit_plan.enter", year=year, plan="主任每月走访十户，区域管理员每月各走访十五户，关爱户优先",
             assessment="计入季度考核，未完成的说明原因", households=40 * 12)  # fmt: skip
    return iter(())


def order_of_month(place: Place, who: str, month: str) -> list[Home]:
    """Whom the visitor calls on in that month: households that need care first, then the others as they come."""
    rng = place.random(f"homes {who} {month}")
    mine = [home for home in place.homes if home.building in areas(place)[who]]
    rng.shuffle(mine)
    care = [home for home in mine if home.care][:4]
    return [*care, *(home for home in mine if home not in care)]


def visit(place: Place, rng: Random, who: str, home: Home) -> Act:
    """One visit, and the answer to what was asked."""
    form: dict[str, Any] = {"household_id": home.id, "opinions": rng.choice(OPINIONS), "satisfied": rng.random() < 0.9}
    if rng.random() < 0.2:
        form["suggestions"] = rng.choice(IDEAS)
    end = weighted(rng, {"nothing": 66, "at_once": 14, "in_time": 12, "late": 4, "again": 2, "major": 2})
    question, answer = rng.choice(HOUSEHOLD_QUESTIONS)
    if end == "nothing":
        place.by(who, "visit.record", **form)
        return
    if end == "at_once":
        place.by(who, "visit.record", **form, question=question, answer=answer)
        return
    if end == "major":
        question, answer = MAJOR
    reply_by = at_work(rng, place.now + timedelta(days=rng.randint(2, 5)))
    case = place.by(
        who, "visit.record", **form, question=question, reply_by=reply_by.isoformat(), is_major=end == "major"
    ).case_id
    if end == "again":
        yield place.now + (reply_by - place.now) / 2
        place.by(who, "visit.promise", case, reply_by=(reply_by + timedelta(days=3)).isoformat(), reason="等厂家排期")
    yield (
        reply_by + timedelta(minutes=rng.randint(60, 2000))
        if end == "late"
        else place.now + (reply_by - place.now) * 0.8
    )
    if end == "major":
        place.by("manager", "visit.settle", case, discussion=answer)
    else:
        place.by(who, "visit.answer", case, answer=answer)
