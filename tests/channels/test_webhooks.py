"""Webhooks for integrations: what is sent and signed, what happens when nobody answers, and what can be sent anew."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select

from channels.receivers import Came, Receiver, both, connect
from guanjia.channels.models import Delivery
from guanjia.channels.webhooks import key_of, new_secret
from guanjia.db.base import db
from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound, Refused
from guanjia.steps.models import JournalDetail, JournalEntry, OutboxMessage
from guanjia.testing import refusal
from office import Company, Office
from tenants.channels.models import Webhook

RECEIVE = "customer_service.request.receive"
TAKE = "tenants.webhook"


def hook(company: Company, outside: Receiver, *events: str, secret: str = "", **values: Any) -> UUID:
    """A program is connected."""
    form = {"title": "财务系统", "address": outside.url + "/hook", "events": list(events or ("customer_service.request.*",)),
            "sites": [], "secret": secret or new_secret()}  # fmt: skip
    return company.admin.perform("tenants.webhook.create", None, form | values).case_id


def verified(came: Came, secret: str) -> bool:
    """Whether the request is signed with the secret, worked out by hand."""
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return wanted in came.headers["webhook-signature"].split(" ")


def opened(site: Office) -> UUID:
    """A request is received by the front desk."""
    form = {"category": "power_lighting", "household_id": str(site.household(next(_households) % 6)), "content": "灯不亮",
            "within_capability": "yes", "phone": "13812345678", "resident_name": "张三"}  # fmt: skip
    return site.person("receptionist").takes(RECEIVE, None, form).case_id


_households = count()


def deliveries(company: Company) -> list[Delivery]:
    with tenant_session(company.plan.company_id) as session:
        query = select(Delivery).where(Delivery.company_id == session.company_id)
        return list(session.scalars(query.order_by(Delivery.created_at, Delivery.id)))


# -- what is sent ------------------------------------------------------------------------------------------


@both
def test_a_step_is_told_with_ids_and_values_and_signed(company: Company, east: Office, outside: Receiver) -> None:
    secret = new_secret()
    hook(company, outside, RECEIVE, secret=secret)
    case = opened(east)
    assert outside.came == [], "only after the commit, by the relay"
    company.settle()
    (came,) = outside.came
    body = came.json
    assert verified(came, secret) and not verified(came, new_secret())
    assert came.headers["webhook-timestamp"] == str(int(company.host.clock.now().timestamp()))
    assert body == {
        "id": body["id"], "type": RECEIVE, "step": RECEIVE, "at": "2026-11-16T01:10:00+00:00", "company": str(company.plan.company_id),
        "site": str(east.id), "case": str(case), "number": body["number"], "state": body["state"],
        "actor": str(east.person("receptionist").id),
    }  # fmt: skip
    assert body["number"].startswith("BX-2026-") and body["state"] and datetime.fromisoformat(body["at"]).tzinfo
    assert UUID(came.headers["webhook-id"]) == deliveries(company)[0].id
    assert "张三" not in came.body.decode() and "13812345678" not in came.body.decode() and came.path == "/hook"


def test_only_what_was_asked_for_is_told_and_once_each(
    company: Company, east: Office, west: Office, outside: Receiver
) -> None:
    hook(company, outside, "customer_service.request.note", sites=[str(east.id)])
    hook(company, outside, "*.note", "customer_service.*.note")
    here, there = opened(east), opened(west)
    east.person("receptionist").takes("customer_service.request.note", here, note="一")
    west.person("receptionist").takes("customer_service.request.note", there, note="二")
    company.settle()
    told = [came.json["case"] for came in outside.came]
    assert sorted(told) == sorted([str(here), str(here), str(there)])
    assert len({came.headers["webhook-id"] for came in outside.came}) == 3
    assert len({came.json["id"] for came in outside.came}) == 2, "both programs are told of the same event"


def test_a_step_that_is_denied_or_refused_is_not_told(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, "customer_service.*")
    case = opened(east)
    company.settle()
    before = len(outside.came)
    assert refusal(east.person("repair_technician").takes, "customer_service.request.start", case, {}) or True
    with pytest.raises((Refused, Invalid)):
        east.person("receptionist").takes("customer_service.request.note", case, note="")
    company.settle()
    assert len(outside.came) == before


def test_headquarters_own_acts_are_told_unless_sites_were_chosen(
    company: Company, east: Office, outside: Receiver
) -> None:
    hook(company, outside, "tenants.org_unit.create")
    hook(company, outside, "tenants.org_unit.create", sites=[str(east.id)])
    company.admin.perform("tenants.org_unit.create", None, {"code": "n", "name": "北区"})
    company.settle()
    (came,) = outside.came
    assert came.json["site"] is None and came.json["number"] is None


@both
def test_another_company_hears_nothing(company: Company, east: Office, outside: Receiver) -> None:
    form = {"title": "x", "address": outside.url, "events": ["*"], "secret": new_secret()}
    company.rival_admin.perform("tenants.webhook.create", None, form)
    opened(east)
    company.settle()
    assert [came.json for came in outside.came if came.json["company"] == str(company.plan.company_id)] == []


@both
def test_without_subscriptions_a_step_costs_no_further_statement(
    company: Company, east: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.steps import reactions

    case = opened(east)
    company.settle()
    counted: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        counted.append(statement)

    def note() -> int:
        counted.clear()
        east.person("receptionist").takes("customer_service.request.note", case, note="一")
        return len(counted)

    note()
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        with_hook = note()
        monkeypatch.setattr(reactions, "tell_subscribers", lambda _ctx, _case: None)
        assert note() == with_hook and with_hook > 3
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


# -- when it does not work ---------------------------------------------------------------------------------


@both
def test_what_fails_is_tried_again_with_the_same_id_and_body(company: Company, east: Office, outside: Receiver) -> None:
    secret = new_secret()
    hook(company, outside, RECEIVE, secret=secret)
    outside.fails_first(3)
    opened(east)
    company.settle()
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, sent.status) == ("waiting", 1, 500)
    company.later(minutes=20)
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, sent.status) == ("delivered", 4, 200)
    assert len({(came.headers["webhook-id"], came.body) for came in outside.came}) == 1
    assert len({came.headers["webhook-timestamp"] for came in outside.came}) == 4
    assert all(verified(came, secret) for came in outside.came)


def test_after_a_day_and_more_it_has_failed_and_can_be_sent_anew(
    company: Company, east: Office, outside: Receiver
) -> None:
    case = hook(company, outside, RECEIVE)
    outside.fails_first(9, 404)
    opened(east)
    company.later(hours=48)
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, len(outside.came)) == ("failed", 9, 9)
    company.admin.perform("tenants.webhook.replay", case, {"delivery": str(sent.id)})
    company.settle()
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, sent.round) == ("delivered", 1, 2)
    assert len({(came.headers["webhook-id"], came.body) for came in outside.came}) == 1


@both
def test_all_that_failed_since_a_moment_is_sent_anew(company: Company, east: Office, outside: Receiver) -> None:
    case = hook(company, outside, RECEIVE)
    connect(company, webhook_private=False)  # refused for good at the first attempt
    opened(east)
    company.later(minutes=1)
    since = company.host.clock.now()
    cases = [str(opened(east)), str(opened(east))]
    company.settle()
    assert [row.state for row in deliveries(company)] == ["failed"] * 3
    connect(company, webhook_private=True)
    company.admin.perform("tenants.webhook.replay_failed", case, {"since": since.isoformat()})
    company.settle()
    assert [row.state for row in deliveries(company)] == ["failed", "delivered", "delivered"]
    assert [came.json["case"] for came in outside.came[-2:]] == cases


def test_a_delivery_of_another_program_is_not_sent_anew(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    other = hook(company, outside, "customer_service.request.close")
    opened(east)
    company.settle()
    with pytest.raises(Invalid) as wrong:
        company.admin.perform("tenants.webhook.replay", other, {"delivery": str(deliveries(company)[0].id)})
    assert "delivery" in wrong.value.errors


def test_a_program_that_hangs_holds_nobody_up(
    company: Company, east: Office, outside: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.channels import outgoing

    calls: list[str] = []
    real = outgoing.post

    def hurried(url: str, *args: Any, **options: Any) -> Any:
        calls.append(url)
        return real(url, *args, **options, seconds=0.2)

    monkeypatch.setattr(outgoing, "post", hurried)
    hook(company, outside, RECEIVE)
    outside.hang = 1
    for _n in range(5):
        opened(east)
    company.settle()
    assert len(calls) == 1, "the others wait until the first one's next attempt"
    assert sorted(row.attempts for row in deliveries(company)) == [0, 0, 0, 0, 1]
    assert all(row.state == "waiting" for row in deliveries(company))
    outside.hang = 0
    company.later(hours=1)
    assert [row.state for row in deliveries(company)] == ["delivered"] * 5


def test_a_redirect_is_a_failure(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    outside.answers = lambda _came: (307, b"", {"Location": outside.url + "/inner"})
    opened(east)
    company.settle()
    (sent,) = deliveries(company)
    assert (sent.state, sent.status) == ("waiting", 307) and {came.path for came in outside.came} == {"/hook"}


def test_private_addresses_are_refused_when_it_is_sent(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    connect(company, webhook_private=False)
    opened(east)
    company.settle()
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, outside.came) == ("failed", 1, [])
    assert "private network" in sent.fault["id"]


@both
def test_a_message_delivered_twice_is_one_attempt(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    opened(east)
    company.settle()
    with tenant_session(company.plan.company_id, write=True) as session:
        query = select(OutboxMessage).where(
            OutboxMessage.company_id == session.company_id, OutboxMessage.kind == "deliver"
        )
        for row in session.scalars(query):
            row.state = "waiting"
        session.commit()
    company.host.relay._run_company(company.plan.company_id, company.host.clock.now())
    assert len(outside.came) == 1


# -- secrets -----------------------------------------------------------------------------------------------


@both
def test_a_new_secret_signs_beside_the_old_one_for_a_time(company: Company, east: Office, outside: Receiver) -> None:
    first, second, third = new_secret(), new_secret(), new_secret()
    case = hook(company, outside, RECEIVE, secret=first)

    def signers() -> list[bool]:
        opened(east)
        company.settle()
        return [verified(outside.came[-1], secret) for secret in (first, second, third)]

    assert signers() == [True, False, False]
    company.admin.perform("tenants.webhook.rotate", case, {"secret": second, "overlap_hours": 24})
    assert signers() == [True, True, False]
    company.later(hours=23)
    assert signers() == [True, True, False]
    company.admin.perform("tenants.webhook.rotate", case, {"secret": third, "overlap_hours": 1})
    assert signers() == [False, True, True], "two at most"
    company.later(hours=2)
    assert signers() == [False, False, True]
    company.admin.perform("tenants.webhook.rotate", case, {"secret": first, "overlap_hours": 0})
    assert signers() == [True, False, False]


def test_the_secret_is_sealed_and_nowhere_else(company: Company, east: Office, outside: Receiver) -> None:
    secret = new_secret()
    case = hook(company, outside, secret=secret)
    company.admin.perform("tenants.webhook.rotate", case, {"secret": new_secret(), "overlap_hours": 5})
    opened(east)
    company.settle()
    with tenant_session(company.plan.company_id) as session:
        row = session.get_one(Webhook, (session.company_id, case))
        here = session.company_id
        kept = [e.body for e in session.scalars(select(JournalEntry).where(JournalEntry.company_id == here))]
        kept += [str(d.body) for d in session.scalars(select(JournalDetail).where(JournalDetail.company_id == here))]
        kept += [str(m.payload) for m in session.scalars(select(OutboxMessage).where(OutboxMessage.company_id == here))]
        kept += [str(d.content) for d in session.scalars(select(Delivery).where(Delivery.company_id == here))]
    assert len(row.sealed_secrets) == 2 and secret not in str(row.sealed_secrets)
    assert not any(secret in text or row.sealed_secrets[1]["sealed"] in text for text in kept)


def test_a_secret_that_cannot_be_opened_is_told(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    connect(company, data_key="another key of thirty-two characters and more")
    opened(east)
    company.settle()
    (sent,) = deliveries(company)
    assert sent.state == "failed" and "Enter it anew" in sent.fault["id"]


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "whsec_" + "A" * 20, "AAAA" * 10, "whsec_" + "!" * 44])
def test_a_poor_secret_is_refused(company: Company, outside: Receiver, secret: str) -> None:
    with pytest.raises(ValueError):
        key_of(secret)
    with pytest.raises(Invalid):
        company.admin.perform("tenants.webhook.create", None, {
            "title": "x", "address": outside.url, "events": ["*"], "secret": secret})  # fmt: skip


# -- the register ------------------------------------------------------------------------------------------


def test_switched_off_nothing_more_is_sent(company: Company, east: Office, outside: Receiver) -> None:
    case = hook(company, outside, RECEIVE)
    outside.fails_first(1)
    opened(east)
    company.settle()
    company.admin.perform("tenants.webhook.retire", case, {})
    opened(east)
    company.later(hours=1)
    assert [row.state for row in deliveries(company)] == ["dropped"] and len(outside.came) == 1
    company.admin.perform("tenants.webhook.restore", case, {})
    opened(east)
    company.settle()
    assert len(outside.came) == 2


def test_a_test_event_is_sent_on_demand(company: Company, outside: Receiver) -> None:
    secret = new_secret()
    case = hook(company, outside, secret=secret)
    company.admin.perform("tenants.webhook.test", case, {})
    company.settle()
    (came,) = outside.came
    assert came.json["type"] == "guanjia.test" and came.json["case"] is None and verified(came, secret)


@pytest.mark.parametrize(
    ("field", "value"),
    [("address", "http://hooks.example.com/"), ("address", "https://user:pass@hooks.example.com/"), ("address", "ftp://x"),
     ("address", "https://"), ("address", "https://[::1/"), ("events", ["nothing.like.this"]), ("events", ["DROP TABLE"]), ("events", []),
     ("sites", ["00000000-0000-4000-8000-000000000001"])],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_entry(company: Company, outside: Receiver, field: str, value: Any) -> None:
    connect(company, webhook_private=False)
    good = {"address": "https://hooks.example.com/in"}
    hook(company, outside, **good)
    with pytest.raises(Invalid) as wrong:
        hook(company, outside, **(good | {field: value}))
    assert set(wrong.value.errors) == {field}


@both
def test_only_headquarters_connects_programs(company: Company, east: Office, outside: Receiver) -> None:
    with pytest.raises((Forbidden, NotFound)):
        east.person("site_manager").takes(
            f"{TAKE}.create", None, title="x", address=outside.url, events=["*"], secret=new_secret()
        )


@both
def test_old_deliveries_are_cleared(company: Company, east: Office, outside: Receiver) -> None:
    from guanjia.channels.outgoing import sweep

    hook(company, outside, RECEIVE)
    opened(east)
    company.settle()
    company.host.clock.move(timedelta(days=89))
    sweep(company.host, company.plan.company_id)
    assert len(deliveries(company)) == 1
    company.host.clock.move(timedelta(days=2))
    sweep(company.host, company.plan.company_id)
    assert deliveries(company) == []
