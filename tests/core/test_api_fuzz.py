"""Whatever is sent to the API, the answer is never a fault of the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_world import DATABASES, World, world

STEPS = ("lend", "extend", "pay", "give_back", "note", "attach", "stop_clock", "delete", "move_rules")
HEADERS = ("If-Match", "Idempotency-Key", "Occurred-At", "Accept-Language", "Content-Type", "Authorization")
NAMES = ("room", "phone", "deposit_fen", "urgent", "until_on", "seen_at", "weight", "colour", "things", "other_id", "more", "photos",
         "amount_fen", "why", "note", "files", "reason")  # fmt: skip
PARAMETERS = ("state", "room", "urgent", "until_on", "deposit_fen", "q", "sort", "cursor", "limit", "opened_from", "opened_to", "step",
              "unread")  # fmt: skip
SEND = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

texts = st.text(max_size=40) | st.sampled_from(["", "\x00", "\ud800", "2026-11-30", "2026-11-24T10:00:00+08:00", "9999-12-31",
                                                "0001-01-01T00:00:00+14:00", "red", "NaN", "1e999", "x" * 500,
                                                "00000000-0000-0000-0000-000000000000"])  # fmt: skip
numbers = st.integers() | st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400]) | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
forms = st.dictionaries(st.sampled_from(NAMES) | texts, values, max_size=6)


@pytest.fixture(scope="module", params=DATABASES)
def w(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(request, tmp_path_factory.mktemp("fuzz"), request.param) as made:
        made.path = made.loan()  # type: ignore[attr-defined]
        yield made


def told(answer: Any) -> None:
    """The answer is one of ours: no fault, and JSON throughout."""
    assert answer.status_code < 500, answer.text
    if answer.data:
        json.loads(answer.data.decode("utf-8"), parse_constant=pytest.fail)


@SEND
@given(form=forms, step=st.sampled_from(STEPS), key=st.none() | st.text("abc", min_size=1, max_size=3))
def test_any_form_for_any_step(w: World, form: dict[str, Any], step: str, key: str | None):
    base = w.at() if step == "lend" else w.path  # type: ignore[attr-defined]
    body = json.dumps({"room": "1"} | form if step == "lend" else form)
    headers = {"Idempotency-Key": key} if key else {}
    told(w.call("POST", f"{base}/{step}", "bob", data=body, content_type="application/json", headers=headers))


@SEND
@given(raw=st.binary(max_size=200) | st.text('{}[]",:1eE-.ntf\\u0 ', max_size=60).map(str.encode))
def test_any_bytes(w: World, raw: bytes):
    told(w.call("POST", w.at() + "/lend", data=raw, content_type="application/json"))


@SEND
@given(
    st.dictionaries(
        st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
    )
)
def test_any_headers(w: World, headers: dict[str, str]):
    headers = {"Authorization": f"Bearer {w.token('anna')}"} | headers
    told(w.call("POST", w.at() + "/lend", None, language=None, json={"room": "1"}, headers=headers))


@SEND
@given(st.lists(st.tuples(st.sampled_from(PARAMETERS) | texts, texts | numbers.map(str)), max_size=4))
def test_any_query(w: World, pairs: list[tuple[str, str]]):
    query = "&".join(f"{quote(k.encode('utf-8', 'replace'))}={quote(v.encode('utf-8', 'replace'))}" for k, v in pairs)
    for path in (w.at(), "/approvals", "/notifications", w.path + "/explain"):  # type: ignore[attr-defined]
        told(w.get(f"{path}?{query}"))


@SEND
@given(st.lists(texts, min_size=1, max_size=5))
def test_any_path(w: World, parts: list[str]):
    path = "/".join(quote(part.encode("utf-8", "replace"), safe="") for part in parts)
    for base in ("", w.at(), f"/sites/{w.sites['lake']}/files"):
        told(w.get(f"{base}/{path}"))
