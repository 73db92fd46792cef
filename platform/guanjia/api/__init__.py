"""The REST API under /api/v1: every flow's list, read and steps, over bearer tokens, described by OpenAPI 3.1."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, Response, g, request
from sqlalchemy.exc import DataError, InternalError, OperationalError
from werkzeug.exceptions import HTTPException

from guanjia.api import cases, files, inbox, reads, sessions
from guanjia.api.credentials import authenticate
from guanjia.api.faults import Fault, from_http
from guanjia.api.keys import once
from guanjia.api.openapi import description_of
from guanjia.api.operation import PREFIX, Operation
from guanjia.api.problems import problem
from guanjia.api.sessions import SIGN_OUT
from guanjia.db.unwritable import unavailable
from guanjia.errors import GuanjiaError, Invalid, NotFound, PluginFailed
from guanjia.host import Host
from guanjia.web.errors import plugin_fault
from guanjia.words import DEFAULT_LANGUAGE, LANGUAGES, current_language, current_zone, set_language, set_zone, words

_ = words("guanjia")
_log = logging.getLogger("guanjia.api")

NAME = "api"  # web.security leaves the blueprint of this name out of the CSRF check: it takes no cookies


def install(app: Flask, host: Host) -> None:
    """The application answers the API. Wrong addresses and methods below the prefix are answered as problems, too."""
    found = operations(host)
    description = description_of(host, found)
    found.append(description)
    blueprint = Blueprint(NAME, __name__, url_prefix=PREFIX)
    for operation in found:
        blueprint.add_url_rule(
            operation.path,
            endpoint=operation.name,
            view_func=once(host, operation) if operation.changes and not operation.keeps_key else operation.view,
            methods=[operation.method],
            provide_automatic_options=False,
        )
    asked_inside = {f"{NAME}.{operation.name}" for operation in found if operation.public or operation.name == SIGN_OUT}

    @blueprint.before_request
    def who_calls() -> None:
        if request.endpoint not in asked_inside:
            authenticate(host)

    @blueprint.after_request
    def never_kept(response: Response) -> Response:
        return _headers(response)

    _handle_errors(blueprint)
    app.register_blueprint(blueprint)
    _wrap(app)


def operations(host: Host) -> list[Operation]:
    """All operations but the description itself."""
    return [*sessions.operations(host), *inbox.operations(host), *files.operations(host), *cases.operations(host),
            *reads.operations(host)]  # fmt: skip


def _handle_errors(blueprint: Blueprint) -> None:
    @blueprint.errorhandler(GuanjiaError)
    def told(error: GuanjiaError) -> Response:
        return problem(error)

    @blueprint.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return problem(from_http(error))

    @blueprint.errorhandler(OperationalError)
    @blueprint.errorhandler(InternalError)
    @blueprint.errorhandler(OSError)
    def not_written(error: OperationalError | InternalError | OSError) -> Response:
        answer = unavailable(error)
        if answer is None:
            return fault(error)
        _log.error("database or disk do not answer", exc_info=error)
        return problem(answer)

    @blueprint.errorhandler(DataError)
    def not_storable(error: DataError) -> Response:
        _log.error("a value did not fit its column; its schema should have said so", exc_info=error)
        return problem(
            Invalid({"_schema": [_("One of the values is too long or too large. Shorten it and send again.")]})
        )

    @blueprint.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        _log.error("the API failed", exc_info=error)
        message = plugin_fault("api", error)
        return problem(PluginFailed(message) if message is not None else Fault())


def _wrap(app: Flask) -> None:
    """Language before everything, and problems for addresses that no operation has."""

    @app.before_request
    def begin() -> Response | None:
        if not _is_ours():
            return None
        g.api_before = (current_language(), current_zone())
        set_language(wanted_language())
        error = request.routing_exception
        if not isinstance(error, HTTPException):
            return None
        is_redirect = (error.code or 0) < 400  # of `//` to `/`: a program gets the right address or none
        return _headers(problem(NotFound() if is_redirect else from_http(error)))

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        language, zone = g.pop("api_before", (None, None))
        if language is not None and zone is not None:
            set_language(language)
            set_zone(zone)


def _is_ours() -> bool:
    return request.path == PREFIX or request.path.startswith(PREFIX + "/")


def wanted_language() -> str:
    """The best of ours that Accept-Language names; Chinese without one."""
    return request.accept_languages.best_match(LANGUAGES, DEFAULT_LANGUAGE) or DEFAULT_LANGUAGE


def _headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = current_language()
    response.vary.add("Accept-Language")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
