"""The look at a full phone or identity number: asked for, journaled, shown once and kept nowhere; and who has a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, make_response, render_template, request

from guanjia.errors import Forbidden, Invalid
from guanjia.sdk import words
from guanjia.steps.view import find_case
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, reading
from guanjia.web.forms import FormView, parse_form
from plugins.registry import flows, identities, permissions, search
from plugins.registry.forms import FindForm, IdentityLookForm
from plugins.registry.models import Resident
from plugins.registry.presenting import residents as shown

_ = words("registry")


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
    return _kept_nowhere(page)


def reveal_identity(site_code: str, case_id: UUID) -> Response:
    """GET asks for the reason, POST performs the look and shows the number once. Raises Forbidden, Invalid."""
    context = caller(site_code)
    errors: Mapping[str, Any] = {}
    raw: dict[str, Any] = {}
    number = None
    if request.method == "POST":
        raw = parse_form(IdentityLookForm(), request.form)
        try:
            context.perform(flows.reveal_identity, case_id, raw)
        except Invalid as error:
            errors = error.errors
    looked = request.method == "POST" and not errors
    with reading(context) as loader:
        resident: Resident = find_case(loader, flows.residents, case_id)
        if not loader.may(permissions.IDENTITY_SEE.key):
            raise Forbidden()
        if looked:
            number = identities.opened(context.host.config, resident)
        values = shown(loader, [resident])[0]
        page = render_template(
            "registry/reveal_identity.html", resident=resident, values=values, number=number, looked=looked,
            form=FormView.of(IdentityLookForm(), data=raw, errors=errors),
            back_url=case_url(flows.residents, case_id, site_code),
            crumbs=[(str(flows.residents.title), None), (f"{resident.name} {values['unit_code']}", None)],
        )  # fmt: skip
    return _kept_nowhere(page, 422 if errors else 200)


def find(site_code: str) -> Response:
    """Who of this site has a number: it is posted, so that it stands in no address, and looked for as a whole only."""
    context = caller(site_code)
    raw = parse_form(FindForm(), request.form) if request.method == "POST" else {}
    errors: Mapping[str, Any] = FindForm().validate(raw) if request.method == "POST" else {}
    with reading(context) as loader:
        if not loader.may(permissions.IDENTITY_SEE.key):
            raise Forbidden()
        people = search.who_has(loader, raw["number"]) if raw and not errors else None
        found = people and zip(people, shown(loader, people), strict=True)
        page = render_template(
            "registry/find.html", form=FormView.of(FindForm(), data={} if people is not None else raw, errors=errors),
            found=None if people is None else [
                {"person": person, "values": values, "url": case_url(flows.residents, person.id, site_code)}
                for person, values in found or ()
            ], crumbs=[(str(_("Find by number")), None)],
        )  # fmt: skip
    return _kept_nowhere(page, 422 if errors else 200)


def _kept_nowhere(page: str, status: int = 200) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response
