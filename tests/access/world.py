"""The world of the access tests: three offices with a case of every flow, whose every word can be told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

import office
from enquiries_made import Enquiries
from guanjia.channels.models import Delivery
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.sdk import Context
from guanjia.steps import outbox
from guanjia.steps.models import Approval, Deadline, Notification, StoredFile, Task
from guanjia.testing import waiting
from plugins.customer_service.plugin import plugin as customer_service
from plugins.registry.models import Building, Household, ImportRun, PhoneExport, Resident, Unit
from plugins.registry.public import generate_households, load_generated
from plugins.registry.workbook import list_file
from requests_made import PNG, Requests
from tenants.models import Assignment, Department
from tenants.operators import create_operator

MARKS = {"east": "密东", "west": "密西", "rival": "密敌"}  # stand in every text of a place, and nowhere else
PHONES = {"east": "1391111", "west": "1392222", "rival": "1393333"}  # and these begin its phone numbers
PASSWORD = office.PASSWORD


TABLES: dict[str, type[Any]] = {
    **{flow.key: flow.model for flow in customer_service.flows}, "registry.building": Building, "registry.unit": Unit,
    "registry.household": Household, "registry.resident": Resident, "registry.import": ImportRun,
    "registry.phone_export": PhoneExport, "guanjia.approval": Approval, "guanjia.task": Task, "deadline": Deadline,
    "tenants.assignment": Assignment, "tenants.department": Department,
}  # fmt: skip


@dataclass
class Place:
    """One office: its company, and the ids of what it holds by kind (a flow's key, or site, file, deadline, …)."""

    code: str
    plan: office.Plan
    site_id: UUID
    site_code: str
    ids: dict[str, list[UUID]] = field(default_factory=dict)
    spares: dict[str, UUID] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """The word that marks all its texts."""
        return MARKS[self.code]

    def one(self, kind: str) -> UUID:
        """The first id of that kind."""
        return self.ids[kind][0]

    def all_ids(self) -> set[str]:
        """Every id that belongs to this place alone."""
        return {str(i) for found in self.ids.values() for i in found}


@dataclass
class Plans:
    """What the template database holds."""

    acme: office.Plan
    rival: office.Plan
    places: dict[str, Place]
    region_manager: UUID
    guest: UUID
    unit_id: UUID
    operator: str = "root"


def build(app: Flask, host: Host, acme: office.Plan) -> Plans:
    """Fill the test company's two offices and the rival's first one, and add a region, a guest and an operator."""
    rival = office.Plan(
        acme.other_id, acme.other_admin_id, acme.company_id, acme.admin_id, sites=dict(acme.other_sites)
    )
    admin = Context(host, acme.company_id, acme.admin_id, via="cli")
    unit = admin.perform("tenants.org_unit.create", None, {"code": "north", "name": "北区"}).case_id
    places = {
        "east": Place("east", acme, acme.sites["east"], "east"), "west": Place("west", acme, acme.sites["west"], "west"),
        "rival": Place("rival", rival, rival.sites["east"], "east"),
    }  # fmt: skip
    for place in places.values():
        _name_site(host, place, unit if place.code == "east" else None)
    _staff_of_rival(host, rival)
    region = _person(host, acme, "region", "区域主任", "site_manager", unit)
    admin.perform("tenants.role.create", None, {"key": "guest", "title_zh": "来宾", "title_en": "Guest"})
    guest = _person(host, acme, "east-guest", f"{MARKS['east']}来宾", "guest", acme.sites["east"])
    for place in places.values():
        _Filler(app, host, place).fill()
    create_operator(host, account="root", name="Root", password=PASSWORD)
    host.relay.run_due()
    for place in places.values():
        _collect(place)
    return Plans(acme, rival, places, region, guest, unit)


def _name_site(host: Host, place: Place, unit: UUID | None) -> None:
    admin = Context(host, place.plan.company_id, place.plan.admin_id, via="cli")
    admin.perform("tenants.site.change", place.site_id, {
        "code": place.site_code, "name": f"{place.mark}管理处", "opens": "08:30", "closes": "18:00",
        "org_unit_id": str(unit) if unit else None, "address": f"{place.mark}路1号",
    })  # fmt: skip
    for account, staff_id in list(place.plan.staff.items()):
        if account.startswith(f"{place.site_code}-"):
            admin.perform("tenants.staff.change", staff_id, {
                "account": account, "name": f"{place.mark}{account}", "home_site_id": str(place.site_id),
                "phone": f"{PHONES[place.code]}0000",
            })  # fmt: skip


def _person(
    host: Host, plan: office.Plan, account: str, name: str, role: str, scope: UUID, site: UUID | None = None
) -> UUID:
    admin = Context(host, plan.company_id, plan.admin_id, via="cli")
    staff = admin.perform("tenants.staff.create", None, {
        "account": account, "name": name, "password": PASSWORD, "must_change_password": False,
        "home_site_id": str(site) if site else None,
    }).case_id  # fmt: skip
    admin.perform("tenants.assignment.create", None, {"staff_id": str(staff), "role_key": role, "scope_id": str(scope)})
    return staff


def _staff_of_rival(host: Host, plan: office.Plan) -> None:
    """The rival's first office gets the same roles as those of the test company, and twelve households."""
    from tenants.public import department_of_site

    site = plan.sites["east"]
    with Context(host, plan.company_id, plan.admin_id, site).reading() as loader:
        for key in ("engineering", "security", "cleaning"):
            found = department_of_site(loader, key)
            assert found is not None
            plan.departments[f"east-{key}"] = found
    for role, scope in office.SITE_ROLES:
        account = f"east-{role}"
        where = site if scope == "site" else plan.departments[f"east-{scope}"]
        plan.staff[account] = _person(host, plan, account, f"{MARKS['rival']}{role}", role, where, site)
    manager = Context(host, plan.company_id, plan.staff["east-site_manager"], site, via="cli")
    load_generated(manager, generate_households(seed=9, buildings=1, households=12))
    with manager.reading() as loader:
        query = select(Household.id).where(Household.company_id == plan.company_id, Household.site_id == site,
                                           Household.occupancy != "vacant")  # fmt: skip
        plan.households["east"] = list(loader.session.scalars(query.order_by(Household.id)))


class _Filler:
    """Opens a case of every flow at one office, by the steps that people take."""

    def __init__(self, app: Flask, host: Host, place: Place) -> None:
        self.host, self.place, self.mark = host, place, place.mark
        company = office.Company(app, host, place.plan)
        self.office = office.Office(company, place.site_code, place.site_id)
        self.requests = Requests(self.office)

    def fill(self) -> None:
        self._registry()
        self._requests()
        self._front_desk()
        self._office()

    def by(self, who: str, key: str, case: UUID | None = None, /, **form: Any) -> UUID:
        return self.office.person(who).takes(key, case, form).case_id

    def keep(self, role: str, name: str, content: bytes) -> UUID:
        return self.host.files.keep(self.office.person(role).context, name, content)

    def _registry(self) -> None:
        desk = "receptionist"
        building = self.by(desk, "registry.building.create", code="9", name=f"{self.mark}楼", floors=9)
        rooms = [self.by(desk, "registry.unit.create", building_id=str(building), code=f"9-1-{n}01") for n in (1, 2, 3)]
        homes = [self.by(desk, "registry.household.create", unit_id=str(room), occupancy="owner", note=f"{self.mark}备注")
                 for room in rooms[:2]]  # fmt: skip
        people = [self.by(desk, "registry.resident.create", household_id=str(home), name=f"{self.mark}户主{n}", role="owner",
                          phone_number=f"{PHONES[self.place.code]}000{n}") for n, home in enumerate(homes, 1)]  # fmt: skip
        self.place.ids |= {"registry.building": [building], "registry.unit": [rooms[2], *rooms[:2]],
                           "registry.household": homes, "registry.resident": people}  # fmt: skip
        rows = [{"building": "9", "entrance": "1", "room": "301", "occupancy": "业主自住", "name": f"{self.mark}新户",
                 "role": "业主", "phone": f"{PHONES[self.place.code]}0009"}]  # fmt: skip
        lists = [list_file(rows), list_file([rows[0] | {"room": "???"}])]
        found = []
        for content in lists:
            file_id = self.keep("site_manager", "list.xlsx", content)
            found.append(self.by("site_manager", "registry.import.check", file=str(file_id)))
        self.place.ids["registry.import"] = found
        self.by("site_manager", "registry.phone_export.take", purpose=f"{self.mark}用途")

    def _requests(self) -> None:
        home = {"household_id": str(self.place.one("registry.household")), "content": f"{self.mark}内容",
                "resident_name": f"{self.mark}姓名", "phone": f"{PHONES[self.place.code]}0005"}  # fmt: skip
        photo = self.keep("receptionist", f"{self.mark}.png", PNG)
        made = self.requests
        made.reported(place=f"{self.mark}地下室", content=f"{self.mark}报修")
        made.undecided(photos=[str(photo)], **home)
        made.dispatched(**home)
        waits = made.opened("pipe_leak", **home)
        asked = {
            "until": made.after(hours=60),
            "cause": "work",
            "reason": f"{self.mark}等配件",
            "resident_consents": True,
        }
        waiting(self.office.person("repair_technician").takes, "customer_service.request.extend", waits, asked)
        made.in_progress(**home)
        made.finished(**home)
        made.handed_in(**home)
        mismatch = made.handed_in(**home)
        made.by("receptionist", "revisit", mismatch, answer=f"{self.mark}水还在滴", satisfied=False, agrees=False)
        back = made.opened(**home)
        made.by("department_head", "return_unsolved", back, reason=f"{self.mark}没有配件", explained=True)
        gone = made.dispatched(**home)
        made.by("receptionist", "withdraw", gone, reason=f"{self.mark}不要了")
        made.by(
            "site_manager",
            "bring_in",
            number=f"{self.mark}-7",
            received_at=made.after(days=-2),
            category="lamp",
            **home,
        )
        made.by("site_manager", "customer_service.takeover.series", series="sheet", year=2025, last=7)
        team = self.by("site_manager", "customer_service.contractor.create", name=f"{self.mark}工程队",
                       phone=f"{PHONES[self.place.code]}0006", categories=["lamp", "curtain"])  # fmt: skip
        self.by("site_manager", "customer_service.contractor.review", team, reviewed_on="2026-11-10", review_result="passed",
                review_note=f"{self.mark}评审")  # fmt: skip
        self.by("site_manager", "customer_service.service.create", code=f"svc-{self.place.code}", title_zh="换灯",
                title_en="Lamp", category="lamp", department_key="engineering", deadline_class="urgent")  # fmt: skip

    def _front_desk(self) -> None:
        desk = Enquiries(self.office)
        about = {"household_id": str(self.place.one("registry.household")), "enquirer_name": f"{self.mark}姓名",
                 "phone": f"{PHONES[self.place.code]}0007"}  # fmt: skip
        case = desk.open(content=f"{self.mark}咨询", **about)
        desk.by("receptionist", "remark", case, remark=f"{self.mark}备注")
        desk.by("receptionist", "enter", **desk.asked(content=f"{self.mark}咨询", answer=f"{self.mark}答复", **about))
        key = "customer_service"
        self.by(
            "receptionist", f"{key}.article.create", title=f"{self.mark}电话", topic="numbers", body=f"{self.mark}八八"
        )
        self.by(
            "property_supervisor", f"{key}.ledger_review.daily", plan=f"{self.mark}跟进", important=f"{self.mark}要事"
        )
        self.by("receptionist", f"{key}.visiting_desk.propose", organisation=f"{self.mark}所", purpose=f"{self.mark}咨询",
                place=f"{self.mark}园", starts_at=desk.after(days=2), ends_at=desk.after(days=3), contact=f"{self.mark}人")  # fmt: skip
        home = {"household_id": about["household_id"]}
        self.by("receptionist", f"{key}.complaint.record", content=f"{self.mark}投诉", matter="service",
                complainant=f"{self.mark}姓名", phone=f"{PHONES[self.place.code]}0008", **home)  # fmt: skip
        self.by("receptionist", f"{key}.suggestion.record", content=f"{self.mark}建议", name=f"{self.mark}姓名", **home)
        building = str(self.place.one("registry.building"))
        manager = str(self.place.plan.staff[f"{self.place.site_code}-area_manager"])
        self.by("site_manager", f"{key}.area.create", name=f"{self.mark}片区", manager_id=manager, buildings=[building])
        self.by("area_manager", f"{key}.visit.record", question=f"{self.mark}问题", reply_by=desk.after(days=2), **home)
        self.by("site_manager", f"{key}.visit_plan.enter", year=2026, plan=f"{self.mark}计划", assessment=f"{self.mark}考核",
                households=12)  # fmt: skip
        shift = self.by("receptionist", f"{key}.shift.begin", shift="day")
        self.by("receptionist", f"{key}.shift.write", shift, entry=f"{self.mark}记事")
        report = self.by("receptionist", f"{key}.monthly.draw_up", month="2026-10")
        self.by("receptionist", f"{key}.monthly.enter_use", report, remarks=f"{self.mark}备注")

    def _office(self) -> None:
        chief, site = "site_manager", self.place.site_code
        day = {"from_day": "2026-11-16", "reason": f"{self.mark}理由"}
        rule = {"rule": "customer_service.overdue_chased", "on": True}
        people = self.place.plan.staff
        self.place.ids |= {
            "tenants.department": [self.by(chief, "tenants.department.create", key=f"team_{self.place.code}",
                                           title_zh=f"{self.mark}部", title_en=f"{self.mark} team")],
            "tenants.absence": [self.by(chief, "tenants.absence.create", staff_id=str(people[f"{site}-centre_head"]),
                                        deputy_id=str(people[f"{site}-manager_assistant"]),
                                        from_at=self.requests.after(days=30), until_at=self.requests.after(days=31))],
            "tenants.calendar_day": [self.by(chief, "tenants.calendar_day.create", day="2027-05-20", kind="off",
                                             name=f"{self.mark}节")],
            "tenants.plugin_switch": [self.by(chief, "tenants.plugin_switch.create", plugin="demo", is_on=True)],
            "tenants.token": [self.by(chief, "tenants.token.create", name=f"{self.mark}令牌", until_day="2026-12-31",
                                      digest=sha256(self.mark.encode()).hexdigest())],
            "tenants.rule_change": [self.by(chief, "tenants.rule_change.enter", scope_kind="site",
                                            scope_id=str(self.place.site_id), rules=[rule], **day)],
            "tenants.staff": [people[f"{site}-{role}"] for role in ("repair_technician", "receptionist", "centre_head")],
            "tenants.site": [self.place.site_id],
            "file": [self.keep("site_manager", f"{self.mark}待用.png", PNG)],
        }  # fmt: skip
        robot = self.by(chief, "tenants.robot.create", title=f"{self.mark}群", kind="wecom", address="http://127.0.0.1:9/robot",
                        urgent=False, roles=["cashier"])  # fmt: skip
        self.place.ids |= {"tenants.robot": [robot], "group message": [self._sent("robot", robot, self.place.site_id)]}
        self._spares()
        admin = Context(self.host, self.place.plan.company_id, self.place.plan.admin_id, via="page")
        if self.place.code != "west":
            year = admin.perform("tenants.calendar_year.create", None, {"year": 2031}).case_id
            branch = admin.perform(
                "tenants.org_unit.create", None, {"code": "branch", "name": f"{self.mark}区"}
            ).case_id
            hook = {"title": f"{self.mark}程序", "address": "http://127.0.0.1:9/hook", "events": ["registry.unit.retire"],
                    "secret": "whsec_" + "MfKQ9r8G" * 6}  # fmt: skip
            made = admin.perform("tenants.webhook.create", None, hook).case_id
            self.place.ids |= {"tenants.calendar_year": [year], "tenants.org_unit": [branch], "tenants.webhook": [made],
                               "webhook delivery": [self._sent("webhook", made, None)],
                               "guanjia.message": [self._failed_message(), self._failed_message()]}  # fmt: skip

    def _failed_message(self) -> UUID:
        """A message about the office that nobody can carry out stands before headquarters."""
        company = self.place.plan.company_id
        with tenant_session(company, write=True) as session:
            at = self.host.clock.now()
            row = outbox.schedule(session, self.host, "unheard-of", {}, at=at, site_id=self.place.site_id)
            session.commit()
        assert row is not None
        form = {"message_id": str(row.id), "fault": "UnknownKind: unheard-of"}
        return self.host.system(company, "test").perform("guanjia.message.fail", None, form).case_id

    def _sent(self, kind: str, target: UUID, site: UUID | None) -> UUID:
        """A message that went out, to nobody."""
        with tenant_session(self.place.plan.company_id, write=True) as session:
            row = Delivery(
                id=self.host.ids.new(), company_id=session.company_id, site_id=site, kind=kind, target_id=target,
                origin=f"test:{target}", about="guanjia.test", content={"test": True}, state="delivered", attempts=1,
                status=200, took_ms=7, created_at=self.host.clock.now(), done_at=self.host.clock.now(),
            )  # fmt: skip
            session.add(row)
            session.commit()
            return row.id

    def _spares(self) -> None:
        """Somebody, a role and a site that tests may retire without anybody else losing ground."""
        plan, code = self.place.plan, self.place.code
        admin = Context(self.host, plan.company_id, plan.admin_id, via="page")
        person = {"account": f"spare-{code}", "name": f"{self.mark}备员", "password": PASSWORD}
        staff = self.by("site_manager", "tenants.staff.create", **person, home_site_id=str(self.place.site_id))
        role = admin.perform(
            "tenants.role.create", None, {"key": f"spare_{code}", "title_zh": "备用", "title_en": "Spare"}
        ).case_id
        given = self.by("site_manager", "tenants.assignment.create", staff_id=str(staff), role_key=f"spare_{code}")
        site = {"code": f"spare-{code}", "name": "备用管理处", "opens": "09:00", "closes": "17:00"}
        self.place.spares = {
            "tenants.staff": staff, "tenants.role": role, "tenants.assignment": given,
            "tenants.site": admin.perform("tenants.site.create", None, site).case_id,
        }  # fmt: skip


def _collect(place: Place) -> None:
    """The ids of all that the office holds; what was opened first for a kind stays first."""
    company = place.plan.company_id
    with tenant_session(company) as session:

        def ids(model: type[Any], *more: Any) -> list[UUID]:
            query = select(model.id).where(model.company_id == company, model.site_id == place.site_id, *more)
            return list(session.scalars(query.order_by(model.id)))

        for kind, model in TABLES.items():
            known = place.ids.get(kind, [])
            place.ids[kind] = [*known, *(i for i in ids(model) if i not in known)]
        place.ids["kept_file"] = ids(StoredFile, StoredFile.flow == "customer_service.request")
        desk = place.plan.staff[f"{place.site_code}-receptionist"]
        mine = select(Notification.id).where(Notification.company_id == company, Notification.staff_id == desk)
        place.ids["notice"] = list(session.scalars(mine.order_by(Notification.id)))
    assert all(place.ids.values()), {kind for kind, found in place.ids.items() if not found}
