"""Jobs know one company: its id and a message's id together find a message, or nothing; and what a message names of another
company is what does not exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from access.outside import ID
from access.people import World
from access.world import MARKS, PHONES
from guanjia.db.base import Base, tenant_tables
from guanjia.db.session import tenant_session
from guanjia.jobs import queue
from guanjia.jobs.bulk_duties import DUE, MADE
from guanjia.jobs.handlers import HANDLERS
from guanjia.steps import outbox
from guanjia.steps.models import Deadline, OutboxMessage
from guanjia.words import words

_ = words("guanjia")
NOWHERE = UUID(int=0xDEAD)
_MOMENT = re.compile(r"datetime\.datetime\([^)]*\)|\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)")


def everything(world: World, company_id: UUID) -> dict[str, str]:
    """All rows of a company, by table and id."""
    names = {f"{key}_" for key in world.host.plugins}
    found = {}
    with tenant_session(company_id) as session:
        for mapper in Base.registry.mappers:
            model: Any = mapper.class_
            if model.__tablename__ in tenant_tables() and model.__tablename__.startswith(tuple(names)):
                query = select(*model.__table__.c).where(model.company_id == company_id)
                for row in session.execute(query):
                    found[f"{model.__tablename__} {row.id}"] = repr(tuple(row))
    assert len(found) > 100
    return found


def fresh(world: World, company_id: UUID, kind: str, payload: dict[str, Any], site_id: UUID | None = None) -> UUID:
    """A message of the company, due now."""
    with tenant_session(company_id, write=True) as session:
        now = world.host.clock.now()
        row = outbox.schedule(session, world.host, kind, payload, at=now, site_id=site_id)
        assert row is not None
        session.commit()
        return row.id


# ---------------------------------------------------------------------- the arguments of a job


def test_a_message_is_found_by_its_own_company_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """(company, message) mixed up does what a message that does not exist does: nothing."""
    monkeypatch.setitem(queue._opened, "app", world.app)
    acme, rival = world.plans.acme.company_id, world.plans.rival.company_id
    payload = {"deadline": str(world.east.one("deadline"))}
    message = fresh(world, acme, "deadline", payload, world.east.site_id)
    before = {company: everything(world, company) for company in (acme, rival)}
    for company_id, message_id in (
        (rival, message),
        (rival, NOWHERE),
        (acme, NOWHERE),
        (NOWHERE, message),
        (NOWHERE, NOWHERE),
    ):
        queue.carry_out(str(company_id), str(message_id))
    assert {company: everything(world, company) for company in (acme, rival)} == before
    world.host.relay.carry_out(acme, message)
    with tenant_session(acme) as session:
        assert session.get_one(OutboxMessage, (acme, message)).state == "done"  # its own company's job does it
    world.no_faults()


# ---------------------------------------------------------------------- what a message names


def messages(world: World) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(kind, payload with {id} where an id stands, kind of that id)."""
    request, rule = "customer_service.request", "customer_service.single_intake"
    base = {"rule": rule, "flow": request, "case": None, "step": f"{request}.note", "actor": None,
            "since": world.host.clock.now().isoformat()}  # fmt: skip
    told = {"message": _("Overdue").to_json(), "roles": [], "staff": [], "urgent": False, "at": None, "unless": [],
            "while_open": None, "repeat_hours": None}  # fmt: skip
    task = {
        "title": _("Overdue").to_json(),
        "role": "site_manager",
        "staff": None,
        "due_at": None,
        "met_by": [],
        "key": "",
    }
    act = {"step": f"{request}.withdraw", "case_id": None, "form": {"reason": "x"}, "at": None, "unless": []}
    yield "Notify", base | {"case": "{id}", "command": told | {"roles": ["site_manager"]}}, request
    yield "Notify", base | {"command": told | {"staff": ["{id}"]}}, "tenants.staff"
    yield "Notify", base | {"command": told | {"roles": ["site_manager"], "while_open": "{id}"}}, "deadline"
    yield (
        "Notify",
        base | {"case": "{id}", "command": told | {"roles": ["site_manager"], "unless": [f"{request}.note"]}},
        request,
    )
    yield "MakeTask", base | {"case": "{id}", "command": task}, request
    yield "MakeTask", base | {"case": "{id}", "command": task | {"met_by": [f"{request}.note"]}}, request
    yield "MakeTask", base | {"command": task | {"staff": "{id}", "role": None}}, "tenants.staff"
    yield "Perform", base | {"case": "{id}", "command": act | {"case_id": "{id}"}}, request
    yield (
        "Perform",
        base | {"command": act | {"step": "guanjia.task.late", "case_id": "{id}", "form": {}}},
        "guanjia.task",
    )
    yield "Perform", base | {"command": act | {"step": "tenants.assignment.create", "form": {
        "staff_id": "{id}", "role_key": "receptionist"}}}, "tenants.staff"  # fmt: skip
    yield "deadline", {"deadline": "{id}"}, "deadline"
    yield "task_due", {"task": "{id}"}, "guanjia.task"
    yield "approval", {"approval": "{id}"}, "guanjia.approval"
    yield "deliver", {"delivery": "{id}"}, "notice"
    for key in world.host.jobs:
        yield "job", {"job": key, "case": "{id}", "site": "{id}", "id": "{id}"}, request


def test_what_a_message_names_of_another_company_does_not_exist(world: World) -> None:
    acme, rival = world.plans.acme.company_id, world.plans.rival.company_id
    site = world.place("rival").site_id
    before, tried = everything(world, acme), set()
    for kind, payload, of in messages(world):
        theirs = world.east.one(of)
        outcomes = []
        for wish in (theirs, NOWHERE):
            sent = json.loads(json.dumps(payload).replace("{id}", str(wish)))
            message, known = fresh(world, rival, kind, sent, site), everything(world, rival)
            world.host.relay.carry_out(rival, message)
            with tenant_session(rival) as session:
                row = session.get_one(OutboxMessage, (rival, message))
                outcome = [row.state, row.attempts, _MOMENT.sub("<moment>", ID.sub("<id>", row.fault))]
            now = everything(world, rival)
            changed = [key for key in now if now[key] != known.get(key)]
            for key in changed:
                assert MARKS["east"] not in now[key] and PHONES["east"] not in now[key], now[key]
            outcomes.append((outcome, sorted(key.split()[0] for key in changed), len(known.keys() - now.keys())))
        assert outcomes[0] == outcomes[1], (kind, payload)
        tried.add(kind)
    assert everything(world, acme) == before
    by_themselves = {"duties", MADE, DUE}  # a company's own round: these name no ids
    if not world.host.jobs:  # a plugin's job is handed the company's own context, and no installed plugin has one
        by_themselves.add("job")
    assert tried == set(HANDLERS) - by_themselves
    world.faults.found.clear()  # what could not be carried out was logged, as it should be


def test_a_deadline_of_theirs_stays_open(world: World) -> None:
    """The one message that is harmful if it is believed: it would breach another company's deadline."""
    acme, rival = world.plans.acme.company_id, world.plans.rival.company_id
    with tenant_session(acme) as session:
        query = select(Deadline.id).where(Deadline.company_id == acme, Deadline.state == "open", Deadline.due_at.is_not(None),
                                          Deadline.breached_at.is_(None))  # fmt: skip
        theirs = session.scalars(query.order_by(Deadline.due_at)).first()
    assert theirs is not None
    world.host.clock.move(timedelta(days=20))
    world.host.relay.carry_out(rival, fresh(world, rival, "deadline", {"deadline": str(theirs)}))
    with tenant_session(acme) as session:
        assert session.get_one(Deadline, (acme, theirs)).breached_at is None
    world.host.relay.carry_out(acme, fresh(world, acme, "deadline", {"deadline": str(theirs)}))
    with tenant_session(acme) as session:
        assert session.get_one(Deadline, (acme, theirs)).breached_at is not None
