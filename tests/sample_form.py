"""A form with every kind of field, and what a browser would send for it."""

from __future__ import annotations

from enum import Enum
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, render_template_string
from marshmallow import ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from guanjia.schema import StrictSchema
from guanjia.web.assets import init_assets
from guanjia.web.forms import FormView
from guanjia.words import Text


class Urgency(Enum):
    URGENT = 1
    ORDINARY = 2


class Material(StrictSchema):
    name = fields.Str(required=True, validate=validate.Length(1, 60), metadata={"label": Text("材料", "Material")})
    quantity = fields.Int(required=True, strict=True, validate=validate.Range(min=1, max=999))
    price_fen = fields.Int(required=True, strict=True, validate=validate.Range(min=0), metadata={"unit": "fen"})
    stocked = fields.Bool(load_default=False)
    kind = fields.Str(validate=validate.OneOf(["a", "b", "c", "d", "e"]))
    id = fields.UUID(metadata={"widget": "hidden"})


class Sheet(StrictSchema):
    title = fields.Str(required=True, validate=validate.Length(1, 100))
    content = fields.Str(validate=validate.Length(max=500))
    phone = fields.Str(metadata={"widget": "phone"})
    note = fields.Str(allow_none=True)
    count = fields.Int(strict=True, load_default=3)
    total_fen = fields.Int(strict=True, validate=validate.Range(min=100, max=1_000_000), metadata={"unit": "fen"})
    weight = fields.Decimal(places=2)
    urgent = fields.Bool()
    agreed = fields.Bool(allow_none=True)
    due_at = fields.AwareDateTime()
    due_on = fields.Date()
    unit_id = fields.UUID(metadata={"lookup": "unit"})
    urgency = fields.Enum(Urgency, by_value=True)
    ways = fields.List(fields.Str(validate=validate.OneOf(["cash", "bank"])))
    tags = fields.List(fields.Str())
    numbers = fields.List(fields.Int(strict=True))
    materials = fields.List(fields.Nested(Material), validate=validate.Length(max=5))
    number = fields.Str(dump_only=True)


def post(*pairs: tuple[str, str]) -> MultiDict[str, str]:
    return MultiDict(pairs)


def errors_of(schema: StrictSchema, data: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        schema.load(data)
    return caught.value.messages_dict


class Sent(HTMLParser):
    """What a browser would send for the forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: MultiDict[str, str] = MultiDict()
        self.ids: set[str] = set()
        self.in_template, self.select, self.area = 0, "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v if v is not None else "" for k, v in attrs}
        self.in_template += tag == "template"
        if self.in_template:
            return
        self.ids.add(a.get("id", ""))
        name, kind = a.get("name", ""), a.get("type", "text")
        if tag == "input" and name and kind != "file" and (kind not in ("checkbox", "radio") or "checked" in a):
            self.sent.add(name, a.get("value", ""))
        if tag == "select":
            self.select, self.first = name, True
        if tag == "option" and (self.first or "selected" in a):
            self.sent.setlist(self.select, [a["value"]])
            self.first = False
        if tag == "textarea":
            self.area, self.text = name, ""

    def handle_endtag(self, tag: str) -> None:
        self.in_template -= tag == "template"
        if tag == "textarea" and self.area:
            self.sent.add(self.area, self.text.removeprefix("\n").replace("\n", "\r\n"))
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data


def form_app() -> Flask:
    """An application that can draw forms and nothing else."""
    app = Flask("forms", static_folder=None, template_folder=None)
    app.secret_key = "test"
    init_assets(app)
    return app


def drawn(app: Flask, form: FormView) -> Sent:
    source = '{% from "guanjia/macros/form.html" import render_form %}{{ render_form(form, "/x", "Go") }}'
    with app.test_request_context():
        return Sent(render_template_string(source, form=form))
