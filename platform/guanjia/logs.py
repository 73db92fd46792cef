"""Logs: one line for each request and each fault, as JSON for collectors or plain for a terminal, never with a value.

What people type (names, phones, searches) stays out by construction: a request is told by its rule, not its address; a
fault by its type and the places in the code that it came through, not by its message, which may quote a value.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, g, has_request_context, request
from sqlalchemy.exc import DBAPIError

from guanjia import metrics
from guanjia.config import Config
from guanjia.errors import GuanjiaError

HEADER = "X-Request-ID"
FORMATS = ("json", "plain")
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_QUERY = re.compile(r"(/\S*)\?\S+")
_ID, _BEGAN = "guanjia.request_id", "guanjia.began"
_QUIET = ("werkzeug", "gunicorn.access")  # their lines quote addresses; ours take their place
_TALKATIVE = ("alembic", "sqlalchemy", "httpx", "httpcore", "rq")
_EXTRA = ("method", "status", "ms")  # what a record may carry besides its text
_MOST_FRAMES = 60
_log = logging.getLogger("guanjia.request")
Record = MutableMapping[str, Any]


def set_up_logs(config: Config, *, stream: Any = None) -> None:
    """This process logs to standard error in the format of GUANJIA_LOG; without it plain on a terminal, else JSON.

    Libraries' records go the same way. Called by the commands and by gunicorn's workers, never by `create_app`: a
    program that embeds the application logs in its own manner.
    """
    stream = stream or sys.stderr
    plain = config.log_format == "plain" or (config.log_format != "json" and bool(getattr(stream, "isatty", bool)()))
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(_EXTRA),
        _of_request,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _fault,
        _without_query,
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=bool(getattr(stream, "isatty", bool)()), timestamp_key="at")
        if plain
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "of_guanjia", False):
            root.removeHandler(old)
    handler.of_guanjia = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _QUIET:
        quiet = logging.getLogger(name)
        quiet.handlers, quiet.propagate, quiet.disabled = [], False, True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("gunicorn", "gunicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True


def install_request_log(app: Flask) -> None:
    """Every request of `app` has a number, which its answer, its page of an error and its log lines carry.

    Installed before anything else, so that its line is written last, when the status is known."""

    @app.before_request
    def begin() -> None:
        request.environ[_BEGAN] = time.perf_counter()
        request_id()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        seconds = time.perf_counter() - request.environ.get(_BEGAN, time.perf_counter())
        metrics.count_request(endpoint(), request.method, response.status_code, seconds)
        if endpoint() not in _PROBES:
            told = {"method": request.method, "status": response.status_code, "ms": round(seconds * 1000, 1)}
            _log.info("request", extra=told)
        return response


_PROBES = frozenset({"/health", "/ready", "/metrics"})  # asked every few seconds by machines


def request_id() -> str:
    """The number of the present request: the one that a proxy gave it, if well formed, else one of ours."""
    known: str | None = request.environ.get(_ID)
    if known is None:
        given = request.headers.get(HEADER, "")
        known = given if _WELL_FORMED.fullmatch(given) and not _reads_as_number(given) else uuid.uuid4().hex
        request.environ[_ID] = known
    return known


def _reads_as_number(text: str) -> bool:
    """Whether this may be a phone or an identity number that somebody put there."""
    return re.fullmatch(r"\d{5,17}[\dXx]?", text) is not None


def endpoint() -> str:
    """The rule that the request matched, as it is declared; an address that has none is not told."""
    return request.url_rule.rule if request.url_rule is not None else "(none)"


@contextmanager
def about(**values: Any) -> Iterator[None]:
    """Log lines within the block carry these values: ids and kinds, never what somebody typed."""
    with structlog.contextvars.bound_contextvars(**{k: str(v) for k, v in values.items() if v is not None}):
        yield


def described(error: BaseException) -> str:
    """The error for a log or a table: its type, and what is known to hold no value (our own sentence, a database's code).

    At most 300 characters."""
    name = type(error).__name__
    if isinstance(error, DBAPIError):
        original = error.orig
        code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
        diagnosis = getattr(original, "diag", None)
        where = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "table_name", None)
        name = f"{name} ({type(original).__name__})"
        return " ".join(str(part) for part in (name, code, where) if part)[:300]
    if isinstance(error, GuanjiaError):
        return f"{name}: {error.detail.id}"[:300]  # the message's id: arguments are left out
    if getattr(error, "holds_no_values", False):
        return f"{name}: {error}"[:300]
    if isinstance(error, ImportError) and error.name:
        return f"{name}: {error.name}"[:300]
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {error.strerror}"[:300]
    return name


def trace(error: BaseException, around: TracebackType | None = None) -> list[str]:
    """Where the error came through, outermost first, with what caused it: file, line, function, and the line of code."""
    found: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__ or around)
        lines = [f"{_short(f.filename)}:{f.lineno} {f.name}: {f.line or ''}" for f in frames]
        found = [*lines, described(current), *(["which led to:", *found] if found else [])]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found[-_MOST_FRAMES:]


def _short(filename: str) -> str:
    for mark in ("/site-packages/", "/platform/"):
        if mark in filename:
            return filename.rsplit(mark, 1)[1]
    return "/".join(filename.rsplit("/", 3)[1:])


def _fault(_logger: Any, _method: str, event: Record) -> Record:
    """An exception as type and places. The text of records from libraries is dropped where it may quote values."""
    given = event.pop("exc_info", None)
    record = event.get("_record")
    if not given and record is not None:
        given = record.exc_info
    if given is True:
        given = sys.exc_info()
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if record is not None:
        record.exc_info = record.exc_text = None  # or the formatter would append the whole traceback
    if error is not None:
        event["error"], event["trace"] = described(error), trace(error)
    return event


def _without_query(_logger: Any, _method: str, event: Record) -> Record:
    """A library that quotes an address does it without what follows the question mark."""
    text = event.get("event")
    if "?" in str(text):
        event["event"] = _QUERY.sub(r"\1?…", str(text))
    return event


def _of_request(_logger: Any, _method: str, event: Record) -> Record:
    """Who and where, known without asking the database: what this request has found out so far."""
    if not has_request_context():
        return event
    event["request_id"], event["endpoint"] = request_id(), endpoint()
    who = g.get("api_who") or _signed_in()
    if who is not None:
        event["company_id"], event["actor_id"] = str(who.company_id), str(who.staff_id)
    values: Mapping[str, Any] = request.view_args or {}
    site = values.get("site_code") or values.get("site_id")
    if site is not None and _reached(site):
        event["site"] = str(site)
    if {"plugin", "flow"} <= set(values) and request.url_rule is not None:
        event["flow"] = f"{values['plugin']}.{values['flow']}"
    return event


def _reached(site: Any) -> bool:
    """Whether the request reached that site: what stands in an address that leads nowhere is not told."""
    return g.get("guanjia_context") is not None or isinstance(site, uuid.UUID)


def _signed_in() -> Any:
    who = g.get("_login_user")
    return who if who is not None and getattr(who, "company_id", None) and getattr(who, "staff_id", None) else None
