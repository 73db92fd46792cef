"""What the tenant core adds to the menu: the registers of an office, headquarters' own, and each person's entry."""

from __future__ import annotations

from guanjia.manifest import MenuItem
from guanjia.sdk import Flow, words
from guanjia.web.addresses import PAGES
from tenants import calendars, people, permissions, places, roles
from tenants.channels import permissions as channel_permissions

_ = words("tenants")


def _register(area: str, flow: Flow, order: int, icon: str, permission: str) -> MenuItem:
    values = {"plugin": flow.plugin, "flow": flow.name}
    return MenuItem(area, flow.title, f"{PAGES}.ledger", order, permission, icon, values)


ITEMS = (
    _register("office", people.staff, 40, "people", permissions.STAFF.key),
    _register("office", roles.assignments, 41, "person-badge", permissions.ACCESS.key),
    _register("office", people.absences, 42, "calendar-x", permissions.STAFF.key),
    _register("office", places.departments, 43, "diagram-2", permissions.SITE.key),
    _register("office", calendars.days, 44, "calendar3", permissions.SITE.key),
    _register("office", calendars.switches, 45, "toggles", permissions.SITE.key),
    MenuItem("office", _("Who may do what"), "tenants_access.access", 46, permissions.ACCESS.key, "shield-check"),
    MenuItem(
        "office", _("Outside channels"), "tenants_channels.overview", 47, channel_permissions.ROBOTS.key, "broadcast"
    ),
    _register("hq", places.company, 50, "building", permissions.COMPANY.key),
    _register("hq", places.org_units, 51, "diagram-3", permissions.COMPANY.key),
    _register("hq", places.sites, 52, "houses", permissions.COMPANY.key),
    _register("hq", roles.roles, 53, "person-gear", permissions.ACCESS.key),
    _register("hq", calendars.years, 54, "calendar-check", permissions.COMPANY.key),
    MenuItem("hq", _("Sign-in and passwords"), "tenants_policy.policy", 55, permissions.COMPANY.key, "shield-lock"),
    MenuItem("account", _("Notices by e-mail"), "tenants_channels.notices", 5, icon="envelope"),
    MenuItem("account", _("My sessions"), "tenants_me.sessions", 10, icon="pc-display"),
    MenuItem("account", _("Change my password"), "tenants_me.password", 20, icon="key"),
    MenuItem("account", _("Second factor"), "tenants_factor.second_factor", 25, icon="phone"),
    MenuItem("account", _("API tokens"), "tenants_me.tokens", 30, permissions.TOKENS.key, "plug"),
)
