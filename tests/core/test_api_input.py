"""Bad input to the API: each is answered with 4xx and the field's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from api_world import DATABASES, LOANS, World, world
from guanjia.db.session import tenant_session

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture(scope="module", params=DATABASES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests that leave it as it was."""
    with world(request, tmp_path_factory.mktemp("api"), request.param) as made:
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
                 f"{lake}/{case}/files", f"/notifications/{case}", "/company/sample_api/loan", "/me/", "//me",
                 f"{lake}//{case}"):  # fmt: skip
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
