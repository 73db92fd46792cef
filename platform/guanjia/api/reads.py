"""Readings that plugins bring besides their flows. Whatever changes is a step, and stands with the flows."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask import Response

from guanjia.api.body import read_query
from guanjia.api.credentials import caller, reading
from guanjia.api.operation import Operation
from guanjia.api.problems import answer
from guanjia.errors import Forbidden, GuanjiaError, NotFound
from guanjia.host import Host
from guanjia.manifest import ApiRead, Plugin
from guanjia.schema import StrictSchema


class NoQuery(StrictSchema):
    """A reading that takes no query."""


def operations(host: Host) -> list[Operation]:
    """All readings of all plugins."""
    return [_operation(host, plugin, read) for plugin in host.plugins.values() for read in plugin.api]


def _operation(host: Host, plugin: Plugin, read: ApiRead) -> Operation:
    base = "/company" if read.level == "company" else "/sites/<uuid:site_id>"
    return Operation(
        "GET", f"{base}/{plugin.key}/{read.name}", f"{read.level}__{plugin.key}__{read.name}",
        partial(_read, host, plugin, read), read.title, plugin.key, {200: schema_name(plugin, read)}, (403, 404, 422),
        description=(read.read.__doc__ or "").strip(), query=read.query or NoQuery,
    )  # fmt: skip


def schema_name(plugin: Plugin, read: ApiRead) -> str:
    """The name of the answer's schema in the OpenAPI document."""
    return f"{plugin.key}.{read.name}"


def _read(host: Host, plugin: Plugin, read: ApiRead, site_id: UUID | None = None) -> Response:
    with reading(caller(host, site_id)) as loader:
        if not host.is_active(plugin.key, loader.place):
            raise NotFound()
        if not loader.may(read.permission):
            raise Forbidden()
        query = read_query((read.query or NoQuery)())
        try:
            found = answer(read.answer().dump(read.read(loader, query)))
        except GuanjiaError:
            raise
        except Exception as fault:
            name = schema_name(plugin, read)
            raise host.faults.failed("api", name, fault, loader.company_id, plugin.key) from fault
        return found
