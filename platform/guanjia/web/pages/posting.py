"""A step's form: what a post of it means, and how it comes back filled in. Uploads are kept first, ids go on."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import FileStorage

from guanjia.errors import Invalid, NotFound, TooLarge, Unavailable
from guanjia.schema import SIGNATURE_PREFIX, StrictSchema, Unreadable, signature_png
from guanjia.steps.context import Context
from guanjia.steps.flow import Step
from guanjia.steps.loader import Loader
from guanjia.web.addresses import page_url
from guanjia.web.forms import FormView, lookup_texts, parse_form
from guanjia.words import words

_ = words("guanjia")

VERSION, KEY, HAPPENED = "_version", "_idempotency_key", "_occurred_at"
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_FILE = re.compile(r"/files/([0-9a-f]{8}-[0-9a-f-]{27})")


class HappenedForm(StrictSchema):
    """When an act happened that is reported later; blank means now."""

    _occurred_at = fields.AwareDateTime(allow_none=True, load_default=None, metadata={
        "label": _("When it happened"), "help": _("Only if it is reported afterwards; leave it empty for now."),
    })  # fmt: skip


@dataclass
class Posted:
    """What was sent: the form as `perform` takes it, the version that was seen, and the key against sending twice."""

    raw: dict[str, Any]
    version: int | None = None
    key: str | None = None
    happened: Any = None
    texts: Mapping[str, str] = field(default_factory=dict)
    unavailable: Unavailable | None = None  # why a file of the form could not be kept

    def occurred_at(self) -> datetime | None:
        """The time of an act reported later. Raises Invalid if it cannot be read."""
        if self.happened is None:
            return None
        try:
            loaded: datetime | None = HappenedForm().load({HAPPENED: self.happened})[HAPPENED]
        except ValidationError as error:
            raise Invalid(error.messages if isinstance(error.messages, dict) else {HAPPENED: error.messages}) from error
        return loaded


def read_post(context: Context, step: Step) -> Posted:
    """The post of the step's form; files and signatures in it are stored as pending and stand in it as ids."""
    raw: dict[str, Any] = {}
    down: list[Unavailable] = []
    if step.form is not None:
        schema = step.form()
        raw = parse_form(schema, request.form, request.files, store=lambda upload: _store(context, upload, down))
        _keep_signatures(context, schema, raw, down)
    version = request.form.get(VERSION, "")
    happened = None
    if step.late_within is not None:
        happened = parse_form(HappenedForm(), request.form).get(HAPPENED)
    return Posted(raw, int(version) if version.isdigit() and len(version) < 10 else None,
                  sent_key(), happened, lookup_texts(request.form), down[0] if down else None)  # fmt: skip


def sent_key() -> str | None:
    """The key against sending twice that came with the form; None for what no page of ours puts there."""
    given = request.form.get(KEY, "")
    return given if _KEY.fullmatch(given) else None


def _store(context: Context, upload: FileStorage, down: list[Unavailable]) -> str:
    limit = context.host.config.max_upload
    return _kept(context, upload.filename or "", upload.stream.read(limit + 1), down)


def _kept(context: Context, name: str, content: bytes, down: list[Unavailable]) -> str:
    try:
        return str(context.host.files.keep(context, name, content))
    except Unavailable as error:
        down.append(error)
        raise ValidationError([error.detail]) from error
    except Invalid as error:
        raise ValidationError([m for found in error.errors.values() for m in found]) from error
    except TooLarge as error:
        raise ValidationError([error.detail]) from error


def _signatures(schema: Schema) -> list[str]:
    return [
        name
        for name, f in schema.fields.items()
        if isinstance(f, fields.UUID) and f.metadata.get("widget") == "signature"
    ]


def _keep_signatures(context: Context, schema: Schema, raw: dict[str, Any], down: list[Unavailable]) -> None:
    """Drawn signatures of UUID fields become files; one that was kept before comes back as its address."""
    for name in _signatures(schema):
        value = raw.get(name)
        if not isinstance(value, str):
            continue
        kept = _FILE.fullmatch(value)
        if kept is not None:
            raw[name] = kept[1]
            continue
        try:
            signature_png(value)
            raw[name] = _kept(context, "signature.png", base64.b64decode(value[len(SIGNATURE_PREFIX) :]), down)
        except ValidationError as error:
            why = error.messages[0] if isinstance(error.messages, list) else _("Please sign again.")
            raw[name] = Unreadable("", why)


def view_form(
    loader: Loader,
    step: Step,
    case: Any,
    data: Mapping[str, Any],
    *,
    errors: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    disabled: bool = False,
    key: str = "f",
) -> FormView:
    """The step's form for the page, with the choices of this case, its lookups, and pictures that were kept."""
    schema = (step.form or StrictSchema)()
    choices = dict(step.choices(loader, case)) if step.choices is not None else {}
    shown = dict(data)
    for name in _signatures(schema):
        if isinstance(shown.get(name), str | UUID):
            shown[name] = file_url(shown[name])
    pictures: dict[str, str] = {}
    _add_kept_files(loader, schema, shown, choices, pictures)
    lookups = lookup_urls(loader, step, schema)
    known = dict(texts or {}) | _lookup_words(loader, step, schema, shown, texts or {})
    return FormView.of(schema, data=shown, errors=errors, choices=choices, disabled=disabled, lookups=lookups, texts=known,
                       thumb=lambda file_id: pictures.get(file_id, ""), key=key)  # fmt: skip


def file_url(file_id: object) -> str:
    """The address of a stored file."""
    return page_url("file", file_id=UUID(str(file_id)))


def _add_kept_files(
    loader: Loader,
    schema: Schema,
    data: Mapping[str, Any],
    choices: dict[str, Sequence[tuple[str, Any]]],
    pictures: dict[str, str],
) -> None:
    """Name the uploads that the form comes back with, and give pictures their address."""
    for name, f in schema.fields.items():
        if f.metadata.get("widget") != "photos":
            continue
        held = data.get(name)
        ids = [i for i in (_uuid(v) for v in (held if isinstance(held, list | tuple) else [held])) if i is not None]
        if not ids or loader.actor is None:
            continue
        rows = loader.host.files.pending(loader.session, ids, loader.actor.id)
        choices[name] = [(str(row.id), row.name) for row in rows]
        pictures |= {str(row.id): file_url(row.id) for row in rows if row.media_type.startswith("image/")}


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if isinstance(value, str | UUID) else None
    except ValueError:
        return None


# -- lookups ---------------------------------------------------------------------------------------------


def _lookup_fields(schema: Schema) -> list[tuple[str, str]]:
    """(field, name of the lookup) of every search field, those of table rows too."""
    found = []
    for name, f in schema.fields.items():
        if "lookup" in f.metadata:
            found.append((name, str(f.metadata["lookup"])))
        inner = f.inner if isinstance(f, fields.List) else f
        if isinstance(inner, fields.Nested):
            found += [("", lookup) for _name, lookup in _lookup_fields(inner.schema)]
    return found


def find_lookup(loader: Loader, name: str, own: str = "") -> tuple[str, Any]:
    """The full name and the function of a lookup: `<plugin>.<name>`, or a bare name, the step's own plugin first.

    Raises NotFound if no plugin that is on has it.
    """
    plugins = loader.host.plugins
    head, _dot, tail = name.partition(".")
    tried = [(head, tail)] if tail else [(own, name), *((key, name) for key in plugins)]
    for key, lookup in tried:
        plugin = plugins.get(key)
        if plugin is not None and lookup in plugin.lookups and loader.host.is_active(key, loader.place):
            return f"{key}.{lookup}", plugin.lookups[lookup]
    raise NotFound()


def lookup_urls(loader: Loader, step: Step, schema: Schema) -> dict[str, str]:
    """The address behind each search field of the form."""
    code = loader.site.code if loader.site else None
    own = step.flow.split(".", 1)[0]
    return {
        name: page_url("lookup", code, name=find_lookup(loader, step.lookups.get(name, name), own)[0])
        for _field, name in _lookup_fields(schema)
    }


def _lookup_words(
    loader: Loader, step: Step, schema: Schema, data: Mapping[str, Any], known: Mapping[str, str]
) -> dict[str, str]:
    """What the search fields show for ids that came without words: a lookup asked for an id answers with that row."""
    found: dict[str, str] = {}
    own = step.flow.split(".", 1)[0]
    for name, lookup in _lookup_fields(schema):
        value = _uuid(data.get(name)) if name else None
        if value is None or str(value) in known:
            continue
        full, search = find_lookup(loader, step.lookups.get(lookup, lookup), own)
        with loader.host.faults.apart("lookup", full, plugin=full.split(".", 1)[0], company_id=loader.company_id,
                                      session=loader.session):  # fmt: skip
            for row_id, text, *_rest in search(loader, str(value)):
                if str(row_id) == str(value):
                    found[str(value)] = str(text)
    return found


def readable(loader: Loader, step: Step, case: Any, raw: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """The entries of a stored form as (label, text, addresses of pictures), blank ones left out."""
    if step.form is None:
        return []
    form = view_form(loader, step, case, raw, errors={})
    found: list[tuple[str, str, list[str]]] = []
    for f in form.fields:
        urls: list[str] = []
        if f.widget in ("photos", "signature"):
            held = raw.get(f.name)
            ids = [i for i in (_uuid(v) for v in (held if isinstance(held, list) else [held])) if i is not None]
            text, urls = "", [file_url(i) for i in ids]
        elif f.widget == "rows":
            text = "\n".join(
                " · ".join(f"{c.label}: {_words(c)}" for c in row.fields if _words(c))
                for row in f.rows if any(_words(c) for c in row.fields)
            )  # fmt: skip
        else:
            text = _words(f)
        if text or urls:
            found.append((f.label, text, urls))
    return found


def _words(f: Any) -> str:
    if f.options:
        return "、".join(option.label for option in f.options if option.selected and option.value)
    if f.widget == "checkbox":
        return str(_("Yes")) if f.value == "true" else ""
    text = f.text or f.value
    if f.widget == "datetime":
        text = text.replace("T", " ")
    return f"{text} {f.unit}" if text and f.unit else str(text)
