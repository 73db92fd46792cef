"""What the desk does, who may do it, and that nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from guanjia.sdk import Forbidden, Invalid, NotFound, WrongState
from guanjia.testing import Browser, Company, Person, Program, outside_the_walls, unwritten_changes, without_prefix

FLOW = "pm_parcels.parcel"
Takes = Callable[..., UUID]


def test_from_the_counter_to_the_resident(guanjia_company: Company, desk: Person, take_in: Takes) -> None:
    parcel = take_in()
    assert desk.takes(f"{FLOW}.move", parcel, shelf="B2").state == "on_shelf"
    done = desk.takes(f"{FLOW}.hand_over", parcel, shown="identity")
    assert (done.number, done.state) == ("P2026-00001", "handed_over")
    with pytest.raises(WrongState):
        desk.takes(f"{FLOW}.move", parcel, shelf="A1")
    steps = [(entry["step"], entry["outcome"]) for entry in guanjia_company.journal(parcel)]
    assert steps == [(f"{FLOW}.receive", "done"), (f"{FLOW}.move", "done"), (f"{FLOW}.hand_over", "done")]
    assert "Wang" not in str(guanjia_company.journal(parcel))


@pytest.mark.parametrize(("field", "value"), [("courier", "pigeon"), ("room", ""), ("shelf", "x" * 21), ("extra", 1)])
def test_a_wrong_entry_is_named(take_in: Takes, field: str, value: object) -> None:
    with pytest.raises(Invalid) as wrong:
        take_in(**{field: value})
    assert list(wrong.value.errors) == [field]


def test_who_may(act_as: Callable[..., Person], take_in: Takes) -> None:
    parcel = take_in()
    with pytest.raises(Forbidden):
        take_in(by=act_as("repair_technician"))
    with pytest.raises(Forbidden):
        act_as("repair_technician").takes(f"{FLOW}.send_back", parcel, reason="x")
    assert act_as("site_manager").takes(f"{FLOW}.send_back", parcel, reason="nobody came").state == "sent_back"


def test_nobody_sees_the_parcels_of_another_site_or_company(
    guanjia_company: Company, act_as: Callable[..., Person], take_in: Takes
) -> None:
    parcel = take_in()
    outsider = guanjia_company.rival.person("receptionist")
    for stranger in (act_as("receptionist", "west"), outsider):
        with pytest.raises(NotFound):
            stranger.sees(FLOW, parcel)
        with pytest.raises(NotFound):
            stranger.takes(f"{FLOW}.move", parcel, shelf="C3")


def test_where_it_is_off_nothing_of_it_is_there(
    guanjia_company: Company, desk: Person, browse_as: Callable[..., Browser], take_in: Takes
) -> None:
    parcel, browser = take_in(), browse_as("receptionist")
    assert "Parcel shelf" in browser.page("/s/east/")
    guanjia_company.turn("pm_parcels", on=False)
    with pytest.raises(NotFound):
        desk.takes(f"{FLOW}.move", parcel, shelf="C3")
    assert "Parcel shelf" not in browser.page("/s/east/")
    browser.page("/s/east/pm_parcels/shelf", 404)
    guanjia_company.turn("pm_parcels", on=True)
    assert desk.takes(f"{FLOW}.move", parcel, shelf="C3").state == "on_shelf"


def test_the_page_of_the_shelf(guanjia_company: Company, browse_as: Callable[..., Browser], take_in: Takes) -> None:
    browser = browse_as("receptionist")
    assert "The shelf is empty" in browser.page("/s/east/pm_parcels/shelf")
    take_in(shelf="B2")
    take_in(shelf="A1", is_cold=True)
    page = browser.page("/s/east/pm_parcels/shelf")
    assert page.index("A1") < page.index("P2026-00002") < page.index("B2") < page.index("P2026-00001")
    assert "Kept cold" in page and "Fetched this month" not in page
    guanjia_company.later(hours=5)
    assert "Overdue" in browser.page("/s/east/pm_parcels/shelf")
    chinese = browse_as("receptionist", language="zh").page("/s/east/pm_parcels/shelf")
    assert "快递货架" in chinese and "冷藏" in chinese


def test_the_figure_is_for_those_who_may_see_it(
    desk: Person, browse_as: Callable[..., Browser], take_in: Takes
) -> None:
    desk.takes(f"{FLOW}.hand_over", take_in(), shown="code")
    page = browse_as("site_manager").page("/s/east/pm_parcels/shelf")
    assert "1 of 1 parcels, 100%; the target is 90%." in page


def test_the_generic_pages_explain_and_list(browse_as: Callable[..., Browser], take_in: Takes) -> None:
    parcel, browser = take_in(), browse_as("receptionist")
    assert "3-1201" in browser.page("/s/east/pm_parcels/parcel")
    assert "P2026-00001" in browser.page(f"/s/east/pm_parcels/parcel/{parcel}")
    assert "Only against proof" in browser.page(f"/s/east/pm_parcels/parcel/{parcel}/explain")
    form = browser.page(f"/s/east/pm_parcels/parcel/{parcel}/hand_over")
    assert "Proof shown" in form
    answer = browser.post(f"/s/east/pm_parcels/parcel/{parcel}/hand_over", {"shown": "known"})
    assert answer.status_code == 422 and "901/2" in answer.text


def test_the_api(guanjia_company: Company, program_of: Callable[..., Program]) -> None:
    program, base = program_of("receptionist"), f"/sites/{guanjia_company.sites['east']}/pm_parcels"
    form = {"courier": "sf", "room": "3-1201", "recipient": "Wang", "shelf": "A1", "is_cold": True}
    made = program.post(f"{base}/parcel/receive", form)
    assert made.status_code == 201, made.text
    assert program.get(f"{base}/parcel").json["items"][0]["values"]["room"] == "3-1201"
    refused = program.post(f"{base}/parcel/{made.json['case_id']}/hand_over", {"shown": "known"})
    assert refused.status_code == 422
    assert refused.json["reasons"][0]["rule"] == "pm_parcels.proof_at_counter"
    explained = program.get(f"{base}/parcel/{made.json['case_id']}/explain", step="hand_over").json
    assert [rule["rule"] for step in explained["steps"] for rule in step["rules"]] == ["pm_parcels.proof_at_counter"]
    figures = program.get(f"{base}/shelf-figures")
    assert figures.json == {"total": 1, "overdue": 0, "by_courier": {"sf": 1}}
    assert program.get(f"{base}/shelf-figures", cold_only="false", odd="1").status_code == 422
    west = f"/sites/{guanjia_company.sites['west']}/pm_parcels/shelf-figures"
    assert program.get(west).status_code == 404
    paths = program.get("/openapi.json").json["paths"]
    described = paths["/api/v1/sites/{site_id}/pm_parcels/shelf-figures"]["get"]
    assert described["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/pm_parcels.shelf-figures"
    }


def test_the_nightly_count(guanjia_company: Company, desk: Person, take_in: Takes) -> None:
    from pm_parcels.models import DayCount

    take_in()
    guanjia_company.later(days=1)
    take_in()
    guanjia_company.later(days=1)
    east = guanjia_company.rows(DayCount, DayCount.site_id == guanjia_company.sites["east"])
    assert [(row.day.isoformat(), row.on_shelf) for row in east] == [("2026-11-17", 1), ("2026-11-18", 2)]
    job = guanjia_company.host.jobs["pm_parcels.count_shelves"]
    job.run(guanjia_company.system(None), {"day": "2026-11-18"})
    assert len(guanjia_company.rows(DayCount)) == 4


def test_the_tables(guanjia_company: Company) -> None:
    host = guanjia_company.host
    assert unwritten_changes(host, "pm_parcels") == []
    assert without_prefix(host, "pm_parcels") == outside_the_walls(host, "pm_parcels") == []
