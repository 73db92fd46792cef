"""The look at a full phone number: asked for by a button, journaled, shown once and kept nowhere."""

from __future__ import annotations

from uuid import UUID

from flask import Response, make_response, render_template, request

from guanjia.errors import Forbidden
from guanjia.steps.view import find_case
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, reading
from plugins.registry import flows, permissions
from plugins.registry.models import Resident
from plugins.registry.presenting import residents as shown


def reveal(site_code: str, case_id: UUID) -> Response:
    """GET asks, POST performs the look and shows the number once. A retired resident's number can be looked at too."""
    context = caller(site_code)
    number = None
    if request.method == "POST":
        context.perform(flows.reveal, case_id)
    with reading(context) as loader:
        resident: Resident = find_case(loader, flows.residents, case_id)
        if not loader.may(permissions.PHONE_SEE.key):
            raise Forbidden()
        if request.method == "POST":
            number = resident.phone
        values = shown(loader, [resident])[0]
        page = render_template(
            "registry/reveal.html", resident=resident, values=values, number=number, asked=request.method == "POST",
            back_url=case_url(flows.residents, case_id, site_code),
            household_url=case_url(flows.households, resident.household_id, site_code),
            crumbs=[(str(flows.residents.title), None), (f"{resident.name} {values['unit_code']}", None)],
        )  # fmt: skip
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
