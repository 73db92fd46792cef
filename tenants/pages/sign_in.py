"""Signing in and out with a browser."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import ValidationError, fields, validate
from werkzeug.wrappers import Response

from guanjia.errors import Forbidden, TooMany, Unauthenticated
from guanjia.sdk import StrictSchema, words
from guanjia.web.forms import FormView, parse_form
from tenants.directory import current_host
from tenants.sign_in import close_session, sign_in

_ = words("tenants")

blueprint = Blueprint("tenants_sign_in", __name__)

DEVICE_COOKIE, COMPANY_COOKIE = "guanjia_device", "guanjia_company"
MUST_CHANGE = "must_change"
YEAR = 365 * 24 * 3600
ACCOUNTS_OF_A_DEVICE = 20
# What can be opened before the own password is chosen.
OPEN_PATHS = ("/static/", "/assets/", "/language/", "/sign-out", "/me/password", "/operator", "/health", "/ready")


class SignInForm(StrictSchema):
    """Who signs in."""

    company = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Company code"), "autocomplete": "organization"})  # fmt: skip
    account = fields.String(required=True, validate=validate.Length(1, 60), metadata={
        "label": _("Account"), "autocomplete": "username"})  # fmt: skip
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={
        "label": _("Password"), "widget": "password", "autocomplete": "current-password"})  # fmt: skip
    next = fields.String(load_default="", validate=validate.Length(max=2000), metadata={"widget": "hidden"})


@blueprint.get("/sign-in")
def form() -> str | Response:
    """The form; who is signed in already goes on."""
    if current_user and current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")))
    company = request.args.get("company") or request.cookies.get(COMPANY_COOKIE, "")
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
    known = _Device.read()
    mark = known.mark(wanted["company"], wanted["account"])
    try:
        opened = sign_in(
            current_host(), company=wanted["company"], account=wanted["account"], password=wanted["password"],
            address=request.remote_addr or "", user_agent=request.user_agent.string,
            device=known.id if mark in known.accounts else None,
        )  # fmt: skip
    except TooMany as slow:
        said = _("Too many attempts. Wait %(seconds)s seconds, then try again.", seconds=slow.retry_after)
        response = _page(shown, errors={"_schema": [said]}, status=429)
        response.headers["Retry-After"] = str(slow.retry_after)
        return response
    except Unauthenticated as wrong:
        return _page(shown, errors={"_schema": [wrong.detail]}, status=401)
    session.clear()  # nothing of whoever used this browser before goes on
    login_user(opened.signed_in)
    target = local_path(wanted["next"])
    if opened.must_change:
        session[MUST_CHANGE] = True
        target = url_for("tenants_me.password", next=target)
    response = redirect(target, 303)
    known.remember(response, mark)
    response.set_cookie(COMPANY_COOKIE, opened.signed_in.company_code, max_age=YEAR, httponly=True, samesite="Lax",
                        secure=request.is_secure)  # fmt: skip
    return response


@blueprint.post("/sign-out")
def leave() -> Response:
    """The session has ended, here and on the server."""
    if current_user and current_user.is_authenticated:
        close_session(current_host(), current_user._get_current_object())
    logout_user()
    session.clear()
    return redirect(url_for("tenants_sign_in.form"), 303)


@blueprint.before_app_request
def choose_own_password_first() -> Response | None:
    """Whoever came in with an initial password goes nowhere before it is replaced."""
    if not session.get(MUST_CHANGE) or request.path.startswith((*OPEN_PATHS, "/api/")):
        return None
    if not current_user or not current_user.is_authenticated:
        return None
    if request.method not in ("GET", "HEAD"):
        raise Forbidden(_("Choose your own password first."))
    return redirect(url_for("tenants_me.password", next=request.full_path.rstrip("?")))


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


class _Device:
    """What a browser carries: its id, and marks of the accounts that signed in from it. Signed, so that none is made up."""

    def __init__(self, device_id: str, accounts: list[str]) -> None:
        self.id, self.accounts = device_id, accounts

    @classmethod
    def read(cls) -> _Device:
        """The browser of this request, or a new one."""
        try:
            data = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""))
            return cls(str(data["d"]), [str(mark) for mark in data["a"]])
        except (BadSignature, KeyError, TypeError):
            return cls(secrets.token_hex(16), [])

    def mark(self, company: str, account: str) -> str:
        """The mark of an account: says nothing to whoever reads the cookie."""
        text = f"{company.strip().lower()}\x00{account.strip().lower()}\x00{self.id}".encode()
        return hmac.new(current_host().config.secret().encode(), b"device\x00" + text, hashlib.sha256).hexdigest()[:32]

    def remember(self, response: Response, mark: str) -> None:
        """The browser knows the account from here on; of too many the oldest is forgotten."""
        kept = [mark, *(known for known in self.accounts if known != mark)][:ACCOUNTS_OF_A_DEVICE]
        value = _signer().dumps({"d": self.id, "a": kept})
        response.set_cookie(
            DEVICE_COOKIE, str(value), max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure
        )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_host().config.secret(), salt="guanjia.device")
