"""A person's own entry: sessions, password, API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError, fields, validate, validates_schema
from werkzeug.wrappers import Response

from guanjia.errors import Forbidden, Invalid, NotFound, TooMany, WrongState
from guanjia.schema import invalid
from guanjia.sdk import StrictSchema, words
from guanjia.web.caller import current_host, signed_in
from guanjia.web.forms import FormView, parse_form
from guanjia.words import show
from tenants import own, permissions
from tenants.owed import PASSWORD
from tenants.pages.sign_in import local_path, too_many, wait_for
from tenants.tokens import TokenForm, scope_choices

_ = words("tenants")

blueprint = Blueprint("tenants_me", __name__)


class PasswordForm(StrictSchema):
    """The present password and the new one."""

    old = fields.String(required=True, validate=validate.Length(1, 1000), metadata={
        "label": _("Present password"), "widget": "password", "autocomplete": "current-password"})  # fmt: skip
    password = fields.String(required=True, validate=validate.Length(1, 200), metadata={
        "label": _("New password"), "widget": "password", "autocomplete": "new-password"})  # fmt: skip
    again = fields.String(required=True, validate=validate.Length(1, 200), metadata={
        "label": _("New password again"), "widget": "password", "autocomplete": "new-password"})  # fmt: skip
    next = fields.String(load_default="", validate=validate.Length(max=2000), metadata={"widget": "hidden"})

    @validates_schema
    def twice_the_same(self, data: dict[str, Any], **_options: Any) -> None:
        """What was typed twice is the same."""
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            raise invalid(_("The two do not agree. Type the new password again."), "again")


class OwnTokenForm(TokenForm):
    """A token as its owner asks for it: the secret is made here."""

    class Meta(TokenForm.Meta):
        exclude = ("digest",)


@blueprint.get("/me/sessions")
def sessions() -> str:
    """The browsers and programs that are signed in as this person."""
    who = signed_in()
    rows = own.own_sessions(current_host(), who)
    return render_template("tenants/me_sessions.html", rows=rows, here=who.credential_id, browser=browser_of)


@blueprint.post("/me/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> Response:
    """One of them has ended."""
    try:
        own.revoke_session(current_host(), signed_in(), session_id)
        flash(str(_("The session has ended.")), "success")
    except WrongState as late:
        flash(str(late.detail), "info")
    return redirect(url_for("tenants_me.sessions"), 303)


@blueprint.route("/me/password", methods=("GET", "POST"))
def password() -> Response:
    """The form for an own password; or the new one counts, and the other sessions have ended."""
    who, errors, status, slow = signed_in(), None, 200, None
    target = request.values.get("next", "")[:2000]
    if request.method == "POST":
        try:
            form = PasswordForm().load(parse_form(PasswordForm(), request.form))
            own.change_password(current_host(), who, form["old"], form["password"])
            flash(str(_("Your new password counts from now on. Other devices have to sign in again.")), "success")
            return redirect(local_path(target), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
    view = FormView.of(PasswordForm(), data={"next": target}, errors=errors)
    must = who.held == PASSWORD
    html = render_template("tenants/me_password.html", form=view, must=must, action=url_for("tenants_me.password"),
                           worn_out=must and own.is_worn_out(current_host(), who))  # fmt: skip
    return wait_for(slow, make_response(html, status))


@blueprint.route("/me/tokens", methods=("GET", "POST"))
def tokens() -> Response:
    """The person's API tokens; a new one is shown in full once, in the answer to the post that made it."""
    who, host = signed_in(), current_host()
    errors, status, made = None, 200, ""
    ctx = own.place_to_act(host, who)
    if ctx is None:
        raise NotFound()
    with ctx.reading() as loader:
        may, choices = loader.may(permissions.TOKENS.key), scope_choices(loader)
        until = loader.place.calendar.date_of(loader.now) + timedelta(days=90)
    raw: dict[str, Any] = {"until_day": until}
    if request.method == "POST":
        raw = parse_form(OwnTokenForm(), request.form)
        try:
            form = OwnTokenForm().load(raw)
            made = own.make_token(host, who, ctx, name=form["name"], scopes=form["scopes"], until_day=form["until_day"])
            raw = {"until_day": until}
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
        except Forbidden as refused:
            errors, status = {"_schema": [refused.detail]}, 403
    view = FormView.of(OwnTokenForm(), data=raw, errors=errors, choices=choices)
    titles = {key: str(title) for key, title in choices["scopes"]}
    html = render_template("tenants/me_tokens.html", form=view, made=made, may=may,
                           limits=lambda row: [titles.get(key, key) for key in row.scopes], now=host.clock.now(),
                           rows=own.own_tokens(host, who), action=url_for("tenants_me.tokens"))  # fmt: skip
    return make_response(html, status)


@blueprint.post("/me/tokens/<uuid:token_id>/revoke")
def revoke_token(token_id: UUID) -> Response:
    """The token opens nothing any more."""
    try:
        own.revoke_token(current_host(), signed_in(), token_id)
        flash(str(_("The token is revoked. Programs that use it are refused from now on.")), "success")
    except WrongState:
        flash(str(_("The token was revoked already.")), "info")
    return redirect(url_for("tenants_me.tokens"), 303)


_BROWSERS = (("Edg/", "Edge"), ("MicroMessenger", "微信 WeChat"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
            ("Linux", "Linux"))  # fmt: skip


def browser_of(user_agent: str) -> str:
    """What a person would call the browser: name and system, as far as it says so itself."""
    found = [next((name for part, name in table if part in user_agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return show([name for name in found if name]) or user_agent[:60]
