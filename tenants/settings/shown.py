"""How the values of parameters, options and switches are shown to people."""

from __future__ import annotations

from typing import Any

from guanjia.rules.params import ParamSpec
from guanjia.rules.settings import SWITCH
from guanjia.sdk import Loader, Message, Rule, words
from guanjia.web.widgets import UNITS, fen_to_yuan
from guanjia.words import Label

_ = words("tenants")

Shown = str | Label | list[str | Label]


def switch_word(is_on: bool) -> Message:
    """On or off."""
    return _("On") if is_on else _("Off")


def shown_value(loader: Loader, rule: Rule, name: str, value: Any) -> Shown:
    """A value as people read it: roles by their titles, codes by their labels, fen as yuan, with its unit."""
    if name == SWITCH:
        return switch_word(bool(value))
    spec = spec_of(rule, name)
    if spec is None:  # an option of the host's: unset is no
        return _("Yes") if value else _("No")
    if spec.many:
        return [shown_item(loader, spec, item) for item in value] or _("None")
    text = shown_item(loader, spec, value)
    unit = unit_of(loader, rule, name)
    if unit == "fen":
        return _("%(amount)s yuan", amount=fen_to_yuan(int(value)))
    return _("%(value)s %(unit)s", value=text, unit=UNITS[unit]) if unit in UNITS else text


def shown_item(loader: Loader, spec: ParamSpec, value: Any) -> str | Label:
    """One value, or one entry of a list."""
    if spec.type == "bool":
        return _("Yes") if value else _("No")
    if spec.type == "role":
        return loader.host.directory.role_title(loader.session, str(value))
    if spec.type == "coded":
        return loader.host.label(str(value))
    return str(value)


def spec_of(rule: Rule, name: str) -> ParamSpec | None:
    """The declaration of the parameter, or None where it is none of the rule's."""
    return next((spec for spec in rule.params.specs() if spec.name == name), None)


def unit_of(loader: Loader, rule: Rule, name: str) -> str:
    """The unit in which the parameter is counted; empty for none."""
    text = loader.host.texts.get(rule.key)
    return text.units.get(name, "") if text is not None else ""
