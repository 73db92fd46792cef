"""Idempotency-Key for every operation that changes something: a repeated request is answered as the first was.

A step keeps its answer in its own transaction (`guanjia.steps.answers`). The other operations (files, sessions, read
marks) go through `once`, which reserves the key before they begin and keeps their whole answer after they end: status,
body, headers. What failed keeps nothing and may be sent again under the same key.

A new session's token is told again to whoever sends the same request again within an hour. It is kept sealed, with a
key that does not lie in the database.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from guanjia.api.body import MAX_BODY, idempotency_key, parse_object, uploaded
from guanjia.api.credentials import sent_token, signed_in
from guanjia.api.operation import Operation
from guanjia.api.sessions import SIGN_IN, SIGN_OUT
from guanjia.db.session import system_session, tenant_session
from guanjia.errors import GuanjiaError, KeyReused, KeyRunning
from guanjia.host import Host
from guanjia.keeping import blind_index, seal, unseal
from guanjia.steps.answers import KEPT_FOR, SEALED, SEALED_FOR, Slot, reserve
from guanjia.steps.models import Tenant
from guanjia.words import current_language, set_language

_log = logging.getLogger("guanjia.api")
_TOLD = ("Location", "ETag")
_TOKEN = re.compile(r"gj_([^_]{1,60})_\S+")
WAIT = 10.0  # seconds for which a repeated request waits for the first one's answer
_LOOK = 0.05


@dataclass(frozen=True)
class _Owner:
    """Whose key it is: the company, and an id that stands for the caller."""

    company_id: UUID
    actor_id: UUID


def once(host: Host, operation: Operation) -> Callable[..., Response]:
    """The operation's view, which acts once under one Idempotency-Key and always gives the same answer."""

    def view(**ids: Any) -> Response:
        key = idempotency_key(needed=False)
        owner = _owner(host, operation) if key is not None else None
        if key is None or owner is None:
            return operation.view(**ids)
        asked = _asked(host, operation)
        try:
            place = _place(host, operation, owner, key, asked)
        except KeyReused:
            if operation.name == SIGN_IN:  # told to whoever knows the password alone, and every wrong one counts
                _end(host, operation.view(**ids))
            raise
        context = f"guanjia.answered:{owner.company_id}:{owner.actor_id}:{key}"
        if not isinstance(place, Slot):
            return _again(host, place, context)
        kept = False
        try:
            response = operation.view(**ids)
            if 200 <= response.status_code < 300:
                _keep(host, operation, owner, place, response, context)
                kept = True
            return response
        finally:
            if not kept:
                _free(owner, place)

    return view


def _end(host: Host, response: Response) -> None:
    who = host.directory.bearer(response.get_json()["token"])
    if who is not None:
        host.directory.sign_out(who)


def _place(host: Host, operation: Operation, owner: _Owner, key: str, asked: str) -> Slot | Mapping[str, Any]:
    """The slot for the answer, or the answer given. Waits for the first request to end; raises KeyRunning, KeyReused."""
    until = time.monotonic() + WAIT
    kept_for = SEALED_FOR if operation.gives_secret else KEPT_FOR
    while True:
        with tenant_session(owner.company_id, write=True) as session:
            found = reserve(session, host, owner.actor_id, key, asked, kept_for=kept_for)
            session.commit()
        if found is not None:
            return found
        if time.monotonic() >= until:
            raise KeyRunning()
        time.sleep(_LOOK)


def _keep(host: Host, operation: Operation, owner: _Owner, slot: Slot, response: Response, context: str) -> None:
    answer: dict[str, Any] = {
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in _TOLD if name in response.headers},
        "type": response.mimetype,
        "language": current_language(),
        "body": response.get_data(as_text=True),
    }
    if operation.gives_secret:
        answer = {SEALED: seal(host.config, json.dumps(answer), context)}
    try:
        with tenant_session(owner.company_id, write=True) as session:
            slot.keep(session, answer)
            session.commit()
    except OperationalError:  # it is done all the same; the key is free again in a minute
        _log.exception("the answer of %s could not be kept under its key", operation.name)


def _free(owner: _Owner, slot: Slot) -> None:
    try:
        with tenant_session(owner.company_id, write=True) as session:
            slot.free(session)
            session.commit()
    except OperationalError:
        _log.exception("a key could not be freed; it is free again in a minute")


def _again(host: Host, answer: Mapping[str, Any], context: str) -> Response:
    if SEALED in answer:
        answer = json.loads(unseal(host.config, answer[SEALED], context))
    set_language(answer["language"])
    response = Response(answer["body"] or None, answer["status"], mimetype=answer["type"])
    response.headers.update(answer["headers"])
    return response


# -- whose key, and what makes a request the same one ------------------------------------------------------


def _owner(host: Host, operation: Operation) -> _Owner | None:
    """Who calls; for signing in the account that is named, for signing out the token. None where there is no such company."""
    if operation.name == SIGN_IN:
        form = _object()
        company, account = (str(form.get(name, "")).strip().lower()[:60] for name in ("company", "account"))
        return _named(host, company, f"{company}\n{account}")
    if operation.name == SIGN_OUT:
        token = sent_token()
        found = _TOKEN.fullmatch(token)
        return _named(host, found[1], token) if found else None
    who = signed_in()
    return _Owner(who.company_id, who.staff_id)


def _named(host: Host, code: str, caller: str) -> _Owner | None:
    with system_session() as session:
        company_id = session.scalars(
            select(Tenant.id).where(Tenant.code == code, Tenant.state == "active")
        ).one_or_none()
    if company_id is None:
        return None
    index = blind_index(host.config, caller, f"guanjia.answered.caller:{company_id}")
    return _Owner(company_id, UUID(bytes=hashlib.sha256(index.encode()).digest()[:16]))


def _asked(host: Host, operation: Operation) -> str:
    scopes = [] if operation.name in (SIGN_IN, SIGN_OUT) else sorted(signed_in().scopes)
    what = [request.method, request.path, request.query_string.decode("latin-1"), scopes, _body(host, operation)]
    return json.dumps(what)


def _body(host: Host, operation: Operation) -> Any:
    """The body as far as it makes the request: of a file its name and content, of JSON its values in any order."""
    if operation.takes_file and request.mimetype == "multipart/form-data":
        found = uploaded(host.config.max_upload)
        digest = hashlib.file_digest(found.stream, "sha256").hexdigest()  # type: ignore[arg-type]
        found.stream.seek(0)
        return [found.filename, digest]
    raw = _raw()
    try:
        return json.dumps(parse_object(raw) if raw else {}, sort_keys=True, default=str)
    except GuanjiaError:
        return hashlib.sha256(raw).hexdigest()


def _object() -> dict[str, Any]:
    try:
        return parse_object(_raw())
    except GuanjiaError:
        return {}  # the operation itself says what is wrong with it


def _raw() -> bytes:
    request.max_content_length = MAX_BODY
    return request.get_data()
