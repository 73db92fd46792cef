"""A button pressed twice: every form of a page carries a key against that, or does the same once by itself."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from access.addresses import address, first_ids, routes
from access.people import World
from guanjia.db.session import tenant_session
from plugins.customer_service.models import ServiceRequest
from requests_made import PNG

FORM = re.compile(r"<form\b[^>]*method=\"post\"[^>]*>.*?</form>", re.DOTALL | re.IGNORECASE)
ACTION = re.compile(r"<form\b[^>]*\saction=\"([^\"]*)\"")

# Forms without a key, and why they need none.
ONCE_BY_THEMSELVES = {
    "the state allows it once": {
        "guanjia_pages.decide", "tenants_me.revoke_token", "tenants_me.end_session", "tenants_operator.change",
        "guanjia_pages.messages", "tenants_channels.replay", "guanjia_pages.step", "tenants_operator.factor_off",
    },
    "twice is as once": {
        "guanjia_pages.open_notice", "guanjia_pages.read_all", "tenants_me.password", "tenants_sign_in.enter",
        "tenants_sign_in.leave", "tenants_operator.sign_in", "tenants_operator.sign_out", "tenants_channels.notices",
        "tenants_factor.second_factor", "tenants_operator.factor", "guanjia_pages.dates",
    },
    "a look, and each is journaled": {
        "registry.reveal", "registry.reveal_identity", "registry.export_full", "registry.find", "customer_service.call",
    },
    "leads to a page that is sent with a key": {"tenants_rules.bulk", "tenants_rules.rule"},
    "its name is unique, or its secret is shown once": {
        "tenants_operator.companies", "tenants_me.tokens", "tenants_channels.new_webhook", "tenants_channels.rotate",
    },
    "a list is checked, and nothing is written yet": {"registry.import_list", "registry.import_again"},
}  # fmt: skip


def pages_of(world: World, start: str) -> set[str]:
    """Every address that begins so, with ids of the first office, and a case of each flow."""
    ids = first_ids(world.east, company_id=world.plans.rival.company_id, session_id=uuid4())
    urls = set()
    for method, rule in routes(world.app):
        if method == "GET" and rule.rule.startswith(start) and not rule.endpoint.startswith("guanjia_pages.case"):
            here = {"site_code": "east"} if rule.rule.startswith("/s/") else {}
            urls.add(address(world.app, rule, ids, **here))
    base = "/s/east" if start == "/s/" else start
    for flow in world.host.flows.values():
        if start in ("/s/", "/hq"):
            urls |= {
                f"{base}/{flow.plugin}/{flow.name}/{case_id}" for case_id in (world.east.ids.get(flow.key) or [])[:2]
            }
    return urls


def without_key(world: World, who: str, start: str) -> dict[str, str]:
    """endpoint → where a form without a key leads to it."""
    found: dict[str, str] = {}
    browser, adapter, forms = world.browser(who), world.app.url_map.bind("localhost"), 0
    for url in sorted(pages_of(world, start)):
        answer = browser.get(url)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for form in FORM.findall(answer.text):
            action = ACTION.search(form)
            endpoint, _values = adapter.match(
                urlsplit(unescape(action[1]) if action and action[1] else url).path, method="POST"
            )
            forms += 1
            if "_idempotency_key" not in form:
                found.setdefault(str(endpoint), url)
    assert forms > 5, (who, start)
    return found


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("who", "start"), [("manager", "/s/"), ("receptionist", "/me"), ("hq", "/hq"), ("operator", "/operator")]
)
def test_every_form_carries_a_key_or_says_why_not(world: World, who: str, start: str) -> None:
    found = without_key(world, who, start)
    known = {endpoint for endpoints in ONCE_BY_THEMSELVES.values() for endpoint in endpoints}
    assert set(found) <= known, {endpoint: url for endpoint, url in found.items() if endpoint not in known}


def test_a_report_with_a_picture_that_is_sent_twice_counts_once(world: World) -> None:
    def count() -> int:
        with tenant_session(world.plans.acme.company_id) as session:
            query = select(func.count()).select_from(ServiceRequest)
            return int(session.scalars(query.where(ServiceRequest.company_id == session.company_id)).one())

    def send(key: str, content: bytes) -> Any:
        form = {
            "_idempotency_key": key,
            "place": "门口",
            "category": "water_supply",
            "content": "积水",
            "photos": (io.BytesIO(content), "a.png"),
        }
        return world.browser("technician").post("/s/east/customer_service/request/new/report", form,
                                                content_type="multipart/form-data")  # fmt: skip

    before, key = count(), str(uuid4())
    answers = [send(key, PNG) for _n in range(3)]
    assert [answer.status_code for answer in answers] == [303] * 3, answers[0].text
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count() == before + 1
    assert send(key, PNG + b"another").status_code == 422
    assert send(str(uuid4()), PNG).status_code == 303
    assert count() == before + 2
