"""What a post means: money, times, blanks, files and rows; and that no post does more than be refused."""

from __future__ import annotations

import base64
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields
from werkzeug.datastructures import FileStorage, MultiDict

import guanjia
from guanjia.schema import SIGNATURE_PREFIX, StrictSchema, invalid, localise
from guanjia.web.forms import FormView, fen_to_yuan, lookup_texts, parse_form, yuan_to_fen
from guanjia.words import load_catalogue, speaking, words
from sample_form import Material, Sheet, Urgency, errors_of, post

_ = words("guanjia")
load_catalogue("guanjia", Path(guanjia.__file__).parent / "translations")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


# ---------------------------------------------------------------- money
@given(st.integers(-(10**17), 10**17))
def test_every_amount_survives_the_way_to_the_page_and_back(fen):
    assert yuan_to_fen(fen_to_yuan(fen)) == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [("128.50", 12_850), ("128.5", 12_850), ("¥1,128.50", 112_850), ("１２８．５元", 12_850), ("0.07", 7), ("-3", -300),
     ("1 000", 100_000), ("0.29", 29), ("99999999999999.99", 9_999_999_999_999_999)],
)  # fmt: skip
def test_amounts_as_people_write_them(text, fen):
    assert yuan_to_fen(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", "12.345", "1e3", "abc", "1,2", "--1", "1.2.3", "12.", ".5", "1" * 17, "NaN", "1_000", "9" + " " * 90 + "9"],
)
def test_what_is_no_amount_is_refused_not_rounded(text):
    with pytest.raises(ValueError, match="not an amount"):
        yuan_to_fen(text)


def test_a_money_field_that_cannot_be_read_is_refused_in_yuan_and_shown_again():
    schema = Sheet()
    data = parse_form(schema, post(("title", "x"), ("total_fen", "12.345")), zone=SHANGHAI)
    errors = errors_of(schema, data)
    with speaking("zh"):
        view = FormView.of(schema, data=data, errors=errors)["total_fen"]
    assert view.value == "12.345"
    assert view.errors == ["请填写金额（元），最多两位小数，例如 128.50。"]


def test_the_bounds_of_a_money_field_are_told_in_yuan():
    schema = Sheet()
    data = {"title": "x", "total_fen": 5}
    with speaking("en"):
        view = FormView.of(schema, data=data, errors=errors_of(schema, data))["total_fen"]
    assert view.errors == ["Enter a value from 1.00 to 10000.00."]
    assert (view.value, view.unit) == ("0.05", "yuan")


# ---------------------------------------------------------------- reading a post
def test_a_post_becomes_what_the_schema_loads():
    form = post(
        ("title", "  Leak  "), ("content", "line 1\r\nline 2\n "), ("phone", "１３８ 0000 0000"), ("note", ""),
        ("count", "1,200"), ("total_fen", "128.50"), ("weight", "2.5"), ("urgent", "true"), ("agreed", "false"),
        ("due_at", "2026-11-28T09:30"), ("due_on", "2026/3/1"), ("unit_id", "018f0000-0000-7000-8000-000000000001"),
        ("urgency", "2"), ("ways", "cash"), ("ways", "bank"), ("tags", "leak、kitchen，\nurgent"),
        ("numbers", "1, 2\n3"), ("csrf_token", "t"), ("unit_id__text", "3-502"), ("number", "forged"),
    )  # fmt: skip
    loaded = Sheet().load(parse_form(Sheet(), form, zone=SHANGHAI))
    assert loaded == {
        "title": "Leak", "content": "line 1\nline 2", "phone": "13800000000", "note": None, "count": 1200,
        "total_fen": 12_850, "weight": Decimal("2.50"), "urgent": True, "agreed": False,
        "due_at": datetime(2026, 11, 28, 1, 30, tzinfo=UTC), "due_on": date(2026, 3, 1),
        "unit_id": UUID("018f0000-0000-7000-8000-000000000001"), "urgency": Urgency.ORDINARY, "ways": ["cash", "bank"],
        "tags": ["leak", "kitchen", "urgent"], "numbers": [1, 2, 3], "materials": [],
    }  # fmt: skip
    assert lookup_texts(form) == {"018f0000-0000-7000-8000-000000000001": "3-502"}


def test_a_blank_is_nothing_sent_or_none_and_an_unticked_box_is_no():
    data = parse_form(Sheet(), post(("title", " "), ("note", " "), ("agreed", ""), ("count", "")), zone=SHANGHAI)
    assert data == {
        "note": None,
        "urgent": False,
        "agreed": None,
        "ways": [],
        "tags": [],
        "numbers": [],
        "materials": [],
    }
    assert errors_of(Sheet(), data) == {"title": ["Missing data for required field."]}


@pytest.mark.parametrize(
    ("name", "text"),
    [("count", "1.5"), ("count", "1_000"), ("count", "9" * 30), ("count", "9" * 5000), ("count", "5" + " " * 90 + "7"),
     ("weight", "1e5"), ("weight", "Infinity"), ("weight", "1_0"), ("weight", "9" * 99), ("agreed", "perhaps"),
     ("due_at", "2026-11-28"), ("due_at", "soon"), ("due_at", "9999-12-31T23:59"), ("due_at", "0001-01-01T00:00"),
     ("due_on", "2026-02-30"), ("due_on", "1026-02-03"), ("urgency", "3"), ("urgency", "URGENT"), ("numbers", "1,x"),
     ("title", "a\0b"), ("title", "\x1b[31m"), ("title", "\ud800"), ("note", "x" * 10_001), ("content", "x" * 501),
     ("ways", "gold"), ("unit_id", "1"), ("urgent", "maybe")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_field(name, text):
    form = post(("title", "t")) if name != "title" else post()
    form.setlist(name, [text])
    errors = errors_of(Sheet(), parse_form(Sheet(), form, zone=SHANGHAI))
    assert set(errors) == {name}
    with speaking("zh"):
        told = FormView.of(Sheet(), data={}, errors=errors)[name].errors
    assert told
    assert all(not any(c.isascii() and c.isalpha() for c in t.replace("cash", "").replace("bank", "")) for t in told), (
        told
    )


def test_a_local_time_that_the_clocks_skip_is_refused_and_one_in_summer_counts_as_such():
    data = parse_form(Sheet(), post(("title", "t"), ("due_at", "2026-03-29T02:30")), zone=BERLIN)
    assert "due_at" in errors_of(Sheet(), data)
    data = parse_form(Sheet(), post(("title", "t"), ("due_at", "2026-07-01T02:30")), zone=BERLIN)
    assert Sheet().load(data)["due_at"] == datetime(2026, 7, 1, 0, 30, tzinfo=UTC)


def test_pictures_go_through_the_store_and_a_refused_one_is_told():
    class Inspection(StrictSchema):
        photos = fields.List(fields.Str(), metadata={"widget": "photos"})
        cover = fields.Str(metadata={"widget": "photos"})

    def store(upload: FileStorage) -> str:
        if upload.filename == "bad.exe":
            raise invalid(_("This picture cannot be used. Choose another."))
        return f"id-of-{upload.filename}"

    files = MultiDict([("photos", FileStorage(io.BytesIO(b"1"), "a.jpg")), ("photos", FileStorage(io.BytesIO(), ""))])
    data = parse_form(Inspection(), post(("photos", "kept")), files, store=store)
    assert Inspection().load(data) == {"photos": ["kept", "id-of-a.jpg"]}
    files.add("photos", FileStorage(io.BytesIO(b"1"), "bad.exe"))
    data = parse_form(Inspection(), post(("photos", "kept")), files, store=store)
    errors = errors_of(Inspection(), data)
    with speaking("en"):
        view = FormView.of(Inspection(), data=data, errors=errors)["photos"]
    assert view.errors == ["entry 3: This picture cannot be used. Choose another."]
    assert [option.value for option in view.options] == ["kept", "id-of-a.jpg"]


class Signed(StrictSchema):
    signature = fields.Str(required=True, metadata={"widget": "signature"})


def test_a_signature_is_drawn_or_chosen_as_a_picture_of_limited_size():
    drawn = SIGNATURE_PREFIX + base64.b64encode(PNG).decode()
    assert Signed().load(parse_form(Signed(), post(("signature", drawn)))) == {"signature": drawn}
    files = MultiDict([("signature_file", FileStorage(io.BytesIO(PNG), "s.png"))])
    assert Signed().load(parse_form(Signed(), post(("signature", "")), files)) == {"signature": drawn}
    assert "signature" in errors_of(Signed(), parse_form(Signed(), post(("signature", ""))))
    large = MultiDict([("signature_file", FileStorage(io.BytesIO(PNG + b"\0" * 205_000), "s.png"))])
    assert "200 KB" in localise(errors_of(Signed(), parse_form(Signed(), post(), large))["signature"][0])


@pytest.mark.parametrize(
    "value",
    ["hello", SIGNATURE_PREFIX, SIGNATURE_PREFIX + "!!!!", SIGNATURE_PREFIX + base64.b64encode(b"<svg/>").decode(),
     "data:image/svg+xml;base64,PHN2Zy8+", SIGNATURE_PREFIX + base64.b64encode(PNG + b"\0" * 210_000).decode()],
)  # fmt: skip
def test_anything_else_is_no_signature(value):
    assert "signature" in errors_of(Signed(), {"signature": value})


NAMES = list(Sheet().fields) + [f"materials-{i}-{n}" for i in (0, 1, "x", 99999999) for n in Material().fields]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40) | st.datetimes().map(str)), max_size=12))
def test_no_post_does_more_than_be_refused(pairs):
    data = parse_form(Sheet(), MultiDict(pairs), zone=BERLIN)
    errors: Any = {}
    try:
        Sheet().load(data)
    except ValidationError as error:
        errors = error.messages
    FormView.of(Sheet(), data=data, errors=errors, zone=BERLIN)
