"""The shift log (5/7.4) and the monthly report (5/6.3): signed, handed over, submitted, each figure with its cases."""

import io
from typing import Any, ClassVar
from uuid import UUID

import openpyxl
import pytest

from enquiries_made import Enquiries
from guanjia.errors import Invalid
from guanjia.jobs.duties import make_periodic
from office import Office
from plugins.customer_service.monthly.models import MonthlyReport
from plugins.customer_service.shifts.models import ShiftLog
from requests_made import Requests, clause, rule, site_time
from signed_in import browser


class Shifts(Requests):
    """Shift logs of one office."""

    flow: ClassVar[str] = "customer_service.shift"
    model: ClassVar[type[Any]] = ShiftLog

    def begun(self) -> UUID:
        """A shift that has begun."""
        return self.by("receptionist", "begin", shift="day").case_id


class Reports(Requests):
    """Monthly reports of one office."""

    flow: ClassVar[str] = "customer_service.monthly"
    model: ClassVar[type[Any]] = MonthlyReport


@pytest.fixture
def desk(east: Office) -> Shifts:
    """The front desk of the first office."""
    return Shifts(east)


@pytest.fixture
def month(east: Office) -> Reports:
    """Reports of the first office."""
    return Reports(east)


@clause(5, "7.4")
def test_a_shift_ends_with_a_signed_log_and_the_next_does_not_begin_without(desk: Shifts):
    log = desk.begun()
    desk.by("receptionist", "write", log, entry="3栋电梯报修", for_security=False)
    desk.denied("shift_log", "receptionist", "begin", shift="evening")
    desk.denied("shift_log", "receptionist", "hand_over", log, summary="一切正常")
    signed = {"summary": "一切正常", "signature": desk.signature("receptionist")}
    desk.denied(
        "shift_log", "area_manager", "hand_over", log, **{**signed, "signature": desk.signature("area_manager")}
    )
    desk.by("receptionist", "hand_over", log, **signed)
    assert desk.state(log) == "handed_over"
    desk.begun()
    desk.by("receptionist", "take_over", log)
    assert desk.state(log) == "taken"


@clause(5, "7.4")
def test_what_security_must_see_to_goes_there_and_is_taken_over_there(desk: Shifts):
    log = desk.begun()
    desk.by("receptionist", "write", log, entry="夜里看管西门施工围挡", for_security=True)
    desk.by("receptionist", "hand_over", log, summary="见记录", security_matters="夜里看管西门施工围挡",
            signature=desk.signature("receptionist"))  # fmt: skip
    (task,) = desk.tasks("shift_log", log)
    assert (task.role, task.state) == ("security", "open")
    desk.by("receptionist", "take_over", log)
    assert desk.state(log) == "handed_over"
    desk.denied("shift_log", "receptionist", "security_takes", log)
    desk.by("security_head", "security_takes", log)
    assert (desk.state(log), desk.tasks("shift_log", log)[0].state) == ("taken", "done")
    page = browser(desk.office, "receptionist").page(f"/shift/{log}/print/log")
    assert "夜里看管西门施工围挡" in page


@clause(5, "7.4")
def test_reception_owes_a_log_every_day_unless_the_rule_is_off(desk: Shifts):
    company = desk.office.company
    make_periodic(company.host, company.plan.company_id, desk.now)
    (task,) = [t for t in desk.tasks("shift_log") if t.target_id is None]
    assert (task.role, task.due_at) == ("receptionist", site_time("2026-11-17 00:00"))
    log = desk.begun()
    desk.by("receptionist", "hand_over", log, summary="正常", signature=desk.signature("receptionist"))
    assert [t.state for t in desk.tasks("shift_log") if t.target_id is None] == ["done"]
    desk.office.switch(rule("shift_log"), on=False)
    desk.by("receptionist", "begin", shift="evening")
    desk.by("area_manager", "begin", shift="night")


@clause(5, "6.3")
def test_the_report_counts_the_month_and_each_figure_leads_to_its_cases(month: Reports):
    enquiries = Enquiries(month.office)
    requests = Requests(month.office)
    requests.handed_in("pipe_leak")
    requests.dispatched("indoor_cleaning")
    enquiries.by("receptionist", "enter", **enquiries.asked(answer="八点半"))
    enquiries.open(reply_by=enquiries.after(days=30))
    month.office.company.later(days=20)
    report = month.by("receptionist", "draw_up", month="2026-11").case_id
    figures = month.row(report).figures
    assert (figures["requests"], figures["requests.repair"], figures["requests.cleaning"]) == (2, 1, 1)
    assert (figures["enquiries"], figures["enquiries.answered"]) == (2, 1)
    screen = browser(month.office, "receptionist")
    page = screen.page(f"/monthly/{report}/print/report")
    assert "服务月报表" in page
    assert "kind=cleaning" in page
    found = screen.page("/request?from=2026-11-01&to=2026-11-30&kind=cleaning")
    assert "BX-2026-00002" in found and "BX-2026-00001" not in found
    sheet = openpyxl.load_workbook(io.BytesIO(screen.get(f"/monthly/{report}/report.xlsx").data)).active
    assert ["服务申请（受理）", 2] in [[cell.value for cell in row[:2]] for row in sheet.iter_rows()]


@clause(5, "6.3")
def test_it_is_owed_by_the_fifth_and_submitted_by_reception_with_what_the_meters_showed(month: Reports):
    month.office.company.later(days=16)
    task = [t for t in month.tasks("monthly_report") if t.period == "2026-12"][0]
    assert (task.role, task.due_at) == ("receptionist", site_time("2026-12-06 00:00"))
    report = month.by("receptionist", "draw_up", month="2026-11").case_id
    with pytest.raises(Invalid, match="not right"):
        month.by("receptionist", "submit", report)
    month.by("receptionist", "enter_use", report, water="1203.5", power="45210", gas="0")
    assert month.row(report).water_milli == 1_203_500
    month.denied("monthly_report", "area_manager", "submit", report)
    month.by("receptionist", "submit", report)
    assert month.state(report) == "submitted"
    assert [t for t in month.tasks("monthly_report") if t.period == "2026-12"][0].state == "done"
    for wrong in ("2026-11", "2026-12", "2019-01"):
        with pytest.raises(Invalid, match="not right"):
            month.by("receptionist", "draw_up", month=wrong)


@clause(5, "6.3")
def test_where_nobody_owes_it_anybody_submits_it(month: Reports):
    month.office.switch(rule("monthly_report"), on=False)
    report = month.by("area_manager", "draw_up", month="2026-10").case_id
    month.by("area_manager", "enter_use", report, water="0", power="0", gas="0")
    month.by("area_manager", "count_anew", report)
    month.by("area_manager", "submit", report)
