"""Figures for Prometheus: who may fetch them, what they count, and that no company stands in them."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

import office
from guanjia.app import create_app
from guanjia.db.session import tenant_session
from guanjia.errors import Refused
from guanjia.metrics import Outbox, serve_metrics
from guanjia.steps.models import OutboxMessage
from signed_in import browser

TOKEN = "scrape-me-and-nobody-else"


def figures(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scraped(company: office.Company) -> Any:
    """The text of `/metrics` of an installation that has a token, beside the company's own application."""
    config = replace(company.host.config, metrics_token=TOKEN)
    other = create_app(config, clock=company.host.clock, null_pool=True)

    def ask() -> str:
        answer = other.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        return str(answer.text)

    ask.app = other  # type: ignore[attr-defined]
    return ask


def test_only_whoever_has_the_token_gets_figures(company: office.Company, scraped: Any) -> None:
    assert company.app.test_client().get("/metrics").status_code == 404, "nothing is there without a setting"
    client = scraped.app.test_client()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 401 and "guanjia_" not in answer.text
    assert "guanjia_requests_total" in scraped()


def test_requests_steps_and_messages_are_counted(east: office.Office, scraped: Any) -> None:
    before = figures(scraped())
    browser(east, "receptionist").get("/s/east/customer_service/request?q=13987654321")
    desk = east.person("receptionist")
    desk.takes("registry.building.create", code="77", name="77栋", floors=3)
    home = str(east.household())
    form = {"household_id": home, "category": "pipe_leak", "content": "厨房水管", "within_capability": "yes"}
    desk.takes("customer_service.request.receive", None, form)
    with pytest.raises(Refused):
        desk.takes(
            "customer_service.request.receive", category="lamp", household_id=str(east.household())
        )  # lacks much
    east.company.settle()
    after, text = figures(scraped()), scraped()

    def grew(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0) - before.get(key, 0)

    assert grew("guanjia_requests_total", endpoint="/s/<site_code>/<plugin>/<flow>", method="GET", status="2xx") == 1
    assert grew("guanjia_request_seconds_count", endpoint="/s/<site_code>/<plugin>/<flow>") == 1
    assert grew("guanjia_steps_total", flow="registry.building", outcome="done") == 1
    assert grew("guanjia_steps_total", flow="customer_service.request", outcome="denied") == 1
    assert (
        sum(
            v
            for (name, labels), v in after.items()
            if name == "guanjia_messages_total" and ("outcome", "done") in labels
        )
        >= 1
    )
    for told in ("13987654321", "acme", str(east.company.plan.company_id), "east"):
        assert told not in text


def test_waiting_and_dead_messages_are_counted_over_all_companies(east: office.Office, scraped: Any) -> None:
    east.company.settle()
    company_id = east.company.plan.company_id
    with tenant_session(company_id, write=True) as session:
        some = session.query(OutboxMessage).filter(OutboxMessage.company_id == company_id).limit(3).all()
        ids = [row.id for row in some]
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.company_id == company_id, OutboxMessage.id.in_(ids))
            .values(state="dead")
        )
        session.commit()
    found = figures(scraped())
    assert found["guanjia_outbox_messages", (("state", "dead"),)] == len(ids) > 0
    assert found["guanjia_outbox_companies", ()] == found["guanjia_outbox_companies_counted", ()] == 2


def test_a_scrape_has_a_price_and_the_next_one_goes_on(company: office.Company) -> None:
    outbox = Outbox(company.app, company.host, budget=0)
    counted = []
    for _scrape in range(3):
        found = {family.name: family.samples[0].value for family in outbox.collect()}
        counted.append(found["guanjia_outbox_companies_counted"])
    assert counted == [1, 2, 2], "one company a scrape, those first that were counted longest ago"


def test_a_database_that_does_not_answer_leaves_the_figures_out(
    company: office.Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: Outbox) -> None:
        raise OSError("gone")

    monkeypatch.setattr(Outbox, "_look", fails)
    assert list(Outbox(company.app, company.host).collect()) == []


def test_a_port_of_its_own_needs_no_token(company: office.Company) -> None:
    assert serve_metrics(company.app, "") is None
    server = serve_metrics(company.app, "127.0.0.1:0")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5) as answer:
            assert b"guanjia_requests" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
