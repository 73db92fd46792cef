"""A person's own second factor: set up with a picture and a code, recovery codes, turned off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError, fields, validate
from werkzeug.wrappers import Response

from guanjia.errors import Invalid, TooMany, WrongState
from guanjia.sdk import StrictSchema, words
from guanjia.web.caller import current_host, signed_in
from guanjia.web.forms import FormView, parse_form
from tenants import own
from tenants.owed import ENROL
from tenants.pages.sign_in import local_path, too_many, wait_for
from tenants.second_factor import in_groups, picture_of

_ = words("tenants")

blueprint = Blueprint("tenants_factor", __name__)


def _password_field(**more: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=1000), metadata={
        "label": _("Present password"), "widget": "password", "autocomplete": "current-password"}, **more)  # fmt: skip


class PresentPasswordForm(StrictSchema):
    """That it is really the person."""

    present_password = _password_field(required=True)


class ConfirmForm(StrictSchema):
    """The first code of a new authenticator."""

    sealed = fields.String(required=True, validate=validate.Length(1, 400), metadata={"widget": "hidden"})
    next = fields.String(load_default="", validate=validate.Length(max=2000), metadata={"widget": "hidden"})
    code = fields.String(required=True, validate=validate.Length(1, 20), metadata={
        "label": _("Code that the authenticator shows now"), "autocomplete": "one-time-code", "inputmode": "numeric"})  # fmt: skip


class ConfirmAgainForm(ConfirmForm):
    """The same, some time after the sign-in: with the password."""

    present_password = _password_field(required=True)


@blueprint.route("/me/second-factor", methods=("GET", "POST"))
def second_factor() -> Response:
    """How it stands, and the form that sets it up; the answer to the right code shows the recovery codes, once."""
    who, host = signed_in(), current_host()
    schema = ConfirmForm() if own.just_signed_in(host, who) else ConfirmAgainForm()
    errors, status, slow = None, 200, None
    raw: dict[str, Any] = {"next": request.args.get("next", "")[:2000]}
    if request.method == "POST":
        raw = parse_form(schema, request.form)
        try:
            form = schema.load(raw)
            codes = own.set_up_factor(host, who, form["sealed"], form["code"], form.get("present_password", ""))
            return show_codes(codes, local_path(form["next"]), first=True)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
    state = own.factor_state(host, who)
    if state.since is not None and request.method == "GET" and "new" not in request.args:
        return _standing(state)
    offer = own.offer_factor(host, who, str(raw.get("sealed") or ""))
    data = {"sealed": offer.sealed, "next": raw.get("next")}
    html = render_template(
        "tenants/second_factor_new.html", form=FormView.of(schema, data=data, errors=errors), must=who.held == ENROL,
        picture=picture_of(offer.address), secret=in_groups(offer.secret), replaces=state.since is not None,
        action=url_for("tenants_factor.second_factor"), address=offer.address,
    )  # fmt: skip
    return wait_for(slow, make_response(html, status))


@blueprint.post("/me/second-factor/recovery")
def renew() -> Response:
    """New recovery codes, shown once; the earlier ones are void."""
    who, host = signed_in(), current_host()
    try:
        form = PresentPasswordForm().load(parse_form(PresentPasswordForm(), request.form))
        return show_codes(
            own.renew_recovery_codes(host, who, form["present_password"]), "/me/second-factor", first=False
        )
    except (ValidationError, Invalid, TooMany, WrongState) as error:
        return _refused(error, "renew")


@blueprint.post("/me/second-factor/off")
def turn_off() -> Response:
    """The password alone opens from here on; refused where a role asks for a second factor."""
    who, host = signed_in(), current_host()
    try:
        form = PresentPasswordForm().load(parse_form(PresentPasswordForm(), request.form))
        own.turn_off_factor(host, who, form["present_password"])
    except (ValidationError, Invalid, TooMany, WrongState) as error:
        return _refused(error, "off")
    flash(str(_("The second factor is off. Your password alone opens now.")), "warning")
    return redirect(url_for("tenants_factor.second_factor"), 303)


def _refused(error: ValidationError | Invalid | TooMany | WrongState, which: str) -> Response:
    """The page again, saying beside the form that was sent what is wrong."""
    state = own.factor_state(current_host(), signed_in())
    if isinstance(error, TooMany):
        return wait_for(error, _standing(state, {which: {"_schema": [too_many(error)]}}, 429))
    if isinstance(error, WrongState):
        flash(str(error.detail), "warning")
        return redirect(url_for("tenants_factor.second_factor"), 303)
    errors = error.messages_dict if isinstance(error, ValidationError) else dict(error.errors)
    if state.since is None:
        return redirect(url_for("tenants_factor.second_factor"), 303)
    return _standing(state, {which: errors}, 422)


def _standing(state: own.FactorState, errors: dict[str, Any] | None = None, status: int = 200) -> Response:
    forms = {
        key: FormView.of(PresentPasswordForm(), errors=(errors or {}).get(key), key=key) for key in ("renew", "off")
    }
    html = render_template("tenants/second_factor.html", state=state, forms=forms, open=set(errors or ()))
    return make_response(html, status)


def show_codes(codes: list[str], target: str, *, first: bool) -> Response:
    """The page that shows recovery codes, this once; `first` where the second factor has just been set up."""
    return make_response(render_template("tenants/recovery_codes.html", codes=codes, target=target, first=first))
