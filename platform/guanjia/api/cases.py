"""Every flow's list, read, timeline, explanation and steps. Nothing is decided here: steps go through `perform`."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate

from guanjia.api.body import idempotency_key, if_match, occurred_at, read_object, read_query
from guanjia.api.credentials import caller, may_take, reading, signed_in
from guanjia.api.explain import ExplainQuery, explain_case
from guanjia.api.operation import Operation
from guanjia.api.problems import answer, explained
from guanjia.api.shapes import bases, case_href, case_json, done_json, flow_href, item_json, timeline_json
from guanjia.errors import Refused, Stale, Waiting
from guanjia.host import Host
from guanjia.schema import StrictSchema
from guanjia.steps import approvals
from guanjia.steps.flow import Flow, Step
from guanjia.steps.ledger import MAX_LIMIT, Query, read_page
from guanjia.steps.view import find_case, timeline, view_case
from guanjia.words import words

_ = words("guanjia")

_OWN = ("state", "q", "sort", "cursor", "limit", "opened_from", "opened_to")
_MOST_VALUES = 50


def operations(host: Host) -> list[Operation]:
    """All operations of all flows."""
    found: list[Operation] = []
    for flow in host.flows.values():
        for place, base in bases(flow):
            found += _of_flow(host, flow, place, base)
    return found


def _of_flow(host: Host, flow: Flow, place: str, base: str) -> list[Operation]:
    name = f"{place}__{flow.plugin}__{flow.name}"  # an endpoint may hold no dots
    read = f"{base}/<uuid:case_id>"
    schema = list_schema(flow)
    found = [
        Operation("GET", base, f"list__{name}", partial(list_cases, host, flow, schema), _("List: %(title)s", title=flow.title),
                  flow.key, {200: f"{flow.key}.Page"}, (403, 404, 422), query=schema),
        Operation("GET", read, f"read__{name}", partial(read_case, host, flow), _("Read: %(title)s", title=flow.title),
                  flow.key, {200: f"{flow.key}.Case"}, (403, 404), description="`ETag` is the version for If-Match."),
        Operation("GET", f"{read}/timeline", f"timeline__{name}", partial(read_timeline, host, flow),
                  _("Timeline: %(title)s", title=flow.title), flow.key, {200: "Timeline"}, (403, 404)),
        Operation("GET", f"{read}/explain", f"explain__{name}", partial(explain, host, flow),
                  _("Explain: %(title)s", title=flow.title), flow.key, {200: "Explanation"}, (403, 404, 422),
                  query=ExplainQuery),
    ]  # fmt: skip
    for step in flow.steps.values():
        if step.system_only:
            continue
        if step.creates:
            path = f"{base}/{step.name}"
            found.append(_of_step(host, flow, step, path, f"create__{name}__{step.name}", creates=True))
        if set(step.moves) - {None}:
            path = f"{read}/{step.name}"
            found.append(_of_step(host, flow, step, path, f"take__{name}__{step.name}", creates=False))
    return found


def _of_step(host: Host, flow: Flow, step: Step, path: str, name: str, *, creates: bool) -> Operation:
    headers = ["IdempotencyKeyNeeded" if step.needs_key else "IdempotencyKey"]
    if not creates:
        headers.append("IfMatch")
    if step.late_within is not None:
        headers.append("OccurredAt")
    return Operation(
        "POST",
        path,
        name,
        partial(take_step, host, flow, step),
        step.title,
        flow.key,
        {(201 if creates else 200): "Done", 202: "Waiting"},
        (403, 404, 409, 415, 422, 503) if creates else (403, 404, 409, 412, 415, 422, 503),
        headers=tuple(headers),
        keeps_key=True,
        body=step.form,
        guarded_by=step.key,
    )


def list_schema(flow: Flow) -> type[StrictSchema]:
    """The query of a flow's list: its states, its filterable columns, search, order, and the stretch wanted."""
    sortable = sorted({c.name for c in flow.columns if c.sort} | {flow.order.lstrip("-")})
    orders = [sign + name for name in sortable for sign in ("", "-")]
    text = validate.Length(min=1, max=200)
    some = validate.Length(min=1, max=_MOST_VALUES)
    found: dict[str, fields.Field[Any]] = {
        "state": fields.List(fields.String(validate=validate.OneOf([s.key for s in flow.states])), validate=some,
                             metadata={"label": _("State")}),
        "sort": fields.String(validate=validate.OneOf(orders), metadata={"label": _("Order; - for descending")}),
        "cursor": fields.String(validate=validate.Length(min=1, max=2000), metadata={"label": _("next_cursor of the page before")}),
        "limit": fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_LIMIT), metadata={"label": _("Rows at once")}),
        "opened_from": fields.AwareDateTime(format="iso", metadata={"label": _("Opened from (included)")}),
        "opened_to": fields.AwareDateTime(format="iso", metadata={"label": _("Opened until (excluded)")}),
    }  # fmt: skip
    if flow.search:
        found["q"] = fields.String(validate=text, metadata={"label": _("Words to search for")})
    for column in flow.columns:
        if column.filter and column.name not in _OWN and hasattr(flow.model, column.name):
            found[column.name] = fields.List(
                fields.String(validate=text), validate=some, metadata={"label": column.title}
            )
    return StrictSchema.from_dict(found, name=f"{flow.key}.Query")  # type: ignore[return-value]


def list_cases(host: Host, flow: Flow, schema: type[StrictSchema], site_id: UUID | None = None) -> Response:
    """A page of the ledger."""
    ctx = caller(host, site_id)
    with reading(ctx) as loader:
        given = read_query(schema())
        query = Query(
            states=tuple(given.get("state", ())),
            filters={name: tuple(value) for name, value in given.items() if name not in _OWN},
            search=given.get("q", ""), sort=given.get("sort", ""), cursor=given.get("cursor"), limit=given["limit"],
            opened_from=given.get("opened_from"), opened_to=given.get("opened_to"),
        )  # fmt: skip
        page = read_page(loader, flow, query)
        return answer({"items": [item_json(flow, row) for row in page.rows], "next_cursor": page.next_cursor})


def read_case(host: Host, flow: Flow, case_id: UUID, site_id: UUID | None = None) -> Response:
    """The case with its values, dates, steps, files and approvals."""
    ctx = caller(host, site_id)
    with reading(ctx) as loader:
        view = view_case(loader, ctx, flow, case_id, full=False)
        view.files = host.files.of_cases(loader.session, [case_id])[case_id]
        waiting = [
            (a, approvals.signatures_of(loader.session, a.id)) for a in approvals.of_case(loader.session, case_id)
        ]
        body = case_json(view, flow_href(flow, site_id), waiting)
        return answer(body, headers={"ETag": f'"{view.case.version}"'})


def read_timeline(host: Host, flow: Flow, case_id: UUID, site_id: UUID | None = None) -> Response:
    """The case's history, newest first."""
    ctx = caller(host, site_id)
    with reading(ctx) as loader:
        case = find_case(loader, flow, case_id)
        files = host.files.of_cases(loader.session, [case_id])[case_id]
        lines = timeline(loader, flow, case, files)
        return answer({"items": [timeline_json(line) for line in lines], "next_cursor": None})


def explain(host: Host, flow: Flow, case_id: UUID, site_id: UUID | None = None) -> Response:
    """Which rules stand before each step of the case, and why."""
    ctx = caller(host, site_id)
    with reading(ctx) as loader:
        case = find_case(loader, flow, case_id)
        given = read_query(ExplainQuery())
        return answer(explain_case(loader, ctx, flow, case, only=given.get("step")))


def take_step(host: Host, flow: Flow, step: Step, site_id: UUID | None = None, case_id: UUID | None = None) -> Response:
    """The step is taken (201 for a new case, else 200), or waits for approval (202)."""
    ctx = caller(host, site_id)
    may_take(signed_in(), flow, step)
    if site_id is None:
        with ctx.reading():
            pass  # whoever does not reach headquarters takes no step by its address, their own site's cases included
    form = read_object()
    version = if_match()
    try:
        done = ctx.perform(
            step,
            case_id,
            form,
            version=version,
            if_match=version is not None,
            key=idempotency_key(needed=step.needs_key),
            occurred_at=occurred_at(),
        )
    except Refused as error:
        return explained(error, ctx, flow, case_id)
    except Stale as error:
        return explained(error, ctx, flow, case_id)
    except Waiting as error:
        response = explained(error, ctx, flow, case_id)
        response.headers["Location"] = case_href(approvals.approvals, site_id, error.approval_id)
        return response
    headers = {"ETag": f'"{done.version}"', "Location": case_href(flow, site_id, done.case_id)}
    return answer(done_json(done), 201 if case_id is None else 200, headers)
