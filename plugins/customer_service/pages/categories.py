"""Categories as the front desk and the phone choose them: in groups, by two digits, by initials, or by everyday words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guanjia.rules.rulebook import Rulebook
from guanjia.sdk import Loader, Message, words
from plugins.customer_service.kinds import (
    CATEGORIES,
    CATEGORY_LABELS,
    EMERGENCIES,
    URGENT,
    deadline_class_of,
    department_of,
)
from tenants.public import department_of_site

_ = words("customer_service")

GROUPS: tuple[tuple[Message, tuple[str, ...]], ...] = (
    (_("Urgent repairs"), ("pipe_leak", "drain_blocked", "toilet_blocked", "lamp", "door_lock")),
    (_("Ordinary repairs"), ("power_lighting", "air_conditioning", "water_supply", "fire_equipment", "doors_windows",
                             "other_repair", "installation")),
    (_("Emergencies"), EMERGENCIES),
    (_("Cleaning, security, greening"), ("indoor_cleaning", "move_in_cleaning", "public_cleaning", "indoor_security", "greening")),
    (_("Outside teams"), ("curtain", "glass", "office_furniture", "other")),
    (_("Internal and leak-proofing"), ("internal_equipment", "internal_repair_or_cleaning", "leak_proofing")),
)  # fmt: skip

# Pinyin initials, and words that callers use instead of the category's own.
_TYPED: Mapping[str, str] = {
    "pipe_leak": "sgsl 漏水 滴水 渗水 ls",
    "drain_blocked": "xsdds 地漏 堵塞 返水 dl",
    "toilet_blocked": "bcds 马桶 厕所 堵塞 mt",
    "lamp": "hdg 灯泡 灯不亮 dp",
    "door_lock": "mssh 锁 钥匙 门打不开",
    "power_lighting": "pdzm 停电 跳闸 插座 开关 电灯 tz",
    "air_conditioning": "kt 冷气 不制冷",
    "water_supply": "gps 水龙头 水压 水表 slt",
    "fire_equipment": "xfss 烟感 喷淋 灭火器",
    "doors_windows": "mc 窗户 合页 纱窗 玻璃门",
    "other_repair": "qtxl 门铃 墙面 地砖",
    "installation": "az 装",
    "outage_beyond_one_floor": "tstd 停水 停电",
    "lift_failure": "dtgz 困人 电梯 dt",
    "burst_pipe": "ps 爆管 水浸 淹水",
    "fire": "hq 着火 冒烟 火警",
    "crime": "fq 盗窃 抢劫 报警",
    "indoor_cleaning": "snqj 保洁 打扫",
    "move_in_cleaning": "rzqqj 开荒 入伙",
    "public_cleaning": "ggqyqj 垃圾 楼道",
    "indoor_security": "snzxwh 保安 看护",
    "greening": "lh 花草 树木 浇水",
    "curtain": "hcl 窗帘",
    "glass": "hbl 玻璃",
    "office_furniture": "bgsbjjxl 桌椅 打印机",
    "other": "qtwpxm 外派",
    "internal_equipment": "gsnbsbgz 内部",
    "internal_repair_or_cleaning": "gsnbxlqj 内部",
    "leak_proofing": "blgc 防水 外墙渗水",
}


@dataclass(frozen=True)
class Choice:
    """A category as a tile: its two digits, what one may type for it, whether it is urgent, and its department."""

    key: str
    digits: str
    title: str
    typed: str
    urgent: bool
    emergency: bool
    department_id: str = ""


@dataclass(frozen=True)
class Group:
    """A row of tiles under its heading; `digit` is the first digit of all of them."""

    digit: str
    title: str
    choices: tuple[Choice, ...]


def groups(loader: Loader | None = None) -> Sequence[Group]:
    """All categories in their groups; with a loader each as the site has it: its department, and whether it is urgent there."""
    rulebook = loader.host.rulebooks.current(loader.session, loader.place, loader.now) if loader is not None else None
    found = []
    for n, (title, keys) in enumerate(GROUPS, 1):
        choices = tuple(_choice(loader, rulebook, key, f"{n}{m}") for m, key in enumerate(keys, 1))
        found.append(Group(str(n), str(title), choices))
    return found


def _choice(loader: Loader | None, rulebook: Rulebook | None, key: str, digits: str) -> Choice:
    department = department_of_site(loader, department_of(key)) if loader is not None else None
    label = CATEGORY_LABELS[key]
    return Choice(
        key=key, digits=digits, title=str(label), typed=f"{digits} {label.zh} {label.en} {_TYPED[key]}".lower(),
        urgent=deadline_class_of(key, rulebook) == URGENT and key not in EMERGENCIES, emergency=key in EMERGENCIES,
        department_id=str(department or ""),
    )  # fmt: skip


def all_keys() -> frozenset[str]:
    """The categories that stand in some group; a test holds them equal to all that there are."""
    return frozenset(key for _title, keys in GROUPS for key in keys) & frozenset(CATEGORIES)
