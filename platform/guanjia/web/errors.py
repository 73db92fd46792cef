"""Errors as people read them: a page that says what to do next. Below `/api/` they are problem+json, the API's own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, render_template, request
from flask_login import AnonymousUserMixin, current_user
from sqlalchemy.exc import InternalError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from guanjia.db.unwritable import unavailable
from guanjia.errors import DiskFull, GuanjiaError, Invalid, Unauthenticated
from guanjia.logs import request_id
from guanjia.rules.reason import Reason
from guanjia.schema import localise_errors
from guanjia.steps.context import Context
from guanjia.steps.view import ReasonView, reason_view
from guanjia.web.caller import current_host, is_api, plugin_of_blueprint, reading
from guanjia.web.shown import reason_parts
from guanjia.words import Message

_log = logging.getLogger("guanjia.web")

SIGN_IN = "/sign-in"


def install_errors(app: Flask) -> None:
    """Every error of `app` is answered by this module, but for those that the API answers itself."""

    @app.errorhandler(GuanjiaError)
    def told(error: GuanjiaError) -> AnyResponse:
        return _problem(error) if is_api() else page(error)

    @app.teardown_request
    def written(_error: BaseException | None) -> None:
        current_host().faults.flush()

    @app.errorhandler(OperationalError)
    @app.errorhandler(InternalError)
    @app.errorhandler(OSError)
    def not_written(error: OperationalError | InternalError | OSError) -> AnyResponse:
        answer = unavailable(error)
        if answer is None:
            raise error  # the program's own fault: answered as unforeseen
        _log.error("database or disk do not answer", exc_info=error)
        if not isinstance(answer, DiskFull):  # with a full disk reading goes on
            _without_reader()
        return told(answer)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> AnyResponse:
        code = error.code or 500
        if code < 400 or error.response is not None:
            return error.get_response()
        if is_api():
            from guanjia.api.faults import from_http

            return _problem(from_http(error))
        if isinstance(error, InternalServerError):
            return _unforeseen(error)
        answer = Response(render_template("guanjia/error.html", code=code), code)
        if code == 405:
            answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return answer


def _unforeseen(error: InternalServerError) -> AnyResponse:
    """The person gets a number that the log has too, and is told which module it was, if it was a plugin's fault."""
    _log.error("a page failed", exc_info=error.original_exception or error)
    message = plugin_fault("page", error.original_exception)
    _without_reader()
    return Response(render_template("guanjia/error.html", code=500, request_id=request_id(), message=message), 500)


def plugin_fault(kind: str, error: BaseException | None) -> Message | None:
    """The fault is counted for the plugin that it arose in; what the person is told of it. None: it is the host's own."""
    if error is None:
        return None
    faults = current_host().faults
    company_id = current_user.company_id if kind == "page" and current_user.is_authenticated else None
    if kind == "api" and "api_who" in g:
        company_id = g.api_who.company_id
    blueprint = plugin_of_blueprint(request.blueprint)
    plugin = faults.note(kind, request.endpoint or "(none)", error, company_id=company_id, plugin=blueprint)
    return None if plugin is None else faults.sentence(plugin)


def _without_reader() -> None:
    """The page that follows asks nobody who reads it: that would fail as well."""
    g.guanjia_plain_shell = True
    g.pop("guanjia_shell", None)
    g._login_user = AnonymousUserMixin()


def _problem(error: GuanjiaError) -> Response:
    from guanjia.api.problems import problem  # the API stands on the host as the pages do; neither on the other

    return problem(error)


def page(error: GuanjiaError, *, retry_url: str | None = None) -> AnyResponse:
    """The error as a page; who is not signed in is led to the form and back here afterwards."""
    if isinstance(error, Unauthenticated):
        return _to_sign_in()
    own_words = None if error.detail is type(error).title else str(error.detail)
    if isinstance(error, Invalid) and own_words is None:
        own_words = _first_message(error.errors)
    retry_after = getattr(error, "retry_after", None)
    html = render_template("guanjia/error.html", code=error.status, message=own_words, retry_url=retry_url,
                           reasons=[reason_parts(view) for view in _reason_views(error)], retry_after=retry_after)  # fmt: skip
    response = Response(html, error.status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _to_sign_in() -> AnyResponse:
    if request.headers.get("HX-Request"):
        return Response("", 401, {"HX-Redirect": SIGN_IN})
    target = request.full_path.rstrip("?") if request.method == "GET" else "/"
    query = {"next": target} if target != "/" else {}
    if "company" in request.args:  # a QR code names the company, so that the form need not ask for it
        query["company"] = request.args["company"][:60]
    return redirect(f"{SIGN_IN}?{urlencode(query)}" if query else SIGN_IN, 303)


def _reason_views(error: GuanjiaError) -> list[ReasonView]:
    """The rules' reasons in the reader's words; without a caller only what they say themselves."""
    reasons: list[Reason] = list(getattr(error, "reasons", ()))
    context: Context | None = g.get("guanjia_context")
    if not reasons:
        return []
    if context is None:
        return [ReasonView(r.rule, r.rule, r.outcome, str(r.message), (), ()) for r in reasons]
    if "guanjia_loader" in g:
        return [reason_view(g.guanjia_loader, reason) for reason in reasons]
    with reading(context) as loader:
        return [reason_view(loader, reason) for reason in reasons]


def _first_message(errors: Any) -> str | None:
    found = localise_errors(errors)
    while isinstance(found, Mapping | list) and found:
        found = next(iter(found.values())) if isinstance(found, Mapping) else found[0]
    return found if isinstance(found, str) else None
