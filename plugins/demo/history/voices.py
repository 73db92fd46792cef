"""Complaints and suggestions of the history."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from plugins.demo.history.place import Place, weighted
from plugins.demo.history.schedule import Act
from plugins.demo.history.texts import COMPLAINTS, SUGGESTIONS
from plugins.demo.history.times import at_work

HANDLERS = {"engineering": "eng", "security": "sechead", "cleaning": "clean"}
REPLY = "尊敬的业主：您反映的“{content}”，我处已核查：{findings}。处理结果：{result}。感谢您的监督。"


def complaint(place: Place, rng: Random) -> Act:
    """One complaint, from whoever received it to the written reply and the closing."""
    matter, content, findings, decision, result, key = rng.choice(COMPLAINTS)
    end = weighted(rng, {"valid": 62, "not_valid": 20, "late": 8, "withdrawn": 5, "plain": 5})
    form: dict[str, Any] = {
        "content": content,
        "matter": matter,
        "household_id": place.home(rng),
        "channel": rng.choice(("hotline", "in_person", "written", "staff", "online")),
        "needs_investigation": end != "plain",
    }
    case = place.by(rng.choice(("desk", "desk2", "area", "pa")), "complaint.record", **form).case_id
    if end == "withdrawn":
        yield place.later(rng, 60, 300)
        place.by("desk", "complaint.withdraw", case, reason="业主与对方已自行谅解，撤回投诉")
        return
    if end != "plain":
        yield at_work(
            rng, place.now + timedelta(minutes=rng.randint(1400, 2000) if end == "late" else rng.randint(20, 60))
        )
        place.by("csm", "complaint.investigate", case, findings=findings, proposal=decision)
    if matter == "building":
        place.by("csm", "complaint.tell_developer", case, promise="开发商承诺两周内进场维修")
    yield place.later(rng, 60, 600)
    valid = "not_valid" if end == "not_valid" else "valid"
    department = str(place.office.departments[key])
    decided = decision if valid == "valid" else "经查不属实，向业主说明情况"
    place.by("manager", "complaint.decide", case, validity=valid, decision=decided, department_id=department)
    if valid == "valid":
        yield place.later(rng, 200, 2000)
        place.by(HANDLERS[key], "complaint.handle", case, result=result)
    yield place.later(rng, 60, 600)
    told = result if valid == "valid" else "经核查未发现违规，已当面说明"
    place.by("desk", "complaint.reply", case, reply=REPLY.format(content=content, findings=findings, result=told))
    if matter == "building":
        yield at_work(rng, place.now + timedelta(days=rng.randint(8, 16)))
        place.by("csm", "complaint.developer_done", case, result="开发商已维修，复验合格")
    yield place.later(rng, 600, 3000)
    place.by("desk", "complaint.close", case, satisfied=rng.random() < 0.85)


def suggestion(place: Place, rng: Random) -> Act:
    """One suggestion, and what the director decides."""
    content, adopted, measures = rng.choice(SUGGESTIONS)
    case = place.by(
        rng.choice(("desk", "area")),
        "suggestion.record",
        content=content,
        household_id=place.home(rng),
        channel=rng.choice(("in_person", "online", "written")),
        name_may_be_published=rng.random() < 0.6,
    ).case_id
    yield place.later(rng, 600, 6000)
    decision = "adopted" if adopted else "not_adopted"
    place.by("manager", "suggestion.decide", case, decision=decision, measures=measures)
