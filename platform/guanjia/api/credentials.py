"""Who calls: a bearer token and nothing else. A cookie is not looked at, so that no page can borrow it.

A token may be narrowed to scopes: `read`, permissions, or the keys of single steps. It then reads only with `read`,
takes only the steps whose permission (or own key) it names, and sees no more than those permissions show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast
from uuid import UUID

from flask import g, request

from guanjia.errors import Forbidden, Unauthenticated
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.loader import Loader
from guanjia.words import current_language, set_language, set_zone, words

_ = words("guanjia")

READ = "read"
_TOKEN = re.compile(r"gj_[\x21-\x7e]{3,500}")


def authenticate(host: Host) -> None:
    """The request's token belongs to somebody, who is remembered for the request. Raises Unauthenticated."""
    token = sent_token()
    if not token:
        raise Unauthenticated(
            _("Send your token in the header Authorization: Bearer gj_…; POST /api/v1/session gives one.")
        )
    who = host.directory.bearer(token) if _TOKEN.fullmatch(token) else None
    if who is None:
        raise Unauthenticated(_("This token has ended, was revoked, or never was. Sign in again for a new one."))
    g.api_who = who
    if not request.accept_languages:
        set_language(who.language)


def sent_token() -> str:
    """The bearer token that came with the request; blank without one."""
    kind, _space, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def signed_in() -> SignedIn:
    """Whose token it is."""
    return cast(SignedIn, g.api_who)


def caller(host: Host, site_id: UUID | None = None) -> Context:
    """The person as the caller of steps, at a site or at the company."""
    who = signed_in()
    return Context(host, who.company_id, who.staff_id, site_id, language=current_language(), via="api")


@contextmanager
def reading(ctx: Context) -> Iterator[Loader]:
    """A loader for the caller, narrowed to the token's scopes. Raises NotFound where the person does not reach, and
    Forbidden for a token without the scope `read`."""
    who = signed_in()
    may_read(who)
    with ctx.reading() as loader:
        if who.scopes and loader.actor is not None:
            kept = loader.actor.permissions & frozenset(who.scopes)
            loader.actor = replace(loader.actor, permissions=kept)
        set_zone(loader.place.zone)
        yield loader


def may_read(who: SignedIn) -> None:
    """Raises Forbidden if the token's scopes leave reading out."""
    if who.scopes and READ not in who.scopes:
        raise Forbidden(_('This token may not read. Use one with the scope "read", or one without limits.'))


def may_take(who: SignedIn, flow: Flow, step: Step) -> None:
    """Raises Forbidden if the token's scopes leave the step out. Whether the person may take it is asked besides."""
    if not who.scopes or step.key in who.scopes:
        return
    wanted = [permission for permission in (flow.permission, step.permission) if permission is not None]
    missing = [permission for permission in wanted if permission not in who.scopes]
    if missing or step.permission is None:
        raise Forbidden(
            _(
                'This token is limited and leaves "%(step)s" out. Use one with the scope %(scope)s, or one without limits.',
                step=step.title,
                scope=(missing or [step.key])[0],
            )
        )


def may_upload(who: SignedIn) -> None:
    """Raises Forbidden for a token that may do nothing but read: it has no step to give a file to."""
    if who.scopes and not set(who.scopes) - {READ}:
        raise Forbidden(_("This token may only read. Use one that may take steps to send files."))
