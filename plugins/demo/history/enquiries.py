"""Enquiries of the history: answered at once, by the agreed time, late, with a department, after asking, stalled."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from plugins.demo.history.place import Place, weighted
from plugins.demo.history.schedule import Act
from plugins.demo.history.texts import JOINT, QUESTIONS
from plugins.demo.history.times import at_work

ENDS = {"at_once": 56, "agreed": 17, "late": 8, "transferred": 9, "another_time": 4, "withdrawn": 2, "important": 4}
DEPARTMENT_HEADS = {"engineering": "eng", "security": "sechead", "leasing": "csm"}


def enquiry(place: Place, rng: Random) -> Act:
    """One line of the ledger, up to its answer."""
    subject, content, answer = rng.choice(QUESTIONS)
    desk = rng.choice(("desk", "desk", "desk2", "pa", "area"))
    end = weighted(rng, ENDS)
    form: dict[str, Any] = {
        "content": content,
        "subject": subject,
        "source": rng.choice(("phone", "desk", "online", "staff")),
    }
    if rng.random() < 0.8:
        form["household_id"] = place.home(rng)
    else:
        form["enquirer_name"] = rng.choice(("张先生", "李女士", "王先生", "陈女士"))
    if subject == "outside":
        yield from _outside(place, rng, desk, form, answer)
    elif subject in JOINT:
        yield from _joint(place, rng, desk, form, answer)
    elif end == "at_once":
        place.by(desk, "enquiry.enter", **form, answer=answer)
    else:
        yield from _in_time(place, rng, desk, form, answer, end)


def _in_time(place: Place, rng: Random, desk: str, form: dict[str, Any], answer: str, end: str) -> Any:
    """A time was agreed; it is kept, moved, or missed."""
    reply_by = at_work(rng, place.now + timedelta(hours=rng.choice((2, 4, 24, 48))))
    case = place.by(
        desk, "enquiry.enter", **form, reply_by=reply_by.isoformat(), is_important=end == "important"
    ).case_id
    if end == "withdrawn":
        yield place.later(rng, 30, 90)
        place.by(desk, "enquiry.withdraw", case, reason="来电者已自行问到")
        return
    who = desk
    if end == "transferred":
        yield place.now + timedelta(minutes=rng.randint(3, 20))
        who, key = rng.choice((("eng", "engineering"), ("sechead", "security")))
        department = str(place.office.departments[key])
        place.by(desk, "enquiry.transfer", case, department_id=department, remark="请按约定时间答复业主")
    if end == "another_time":
        yield place.now + (reply_by - place.now) / 2
        place.by(
            desk,
            "enquiry.agree_time",
            case,
            reply_by=(reply_by + timedelta(hours=24)).isoformat(),
            reason="须向财务核对，已与业主另约",
        )
    if end == "late":
        yield at_work(rng, reply_by + timedelta(minutes=rng.randint(40, 1500)))
    else:
        yield place.now + (reply_by - place.now) * rng.uniform(0.3, 0.95)
    place.by(who, "enquiry.answer", case, answer=answer)


def _joint(place: Place, rng: Random, desk: str, form: dict[str, Any], answer: str) -> Any:
    """A department's matter: asked at once, said by the department in time, or stalled and settled."""
    kind = weighted(rng, {"asked": 45, "said": 40, "stalled": 15})
    head = DEPARTMENT_HEADS[form["subject"]]
    if kind == "asked":
        place.by(desk, "enquiry.enter", **form, answer=answer, answered_together=True)
        return
    reply_by = at_work(rng, place.now + timedelta(hours=60))
    case = place.by(desk, "enquiry.enter", **form, reply_by=reply_by.isoformat()).case_id
    if kind == "said":
        yield place.later(rng, 30, 240, every_day=True)
        place.by(head, "enquiry.contribute", case, part="部门意见：可按规定办理")
        yield place.later(rng, 10, 90, every_day=True)
        place.by(desk, "enquiry.answer", case, answer=answer)
        return
    yield at_work(rng, place.now + timedelta(hours=25))
    key = {"leasing": "service_centre"}.get(form["subject"], form["subject"])
    department = str(place.office.departments[key])
    place.by("pm", "enquiry.settle", case, department_id=department, remark="由该部门今天答复")
    yield place.later(rng, 60, 300)
    place.by("pm" if key == "service_centre" else head, "enquiry.answer", case, answer=answer)


def _outside(place: Place, rng: Random, desk: str, form: dict[str, Any], answer: str) -> Any:
    """Not this property's to answer: the manager is asked first."""
    reply_by = at_work(rng, place.now + timedelta(hours=26))
    case = place.by(desk, "enquiry.enter", **form, reply_by=reply_by.isoformat()).case_id
    yield place.later(rng, 30, 240, every_day=True)
    place.by("pmd", "enquiry.ask_manager", case, remark="可告知办理单位和电话")
    yield place.later(rng, 10, 60, every_day=True)
    place.by(desk, rng.choice(("enquiry.redirect", "enquiry.redirect", "enquiry.answer")), case, answer=answer)
