"""Signing in by the API, who one is, and which sites one reaches."""

from __future__ import annotations

from functools import partial

from flask import Response, request
from marshmallow import fields, validate

from guanjia.api.body import load, read_object
from guanjia.api.credentials import authenticate, caller, may_read, signed_in
from guanjia.api.operation import Operation
from guanjia.api.plain import moment
from guanjia.api.problems import answer
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.ports import SignedIn, SiteInfo
from guanjia.schema import StrictSchema
from guanjia.words import words

_ = words("guanjia")

SIGN_IN = "session_create"
SIGN_OUT = "session_delete"  # repeated under its key it is answered though its token has ended


class SessionForm(StrictSchema):
    """Who signs in."""

    company = fields.String(
        required=True, validate=validate.Length(min=1, max=60), metadata={"label": _("Company code")}
    )
    account = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"label": _("Account")})
    password = fields.String(
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"label": _("Password"), "private": True, "widget": "password"},
    )
    code = fields.String(
        load_default="",
        validate=validate.Length(max=60),
        metadata={"label": _("Code of the second factor, where the account has one"), "private": True},
    )


def operations(host: Host) -> list[Operation]:
    """The operations on sessions, the person and the sites."""
    return [
        Operation("POST", "/session", SIGN_IN, partial(sign_in, host), _("Sign in and get a bearer token"),
                  "session", {201: "Session"}, (401, 422, 429), body=SessionForm, public=True, gives_secret=True,
                  description="The answer's `token` goes into the header `Authorization: Bearer …` of every other request."),
        Operation("DELETE", "/session", SIGN_OUT, partial(sign_out, host), _("End this session: revoke the token"),
                  "session", {204: ""}),
        Operation("GET", "/me", "me_read", partial(me, host), _("Who I am, and what I may do at the company"),
                  "session", {200: "Me"}, (403,)),
        Operation("GET", "/sites", "sites_list", partial(sites, host), _("The sites that I reach"),
                  "session", {200: "Sites"}, (403,)),
    ]  # fmt: skip


def sign_in(host: Host) -> Response:
    """A token exists for the person; too many wrong passwords are answered with 429."""
    form = load(SessionForm(), read_object())
    who, token, expires_at = host.directory.sign_in(
        form["company"], form["account"], form["password"], request.remote_addr or "", form["code"]
    )
    with tenant_session(who.company_id) as session:
        reached = host.directory.reachable(session, who.staff_id, host.clock.now())
        return answer(
            {
                "token": token,
                "expires_at": moment(expires_at),
                "staff": _staff(who),
                "sites": [site_json(host, site) for site in reached],
            },
            201,
        )


def sign_out(host: Host) -> Response:
    """The token counts no longer."""
    authenticate(host)
    host.directory.sign_out(signed_in())
    return Response(status=204)


def me(host: Host) -> Response:
    """The person, the company, the token's limits, and the permissions at the company (none for staff of a site)."""
    who = signed_in()
    may_read(who)
    ctx = caller(host)
    with tenant_session(who.company_id) as session:
        company = host.directory.company(session)
        actor = host.directory.actor(session, ctx.actor_id, None, host.clock.now()) if ctx.actor_id else None
        may = actor.permissions if actor else frozenset()
        return answer({
            "staff": _staff(who),
            "company": {"id": company.id, "code": company.code, "name": company.name, "zone": company.zone.key},
            "credential": {"id": who.credential_id, "is_token": who.is_token, "scopes": list(who.scopes)},
            "permissions": sorted(may & frozenset(who.scopes) if who.scopes else may),
        })  # fmt: skip


def sites(host: Host) -> Response:
    """The sites that the person's assignments reach."""
    who = signed_in()
    may_read(who)
    with tenant_session(who.company_id) as session:
        reached = host.directory.reachable(session, who.staff_id, host.clock.now())
        return answer({"items": [site_json(host, site) for site in reached], "next_cursor": None})


def site_json(host: Host, site: SiteInfo) -> dict[str, object]:
    """A site with the plugins that are on there."""
    on = [key for key in host.plugins if host.is_active(key, site)]
    return {
        "id": site.id,
        "code": site.code,
        "name": site.name,
        "zone": site.zone.key,
        "closed": site.closed,
        "plugins": sorted(on),
    }


def _staff(who: SignedIn) -> dict[str, object]:
    return {"id": who.staff_id, "name": who.name, "language": who.language}
