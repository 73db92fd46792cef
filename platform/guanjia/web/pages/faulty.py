"""What headquarters sees of plugins that fail: which part, how often, when last. The rest is served meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from werkzeug.routing import BuildError

from guanjia.steps.loader import Loader
from guanjia.web.addresses import endpoint_url
from guanjia.words import words

_ = words("guanjia")

SINCE = timedelta(days=7)
MOST = 20
KINDS = {
    "guard": _("guard"), "deadline": _("deadline"), "duty": _("duty"), "reaction": _("reaction"), "facts": _("facts"),
    "page": _("page"), "api": _("api"), "lookup": _("lookup"), "menu": _("menu"), "heading": _("heading"), "job": _("job"),
    "message": _("message"), "indicator": _("indicator"),
}  # fmt: skip


def faults_of_plugins(loader: Loader) -> list[dict[str, Any]]:
    """The faults of seven days, the latest first; one of a rule leads to the rule's switch."""
    host = loader.host
    found = []
    for row in host.faults.of_company(loader.session, since=loader.now - SINCE)[:MOST]:
        plugin, text = host.plugins.get(row.plugin), host.texts.get(row.subject)
        found.append({
            "plugin": str(plugin.title) if plugin else row.plugin, "kind": str(KINDS.get(row.kind, row.kind)),
            "what": str(text.title) if text else row.subject, "url": _switch(row.subject) if text else "",
            "count": row.count, "last_at": row.last_at, "error": row.error,
        })  # fmt: skip
    return found


def _switch(rule: str) -> str:
    try:
        return endpoint_url("tenants_rules.rule", None, key=rule)
    except BuildError:
        return ""
