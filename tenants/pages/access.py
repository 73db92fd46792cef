"""Who can see or do this here, and why."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from guanjia.errors import Forbidden
from guanjia.sdk import COMPANY, Loader, Step, words
from guanjia.web.caller import caller, reading
from tenants import permissions
from tenants.access import permissions_of, roles_asked, who_may

_ = words("tenants")

blueprint = Blueprint("tenants_access", __name__)


@blueprint.get("/hq/access", defaults={"site_code": None})
@blueprint.get("/s/<site_code>/access")
def access(site_code: str | None) -> str:
    """The people who hold a permission or can take a step here, with role, scope and whom they stand in for."""
    ctx = caller(site_code)
    wish = request.args.get("what", "")[:200]
    with reading(ctx) as loader:
        if not loader.may(permissions.ACCESS.key):
            raise Forbidden(_('This needs the permission "%(title)s". Ask whoever gives out roles at your office.',
                              title=permissions.ACCESS.title))  # fmt: skip
        kind, _colon, key = wish.partition(":")
        step = _step(loader, key) if kind == "step" else None
        permission = loader.host.permissions.get(key) if kind == "permission" else None
        needed = permissions_of(loader, step) if step else ((permission.key,) if permission else ())
        return render_template(
            "tenants/access.html",
            wish=wish if step or permission or wish == "reach" else "",
            groups=_choices(loader),
            step=step,
            permission=permission,
            needed=[loader.host.permissions[key] for key in needed],
            system_only=step is not None and step.system_only,
            people=who_may(loader, needed) if step or permission or wish == "reach" else None,
            roles=roles_asked(loader, step),
            place=loader.place,
            action=url_for("tenants_access.access", site_code=site_code),
        )


def _step(loader: Loader, key: str) -> Step | None:
    flow_key, _dot, name = key.rpartition(".")
    flow = loader.host.flows.get(flow_key)
    if flow is None or not loader.host.is_active(flow.plugin, loader.place):
        return None
    return flow.steps.get(name)


def _choices(loader: Loader) -> list[tuple[str, list[tuple[str, str]]]]:
    """Permissions, then the steps of each flow that can be taken here, as groups of (value, title)."""
    host, place = loader.host, loader.place
    held = [(f"permission:{key}", str(p.title)) for key, p in host.permissions.items()
            if host.is_active(key.split(".", 1)[0], place)]  # fmt: skip
    groups = [(str(_("Permissions")), [("reach", str(_("Reach this place at all"))), *held])]
    for flow in host.flows.values():
        if not host.is_active(flow.plugin, place) or (loader.site is None and flow.level != COMPANY):
            continue
        steps = [(f"step:{s.key}", f"{flow.title}: {s.title}") for s in flow.steps.values()
                 if s.on_page and not s.system_only]  # fmt: skip
        groups.append((str(flow.title), steps))
    return [group for group in groups if group[1]]
