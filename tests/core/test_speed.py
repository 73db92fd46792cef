"""What a request costs in statements and round trips: counted, never timed. More than this is a step back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from guanjia.jobs.duties import make_periodic
from guanjia.sdk import Context
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.possible import possible_steps
from guanjia.steps.view import buttons
from office import Company, Office

REQUEST = "customer_service.request"
STEPS = ("assign", "take", "start", "complete", "report_back", "return_unsolved")


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def intake(office: Office, n: int = 0) -> dict[str, Any]:
    return {"household_id": str(office.household(n % 3)), "category": "pipe_leak", "content": "Water under the sink",
            "within_capability": "yes"}  # fmt: skip


def test_an_intake_with_its_dispatch_takes_no_more_statements(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    desk.takes(f"{REQUEST}.receive", form=intake(east))
    with statements() as seen:
        desk.takes(f"{REQUEST}.receive", form=intake(east, 1))
    assert len(seen) <= 15, "\n".join(seen)


def test_a_list_takes_no_more_statements_for_fifty_rows_than_for_five(company: Company, east: Office) -> None:
    desk, flow = east.person("receptionist"), company.host.flow(REQUEST)
    found = []
    for many in (5, 12):
        while True:
            with desk.context.reading() as loader:
                rows = read_page(loader, flow, Query(states=flow.open_states, limit=50)).rows
            if len(rows) == many:
                break
            desk.takes(f"{REQUEST}.receive", form=intake(east, len(rows)))
        with desk.context.reading() as loader, statements() as seen:
            read_page(loader, flow, Query(states=flow.open_states, limit=50))
        found.append(len(seen))
    assert found[0] == found[1] <= 6


def test_the_possible_steps_of_a_list_take_no_further_statement_and_agree_with_the_buttons(
    company: Company, east: Office
) -> None:
    desk, head, flow = east.person("receptionist"), east.person("department_head"), company.host.flow(REQUEST)
    for n in range(3):
        desk.takes(f"{REQUEST}.receive", form=intake(east, n))
    desk.takes(f"{REQUEST}.receive", form=intake(east) | {"within_capability": "unclear"})  # not dispatched yet
    caller: Context = head.context
    with caller.reading() as loader:
        rows = [row.case for row in read_page(loader, flow, Query(states=flow.open_states, limit=50)).rows]
        possible_steps(loader, caller, flow, rows, STEPS)
    with caller.reading() as loader:
        rows = [row.case for row in read_page(loader, flow, Query(states=flow.open_states, limit=50)).rows]
        with statements() as seen:
            found = possible_steps(loader, caller, flow, rows, STEPS)
        assert seen == []
        for case, able in zip(rows, found, strict=True):
            shown = {v.step.name for v in buttons(loader, caller, flow, case) if v.enabled and v.step.name in STEPS}
            assert able == shown
        assert any(found) and len(set(found)) > 1


def test_a_second_round_of_duties_writes_nothing_of_tasks(company: Company) -> None:
    host, now = company.host, company.host.clock.now()
    make_periodic(host, company.plan.company_id, now)
    with statements() as seen:
        assert make_periodic(host, company.plan.company_id, now) == 0
    assert [s for s in seen if "insert into guanjia_task" in s.lower()] == []


def test_an_api_list_takes_no_more_round_trips(request: pytest.FixtureRequest, tmp_path: Any) -> None:
    """On the wire, warm; by way of the application's own role."""
    import servers
    from guanjia.app import create_app
    from guanjia.clock import Clock
    from guanjia.config import Config
    from guanjia.db.base import db
    from office import PASSWORD, START
    from round_trips import counted

    template, plan = request.getfixturevalue("postgres_template")
    server: servers.Postgres = request.getfixturevalue("postgres")
    owner = servers.clone(server.owner_url, template, "guanjia_test_trips")
    with counted(server.owner_url) as wire:
        url = wire.through(server.app_url(owner))
        config = Config(data_folder=tmp_path, database_url=url, owner_database_url=owner, secret_key="test only")
        app = create_app(config, clock=Clock(START))
        client = app.test_client()
        signed = client.post(
            "/api/v1/session", json={"company": "acme", "account": "east-receptionist", "password": PASSWORD}
        )
        headers = {"Authorization": f"Bearer {signed.json['token']}"}
        base = f"/api/v1/sites/{plan.sites['east']}/customer_service/request"

        def post() -> None:
            form = {"household_id": str(plan.households["east"][0]), "category": "pipe_leak", "content": "A leak",
                    "within_capability": "yes"}  # fmt: skip
            answer = client.post(f"{base}/receive", headers=headers, json=form)
            assert answer.status_code == 201, answer.text

        def read() -> None:
            answer = client.get(f"{base}?limit=50&state=dispatched", headers=headers)
            assert answer.status_code == 200 and json.loads(answer.data)["items"]

        for _ in range(7):
            post(), read()
        trips = (wire.of(read), wire.of(post))
        with app.app_context():
            db.engine.dispose()
    servers.drop(server.owner_url, "guanjia_test_trips")
    assert trips[0] <= 11 and trips[1] <= 22, trips
