"""What a plugin that is removed leaves in the tenant core: its switches go, and its permissions leave the roles."""

from __future__ import annotations

from sqlalchemy import select

from guanjia.db.session import TenantSession
from tenants.models import PluginSwitch, Role


def forget_plugin(session: TenantSession, plugin: str) -> dict[str, int]:
    """Switches are deleted, permissions taken out of roles; how many rows changed, by table. Rule settings stay: they are
    written once. Scopes of tokens stay: a list that became empty would allow everything."""
    changed: dict[str, int] = {}
    query = select(PluginSwitch).where(PluginSwitch.company_id == session.company_id, PluginSwitch.plugin == plugin)
    for switch in session.scalars(query):
        session.delete(switch)
        changed["tenants_plugin_switch"] = changed.get("tenants_plugin_switch", 0) + 1
    own = f"{plugin}."
    for role in session.scalars(select(Role).where(Role.company_id == session.company_id)):
        permissions = [p for p in role.permissions if not p.startswith(own)]
        decided = [p for p in role.decided if not p.startswith(own)]
        if len(permissions) + len(decided) < len(role.permissions) + len(role.decided):
            role.permissions, role.decided = permissions, decided
            changed["tenants_role"] = changed.get("tenants_role", 0) + 1
    session.flush()
    return changed
