"""The worker's round on the phone: the list, the next step by a tap, the report of finished work, and why a button is grey."""

from __future__ import annotations

import base64
import io
import re
from uuid import UUID, uuid4

from office import Office
from plugins.registry.public import household_labels
from requests_made import PNG, VISIT, Requests, clause, rule, site_time
from signed_in import SignedIn, browser, words_of

DRAWN = "data:image/png;base64," + base64.b64encode(PNG).decode()


def worker_of(site: Office) -> SignedIn:
    return browser(site, "repair_technician")


def tap(worker: SignedIn, case: UUID, step: str, back: str = "/s/east/customer_service/work", **form: str):
    return worker.post(f"/work/{case}/{step}", {"_tap": "1", "_next": back, **form})


def order(page: str, *cases: UUID) -> list[int]:
    """Where the cases stand in the page."""
    return [page.index(f"/customer_service/work/{case}") for case in cases]


# ---------------------------------------------------------------- the list


def test_the_list_holds_my_requests_by_urgency_and_what_nobody_took(at_east: Requests, at_west: Requests) -> None:
    me = str(at_east.person("repair_technician").id)
    slow, urgent = at_east.dispatched("air_conditioning"), at_east.dispatched("pipe_leak")
    alarm = at_east.dispatched("doors_windows", is_emergency=True)
    for case in (slow, urgent, alarm):
        at_east.by("department_head", "assign", case, worker_id=me)
    free = at_east.dispatched("water_supply")
    others = at_east.dispatched("water_supply")
    at_east.by("department_head", "assign", others, worker_id=str(at_east.person("department_head").id))
    elsewhere, cleaning = at_west.dispatched("lamp"), at_east.dispatched("indoor_cleaning")
    page = worker_of(at_east.office).page("/work")
    places = order(page, alarm, urgent, slow, free)
    assert places == sorted(places)  # emergencies, then by date, then what nobody took
    assert all(str(case) not in page for case in (others, elsewhere, cleaning))
    assert page.count(">接单</button>") == 4
    row = at_east.row(urgent)
    with at_east.office.system.reading() as loader:
        label = household_labels(loader, [row.household_id])[row.household_id]
    assert label.masked_phone in page and row.phone not in page and "tel:" not in page
    assert str(free) not in browser(at_east.office, "security_head").page("/work")


def test_each_tap_takes_the_next_step_and_leads_back(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.dispatched()
    assert tap(worker, case, "take").headers["Location"] == "/s/east/customer_service/work"
    assert at_east.row(case).worker_id == at_east.person("repair_technician").id
    assert ">到场</button>" in worker.page("/work")
    job = f"/s/east/customer_service/work/{case}"
    assert tap(worker, case, "arrive", job).headers["Location"] == job
    at_east.by("department_head", "open_sheet", case)
    assert (
        tap(worker, case, "start", "//elsewhere.example/")
        .headers["Location"]
        .startswith("/s/east/customer_service/request/")
    )
    assert at_east.state(case) == "in_progress"
    page = worker.page(f"/work/{case}")
    assert page.count('class="cs-done"') == 3 and f"/work/{case}/complete" in page
    assert tap(worker, case, "take").status_code == 409


@clause(5, "5.1.3")
def test_a_grey_button_tells_why_and_the_step_is_refused_with_the_same_words(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.dispatched()
    at_east.by("repair_technician", "take", case)
    at_east.by("repair_technician", "arrive", case)
    why = "处置单还没有开。请部门主管先开单。"
    for page in (worker.page("/work"), worker.page(f"/work/{case}")):
        assert (
            re.search(r'<details class="gj-step-off">\s*<summary>.*?开工', page, re.DOTALL)
            and why in page
            and "5/5.1.3" in page
        )
    refused = tap(worker, case, "start")
    assert refused.status_code == 422 and why in refused.text and 'role="alert"' in refused.text
    assert at_east.state(case) == "taken"
    at_east.office.switch(rule("handling_sheet_first"), on=False)
    assert why in worker.page(f"/work/{case}")  # the request keeps the rules of its day
    at_east.by("department_head", "open_sheet", case)
    assert why not in worker.page(f"/work/{case}") and tap(worker, case, "start").status_code == 303


@clause(5, "5.1.3")
def test_a_refused_step_that_happened_is_reported_afterwards(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.dispatched()
    at_east.by("repair_technician", "take", case)
    form = worker.page(f"/work/{case}/start")
    assert "处置单还没有开" in form and "_occurred_at" in form
    at_east.until("2026-11-16 12:00")
    answer = worker.post(f"/work/{case}/start", {"_occurred_at": "2026-11-16T10:00"})
    assert answer.status_code == 303, words_of(answer.text)
    assert at_east.row(case).started_at == site_time("2026-11-16 10:00")
    assert at_east.journal(case, "start")[-1]["outcome"] == "late" and at_east.state(case) == "in_progress"


# ---------------------------------------------------------------- the report of finished work


@clause(5, "5.2.2")
def test_the_report_comes_in_three_parts_and_back_filled_in_when_it_is_not_complete(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.in_progress("water_supply")
    page = worker.page(f"/work/{case}/complete")
    assert page.count("data-part=") == 3 and page.count("<canvas") == 2 and page.count('name="visit_steps"') == 5
    assert 'name="material_fee_fen"' not in page  # nothing is charged
    assert re.search(r'name="started_at" value="2026-11-16T09:10"', page)
    form = {
        "work_done": "换了龙头", "materials-0-name": "龙头", "materials-0-quantity": "1.5", "materials-0-unit": "个",
        "started_at": "2026-11-16T09:10", "finished_at": "2026-11-16T09:10", "total_minutes": "40", "worker_signature": DRAWN,
    }  # fmt: skip
    refused = worker.post(f"/work/{case}/complete", form)
    assert refused.status_code == 422 and "5/5.2.2" in refused.text and "业主验收签字" in words_of(refused.text)
    assert "换了龙头</textarea>" in refused.text and 'value="龙头"' in refused.text and 'value="1.5"' in refused.text
    kept = re.search(r'name="worker_signature" value="(/files/[0-9a-f-]+)"', refused.text)
    assert kept and worker.get(kept[1]).mimetype == "image/png"  # what was drawn need not be drawn again
    assert (
        browser(at_east.office, "department_head").get(kept[1]).status_code == 404
    )  # nobody else sees it before it is sent
    form |= {"worker_signature": kept[1], "resident_signature": DRAWN, "visit_steps": list(VISIT)}  # type: ignore[dict-item]
    back = f"/s/east/customer_service/work/{case}"
    answer = worker.post(f"/work/{case}/complete", form | {"_next": back})
    assert answer.status_code == 303 and answer.headers["Location"] == back, words_of(answer.text)
    row = at_east.row(case)
    assert (row.state, row.worker_signed, row.resident_signed, row.total_minutes) == ("finished", True, True, 40)
    done = worker.page(f"/work/{case}")
    assert "龙头 1.5个" in done and "cs-next" not in done
    assert str(case) in worker.page("/work")  # finished today


def test_fees_are_asked_for_where_the_work_is_paid_and_nobody_signs_in_public_areas(at_east: Requests) -> None:
    worker = worker_of(at_east.office)
    paid = at_east.in_progress("water_supply", paid=True)
    assert 'name="material_fee_fen"' in worker.page(f"/work/{paid}/complete")
    public = at_east.in_progress("water_supply", in_home=False)
    page = worker.page(f"/work/{public}/complete")
    assert page.count("<canvas") == 1 and 'name="visit_steps"' not in page


def test_what_is_wrong_in_the_report_is_marked_in_its_part(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.in_progress()
    answer = worker.post(f"/work/{case}/complete", {"work_done": "x", "total_minutes": "99999999999999999999"})
    assert answer.status_code == 422 and re.search(r'data-part="0" data-wrong', answer.text)
    answer = worker.post(f"/work/{case}/complete", {"work_done": "x", "worker_signature": "data:image/png;base64,AAAA"})
    assert answer.status_code == 422 and re.search(r'data-part="2" data-wrong', answer.text)
    stale = worker.post(f"/work/{case}/complete", {"work_done": "nobody saw this", "_version": "1"})
    assert stale.status_code == 409 and "nobody saw this</textarea>" in stale.text


@clause(5, "5.2.3")
def test_a_rejected_sheet_stands_in_the_list_again_until_it_is_filled_in(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.handed_in(reviewed=False)
    at_east.by("receptionist", "reject_sheet", case, reason="没有审核")
    assert f"/work/{case}/correct_sheet" in worker.page("/work")
    form = worker.page(f"/work/{case}/correct_sheet")
    assert "换了一截水管</textarea>" in form and 'value="PPR管"' in form
    sheet = {
        "work_done": "换管并试压",
        "no_materials": "true",
        "finished_at": "2026-11-16T09:10",
        "total_minutes": "50",
    }
    answer = worker.post(f"/work/{case}/correct_sheet", sheet)
    assert answer.status_code == 303, words_of(answer.text)
    assert (at_east.row(case).work_done, at_east.row(case).resident_signed) == ("换管并试压", True)


def test_materials_and_pictures_are_added_on_the_way(at_east: Requests) -> None:
    worker, case = worker_of(at_east.office), at_east.in_progress()
    back = f"/s/east/customer_service/work/{case}"
    assert 'name="materials-0-name"' in worker.page(f"/work/{case}/add_materials")
    lines = {"materials-0-name": "铜管", "materials-0-quantity": "2", "materials-0-unit": "米", "_next": back}
    assert worker.post(f"/work/{case}/add_materials", lines).headers["Location"] == back
    assert "铜管 2米" in worker.page(f"/work/{case}")
    wrong = worker.post(f"/work/{case}/add_materials", lines | {"materials-0-quantity": "many"})
    assert wrong.status_code == 422 and 'value="铜管"' in wrong.text and 'value="many"' in wrong.text
    picture = {"files": (io.BytesIO(PNG), "before.png"), "_next": back}
    assert worker.post(f"/work/{case}/attach", picture, content_type="multipart/form-data").status_code == 303
    text = worker.post(
        f"/work/{case}/attach", {"files": (io.BytesIO(b"MZ"), "x.exe")}, content_type="multipart/form-data"
    )
    assert text.status_code == 422


def test_only_the_steps_of_the_round_have_a_page_here(at_east: Requests, at_west: Requests) -> None:
    worker, case, across = worker_of(at_east.office), at_east.in_progress(), at_west.dispatched()
    for path in (f"/work/{case}/close", f"/work/{case}/call", f"/work/{case}/nothing", f"/work/{uuid4()}", f"/work/{uuid4()}/take",
                 f"/work/{across}", f"/work/{across}/take"):  # fmt: skip
        assert worker.get(path).status_code == 404, path
    assert tap(worker, across, "take").status_code == 404 and at_west.state(across) == "dispatched"
    assert worker.get(f"/work/{case}/take").status_code == 409  # it was taken long ago
