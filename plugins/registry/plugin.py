"""The manifest of the registry."""

from __future__ import annotations

from guanjia.sdk import MenuItem, Message, Plugin, words
from plugins.registry import exports, flows, imports, pages, permissions, rules, search

_ = words("registry")


def _list(title: Message, flow: str, icon: str, order: int) -> MenuItem:
    return MenuItem("records", title, "guanjia_pages.ledger", order=order, icon=icon,
                    values={"plugin": "registry", "flow": flow})  # fmt: skip


plugin = Plugin(
    key="registry",
    title=_("Household registry"),
    package="plugins.registry",
    summary=_("Buildings, units, households and residents, with care tags; phones masked, every look in the journal."),
    permissions=permissions.ALL,
    flows=(flows.households, flows.residents, flows.units, flows.buildings, imports.imports, exports.exports),
    rules=rules.ALL,
    menu=(
        _list(_("Households"), "household", "house-door", 10),
        _list(_("Residents"), "resident", "people", 11),
        _list(_("Units"), "unit", "grid-3x3-gap", 12),
        _list(_("Buildings"), "building", "building", 13),
        MenuItem("records", _("Find by number"), "registry.find", order=14, icon="person-vcard",
                 permission=permissions.IDENTITY_SEE.key),
        MenuItem("records", _("Import households"), "registry.import_list", order=20, icon="file-earmark-arrow-up",
                 permission=permissions.IMPORT.key),
        MenuItem("records", _("Export households"), "registry.export", order=21, icon="file-earmark-arrow-down"),
    ),
    blueprints=(pages.blueprint,),
    lookups={"household": search.find_households, "unit": search.find_units},
)  # fmt: skip
