"""The full phone number of a request: asked for by a button, journaled, shown once with a link that dials it."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g, make_response, render_template, request

from guanjia.errors import Forbidden
from guanjia.sdk import Loader
from guanjia.steps.view import find_case
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.documents import document
from plugins.customer_service.flow import requests
from plugins.customer_service.pages.cards import cards
from plugins.customer_service.steps.phone import call as look

SEEN = "customer_service_phone"  # in flask.g, for the sheet that is printed once with the number


def call(site_code: str, case_id: UUID) -> Response:
    """GET asks, POST takes the step and shows the number once, as a page or as a part of one."""
    context = caller(site_code)
    number = None
    if request.method == "POST":
        context.perform(look, case_id)
    with reading(context) as loader:
        case = find_case(loader, requests, case_id)
        if not loader.may(look.permission):
            raise Forbidden()
        if request.method == "POST":
            number = case.phone
        part = request.method == "POST" and request.headers.get("HX-Request")
        html = render_template(
            "customer_service/call_number.html" if part else "customer_service/call.html", number=number, asked=request.method == "POST",
            card=cards(loader, [case])[0], site_code=site_code, back_url=case_url(requests, case_id, site_code),
        )  # fmt: skip
    return _once(make_response(html))


def sheet(site_code: str, case_id: UUID) -> Response:
    """The handling sheet with the full number, once the step that journals the look is taken."""
    context = caller(site_code)
    context.perform(look, case_id)
    with reading(context) as loader:
        setattr(g, SEEN, find_case(loader, requests, case_id).phone)
    return _once(make_response(document("customer_service", "request", case_id, "sheet", site_code)))


def may_call(loader: Loader) -> bool:
    """Whether the reader may look at full numbers here."""
    return loader.may(look.permission)


def _once(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
