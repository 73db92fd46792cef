"""A fault that a member of staff finds on the way: picture, kind, place, sent. It goes into reception's queue."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, render_template, request
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.sdk import Loader
from guanjia.steps.view import reason_view
from guanjia.web.addresses import ledger_url
from guanjia.web.caller import caller, reading
from guanjia.web.forms import FormView
from guanjia.web.pages.posting import HAPPENED, HappenedForm, read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import reason_parts
from plugins.customer_service.flow import requests
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.pages.categories import groups
from plugins.registry.public import Building

PLACES_SINCE = timedelta(days=60)


def report(site_code: str) -> str | AnyResponse:
    """The screen of whoever finds something; a post takes the step `report`."""
    context, step = caller(site_code), requests.steps["report"]
    outcome = Outcome()
    if request.method == "POST":
        outcome, answer = take(context, step, None, read_post(context, step), site_code)
        if answer is not None:
            return answer
    with reading(context) as loader:
        posted = outcome.posted
        data = posted.raw if posted is not None else {}
        form = view_form(loader, step, None, data, errors=outcome.errors)
        marks = {HAPPENED: next(iter(outcome.marks.values()))} if outcome.marks else None
        happened = FormView.of(HappenedForm(), data={HAPPENED: posted.happened} if posted else {}, errors=marks)
        html = render_template(
            "customer_service/report.html", step=step, form=form, happened=happened, groups=groups(), said=outcome.said,
            key=outcome.key(context), refused=[reason_parts(reason_view(loader, r)) for r in outcome.reasons],
            places=_places(loader), back_url=ledger_url(requests, site_code),
        )  # fmt: skip
    return Response(html, outcome.status)


def _places(loader: Loader) -> list[str]:
    """Where faults were found of late, then the buildings: touched instead of typed."""
    site_id = loader.site.id if loader.site else None
    recent = select(ServiceRequest.place).where(
        ServiceRequest.company_id == loader.company_id, ServiceRequest.site_id == site_id, ServiceRequest.place != "",
        ServiceRequest.received_at >= loader.now - PLACES_SINCE,
    )  # fmt: skip
    recent = recent.group_by(ServiceRequest.place).order_by(func.count().desc(), ServiceRequest.place).limit(6)
    buildings = select(Building.name).where(
        Building.company_id == loader.company_id, Building.site_id == site_id, Building.state == "active",
    ).order_by(Building.position, Building.code).limit(12)  # fmt: skip
    found = [*loader.session.scalars(recent), *loader.session.scalars(buildings)]
    return list(dict.fromkeys(found))[:14]
