"""Addresses of the generic pages: one endpoint each, which leads to `/s/<site>/…` with a site and to `/hq/…` without."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, url_for
from werkzeug.routing import BuildError

from guanjia.steps.flow import Flow, Step

PAGES = "guanjia_pages"


def page_url(page: str, site_code: str | None = None, **values: Any) -> str:
    """The address of one of the host's own pages, such as `inbox` or `duties`."""
    return url_for(f"{PAGES}.{page}", site_code=site_code, **values)


def ledger_url(flow: Flow | str, site_code: str | None, **query: Any) -> str:
    """The list of a flow's cases."""
    plugin, name = _key(flow)
    return page_url("ledger", site_code, plugin=plugin, flow=name, **query)


def case_url(flow: Flow | str, case_id: UUID, site_code: str | None, **query: Any) -> str:
    """The page of one case; an approval is shown in the inbox."""
    plugin, name = _key(flow)
    if (plugin, name) == ("guanjia", "approval"):
        return page_url("inbox", site_code, _anchor=f"a-{case_id}", **query)
    return page_url("case", site_code, plugin=plugin, flow=name, case_id=case_id, **query)


def path_of_page(page: str, site_code: str | None = None, **values: Any) -> str:
    """The same as `page_url` where no request is answered: in a message, in a job."""
    path: str = current_app.url_map.bind("localhost").build(f"{PAGES}.{page}", {"site_code": site_code, **values})
    return path


def path_of_case(flow: Flow | str, case_id: UUID, site_code: str | None) -> str:
    """The same as `case_url` where no request is answered."""
    plugin, name = _key(flow)
    if (plugin, name) == ("guanjia", "approval"):
        return f"{path_of_page('inbox', site_code)}#a-{case_id}"
    return path_of_page("case", site_code, plugin=plugin, flow=name, case_id=case_id)


def step_url(step: Step, case_id: UUID | None, site_code: str | None, **query: Any) -> str:
    """Where a step is taken: its hand-made page if it has one, else the generic form."""
    if step.page is not None:
        return endpoint_url(step.page, site_code, case_id, **query)
    return form_url(step, case_id, site_code, **query)


def form_url(step: Step, case_id: UUID | None, site_code: str | None, **query: Any) -> str:
    """The generic form of a step, which also takes its post; without a case the form that opens one."""
    plugin, name = _key(step.flow)
    if case_id is None:
        return page_url("new", site_code, plugin=plugin, flow=name, step=step.name, **query)
    return page_url("step", site_code, plugin=plugin, flow=name, case_id=case_id, step=step.name, **query)


def endpoint_url(endpoint: str, site_code: str | None, case_id: UUID | None = None, **values: Any) -> str:
    """The address of a plugin's page, given the site and the case under whatever name its route takes them.

    Raises BuildError where the page needs a site or a case and there is none.
    """
    try:
        rules = list(current_app.url_map.iter_rules(endpoint))
    except KeyError:
        raise BuildError(endpoint, values, "GET") from None
    wanted = set().union(*(rule.arguments for rule in rules))
    for name in ("site_code", "site"):
        if name in wanted:
            values[name] = site_code
    rest = wanted - set(values)
    if case_id is not None and len(rest) == 1:
        values[rest.pop()] = case_id
    return url_for(endpoint, **values)


def _key(flow: Flow | str) -> tuple[str, str]:
    plugin, _dot, name = (flow if isinstance(flow, str) else flow.key).partition(".")
    return plugin, name
