"""The manifest of the tenant core."""

from __future__ import annotations

from guanjia.manifest import Plugin
from guanjia.words import words
from tenants import commands, flows, menu, permissions
from tenants.directory import TenantDirectory
from tenants.pages import access, me, operator, sign_in
from tenants.settings import pages as rule_pages
from tenants.settings import permissions as rule_permissions
from tenants.settings.cli import rules
from tenants.settings.flows import FLOWS as RULE_FLOWS

_ = words("tenants")

plugin = Plugin(
    key="tenants",
    title=_("Company and staff"),
    package="tenants",
    always_on=True,
    permissions=(*permissions.ALL, *rule_permissions.ALL),
    flows=(*flows.ALL, *RULE_FLOWS),
    menu=(*menu.ITEMS, *rule_pages.MENU),
    commands=(*commands.COMMANDS, rules),
    blueprints=(sign_in.blueprint, me.blueprint, access.blueprint, operator.blueprint, rule_pages.blueprint),
    directory=TenantDirectory(),
)
