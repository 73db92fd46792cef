"""schemathesis reads the description of the API and sends what it allows, and what it does not: no answer is a fault of the
program, and each is one that the description tells of, in status, media type, headers and shape.

Bounded and repeatable: a few requests for each operation, from a fixed seed. Ids in the address are those of the test
company's first office, so that most requests come as far as the operation itself. GUANJIA_DRILL=full sends ten times as many.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from access.addresses import first_ids
from access.people import World

CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
TIMES = 10 if os.environ.get("GUANJIA_DRILL") == "full" else 1
ENOUGH = 30 * TIMES  # seconds, on a machine that is busy with other things too; about 25 on an idle one
MODES = {GenerationMode.POSITIVE: 2 * TIMES, GenerationMode.NEGATIVE: TIMES}
LAST = ("DELETE", "/retire", "/end", "/end_sessions", "/revoke", "/delete", "/change")  # what takes something away


def in_order(operations: list[APIOperation]) -> list[APIOperation]:
    """Reading comes first, then steps, then those that take something away from the others."""
    return sorted(
        operations, key=lambda o: (o.method.upper() != "GET", o.label.startswith(LAST) or o.label.endswith(LAST))
    )


def flow_of(path: str) -> str | None:
    """The flow whose cases an address names."""
    parts = path.removeprefix("/api/v1").replace("/sites/{site_id}", "/company").split("/")
    return f"{parts[2]}.{parts[3]}" if parts[1] == "company" and len(parts) > 3 and parts[2] != "files" else None


class Sent:
    """Sends cases as a person of headquarters, with ids that exist, and keeps what the checks found."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.statuses: Counter[int] = Counter()
        self.reached: set[str] = set()
        self.faults: dict[str, str] = {}
        rival = world.place("rival")
        self.ids = first_ids(world.east) | {"tenants.role": world.role_id("cashier")} | {
            "tenants.company": world.plans.acme.company_id, "site_id": world.east.site_id,
            "file_id": world.east.one("kept_file"), "notification_id": rival.one("notice"),
        }  # fmt: skip

    def send(self, operation: APIOperation, case: Case) -> None:
        """One request; what is wrong with its answer is remembered under the operation."""
        flow = flow_of(operation.path)
        for name in case.path_parameters or {}:
            known = self.ids.get(flow or "") if name == "case_id" else self.ids.get(name)
            if known is not None:
                case.path_parameters[name] = str(known)
        token = self.world.fresh_token("hq") if operation.label == "DELETE /api/v1/session" else self.world.token("hq")
        case.headers.update({"Authorization": f"Bearer {token}"})
        answer = case.call()
        self.statuses[answer.status_code] += 1
        if answer.status_code < 300 or answer.status_code in (409, 412, 422):
            self.reached.add(operation.label)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as found:
            why = "; ".join(f"{type(fault).__name__}: {str(fault)[:500]}" for fault in found.exceptions)
            self.faults.setdefault(
                operation.label, f"{answer.status_code} {why}\n{case.as_curl_command()[:600]}\n{answer.text[:600]}"
            )


def drive(sent: Sent, operation: APIOperation, *, hurry: bool = False) -> None:
    """The operation's share of requests; in a hurry the one that it allows."""
    for mode, times in ({GenerationMode.POSITIVE: 1} if hurry else MODES).items():
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Unsatisfiable:
            continue

        @seed(20261125)
        @settings(max_examples=times, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=strategy)
        def one(case: Case) -> None:
            sent.send(operation, case)

        try:
            one()
        except Unsatisfiable:  # nothing can be wrong with an address without parameters
            assert mode == GenerationMode.NEGATIVE, operation.label


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_every_answer_is_one_that_the_description_tells_of(world: World) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)
    operations = in_order([result.ok() for result in schema.get_all_operations()])
    sent, began = Sent(world), time.monotonic()
    for operation in operations:
        drive(sent, operation, hurry=time.monotonic() - began > ENOUGH)
    assert sent.faults == {}, "\n\n".join(f"{label}: {fault}" for label, fault in sent.faults.items())
    assert len(sent.reached) > 0.9 * len(operations), {o.label for o in operations} - sent.reached
    assert {200, 201, 204, 400, 401, 404, 409, 412, 422} <= set(sent.statuses), sent.statuses
    world.no_faults()


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wrong", ["status", "shape", "media type"])
def test_an_answer_that_is_not_described_is_found(world: World, wrong: str) -> None:
    document: dict[str, Any] = world.call("GET", "/openapi.json", "anonymous").json
    operation = document["paths"]["/api/v1/me"]["get"]
    document["paths"] = {"/api/v1/me": {"get": operation}}
    if wrong == "status":
        operation["responses"]["201"] = operation["responses"].pop("200")
    elif wrong == "shape":
        document["components"]["schemas"]["Me"]["properties"]["permissions"]["items"] = {"type": "integer"}
    else:
        operation["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    schema = schemathesis.openapi.from_dict(document)
    schema.app = world.app
    sent = Sent(world)
    for result in schema.get_all_operations():
        drive(sent, result.ok())
    assert list(sent.faults) == ["GET /api/v1/me"]
