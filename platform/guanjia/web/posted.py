"""What an HTML post means: the plain mapping that a schema loads. Nothing that is posted raises here."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing
from werkzeug.datastructures import FileStorage, MultiDict

from guanjia.schema import MAX_ITEMS, SIGNATURE_BYTES, SIGNATURE_PREFIX, Unreadable
from guanjia.web.widgets import blank, rows_of, split_items, value_of, widget_of
from guanjia.words import current_zone, words

_ = words("guanjia")

Files = MultiDict[str, FileStorage]
Store = Callable[[FileStorage], Any]
_LOOKUP_TEXT = "__text"


def parse_form(
    schema: Schema,
    request_form: MultiDict[str, str],
    files: Files | None = None,
    *,
    zone: tzinfo | None = None,
    store: Store | None = None,
) -> dict[str, Any]:
    """The posted form as `schema.load` takes it; fields that the schema does not know are passed over.

    Blank means None where the field takes it, else "not sent". Local times are read in `zone` (the site's).
    What cannot be read becomes `Unreadable`, which the schema refuses. Uploads of a photos field go through
    `store`, which gives the id to keep (it may raise ValidationError); without it they come back as they are.
    """
    return _Post(request_form, files or MultiDict(), zone or current_zone(), store).mapping(schema, "")


def lookup_texts(request_form: MultiDict[str, str]) -> dict[str, str]:
    """What the lookups showed when the form was sent, by chosen id: the `texts` of the next FormView."""
    shown = {k.removesuffix(_LOOKUP_TEXT): v for k, v in request_form.items() if k.endswith(_LOOKUP_TEXT)}
    return {request_form[name]: text[:200] for name, text in shown.items() if request_form.get(name)}


class _Post:
    def __init__(self, form: MultiDict[str, str], files: Files, zone: tzinfo, store: Store | None) -> None:
        self.form, self.files, self.zone, self.store = form, files, zone, store

    def mapping(self, schema: Schema, prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field in schema.fields.values():
            if field.dump_only:
                continue
            key = field.data_key or field.name or ""
            value = self._read(field, prefix + key)
            if value is not missing:
                found[key] = value
        return found

    def _read(self, field: fields.Field[Any], name: str) -> Any:
        row_schema = rows_of(field)
        if row_schema is not None:
            return self._rows(row_schema, name)
        # Choices handed in at drawing time turn a list into checkboxes; entries are then posted one by one.
        widget = widget_of(field)
        if widget == "photos":
            return self._photos(field, name)
        if widget == "signature":
            return self._signature(field, name)
        if widget == "checkbox":
            return name in self.form and value_of(field, self.form[name] or "on", self.zone)
        if isinstance(field, fields.List):
            texts = [text for text in self.form.getlist(name) if text.strip()]
            if widget != "checkboxes":
                texts = [part for text in texts for part in split_items(text)]
            return [value_of(field.inner, text, self.zone) for text in texts]
        text = self.form.get(name, "")
        return value_of(field, text, self.zone) if text.strip() else blank(field)

    def _rows(self, schema: Schema, name: str) -> Any:
        pattern = re.compile(re.escape(name) + r"-(\d{1,6})-")
        indices: dict[int, str] = {}
        for key in (*self.form, *self.files):
            found = pattern.match(key)
            if found:
                indices.setdefault(int(found[1]), found[1])
        rows = [f"{name}-{indices[i]}-" for i in sorted(indices)]
        filled = [prefix for prefix in rows if self._is_filled(schema, prefix)]
        # One more than may be sent is enough for the schema to refuse them all.
        return [self.mapping(schema, prefix) for prefix in filled[: MAX_ITEMS + 1]]

    def _is_filled(self, schema: Schema, prefix: str) -> bool:
        for field in schema.fields.values():
            name = prefix + (field.data_key or field.name or "")
            if field.dump_only or widget_of(field) == "hidden":
                continue
            if any(text.strip() for text in self.form.getlist(name)):
                return True
            if any(f.filename for part in (name, f"{name}_file") for f in self.files.getlist(part)):
                return True
        return False

    def _photos(self, field: fields.Field[Any], name: str) -> Any:
        found: list[Any] = [text.strip() for text in self.form.getlist(name) if text.strip()]
        for upload in self.files.getlist(name)[:MAX_ITEMS]:
            if not upload.filename:
                continue
            try:
                found.append(self.store(upload) if self.store else upload)
            except ValidationError as error:
                why = error.messages[0] if isinstance(error.messages, list) and error.messages else None
                found.append(Unreadable(upload.filename, why or _("This picture cannot be used. Choose another.")))
        if isinstance(field, fields.List):
            return found
        return found[-1] if found else blank(field)

    def _signature(self, field: fields.Field[Any], name: str) -> Any:
        drawn = self.form.get(name, "").strip()
        upload = self.files.get(f"{name}_file")
        if drawn or upload is None or not upload.filename:
            return drawn or blank(field)
        picture = upload.stream.read(SIGNATURE_BYTES + 1)
        if len(picture) > SIGNATURE_BYTES:
            why = _("The signature is larger than 200 KB. Sign in the box, or choose a smaller picture.")
            return Unreadable("", why)
        return SIGNATURE_PREFIX + base64.b64encode(picture).decode("ascii")
