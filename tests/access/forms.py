"""A valid form for every step of every flow, made from its schema; and what bad input each of its fields must refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from access.people import World
from access.world import Place
from guanjia.api.shapes import bases
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.steps.flow import Flow, Step
from plugins.customer_service.models import ServiceRequest
from tenants.settings.models import RuleChange

# what an id in a form points to, by the field's name; a name that is not here fails the tests that need it
KINDS = {
    "site_id": "tenants.site", "household_id": "registry.household", "unit_id": "registry.unit", "building_id": "registry.building",
    "department_id": "tenants.department", "worker_id": "tenants.staff", "contractor_id": "customer_service.contractor",
    "staff_id": "tenants.staff", "manager_id": "tenants.staff", "buildings": "registry.building",
    "deputy_id": "tenants.staff", "home_site_id": "tenants.site", "org_unit_id": "tenants.org_unit",
    "parent_id": "tenants.org_unit", "scope_id": "tenants.site", "photos": "file", "files": "file", "file": "file",
    "sites": "tenants.site", "delivery": "webhook delivery", "message": "group message",
    "signature": "file", "worker_signature": "file", "resident_signature": "file",
}  # fmt: skip
LONG_PASSWORD = "Correct horse 7 battery"
# values that the schema alone does not tell: by step and field, by flow and field, or by field
SPECIAL: dict[str, Any] = {
    "registry.building:code": "{n}", "registry.unit:code": "9-1-{n}", "phone_number": "13877770000",
    "identity_number": "11010519491231002X",
    "phone": "13877770000",
    "tenants.department:key": "team_{n}", "tenants.role:key": "role_{n}", "customer_service.service:code": "svc-{n}",
    "tenants.site:code": "site-{n}", "tenants.org_unit:code": "unit-{n}", "zone": "Asia/Shanghai", "opens": "08:30",
    "closes": "18:00", "account": "person{n}", "password": LONG_PASSWORD, "digest": "{hex}", "plugin": "customer_service",
    "is_on": True, "scopes": ["read"], "permissions": ["registry.edit"], "role_key": "cashier", "number": "纸-{n}",
    "until_day": "2026-12-31", "scope_kind": "site", "reviewed_on": "2026-11-10", "deputy_id": None, "locked_params": [],
    "rules": [{"rule": "customer_service.overdue_chased", "on": False}], "tenants.assignment.create:until_day": "2027-06-01",
    "tenants.assignment:scope_kind": "site",
    "from_at": "2027-03-01T09:00:00+08:00", "until_at": "2027-03-02T09:00:00+08:00", "received_at": "2026-11-15T09:00:00+08:00",
    "started_at": "2026-11-16T08:00:00+08:00", "finished_at": "2026-11-16T09:00:00+08:00", "exception": False,
    "second_factor_roles": ["cashier"], "password_level3": False, "session_idle_minutes": None, "session_absolute_hours": None,
    "tenants.robot:address": "http://127.0.0.1:9/robot", "tenants.webhook:address": "http://127.0.0.1:9/hook",
    "tenants.robot:secret": "SEC1",
    "events": ["customer_service.request.*"], "tenants.webhook:secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G",
    "tenants.robot:roles": ["site_manager"], "tenants.webhook:since": "2026-11-01T09:00:00+08:00", "tenants.robot:quiet_from": "21:30",
    "tenants.company:opens": "09:00", "must_change_password": False, "until": "2026-12-24T09:00:00+08:00",
    "starts_at": "2026-12-20T09:00:00+08:00", "ends_at": "2026-12-20T15:00:00+08:00", "reply_by": "2026-12-01T15:00:00+08:00",
    "customer_service.enquiry:subject": "service", "customer_service.visit_plan.enter:year": 2031,
    "customer_service.visit_plan.revise:year": 2026, "customer_service.monthly:month": "2026-09",
}  # fmt: skip

KEPT = {
    "tenants.site.change": ("code",), "tenants.department.change": ("key",), "tenants.role.change": ("key",),
    "tenants.plugin_switch.change": ("plugin",), "registry.building.change": ("code",),
}  # fmt: skip


@dataclass
class Forms:
    """Makes valid forms for steps taken at one office."""

    world: World
    place: Place
    n: int = field(default=100)

    def of(self, step: Step, case_id: UUID | None = None) -> dict[str, Any]:
        """A form that the step's schema loads, every field filled; what cannot change stays as the case has it."""
        self.n += 1
        form = {} if step.form is None else self._schema(step, step.form().fields)
        for name in KEPT.get(step.key, ()) if case_id is not None else ():
            company = self.place.plan.company_id
            with tenant_session(company) as session:
                form[name] = getattr(session.get_one(self.world.host.flow(step.flow).model, (company, case_id)), name)
        return form

    def _schema(self, step: Step, found: Mapping[str, fields.Field[Any]]) -> dict[str, Any]:
        return {name: self.value(step, name, f) for name, f in found.items()}

    def value(self, step: Step, name: str, f: fields.Field[Any]) -> Any:
        """A value that the field takes, as JSON has it."""
        for key in (f"{step.key}:{name}", f"{step.flow}:{name}", name):
            if key in SPECIAL:
                return self._filled(SPECIAL[key])
        if isinstance(f, fields.UUID):
            return str(self.place.one(KINDS[name]))
        if isinstance(f, fields.List):
            return [self.value(step, name, f.inner)]
        if isinstance(f, fields.Nested):
            return self._schema(step, f.schema.fields)
        choices = choices_of(f)
        if choices:
            return choices[0]
        now = self.world.host.clock.now()
        for kind, value in (
            (fields.Boolean, True), (fields.Integer, _least(f)), (fields.Decimal, "1.5"), (fields.Time, "09:00"),
            (fields.AwareDateTime, (now + timedelta(hours=3)).isoformat()), (fields.Date, "2027-05-21"), (fields.String, "文字"),
            (fields.Mapping, {}),
        ):  # fmt: skip
            if isinstance(f, kind):
                return value
        raise AssertionError(f"{step.key}: say in access/forms.py what {name} ({type(f).__name__}) takes")

    def _filled(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.replace("{n}", str(self.n)).replace("{hex}", f"{self.n:064x}")


def choices_of(f: fields.Field[Any]) -> list[Any]:
    """What may be chosen, where a validator says so."""
    return [choice for check in f.validators if isinstance(check, validate.OneOf) for choice in check.choices]


def _least(f: fields.Field[Any]) -> int:
    return next((int(c.min) for c in f.validators if isinstance(c, validate.Range) and c.min is not None), 1)


def steps_of(world: World, *, forms_only: bool = False) -> Iterator[tuple[Flow, Step]]:
    """Every step that people take, in every flow."""
    for flow in world.host.flows.values():
        for step in flow.steps.values():
            if step.moves and not step.system_only and (step.form is not None or not forms_only):
                yield flow, step


def ids_in(step: Step) -> list[str]:
    """The fields of the step's form that hold ids, or lists of ids."""
    found = step.form().fields if step.form is not None else {}
    return [n for n, f in found.items() if isinstance(f.inner if isinstance(f, fields.List) else f, fields.UUID)]


class Cases:
    """Cases in the state that a step starts from: one of each flow, put back into that state each time."""

    def __init__(self, world: World, place: Place) -> None:
        self.world, self.place = world, place
        self._kept: dict[str, UUID] = {}

    def ready(self, flow: Flow, step: Step) -> UUID | None:
        """A case of the office in which the step exists; None for a step that opens one."""
        if step.creates:
            return None
        case_id = self._kept.setdefault(flow.key, self._one(flow))
        wanted = next(state for state in step.moves if state is not None)
        company = self.place.plan.company_id
        with tenant_session(company, write=True) as session:
            row = session.get_one(flow.model, (company, case_id))
            if row.state not in step.moves:
                row.state = wanted
            if isinstance(row, ServiceRequest):
                row.mismatch_open, row.matter, row.sheet_opened_at, row.deadline_class = (
                    True,
                    "major",
                    None,
                    "negotiated",
                )
            if isinstance(row, RuleChange):
                row.asked = [{"rule": "customer_service.overdue_chased", "on": False}]
            session.commit()
        return case_id

    def use(self, flow: str, case_id: UUID) -> None:
        """Take that case of the flow from now on."""
        self._kept[flow] = case_id

    def _one(self, flow: Flow) -> UUID:
        if flow.key == "tenants.company":
            return self.place.plan.company_id
        return self.place.spares.get(flow.key) or self.place.one(flow.key)


def posted(form: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON form as a browser would post it."""
    found: dict[str, Any] = {}
    for name, value in form.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for n, row in enumerate(value):
                found |= {f"{name}-{n}-{column}": text for column, text in posted(row).items()}
        elif isinstance(value, bool):
            found |= {name: "true"} if value else {}
        elif isinstance(value, list):
            found[name] = [str(item) for item in value]
        elif value is not None:
            found[name] = str(value)
    return found


def switch_off(world: World, who: str, place: Place) -> UUID:
    """No rule is on at the office from now on; answers with a request that was opened since."""
    host = world.host
    rules = [{"rule": key, "on": False} for key, rule in host.rules.items() if rule.switched]
    world.takes(who, "tenants.rule_change.enter", None, place, scope_kind="site", scope_id=str(place.site_id),
                from_day=host.clock.now().date().isoformat(), reason="试", rules=rules)  # fmt: skip
    host.clock.move(timedelta(seconds=1))
    home = str(place.one("registry.household"))
    case = world.takes(who, "customer_service.request.receive", None, place, category="lamp", household_id=home).case_id
    place.ids["customer_service.request"].insert(0, case)
    _bring_under_its_rules(host, place, case)
    return case


def _bring_under_its_rules(host: Host, place: Place, request: UUID) -> None:
    """The office's older cases are decided by the rules of the new request, too: a test does not wait for a step of each."""
    company = place.plan.company_id
    with tenant_session(company, write=True) as session:
        rules = session.get_one(ServiceRequest, (company, request)).rulebook_id
        for flow in host.flows.values():
            if flow.plugin == "customer_service":
                ids = place.ids[flow.key]
                for row in session.scalars(
                    select(flow.model).where(flow.model.company_id == company, flow.model.id.in_(ids))
                ):
                    row.rulebook_id = rules
        session.commit()


class Tried:
    """Steps at the first office, as headquarters' administrator takes them."""

    def __init__(self, world: World) -> None:
        self.world, self.cases, self.forms = world, Cases(world, world.east), Forms(world, world.east)

    def each(self) -> Iterator[tuple[Flow, Step, str, str, dict[str, Any]]]:
        """(flow, step, address of the API, address of the page, valid form) of every step with a form."""
        for flow, step in steps_of(self.world, forms_only=True):
            api, page, case_id = self.place(flow, step)
            yield flow, step, api, page, self.forms.of(step, case_id)

    def place(self, flow: Flow, step: Step) -> tuple[str, str, Any]:
        """Where the step is taken, with its case put into the state from which it starts."""
        places, case_id = dict(bases(flow)), self.cases.ready(flow, step)
        api = places.get("site", places.get("company", "")).replace("<uuid:site_id>", str(self.world.east.site_id))
        page = f"{'/s/east' if 'site' in places else '/hq'}/{flow.plugin}/{flow.name}"
        end = f"/{case_id}/{step.name}" if case_id else f"/{step.name}"
        return api + end, page + (end if case_id else f"/new{end}"), case_id
