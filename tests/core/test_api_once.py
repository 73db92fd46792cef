"""Idempotency-Key: equal requests at one moment have one effect and one answer, whatever operation they go to."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api_world import DATABASES, PASSWORD, World, world
from guanjia.api import keys
from guanjia.db.session import tenant_session
from guanjia.steps.answers import sweep
from guanjia.steps.models import Answered, Approval, JournalEntry, Notification, StoredFile
from tenants.models import LoginSession

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)
AT_ONCE = 20


@pytest.fixture(params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request, tmp_path, request.param) as made:
        for account in ("admin", "anna", "bob"):
            made.token(account)
        yield made


def count(w: World, model: type[Any], *where: Any) -> int:
    with tenant_session(w.company) as session:
        query = select(func.count()).select_from(model).where(model.company_id == w.company, *where)
        return int(session.scalars(query).one())


def at_once(send: Callable[[], TestResponse]) -> list[TestResponse]:
    """The answers to equal requests that set off together."""
    gate, found = threading.Barrier(AT_ONCE), []

    def run() -> None:
        gate.wait(20)
        found.append(send())

    threads = [threading.Thread(target=run) for _n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == AT_ONCE
    return found


def upload(w: World, path: str, who: str, headers: dict[str, str], content: bytes = PNG) -> TestResponse:
    return w.call("POST", path, who, data={"file": (io.BytesIO(content), "a.png")}, headers=headers)


# ---------------------------------------------------------------------- each operation that changes something
# operation → (what is sent under the key, another request under it, the number of effects)

Sent = tuple[Callable[[dict[str, str]], TestResponse], Callable[[dict[str, str]], TestResponse], Callable[[], int]]


def lend(w: World) -> Sent:
    path = w.at() + "/lend"
    return (
        lambda headers: w.post(path, {"room": "1-101", "phone": "139"}, headers=headers),
        lambda headers: w.post(path, {"room": "1-101", "phone": "138"}, headers=headers),
        lambda: count(w, JournalEntry, JournalEntry.step == "sample_api.loan.lend"),
    )


def pay(w: World) -> Sent:
    path, other = w.loan(), w.loan()
    return (
        lambda headers: w.post(path + "/pay", {"amount_fen": 5}, headers=headers | {"If-Match": '"1"'}),
        lambda headers: w.post(other + "/pay", {"amount_fen": 5}, headers=headers | {"If-Match": '"1"'}),
        lambda: w.get(path).json["values"]["deposit_fen"] // 5,
    )


def extend(w: World) -> Sent:
    path = w.loan()
    return (
        lambda headers: w.post(path + "/extend", {"until_on": "2026-12-01", "why": "x"}, headers=headers),
        lambda headers: w.post(path + "/extend", {"until_on": "2026-12-02", "why": "x"}, headers=headers),
        lambda: count(w, Approval),
    )


def grant(w: World) -> Sent:
    paths = [w.loan(), w.loan()]
    for path in paths:
        w.post(path + "/extend", {"until_on": "2026-12-01", "why": "x"})
    w.run_jobs()
    first, second = (item["href"].removeprefix("/api/v1") for item in w.get("/approvals", "bob").json["items"])
    return (
        lambda headers: w.post(first + "/grant", {}, "bob", headers=headers),
        lambda headers: w.post(second + "/grant", {}, "bob", headers=headers),
        lambda: count(w, JournalEntry, JournalEntry.step == "guanjia.approval.grant"),
    )


def site_file(w: World) -> Sent:
    path = f"/sites/{w.sites['lake']}/files"
    return (
        lambda headers: upload(w, path, "anna", headers),
        lambda headers: upload(w, path, "anna", headers, PNG + b"x"),
        lambda: count(w, StoredFile),
    )


def company_file(w: World) -> Sent:
    return (
        lambda headers: upload(w, "/company/files", "admin", headers),
        lambda headers: upload(w, "/company/files", "admin", headers, PNG + b"x"),
        lambda: count(w, StoredFile),
    )


def read_mark(w: World) -> Sent:
    path = w.loan()
    for day in (1, 2):
        w.post(path + "/extend", {"until_on": f"2026-12-0{day}", "why": "x"})
    w.run_jobs()
    first, second = (f"/notifications/{item['id']}/read" for item in w.get("/notifications", "bob").json["items"])
    return (
        lambda headers: w.post(first, {}, "bob", headers=headers),
        lambda headers: w.post(second, {}, "bob", headers=headers),
        lambda: count(w, Notification, Notification.read_at.is_not(None)),
    )


def sign_in(w: World) -> Sent:
    form = {"company": "demo", "account": "cora", "password": PASSWORD}
    return (
        lambda headers: w.post("/session", form, None, headers=headers),
        lambda headers: w.post("/session", form | {"account": "Cora"}, None, headers=headers),
        lambda: count(w, LoginSession, LoginSession.staff_id == w.people["cora"], LoginSession.revoked_at.is_(None)),
    )


def sign_out(w: World) -> Sent:
    token = {"Authorization": f"Bearer {w.token('cora')}"}
    return (
        lambda headers: w.call("DELETE", "/session", None, headers=headers | token),
        lambda headers: w.call("DELETE", "/session?x=1", None, headers=headers | token),
        lambda: count(w, LoginSession, LoginSession.revoked_at.is_not(None)),
    )


OPERATIONS: dict[str, tuple[Callable[[World], Sent], int]] = {
    "create__site__sample_api__loan__lend": (lend, 201), "take__site__sample_api__loan__pay": (pay, 200),
    "take__site__sample_api__loan__extend": (extend, 202), "take__site__guanjia__approval__grant": (grant, 200),
    "site_files_create": (site_file, 201), "company_files_create": (company_file, 201),
    "notifications_mark_read": (read_mark, 200), "session_create": (sign_in, 201), "session_delete": (sign_out, 204),
}  # fmt: skip


def test_every_operation_that_changes_something_takes_the_key_and_stands_above(w: World) -> None:
    document: dict[str, Any] = w.get("/openapi.json", None).json
    found = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            named = any("IdempotencyKey" in parameter.get("$ref", "") for parameter in operation["parameters"])
            assert named == (method != "get"), (method, path)
            if method != "get" and not operation["operationId"].startswith(("create__", "take__")):
                found.add(operation["operationId"])
            if method != "get":
                assert {"409", "422"} <= set(operation["responses"]), path
    steps = {name for name in OPERATIONS if name.startswith(("create__", "take__"))}
    assert found == set(OPERATIONS) - steps


@pytest.mark.parametrize("name", OPERATIONS)
def test_equal_requests_at_once_have_one_effect_and_one_answer(w: World, name: str) -> None:
    make, status = OPERATIONS[name]
    send, other, effects = make(w)
    key = {"Idempotency-Key": str(uuid4())}
    before = effects()
    answers = at_once(lambda: send(key))
    assert [answer.status_code for answer in answers] == [status] * AT_ONCE, [answer.text for answer in answers]
    told = {
        (answer.data, answer.headers.get("Location"), answer.headers.get("ETag"), answer.mimetype,
         answer.headers["Content-Language"])
        for answer in answers
    }  # fmt: skip
    assert len(told) == 1
    assert effects() == before + 1
    reused = other(key)
    assert (reused.status_code, reused.json["type"]) == (422, "/problems/idempotency-key-reused"), reused.text
    assert effects() == before + 1
    w.clock.move(timedelta(minutes=30))
    assert send(key).data == answers[0].data


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_odd_key_is_named(tmp_path: Path, request: pytest.FixtureRequest, name: str) -> None:
    with world(request, tmp_path, "sqlite") as w:
        send, _other, effects = OPERATIONS[name][0](w)
        before = effects()
        for key in ("a b", "x" * 201, "schlüssel"):
            answer = send({"Idempotency-Key": key})
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["Idempotency-Key"]), key
        assert effects() == before
        assert send({"Idempotency-Key": '!"~' + "x" * 197}).status_code == OPERATIONS[name][1]


# ---------------------------------------------------------------------- what keeps no key


def test_what_failed_keeps_no_key_and_is_decided_anew(w: World) -> None:
    key = {"Idempotency-Key": "k"}
    path = w.loan(deposit_fen=60_000)
    assert w.post(path + "/give_back", {}, headers=key).json["type"] == "/problems/refused"
    assert w.post(path + "/pay", {"amount_fen": 0.5}, headers=key).status_code == 422
    assert w.post(f"{w.at()}/{uuid4()}/pay", {"amount_fen": 5}, headers=key).status_code == 404
    assert upload(w, f"/sites/{w.sites['lake']}/files", "anna", key, b"no picture").status_code == 422
    assert upload(w, f"/sites/{w.sites['hill']}/files", "anna", key).status_code == 404
    assert w.post(f"/notifications/{uuid4()}/read", {}, headers=key).status_code == 404
    wrong = {"company": "demo", "account": "anna", "password": "wrong"}
    assert w.post("/session", wrong, None, headers=key).status_code == 401
    assert (
        w.post("/session", {"company": "nobody", "account": "anna", "password": "x"}, None, headers=key).status_code
        == 401
    )
    assert w.call("DELETE", "/session", None, headers=key | {"Authorization": "Bearer gj_demo_x"}).status_code == 401
    assert count(w, Answered) == 0
    assert w.post(path + "/pay", {"amount_fen": -20_000}, headers=key).status_code == 200
    assert w.post(path + "/give_back", {}, headers=key).json["type"] == "/problems/idempotency-key-reused"


def test_a_request_that_was_killed_holds_its_key_for_a_minute(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "WAIT", 0.1)
    send, _other, effects = site_file(w)
    with monkeypatch.context() as broken:
        broken.setattr(keys, "_free", lambda *_a: None)  # killed: nobody tidies up
        broken.setattr(w.host.files, "keep", lambda *_a: 1 // 0)
        assert send({"Idempotency-Key": "k"}).status_code == 500
    running = send({"Idempotency-Key": "k"})
    assert (running.status_code, running.json["type"]) == (409, "/problems/idempotency-key-running")
    assert int(running.headers["Retry-After"]) > 0
    assert effects() == 0
    w.clock.move(timedelta(seconds=61))
    assert send({"Idempotency-Key": "k"}).status_code == 201
    assert send({"Idempotency-Key": "k"}).status_code == 201
    assert effects() == 1


# ---------------------------------------------------------------------- whose key, and for how long


def test_a_key_is_its_persons_own(w: World) -> None:
    key = {"Idempotency-Key": "k"}
    made = [w.post(w.at() + "/lend", {"room": "1"}, who, headers=key).json["case_id"] for who in ("anna", "bob")]
    files = [upload(w, f"/sites/{w.sites['lake']}/files", who, key | {"x": who}).status_code for who in ("cora", "bob")]
    assert len(set(made)) == 2
    assert files == [201, 422]  # bob used it for a loan


def test_a_key_is_forgotten_after_seven_days(w: World) -> None:
    send, other, effects = site_file(w)
    first = send({"Idempotency-Key": "k"})
    w.host.system(w.company, "test", w.sites["lake"]).perform("sample_api.loan.lend", None, {"room": "1"}, key="s")
    w.clock.move(timedelta(days=7))
    w.tokens.clear()  # sessions end sooner
    assert send({"Idempotency-Key": "k"}).data == first.data
    assert sweep(w.host, w.company) == 0
    w.clock.move(timedelta(minutes=1))
    again = other({"Idempotency-Key": "k"})
    assert again.status_code == 201, again.text
    assert effects() == 2
    w.clock.move(timedelta(days=8))
    assert sweep(w.host, w.company) == 1
    assert count(w, Answered) == 1  # what the system did is remembered longer
    w.clock.move(timedelta(days=16))
    assert sweep(w.host, w.company) == 1


# ---------------------------------------------------------------------- secrets


def test_a_token_is_told_again_for_an_hour_and_lies_sealed(w: World) -> None:
    send, other, effects = sign_in(w)
    key = {"Idempotency-Key": "k"}
    first = send(key).json
    with tenant_session(w.company) as session:
        kept = session.scalars(select(Answered).where(Answered.company_id == w.company)).one()
    assert list(kept.answer) == ["sealed"]
    assert first["token"].split("_")[2] not in str(kept.answer)
    assert send(key).json == first
    assert w.call("GET", "/me", None, headers={"Authorization": f"Bearer {first['token']}"}).status_code == 200
    wrong = {"company": "demo", "account": "cora", "password": "wrong"}
    told = w.post("/session", wrong, None, headers=key)  # whoever knows the key alone is told nothing by it
    assert (told.status_code, told.json["type"]) == (401, "/problems/unauthenticated")
    assert (other(key).status_code, effects()) == (422, 1)
    w.clock.move(timedelta(minutes=61))
    assert send(key).json["token"] != first["token"]
    w.clock.move(timedelta(minutes=61))
    assert sweep(w.host, w.company) == 1


def test_a_password_makes_another_request(w: World) -> None:
    key = {"Idempotency-Key": "k"}
    form = {"account": "dora", "name": "Dora", "password": PASSWORD, "must_change_password": False}
    path = "/company/tenants/staff/create"
    assert w.post(path, form, "admin", headers=key).status_code == 201
    assert w.post(path, form, "admin", headers=key).status_code == 201
    other = w.post(path, form | {"password": "another long river"}, "admin", headers=key)
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    with tenant_session(w.company) as session:
        assert PASSWORD not in str(
            session.scalars(select(Answered).where(Answered.company_id == w.company)).one().request
        )


def test_the_form_that_was_sent_twice_with_its_picture_counts_once(w: World) -> None:
    path = f"/sites/{w.sites['lake']}/files"
    sent = [upload(w, path, "anna", {}).json["id"] for _n in range(2)]
    other = upload(w, path, "anna", {}, PNG + b"x").json["id"]
    forms = [{"room": "1", "photos": [i]} for i in (*sent, other)]
    answers = [w.post(w.at() + "/lend", form, headers={"Idempotency-Key": "k"}) for form in forms]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[0].data == answers[1].data
