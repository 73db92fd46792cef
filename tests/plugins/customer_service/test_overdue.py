"""Overdue work is chased at the department and reported to the supervisor, again and again until it is settled (5/6.2)."""

from uuid import UUID

from requests_made import Requests, clause, rule, site_time, words_of

CHASED = "Overdue: finish this work or ask for an extension."
REPORTED = "Overdue work was not finished in time; it was chased at the department."


def chased(made: Requests, role: str, case: UUID) -> list[str]:
    """When the role was told in the name of the rule, as the site's clock showed it."""
    return [
        f"{n.at.astimezone(made.row(case).received_at.tzinfo):%d %H:%M}"
        for n in made.notices(role, "overdue_chased", case=case)
    ]


@clause(5, "6.2")
def test_at_the_due_time_the_department_is_chased_and_the_supervisor_told(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    due = at_east.due(case)
    at_east.until(site_time("2026-11-17 09:09"))
    assert at_east.journal(case, "breach") == []
    at_east.until(due)
    entry = at_east.journal(case, "breach")[-1]
    assert (entry["actor"], entry["notes"]["deadline"]["rule"]) == (None, rule("urgent_24h"))
    for role in ("department_head", "repair_technician"):
        assert [words_of(n) for n in at_east.notices(role, "overdue_chased", case=case)] == [CHASED]
    assert [words_of(n) for n in at_east.notices("customer_service_supervisor", "overdue_chased", case=case)] == [
        REPORTED
    ]
    assert at_east.notices("receptionist", "overdue_chased") == []


@clause(5, "6.2")
def test_it_is_chased_every_day_holidays_too_until_the_work_is_reported(at_east: Requests):
    at_east.clock("2026-11-19 09:10")
    case = at_east.in_progress("pipe_leak")
    at_east.until("2026-11-22 10:00")  # a Sunday
    assert [n.at for n in at_east.notices("department_head", "overdue_chased", case=case)] == [
        site_time(f"2026-11-{day} 09:10") for day in (20, 21, 22)
    ]
    assert len(at_east.notices("customer_service_supervisor", "overdue_chased", case=case)) == 1
    at_east.completes(case)
    at_east.until("2026-11-24 10:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 3


@clause(5, "6.2")
def test_an_extension_ends_the_chase_and_its_own_date_starts_it_anew(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.until("2026-11-19 18:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 1
    at_east.by("centre_head", "extend", case, until=site_time("2026-11-23 12:00").isoformat(), reason="等配件")
    at_east.until("2026-11-23 11:59")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 1
    above = [n for n in at_east.notices("centre_head", case=case) if words_of(n).startswith("Overdue since")]
    assert above == []  # the rungs above lapse as well
    at_east.until("2026-11-23 12:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 2
    assert [d.breached_at is not None for d in at_east.dates(case)] == [True, True]


@clause(5, "6.2")
def test_a_newly_agreed_date_ends_it_too(at_east: Requests):
    case = at_east.dispatched("leak_proofing")
    at_east.by("department_head", "agree_deadline", case, due_at=site_time("2026-11-17 12:00").isoformat())
    at_east.until("2026-11-17 12:00")
    assert len(at_east.notices("customer_service_supervisor", "overdue_chased", case=case)) == 1
    at_east.by("department_head", "agree_deadline", case, due_at=site_time("2026-11-21 12:00").isoformat())
    at_east.until("2026-11-20 12:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 1


@clause(5, "6.2")
def test_it_climbs_by_role_once_each_until_it_is_settled(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    due = at_east.due(case)
    assert due == site_time("2026-11-17 09:10")
    at_east.until("2026-11-18 09:10")

    def told(role: str) -> int:
        return len([n for n in at_east.notices(role, case=case) if words_of(n).startswith("Overdue since")])

    assert (told("department_head"), told("centre_head"), told("site_manager")) == (1, 1, 0)
    at_east.completes(case)
    at_east.until("2026-11-21 09:10")
    assert (told("department_head"), told("centre_head"), told("site_manager")) == (1, 1, 0)


@clause(5, "6.2")
def test_withdrawn_work_is_not_chased(at_east: Requests):
    case = at_east.dispatched("pipe_leak")
    at_east.by("receptionist", "withdraw", case, reason="业主撤回")
    at_east.until("2026-11-18 12:00")
    assert at_east.journal(case, "breach") == []
    assert [d.state for d in at_east.dates(case)] == ["cancelled"]
    assert at_east.notices("department_head", "overdue_chased") == []


@clause(5, "6.2")
def test_where_chasing_is_off_only_the_ladder_speaks(at_east: Requests):
    at_east.office.switch(rule("overdue_chased"), on=False)
    case = at_east.in_progress("pipe_leak")
    at_east.until("2026-11-19 10:00")
    assert at_east.dates(case)[0].breached_at is not None
    assert at_east.notices("department_head", "overdue_chased") == []
    assert at_east.notices("customer_service_supervisor", "overdue_chased") == []


@clause(5, "6.2")
def test_the_site_says_how_often_and_to_whom(at_east: Requests):
    at_east.office.switch(rule("overdue_chased"), params={"remind_every_hours": 6, "report_to": "site_manager"})
    case = at_east.in_progress("pipe_leak")
    at_east.until("2026-11-17 21:30")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 3
    assert len(at_east.notices("site_manager", "overdue_chased", case=case)) == 1
    assert at_east.notices("customer_service_supervisor", "overdue_chased") == []


@clause(5, "6.2")
def test_work_that_is_done_but_not_reported_is_chased_too(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    at_east.until("2026-11-17 10:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 1
    done = at_east.by("repair_technician", "complete", case, occurred_at=site_time("2026-11-17 08:50"),
                      **at_east.completion(finished_at=site_time("2026-11-17 08:50").isoformat()))  # fmt: skip
    assert done.state == "finished"
    at_east.until("2026-11-18 10:00")
    assert len(at_east.notices("department_head", "overdue_chased", case=case)) == 1
