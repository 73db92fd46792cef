"""Addresses of every route, filled with ids of one office: what the tables of access speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.routing import BuildError, Rule

from access.world import Place

# where the generic pages of flows are tried: a case of the office itself, and one of headquarters
GENERIC = {"/s/": ("customer_service", "request"), "/hq/": ("tenants", "site")}
VALUES: dict[str, Any] = {
    "act": "withdraw", "code": "zh", "doc": "sheet", "step": "note", "name": "registry.household", "filename": "guanjia.css",
    "key": "customer_service.single_intake", "version": "0", "path": "x.css",
}  # fmt: skip
# endpoint → what `case_id` and the other ids stand for there; a flow's key, or a kind of id of the place
IDS = {
    "customer_service.monthly_workbook": "customer_service.monthly",
    "customer_service.write_in_shift": "customer_service.shift",
    "registry.reveal": "registry.resident", "registry.reveal_identity": "registry.resident",
    "registry.faults": "registry.import", "registry.import_again": "registry.import",
    "tenants_channels.rotate": "tenants.webhook", "tenants_channels.replay": "group message",
    "guanjia_pages.decide": "guanjia.approval", "guanjia_pages.file": "kept_file", "guanjia_pages.open_notice": "notice",
}  # fmt: skip


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """(method, rule) of every address that the application answers."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


def is_api(rule: Rule) -> bool:
    """Whether programs call it."""
    return rule.rule.startswith("/api/")


def flow_of_api(rule: Rule) -> str | None:
    """The flow's key of an API address below a place; None for all other addresses."""
    parts = rule.rule.split("/")
    place = 4 if parts[3] == "company" else 5
    if parts[3] not in ("company", "sites") or len(parts) < place + 2 or parts[place] == "files":
        return None
    return f"{parts[place]}.{parts[place + 1]}"


def kind_of(rule: Rule, argument: str) -> str:
    """What kind of id the argument of an address is."""
    if argument == "site_id":
        return "tenants.site"
    if is_api(rule):
        return {"file_id": "kept_file", "notification_id": "notice"}.get(argument) or flow_of_api(rule) or ""
    if argument in ("session_id", "company_id"):
        return argument
    if argument == "token_id":
        return "tenants.token"
    if rule.endpoint in IDS:
        return IDS[rule.endpoint]
    generic = next((".".join(flow) for start, flow in GENERIC.items() if rule.rule.startswith(start)), "")
    return generic if rule.endpoint.startswith("guanjia_pages.") else "customer_service.request"


def address(app: Flask, rule: Rule, ids: Mapping[str, Any], **fixed: Any) -> str:
    """The address with those ids by kind; `site_code` and other values may be given besides."""
    values: dict[str, Any] = dict(rule.defaults or {})
    for name in rule.arguments - set(values):
        if name in fixed:
            values[name] = fixed[name]
        elif name in ("plugin", "flow"):
            generic = next(flow for start, flow in GENERIC.items() if rule.rule.startswith(start))
            values[name] = generic[name == "flow"]
        elif name in VALUES:
            values[name] = "resume" if rule.endpoint == "tenants_operator.change" else VALUES[name]
        elif name.endswith("_id"):
            values[name] = ids[kind_of(rule, name)]
        else:
            raise BuildError(name, values, "GET")
    if rule.rule.startswith("/hq/") and "step" in values and "step" not in fixed:
        values["step"] = "change" if "case_id" in values else "create"
    return app.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False)


def first_ids(place: Place, **more: Any) -> dict[str, Any]:
    """One id of every kind that the office has."""
    return {kind: found[0] for kind, found in place.ids.items()} | more


def nowhere(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Ids of the same kinds that do not exist."""
    return {kind: UUID(int=0xDEAD0000 + n) for n, kind in enumerate(sorted(kinds))}
