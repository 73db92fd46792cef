"""Who may connect the outside. What integrations are told concerns the whole company."""

from __future__ import annotations

from guanjia.manifest import Permission
from guanjia.words import words
from tenants.models import HQ_ADMIN

_ = words("tenants")

ROBOTS = Permission(
    "tenants.robots.administer", _("Administer group robots"),
    _("Says which group chats are told of notices, and sees what was sent to them."), roles=(HQ_ADMIN, "site_manager"),
)  # fmt: skip
WEBHOOKS = Permission(
    "tenants.webhooks.administer", _("Administer webhooks"),
    _("Says which other programs are told of steps, and sends anew what they missed."), roles=(HQ_ADMIN,),
    level="company",
)  # fmt: skip

ALL = (ROBOTS, WEBHOOKS)
