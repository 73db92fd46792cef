"""Signing in and out with a browser: the password, then the code of a second factor where there is one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from marshmallow import ValidationError, fields, validate
from werkzeug.wrappers import Response

from guanjia.errors import Forbidden, TooMany, Unauthenticated
from guanjia.sdk import StrictSchema, words
from guanjia.web.forms import FormView, parse_form
from guanjia.web.security import cookie_name, set_cookie
from tenants.directory import current_host
from tenants.owed import ENROL, PASSWORD
from tenants.pages.device import YEAR, Device
from tenants.sign_in import HalfWayOver, Opened, close_session, enter_code, half_way, sign_in

_ = words("tenants")

blueprint = Blueprint("tenants_sign_in", __name__)

COMPANY_COOKIE = "guanjia_company"
HALF = "half"  # in the browser's session: the half session that waits for a code, and where to go then
# What can be opened while something is still owed, besides the page where it is done.
OPEN_PATHS = ("/static/", "/assets/", "/language/", "/sign-out", "/operator", "/health", "/ready")


class SignInForm(StrictSchema):
    """Who signs in."""

    company = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Company code"), "autocomplete": "organization"})  # fmt: skip
    account = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Account"), "autocomplete": "username"})  # fmt: skip
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={
        "label": _("Password"), "widget": "password", "autocomplete": "current-password"})  # fmt: skip
    next = fields.String(load_default="", validate=validate.Length(max=2000), metadata={"widget": "hidden"})


class CodeForm(StrictSchema):
    """The second page."""

    code = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Code of the second factor"), "autocomplete": "one-time-code", "autofocus": True,
        "help": _("The six digits that your authenticator shows now, or one of your recovery codes.")})  # fmt: skip


@blueprint.get("/sign-in")
def form() -> str | Response:
    """The form; who is signed in already goes on."""
    if current_user and current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")))
    company = request.args.get("company") or request.cookies.get(cookie_name(COMPANY_COOKIE), "")
    return _page({"company": company[:60], "next": request.args.get("next", "")[:2000]})


@blueprint.post("/sign-in")
def enter() -> str | Response:
    """A session is opened, and the browser known to the account from here on; or the form comes back, saying why not."""
    raw = parse_form(SignInForm(), request.form)
    shown = {name: raw.get(name) for name in ("company", "account", "next")}
    try:
        wanted = SignInForm().load(raw)
    except ValidationError as error:
        return _page(shown, errors=error.messages_dict, status=422)
    device = Device.read()
    try:
        opened = sign_in(
            current_host(), company=wanted["company"], account=wanted["account"], password=wanted["password"],
            address=request.remote_addr or "", user_agent=request.user_agent.string,
            device=device.id_for(wanted["company"], wanted["account"]),
        )  # fmt: skip
    except TooMany as slow:
        return wait_for(slow, _page(shown, errors={"_schema": [too_many(slow)]}, status=429))
    except Unauthenticated as wrong:
        return _page(shown, errors={"_schema": [wrong.detail]}, status=401)
    session.clear()  # nothing of whoever used this browser before goes on
    if opened.wants_code:
        session[HALF] = {
            "id": opened.signed_in.get_id(),
            "next": wanted["next"],
            "company": opened.signed_in.company_code,
        }
        return redirect(url_for("tenants_sign_in.code"), 303)
    return _come_in(opened, device, wanted["next"])


@blueprint.route("/sign-in/code", methods=("GET", "POST"))
def code() -> Response:
    """The second page: the code makes the half session whole. Without one, or too late, it begins anew."""
    half = session.get(HALF) or {}
    person = half_way(current_host(), str(half.get("id", "")))
    if person is None:
        session.pop(HALF, None)
        return redirect(url_for("tenants_sign_in.form"), 303)
    errors, status, slow = None, 200, None
    if request.method == "POST":
        device = Device.read()
        try:
            wanted = CodeForm().load(parse_form(CodeForm(), request.form))
            known = device.id_for(str(half["company"]), person.account)
            opened = enter_code(current_host(), str(half["id"]), wanted["code"], known)
            target = str(half["next"])
            session.clear()
            if opened.recovery_left is not None:
                flash(str(_("A recovery code is used up; %(left)s are left. If your phone is lost, set up another "
                            "authenticator.", left=opened.recovery_left)), "warning")  # fmt: skip
            return _come_in(opened, device, target)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except TooMany as wait:
            errors, status, slow = {"_schema": [too_many(wait)]}, 429, wait
        except HalfWayOver as over:
            session.pop(HALF, None)
            flash(str(over.detail), "warning")
            return redirect(url_for("tenants_sign_in.form"), 303)
        except Unauthenticated as wrong:
            errors, status = {"code": [wrong.detail]}, 401
    view = FormView.of(CodeForm(), errors=errors)
    html = render_template("tenants/sign_in_code.html", form=view, action=url_for("tenants_sign_in.code"))
    return wait_for(slow, make_response(html, status))


def _come_in(opened: Opened, device: Device, wanted: str) -> Response:
    login_user(opened.signed_in)
    target = local_path(wanted)
    first = FIRST.get(opened.stage)
    response = redirect(url_for(first, next=target) if first else target, 303)
    device.remember(response, opened.signed_in.company_code, opened.account)
    set_cookie(response, COMPANY_COOKIE, opened.signed_in.company_code, YEAR)
    return response


@blueprint.post("/sign-out")
def leave() -> Response:
    """The session has ended, here and on the server."""
    if current_user and current_user.is_authenticated:
        close_session(current_host(), current_user._get_current_object())
    logout_user()
    session.clear()
    return redirect(url_for("tenants_sign_in.form"), 303)


FIRST = {PASSWORD: "tenants_me.password", ENROL: "tenants_factor.second_factor"}  # where what is owed is done
SAYS = {PASSWORD: _("Choose your own password first."), ENROL: _("Set up your second factor first.")}


@blueprint.before_app_request
def first_things_first() -> Response | None:
    """Whoever still owes a password or a second factor goes nowhere before that is done."""
    if request.path.startswith((*OPEN_PATHS, "/api/")) or not current_user or not current_user.is_authenticated:
        return None
    first = FIRST.get(current_user.held)
    if first is None or request.endpoint == first:
        return None
    if request.method not in ("GET", "HEAD"):
        raise Forbidden(SAYS[current_user.held])
    return redirect(url_for(first, next=request.full_path.rstrip("?")))


def too_many(slow: TooMany) -> object:
    """What is said to somebody who has to wait."""
    return _("Too many attempts. Wait %(seconds)s seconds, then try again.", seconds=slow.retry_after)


def wait_for(slow: TooMany | None, response: Response) -> Response:
    """The response, telling programs too how long to wait."""
    if slow is not None:
        response.headers["Retry-After"] = str(slow.retry_after)
    return response


def local_path(target: str | None) -> str:
    """`target` if it is a path of this installation, else the start page. No address leads away from here."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(c) < 32 or c == "\\" for c in target) or target.startswith(("/sign-in", "/sign-out")):
        return "/"
    return target


def _page(data: dict[str, Any], *, errors: Any = None, status: int = 200) -> Response:
    view = FormView.of(SignInForm(), data=data, errors=errors)
    # A browser that knows the company starts with the account, one that knows both with the password.
    first = next((f for f in view.fields if f.widget != "hidden" and not f.value), view.fields[0])
    first.attrs["autofocus"] = True
    html = render_template("tenants/sign_in.html", form=view, action=url_for("tenants_sign_in.enter"))
    return make_response(html, status)
