"""Coded values of complaints and suggestions."""

from guanjia.sdk import Text

CHANNELS = {
    "hotline": Text("投诉热线", "Hotline"),
    "in_person": Text("当面", "In person"),
    "written": Text("书面", "In writing"),
    "staff": Text("员工转报", "Through a member of staff"),
    "online": Text("线上", "Online"),
}
MATTERS = {
    "service": Text("服务质量", "Quality of service"),
    "repair": Text("维修", "Repairs"),
    "security": Text("秩序与安全", "Security and order"),
    "cleaning": Text("保洁绿化", "Cleaning and greening"),
    "fees": Text("收费", "Fees"),
    "neighbours": Text("邻里", "Neighbours"),
    "building": Text("房屋质量", "Quality of the building"),
    "conduct": Text("员工行为", "Conduct of staff"),
    "other": Text("其他", "Other"),
}
CONDUCT = {
    "retaliation": Text("打击报复", "Retaliation"),
    "gifts": Text("收受财物", "Gifts taken"),
    "unlisted_charge": Text("私自收费", "Unlisted charges"),
    "rudeness": Text("态度恶劣", "Rudeness"),
}
VALIDITY = {"valid": Text("有效投诉", "Valid"), "not_valid": Text("无效投诉", "Not valid")}
SUGGESTION_DECISIONS = {"adopted": Text("采纳", "Adopted"), "not_adopted": Text("不采纳", "Not adopted")}
