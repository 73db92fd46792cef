"""Another company's and another site's ids answer like ids that do not exist, wherever they are put; nothing of theirs is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import Uuid
from werkzeug.routing import Rule

from access.addresses import address, first_ids, flow_of_api, is_api, nowhere, routes
from access.forms import KINDS, Cases, Forms, ids_in, posted, steps_of, switch_off
from access.outside import OUTSIDERS, Outsider, apart
from access.people import World
from access.world import PHONES, Place
from guanjia.api.shapes import bases
from guanjia.steps.flow import COMPANY

NOWHERE = UUID(int=0xDEAD)


@pytest.fixture(params=OUTSIDERS)
def outsider(world: World, request: pytest.FixtureRequest) -> Outsider:
    """Each of those who come from outside."""
    return Outsider(world, request.param)


def ids_of(outsider: Outsider, place: Place) -> dict[str, Any]:
    """Ids of a place for every kind that an address may name; what belongs to a whole company is of another one than
    the outsider's, unless the place is their own."""
    world = outsider.world
    who = {"rival": "rival_manager", "west": "west", "east": "manager"}[place.code]
    is_acme = (outsider.own.code == "rival") != (place is outsider.own)
    company = world.place("east" if is_acme else "rival")
    wide = {"tenants.company": company.plan.company_id, "tenants.role": company.spares["tenants.role"]}
    wide |= {
        kind: company.one(kind)
        for kind in ("tenants.calendar_year", "tenants.org_unit", "tenants.webhook", "webhook delivery")
    }
    return (
        first_ids(place, session_id=world.session_of(world.browser(who)))
        | wide
        | {"a site": company.spares["tenants.site"]}
    )


# ---------------------------------------------------------------------- in the address


def test_an_id_of_theirs_in_an_address_is_an_id_that_does_not_exist(outsider: Outsider) -> None:
    """Every route with an id: below the own place, and below theirs."""
    tried = 0
    for method, real, absent in _pairs(outsider):
        outsider.answers_alike(method, real, absent)
        tried += 1
    assert tried > 250
    outsider.world.no_faults()


def _pairs(outsider: Outsider) -> Iterator[tuple[str, str, str]]:
    world, own, theirs = outsider.world, outsider.own, outsider.hidden[0]
    ids = ids_of(outsider, theirs)
    none = nowhere(ids)

    def both(rule: Rule, **fixed: Any) -> tuple[str, str]:
        is_site = is_api(rule) and flow_of_api(rule) == "tenants.site"
        real, absent = (
            address(world.app, rule, i, **fixed, **({"case_id": i["a site"]} if is_site else {})) for i in (ids, none)
        )
        return real, absent

    for method, rule in routes(world.app):
        if (
            method == "DELETE"
            or rule.rule.startswith("/operator")
            or not any(a.endswith("_id") for a in rule.arguments)
        ):
            continue
        if "site_id" in rule.arguments:
            if len(rule.arguments) > 1:
                yield method, *both(rule, site_id=own.site_id)
            if method == "GET" or rule.rule.endswith(("/create", "/delete", "/files")):
                yield method, *both(rule)
        elif rule.rule.startswith("/s/"):
            yield method, *both(rule, site_code=own.site_code)
            if theirs.site_code != own.site_code:
                real, absent = (address(world.app, rule, ids, site_code=code) for code in (theirs.site_code, "none"))
                yield method, real, absent
        elif "plugin" in rule.arguments:  # headquarters: what belongs to a site that is not reached
            kind = {"plugin": "tenants", "flow": "department"}
            real, absent = (address(world.app, rule, i, **kind, case_id=i["tenants.department"]) for i in (ids, none))
            yield method, real, absent
        else:
            yield method, *both(rule)


@pytest.mark.parametrize("who", ["rival", "west"])
def test_the_generic_pages_of_every_flow_know_nothing_of_theirs(world: World, who: str) -> None:
    outsider = Outsider(world, who)
    own, ids = outsider.own, ids_of(outsider, outsider.hidden[0])
    for flow in world.host.flows.values():
        steps = [s.name for s in flow.steps.values() if not s.system_only and set(s.moves) - {None}]
        for start in (f"/s/{own.site_code}", *(["/hq"] if flow.level == COMPANY else [])):
            base = f"{start}/{flow.plugin}/{flow.name}"
            gets = ["", "/explain", f"/{steps[-1]}", *(f"/print/{d.key}" for d in flow.documents)]
            for method, ends in (("GET", gets), ("POST", [f"/{steps[0]}", f"/{steps[-1]}"])):
                for end in ends:
                    outsider.answers_alike(method, f"{base}/{ids[flow.key]}{end}", f"{base}/{NOWHERE}{end}")
    world.no_faults()


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_file_of_theirs_is_read(world: World, who: str) -> None:
    outsider = Outsider(world, who)
    theirs = outsider.hidden[0]
    for file_id in (theirs.one("file"), theirs.one("kept_file"), theirs.ids["kept_file"][-1]):
        for base in ("/files", f"/api/v1/sites/{outsider.own.site_id}/files", f"/api/v1/sites/{theirs.site_id}/files",
                     "/api/v1/company/files"):  # fmt: skip
            found, expected = outsider.get(f"{base}/{file_id}"), outsider.get(f"{base}/{NOWHERE}")
            assert found[0] == 404 and not apart(found, expected), f"{base}\n{apart(found, expected)}"


# ---------------------------------------------------------------------- in a query


def queries(outsider: Outsider) -> Iterator[tuple[str, str, str]]:
    """(address, parameter, kind of id) of whatever takes an id in its query."""
    own = outsider.own
    start = f"/s/{own.site_code}"
    desk, case = f"{start}/customer_service", own.one("customer_service.request")
    yield f"{desk}/intake", "household_id", "registry.household"
    yield f"{desk}/intake/household", "household_id", "registry.household"
    yield f"{desk}/intake/hints?category=lamp", "household_id", "registry.household"
    yield f"{desk}/intake/hints?category=lamp", "case_id", "customer_service.request"
    yield f"{desk}/board", "department", "tenants.department"
    yield f"{desk}/board", "worker", "tenants.staff"
    yield f"{start}/lookup/registry.household", "q", "registry.household"
    yield f"{start}/lookup/registry.unit", "q", "registry.unit"
    yield f"{desk}/request/{case}/note", "again", "guanjia.approval"
    yield f"{desk}/request/new/report", "photos", "file"
    yield "/notifications", "before", "notice"
    for flow in outsider.world.host.flows.values():
        for step in flow.steps.values():
            if step.creates and not step.system_only:
                for name in ids_in(step):
                    yield f"{start}/{flow.plugin}/{flow.name}/new/{step.name}", name, KINDS[name]
        for column in flow.columns:
            attribute = getattr(flow.model, column.name, None)
            if column.filter and attribute is not None and isinstance(attribute.type, Uuid):
                yield f"{start}/{flow.plugin}/{flow.name}", column.name, "tenants.staff"
                yield f"/api/v1/sites/{own.site_id}/{flow.plugin}/{flow.name}", column.name, "tenants.staff"


def test_an_id_of_theirs_in_a_query_is_an_id_that_does_not_exist(outsider: Outsider) -> None:
    tried = 0
    ids = ids_of(outsider, outsider.hidden[0])
    for url, name, kind in queries(outsider):
        join = "&" if "?" in url else "?"
        found, expected = (outsider.get(f"{url}{join}{name}={i}") for i in (ids[kind], NOWHERE))
        assert found[0] < 500 and not apart(found, expected), f"{url} {name}\n{apart(found, expected)}"
        tried += 1
    assert tried > 25
    outsider.world.no_faults()


def test_a_scope_of_theirs_cannot_be_chosen_for_rules(outsider: Outsider) -> None:
    theirs = outsider.hidden[0].site_id
    for base in ("/hq/rules", "/hq/rules/customer_service.single_intake"):
        found, expected = (outsider.get(f"{base}?scope=site:{i}") for i in (theirs, NOWHERE))
        assert found[0] == 404 and not apart(found, expected), f"{base}\n{apart(found, expected)}"
        form = {"from_day": "2026-12-24", "reason": "试", "rule": "customer_service.single_intake", "on": "true"}
        for url in ("/hq/rules/-/bulk", "/hq/rules/customer_service.single_intake"):
            found, expected = (outsider.post(url, form | {"scope": f"site:{i}"}) for i in (theirs, NOWHERE))
            assert found[0] == 404 and not apart(found, expected), f"{url}\n{apart(found, expected)}"


def test_searching_for_their_words_finds_nothing(outsider: Outsider) -> None:
    """A word that is theirs answers like one that is nobody's, in every list and lookup, on pages and by the API."""
    theirs, own = outsider.hidden[0], outsider.own

    for flow in outsider.world.host.flows.values():
        if not flow.search:
            continue
        urls = [
            f"/s/{own.site_code}/{flow.plugin}/{flow.name}",
            f"/api/v1/sites/{own.site_id}/{flow.plugin}/{flow.name}",
        ]
        if flow.level == COMPANY:
            urls = [f"/hq/{flow.plugin}/{flow.name}", *(urls if len(bases(flow)) > 1 else [])]
        for url in urls:
            for word, nobodys in ((theirs.mark, "密无"), (PHONES[theirs.code] + "0001", "13988880001")):
                found = outsider.get(f"{url}?q={quote(word)}", echo=word)
                expected = outsider.get(f"{url}?q={quote(nobodys)}", echo=nobodys)
                assert not apart(found, expected), f"{url}\n{apart(found, expected)}"
    for name in ("registry.household", "registry.unit"):
        for word in (theirs.mark, PHONES[theirs.code] + "0001", "0001"):
            outsider.get(f"/s/{own.site_code}/lookup/{name}?q={quote(word)}", echo=word)


# ---------------------------------------------------------------------- in a form


DESK = frozenset({"guanjia.task.done"})  # steps that only whoever owes it may take, rules or not


def test_an_id_of_theirs_in_a_form_is_an_id_that_does_not_exist(world: World, quiet: None) -> None:
    """Every id of every step's form, by page and API, with all rules off so that nothing else refuses it first."""
    tried = set()
    for who in ("west", "rival"):
        outsider, desk = Outsider(world, who), Outsider(world, f"{who}_desk")
        own, ids = outsider.own, ids_of(outsider, outsider.hidden[0])
        cases, forms = Cases(world, own), Forms(world, own)
        for flow, step in steps_of(world, forms_only=True):
            places = dict(bases(flow))
            if who == "west" and "site" not in places:
                continue  # headquarters' own, which nobody of an office reaches
            api = "/api/v1" + places.get("site", places.get("company", "")).replace("<uuid:site_id>", str(own.site_id))
            page = (
                f"/s/{own.site_code}/{flow.plugin}/{flow.name}"
                if "site" in places
                else f"/hq/{flow.plugin}/{flow.name}"
            )
            for name in ids_in(step):
                case_id = cases.ready(flow, step)
                api_url = f"{api}/{case_id}/{step.name}" if case_id else f"{api}/{step.name}"
                page_url = f"{page}/{case_id}/{step.name}" if case_id else f"{page}/new/{step.name}"
                asking = desk if step.key in DESK else outsider
                form = _without_files(forms.of(step, case_id))
                many = isinstance(forms.of(step)[name], list)
                answers = []
                for wish in (_their_id(ids, name), str(NOWHERE)):
                    sent = form | {name: [wish] if many else wish}
                    by_api = asking.post(api_url, sent, echo=wish)
                    assert by_api[0] in (403, 404, 422), (who, api_url, name, by_api)
                    answers.append((by_api, asking.post(page_url, posted(sent), echo=wish)))
                    if by_api[0] == 422:
                        assert f'"{name}"' in by_api[1], (who, api_url, name, by_api[1])
                        tried.add((step.key, name))
                for found, expected in zip(*answers, strict=True):
                    assert not apart(found, expected), f"{who} {api_url} {name}\n{apart(found, expected)}"
    every = {(step.key, name) for _flow, step in steps_of(world, forms_only=True) for name in ids_in(step)}
    assert tried == every, every - tried
    world.no_faults()


def _their_id(ids: dict[str, Any], name: str) -> str:
    return str(ids[KINDS[name]])


def _without_files(form: dict[str, Any]) -> dict[str, Any]:
    """The form without ids of files: each can be used once only."""
    return {name: value for name, value in form.items() if KINDS.get(name) != "file"}


@pytest.fixture
def quiet(world: World) -> None:
    """No rule is on at the offices of those who ask, and there is a request opened since."""
    for who, code in (("west", "west"), ("rival_manager", "rival")):
        switch_off(world, who, world.place(code))


# ---------------------------------------------------------------------- in what they see


@pytest.mark.parametrize("who", OUTSIDERS)
def test_nothing_of_theirs_stands_in_any_page_list_or_export(world: World, who: str) -> None:
    """All pages that somebody reaches with their own ids, and all that the API reads to them."""
    outsider, shown = Outsider(world, who), 0
    ids = ids_of(outsider, outsider.own)
    for method, rule in routes(world.app):
        if method != "GET" or rule.rule.startswith(("/operator", "/static", "/assets", "/language")):
            continue
        here = {"site_code": outsider.own.site_code} if rule.rule.startswith("/s/") else {}
        status, _text = outsider.get(address(world.app, rule, ids, **here))
        shown += status == 200
    for flow in world.host.flows.values():
        for start in (f"/s/{outsider.own.site_code}", "/hq"):
            base = f"{start}/{flow.plugin}/{flow.name}"
            for url in (base, f"{base}/export.xlsx"):
                status, _text = outsider.get(url)
                shown += status == 200
    assert shown > 100, shown
    world.no_faults()
