"""The pages of customer service that are made by hand, because speed counts there. They post the flow's own steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from plugins.customer_service.enquiries import pages as enquiries
from plugins.customer_service.monthly import pages as monthly
from plugins.customer_service.pages import around, board, figures, intake, phone, report, revisits, work
from plugins.customer_service.shifts import pages as shifts
from plugins.customer_service.visits import pages as visits

blueprint = Blueprint("customer_service", __name__)
blueprint.app_template_global("requests_around")(around.requests_around)


def _add(path: str, name: str, view: Callable[..., Any], *methods: str) -> None:
    blueprint.add_url_rule(f"/s/<site_code>/customer_service{path}", name, view, methods=methods or ("GET",))


_add("/intake", "intake", intake.intake, "GET", "POST")
_add("/intake/household", "intake_household", intake.household)
_add("/intake/hints", "intake_hints", intake.hints)
_add("/intake/<uuid:case_id>", "take_up", intake.take_up, "GET", "POST")
_add("/report", "report", report.report, "GET", "POST")
_add("/work", "work", work.work)
_add("/work/<uuid:case_id>", "job", work.job)
_add("/work/<uuid:case_id>/<step>", "job_step", work.job_step, "GET", "POST")
_add("/board", "board", board.board)
_add("/board/<uuid:case_id>/assign", "assign", board.assign, "POST")
_add("/revisits", "revisits", revisits.revisits)
_add("/revisits/<uuid:case_id>", "record_revisit", revisits.record, "POST")
_add("/figures", "figures", figures.figures)
_add("/call/<uuid:case_id>", "call", phone.call, "GET", "POST")
_add("/sheet/<uuid:case_id>", "sheet_with_number", phone.sheet, "POST")
_add("/front-desk", "front_desk", enquiries.front_desk, "GET", "POST")
_add("/front-desk/archive", "archive_found", enquiries.archive_found)
_add("/day", "day_record", enquiries.day_record)
_add("/visits", "visits", visits.visits_page)
_add("/monthly/<uuid:case_id>/report.xlsx", "monthly_workbook", monthly.workbook)
_add("/shift-on-duty", "shift", shifts.on_duty)
_add("/shift-on-duty", "begin_shift", shifts.begin, "POST")
_add("/shift-on-duty/<uuid:case_id>", "write_in_shift", shifts.write, "POST")
