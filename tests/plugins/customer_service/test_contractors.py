"""Outside teams work only with a review in force, and whoever asked accepts their work (5/5.4)."""

from datetime import date
from uuid import UUID

import pytest

from guanjia.errors import Invalid
from office import Office
from plugins.customer_service.models import Contractor
from plugins.customer_service.rules.contractors import ApprovedContractor, only_a_reviewed_team_works
from request_facts import request
from requests_made import Requests, clause, rule, site_time

TEAM = "customer_service.contractor"


def team(
    made: Requests, *, reviewed: str | None = "2026-06-01", result: str = "passed", name: str = "明亮玻璃队"
) -> UUID:
    """A team of this office with its last review."""
    case = made.by(
        "site_manager", f"{TEAM}.create", name=name, categories=["glass", "curtain"], phone="19900000001"
    ).case_id
    if reviewed is not None:
        made.by(
            "site_manager", f"{TEAM}.review", case, reviewed_on=reviewed, review_result=result, review_note="资质齐全"
        )
    return case


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_outside_work_goes_only_to_a_team_that_was_reviewed(at_east: Requests):
    case, unknown, failed, good = (
        at_east.dispatched("glass"), team(at_east, reviewed=None), team(at_east, result="failed", name="二队"),
        team(at_east, name="三队"),
    )  # fmt: skip
    for refused in (unknown, failed):
        at_east.denied("approved_contractor", "department_head", "give_to_contractor", case, contractor_id=str(refused))
    at_east.by("department_head", "give_to_contractor", case, contractor_id=str(good))
    assert at_east.row(case).contractor_id == good
    with at_east.office.system.reading() as loader:
        kept = loader.get(Contractor, good)
    assert kept is not None
    assert (kept.reviewed_on, kept.review_note) == (date(2026, 6, 1), "资质齐全")  # the record of the review is kept


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_a_review_holds_for_twelve_months_and_its_last_day_counts(at_east: Requests):
    at_east.clock("2026-11-16 08:00")
    case, last_day, over = (
        at_east.dispatched("curtain"), team(at_east, reviewed="2025-11-16"), team(at_east, reviewed="2025-11-15", name="二队"),
    )  # fmt: skip
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", case, contractor_id=str(over))
    at_east.until("2026-11-16 23:59")
    at_east.by("department_head", "give_to_contractor", case, contractor_id=str(last_day))
    other = at_east.dispatched("curtain")
    at_east.until("2026-11-17 00:00")
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", other, contractor_id=str(last_day))
    at_east.by("site_manager", f"{TEAM}.review", last_day, reviewed_on="2026-11-17", review_result="passed")
    at_east.by("department_head", "give_to_contractor", other, contractor_id=str(last_day))


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_a_review_lies_in_the_past_and_a_retired_team_is_not_chosen(at_east: Requests, west: Office):
    case, retired = at_east.dispatched("glass"), team(at_east)
    with pytest.raises(Invalid):
        at_east.by("site_manager", f"{TEAM}.review", retired, reviewed_on="2026-11-17", review_result="passed")
    at_east.by("site_manager", f"{TEAM}.retire", retired)
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", case, contractor_id=str(retired))
    foreign = team(Requests(west))
    with pytest.raises(Invalid) as caught:
        at_east.by("department_head", "give_to_contractor", case, contractor_id=str(foreign))
    assert set(caught.value.errors) == {"contractor_id"}


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_what_our_own_departments_do_is_not_given_away(at_east: Requests):
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", at_east.dispatched("pipe_leak"),
                   contractor_id=str(team(at_east)))  # fmt: skip


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_other_work_needs_a_written_notice_to_reception_first(at_east: Requests):
    case, good = at_east.dispatched("other"), str(team(at_east))
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", case, contractor_id=good)
    at_east.by("receptionist", "give_notice", case)
    at_east.by("department_head", "give_to_contractor", case, contractor_id=good)


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_where_the_contractor_rule_is_off_any_team_does_any_work(at_east: Requests):
    at_east.office.switch(rule("approved_contractor"), on=False)
    case = at_east.dispatched("pipe_leak")
    at_east.by("department_head", "give_to_contractor", case, contractor_id=str(team(at_east, reviewed=None)))


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_the_site_says_what_goes_outside_and_how_long_a_review_holds(at_east: Requests):
    params = {"categories": ["other", "leak_proofing"], "other_needs_written_notice": False, "review_every_months": 3}
    at_east.office.switch(rule("approved_contractor"), params=params)
    old, fresh = str(team(at_east, reviewed="2026-08-15")), str(team(at_east, reviewed="2026-08-16", name="二队"))
    leak, other, glass = (at_east.dispatched(category) for category in ("leak_proofing", "other", "glass"))
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", leak, contractor_id=old)
    at_east.denied("approved_contractor", "department_head", "give_to_contractor", glass, contractor_id=fresh)
    at_east.by("department_head", "give_to_contractor", leak, contractor_id=fresh)
    at_east.by("department_head", "give_to_contractor", other, contractor_id=fresh)


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
@pytest.mark.parametrize(
    ("reviewed", "today", "outcome"),
    [
        ("2025-11-30", "2026-11-30", "allow"),
        ("2025-11-30", "2026-12-01", "deny"),
        ("2024-02-29", "2025-02-28", "allow"),  # the same day of the month, or its last
        ("2024-02-29", "2025-03-01", "deny"),
    ],
)
def test_the_months_of_a_review_end_with_their_last_day(reviewed: str, today: str, outcome: str):
    facts = request(category="glass", today=date.fromisoformat(today))
    reviewed_team = {"active": True, "passed": True, "reviewed_on": reviewed}
    assert only_a_reviewed_team_works(facts, {}, reviewed_team, ApprovedContractor()).outcome == outcome


def contracted(made: Requests, *, in_home: bool = False) -> UUID:
    """Glass that a team replaced, its sheet reviewed and at reception."""
    case = made.dispatched("glass", in_home=in_home)
    made.by("department_head", "give_to_contractor", case, contractor_id=str(team(made)))
    made.by("department_head", "open_sheet", case)
    made.by("department_head", "start", case)
    made.by("department_head", "complete", case, **made.completion("department_head", in_home=in_home))
    made.by("department_head", "review", case)
    made.by("department_head", "hand_in", case)
    return case


@clause(5, "5.4.2.4")
def test_whoever_asked_accepts_the_contractors_work_before_it_is_closed(at_east: Requests):
    case = contracted(at_east)
    at_east.denied("contractor_acceptance", "receptionist", "close", case)
    at_east.by("receptionist", "accept_work", case, signature=at_east.signature("receptionist"))
    assert at_east.by("receptionist", "close", case).state == "closed"
    assert at_east.row(case).worker_id is None


@clause(5, "5.4.2.4")
def test_a_resident_who_signed_the_sheet_has_accepted(at_east: Requests):
    assert at_east.by("receptionist", "close", contracted(at_east, in_home=True)).state == "closed"


@clause(5, "5.4.2.4")
def test_our_own_work_closes_without_and_so_does_all_work_where_the_rule_is_off(at_east: Requests):
    own = at_east.handed_in("glass", in_home=False)
    assert at_east.by("receptionist", "close", own).state == "closed"
    at_east.office.switch(rule("contractor_acceptance"), on=False)
    assert at_east.by("receptionist", "close", contracted(at_east)).state == "closed"


@clause(5, "5.4.1 5.4.2.1-5.4.2.3")
def test_the_review_of_an_office_that_starts_in_mid_year_is_brought_in_with_its_date(at_east: Requests):
    case = at_east.dispatched("glass")
    at_east.by("department_head", "give_to_contractor", case, contractor_id=str(team(at_east, reviewed="2025-12-01")))
    assert at_east.now == site_time("2026-11-16 09:10")
