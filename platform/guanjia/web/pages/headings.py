"""What cases are called, many at once, for lists that mix flows; a case that the reader may not see is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from guanjia.errors import NotFound
from guanjia.host import Host
from guanjia.steps.flow import Flow, State
from guanjia.steps.loader import Loader
from guanjia.steps.view import CaseView, present
from guanjia.web.addresses import case_url
from guanjia.web.shown import state_of

Key = tuple[str, UUID]  # (flow's key, case's id)


@dataclass(frozen=True)
class Heading:
    """A case in one line."""

    text: str
    url: str
    state: State


def headings(
    loader: Loader, keys: Iterable[tuple[str | None, UUID | None]], codes: Mapping[UUID, str]
) -> dict[Key, Heading]:
    """The headings of these cases. `codes` are the codes of the sites that the reader reaches, by id."""
    by_flow: dict[str, set[UUID]] = {}
    for flow_key, case_id in keys:
        if flow_key and case_id and flow_key in loader.host.flows:
            by_flow.setdefault(flow_key, set()).add(case_id)
    found: dict[Key, Heading] = {}
    for flow_key, ids in by_flow.items():
        flow = loader.host.flow(flow_key)
        if not loader.host.is_active(flow.plugin, loader.place) or not loader.may(flow.permission):
            continue
        with loader.host.faults.apart("heading", flow_key, plugin=flow.plugin, company_id=loader.company_id,
                                      session=loader.session):  # fmt: skip
            query = select(flow.model).where(flow.model.company_id == loader.company_id, flow.model.id.in_(ids))
            if flow.row_filter is not None:
                query = query.where(flow.row_filter(loader, flow.model))
            cases = list(loader.session.scalars(query))
            for case, values in zip(cases, present(loader, flow, cases), strict=True):
                site_id = getattr(case, "site_id", None)
                if site_id is not None and site_id not in codes:
                    continue
                state = state_of(flow, case.state)
                text = CaseView(flow, case, values, state).heading
                found[flow_key, case.id] = Heading(
                    text, case_url(flow, case.id, codes.get(site_id) if site_id else None), state
                )
    return found


def site_codes(loader: Loader) -> dict[UUID, str]:
    """The codes of the sites that the reader reaches; at a site that one alone."""
    if loader.site is not None:
        return {loader.site.id: loader.site.code}
    if loader.actor is None:
        return {}
    sites = loader.host.directory.reachable(loader.session, loader.actor.id, loader.now)
    return {site.id: site.code for site in sites}


def flow_of(host: Host, plugin: str, name: str) -> Flow:
    """The flow that an address names. Raises NotFound."""
    found = host.flows.get(f"{plugin}.{name}")
    if found is None:
        raise NotFound()
    return found
