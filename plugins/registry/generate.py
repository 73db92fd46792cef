"""Plausible households for demos and trials: the same seed gives the same data. No person here exists.

Names are put together from common surnames and given names; mobile numbers read 199 0000 and four digits (199 00 and
six where more are needed), so that nobody takes them for real ones.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from guanjia.sdk import Context
from plugins.registry import imports
from plugins.registry.listcolumns import CODED
from plugins.registry.models import ImportRun
from plugins.registry.workbook import list_file

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
DOUBLE = ("欧阳", "司徒", "上官", "诸葛")
FIRST = "建国志文永明德春秀玉美丽海晓小俊嘉子思雨梓一欣浩宇泽诗若佳伟立振家凤桂荣少国世"
SECOND = "华明强军平芳敏静丽娟英兰霞红燕玲萍杰涛勇磊超鹏飞辉波斌刚宁轩涵怡琪萱瑶洋凯博文辰妍豪婷倩雪琳慧"
SINCE_FROM, SINCE_DAYS = date(2012, 5, 1), 4900
_TAG_CHANCES = (("elderly", 14), ("living_alone", 5), ("child", 16), ("pregnant", 2), ("disabled", 2), ("ill", 2),
                ("night_shift", 3), ("pet", 13), ("foreign_language", 1), ("vip", 2))  # fmt: skip


@dataclass(frozen=True, slots=True)
class GeneratedBuilding:
    """A building to fill: code, entrances (0: none is written), floors, rooms on each floor and entrance."""

    code: str
    entrances: int = 2
    floors: int = 11
    rooms: int = 2


BUILDINGS = (
    GeneratedBuilding("1", 2, 11, 2), GeneratedBuilding("2", 2, 11, 2), GeneratedBuilding("3", 3, 7, 2),
    GeneratedBuilding("5", 3, 7, 2), GeneratedBuilding("6", 1, 18, 4), GeneratedBuilding("A", 0, 16, 6),
)  # fmt: skip


def generate_households(
    seed: int, *, buildings: int | Sequence[GeneratedBuilding] = BUILDINGS, households: int = 300
) -> list[dict[str, Any]]:
    """Rows of a household list, a row for each person, for at most `households` rooms; the same for the same arguments.

    `buildings` says which, or how many of the usual ones.
    """
    if isinstance(buildings, int):
        buildings = [replace(BUILDINGS[n % len(BUILDINGS)], code=_code(n)) for n in range(buildings)]
    rng = random.Random(f"households {seed}")  # noqa: S311 - plausible data, no secret
    places = [
        (building, entrance, floor, room)
        for building in buildings
        for entrance in range(1, max(1, building.entrances) + 1)
        for floor in range(1, building.floors + 1)
        for room in range(1, building.rooms + 1)
    ]
    chosen = sorted(rng.sample(range(len(places)), min(households, len(places))))
    needed = 4 * len(chosen)
    numbers = [f"19900{n:06d}" for n in rng.sample(range(10_000 if needed <= 10_000 else 1_000_000), needed)]
    rows: list[dict[str, Any]] = []
    for index in chosen:
        rows += _household(rng, *places[index], numbers)
    return rows


def _code(n: int) -> str:
    return BUILDINGS[n].code if n < len(BUILDINGS) else str(n + 1)


def load_generated(ctx: Context, data: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The generated households exist at the caller's site, brought in by the same import that people use.

    Returns the counts. Raises RuntimeError, naming the first fault, if the data does not fit what is there already.
    """
    file_id = ctx.host.files.keep(ctx, "households.xlsx", list_file(data))
    checked = ctx.perform(imports.check_list, None, {"file": str(file_id)})
    if checked.state != imports.READY:
        with ctx.reading() as loader:
            fault = imports.faults_of(loader, checked.case_id, most=1)[0]
        raise RuntimeError(f"generated row {fault.row}, {fault.column}: {fault.message}")
    written = ctx.perform(imports.write, checked.case_id)
    with ctx.reading() as loader:
        run = loader.get(ImportRun, written.case_id)
        assert run is not None  # just written
        return {
            name: getattr(run, name)
            for name in ("new_buildings", "new_units", "new_households", "new_residents", "skipped")
        }


def _household(
    rng: random.Random, building: GeneratedBuilding, entrance: int, floor: int, room: int, numbers: list[str]
) -> list[dict[str, Any]]:
    place = {
        "building": building.code,
        "entrance": str(entrance) if building.entrances else "",
        "room": f"{floor}{room:02d}",
    }
    occupancy = rng.choices(("owner", "lessee", "vacant"), (68, 22, 10))[0]
    since = SINCE_FROM + timedelta(days=rng.randrange(SINCE_DAYS))
    tags = [tag for tag, chance in _TAG_CHANCES if rng.randrange(100) < chance] if occupancy != "vacant" else []
    first = {
        "area": f"{rng.choice((6250, 7480, 8865, 9012, 10540, 12830, 14275)) + room * 15}".zfill(3), "usage": "住宅",
        "occupancy": CODED["occupancy"][occupancy][0], "since": since.isoformat(),
        "tags": "，".join(CODED["tags"][tag][0] for tag in tags),
    }  # fmt: skip
    first["area"] = f"{first['area'][:-2]}.{first['area'][-2:]}"
    family = rng.choice(SURNAMES) if rng.randrange(60) else rng.choice(DOUBLE)
    people = [_person(rng, family, "lessee" if occupancy == "lessee" else "owner", numbers)]
    if occupancy != "vacant" and rng.randrange(100) < 38:
        surname = rng.choice(SURNAMES)
        people.append(_person(rng, surname, "member", numbers if rng.randrange(2) else None))
        while people[1]["name"] == people[0]["name"]:
            people[1]["name"] = _name(rng, surname)
    if occupancy == "lessee":
        owner = _person(rng, rng.choice(SURNAMES), "owner", numbers)
        if owner["name"] not in {person["name"] for person in people}:
            people.append(owner)
    return [place | (first if number == 0 else {}) | person for number, person in enumerate(people)]


def _person(rng: random.Random, surname: str, role: str, numbers: list[str] | None) -> dict[str, str]:
    phone = numbers.pop() if numbers else ""
    return {"name": _name(rng, surname), "phone": phone, "role": CODED["role"][role][0]}


def _name(rng: random.Random, surname: str) -> str:
    second = rng.choice(SECOND)
    return surname + (rng.choice(FIRST) + second if rng.randrange(4) else second)
