"""The schema refuses what cannot be stored, raises nothing but ValidationError, and says why in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields, validate

import guanjia
from guanjia.schema import StrictSchema, Unreadable, localise, localise_errors
from guanjia.words import Text, load_catalogue, speaking, words

_ = words("guanjia")
load_catalogue("guanjia", Path(guanjia.__file__).parent / "translations")


class Urgency(Enum):
    URGENT = 1
    ORDINARY = 2


class Part(StrictSchema):
    name = fields.Str(required=True, validate=validate.Length(1, 60))
    quantity = fields.Int(required=True, strict=True, validate=validate.Range(min=1, max=999))


class Anything(StrictSchema):
    title = fields.Str(required=True, validate=validate.Length(1, 100))
    note = fields.Str(allow_none=True)
    count = fields.Int(strict=True)
    loose = fields.Int()
    weight = fields.Decimal(places=2)
    share = fields.Float()
    urgent = fields.Bool()
    due_at = fields.AwareDateTime()
    day = fields.NaiveDateTime()
    due_on = fields.Date()
    time = fields.Time()
    unit_id = fields.UUID()
    mail = fields.Email()
    site = fields.URL()
    by_value = fields.Enum(Urgency, by_value=True)
    by_name = fields.Enum(Urgency)
    tags = fields.List(fields.Str())
    parts = fields.List(fields.Nested(Part), validate=validate.Length(max=5))
    one = fields.Nested(Part)
    pair = fields.Tuple((fields.Int(), fields.Str()))
    tree = fields.Dict()
    raw = fields.Raw()


def errors_of(schema: StrictSchema, data: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        schema.load(data)
    return caught.value.messages_dict


SCALAR = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.sampled_from(["\ud800", "9" * 5000, "1e400", 10**400])
    | st.datetimes().map(datetime.isoformat) | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
)  # fmt: skip
KEYS = st.text(max_size=6) | st.sampled_from(list(Part().fields))
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*Anything().fields, "unknown"]), JSON, max_size=6))
def test_no_json_does_more_than_be_refused(data):
    try:
        loaded = Anything().load({"title": "t"} | data)
    except ValidationError as error:
        assert localise_errors(error.messages)
        return
    for value in loaded.values():
        if isinstance(value, datetime) and value.tzinfo:
            assert value.astimezone(UTC)
        if isinstance(value, str):
            assert "\0" not in value.encode().decode()
        if isinstance(value, int):
            assert -(2**63) <= value < 2**63


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 2**63), ("count", -(2**63) - 1), ("count", 1.0), ("count", "1"), ("count", True), ("loose", 1.9),
     ("loose", "9" * 30), ("loose", "9" * 5000), ("weight", "1e40"), ("weight", 10**400), ("weight", "1" * 70),
     ("weight", "NaN"), ("share", 10**400), ("due_at", "1899-01-01T00:00:00Z"), ("due_at", "2026-01-01T00:00:00"),
     ("due_on", "3000-01-01"), ("day", "9999-01-01T00:00:00"), ("tags", "abc"), ("tags", {"a": 1}),
     ("tags", ["x"] * 1001), ("tags", ["a\0"]), ("tree", {"a\0": 1}), ("raw", {"a": ["\x01"]}), ("raw", 2**70),
     ("note", b"x"), ("note", "a\0b"), ("note", "\x1b[31m"), ("note", "\ud800"), ("note", "x" * 10_001),
     ("unknown", 1), ("one", []), ("pair", [1]), ("parts", [{"name": "a\0", "quantity": 1}])],
)  # fmt: skip
def test_the_schema_refuses_at_the_field(field, value):
    assert set(errors_of(Anything(), {"title": "t", field: value})) == {field}


def test_writing_and_the_largest_numbers_are_taken():
    data = {"title": "第一行\n\t𠮷", "count": 2**63 - 1, "loose": -(2**63), "note": "x" * 10_000, "weight": "0.01"}
    assert Anything().load(data)["count"] == 2**63 - 1


def test_a_field_may_set_a_limit_of_its_own():
    class Report(StrictSchema):
        long = fields.Str(validate=validate.Length(max=20_000))
        longer = fields.Str(metadata={"max_length": 15_000})
        many = fields.List(fields.Int(), validate=validate.Length(max=2_000))

    assert Report().load({"long": "x" * 20_000, "longer": "x" * 15_000, "many": [1] * 2_000})
    assert set(errors_of(Report(), {"long": "x" * 20_001, "longer": "x" * 15_001, "many": [1] * 2_001})) == {
        "long", "longer", "many",
    }  # fmt: skip


def test_a_raw_tree_may_be_deep_but_not_endless():
    deep: Any = "x"
    for _level in range(15):
        deep = [deep]
    assert Anything().load({"title": "t", "raw": deep})
    for _level in range(15):
        deep = [deep]
    assert "raw" in errors_of(Anything(), {"title": "t", "raw": deep})


def test_the_strict_checks_are_there_once_however_often_the_schema_is_made():
    for _time in range(3):
        schema = Anything()
    assert len(schema.fields["title"].pre_load) == 2
    assert len(Anything._declared_fields["title"].pre_load) == 0


RAISED = [
    (validate.Length(2, 3), "x"), (validate.Length(min=2), "x"), (validate.Length(max=1), "xx"),
    (validate.Length(equal=4), "x"), (validate.OneOf("ab"), "x"), (validate.ContainsOnly("ab"), "x"),
    (validate.NoneOf("x"), "x"), (validate.ContainsNoneOf("x"), "x"), (validate.Regexp("y"), "x"),
    (validate.Equal(2), 1), (validate.URL(), "x"), (validate.Email(), "x"),
    *((validate.Range(low, high, min_inclusive=i, max_inclusive=j), n) for i in (True, False) for j in (True, False)
      for low, high, n in ((5, None, 1), (None, 5, 9), (2, 5, 9))),
]  # fmt: skip


def test_every_message_of_marshmallow_is_told_in_chinese():
    kinds = [kind for kind in vars(fields).values() if isinstance(kind, type) and issubclass(kind, fields.Field)]
    said = {
        text.format(obj_type="datetime", awareness=awareness, choices="x", input="x")
        for kind in kinds
        for key, text in getattr(kind, "default_error_messages", {}).items()
        if key != "format"  # said when a page is made, never to the person who fills in a form
        for awareness in ("aware", "naive")
    }
    said |= {"Not a valid date.", "Not a valid time.", *StrictSchema._default_error_messages.values()}
    for check, value in RAISED:
        with pytest.raises(ValidationError) as caught:
            check(value)
        said |= set(caught.value.messages)
    assert len(said) > 40
    with speaking("zh"):
        untold = [text for text in said if not any("一" <= c <= "鿿" for c in localise(text))]
    assert untold == []


def test_errors_keep_their_structure_and_take_messages_as_they_are():
    with speaking("en"):
        told = localise_errors({"a": ["Not a valid date."], "rows": {0: {"b": [_("Yes")]}}, "c": Text("甲", "A")})
    assert told == {"a": ["Enter a date, for example 2026-03-01."], "rows": {0: {"b": ["Yes"]}}, "c": ["A"]}


def test_what_a_form_could_not_read_is_refused_with_its_own_message():
    unread = Unreadable("x", _("Answer yes or no."))
    errors = errors_of(Anything(), dict.fromkeys(Anything().fields, unread))
    assert set(errors) == set(Anything().fields)
    assert all(told == [unread.message] for told in errors.values())
