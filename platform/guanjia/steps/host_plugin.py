"""The host's own plugin: approvals, tasks and failed messages, with the few permissions that concern every flow."""

from __future__ import annotations

from guanjia.manifest import MenuItem, Permission, Plugin
from guanjia.steps.approvals import approvals
from guanjia.steps.messages import PERMISSION as MESSAGES
from guanjia.steps.messages import messages
from guanjia.steps.tasks import tasks
from guanjia.words import words

_ = words("guanjia")

PERMISSIONS = (
    Permission("guanjia.move_rules", _("Move open cases to today's rules"),
               _("An open case keeps the rules of the day it was opened; this lets it go on under today's, with a reason."),
               roles=("site_manager",)),
    Permission("guanjia.excuse_task", _("Excuse tasks"), _("Says that a duty need not be done this time, with a reason."),
               roles=("site_manager",)),
    Permission("guanjia.journal", _("Read the journal"), _("Shows every step with facts and verdicts."),
               roles=("site_manager", "auditor")),
    Permission(MESSAGES, _("Settle messages that failed"),
               _("Shows notices, duties and steps that could not be carried out, and tries them again or gives them up."),
               roles=("hq_admin",), level="company"),
)  # fmt: skip


MENU = (
    MenuItem("office", _("Dates after a calendar change"), "guanjia_pages.dates", order=400,
             permission="guanjia.move_rules", icon="calendar-range"),
    MenuItem("hq", _("Messages that failed"), "guanjia_pages.messages", order=410, permission=MESSAGES, icon="envelope-x"),
)  # fmt: skip


def host_plugin() -> Plugin:
    """The manifest of the host itself."""
    return Plugin(
        key="guanjia",
        title=_("Guanjia"),
        package="guanjia",
        always_on=True,
        permissions=PERMISSIONS,
        flows=(approvals, tasks, messages),
        menu=MENU,
    )
