"""Roles and operations: what a step's permission shuts, and what is left to the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

import office
from access.forms import Cases, Forms, steps_of
from access.people import ACCOUNTS, Browser, World
from guanjia.api.shapes import bases
from guanjia.errors import NotFound
from guanjia.sdk import Context
from guanjia.steps.flow import Flow, Step

pytestmark = pytest.mark.parametrize(
    "world", ["sqlite"], indirect=True, scope="module"
)  # who may take a step does not depend on the database

OWNED = frozenset({"tenants.token"})  # cases that are there for their owner alone
PAGES = {  # what tells in a page that it leads to a hand-made one
    "registry.reveal": "/reveal", "registry.reveal_identity": "/identity",
    "registry.import_list": '/registry/import"', "registry.import_again": '/recheck"',
    "registry.export_full": "/registry/export/full", "customer_service.call": "/customer_service/call/",
    "tenants_me.tokens": "/me/tokens",
}  # fmt: skip
HOSTS_OWN = frozenset({"guanjia.retention", "guanjia.approval"})  # reasons that the host itself gives


def needed(flow: Flow, step: Step) -> tuple[str, ...]:
    """The permissions that a step asks for."""
    return tuple(dict.fromkeys(p for p in (flow.permission, step.permission) if p is not None))


def where(world: World, flow: Flow) -> tuple[str, str]:
    """(API, page) addresses of the flow's cases at the office, or of one that only headquarters has."""
    places = dict(bases(flow))
    api = places.get("site", places.get("company", "")).replace("<uuid:site_id>", str(world.east.site_id))
    return api, f"{'/s/east' if 'site' in places else '/hq'}/{flow.plugin}/{flow.name}"


def operation(base: str, step: Step, case_id: UUID | None, *, page: bool = False) -> str:
    """The address at which the step is taken."""
    return f"{base}/{case_id}/{step.name}" if case_id is not None else f"{base}/{'new/' if page else ''}{step.name}"


@pytest.fixture(scope="module")
def cases(world: World) -> Cases:
    """Cases of the first office."""
    return Cases(world, world.east)


class Holders:
    """People of the whole company who hold exactly the permissions that a test wants."""

    def __init__(self, world: World) -> None:
        self._world, self._made = world, dict[frozenset[str], str]()

    def of(self, permissions: frozenset[str]) -> str:
        """Somebody with these permissions and no others, under whose name the world knows them."""
        if permissions not in self._made:
            n, plan = len(self._made), self._world.plans.acme
            admin = Context(self._world.host, plan.company_id, plan.admin_id, via="cli")
            form = {
                "key": f"exact_{n}",
                "title_zh": f"试{n}",
                "title_en": f"Exact {n}",
                "permissions": sorted(permissions),
            }
            admin.perform("tenants.role.create", None, form)
            person = {
                "account": f"exact{n}",
                "name": f"试{n}",
                "password": office.PASSWORD,
                "must_change_password": False,
            }
            staff = admin.perform("tenants.staff.create", None, person).case_id
            admin.perform("tenants.assignment.create", None, {"staff_id": str(staff), "role_key": f"exact_{n}"})
            ACCOUNTS[f"exact{n}"] = ("acme", f"exact{n}")
            self._made[permissions] = f"exact{n}"
        return self._made[permissions]

    def without(self, permission: str) -> str:
        """Somebody with every permission but that one."""
        return self.of(frozenset(self._world.host.permissions) - {permission})


@pytest.fixture(scope="module")
def holders(world: World) -> Iterator[Holders]:
    """Makes them as they are asked for."""
    made = Holders(world)
    yield made
    for name in made._made.values():
        del ACCOUNTS[name]


# ---------------------------------------------------------------------- with a permission


def test_a_step_is_shut_without_each_of_its_permissions_and_open_with_them(
    world: World, cases: Cases, holders: Holders
) -> None:
    """The API says so before it looks at the form, and names the permission."""
    tried = 0
    for flow, step in steps_of(world):
        api, _page = where(world, flow)
        url, wanted = operation(api, step, cases.ready(flow, step)), needed(flow, step)
        if not wanted or (flow.key in OWNED and not step.creates):
            continue
        tried += 1
        for permission in wanted:
            answer = world.call("POST", url, holders.without(permission), json={"nonsense": 1})
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), (
                url,
                permission,
                answer.json,
            )
            assert str(world.host.permissions[permission].title.id) in answer.json["detail"], url
        answer = world.call("POST", url, holders.of(frozenset(wanted)), json={"nonsense": 1})
        assert answer.status_code == 422 and "nonsense" in answer.json["errors"], (url, wanted, answer.json)
    assert tried > 60
    world.no_faults()


def test_pages_hide_what_the_permission_shuts(world: World, cases: Cases, holders: Holders) -> None:
    """A button that somebody with all permissions sees is not there for somebody who lacks its own; its form is shut."""
    hidden = 0
    for flow, step in steps_of(world):
        if not needed(flow, step) or not step.on_page or (flow.key in OWNED and not step.creates):
            continue
        case_id = cases.ready(flow, step)
        _api, base = where(world, flow)
        form, shows = operation(base, step, case_id, page=True), f"{base}/{case_id}" if case_id else base
        missing = needed(flow, step)[-1]
        poor = world.browser(holders.without(missing))
        assert poor.get(form).status_code == 403, form
        assert not step.creates or poor.post(form).status_code == 403, form
        answer = poor.get(shows)
        if flow.permission == missing:
            assert answer.status_code == 403, shows
        elif _is_linked(world.browser("hq"), shows, step):
            hidden += 1
            assert not _links(answer.text, step), (shows, step.name)
    assert hidden > 25
    world.no_faults()


def _is_linked(browser: Browser, url: str, step: Step) -> bool:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return _links(answer.text, step)


def _links(html: str, step: Step) -> bool:
    plugin, _dot, flow = step.flow.partition(".")
    own = f"/{plugin}/{flow}/"
    if step.page is not None:
        return PAGES[step.page] in html
    return any(f"/{step.name}{end}" in part.split('"')[0] + '"' for part in html.split(own)[1:] for end in ('"', "?"))


def test_standard_roles_hold_the_permissions_that_name_them(world: World) -> None:
    """For every role of an office: exactly the permissions whose declaration names it, and none of company level."""
    host, plan = world.host, world.plans.acme
    for role, _scope in office.SITE_ROLES:
        with Context(host, plan.company_id, plan.staff[f"east-{role}"], world.east.site_id).reading() as loader:
            assert loader.actor is not None
            declared = {p.key for p in host.permissions.values() if role in p.roles and p.level != "company"}
            assert loader.actor.permissions == declared, role


# ---------------------------------------------------------------------- the system's own


def test_what_only_the_system_does_is_not_there_for_people(world: World) -> None:
    """Neither API nor pages have it, and a person's own call does not find it."""
    tried = 0
    for flow in world.host.flows.values():
        api, page = where(world, flow)
        case_id = Cases(world, world.east)._one(flow)
        for step in (s for s in flow.steps.values() if s.system_only):
            tried += 1
            for target in {None if step.creates else case_id, case_id}:
                for who in ("hq", "manager"):
                    assert world.call("POST", operation(api, step, target), who, json={}).status_code == 404, step
                    browser, url = world.browser(who), operation(page, step, target, page=True)
                    assert (browser.get(url).status_code, browser.post(url).status_code) == (404, 404), url
            hq = Context(world.host, world.plans.acme.company_id, world.plans.acme.admin_id, world.east.site_id)
            with pytest.raises(NotFound):
                hq.perform(step, None if step.creates else case_id, {})
    assert tried >= len(world.host.flows)
    world.no_faults()


# ---------------------------------------------------------------------- left to the rules


def test_without_a_permission_the_rules_alone_decide(world: World, cases: Cases) -> None:
    """Somebody who holds no permission at all takes every step that asks for none: it passes, waits, or a rule refuses it
    by name and clause; it is never forbidden."""
    outcomes: dict[str, int] = {"passed": 0, "refused": 0, "invalid": 0}
    forms = Forms(world, world.east)
    for flow, step in steps_of(world):
        api, _page = where(world, flow)
        if needed(flow, step) or not api.startswith("/sites/"):
            continue
        url = operation(api, step, cases.ready(flow, step))
        answer = world.call("POST", url, "guest", json=_own_files(world, forms.of(step)))
        assert answer.status_code in (200, 201, 202, 422), (url, answer.status_code, answer.json)
        if answer.status_code != 422:
            outcomes["passed"] += 1
        elif answer.json["type"] == "/problems/refused":
            outcomes["refused"] += 1
            for reason in answer.json["reasons"]:
                assert reason["rule"] in world.host.rules or reason["rule"] in HOSTS_OWN, (url, reason)
                assert reason["message"] and (reason["clauses"] or reason["rule"] in HOSTS_OWN), (url, reason)
        else:
            outcomes["invalid"] += 1
            assert answer.json["errors"], url
    assert outcomes["refused"] > 40 and outcomes["passed"] > 40 and outcomes["invalid"] * 10 < sum(outcomes.values()), (
        outcomes
    )
    world.no_faults()


def _own_files(world: World, form: dict[str, Any]) -> dict[str, Any]:
    """The form without files: those of the office are somebody else's."""
    return {name: value for name, value in form.items()
            if name not in ("photos", "files", "signature", "worker_signature", "resident_signature")}  # fmt: skip
