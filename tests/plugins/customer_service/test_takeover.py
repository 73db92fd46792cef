"""The service catalogue (1/4), and an office that starts in mid-year and brings in what began on paper."""

from typing import Any

import pytest

from guanjia.errors import Forbidden, Invalid
from plugins.customer_service.models import Service
from requests_made import Requests, clause, rule, site_time

SERVICE = "customer_service.service"


def paper(made: Requests, **form: Any) -> dict[str, Any]:
    """A request that was taken in on paper last Wednesday."""
    return {
        "number": "BX-2026-00416", "received_at": site_time("2026-11-11 15:30").isoformat(), "household_id": made.household(),
        "category": "doors_windows", "content": "窗扇变形", "department_id": str(made.office.department("engineering")), **form,
    }  # fmt: skip


def test_an_open_case_goes_on_with_its_number_its_receipt_and_its_agreed_finish(at_east: Requests):
    form = paper(at_east, due_at=site_time("2026-11-20 17:00").isoformat())
    with pytest.raises(Forbidden):
        at_east.by("receptionist", "bring_in", **form)
    case = at_east.by("site_manager", "bring_in", **form).case_id
    row = at_east.row(case)
    assert (row.number, row.state, row.received_at, row.brought_in) == (
        "BX-2026-00416", "received", site_time("2026-11-11 15:30"), True,
    )  # fmt: skip
    assert (at_east.due(case), at_east.dates(case)[-1].cause) == (site_time("2026-11-20 17:00"), "agreed")
    at_east.by("receptionist", "dispatch", case, department_id=form["department_id"])
    at_east.by("department_head", "open_sheet", case)
    assert at_east.by("repair_technician", "start", case).state == "in_progress"


@clause(5, "5.2.4")
def test_without_an_agreed_finish_it_is_due_as_if_it_had_been_entered_on_its_day(at_east: Requests):
    case = at_east.by("site_manager", "bring_in", **paper(at_east)).case_id
    assert at_east.due(case) == site_time("2026-11-16 18:00")
    old = paper(at_east, number="BX-2026-00398", received_at=site_time("2026-11-05 10:00").isoformat())
    late = at_east.by("site_manager", "bring_in", **old).case_id
    at_east.settle()
    assert at_east.dates(late)[0].breached_at == site_time("2026-11-10 18:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=late)) == 1


@pytest.mark.parametrize(
    ("category", "name"),
    [("pipe_leak", "urgent_24h"), ("leak_proofing", "negotiated_deadline"), ("move_in_cleaning", "move_in_cleaning"),
     ("doors_windows", "repair_deadline")],
)  # fmt: skip
def test_its_agreed_finish_rests_on_the_rule_of_its_class(at_east: Requests, category: str, name: str):
    form = paper(at_east, category=category, due_at=site_time("2026-11-20 17:00").isoformat())
    case = at_east.by("site_manager", "bring_in", **form).case_id
    assert {d.rule for d in at_east.dates(case)} == {rule(name)}


def test_what_lies_in_the_future_or_is_there_already_is_not_brought_in(at_east: Requests):
    with pytest.raises(Invalid) as caught:
        at_east.by("site_manager", "bring_in", **paper(at_east, received_at=at_east.after(hours=1)))
    assert set(caught.value.errors) == {"received_at"}
    at_east.by("site_manager", "bring_in", **paper(at_east))
    with pytest.raises(Invalid):
        at_east.by("site_manager", "bring_in", **paper(at_east))


def test_a_series_goes_on_after_the_last_number_used_on_paper(at_east: Requests, at_west: Requests):
    step = "customer_service.takeover.series"
    with pytest.raises(Forbidden):
        at_east.by("receptionist", step, series="request", year=2026, last=416)
    at_east.by("site_manager", step, series="request", year=2026, last=416)
    at_east.by("site_manager", step, series="sheet", year=2026, last=77)
    case = at_east.opened()
    assert (at_east.row(case).number, at_east.row(case).sheet_number) == ("BX-2026-00417", "CZ-2026-00078")
    assert at_west.row(at_west.dispatched()).number == "BX-2026-00001"  # each office has its own
    with pytest.raises(Invalid) as caught:
        at_east.by("site_manager", step, series="request", year=2026, last=300)
    assert set(caught.value.errors) == {"last"}


def test_numbers_begin_anew_with_the_year_of_the_act(at_east: Requests):
    at_east.dispatched()
    at_east.clock("2026-12-31 23:59")
    assert at_east.row(at_east.dispatched()).number == "BX-2026-00002"
    at_east.clock("2027-01-01 00:00")
    assert at_east.row(at_east.dispatched()).number == "BX-2027-00001"


@clause(1, "4")
def test_the_company_keeps_a_catalogue_of_services(at_east: Requests):
    hq = at_east.office.company.admin
    form = {"code": "lock", "title_zh": "换锁芯", "title_en": "Lock cylinder", "category": "door_lock",
            "department_key": "engineering", "deadline_class": "urgent", "paid": True}  # fmt: skip
    service = hq.perform(f"{SERVICE}.create", None, form).case_id
    with pytest.raises(Invalid):
        hq.perform(f"{SERVICE}.create", None, form)  # a code is used once
    for wrong in ({"category": "nonsense"}, {"deadline_class": "soon"}, {"department_key": "kitchen"}):
        with pytest.raises(Invalid) as caught:
            hq.perform(f"{SERVICE}.change", service, form | wrong)
        assert set(caught.value.errors) == set(wrong)
    hq.perform(f"{SERVICE}.change", service, form | {"paid": False})
    with hq.reading() as loader:
        kept = loader.get(Service, service)
    assert kept is not None
    assert (kept.department_key, kept.deadline_class, kept.paid) == ("engineering", "urgent", False)


def test_a_duty_done_on_paper_this_month_is_not_owed_again(company, east):
    from sqlalchemy import select

    from guanjia.jobs.duties import make_periodic
    from guanjia.steps.models import Task

    rule = "customer_service.month_end_agreements"
    east.person("site_manager").takes("customer_service.takeover.duty", None, {"rule": rule, "done_on": "2026-11-10"})
    make_periodic(company.host, company.plan.company_id, company.host.clock.now())
    with east.person("site_manager").context.reading() as loader:
        query = select(Task).where(Task.site_id == east.id, Task.rule == rule)
        assert [(t.period, t.state) for t in loader.session.scalars(query)] == [("2026-11", "done")]
    company.later(days=16)
    with east.person("site_manager").context.reading() as loader:
        periods = {t.period: t.state for t in loader.session.scalars(query)}
    assert periods == {"2026-11": "done", "2026-12": "open"}
