"""A schema as a form: what a page shows, that it comes back unchanged, and that errors stand where they belong."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template_string
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict

import guanjia
from guanjia.schema import StrictSchema
from guanjia.web.forms import FormView, parse_form
from guanjia.words import Text, load_catalogue, speaking
from sample_form import Sheet, Urgency, drawn, errors_of, form_app, post

load_catalogue("guanjia", Path(guanjia.__file__).parent / "translations")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def app() -> Flask:
    return form_app()


WRITABLE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and text.strip()
)
ROW = st.fixed_dictionaries(
    {"name": WRITABLE, "quantity": st.integers(1, 999), "price_fen": st.integers(0, 10**12), "stocked": st.booleans()},
    optional={"kind": st.sampled_from("abcde"), "id": st.uuids()},
)
MOMENT = st.datetimes(datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2900-01-01")).map(
    lambda m: m.replace(second=0, microsecond=0)
)
SHEET = st.fixed_dictionaries(
    {"title": WRITABLE, "urgent": st.booleans(), "materials": st.lists(ROW, max_size=5), "note": st.none() | WRITABLE,
     "agreed": st.none() | st.booleans(), "ways": st.sampled_from([[], ["cash"], ["bank"], ["cash", "bank"]]),
     "tags": st.lists(st.text("漏水abc", min_size=1), max_size=3),
     "numbers": st.lists(st.integers(-99, 10**15), max_size=3)},
    optional={"count": st.integers(-(2**63), 2**63 - 1), "total_fen": st.integers(100, 1_000_000),
              "weight": st.decimals(-1000, 1000, places=2), "due_on": st.dates(date(1900, 1, 1), date(2999, 12, 31)),
              "due_at": MOMENT.map(lambda m: m.replace(tzinfo=SHANGHAI)), "unit_id": st.uuids(),
              "urgency": st.sampled_from(Urgency), "content": st.text("ab \n", max_size=9).map(str.strip).filter(bool)},
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(SHEET)
def test_a_drawn_form_sent_back_unchanged_loads_the_same_values(app, sheet):
    form = FormView.of(Sheet(), data=sheet, errors={}, zone=SHANGHAI)
    data = parse_form(Sheet(), drawn(app, form).sent, zone=SHANGHAI)
    expected = {"count": 3} | sheet
    assert Sheet().load(data) == expected


def test_rows_left_empty_are_dropped_and_an_error_points_to_the_cell_that_is_shown():
    form = post(
        ("title", "t"), ("materials-0-name", ""), ("materials-0-quantity", " "), ("materials-0-price_fen", ""),
        ("materials-7-name", "valve"), ("materials-7-quantity", "0"), ("materials-7-price_fen", "1"),
        ("materials-12-name", "tape"), ("materials-12-quantity", "1"), ("materials-12-price_fen", "x"),
        ("materials-12-id", ""), ("materials-99-id", "018f0000-0000-7000-8000-000000000001"),
    )  # fmt: skip
    data = parse_form(Sheet(), form, zone=SHANGHAI)
    assert [row["name"] for row in data["materials"]] == ["valve", "tape"]
    with speaking("en"):
        view = FormView.of(Sheet(), data=data, errors=errors_of(Sheet(), data))
        summary = view.summary
    cells = {cell.name: cell for row in view["materials"].rows for cell in row.fields}
    assert cells["materials-0-name"].value == "valve"
    assert cells["materials-0-quantity"].errors == ["Enter a value from 1 to 999."]
    assert cells["materials-1-price_fen"].errors and cells["materials-1-price_fen"].value == "x"
    assert [cell for cell in cells.values() if cell.errors] == [
        cells["materials-0-quantity"],
        cells["materials-1-price_fen"],
    ]
    assert [(id, label) for id, label, _text in summary] == [
        ("f-materials-0-quantity", "Materials, row 1, Quantity"),
        ("f-materials-1-price_fen", "Materials, row 2, Price fen"),
    ]  # fmt: skip


def test_a_link_in_the_error_summary_leads_to_something_on_the_page(app):
    everything = {name: ["Invalid value."] for name in Sheet().fields if name != "number"}
    everything["materials"] = {0: {"name": ["x"], "kind": ["x"], "id": ["x"]}, "_schema": ["too many"]}
    form = FormView.of(
        Sheet(), data={"materials": [{"name": "a"}]}, errors=everything | {"unheard_of": ["Unknown field."]}
    )
    ids = drawn(app, form).ids
    shown = [entry for entry in form.summary if "Id" not in entry[1]]
    assert len(shown) >= 18 and {entry[0] for entry in shown} <= ids
    with speaking("en"):
        form = FormView.of(Sheet(), errors={"unheard_of": ["Unknown field."], "_schema": ["No."]})
    assert form.errors == ["unheard_of: This field is not known here. Leave it out.", "No."]


def test_three_spare_rows_wait_for_browsers_without_scripts_and_may_stay_empty(app):
    rows = FormView.of(Sheet())["materials"].rows
    assert [row.spare for row in rows] == [False, True, True]
    assert all(not cell.enforced for row in rows for cell in row.fields)
    rows = FormView.of(Sheet(), data={"materials": [{"name": "a"}]})["materials"].rows
    assert [row.spare for row in rows] == [False, True, True, True]
    assert parse_form(Sheet(), drawn(app, FormView.of(Sheet())).sent)["materials"] == []


def test_too_many_rows_are_refused_without_being_read():
    form = MultiDict((f"materials-{n}-name", "x") for n in range(3000))
    form["title"] = "t"
    data = parse_form(Sheet(), form)
    assert len(data["materials"]) == 1001
    assert "materials" in errors_of(Sheet(), data)


# ---------------------------------------------------------------- what the page shows
def test_each_kind_of_field_gets_its_widget():
    found = {view.name: view.widget for view in FormView.of(Sheet()).fields}
    assert found == {
        "title": "text", "content": "textarea", "phone": "phone", "note": "text", "count": "number",
        "total_fen": "money", "weight": "number", "urgent": "checkbox", "agreed": "radio", "due_at": "datetime",
        "due_on": "date", "unit_id": "lookup", "urgency": "radio", "ways": "checkboxes", "tags": "lines",
        "numbers": "lines", "materials": "rows",
    }  # fmt: skip
    cells = {cell.name: cell.widget for cell in FormView.of(Sheet())["materials"].rows[0].fields}
    assert (cells["materials-0-kind"], cells["materials-0-id"]) == ("select", "hidden")


def test_attributes_follow_the_validators():
    form = FormView.of(Sheet())
    assert form["title"].attrs == {"minlength": 1, "maxlength": 100} and form["title"].enforced
    assert form["count"].attrs == {"step": "1", "inputmode": "numeric"}
    assert form["weight"].attrs["step"] == "0.01"

    class Bounded(StrictSchema):
        days = fields.Int(
            validate=validate.Range(0, 15, min_inclusive=False, max_inclusive=False), metadata={"unit": "days"}
        )
        on = fields.Date(validate=validate.Range(min=date(2026, 1, 1)))
        metres = fields.Decimal(places=3, validate=validate.Range(min=0, min_inclusive=False))

    with speaking("zh"):
        bounded = FormView.of(Bounded())
    assert (bounded["days"].attrs["min"], bounded["days"].attrs["max"], bounded["days"].unit) == (1, 14, "天")
    assert bounded["on"].attrs == {"min": "2026-01-01"}
    assert (str(bounded["metres"].attrs["min"]), bounded["metres"].attrs["step"]) == ("0.001", "0.001"), (
        "half a metre fits"
    )


def test_defaults_fill_a_fresh_form_but_not_what_somebody_emptied():
    assert FormView.of(Sheet())["count"].value == "3"
    assert FormView.of(Sheet(), data={"title": "x"})["count"].value == "3"
    assert FormView.of(Sheet(), data={"title": "x"}, errors={})["count"].value == ""


def test_choices_handed_in_become_a_select_and_name_what_a_lookup_holds():
    unit = UUID("018f0000-0000-7000-8000-000000000001")
    choices = {"unit_id": [(unit, "3-502")], "note": [("a", "A"), ("b", Text("乙", "B"))]}
    form = FormView.of(Sheet(), data={"unit_id": unit, "note": "b"}, lookups={"unit": "/find"}, choices=choices)
    assert (form["unit_id"].text, form["unit_id"].lookup_url, form["unit_id"].value) == ("3-502", "/find", str(unit))
    assert form["note"].widget == "select"
    with speaking("zh"):
        form = FormView.of(Sheet(), data={"note": "b"}, choices=choices)
    assert [(o.value, o.label, o.selected) for o in form["note"].options] == [("a", "A", False), ("b", "乙", True)]


def test_an_error_about_choices_names_the_labels_that_are_shown():
    labels = [("cash", Text("现金", "Cash")), ("bank", Text("转账", "Transfer"))]

    class Way(StrictSchema):
        way = fields.Str(validate=validate.OneOf(["cash", "bank"]), metadata={"choices": labels})

    with speaking("zh"):
        view = FormView.of(Way(), data={"way": "gold"}, errors=errors_of(Way(), {"way": "gold"}))["way"]
    assert view.errors == ["请从以下各项中选择：现金、转账。"]


def test_what_a_person_typed_is_shown_as_text_only(app):
    evil = '"><script>alert(1)</script>'
    form = FormView.of(Sheet(), data={"title": evil, "content": f"</textarea>{evil}", "materials": [{"name": evil}]},
                       errors={"title": [evil]}, labels={"count": evil})  # fmt: skip
    source = '{% from "guanjia/macros/form.html" import render_form %}{{ render_form(form, "/x", "Go") }}'
    with app.test_request_context():
        html = render_template_string(source, form=form)
    assert "<script" not in html
    assert drawn(app, form).sent["materials-0-name"] == evil
    assert drawn(app, form).sent["content"] == f"</textarea>{evil}"


def test_a_password_is_never_sent_back_to_the_page():
    class Login(StrictSchema):
        password = fields.Str(metadata={"widget": "password"})

    assert parse_form(Login(), post(("password", " s p "))) == {"password": " s p "}
    assert FormView.of(Login(), data={"password": "secret"}, errors={})["password"].value == ""


def test_a_field_that_no_form_can_show_is_named_at_once():
    class Odd(StrictSchema):
        anything = fields.Raw()

    class Wrong(StrictSchema):
        name = fields.Str(metadata={"widget": "hologram"})

    with pytest.raises(TypeError, match="anything"):
        FormView.of(Odd())
    with pytest.raises(TypeError, match="hologram"):
        FormView.of(Wrong())
