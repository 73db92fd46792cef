"""What people may do about rules."""

from __future__ import annotations

from guanjia.manifest import Permission
from guanjia.sdk import words
from tenants.models import HQ_ADMIN

_ = words("tenants")

SWITCH = Permission(
    "tenants.rules.switch",
    _("Switch and set rules"),
    _("At headquarters for the company, its org units and sites; at a site for the own one, within the locks above."),
    roles=(HQ_ADMIN, "site_manager"),
)
EXCEPT = Permission(
    "tenants.rules.except",
    _("Grant exceptions from locked rules"),
    _("Answers the requests of sites about what headquarters has locked."),
    roles=(HQ_ADMIN,),
    level="company",
)

ALL = (SWITCH, EXCEPT)
