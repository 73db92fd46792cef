"""Answers: JSON, and errors as problem+json with a stable `type` (RFC 9457), in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response, request

from guanjia.api.faults import WrongMethod
from guanjia.api.plain import moment, safe
from guanjia.db.session import tenant_session
from guanjia.errors import (
    GuanjiaError,
    Invalid,
    KeyRunning,
    Refused,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
    Waiting,
)
from guanjia.logs import request_id
from guanjia.rules.reason import Reason
from guanjia.schema import localise
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow
from guanjia.steps.loader import Loader
from guanjia.steps.view import reason_view
from guanjia.words import set_zone

PROBLEM = "application/problem+json"
RETRY_UNAVAILABLE = 5  # seconds
RETRY_RUNNING = 2
_MOST_ERRORS = 200


def answer(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, mimetype: str = "application/json"
) -> Response:
    """`data` as a JSON response."""
    text = json.dumps(safe(data), ensure_ascii=False, allow_nan=False)
    response = Response(text.encode("utf-8", "replace"), status=status, mimetype=mimetype)
    response.headers.update(headers or {})
    return response


def problem(error: GuanjiaError, **more: Any) -> Response:
    """The error as problem+json; `more` joins its members."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.type}",
        "title": str(error.title),
        "status": error.status,
        "detail": str(error.detail),
        "instance": request.path,
    }
    if error.status >= 500:
        body["request_id"] = request_id()  # the log has it too
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        body["errors"] = flat_errors(error.errors)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="guanjia"'
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, error.retry_after))
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_UNAVAILABLE)
    if isinstance(error, KeyRunning):
        headers["Retry-After"] = str(RETRY_RUNNING)
    if isinstance(error, WrongMethod) and error.allowed:
        headers["Allow"] = ", ".join(error.allowed)
    kind = "application/json" if isinstance(error, Waiting) else PROBLEM
    return answer(body | more, error.status, headers, mimetype=kind)


def flat_errors(errors: Mapping[Any, Any]) -> dict[str, list[str]]:
    """Messages by field; the path into lists and nested objects is joined with dots (`rows.2.price_fen`)."""
    found: dict[str, list[str]] = {}
    for path, text in _walk(errors, ""):
        if path in found or len(found) < _MOST_ERRORS:
            found.setdefault(path, []).append(text)
    return found


def _walk(errors: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for name, value in errors.items():
            own = str(name)[:200]
            inner = path if own == "_schema" and path else f"{path}.{own}" if path else own
            yield from _walk(value, inner)
    elif isinstance(errors, list | tuple):
        for value in errors:
            yield from _walk(value, path)
    else:
        yield path or "_schema", localise(errors)


def explained(error: Refused | Waiting | Stale, ctx: Context, flow: Flow, case_id: UUID | None) -> Response:
    """A refusal, a waiting step or a stale version with all that the caller needs in order to go on."""
    with tenant_session(ctx.company_id) as session:
        case = session.get(flow.model, (ctx.company_id, case_id)) if case_id else None
        site_id = getattr(case, "site_id", None) or ctx.site_id
        site = ctx.host.directory.site(session, site_id) if site_id else None
        loader = Loader(ctx.host, session, ctx.host.clock.now(), site)
        set_zone(loader.place.zone)
        if isinstance(error, Stale):
            return problem(error, changed=_changed(loader, flow, error.changed))
        told = reasons(loader, error.reasons, case)
        if isinstance(error, Waiting):
            return problem(error, approval_id=error.approval_id, reasons=told)
        return problem(error, reasons=told)


def reasons(loader: Loader, found: Sequence[Reason], case: Any = None) -> list[dict[str, Any]]:
    """Reasons in words, as the API tells them."""
    return [reason_view(loader, reason, case).to_json() for reason in found]


def _changed(loader: Loader, flow: Flow, entries: Sequence[Any]) -> list[dict[str, Any]]:
    names = loader.names(entry.actor_id for entry in entries)
    told = []
    for entry in entries:
        step = flow.steps.get(entry.step.rsplit(".", 1)[-1])
        told.append(
            {
                "step": entry.step,
                "title": str(step.title) if step else entry.step,
                "at": moment(entry.at),
                "actor": names.get(entry.actor_id, "") if entry.actor_id else "",
            }
        )
    return told
