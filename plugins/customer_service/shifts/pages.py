"""The shift on duty: its log on one screen, with a line to write in, and what the shift before left to be taken over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.sdk import Loader
from guanjia.steps.view import reason_view
from guanjia.web.addresses import case_url, form_url, ledger_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import reason_parts
from plugins.customer_service.shifts.flow import HANDED_OVER, OPEN, entries_of, shifts
from plugins.customer_service.shifts.forms import SHIFTS
from plugins.customer_service.shifts.models import ShiftLog


def on_duty(site_code: str) -> str:
    """The log of the shift on duty; without one the form that begins it."""
    with reading(caller(site_code)) as loader:
        return _page(loader, site_code)


def begin(site_code: str) -> AnyResponse:
    """The shift has begun; where that is refused, the page says why."""
    return _take(site_code, "begin", None)


def write(site_code: str, case_id: UUID) -> AnyResponse:
    """The line stands in the log; where that is refused, the page comes back with what was typed."""
    return _take(site_code, "write", case_id)


def _take(site_code: str, name: str, case_id: UUID | None) -> AnyResponse:
    context, step = caller(site_code), shifts.steps[name]
    outcome, answer = take(context, step, case_id, read_post(context, step), site_code)
    if answer is not None:
        return answer
    with reading(context) as loader:
        return Response(_page(loader, site_code, outcome), outcome.status)


def _page(loader: Loader, site_code: str, outcome: Outcome | None = None) -> str:
    log, before = _newest(loader, OPEN), _newest(loader, HANDED_OVER)
    lines = entries_of(loader, log) if log is not None else []
    step = shifts.steps["write" if log is not None else "begin"]
    posted = outcome.posted if outcome is not None else None
    data: Mapping[str, Any] = posted.raw if posted is not None else {}
    form = view_form(loader, step, log, data, errors=outcome.errors if outcome is not None else None)
    people = [*(e.by for e in lines), *((log.begun_by,) if log else ()), *((before.handed_over_by,) if before else ())]
    here = url_for("customer_service.shift", site_code=site_code)
    return render_template(
        "customer_service/shift.html", log=log, before=before, lines=lines, form=form, shifts=SHIFTS, names=loader.names(people),
        clock=loader.place.calendar.local, key=str(loader.host.ids.new()), here=here, post_url=here if log is None else url_for(
            "customer_service.write_in_shift", site_code=site_code, case_id=log.id),
        hand_over_url=form_url(shifts.steps["hand_over"], log.id, site_code) if log is not None else "",
        log_url=case_url(shifts, log.id, site_code) if log is not None else "",
        before_url=case_url(shifts, before.id, site_code) if before is not None else "",
        take_over_url=form_url(shifts.steps["take_over"], before.id, site_code) if before is not None and before.taken_at is None else "",
        ledger=ledger_url(shifts, site_code), said=outcome.said if outcome is not None else "", posted=request.method == "POST",
        changed=bool(outcome and outcome.changed),
        refused=[reason_parts(reason_view(loader, r, log)) for r in outcome.reasons] if outcome is not None else [],
    )  # fmt: skip


def _newest(loader: Loader, state: str) -> ShiftLog | None:
    """The log in that state that was begun last."""
    assert loader.site is not None  # a site's page
    query = select(ShiftLog).where(
        ShiftLog.company_id == loader.company_id, ShiftLog.site_id == loader.site.id, ShiftLog.state == state
    )
    return loader.session.scalars(query.order_by(ShiftLog.begun_at.desc(), ShiftLog.id).limit(1)).first()
