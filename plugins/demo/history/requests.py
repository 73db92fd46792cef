"""Service requests of the history: many categories, and all the ends that they come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from guanjia.errors import Waiting
from plugins.demo.history.place import Place, due_of, weighted
from plugins.demo.history.schedule import Act
from plugins.demo.history.texts import AGREED_VISITS, ANSWERS, FAULTS, REASONS, REQUESTS, Wish

STEPS = ("badge_worn", "rang_or_knocked", "consent_given", "nothing_damaged", "left_clean")
ENDS = {
    "on_time": 60,
    "late": 11,
    "extended": 9,
    "unsolved": 5,
    "rework": 6,
    "settled": 3,
    "withdrawn": 3,
    "rejected": 3,
}
URGENT = ("pipe_leak", "drain_blocked", "toilet_blocked", "lamp", "door_lock", "burst_pipe", "lift_failure")
EMERGENCIES = ("burst_pipe", "lift_failure")
WORKERS = {"engineering": ("fix", "fix2"), "cleaning": ("clean",), "security": ("sec",)}
HEADS = {"engineering": "eng", "cleaning": "clean", "security": "sechead"}


class Course:
    """One request on its way."""

    def __init__(self, place: Place, rng: Random, wish: Wish) -> None:
        self.place, self.rng, self.wish = place, rng, wish
        self.desk = rng.choice(("desk", "desk2"))
        self.head, self.worker = HEADS[wish.department], rng.choice(WORKERS[wish.department])
        self.in_home = wish.place == ""
        self.indoor_service = self.in_home and wish.department in ("cleaning", "security")
        self.urgent = wish.category in URGENT
        self.emergency = wish.category in EMERGENCIES
        self.case: UUID | None = None

    def by(self, who: str, step: str, **form: Any) -> Any:
        """A step of the request."""
        return self.place.by(who, f"request.{step}", self.case, **form)

    def after(self, low: int, high: int) -> datetime:
        """Some minutes from now; urgent work does not wait for Monday."""
        return self.place.later(self.rng, low, high, every_day=self.urgent)

    def complete(self) -> None:
        """The finished work is reported and signed."""
        form: dict[str, Any] = {
            "work_done": self.wish.done, "finished_at": self.place.now.isoformat(), "total_minutes": self.rng.randrange(20, 150, 5),
            "worker_signature": self.place.signature(self.worker),
        }  # fmt: skip
        if self.wish.material:
            form["materials"] = [{"name": self.wish.material, "quantity": str(self.rng.randint(1, 3)), "unit": "件"}]
        else:
            form["no_materials"] = True
        if self.wish.paid:
            form |= {
                "material_fee_fen": self.rng.randrange(0, 12000, 500),
                "labour_fee_fen": self.rng.randrange(3000, 20000, 1000),
            }
        if self.in_home:
            form |= {
                "visit_steps": list(STEPS),
                "resident_signature": self.place.resident_signature(self.worker, self.rng),
            }
        self.by(self.worker, "complete", **form)


def request(place: Place, rng: Random) -> Act:
    """One request from intake to its end."""
    wish = rng.choices(REQUESTS, weights=[w.weight for w in REQUESTS])[0]
    course = Course(place, rng, wish)
    end = weighted(rng, ENDS) if course.in_home else weighted(rng, {"on_time": 75, "late": 13, "extended": 12})
    if course.emergency or wish.category == "move_in_cleaning":
        end = "on_time"
    due = yield from _taken_in(course)
    if end == "withdrawn":
        yield course.after(20, 90)
        course.by(course.desk, "withdraw", reason=rng.choice(REASONS["withdraw"]))
        return
    yield from _to_the_work(course)
    if end == "unsolved":
        yield from _returned(course)
        return
    if end == "extended" and due is not None:
        due = yield from _extended(course, due)
    left = int((due - place.now).total_seconds() // 60) if due is not None else 0
    if end == "late" and left > 0:
        yield course.after(left + 60, left + 2600)
    elif left > 0 and not course.urgent:
        yield course.after(25, max(30, left * 2 // 3))
    else:
        yield course.after(25, 110)
    yield from _finished(course, end)


def _taken_in(course: Course) -> Any:
    """Received by reception, or found by staff and taken up by it; answers with the finish date."""
    place, rng, wish = course.place, course.rng, course.wish
    intake: dict[str, Any] = {"category": wish.category, "content": wish.content, "within_capability": "yes",
              "source": rng.choice(("phone", "phone", "desk", "online", "written")), "paid": wish.paid}  # fmt: skip
    intake |= {"household_id": place.home(rng)} if course.in_home else {"place": wish.place}
    if not course.in_home:
        found = place.by(rng.choice(("fix", "bld", "sec", "clean")), "request.report", place=wish.place,
                         category=wish.category, content=wish.content)  # fmt: skip
        course.case = found.case_id
        yield place.later(rng, 3, 20, every_day=True)
        done = course.by(course.desk, "confirm", **intake)
        return due_of(done, "finish")
    unclear = rng.random() < 0.05 and not course.emergency
    done = place.by(course.desk, "request.receive", **{**intake, "within_capability": "unclear" if unclear else "yes"})
    course.case, due = done.case_id, due_of(done, "finish")
    if unclear:
        yield course.after(10, 60)
        course.by("head", "decide_capability", within_capability="yes", remark="可由工程部办理")
        course.by(course.desk, "dispatch", department_id=str(place.office.departments[wish.department]))
    return due


def _to_the_work(course: Course) -> Any:
    """Sheet, worker, what is agreed or checked before, and the beginning of the work."""
    place, rng, wish = course.place, course.rng, course.wish
    if course.emergency:
        yield place.later(rng, 4, 12, every_day=True)
        course.by(course.worker, "start")
        yield place.later(rng, 20, 60, every_day=True)
        course.by(course.head, "open_sheet")
        return
    yield course.after(6, 40)
    if wish.category in ("glass", "curtain"):
        assert place.office.contractor is not None  # the world has one
        course.by(course.head, "open_sheet")
        course.by(course.head, "give_to_contractor", contractor_id=str(place.office.contractor))
    else:
        course.by(course.worker, "take")
        course.by(course.head, "open_sheet")
    if wish.category in ("leak_proofing", "internal_equipment"):
        agreed = place.now + timedelta(days=rng.randint(5, 9))
        course.by(course.head, "agree_deadline", due_at=agreed.isoformat())
    if course.indoor_service:
        course.by(course.desk, "agree_appointment", appointment_at=place.later(rng, 60, 200).isoformat(),
                  details=rng.choice(AGREED_VISITS))  # fmt: skip
    if wish.category == "installation":
        course.by(course.worker, "check_equipment", equipment_given=True, remark="外观完好，配件齐全")
    yield course.after(15, 70)
    course.by(course.worker, "start")


def _returned(course: Course) -> Any:
    """It cannot be done: signed where it must be, closed by reception with the reason."""
    yield course.after(40, 200)
    reason = course.rng.choice(REASONS["unsolved"])
    yield from _asking(course, course.head, "return_unsolved", reason=reason, explained=True)
    yield course.after(30, 120)
    course.by(course.desk, "close_unsolved", reason=f"{reason}，已向业主说明")


def _extended(course: Course, due: datetime) -> Any:
    """The head of the department asks for more time before the date has passed; answers with the new one."""
    yield course.after(30, 90)
    until = due + timedelta(hours=course.rng.choice((24, 48, 72)))
    yield from _asking(course, course.head, "extend", until=until.isoformat(), resident_consents=True,
                       reason=course.rng.choice(REASONS["extend"]))  # fmt: skip
    return until


def _asking(course: Course, who: str, step: str, **form: Any) -> Any:
    try:
        course.by(who, step, **form)
    except Waiting as waiting:
        yield course.after(10, 45)
        course.place.signed_by(waiting, "情况属实，同意")
        yield course.place.now + timedelta(minutes=1)  # the step that waited is carried out


def _finished(course: Course, end: str) -> Any:
    """Completed, reviewed, back at reception, asked about, closed; with a detour where it comes to that."""
    place, rng = course.place, course.rng
    course.complete()
    yield place.later(rng, 20, 180)
    if end == "rejected":
        course.by(course.head, "hand_in")
        yield place.later(rng, 10, 60)
        course.by(course.desk, "reject_sheet", reason="主管未审核签字，工时待核")
        yield place.later(rng, 20, 90)
    if course.in_home:
        agrees = end not in ("rework", "settled")
        course.by(
            course.desk, "revisit", answer=rng.choice(ANSWERS if agrees else FAULTS), satisfied=agrees, agrees=agrees
        )
    if end in ("rework", "settled"):
        yield place.later(rng, 30, 150)
        course.by(
            "area", "site_check", finding=end, remark="已到现场核实" if end == "settled" else "接口仍有渗漏，须返工"
        )
        if end == "rework":
            yield place.later(rng, 30, 200)
            course.by(course.worker, "start")
            yield place.later(rng, 30, 120)
            course.complete()
            yield place.later(rng, 30, 120)
            course.by(course.desk, "revisit", answer=rng.choice(ANSWERS), satisfied=True, agrees=True)
    yield place.later(rng, 5, 60)
    course.by(course.head, "review")
    if course.indoor_service:
        course.by("head", "sign")
    course.by(course.head, "hand_in")
    yield place.later(rng, 10, 120)
    course.by(course.desk, "close")
