"""The operator's pages: companies founded, suspended and resumed. Nothing of a company's work is shown here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from marshmallow import ValidationError, fields, validate
from werkzeug.wrappers import Response

from guanjia.errors import Invalid, TooMany, Unauthenticated
from guanjia.sdk import StrictSchema, words
from guanjia.web.forms import FormView, parse_form
from guanjia.words import LANGUAGES
from tenants import operator_factor, operators
from tenants.directory import current_host
from tenants.founding import found_company
from tenants.models import Operator
from tenants.pages.factor import ConfirmAgainForm, PresentPasswordForm, show_codes
from tenants.pages.sign_in import CodeForm, too_many, wait_for
from tenants.places import LANGUAGE_CHOICES
from tenants.second_factor import in_groups, picture_of
from tenants.sign_in import HalfWayOver

_ = words("tenants")

blueprint = Blueprint("tenants_operator", __name__)
SESSION = "operator"


class OperatorForm(StrictSchema):
    """Who signs in."""

    account = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Account"), "autocomplete": "username", "autofocus": True})  # fmt: skip
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={
        "label": _("Password"), "widget": "password", "autocomplete": "current-password"})  # fmt: skip


class FoundForm(StrictSchema):
    """A new company and its first administrator."""

    code = fields.String(required=True, validate=validate.Length(1, 40), metadata={
        "label": _("Company code"), "help": _("What people type to sign in: small letters, digits and hyphens.")})  # fmt: skip
    name = fields.String(required=True, validate=validate.Length(1, 100), metadata={"label": _("Company name")})
    language = fields.String(load_default="zh", validate=validate.OneOf(LANGUAGES), metadata={
        "label": _("Language"), "choices": LANGUAGE_CHOICES})  # fmt: skip
    admin_account = fields.String(required=True, validate=validate.Length(2, 60), metadata={
        "label": _("Account of the first administrator"), "autocomplete": "off"})  # fmt: skip
    admin_name = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Name of the first administrator"), "autocomplete": "off"})  # fmt: skip
    admin_password = fields.String(required=True, validate=validate.Length(1, 200), metadata={
        "label": _("Initial password"), "widget": "password", "autocomplete": "new-password",
        "help": _("The administrator has to replace it at the first sign-in.")})  # fmt: skip


@blueprint.before_request
def stand_alone() -> None:
    """An operator's pages carry nothing of whoever else is signed in with the same browser."""
    g.guanjia_plain_shell = True


@blueprint.route("/operator/sign-in", methods=("GET", "POST"))
def sign_in() -> Response:
    """The form, or a session of the operator."""
    raw: dict[str, Any] = {}
    errors, status, slow = None, 200, None
    if request.method == "POST":
        raw = parse_form(OperatorForm(), request.form)
        try:
            form = OperatorForm().load(raw)
            opened = operators.sign_in_operator(
                current_host(), account=form["account"], password=form["password"], address=request.remote_addr or "",
                user_agent=request.user_agent.string,
            )  # fmt: skip
            session.clear()
            session[SESSION] = str(opened)
            if operator_factor.half_way(current_host(), session[SESSION]) is not None:
                return redirect(url_for("tenants_operator.code"), 303)
            return redirect(url_for("tenants_operator.companies"), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Unauthenticated as wrong:
            errors, status = {"_schema": [wrong.detail]}, 401
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
    view = FormView.of(OperatorForm(), data={"account": raw.get("account")}, errors=errors)
    html = render_template("tenants/operator_sign_in.html", form=view, action=url_for("tenants_operator.sign_in"))
    return wait_for(slow, make_response(html, status))


@blueprint.route("/operator/sign-in/code", methods=("GET", "POST"))
def code() -> Response:
    """The second page: the code makes the half session whole."""
    host, errors, status, slow = current_host(), None, 200, None
    if operator_factor.half_way(host, session.get(SESSION)) is None:
        return redirect(url_for("tenants_operator.sign_in"), 303)
    if request.method == "POST":
        try:
            form = CodeForm().load(parse_form(CodeForm(), request.form))
            operator_factor.enter_code(host, session.get(SESSION), form["code"])
            return redirect(url_for("tenants_operator.companies"), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
        except HalfWayOver as over:
            session.pop(SESSION, None)
            flash(str(over.detail), "warning")
            return redirect(url_for("tenants_operator.sign_in"), 303)
        except Unauthenticated as wrong:
            errors, status = {"code": [wrong.detail]}, 401
    view = FormView.of(CodeForm(), errors=errors)
    html = render_template("tenants/operator_code.html", form=view, action=url_for("tenants_operator.code"))
    return wait_for(slow, make_response(html, status))


@blueprint.route("/operator/second-factor", methods=("GET", "POST"))
def factor() -> Response:
    """The operator's own second factor is set up; the answer to the right code shows the recovery codes, once."""
    operator, host = _operator(), current_host()
    if operator is None:
        return redirect(url_for("tenants_operator.sign_in"), 303)
    errors, status, slow = None, 200, None
    raw: dict[str, Any] = {}
    if request.method == "POST":
        raw = parse_form(ConfirmAgainForm(), request.form)
        try:
            form = ConfirmAgainForm().load(raw)
            codes = operator_factor.set_up_factor(
                host, operator, session[SESSION], form["sealed"], form["code"], form["present_password"]
            )
            return show_codes(codes, url_for("tenants_operator.companies"), first=True)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
    offer = operator_factor.offer_factor(host, operator, str(raw.get("sealed") or ""))
    html = render_template(
        "tenants/second_factor_new.html", must=False, replaces=operator.factor is not None, secret=in_groups(offer.secret),
        form=FormView.of(ConfirmAgainForm(), data={"sealed": offer.sealed}, errors=errors),
        picture=picture_of(offer.address), action=url_for("tenants_operator.factor"), address=offer.address,
    )  # fmt: skip
    return wait_for(slow, make_response(html, status))


@blueprint.route("/operator/second-factor/off", methods=("GET", "POST"))
def factor_off() -> Response:
    """The operator's password alone opens from here on."""
    operator = _operator()
    if operator is None:
        return redirect(url_for("tenants_operator.sign_in"), 303)
    errors, status, slow = None, 200, None
    if request.method == "POST":
        try:
            form = PresentPasswordForm().load(parse_form(PresentPasswordForm(), request.form))
            operator_factor.turn_off_factor(current_host(), operator, form["present_password"])
            flash(str(_("The second factor is off. Your password alone opens now.")), "warning")
            return redirect(url_for("tenants_operator.companies"), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
    view = FormView.of(PresentPasswordForm(), errors=errors)
    html = render_template("tenants/operator_factor_off.html", form=view, action=url_for("tenants_operator.factor_off"),
                           cancel=url_for("tenants_operator.companies"))  # fmt: skip
    return wait_for(slow, make_response(html, status))


@blueprint.post("/operator/sign-out")
def sign_out() -> Response:
    """The operator's session has ended."""
    operators.sign_out_operator(current_host(), session.get(SESSION))
    session.pop(SESSION, None)
    return redirect(url_for("tenants_operator.sign_in"), 303)


@blueprint.route("/operator/", methods=("GET", "POST"))
def companies() -> Response:
    """All companies, and the form that founds one."""
    operator = _operator()
    if operator is None:
        return redirect(url_for("tenants_operator.sign_in"), 303)
    raw: dict[str, Any] = {}
    errors, status = None, 200
    if request.method == "POST":
        raw = parse_form(FoundForm(), request.form)
        try:
            form = FoundForm().load(raw)
            found_company(current_host(), **form, must_change_password=True, operator=operator.account)
            flash(str(_("%(name)s is founded; its administrator can sign in now.", name=form["name"])), "success")
            return redirect(url_for("tenants_operator.companies"), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
    view = FormView.of(FoundForm(), data={k: v for k, v in raw.items() if k != "admin_password"}, errors=errors)
    html = render_template("tenants/operator.html", form=view, operator=operator, lines=operators.list_companies(),
                           action=url_for("tenants_operator.companies"))  # fmt: skip
    return make_response(html, status)


@blueprint.post("/operator/companies/<uuid:company_id>/<any(suspend,resume):act>")
def change(company_id: UUID, act: str) -> Response:
    """The company is suspended, or works again."""
    operator = _operator()
    if operator is None:
        return redirect(url_for("tenants_operator.sign_in"), 303)
    take = operators.suspend_company if act == "suspend" else operators.resume_company
    take(current_host(), company_id, operator.account)
    said = (
        _("The company is suspended. Nobody of it can sign in.") if act == "suspend" else _("The company works again.")
    )
    flash(str(said), "success")
    return redirect(url_for("tenants_operator.companies"), 303)


def _operator() -> Operator | None:
    return operators.operator_of(current_host(), session.get(SESSION))
