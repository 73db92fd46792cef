"""What else went on at the offices up to now, so that ledgers and boards are not empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from guanjia.errors import GuanjiaError, Waiting
from guanjia.testing import run_timers
from plugins.demo.signature import scribble
from plugins.demo.story import REQUEST, VISIT_STEPS, some_household
from plugins.demo.world import Office, World

CASES: tuple[tuple[str, str, str], ...] = (
    ("door_lock", "入户门锁打不开", "closed"),
    ("power_lighting", "客厅照明回路跳闸", "closed"),
    ("lamp", "电梯厅灯管不亮", "finished"),
    ("drain_blocked", "卫生间下水道堵塞", "handed_in"),
    ("air_conditioning", "空调出风口滴水", "in_progress"),
    ("indoor_cleaning", "入户深度清洁", "dispatched"),
    ("water_supply", "阳台水龙头关不严", "dispatched"),
    ("leak_proofing", "外墙渗水，需做补漏", "dispatched"),
    ("glass", "书房玻璃开裂", "received"),
    ("other_repair", "对讲门铃无声", "taken"),
)


def bustle(world: World, *, until: datetime, go: Callable[[datetime], None] | None = None) -> None:
    """Play a number of requests up to different states in the days before `until`; the last are still fresh then.

    `go` lets time go by until a moment; without it only the timers fire.
    """
    go = go or (lambda moment: run_timers(world.host, moment))
    for position, (category, content, state) in enumerate(CASES):
        moment = until - timedelta(hours=6 * (len(CASES) - position) - 4, minutes=11 * position)
        if moment > world.host.clock.now():
            go(moment)
        for office in world.offices:
            _play_one(world, office, position, category, content, state)
    go(until)


def _play_one(world: World, office: Office, position: int, category: str, content: str, state: str) -> None:
    household = some_household(world, office, str(position % 3 + 1), nth=position * 3)
    capability = "unclear" if state == "received" else "yes"
    department = office.departments["cleaning" if category == "indoor_cleaning" else "engineering"]
    done = world.at(office, "desk").perform(f"{REQUEST}.receive", None, {
        "household_id": str(household), "category": category, "content": content, "within_capability": capability,
        "department_id": str(department),
    })  # fmt: skip
    head = "clean" if category == "indoor_cleaning" else "eng"
    script: list[tuple[str, str, str, dict[str, Any]]] = [
        ("taken", "fix2", "take", {}), ("taken", head, "open_sheet", {}), ("in_progress", "fix2", "start", {}),
        ("finished", "fix2", "complete", _completion(world, office)), ("handed_in", head, "review", {}),
        ("handed_in", head, "hand_in", {}),
        ("closed", "desk2", "revisit", {"answer": "满意，已经修好", "satisfied": True, "agrees": True}),
        ("closed", "desk2", "close", {}),
    ]  # fmt: skip
    order = ("received", "dispatched", "taken", "in_progress", "finished", "handed_in", "closed")
    for reached, who, step, form in script:
        if order.index(reached) > order.index(state):
            return
        values = form() if callable(form) else form
        try:
            world.at(office, who).perform(f"{REQUEST}.{step}", done.case_id, values)
        except (Waiting, GuanjiaError) as error:
            raise RuntimeError(f"{office.code} {category} {step}: {error} {getattr(error, 'reasons', '')}") from error


def _completion(world: World, office: Office) -> Any:
    def form() -> dict[str, Any]:
        caller = world.at(office, "fix2")
        files = {
            n: str(world.host.files.keep(caller, f"{n}.png", scribble(len(n))))
            for n in ("worker_signature", "resident_signature")
        }
        return {
            "work_done": "检修完毕，试用正常", "finished_at": world.host.clock.now().isoformat(), "total_minutes": 40,
            "no_materials": True, "material_fee_fen": 0, "labour_fee_fen": 3000, "visit_steps": list(VISIT_STEPS), **files,
        }  # fmt: skip

    return form
