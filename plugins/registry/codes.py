"""The coded values of the registry, each with its label: they are stored and checked by key and shown by label."""

from __future__ import annotations

from collections.abc import Mapping

from guanjia.sdk import Message, words

_ = words("registry")

OCCUPANCIES: Mapping[str, Message] = {
    "owner": _("Lived in by the owner"),
    "lessee": _("Let"),
    "vacant": _("Vacant"),
}
USAGES: Mapping[str, Message] = {
    "residential": _("Flat"),
    "shop": _("Shop"),
    "office": _("Office"),
    "parking": _("Parking space"),
    "storage": _("Storage room"),
    "other": _("Other use"),
}
ROLES: Mapping[str, Message] = {
    "owner": _("Owner"),
    "lessee": _("Lessee"),
    "member": _("Member of the household"),
}
CARE_TAGS: Mapping[str, Message] = {
    "elderly": _("Elderly person"),
    "living_alone": _("Living alone"),
    "child": _("Small child"),
    "pregnant": _("Pregnant"),
    "disabled": _("Disabled"),
    "ill": _("Ill for long"),
    "night_shift": _("Sleeps by day"),
    "pet": _("Pet"),
    "foreign_language": _("Speaks no Chinese"),
    "vip": _("Special attention"),
}
LOOK_REASONS: Mapping[str, Message] = {
    "papers": _("Contract, permit or handover papers"),
    "verify": _("Making sure who somebody is"),
    "authority": _("Police or another authority asked"),
    "correction": _("Checking an entry before it is corrected"),
    "other": _("Another reason, see the remark"),
}


def label(table: Mapping[str, Message], key: str) -> Message | str:
    """The label of a key, or the key itself where no label is known (an older record)."""
    return table.get(key, key)
