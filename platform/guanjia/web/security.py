"""Headers that tell browsers what a page may do, and the check that a post comes from one of our pages."""

from __future__ import annotations

from flask import Flask, Response, current_app, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from guanjia.errors import Invalid
from guanjia.words import words

_ = words("guanjia")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": ", ".join(
        ("camera=(self)", *(f"{feature}=()" for feature in (
            "accelerometer", "browsing-topics", "display-capture", "geolocation", "gyroscope", "hid",
            "magnetometer", "microphone", "midi", "payment", "serial", "usb",
        )))
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}  # fmt: skip
TRANSPORT = "max-age=31536000"  # sent behind HTTPS only; without subdomains, which may be somebody else's
HOST_ONLY = "__Host-"
API = "api"  # the blueprint that refuses cookies, so that nobody can borrow them

csrf = CSRFProtect()


def init_security(app: Flask) -> None:
    """Every answer of `app` carries the headers, and every post outside the API needs a token.

    A token lives as long as the session: front desks leave a page open all day. No cache keeps a page unless
    its view says so itself.
    """
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = app.config.get("SESSION_COOKIE_SAMESITE") or "Lax"
    if app.config.get("SESSION_COOKIE_SECURE"):
        app.config["SESSION_COOKIE_NAME"] = HOST_ONLY + app.config["SESSION_COOKIE_NAME"]
        app.config["SESSION_COOKIE_PATH"] = "/"
    csrf_wanted = app.config.get("WTF_CSRF_CHECK_DEFAULT", True)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # we ask ourselves, so as to leave the API out
    csrf.init_app(app)

    @app.before_request
    def check_token() -> None:
        is_api = (request.blueprint or "").split(".")[0] == API
        if csrf_wanted and app.config["WTF_CSRF_ENABLED"] and not is_api:
            csrf.protect(apply_exemptions=True)

    @app.before_request
    def readable_query() -> None:
        """No database keeps a NUL, and no reader types one: it is refused before any page looks for it."""
        is_api = (request.blueprint or "").split(".")[0] == API  # which says so itself, for each parameter
        for name, values in request.args.lists() if not is_api else ():
            if any("\x00" in text for text in (name, *values)):
                raise Invalid({name: [_("Some characters cannot be stored. Delete them, or type it anew.")]})

    @app.errorhandler(CSRFError)
    def token_missing(error: CSRFError) -> tuple[str, int]:
        return render_template("guanjia/error.html", code=400, kind="csrf"), 400

    @app.after_request
    def guard(response: Response) -> Response:
        return secure(response)


def secure(response: Response) -> Response:
    """The response with the headers; one that a view set itself is kept. What no view meant to be kept, no cache keeps."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if is_https():
        response.headers.setdefault("Strict-Transport-Security", TRANSPORT)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def is_https() -> bool:
    """Whether the reader came by HTTPS, as the installation says or the request shows."""
    return bool(current_app.config.get("SESSION_COOKIE_SECURE")) or request.is_secure


def cookie_name(name: str) -> str:
    """The cookie's name: where cookies are secure it begins so that no neighbouring host can set it."""
    return (HOST_ONLY if current_app.config.get("SESSION_COOKIE_SECURE") else "") + name


def set_cookie(response: BaseResponse, name: str, value: str, seconds: int) -> None:
    """The browser keeps the cookie for that long; no script reads it, and no other site's form brings it along."""
    response.set_cookie(
        cookie_name(name), value, max_age=seconds, httponly=True, samesite="Lax", secure=is_https(), path="/"
    )
