"""The API from outside: signing in, languages, and a case's life by its steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api_world import DATABASES, PASSWORD, World, world
from guanjia.api.operation import routes
from tenants.sign_in import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture(params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request, tmp_path, request.param) as made:
        yield made


def test_a_password_becomes_a_token_that_ends_when_its_owner_says_so(w: World):
    form = {"company": "demo", "account": "anna", "password": PASSWORD}
    answer = w.post("/session", form, None)
    assert answer.status_code == 201
    assert answer.json["token"].startswith("gj_demo_")
    assert answer.json["staff"]["name"] == "Anna"
    assert [site["code"] for site in answer.json["sites"]] == ["lake"]
    assert answer.json["expires_at"].endswith("Z")
    own = {"Authorization": f"Bearer {answer.json['token']}"}
    assert w.get("/me", None, headers=own).json["staff"]["id"] == str(w.people["anna"])
    assert w.get("/sites", None, headers=own).json["items"][0]["plugins"] == ["guanjia", "sample_api", "tenants"]
    assert w.call("DELETE", "/session", None, headers=own).status_code == 204
    ended = w.get("/me", None, headers=own)
    assert (ended.status_code, ended.json["type"]) == (401, "/problems/unauthenticated")


def test_wrong_passwords_all_answer_alike_and_then_have_to_wait(w: World):
    def attempt(**form: str) -> Any:
        return w.post("/session", {"company": "demo", "account": "anna", "password": "wrong", **form}, None)

    first = attempt()
    assert (first.status_code, first.headers["WWW-Authenticate"]) == (401, 'Bearer realm="guanjia"')
    assert attempt(company="nobody").json == first.json == attempt(account="nobody").json
    answers = [attempt() for _n in range(9)]
    assert {a.status_code for a in answers} == {401, 429}
    assert answers[-1].json["type"] == "/problems/too-many"
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer gj_demo_nonsense",
                                  "Bearer gj_nobody_x", "Bearer gj_demo_\u00e9\u00e9", "Bearer " + "g" * 4000])  # fmt: skip
def test_without_a_token_that_counts_nothing_is_told(w: World, sent: str | None):
    answer = w.get("/me", None, headers={} if sent is None else {"Authorization": sent})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert w.get("/me").status_code == 200


def test_every_operation_but_two_wants_a_token(w: World):
    sample = str(uuid4())
    for method, path in sorted(routes(w.app.url_map)):
        inner = path.removeprefix("/api/v1")
        for name in ("site_id", "case_id", "file_id", "notification_id"):
            inner = inner.replace("{" + name + "}", sample)
        status = w.call(method, inner, None).status_code
        assert status == {"/openapi.json": 200, "/session": 422 if method == "POST" else 401}.get(inner, 401), path


def test_a_browsers_cookie_opens_nothing_here(w: World):
    opened = sign_in(w.host, company="demo", account="anna", password=PASSWORD, address="127.0.0.1")
    client = w.app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = opened.signed_in.get_id()
        cookie["_fresh"] = True
    assert client.get("/api/v1/me").status_code == 401
    assert client.post(f"/api/v1{w.at()}/lend", json={"room": "1-101"}).status_code == 401
    assert w.get("/me").status_code == 200
    assert "Set-Cookie" not in w.get("/me").headers


def test_answers_speak_the_language_asked_for_and_chinese_without(w: World):
    english = w.get("/me", None, language="en-GB,en;q=0.8")
    assert english.headers["Content-Language"] == "en"
    assert english.json["detail"].startswith("Send your token")
    for language in (None, "zh-CN", "fr"):
        chinese = w.get("/me", None, language=language)
        assert chinese.headers["Content-Language"] == "zh"
        assert chinese.json["detail"].startswith("请在请求头")
    assert chinese.headers["Cache-Control"] == "no-store"


def test_a_case_lives_by_its_steps(w: World):
    made = w.post(
        w.at() + "/lend", {"room": "1-101", "phone": "13900001111", "deposit_fen": 60_000, "until_on": "2026-11-30"}
    )
    assert made.status_code == 201
    assert made.json | {"case_id": ""} == {
        "case_id": "", "step": "sample_api.loan.lend", "version": 1, "state": "lent", "number": "K2026-0001",
        "deadlines": [{"name": "back", "rule": "sample_api.return_deadline", "cause": "rule", "provisional": False,
                       "due_at": "2026-12-01T02:00:00Z"}],
    }  # fmt: skip
    path = made.headers["Location"].removeprefix("/api/v1")
    assert path == f"{w.at()}/{made.json['case_id']}"
    read = w.get(path)
    assert read.headers["ETag"] == made.headers["ETag"] == '"1"'
    values = read.json["values"]
    assert values == {
        "number": "K2026-0001", "room": "1-101", "phone": "•••", "deposit_fen": 60_000, "urgent": False,
        "until_on": "2026-11-30", "lender": "Anna", "state": "lent", "due_at": "2026-12-01T02:00:00Z",
        "opened_at": "2026-11-24T02:00:00Z",
    }  # fmt: skip
    buttons = {step["name"]: step for step in read.json["steps"]}
    assert "recount" not in buttons
    assert buttons["extend"]["enabled"] is True
    assert buttons["give_back"]["enabled"] is False
    refusal = w.post(path + "/give_back")
    assert (refusal.status_code, refusal.json["type"]) == (422, "/problems/refused")
    reason = {
        "rule": "sample_api.most_deposit", "title": "No return while the deposit is too high", "outcome": "deny",
        "message": "The deposit is above 50000 fen. Pay the surplus back first.",
        "clauses": [{"clause": "99/1.1", "text": "A deposit above the limit is reduced first."}],
        "params": {"Highest deposit": "50000"}, "role": None, "who_may_approve": [],
    }  # fmt: skip
    assert refusal.json["reasons"] == buttons["give_back"]["reasons"] == [reason]
    paid = w.post(path + "/pay", {"amount_fen": -20_000}, headers={"Idempotency-Key": "k1"})
    assert (paid.status_code, paid.json["version"]) == (200, 2)
    back = w.post(path + "/give_back")
    assert (back.status_code, back.json["state"]) == (200, "back")
    again = w.post(path + "/give_back")
    assert (again.status_code, again.json["type"]) == (409, "/problems/wrong-state")
    lines = w.get(path + "/timeline").json["items"]
    assert [(line["step"].rsplit(".", 1)[1], line["outcome"]) for line in lines] == [
        ("give_back", "done"), ("pay", "done"), ("give_back", "denied"), ("lend", "done")]  # fmt: skip
    assert lines[2]["reasons"] == [reason]
    assert w.get(path).json["deadlines"][0]["state"] == "met"


def test_a_step_that_waits_is_signed_and_then_runs_as_its_requester(w: World):
    path = w.loan(deposit_fen=0)
    asked = w.post(path + "/extend", {"until_on": "2026-12-10", "why": "Holidays", "phone": "13900002222"})
    assert asked.status_code == 202
    assert [r["rule"] for r in asked.json["reasons"]] == ["sample_api.extension_signed"]
    assert asked.json["reasons"][0]["who_may_approve"] == ["Bob"]
    w.run_jobs()
    assert w.get("/approvals").json["items"] == []
    waiting = w.get("/approvals", "bob").json["items"]
    assert [item["id"] for item in waiting] == [asked.json["approval_id"]]
    assert waiting[0]["about"] == {"until_on": "2026-12-10"}
    assert waiting[0]["form"] == {"until_on": "2026-12-10", "why": "Holidays"}  # the phone is not the signer's business
    href = waiting[0]["href"].removeprefix("/api/v1")
    assert asked.headers["Location"] == waiting[0]["href"]
    forbidden = w.post(href + "/grant", {})
    assert (forbidden.status_code, forbidden.json["reasons"][0]["rule"]) == (422, "sample_api.extension_signed")
    assert w.get(href, "bob").json["state"] == "waiting"
    assert w.post(href + "/grant", {"note": "Fine"}, "bob").status_code == 200
    w.run_jobs()
    loan = w.get(path).json
    assert (loan["values"]["until_on"], loan["version"]) == ("2026-12-10", 2)
    assert loan["approvals"][0]["signatures"][0]["decided_by"] == str(w.people["bob"])
    notices = w.get("/notifications").json["items"]
    assert notices
    assert all(notice["read_at"] is None for notice in notices)
    read = w.post(f"/notifications/{notices[0]['id']}/read")
    assert read.json["read_at"] == "2026-11-24T02:00:00Z"
    assert [n["id"] for n in w.get("/notifications?unread=true").json["items"]] == [n["id"] for n in notices[1:]]
    assert w.post(f"/notifications/{notices[0]['id']}/read", who="bob").status_code == 404


def test_all_rules_that_refuse_are_told_and_nothing_waits(w: World):
    path = w.loan()
    answer = w.post(path + "/extend", {"until_on": "2027-12-10", "why": "Long"})
    assert answer.status_code == 422
    assert [r["rule"] for r in answer.json["reasons"]] == ["sample_api.no_long_extension"]
    assert w.get("/approvals", "bob").json["items"] == []


def test_a_version_that_somebody_else_changed_is_stale(w: World):
    path = w.loan()
    form = {"amount_fen": 5}
    assert w.post(path + "/pay", form, headers={"If-Match": '"1"', "Idempotency-Key": "a"}).status_code == 200
    stale = w.post(path + "/pay", form, headers={"If-Match": '"1"', "Idempotency-Key": "b"})
    assert (stale.status_code, stale.json["type"]) == (412, "/problems/stale")
    assert stale.json["changed"] == [
        {"step": "sample_api.loan.pay", "title": "Change the deposit", "at": "2026-11-24T02:00:00Z", "actor": "Anna"}]  # fmt: skip
    assert w.post(path + "/pay", form, headers={"If-Match": '"2"', "Idempotency-Key": "c"}).status_code == 200
    assert w.post(path + "/pay", form, headers={"If-Match": "*", "Idempotency-Key": "d"}).status_code == 200
    for wrong in ("1", 'W/"4"', '"4", "5"', '"x"', '"' + "9" * 30 + '"'):
        answer = w.post(path + "/pay", form, headers={"If-Match": wrong, "Idempotency-Key": "e"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["If-Match"]), wrong


def test_a_repeated_request_counts_once(w: World):
    path = w.at() + "/lend"
    first = w.post(path, {"room": "1-101"}, headers={"Idempotency-Key": "once"})
    again = w.post(path, {"room": "1-101"}, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.json["case_id"]) == (201, first.json["case_id"])
    other = w.post(path, {"room": "1-102"}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(w.get(w.at()).json["items"]) == 1
    case = f"{w.at()}/{first.json['case_id']}"
    for headers in ({}, {"Idempotency-Key": "a b"}, {"Idempotency-Key": "x" * 201}):
        money = w.post(case + "/pay", {"amount_fen": 1}, headers=headers)
        assert (money.status_code, list(money.json["errors"])) == (422, ["Idempotency-Key"])


def test_what_happened_earlier_is_reported_with_its_time_where_the_step_allows_it(w: World):
    path = w.loan(deposit_fen=60_000)
    early = w.post(path + "/give_back", headers={"Occurred-At": "2026-11-24T07:30:00+08:00"})
    assert (early.status_code, list(early.json["errors"])) == (422, ["occurred_at"])
    for wrong in ("yesterday", "2026-11-24T09:30:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert list(w.post(path + "/give_back", headers={"Occurred-At": wrong}).json["errors"]) == ["occurred_at"], (
            wrong
        )
    form = {"room": "1-101"}
    assert w.post(w.at() + "/lend", form, headers={"Occurred-At": "2026-11-24T09:30:00+08:00"}).status_code == 422
    late = w.post(path + "/give_back", headers={"Occurred-At": "2026-11-24T09:30:00+08:00"})
    assert (late.status_code, late.json["state"]) == (
        200,
        "back",
    )  # it happened, so it is recorded, though a rule denies it
    line = w.get(path + "/timeline").json["items"][0]
    assert (line["outcome"], line["late"]) == ("late", ["sample_api.most_deposit"])


def test_explain_names_rules_parameters_and_whose_they_are(w: World):
    path = w.loan(deposit_fen=60_000)
    told = w.get(path + "/explain").json
    assert told["facts"]["case"] == {"deposit_fen": 60_000, "until_on": None}
    steps = {step["step"].rsplit(".", 1)[1]: step for step in told["steps"]}
    rule = steps["give_back"]["rules"][0]
    assert (rule["rule"], rule["outcome"], rule["facts"]) == ("sample_api.most_deposit", "deny", ["case"])
    assert rule["params"] == [{"name": "most_fen", "label": "Highest deposit", "value": 50_000, "unit": "fen",
                               "set_by": {"origin": "default"}}]  # fmt: skip
    assert [off["rule"] for off in steps["give_back"]["off"]] == ["sample_api.asleep"]
    assert {r["outcome"] for r in steps["extend"]["rules"]} == {"asked_on_submit"}
    assert [s["step"] for s in w.get(path + "/explain?step=pay").json["steps"]] == ["sample_api.loan.pay"]
    for wrong in ("recount", "nothing", "a%00b"):
        answer = w.get(f"{path}/explain?step={wrong}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["step"])
