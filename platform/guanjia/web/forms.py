"""A schema as a form: what the page shows, and what a post of it means.

`FormView.of` makes the view that `guanjia/macros/form.html` draws; `parse_form` turns the post into the plain
mapping that `schema.load` takes. What a field wants to say about its looks stands in its `metadata`: label,
help, widget, choices, unit, placeholder, autofocus, autocomplete, inputmode, pattern, step, rows, group,
wide, lookup, lookup_url.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, missing

from guanjia.schema import MAX_ITEMS, localise
from guanjia.web.posted import lookup_texts, parse_form
from guanjia.web.widgets import (
    UNITS,
    bounds_of,
    choices_of,
    fen_to_yuan,
    items_of,
    length_of,
    rows_of,
    text_of,
    widget_of,
    yuan_to_fen,
)
from guanjia.words import current_zone, show, words

__all__ = [
    "FieldView",
    "FormView",
    "Option",
    "RowView",
    "fen_to_yuan",
    "lookup_texts",
    "parse_form",
    "yuan_to_fen",
]

_ = words("guanjia")

SPARE_ROWS = 3  # empty rows for browsers without scripts
WIDE = frozenset({"textarea", "lines", "rows", "signature", "photos", "checkboxes"})
Choices = Mapping[str, Sequence[tuple[Any, Any]]]


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose; `value` is the text that is posted. `thumb` is a picture's address."""

    value: str
    label: str
    selected: bool
    thumb: str = ""


@dataclass(slots=True)
class FieldView:
    """One field as the page shows it. `value` is text; `attrs` are attributes of the control."""

    name: str
    id: str
    label: str
    widget: str
    help: str = ""
    required: bool = False  # the schema refuses a blank
    enforced: bool = False  # the browser may refuse it, too; not in rows, which may stay empty
    value: str = ""
    text: str = ""  # what a lookup shows for the chosen id
    options: list[Option] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)
    unit: str = ""
    group: str = ""
    wide: bool = False
    lookup_url: str = ""
    rows: list[RowView] = field(default_factory=list)
    pattern_row: RowView | None = None  # what the browser copies for a further row

    @property
    def described_by(self) -> str:
        """The ids of help and error, for aria-describedby."""
        return " ".join([f"{self.id}-help"] * bool(self.help) + [f"{self.id}-error"] * bool(self.errors))

    @property
    def first_id(self) -> str:
        """Where a link in the error summary leads."""
        return f"{self.id}-0" if self.widget in ("radio", "checkboxes") else self.id


@dataclass(slots=True)
class RowView:
    """One row of a table in a form. A spare row is empty and only shown where scripts do not run."""

    index: int | str
    fields: list[FieldView]
    errors: list[str] = field(default_factory=list)
    spare: bool = False


@dataclass(slots=True)
class FormView:
    """A form ready to be drawn. `errors` are those that belong to no field."""

    fields: list[FieldView]
    errors: list[str] = field(default_factory=list)
    disabled: bool = False

    @classmethod
    def of(
        cls,
        schema: Schema,
        *,
        data: Mapping[str, Any] | None = None,
        errors: Mapping[str, Any] | None = None,
        choices: Choices | None = None,
        disabled: bool = False,
        lookups: Mapping[str, str] | None = None,
        texts: Mapping[str, str] | None = None,
        labels: Mapping[str, object] | None = None,
        units: Mapping[str, object] | None = None,
        thumb: Callable[[str], str] | None = None,
        zone: tzinfo | None = None,
        key: str = "f",
    ) -> FormView:
        """The form of `schema`, filled with `data` (loaded values, or what `parse_form` gave).

        Defaults fill what `data` lacks, unless `errors` is given: then what is missing was left empty.
        `choices`, `labels` and `units` go before the field's own; they are keyed by field name, inside a
        table by `table.column`. `lookups` maps a lookup's name to its address, `texts` a chosen id to what
        the lookup shows, `thumb` a kept photo's id to a small picture. `key` sets the ids apart where a page
        holds several forms. Raises TypeError for a field that no widget can show.
        """
        maker = _Maker(
            data or {},
            choices or {},
            lookups or {},
            texts or {},
            labels or {},
            units or {},
            thumb,
            zone or current_zone(),
            use_defaults=errors is None,
        )
        found = dict(errors or {})
        views = [maker.view(f, key, found.pop(_key(f), None)) for f in _loadable(schema)]
        general = [text for view in views if view.widget == "hidden" for text in view.errors]
        for name, error in found.items():
            general += _flat(error, "" if name == "_schema" else str(name))
        return cls(views, general, disabled)

    @property
    def multipart(self) -> bool:
        """Whether the form sends files."""
        return any(f.widget in ("photos", "signature") for f in self._walk())

    @property
    def groups(self) -> list[tuple[str, list[FieldView]]]:
        """The visible fields under their headings, in order; the heading is empty for those without."""
        found: list[tuple[str, list[FieldView]]] = []
        for view in self.fields:
            if view.widget == "hidden":
                continue
            if not found or found[-1][0] != view.group:
                found.append((view.group, []))
            found[-1][1].append(view)
        return found

    @property
    def hidden(self) -> list[FieldView]:
        """The fields that the person does not see."""
        return [view for view in self.fields if view.widget == "hidden"]

    @property
    def summary(self) -> list[tuple[str, str, str]]:
        """(id, label, message) of every field's errors, those of table cells with their row."""
        found = []
        for view in self.fields:
            if view.widget == "hidden":
                continue
            found += [(view.first_id, view.label, text) for text in view.errors]
            for place, row in enumerate(view.rows, 1):
                where = str(_("%(table)s, row %(row)s", table=view.label, row=place))
                found += [(view.id, where, text) for text in row.errors]
                for cell in row.fields:
                    at = str(_("%(row)s, %(column)s", row=where, column=cell.label))
                    found += [(cell.first_id, at, text) for text in cell.errors]
        return found

    def __getitem__(self, name: str) -> FieldView:
        """The field of that name. Raises KeyError."""
        for view in self.fields:
            if view.name == name:
                return view
        raise KeyError(name)

    def _walk(self) -> Iterator[FieldView]:
        for view in self.fields:
            yield view
            if view.pattern_row:
                yield from view.pattern_row.fields


def _key(f: fields.Field[Any]) -> str:
    return f.data_key or f.name or ""


def _loadable(schema: Schema) -> list[fields.Field[Any]]:
    return [f for f in schema.fields.values() if not f.dump_only]


def _flat(error: Any, where: str = "", rewrite: Callable[[str], str] | None = None) -> list[str]:
    """All messages below `error` as sentences; list positions are counted from 1, as people do."""
    if isinstance(error, Mapping):
        found = []
        for key, inner in error.items():
            part = "" if key == "_schema" else str(key)
            if part.isdigit():
                part = str(_("entry %(n)s", n=int(part) + 1))
            found += _flat(inner, " ".join(filter(None, (where, part))), rewrite)
        return found
    if isinstance(error, list | tuple):
        return [text for item in error for text in _flat(item, where, rewrite)]
    if error is None:
        return []
    text = localise(error, rewrite=rewrite)
    return [str(_("%(where)s: %(text)s", where=where, text=text))] if where else [text]


def _rewriter(view: FieldView) -> Callable[[str], str] | None:
    """How bounds and choices inside an error read on the page: yuan for fen, labels for keys."""
    if view.widget == "money":
        return lambda text: fen_to_yuan(int(text)) if text.lstrip("-").isdigit() else text
    labels = [option.label for option in view.options if option.value]
    return (lambda text: text if text.isdigit() else show(labels)) if labels else None


@dataclass(slots=True)
class _Maker:
    data: Mapping[str, Any]
    choices: Choices
    lookups: Mapping[str, str]
    texts: Mapping[str, str]
    labels: Mapping[str, object]
    units: Mapping[str, object]
    thumb: Callable[[str], str] | None
    zone: tzinfo
    use_defaults: bool

    def view(
        self,
        f: fields.Field[Any],
        key: str,
        error: Any,
        row: Mapping[str, Any] | None = None,
        prefix: str = "",
    ) -> FieldView:
        """The view of one field; of a table's cell where `row` (its data) and `prefix` are given."""
        name, in_row = _key(f), row is not None
        known_as = f"{prefix.split('-')[0]}.{name}" if in_row else name
        given = self.choices.get(known_as)
        widget = widget_of(f, has_choices=given is not None)
        if in_row and widget == "rows":
            raise TypeError(f"field {name}: a row of a form cannot hold rows itself")
        value = self._value(f, name, self.data if row is None else row, in_row)
        unit = self.units.get(known_as, f.metadata.get("unit", "fen" if widget == "money" else ""))
        label = self.labels.get(known_as, f.metadata.get("label")) or name.replace("_", " ").capitalize()
        result = FieldView(
            name=prefix + name,
            id=f"{key}-{prefix}{name}",
            label=str(label),
            widget=widget,
            help=str(f.metadata.get("help") or ""),
            required=f.required and widget != "checkbox",
            enforced=f.required and widget != "checkbox" and not in_row,
            unit=str(UNITS.get(str(unit), unit)),
            group=str(f.metadata.get("group") or ""),
            wide=bool(f.metadata.get("wide", widget in WIDE)),
            attrs=_attrs(f, widget, in_row),
        )
        if widget == "rows":
            self._fill_rows(f, key, name, result, value, error)
            return result
        where = result.label if widget == "hidden" else ""
        if widget in ("select", "radio", "checkboxes", "photos"):
            result.options = self._options(f, widget, value, given)
            if widget == "radio" and not f.required:
                chosen = any(option.selected for option in result.options)
                result.options.append(Option("", str(_("Not stated")), not chosen))
        else:
            result.value = "" if widget == "password" else text_of(f, value, self.zone)
        result.errors = _flat(error, where, _rewriter(result))
        if widget == "lookup":
            result.lookup_url = str(self.lookups.get(f.metadata.get("lookup", ""), f.metadata.get("lookup_url", "")))
            known = {text_of(f, v, self.zone): str(text) for v, text in given or ()}
            result.text = str(self.texts.get(result.value) or known.get(result.value, ""))
        return result

    def _value(self, f: fields.Field[Any], name: str, data: Mapping[str, Any], in_row: bool) -> Any:
        for place in (name, f.attribute, f.name):
            if place and place in data:
                return data[place]
        if not self.use_defaults or in_row or f.load_default is missing:
            return None
        return f.load_default() if callable(f.load_default) else f.load_default

    def _options(
        self, f: fields.Field[Any], widget: str, value: Any, given: Sequence[tuple[Any, Any]] | None
    ) -> list[Option]:
        item = items_of(f)
        held = value if isinstance(value, list | tuple | set | frozenset) else [value]
        chosen = [text_of(item, v, self.zone) for v in held if v is not None]
        pairs = [(text_of(item, v, self.zone), str(label)) for v, label in given or choices_of(f) or ()]
        if widget != "photos":
            return [Option(text, label, text in chosen) for text, label in pairs]
        names = dict(pairs)
        kept = [str(v) for v in held if isinstance(v, str | UUID)]  # uploads that nobody stored are gone
        return [
            Option(v, names.get(v) or str(_("Picture %(n)s", n=n)), True, self.thumb(v) if self.thumb else "")
            for n, v in enumerate(kept, 1)
        ]

    def _fill_rows(self, f: fields.Field[Any], key: str, name: str, result: FieldView, value: Any, error: Any) -> None:
        row_schema = rows_of(f)
        assert row_schema is not None
        columns = _loadable(row_schema)
        by_row: dict[int, Any] = {}
        if isinstance(error, Mapping):
            by_row = {int(k): e for k, e in error.items() if str(k).isdigit()}
            error = {k: e for k, e in error.items() if not str(k).isdigit()}
        result.errors = _flat(error)

        def row(index: int | str, data: Mapping[str, Any], error: Any, spare: bool = False) -> RowView:
            cells = dict(error) if isinstance(error, Mapping) else {}
            general = None if isinstance(error, Mapping) else error
            prefix = f"{name}-{index}-"
            views = [self.view(c, key, cells.pop(_key(c), None), data, prefix) for c in columns]
            return RowView(index, views, _flat(general) + _flat(cells), spare)

        filled = [_row_data(item, columns) for item in value or () if item is not None][:MAX_ITEMS]
        result.rows = [row(i, item, by_row.get(i)) for i, item in enumerate(filled)]
        # The first empty row of an empty table is no spare one: who has scripts must see where to write, too.
        result.rows += [row(len(filled) + i, {}, None, bool(filled) or i > 0) for i in range(SPARE_ROWS)]
        result.pattern_row = row("__index__", {}, None)


def _row_data(item: Any, columns: Sequence[fields.Field[Any]]) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    return {_key(c): getattr(item, c.attribute or c.name or "", None) for c in columns}


def _attrs(f: fields.Field[Any], widget: str, in_row: bool) -> dict[str, Any]:
    """The attributes of the control; those that are None are left out."""
    meta, attrs = f.metadata, dict[str, Any]()
    low, high = bounds_of(f)
    shortest, longest = length_of(f)
    if widget == "number":
        places = f.places if isinstance(f, fields.Decimal) else None
        whole = isinstance(f, fields.Integer)
        step = meta.get("step", "1" if whole else str(places) if places is not None else "any")
        attrs = {"min": low, "max": high, "step": step, "inputmode": "numeric" if whole else "decimal"}
    elif widget == "date":
        attrs = {"min": low.isoformat() if isinstance(low, date) else low,
                 "max": high.isoformat() if isinstance(high, date) else high}  # fmt: skip
    elif widget == "money":
        attrs = {"inputmode": "decimal", "autocomplete": "off", "maxlength": 24}
    elif widget in ("text", "textarea", "password", "email", "url", "phone"):
        attrs = {"minlength": shortest if f.required and not in_row else None, "maxlength": longest}
        attrs["rows"] = meta.get("rows", 3) if widget == "textarea" else None
        attrs["inputmode"] = meta.get("inputmode", "tel" if widget == "phone" else None)
    elif widget == "lines":
        attrs = {"rows": meta.get("rows", 3)}
    for own in ("pattern", "placeholder", "autocomplete", "autofocus"):
        if meta.get(own) is not None:
            attrs[own] = True if own == "autofocus" else str(meta[own])
    return {name: value for name, value in attrs.items() if value is not None and value is not False}
