"""The API from outside: signing in, a case's life, lists, files, and who gets which answer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from api_world import LOANS, PASSWORD, World, world
from guanjia.api.operation import routes
from guanjia.db.session import tenant_session
from guanjia.ports import SignedIn
from tenants.sign_in import sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture
def w(tmp_path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


# ---------------------------------------------------------------- who


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


# ---------------------------------------------------------------- a case's life


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


# ---------------------------------------------------------------- what is told


def test_personal_values_are_masked_wherever_they_could_show(w: World):
    path = w.loan(phone="13900001234")
    w.post(path + "/pay", {"amount_fen": 5}, headers={"Idempotency-Key": "k"})
    for who in ("anna", "bob"):
        for inner in (path, w.at(), path + "/timeline", path + "/explain"):
            text = w.get(inner, who).text
            assert "not told" not in text
            assert "not_told" not in text
            assert "remark" not in text
            if who == "anna" or inner.endswith(("timeline", "explain")):
                assert "13900001234"[::-1] not in text
                assert "13900001234" not in text
    assert w.get(path, "bob").json["values"]["phone"] == "43210000931"
    changes = w.get(path + "/timeline", "bob").json["items"][0]["changes"]
    assert {"title": "Phone", "old": "•••", "new": "•••"} in changes


def test_a_list_is_filtered_searched_sorted_and_goes_on_at_its_cursor(w: World):
    for n in range(7):
        w.lend(room=f"{n % 2}-{100 + n}", deposit_fen=n * 100, urgent=n == 3, until_on="2026-12-01" if n % 2 else None)
    w.lend("hill", "hugo", room="9-999")

    def rooms(query: str) -> list[str]:
        found, cursor = [], ""
        while cursor is not None:
            answer = w.get(f"{w.at()}?{query}&limit=2{cursor and '&cursor=' + cursor}")
            assert answer.status_code == 200, answer.text
            assert len(answer.json["items"]) <= 2
            found += [item["values"]["room"] for item in answer.json["items"]]
            cursor = answer.json["next_cursor"]
        return found

    ordered = [f"{n % 2}-{100 + n}" for n in range(7)]
    assert rooms("sort=deposit_fen") == ordered
    assert rooms("sort=-deposit_fen") == ordered[::-1]
    assert rooms("sort=room") == sorted(ordered)
    assert rooms("sort=until_on")[:3] == ordered[1::2]
    assert sorted(rooms("sort=-until_on")) == sorted(rooms("sort=opened_at")) == sorted(ordered)
    assert rooms("sort=deposit_fen&urgent=true") == ["1-103"]
    assert rooms("sort=room&room=0-102&room=0-104") == ["0-102", "0-104"]
    assert rooms("sort=room&q=1-10") == ordered[1::2]
    assert rooms("q=%25") == []
    assert rooms("state=back") == []
    assert rooms("until_on=2026-12-01&sort=room") == ordered[1::2]
    assert rooms("deposit_fen=200") == ["0-102"]
    assert rooms("opened_from=2026-11-24T10:00:01%2B08:00") == []
    assert len(rooms("opened_to=2026-11-24T10:00:01%2B08:00&opened_from=2026-11-24T10:00:00%2B08:00")) == 7


@pytest.mark.parametrize("query,field", [
    ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=1&limit=2", "limit"),
    ("limit=" + "9" * 40, "limit"), ("limit=1.5", "limit"), ("limit=", "limit"), ("sort=secret", "sort"), ("sort=phone", "sort"),
    ("sort=%00", "sort"), ("state=gone", "state.0"), ("state=", "state.0"), ("unknown=1", "unknown"), ("phone=1", "phone"),
    ("q=" + "x" * 201, "q"), ("q=%00", "q"), ("q=", "q"), ("room=%00", "room.0"), ("urgent=perhaps", "urgent"),
    ("until_on=soon", "until_on"), ("deposit_fen=x", "deposit_fen"), ("deposit_fen=" + "9" * 25, "deposit_fen"),
    ("opened_from=today", "opened_from"), ("opened_to=2026-11-24T10:00:00", "opened_to"),
    ("opened_from=0001-01-01T00:00:00%2B14:00", "opened_from"), ("cursor=x", "cursor"), ("cursor=%00", "cursor"),
    ("cursor=W10", "cursor"), ("cursor=", "cursor"), ("cursor=bnVsbA", "cursor"), ("cursor=" + "A" * 3000, "cursor"),
])  # fmt: skip
def test_a_wrong_query_is_named(shared: World, query: str, field: str):
    answer = shared.get(f"{shared.at()}?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), answer.text


def test_a_cursor_with_changed_values_is_refused(shared: World):
    import base64

    shared.lend()
    shared.lend()
    values: list[Any] = [
        2**70,
        "\x00",
        [],
        {},
        5,
        None,
        "0001-01-01T00:00:00+14:00",
        "2026-11-24T10:00:00",
        True,
        "NaN",
    ]
    for sort in ("opened_at", "deposit_fen", "room", "until_on"):
        good = shared.get(f"{shared.at()}?limit=1&sort={sort}").json["next_cursor"]
        assert shared.get(f"{shared.at()}?limit=1&sort={sort}&cursor={good}").status_code == 200
        kept = json.loads(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))
        for place in range(4):
            for value in values:
                changed = [*kept[:place], value, *kept[place + 1 :]]
                raw = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
                status = shared.get(f"{shared.at()}?limit=1&sort={sort}&cursor={raw}").status_code
                assert status == 422 or (place == 2 and status == 200), (sort, changed)


# ---------------------------------------------------------------- walls


def ids_of(w: World) -> dict[str, str]:
    """A site, a case, a file and a notice of the demo company."""
    case = w.lend(deposit_fen=1)["case_id"]
    w.post(f"{w.at()}/{case}/extend", {"until_on": "2026-12-01", "why": "x"})
    w.run_jobs()
    kept = w.call("POST", f"/sites/{w.sites['lake']}/files", data={"file": (io.BytesIO(PNG), "a.png")})
    notice = w.get("/notifications", "bob").json["items"][0]["id"]
    return {"site_id": str(w.sites["lake"]), "case_id": case, "file_id": kept.json["id"], "notification_id": notice}


@pytest.mark.parametrize("who,company", [("anna", "other"), ("hugo", "demo")])
def test_what_lies_outside_answers_like_what_does_not_exist(w: World, who: str, company: str):
    ids = ids_of(w)
    for method, path in sorted(routes(w.app.url_map)):
        inner = path.removeprefix("/api/v1")
        if "{" not in inner:
            continue
        nowhere = inner
        for name, value in ids.items():
            inner = inner.replace("{" + name + "}", value)
            nowhere = nowhere.replace("{" + name + "}", str(uuid4()))
        headers = {"Idempotency-Key": "k"}
        options: dict[str, Any] = {"json": {}} if method == "POST" and not path.endswith("/files") else {}
        answer = w.call(method, inner, who, company, headers=headers, **options)
        absent = w.call(method, nowhere, who, company, headers=headers, **options)
        assert answer.status_code == absent.status_code, path
        assert answer.status_code in ((404,) if "site_id" in path else (403, 404)), (path, answer.text)
        assert answer.json | {"instance": ""} == absent.json | {"instance": ""}, path


def test_a_case_of_another_site_is_not_reached_by_the_own_sites_address(w: World):
    theirs = w.lend("hill", "hugo")["case_id"]
    assert w.get(f"{w.at()}/{theirs}").status_code == 404
    assert w.post(f"{w.at()}/{theirs}/give_back").status_code == 404
    assert w.get(f"{w.at('hill')}/{theirs}", "hugo").status_code == 200


def test_permissions_are_asked(w: World):
    answer = w.post(w.at() + "/lend", {"room": "1-101"}, "cora")
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")
    assert "Lend keys" in answer.json["detail"]
    assert w.get("/company/sample_api/kind", "admin").status_code == 200
    assert w.get("/company/sample_api/kind").status_code == 404
    assert w.get(w.at(flow="sample_api/kind")).status_code == 403


def test_a_row_that_the_list_hides_is_not_there_for_a_step_either(w: World):
    shown, hidden = (w.do("sample_api.kind.create", name=name) for name in ("brass", "hidden"))
    path = "/company/sample_api/kind"
    assert [item["values"]["name"] for item in w.get(path, "admin").json["items"]] == ["brass"]
    assert w.get(f"{path}/{hidden}", "admin").status_code == 404
    assert w.post(f"{path}/{hidden}/retire", who="admin").status_code == 404
    assert w.post(f"{path}/{shown}/retire", who="admin").json["state"] == "retired"


def test_a_plugin_that_is_off_answers_404(w: World):
    path = w.loan()
    switch = w.do("tenants.plugin_switch.create", None, "lake", plugin="sample_api", is_on=False)
    assert [w.get(p).status_code for p in (path, w.at(), path + "/timeline", path + "/explain")] == [404] * 4
    assert w.post(path + "/give_back").status_code == 404
    assert w.get("/sites").json["items"][0]["plugins"] == ["guanjia", "tenants"]
    assert w.get(w.at("hill"), "hugo").status_code == 200
    w.do("tenants.plugin_switch.change", switch, "lake", plugin="sample_api", is_on=True)
    assert w.get(path).status_code == 200


def test_a_tokens_scopes_narrow_what_it_may(w: World, monkeypatch: pytest.MonkeyPatch):
    path = w.loan(phone="13900001234")
    token = w.token("bob")
    whole = w.host.directory.bearer(token)
    assert whole is not None

    def limit(*scopes: str) -> None:
        found: SignedIn = replace(whole, scopes=scopes)
        monkeypatch.setattr(w.host.directory, "bearer", lambda _token: found)

    limit("read")
    assert w.get(w.at(), "bob").status_code == 200
    assert w.get(path, "bob").json["values"]["phone"] == "•••"
    assert [s["name"] for s in w.get(path, "bob").json["steps"] if s["name"] == "pay"] == []
    assert w.post(w.at() + "/lend", {"room": "1"}, "bob").status_code == 403
    assert w.post(path + "/give_back", {}, "bob").status_code == 403
    upload = {"data": {"file": (io.BytesIO(PNG), "a.png")}}
    assert w.call("POST", f"/sites/{w.sites['lake']}/files", "bob", **upload).status_code == 403
    limit("read", "sample_api.phones")
    assert w.get(path, "bob").json["values"]["phone"] == "13900001234"
    limit("sample_api.lend")
    assert [w.get(p, "bob").status_code for p in (w.at(), path, "/me", "/sites", "/approvals", "/notifications")] == [
        403
    ] * 6
    assert w.post(w.at() + "/lend", {"room": "1"}, "bob").status_code == 201
    assert w.post(path + "/give_back", {}, "bob").status_code == 403
    limit("sample_api.loan.give_back")
    assert w.post(path + "/give_back", {}, "bob").status_code == 200


# ---------------------------------------------------------------- files


def send(w: World, content: bytes = PNG, name: str = "photo.png", who: str = "anna", **data: Any) -> Any:
    return w.call("POST", f"/sites/{w.sites['lake']}/files", who, data={"file": (io.BytesIO(content), name), **data})


def test_a_file_waits_for_a_step_and_is_then_read_by_whoever_reads_the_case(w: World):
    kept = send(w)
    assert kept.status_code == 201
    assert (kept.json["media_type"], kept.json["size"], kept.json["step"]) == ("image/png", len(PNG), None)
    href = kept.headers["Location"].removeprefix("/api/v1")
    assert w.get(href).data == PNG
    assert w.get(href, "bob").status_code == 404  # still the sender's own
    case = w.lend(photos=[kept.json["id"]])["case_id"]
    content = w.get(href, "bob")
    assert (content.data, content.mimetype, content.headers["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert content.headers["Content-Disposition"].startswith("attachment")
    assert content.headers["Cache-Control"] == "no-store"
    assert [f["id"] for f in w.get(f"{w.at()}/{case}").json["files"]] == [kept.json["id"]]
    assert w.get(href, "hugo").status_code == 404
    assert w.get(href.replace(str(w.sites["lake"]), str(w.sites["hill"])), "hugo").status_code == 404
    again = w.post(w.at() + "/lend", {"room": "1", "photos": [kept.json["id"]]})
    assert (again.status_code, list(again.json["errors"])) == (422, ["photos"])
    theirs = send(w, name="b.png", who="bob").json["id"]
    assert list(w.post(w.at() + "/lend", {"room": "1", "photos": [theirs]}).json["errors"]) == ["photos"]


def test_files_are_refused_by_content_size_and_form(w: World):
    path = f"/sites/{w.sites['lake']}/files"
    assert list(send(w, b"#!/bin/sh", "photo.png").json["errors"]) == ["file"]
    assert list(send(w, b"").json["errors"]) == ["file"]
    assert list(send(w, note="x").json["errors"]) == ["note"]
    assert list(w.call("POST", path, data={"x": "y"}, content_type="multipart/form-data").json["errors"]) == ["x"]
    assert list(w.call("POST", path, data={}, content_type="multipart/form-data; boundary=x").json["errors"]) == [
        "file"
    ]
    two = w.call("POST", path, data={"file": [(io.BytesIO(PNG), "a.png"), (io.BytesIO(PNG), "b.png")]})
    assert list(two.json["errors"]) == ["file"]
    assert send(w, PNG + bytes(50_001)).status_code == 413
    assert send(w, PNG + bytes(500_000)).status_code == 413
    assert w.post(path, {}).status_code == 415
    assert w.call("POST", path, data=b"x", content_type="image/png").status_code == 415
    strange = send(w, name="../../\u202e\x00etc/passwd")
    assert strange.status_code == 201
    assert "/" not in strange.json["name"]


# ---------------------------------------------------------------- bad input


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("api")) as made:
        yield made


BODIES: list[tuple[bytes, int, str | None]] = [
    (b"{", 400, None), (b"[]", 400, None), (b'"x"', 400, None), (b"null", 400, None), (b"{'a': 1}", 400, None),
    (b"\xff\xfe", 400, None), (b"\xef\xbb\xbf{}", 400, None), (b"[" * 100_000, 422, "_schema"), (b"{} {}", 400, None),
    (b'{"room": "1", "more": ' + b"[" * 60 + b"]" * 60 + b"}", 422, "more"),
    (b'{"room": "1", "more": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 422, "more"),
    (b'{"room": NaN}', 422, "room"), (b'{"room": "1", "more": {"a": [-Infinity]}}', 422, "more.a.0"),
    (b'{"room": "1", "room": "2"}', 422, "room"), (b'{"room": "1", "more": {"x": 1, "x": 2}}', 422, "x"),
    (b'{"room": "1", "deposit_fen": 1e400}', 422, "deposit_fen"), (b'{"room": "1", "deposit_fen": 1.5}', 422, "deposit_fen"),
    (b'{"room": "1", "deposit_fen": 1.0}', 422, "deposit_fen"), (b'{"room": "1", "deposit_fen": "1"}', 422, "deposit_fen"),
    (b'{"room": "1", "deposit_fen": true}', 422, "deposit_fen"), (b'{"room": "1", "deposit_fen": -1}', 422, "deposit_fen"),
    (b'{"room": "1", "deposit_fen": 9223372036854775808}', 422, "deposit_fen"),
    (b'{"room": "1", "deposit_fen": ' + b"9" * 5000 + b"}", 422, "deposit_fen"),
    (b'{"room": "1", "more": {"n": -9223372036854775809}}', 422, "more.n"),
    (b'{"room": "1", "more": {"n": 1e-99}}', 422, "more.n"), (b'{"room": "1", "weight": 1e30}', 422, "weight"),
    (b'{"room": "a\\u0000b"}', 422, "room"), (b'{"room": "\\ud800"}', 422, "room"), (b'{"ro\\u0000om": 1}', 422, "ro\ufffdom"),
    (b'{"room": ""}', 422, "room"), (b'{"room": null}', 422, "room"), (b'{"room": 5}', 422, "room"), (b'{"room": []}', 422, "room"),
    (b"{}", 422, "room"), (b"", 422, "room"), (b'{"room": "1", "unknown": 1}', 422, "unknown"),
    (b'{"room": "' + b"x" * 21 + b'"}', 422, "room"), (b'{"room": "1", "state": "back"}', 422, "state"),
    (b'{"room": "1", "site_id": "00000000-0000-0000-0000-000000000000"}', 422, "site_id"),
    (b'{"room": "1", "until_on": "2026-02-30"}', 422, "until_on"), (b'{"room": "1", "until_on": 5}', 422, "until_on"),
    (b'{"room": "1", "until_on": "9999-12-31"}', 422, "until_on"), (b'{"room": "1", "seen_at": "2026-11-24T10:00"}', 422, "seen_at"),
    (b'{"room": "1", "seen_at": "0001-01-01T00:00:00+14:00"}', 422, "seen_at"), (b'{"room": "1", "urgent": 2}', 422, "urgent"),
    (b'{"room": "1", "colour": "green"}', 422, "colour"), (b'{"room": "1", "things": {}}', 422, "things"),
    (b'{"room": "1", "things": [{"name": "a"}, {"name": ""}]}', 422, "things.1.name"),
    (b'{"room": "1", "things": [{"name": "a", "x": 1}]}', 422, "things.0.x"), (b'{"room": "1", "things": [5]}', 422, "things.0"),
    (b'{"room": "1", "other_id": "x"}', 422, "other_id"), (b'{"room": "1", "more": []}', 422, "more"),
    (b'{"room": "1", "photos": ["00000000-0000-0000-0000-000000000000"]}', 422, "photos"),
]  # fmt: skip


@pytest.mark.parametrize("raw,status,field", BODIES, ids=[repr(b[0][:50]) for b in BODIES])
def test_a_bad_body_is_named(shared: World, raw: bytes, status: int, field: str | None):
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = shared.call("POST", shared.at() + "/lend", data=raw, content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/problem+json"
        assert (list(answer.json["errors"]) if field else answer.json["type"]) == (
            [field] if field else "/problems/malformed"
        )
        json.loads(answer.data.decode("utf-8"), parse_constant=pytest.fail)


def test_the_body_has_a_media_type_and_a_limit(shared: World):
    path = shared.at() + "/lend"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "nonsense"):
        assert shared.call("POST", path, data=b'{"room": "1"}', content_type=kind).status_code == 415, kind
    for kind in ("application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"):
        assert shared.call("POST", path, data=b'{"room": "1"}', content_type=kind).status_code == 201, kind
    huge = b'{"room": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    answer = shared.call("POST", path, data=huge, content_type="application/json")
    assert (answer.status_code, answer.json["type"]) == (413, "/problems/too-large")


def test_addresses_and_methods_that_are_not_there(shared: World):
    lake, case = shared.at(), uuid4()
    for path in ("/", "/nothing", "/sites/1", f"/sites/{case}", "/sites/x/files", f"{lake}/not-an-id", f"{lake}/{case}x",
                 f"{lake}/%00", f"{lake}/{case}", f"{lake}/{case}/timeline", lake.replace("loan", "nothing"),
                 f"{lake}/{case}/files", f"/notifications/{case}", "/company/sample_api/loan", "/me/"):  # fmt: skip
        answer = shared.get(path)
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found"), path
    for path in (f"{lake}/nothing", f"{lake}/{case}/nothing", f"{lake}/{case}/recount", f"{lake}/{case}/lend", f"{lake}/{case}/lent",
                 f"{lake}/{case}/give_back", "/notifications/x/read"):  # fmt: skip
        assert shared.post(path).status_code == 404, path
    wrong = shared.call("PATCH", lake)
    assert (wrong.status_code, wrong.json["type"]) == (405, "/problems/method-not-allowed")
    assert "GET" in wrong.headers["Allow"]
    assert shared.call("DELETE", f"{lake}/{case}").status_code == 405
    assert shared.call("HEAD", lake).status_code == 200


def test_a_step_without_a_form_takes_no_entries(shared: World):
    path = shared.loan()
    assert list(shared.post(path + "/give_back", {"x": 1}).json["errors"]) == ["x"]
    assert shared.call("POST", path + "/give_back").status_code == 200


def test_refusals_leave_nothing_behind(shared: World):
    from sqlalchemy import func, select

    from sample_api import Loan

    def count() -> int:
        with tenant_session(shared.company) as session:
            return session.scalars(
                select(func.count()).select_from(Loan).where(Loan.company_id == shared.company)
            ).one()

    before = count()
    for raw, _status, _field in BODIES:
        shared.call("POST", shared.at() + "/lend", data=raw, content_type="application/json")
    assert count() == before
    assert LOANS in shared.at()
