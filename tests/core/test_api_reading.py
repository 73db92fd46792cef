"""What the API tells: masked values, lists with filters and cursors, files."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_world import DATABASES, World, world

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture(params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request, tmp_path, request.param) as made:
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests that leave it as it was."""
    with world(request, tmp_path_factory.mktemp("api"), request.param) as made:
        yield made


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
