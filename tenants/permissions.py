"""What the tenant core lets people do. What is of company level counts only where a role is held at company scope."""

from __future__ import annotations

from guanjia.manifest import Permission
from guanjia.words import words
from tenants.models import AUDITOR, HQ_ADMIN

_ = words("tenants")

COMPANY = Permission(
    "tenants.company.administer", _("Administer the company"),
    _("Company profile, org units, sites, the company's calendar and its plugins."), roles=(HQ_ADMIN,), level="company",
)  # fmt: skip
ROLES = Permission(
    "tenants.roles.administer", _("Administer roles"),
    _("Says which permissions each role gives; whoever may do this can give themselves everything."),
    roles=(HQ_ADMIN,), level="company",
)  # fmt: skip
SITE = Permission(
    "tenants.site.administer", _("Administer a site"),
    _("Departments, the site's calendar and its plugins."), roles=(HQ_ADMIN, "site_manager"),
)  # fmt: skip
STAFF = Permission(
    "tenants.staff.administer", _("Administer staff"),
    _("Takes on and dismisses staff, gives out roles, enters absences and deputies, sets initial passwords."),
    roles=(HQ_ADMIN, "site_manager"),
)  # fmt: skip
TOKENS = Permission(
    "tenants.tokens.own", _("Make API tokens"),
    _("Makes tokens with which other programs act in one's own name."), roles=(HQ_ADMIN, "site_manager"),
)  # fmt: skip
ACCESS = Permission(
    "tenants.access.see", _("See who may do what"),
    _("Shows who can see or do something here, through which role and scope."),
    roles=(HQ_ADMIN, "site_manager", AUDITOR),
)  # fmt: skip

ALL = (COMPANY, ROLES, SITE, STAFF, TOKENS, ACCESS)
