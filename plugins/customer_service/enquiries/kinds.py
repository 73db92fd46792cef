"""Coded values of enquiries: what they are about, and which department answers what with reception."""

from guanjia.sdk import Text

SECURITY, ENGINEERING, LEASING, OUTSIDE = "security", "engineering", "leasing", "outside"
SUBJECTS = {
    "service": Text("物业服务", "Services of the office"),
    "fees": Text("收费", "Fees"),
    "moving": Text("装修与搬家", "Fitting out and moving"),
    ENGINEERING: Text("工程设施", "Engineering"),
    SECURITY: Text("安全出入", "Security and access"),
    LEASING: Text("租赁", "Leasing"),
    "community": Text("社区活动与会所", "Community and clubhouse"),
    OUTSIDE: Text("非本物业事务（产权证、电话线等）", "Not this property's to answer (title deeds, telephone lines)"),
    "other": Text("其他", "Other"),
}
ANSWERS_WITH = {ENGINEERING: "engineering", SECURITY: "security", LEASING: "service_centre"}  # department's key
SOURCES = {
    "phone": Text("电话", "Telephone"),
    "desk": Text("来访", "At the desk"),
    "written": Text("书面", "In writing"),
    "staff": Text("员工当场受理", "Received by staff on the spot"),
    "online": Text("线上", "Online"),
}
TOPICS = {
    "numbers": Text("常用电话", "Useful numbers"),
    "engineering": Text("工程", "Engineering"),
    "concierge": Text("礼宾", "Concierge"),
    "clubhouse": Text("会所", "Clubhouse"),
    "finance": Text("财务收费", "Finance and fees"),
    "rules": Text("管理规约与办事指南", "House rules and guides"),
    "around": Text("周边", "Around the estate"),
    "other": Text("其他", "Other"),
}
DAILY, WEEKLY = "daily", "weekly"
REVIEWS = {DAILY: Text("每日查看", "Daily"), WEEKLY: Text("每周查看", "Weekly")}
