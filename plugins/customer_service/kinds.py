"""Coded values of service requests: kinds of work, categories, deadline classes, and which category means what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guanjia.sdk import Text

if TYPE_CHECKING:
    from guanjia.rules.rulebook import Rulebook

REPAIR, INSTALLATION, CLEANING, SECURITY, GREENING = "repair", "installation", "cleaning", "security", "greening"
KINDS = {
    REPAIR: Text("修理", "Repair"),
    INSTALLATION: Text("安装", "Installation"),
    CLEANING: Text("清洁", "Cleaning"),
    SECURITY: Text("秩序维护", "Security"),
    GREENING: Text("绿化", "Greening"),
}
ENGINEERED = (REPAIR, INSTALLATION)  # handled by clause 5.2; the others are services of clause 5.3
INDOOR_SERVICES = (CLEANING, SECURITY)

URGENT, ORDINARY, NEGOTIATED, MOVE_IN, AGREEMENT = "urgent", "ordinary", "negotiated", "move_in", "agreement"
DEADLINE_CLASSES = {
    ORDINARY: Text("一般（三个工作日）", "Ordinary (three working days)"),
    URGENT: Text("急修（二十四小时）", "Urgent (24 hours)"),
    NEGOTIATED: Text("协商期限", "Negotiated"),
    MOVE_IN: Text("入住前清洁", "Before move-in"),
    AGREEMENT: Text("按协议", "By agreement"),
}

CAPABILITY = {
    "yes": Text("能办理", "Yes"),
    "no": Text("不能办理", "No"),
    "unclear": Text("不能确定，请负责人定", "Unclear: the head decides"),
}

# category: (kind, department, deadline class, Chinese, English)
CATEGORIES: dict[str, tuple[str, str, str, str, str]] = {
    "pipe_leak": (REPAIR, "engineering", URGENT, "水管渗漏", "Leaking pipe"),
    "drain_blocked": (REPAIR, "engineering", URGENT, "下水道堵塞", "Blocked drain"),
    "toilet_blocked": (REPAIR, "engineering", URGENT, "便池堵塞", "Blocked toilet"),
    "lamp": (REPAIR, "engineering", URGENT, "换灯管", "Lamp change"),
    "door_lock": (REPAIR, "engineering", URGENT, "门锁损坏", "Broken door lock"),
    "power_lighting": (REPAIR, "engineering", ORDINARY, "配电照明", "Power and lighting"),
    "air_conditioning": (REPAIR, "engineering", ORDINARY, "空调", "Air conditioning"),
    "water_supply": (REPAIR, "engineering", ORDINARY, "给排水", "Water supply and drains"),
    "fire_equipment": (REPAIR, "engineering", ORDINARY, "消防设施", "Fire equipment"),
    "doors_windows": (REPAIR, "engineering", ORDINARY, "门窗", "Doors and windows"),
    "other_repair": (REPAIR, "engineering", ORDINARY, "其他修理", "Other repair"),
    "installation": (INSTALLATION, "engineering", ORDINARY, "安装", "Installation"),
    "outage_beyond_one_floor": (REPAIR, "engineering", URGENT, "停水停电停空调超出一层楼", "Outage beyond one floor"),
    "lift_failure": (REPAIR, "engineering", URGENT, "电梯故障", "Lift failure"),
    "burst_pipe": (REPAIR, "engineering", URGENT, "跑水", "Burst pipe or flooding"),
    "fire": (SECURITY, "security", URGENT, "火情", "Fire"),
    "crime": (SECURITY, "security", URGENT, "匪情", "Robbery or other crime"),
    "internal_equipment": (REPAIR, "engineering", NEGOTIATED, "公司内部设备故障", "Own equipment"),
    "internal_repair_or_cleaning": (
        REPAIR,
        "engineering",
        NEGOTIATED,
        "公司内部修理清洁",
        "Internal repair or cleaning",
    ),
    "leak_proofing": (REPAIR, "engineering", NEGOTIATED, "补漏工程", "Leak-proofing"),
    "move_in_cleaning": (CLEANING, "cleaning", MOVE_IN, "入住前清洁", "Cleaning before move-in"),
    "indoor_cleaning": (CLEANING, "cleaning", ORDINARY, "室内清洁", "Indoor cleaning"),
    "public_cleaning": (CLEANING, "cleaning", ORDINARY, "公共区域清洁", "Cleaning of public areas"),
    "indoor_security": (SECURITY, "security", ORDINARY, "室内秩序维护", "Indoor security"),
    "greening": (GREENING, "cleaning", ORDINARY, "绿化", "Greening"),
    "curtain": (REPAIR, "engineering", ORDINARY, "换窗帘", "Curtain change"),
    "glass": (REPAIR, "engineering", ORDINARY, "换玻璃", "Glass replacement"),
    "office_furniture": (REPAIR, "engineering", ORDINARY, "办公设备家具修理", "Office equipment and furniture"),
    "other": (REPAIR, "engineering", ORDINARY, "其他外派项目", "Other outside work"),
}
EMERGENCIES = ("outage_beyond_one_floor", "lift_failure", "burst_pipe", "fire", "crime")  # 5/5.1.3
OUTAGE = "outage_beyond_one_floor"
CATEGORY_LABELS = {key: Text(entry[3], entry[4]) for key, entry in CATEGORIES.items()}

SOURCES = {
    "phone": Text("电话", "Telephone"),
    "desk": Text("来访", "At the desk"),
    "written": Text("书面", "In writing"),
    "staff": Text("员工发现", "Found by staff"),
    "online": Text("线上", "Online"),
}

VISIT_STEPS = {
    "badge_worn": Text("佩戴工牌", "Badge worn"),
    "rang_or_knocked": Text("按门铃或轻敲门", "Rang or knocked"),
    "consent_given": Text("住户同意进门", "Resident agreed to entry"),
    "nothing_damaged": Text("未损坏住户物品", "Nothing of the resident's damaged"),
    "left_clean": Text("离开前已清理干净", "Place left clean"),
}

DELAY_CAUSES = {
    "work": Text("工作原因（材料、难度等）", "The work itself (parts, difficulty)"),
    "resident": Text("业主原因", "The resident's own reasons"),
}

MATTERS = {
    "ordinary": Text("一般问题", "Ordinary"),
    "major": Text("重大问题", "Major"),
    "cross_department": Text("跨部门问题", "Across departments"),
}


def kind_of(category: str) -> str:
    """The kind of work of a category."""
    return CATEGORIES[category][0]


def department_of(category: str) -> str:
    """The key of the department that does the category's work unless the catalogue says otherwise."""
    return CATEGORIES[category][1]


# The rule that sets the date of a class; of every other class it is the ordinary one.
REPAIR_DEADLINE = "customer_service.repair_deadline"
DEADLINE_RULES = {
    URGENT: "customer_service.urgent_24h",
    NEGOTIATED: "customer_service.negotiated_deadline",
    MOVE_IN: "customer_service.move_in_cleaning",
}


def deadline_class_of(category: str, rulebook: Rulebook | None = None) -> str:
    """The deadline class of a category: what the rules in force list as urgent or negotiated, else the usual one.

    A category that the site took off such a list is ordinary there. Where the rule is off its class stays, and the
    ordinary rule sets the date. Emergencies are urgent everywhere.
    """
    usual = CATEGORIES[category][2]
    if rulebook is None or category in EMERGENCIES:
        return usual
    for name in (URGENT, NEGOTIATED):
        if category in rulebook.params_of(DEADLINE_RULES[name]).get("categories", ()):
            return name
    return ORDINARY if usual in (URGENT, NEGOTIATED) and rulebook.is_on(DEADLINE_RULES[usual]) else usual
