"""The demonstration's companies: sites, staff in every role, households, contractors, and different switches per site."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.sdk import Context
from plugins.demo.archive import ARTICLES
from plugins.registry.public import generate_households, load_generated
from tenants.founding import found_company, standard_roles
from tenants.public import department_of_site

PASSWORD = "guanjia-trial-2026"  # noqa: S105 - printed on purpose, for a database that holds nothing real
ADMIN = "admin"

# account suffix, role, scope (site, or the key of a department), Chinese names per site
STAFF: tuple[tuple[str, str, str, tuple[str, str]], ...] = (
    ("manager", "site_manager", "site", ("林国强", "周海燕")),
    ("head", "centre_head", "site", ("何淑芬", "沈立平")),
    ("assistant", "manager_assistant", "site", ("方晓东", "丁雅琴")),
    ("supervisor", "property_supervisor", "site", ("魏志刚", "孟庆华")),
    ("pm", "property_manager", "site", ("曹建军", "贺敏")),
    ("csm", "customer_service_supervisor", "site", ("罗慧", "邓佳")),
    ("desk", "receptionist", "site", ("陈静", "吴倩")),
    ("desk2", "receptionist", "site", ("许文丽", "蒋欣")),
    ("eng", "department_head", "engineering", ("赵永刚", "韩德明")),
    ("fix", "repair_technician", "engineering", ("刘师傅", "马师傅")),
    ("fix2", "repair_technician", "engineering", ("张铁军", "田宝山")),
    ("sec", "security_head", "security", ("雷震", "秦卫国")),
    ("sechead", "department_head", "security", ("雷震东", "秦勇")),
    ("park", "parking_attendant", "security", ("石磊", "侯军")),
    ("clean", "department_head", "cleaning", ("宋桂兰", "彭秀英")),
    ("area", "area_manager", "site", ("余涛", "董洁")),
    ("area2", "area_manager", "site", ("苏文", "傅强")),
    ("bld", "building_supervisor", "site", ("龚伟", "程亮")),
    ("pa", "property_assistant", "site", ("白雪", "江波")),
    ("arch", "archivist", "site", ("谭芳", "陆瑶")),
    ("cash", "cashier", "site", ("姚丽", "汪琴")),
    ("office", "supervision_office", "site", ("康宁", "毛杰")),
    ("dm", "department_manager", "site", ("钱进", "崔岩")),
)  # fmt: skip
COMPANY_STAFF: tuple[tuple[str, str, str], ...] = (
    ("leader", "company_leader", "高振华"),
    ("pmd", "property_department_manager", "任远"),
    ("quality", "quality_group", "金莉"),
    ("auditor", "auditor", "史明"),
)
SITES = (("huacheng", "花城管理处", "hc"), ("shuimu", "水木清华管理处", "sm"))


@dataclass
class Office:
    """One office of the demonstration: its site, and its people by account suffix."""

    id: UUID
    code: str
    name: str
    prefix: str
    people: dict[str, UUID] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    departments: dict[str, UUID] = field(default_factory=dict)
    households: list[UUID] = field(default_factory=list)
    contractor: UUID | None = None


@dataclass
class World:
    """The demonstration's company, its administrator, its offices, and the people at headquarters by account."""

    host: Host
    company_id: UUID
    admin: Context
    offices: list[Office]
    people: dict[str, UUID] = field(default_factory=dict)

    def at(self, office: Office, who: str, *, via: str = "demo") -> Context:
        """A member of staff of the office, or of headquarters, as caller there."""
        return Context(self.host, self.company_id, office.people.get(who) or self.people[who], office.id, via=via)


def build(host: Host) -> World:
    """Make company `demo` with its two offices, and company `other` that must never see it."""
    founded = found_company(host, code="demo", name="远洋物业示范公司", admin_account=ADMIN, admin_name="总部管理员",
                            admin_password=PASSWORD)  # fmt: skip
    admin = Context(host, founded.company_id, founded.admin_id, via="demo")
    region = admin.perform("tenants.org_unit.create", None, {"code": "south", "name": "华南区域"}).case_id
    offices = [_office(admin, region, position, *site) for position, site in enumerate(SITES)]
    people = {}
    for account, role, name in COMPANY_STAFF:
        people[account] = person = _hire(admin, account, name, None)
        admin.perform("tenants.assignment.create", None, {"staff_id": str(person), "role_key": role})
    world = World(host, founded.company_id, admin, offices, people)
    _catalogue(world)
    _archive(world)
    _switches(world)
    found_company(
        host, code="other", name="另一家物业公司", admin_account=ADMIN, admin_name="管理员", admin_password=PASSWORD
    )
    return world


def _office(admin: Context, region: UUID, position: int, code: str, name: str, prefix: str) -> Office:
    site = admin.perform("tenants.site.create", None, {
        "code": code, "name": name, "org_unit_id": str(region), "opens": "08:30", "closes": "18:00",
        "address": ("广州市天河区花城大道 1 号", "北京市海淀区清华东路 8 号")[position],
    })  # fmt: skip
    office = Office(site.case_id, code, name, prefix)
    with admin.at_site(office.id).reading() as loader:
        for key in ("engineering", "security", "cleaning", "service_centre"):
            found = department_of_site(loader, key)
            if found is not None:
                office.departments[key] = found
    for suffix, role, scope, names in STAFF:
        person = _hire(admin, f"{prefix}-{suffix}", names[position], office.id)
        where = office.id if scope == "site" else office.departments[scope]
        admin.perform(
            "tenants.assignment.create", None, {"staff_id": str(person), "role_key": role, "scope_id": str(where)}
        )
        office.people[suffix], office.names[suffix] = person, names[position]
    manager = Context(admin.host, admin.company_id, office.people["manager"], office.id, via="demo")
    load_generated(manager, generate_households(seed=position + 1, buildings=3, households=300))
    return office


def _hire(admin: Context, account: str, name: str, site_id: UUID | None) -> UUID:
    done = admin.perform("tenants.staff.create", None, {
        "account": account, "name": name, "password": PASSWORD, "must_change_password": False,
        "home_site_id": str(site_id) if site_id else None,
    })  # fmt: skip
    return done.case_id


def _catalogue(world: World) -> None:
    services = (
        ("leak", "水管渗漏维修", "Leak repair", "pipe_leak", "engineering", "urgent", False),
        ("drain", "疏通下水道", "Drain clearing", "drain_blocked", "engineering", "urgent", False),
        ("lamp", "更换灯管", "Lamp change", "lamp", "engineering", "urgent", False),
        ("lock", "门锁维修", "Lock repair", "door_lock", "engineering", "urgent", True),
        ("lighting", "电路照明维修", "Lighting repair", "power_lighting", "engineering", "ordinary", False),
        ("install", "设备安装", "Installation", "installation", "engineering", "ordinary", True),
        ("movein", "入住前清洁", "Cleaning before move-in", "move_in_cleaning", "cleaning", "move_in", True),
        ("cleaning", "室内清洁", "Indoor cleaning", "indoor_cleaning", "cleaning", "ordinary", True),
    )
    for code, zh, en, category, department, deadline, paid in services:
        world.admin.perform("customer_service.service.create", None, {
            "code": code, "title_zh": zh, "title_en": en, "category": category, "department_key": department,
            "deadline_class": deadline, "paid": paid,
        })  # fmt: skip
    today = world.host.clock.now().date()
    for office in world.offices:
        team = world.at(office, "manager").perform("customer_service.contractor.create", None, {
            "name": "明净玻璃工程队", "phone": "020-55550101", "categories": ["glass", "curtain"]})  # fmt: skip
        world.at(office, "manager").perform("customer_service.contractor.review", team.case_id, {
            "reviewed_on": today.replace(day=1).isoformat(), "review_result": "passed", "review_note": "资质与作业质量合格"})  # fmt: skip
        office.contractor = team.case_id


def _archive(world: World) -> None:
    for office in world.offices:
        for title, topic, body in ARTICLES:
            form = {"title": title, "topic": topic, "body": body}
            world.at(office, "desk").perform("customer_service.article.create", None, form)


def _switches(world: World) -> None:
    huacheng, shuimu = world.offices
    _set(world, huacheng, "花城对业主的承诺更严", {"rule": "customer_service.repair_deadline", "params": {"working_days": 2}},
         {"rule": "customer_service.revisit_after_completion", "params": {"within_hours": 12}})  # fmt: skip
    _set(world, shuimu, "水木清华急修延期由部门自行安排", {"rule": "customer_service.urgent_extension", "on": False},
         {"rule": "customer_service.single_intake", "params": {"intake_roles": ["receptionist", "property_assistant"]}},
         {"rule": "customer_service.handling_sheet_first", "on": False})  # fmt: skip


def _set(world: World, office: Office, reason: str, *rules: dict[str, object]) -> None:
    place = world.admin.at_site(office.id)
    with place.reading() as loader:
        today = loader.place.calendar.date_of(loader.now)
    world.admin.perform("tenants.rule_change.enter", None, {
        "scope_kind": "site", "scope_id": str(office.id), "from_day": today.isoformat(), "reason": reason,
        "rules": list(rules),
    })  # fmt: skip


def find_again(host: Host, company_id: UUID, admin_id: UUID) -> World:
    """The demonstration's world as it lies in the database from an earlier run."""
    from sqlalchemy import select

    from tenants.public import Site, Staff

    admin = Context(host, company_id, admin_id, via="demo")
    offices = []
    with tenant_session(company_id) as session:
        sites = {s.code: s for s in session.scalars(select(Site).where(Site.company_id == company_id))}
        staff = {s.account: s for s in session.scalars(select(Staff).where(Staff.company_id == company_id))}
    for code, name, prefix in SITES:
        office = Office(sites[code].id, code, name, prefix)
        for suffix, *_rest in STAFF:
            person = staff[f"{prefix}-{suffix}"]
            office.people[suffix], office.names[suffix] = person.id, person.name
        with admin.at_site(office.id).reading() as loader:
            for key in ("engineering", "security", "cleaning", "service_centre"):
                found = department_of_site(loader, key)
                if found is not None:
                    office.departments[key] = found
        offices.append(office)
    return World(host, company_id, admin, offices, {account: staff[account].id for account, *_rest in COMPANY_STAFF})


ROLES = {role["key"]: role["title_zh"] for role in standard_roles()}
