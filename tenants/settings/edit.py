"""The form of one rule at a scope: what each control shows, and what a post of it means.

A blank control inherits. A list is the scope's own where its box says so or its entries differ from those inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from marshmallow import fields
from werkzeug.datastructures import MultiDict

from guanjia.rules.params import ParamSpec
from guanjia.rules.settings import SWITCH, Setting
from guanjia.schema import localise
from guanjia.sdk import Loader, Rule, words
from guanjia.web.forms import Option
from guanjia.web.widgets import UNITS, bounds_of, split_items, text_of, value_of
from tenants.settings.draft import entry_of, options_of, roles_of
from tenants.settings.forms import INHERIT
from tenants.settings.levels import Row, Standing
from tenants.settings.scope import SITE
from tenants.settings.shown import shown_item, spec_of, switch_word, unit_of

_ = words("tenants")

Values = MultiDict[str, str]
ENTER, ASK, EXCEPTION = "enter", "ask", "exception"
MODES = (ENTER, ASK, EXCEPTION)


@dataclass
class Control:
    """One row of the form. `widget`: radio, select, number, text or checkboxes; `more` is what was added by hand."""

    row: Row
    id: str
    name: str
    widget: str
    options: list[Option] = field(default_factory=list)
    value: str = ""
    attrs: dict[str, Any] = field(default_factory=dict)
    unit: str = ""
    placeholder: str = ""
    is_own: bool = False
    may_add: bool = False
    more: str = ""
    errors: list[str] = field(default_factory=list)
    is_disabled: bool = False
    may_lock: bool = False
    locks: bool = False

    @property
    def first_id(self) -> str:
        """Where a link to the control leads."""
        return f"{self.id}-0" if self.widget in ("radio", "checkboxes") else self.id


def values_of(loader: Loader, rule: Rule, entry: Mapping[str, Any] | Setting | None) -> Values:
    """An entry (or the setting in force) as the controls would have posted it."""
    values: Values = MultiDict()
    if entry is None:
        values["on"] = INHERIT
        return values
    if isinstance(entry, Setting):
        entry = entry_of(entry)
    values["on"] = INHERIT if entry.get("on") is None else str(bool(entry["on"])).lower()
    for spec in rule.params.specs():
        if spec.name not in entry.get("params", {}):
            continue
        value = entry["params"][spec.name]
        if spec.many:
            values[f"set.{spec.name}"] = "1"
            values.setlist(f"p.{spec.name}", [str(item) for item in value])
        else:
            values[f"p.{spec.name}"] = text_of(_field(spec, unit_of(loader, rule, spec.name)), value, UTC)
    for name, value in entry.get("options", {}).items():
        values[f"o.{name}"] = str(bool(value)).lower()
    if entry.get("lock"):
        values["lock"] = "1"
    values.setlist("locked", list(entry.get("locked_params", ())))
    return values


def entry_of_post(loader: Loader, stands: Standing, post: Values) -> dict[str, Any]:
    """The entry that a post of the form means. What cannot be read stays as it is, for the schema to refuse."""
    rule = stands.rule
    params: dict[str, Any] = {}
    for spec in rule.params.specs():
        value = _posted(loader, stands, spec, post)
        if value is not None:
            params[spec.name] = value
    options = {name: post[f"o.{name}"] == "true" for name in options_of(rule) if post.get(f"o.{name}")}
    switch = post.get("on", INHERIT)
    return {
        "rule": rule.key,
        "on": {"true": True, "false": False}.get(switch),
        "params": params,
        "options": options,
        "lock": "lock" in post,
        "locked_params": sorted(set(post.getlist("locked"))),
    }


def _posted(loader: Loader, stands: Standing, spec: ParamSpec, post: Values) -> Any:
    name, more = f"p.{spec.name}", post.get(f"more.{spec.name}", "").strip()
    if spec.many:
        if f"has.{spec.name}" not in post and f"set.{spec.name}" not in post:
            return None
        items = list(dict.fromkeys([*(text for text in post.getlist(name) if text.strip()), *split_items(more)]))
        is_own = f"set.{spec.name}" in post or set(items) != set(stands.row(spec.name).inherited)
        return items if is_own else None
    text = more or post.get(name, "").strip()
    return value_of(_field(spec, unit_of(loader, stands.rule, spec.name)), text, UTC) if text else None


def _field(spec: ParamSpec, unit: str) -> fields.Field[Any]:
    made = spec.to_field()
    if unit == "fen":
        made.metadata = {**made.metadata, "unit": unit}
    return made


def controls(loader: Loader, stands: Standing, values: Values, errors: Mapping[str, Any], mode: str) -> list[Control]:
    """The rows of the form, filled with `values`; what is locked above is disabled unless it is to be asked for."""
    found = []
    for n, row in enumerate(stands.rows):
        spec = spec_of(stands.rule, row.name)
        if row.name == SWITCH:
            control = _switch(row, values)
        elif spec is None:
            control = _option(row, values)
        else:
            control = _param(loader, stands, row, spec, values)
        control.id = f"r{n}"
        control.errors = _errors_of(errors, row.name)
        control.is_disabled = row.lock is not None and mode == ENTER
        control.may_lock = stands.scope.kind != SITE and mode == ENTER
        control.locks = row.name in values.getlist("locked")
        found.append(control)
    return found


def _errors_of(errors: Mapping[str, Any], name: str) -> list[str]:
    place = {SWITCH: errors.get("on")}
    for part in ("params", "options"):
        inner = errors.get(part)
        place |= dict(inner) if isinstance(inner, Mapping) else {}
    return texts_of(place.get(name))


def texts_of(error: Any) -> list[str]:
    """All messages below an entry of a ValidationError, in the reader's language."""
    if error is None:
        return []
    if isinstance(error, Mapping):
        return [text for inner in error.values() for text in texts_of(inner)]
    if isinstance(error, list | tuple):
        return [text for inner in error for text in texts_of(inner)]
    return [localise(error)]


def _inherit(row: Row, shown: Any = None) -> str:
    """What a control says that leaves the value to those above: the regulation itself where nobody is."""
    value = row.inherited_shown if shown is None else shown
    above_is_the_code = len(row.levels) == 2
    return str(
        _("By the regulation: %(value)s", value=value) if above_is_the_code else _("Inherit: %(value)s", value=value)
    )


def _switch(row: Row, values: Values) -> Control:
    chosen = values.get("on", INHERIT)
    pairs = [(INHERIT, _inherit(row)), ("true", str(switch_word(True))), ("false", str(switch_word(False)))]
    return Control(row, "", "on", "radio", [Option(value, label, value == chosen) for value, label in pairs])


def _option(row: Row, values: Values) -> Control:
    name = f"o.{row.name}"
    return Control(
        row, "", name, "select", _choices(row, [("true", _("Yes")), ("false", _("No"))], values.get(name, ""))
    )


def _choices(row: Row, pairs: list[tuple[str, Any]], chosen: str) -> list[Option]:
    return [Option("", _inherit(row), not chosen), *(Option(v, str(text), v == chosen) for v, text in pairs)]


def _param(loader: Loader, stands: Standing, row: Row, spec: ParamSpec, values: Values) -> Control:
    name = f"p.{row.name}"
    unit = unit_of(loader, stands.rule, row.name)
    more = values.get(f"more.{row.name}", "")
    if spec.many:
        is_own = f"set.{spec.name}" in values
        chosen = values.getlist(name) if is_own or name in values else [str(item) for item in row.inherited]
        pairs = known_items(loader, stands, spec, chosen)
        options = [Option(value, str(label), value in chosen) for value, label in pairs]
        may_add = spec.type in ("coded", "text") and not spec.choices
        inherit = _inherit(row)
        return Control(
            row, "", name, "checkboxes", options, is_own=is_own, may_add=may_add, more=more, placeholder=inherit
        )
    chosen_text = values.get(name, "")
    if spec.type == "bool":
        return Control(row, "", name, "select", _choices(row, [("true", _("Yes")), ("false", _("No"))], chosen_text))
    if spec.type in ("role", "coded") or spec.choices:
        pairs = known_items(loader, stands, spec, [chosen_text] if chosen_text else [])
        may_add = spec.type == "coded" and not spec.choices
        return Control(row, "", name, "select", _choices(row, pairs, chosen_text), may_add=may_add, more=more)
    made = _field(spec, unit)
    low, high = bounds_of(made)
    is_number = spec.type in ("int", "decimal") and unit != "fen"
    attrs = {"min": low, "max": high, "step": "1" if spec.type == "int" else "any"} if is_number else {"maxlength": 200}
    return Control(
        row, "", name, "number" if is_number else "text", value=chosen_text,
        attrs={key: value for key, value in attrs.items() if value is not None},
        unit=str(UNITS.get(unit, "")), placeholder=_inherit(row, text_of(made, row.inherited, UTC)),
    )  # fmt: skip


def known_items(loader: Loader, stands: Standing, spec: ParamSpec, chosen: list[str]) -> list[tuple[str, Any]]:
    """What can be chosen for a parameter: the company's roles, the declared choices, or what is known of its values."""
    if spec.type == "role":
        known: list[str] = [*roles_of(loader)]
    elif spec.choices:
        known = [*spec.choices]
    else:
        default, row = spec.to_json(spec.default), stands.row(spec.name)
        known = [*(default if spec.many else [default]), *(row.inherited if spec.many else [row.inherited])]
    keys = dict.fromkeys(str(key) for key in [*known, *chosen] if str(key))
    return [(key, shown_item(loader, spec, key)) for key in keys]
