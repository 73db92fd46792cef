"""Messages that failed: shown to headquarters without what they were about, tried again or given up, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

import office
from guanjia.errors import Forbidden, NotFound, WrongState
from guanjia.jobs.handlers import HANDLERS
from guanjia.jobs.relay import MAX_ATTEMPTS
from guanjia.manifest import Job
from guanjia.sdk import Perform, allow, deny
from guanjia.steps import outbox
from guanjia.steps.messages import messages
from guanjia.steps.models import FailedMessage, JournalDetail, JournalEntry, OutboxMessage
from office import Company, Office
from probe import PARCEL, Parcel, answering, rows, say
from signed_in import SignedIn, words_of
from tenants.operators import list_companies
from tenants.sign_in import sign_in

SECRET = "张三 13800000000"
RETRY, DROP = f"{messages.key}.retry", f"{messages.key}.drop"


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels; the template's own messages are carried out."""
    probed.settle()
    return probed


class Handler:
    """A handler that raises until it is mended."""

    def __init__(self) -> None:
        self.fault: Exception | None = ValueError(SECRET)
        self.done = 0

    def __call__(self, _host: Any, _company: UUID, _row: OutboxMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.done += 1


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handler]:
    found = Handler()
    monkeypatch.setitem(HANDLERS, "probe", found)
    yield found


def post(company: Company, kind: str = "probe", **payload: Any) -> UUID:
    from guanjia.db.session import tenant_session

    with tenant_session(company.plan.company_id, write=True) as session:
        at = company.host.clock.now()
        row = outbox.schedule(session, company.host, kind, payload, at=at, site_id=company.plan.sites["east"])
        outbox.light_beacons(session, company.host)
        session.commit()
        assert row is not None
        return row.id


def until_given_up(company: Company) -> None:
    for _attempt in range(MAX_ATTEMPTS):
        company.settle()
        company.host.clock.move(timedelta(hours=2))
    company.settle()


def failed(company: Company, state: str = "failed") -> list[FailedMessage]:
    return rows(company, FailedMessage, FailedMessage.state == state)


def message(company: Company, found: UUID) -> OutboxMessage:
    return rows(company, OutboxMessage, OutboxMessage.id == found)[0]


def headquarters(company: Company) -> SignedIn:
    company.app.config["WTF_CSRF_ENABLED"] = False
    opened = sign_in(company.host, company="acme", account="admin", password=office.PASSWORD, address="::1")
    client = company.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = opened.signed_in.get_id(), True
    client.set_cookie("guanjia_language", "en")
    return SignedIn(client, "/hq")


def test_headquarters_sees_what_failed_and_tries_it_again(company: Company, handler: Handler) -> None:
    found = post(company)
    until_given_up(company)
    (case,) = failed(company)
    assert (case.message_id, case.kind, case.fault, case.attempts) == (found, "probe", "ValueError", MAX_ATTEMPTS)
    assert (message(company, found).state, case.place_id) == ("dead", company.plan.sites["east"])
    handler.fault = None
    company.admin.perform(RETRY, case.id)
    company.settle()
    assert (message(company, found).state, handler.done) == ("done", 1)
    assert [c.id for c in failed(company, "retried")] == [case.id] and failed(company) == []
    with pytest.raises(WrongState):
        company.admin.perform(RETRY, case.id)
    company.settle()
    assert handler.done == 1


def test_what_fails_again_stands_there_anew(company: Company, handler: Handler) -> None:
    found = post(company)
    until_given_up(company)
    company.admin.perform(RETRY, failed(company)[0].id)
    until_given_up(company)
    (again,) = failed(company)
    assert (again.message_id, len(failed(company, "retried"))) == (found, 1)
    assert message(company, found).attempts == MAX_ATTEMPTS


def test_what_is_given_up_is_never_carried_out_and_its_reason_is_kept(company: Company, handler: Handler) -> None:
    found = post(company)
    until_given_up(company)
    (case,) = failed(company)
    company.admin.perform(DROP, case.id, {"reason": "no longer needed"})
    handler.fault = None
    company.later(days=3)
    assert (message(company, found).state, handler.done) == ("dropped", 0)
    steps = rows(company, JournalEntry, JournalEntry.case_id == case.id)
    assert [(e.step.rpartition(".")[2], e.actor_id) for e in steps] == [("fail", None), ("drop", company.plan.admin_id)]
    details = [d.body for d in rows(company, JournalDetail) if d.id == steps[1].id]
    assert "no longer needed" in str(details)


def test_no_fault_tells_what_the_message_held(company: Company, handler: Handler) -> None:
    found = post(company, name=SECRET)
    until_given_up(company)
    (case,) = failed(company)
    kept = [message(company, found).fault, case.fault, *(e.body for e in rows(company, JournalEntry))]
    browser = headquarters(company)
    pages = [browser.page(path) for path in ("/messages", f"/guanjia/message/{case.id}", "/guanjia/message", "/")]
    for text in (*kept, *pages):
        assert "张三" not in text and "1380000" not in text
    assert str(case.message_id) in pages[1] and "ValueError" in pages[0]


def test_a_refused_step_is_told_by_its_rule_and_leads_to_its_case(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    case = desk.takes(f"{PARCEL}.take", weight_g=500).case_id
    wanted = [Perform(step=f"{PARCEL}.lose", case_id=case)]
    with answering(
        told=lambda _event: wanted, third=lambda act, **_f: deny(say("No.")) if act.step.endswith("lose") else allow()
    ):
        desk.takes(f"{PARCEL}.weigh", case, weight_g=6)
        until_given_up(company)
        (found,) = failed(company)
        assert (found.fault, found.about_flow, found.about_id) == ("Refused: probe.third", PARCEL, case)
        page = headquarters(company).page("/messages")
    assert f"/s/east/probe/parcel/{case}" in page
    assert company.host.texts["probe.third"].title.en in page
    company.admin.perform(RETRY, found.id)
    company.settle()
    assert rows(company, Parcel)[0].state == "lost"


def test_many_are_settled_at_once_on_the_page(company: Company, handler: Handler) -> None:
    found = [post(company) for _n in range(3)]
    until_given_up(company)
    browser, cases = headquarters(company), failed(company)
    assert "Messages that failed: 3" in words_of(browser.page("/"))
    answer = browser.post("/messages", {"act": "drop", "message": [str(cases[0].id)], "reason": ""})
    assert answer.status_code == 303 and len(failed(company)) == 3, "a reason is needed"
    assert "1 messages were left as they are" in words_of(browser.page("/messages"))
    browser.post("/messages", {"act": "drop", "message": [str(cases[0].id)], "reason": "old"})
    handler.fault = None
    browser.post("/messages", {"act": "retry", "message": [str(c.id) for c in cases[1:]] + ["nonsense"]})
    company.settle()
    states = {case.message_id: case.state for case in rows(company, FailedMessage)}
    assert sorted(states[i] for i in found) == ["dropped", "retried", "retried"]
    assert handler.done == 2
    assert "Nothing has failed" in words_of(browser.page("/messages"))
    assert "Messages that failed: " not in words_of(browser.page("/"))
    shown = words_of(browser.page(f"/guanjia/message/{cases[1].id}"))
    assert "Carried out since" in shown


def test_nobody_but_headquarters_settles_them(company: Company, east: Office, handler: Handler) -> None:
    post(company)
    until_given_up(company)
    (case,) = failed(company)
    for who, refused in ((company.rival_admin, NotFound), (east.person("site_manager").context, (Forbidden, NotFound)),
                         (east.person("receptionist").context.at_site(None), (Forbidden, NotFound))):  # fmt: skip
        with pytest.raises(refused):
            who.perform(RETRY, case.id)
    assert [(line.code, line.failed) for line in list_companies()] == [("acme", 1), ("rival", 0)]


def test_a_message_that_ends_its_worker_each_time_is_given_up_too(company: Company, monkeypatch: Any) -> None:
    class Killed(BaseException):
        """The worker's process is gone."""

    def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setitem(HANDLERS, "probe", die)
    found = post(company)
    for _attempt in range(MAX_ATTEMPTS):
        with pytest.raises(Killed):
            company.settle()
        company.host.clock.move(company.host.relay.lease + timedelta(seconds=1))
    company.settle()
    (case,) = failed(company)
    assert (case.message_id, case.fault) == (found, "Interrupted")


def test_a_plugins_job_that_raises_is_tried_again_then_given_up_and_keeps_nobody_waiting(
    company: Company, monkeypatch: Any
) -> None:
    ran: list[str] = []

    def broken(_ctx: Any, _payload: Any) -> None:
        ran.append("broken")
        raise RuntimeError(SECRET)

    jobs = {
        "probe.broken": Job("probe.broken", broken),
        "probe.sound": Job("probe.sound", lambda *_: ran.append("sound")),
    }
    monkeypatch.setattr(company.host, "jobs", jobs)
    for key in jobs:
        post(company, "job", job=key)
    until_given_up(company)
    assert (ran.count("broken"), ran.count("sound")) == (MAX_ATTEMPTS, 1)
    assert [(case.source, case.fault) for case in failed(company)] == [("probe.broken", "RuntimeError")]
    assert "probe.broken" in words_of(headquarters(company).page("/messages"))


def test_what_cannot_be_put_before_headquarters_waits_and_comes_again(
    company: Company, handler: Handler, monkeypatch: Any
) -> None:
    found = post(company)
    with monkeypatch.context() as broken:
        broken.setattr("guanjia.steps.journal.write", lambda *_a: 1 // 0)
        until_given_up(company)
        assert (message(company, found).state, failed(company)) == ("waiting", [])
    company.later(hours=1)
    assert [(case.message_id, case.fault) for case in failed(company)] == [(found, "ValueError")]
