"""The manifest of the tenant core."""

from __future__ import annotations

from guanjia.manifest import Plugin
from guanjia.words import words
from tenants import commands, flows, menu, permissions
from tenants.channels import pages as channel_pages
from tenants.channels import permissions as channel_permissions
from tenants.channels import reading, robots, webhooks
from tenants.channels.outside import TenantChannels
from tenants.directory import TenantDirectory
from tenants.pages import access, factor, me, operator, policy, sign_in
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
    permissions=(*permissions.ALL, *channel_permissions.ALL, *rule_permissions.ALL),
    flows=(*flows.ALL, *robots.FLOWS, *webhooks.FLOWS, *RULE_FLOWS),
    menu=(*menu.ITEMS, *rule_pages.MENU),
    commands=(*commands.COMMANDS, rules),
    blueprints=(
        sign_in.blueprint,
        me.blueprint,
        factor.blueprint,
        policy.blueprint,
        access.blueprint,
        operator.blueprint,
        channel_pages.blueprint,
        rule_pages.blueprint,
    ),
    directory=TenantDirectory(),
    channels=TenantChannels(),
    api=reading.READS,
)
