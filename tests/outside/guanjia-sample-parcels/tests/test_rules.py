"""Each rule: on, off, with another parameter, and at its edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from guanjia.testing import Company, Person, refusal

HAND_OVER = "pm_parcels.parcel.hand_over"
Takes = Callable[..., UUID]


def test_a_parcel_is_handed_over_against_a_proof_that_counts(
    guanjia_company: Company, desk: Person, take_in: Takes
) -> None:
    parcel = take_in()
    denied = refusal(desk.takes, HAND_OVER, parcel, shown="known")
    assert [reason.rule for reason in denied] == ["pm_parcels.proof_at_counter"]
    assert desk.takes(HAND_OVER, parcel, shown="code").state == "handed_over"
    guanjia_company.switch("pm_parcels.proof_at_counter", params={"accepted": ["known"]})
    later = take_in()
    assert refusal(desk.takes, HAND_OVER, later, shown="code")
    assert desk.takes(HAND_OVER, later, shown="known").state == "handed_over"
    guanjia_company.switch("pm_parcels.proof_at_counter", on=False)
    assert desk.takes(HAND_OVER, take_in(), shown="known").state == "handed_over"


def test_a_parcel_keeps_the_rules_of_the_day_it_came(guanjia_company: Company, desk: Person, take_in: Takes) -> None:
    before = take_in()
    guanjia_company.switch("pm_parcels.proof_at_counter", on=False)
    assert refusal(desk.takes, HAND_OVER, before, shown="known")
    assert desk.takes(HAND_OVER, take_in(), shown="known").state == "handed_over"


def test_parcels_are_kept_for_three_days_and_cold_ones_for_four_hours(
    guanjia_company: Company, desk: Person, take_in: Takes
) -> None:
    ordinary, cold = take_in(), take_in(is_cold=True)

    def due(parcel: UUID) -> str:
        (date,) = desk.sees("pm_parcels.parcel", parcel).deadlines
        return date.due_at.isoformat()

    assert due(ordinary) == "2026-11-19T16:00:00+00:00"  # the end of the third day in Shanghai
    assert due(cold) == "2026-11-16T05:10:00+00:00"
    guanjia_company.switch("pm_parcels.fetched_within", params={"days": 1, "cold_hours": 1})
    assert due(take_in()) == "2026-11-17T16:00:00+00:00"
    guanjia_company.switch("pm_parcels.fetched_within", on=False)
    assert desk.sees("pm_parcels.parcel", take_in()).deadlines == []


def test_a_parcel_that_nobody_fetches_is_overdue_until_it_leaves_the_shelf(
    guanjia_company: Company, desk: Person, take_in: Takes
) -> None:
    parcel = take_in()
    guanjia_company.later(days=3)
    assert desk.sees("pm_parcels.parcel", parcel).deadlines[0].breached_at is None
    guanjia_company.later(days=1)
    (date,) = desk.sees("pm_parcels.parcel", parcel).deadlines
    assert date.breached_at == date.due_at
    desk.takes("pm_parcels.parcel.send_back", parcel, reason="nobody came")
    assert desk.sees("pm_parcels.parcel", parcel).deadlines[0].state == "met"


def counted(company: Company, site: str) -> dict[str, Any]:
    """The tasks of the weekly count at a site, by week."""
    found = company.tasks("pm_parcels.shelf_is_counted")
    return {task.period: task for task in found if task.site_id == company.sites[site]}


def test_once_a_week_the_shelf_is_counted(guanjia_company: Company) -> None:
    guanjia_company.later(days=7)
    assert {"2026-W48"} <= set(counted(guanjia_company, "east"))
    task = counted(guanjia_company, "east")["2026-W48"]
    assert (task.role, task.due_at.isoformat()) == ("receptionist", "2026-11-29T16:00:00+00:00")
    guanjia_company.switch("pm_parcels.shelf_is_counted", on=False)
    guanjia_company.later(days=7)
    assert "2026-W49" in counted(guanjia_company, "west")
    assert "2026-W49" not in counted(guanjia_company, "east")


def test_a_cold_parcel_is_told_at_once(guanjia_company: Company, act_as: Callable[..., Person], take_in: Takes) -> None:
    supervisor = act_as("customer_service_supervisor")
    take_in()
    guanjia_company.settle()
    assert supervisor.notices() == []
    take_in(is_cold=True)
    guanjia_company.settle()
    assert supervisor.notices() == ["Parcel P2026-00002 has to be kept cold. Call the resident."]
    assert supervisor.notices("zh") == ["快递 P2026-00002 需冷藏，请联系业户。"]
    guanjia_company.switch("pm_parcels.cold_is_told", on=False)
    take_in(is_cold=True)
    guanjia_company.settle()
    assert len(supervisor.notices()) == 1


def test_the_share_of_fetched_parcels(guanjia_company: Company, act_as: Callable[..., Person], take_in: Takes) -> None:
    from guanjia.sdk import Span, measure

    desk, manager = act_as("receptionist"), act_as("site_manager")
    start = guanjia_company.host.clock.now()
    parcels = [take_in() for _ in range(4)]
    for parcel in parcels[:3]:
        desk.takes(HAND_OVER, parcel, shown="code")
    desk.takes("pm_parcels.parcel.send_back", parcels[3], reason="nobody came")
    take_in()  # still on the shelf: counts neither way
    guanjia_company.later(hours=1)

    def figure() -> list[tuple[int, int, bool | None]]:
        with manager.context.reading() as loader:
            found = measure(loader, "pm_parcels.fetched_in_time", Span(start, loader.now))
        return [(m.numerator, m.denominator, m.met) for m in found]

    assert figure() == [(3, 4, False)]
    guanjia_company.switch("pm_parcels.fetched_in_time", params={"target_percent": 75})
    assert figure() == [(3, 4, True)]
    guanjia_company.switch("pm_parcels.fetched_in_time", on=False)
    assert figure() == []
