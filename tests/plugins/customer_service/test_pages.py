"""Board, calls, figures, the look at a number and the printed sheet; and who reaches which page."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from office import Company, Office
from plugins.customer_service.pages.chart import Bar, Chart
from requests_made import PNG, Requests, clause, rule
from signed_in import browser, words_of

# ---------------------------------------------------------------- who reaches what

READ = (
    "/intake",
    "/intake/household",
    "/intake/hints",
    "/report",
    "/work",
    "/board",
    "/board?part=1",
    "/revisits",
    "/figures",
    "/front-desk",
    "/front-desk/archive",
    "/day",
    "/visits",
    "/shift-on-duty",
)
OPEN_TO_ALL = tuple(path for path in READ if path != "/figures")
FIGURES = {"site_manager", "centre_head", "customer_service_supervisor", "manager_assistant"}
CALLS = {
    "receptionist",
    "customer_service_supervisor",
    "area_manager",
    "repair_technician",
    "property_assistant",
    "site_manager",
}
ROLES = (
    "site_manager", "centre_head", "manager_assistant", "receptionist", "customer_service_supervisor", "property_supervisor",
    "department_head", "repair_technician", "area_manager", "security_head", "property_assistant",
)  # fmt: skip


def test_each_role_reaches_its_pages_and_no_page_holds_anything_inline(at_east: Requests) -> None:
    case = at_east.dispatched()
    for role in ROLES:
        who = browser(at_east.office, role)
        for path in (*OPEN_TO_ALL, f"/work/{case}", f"/request/{case}"):
            who.page(path)
        assert who.get("/figures").status_code == (200 if role in FIGURES else 403), role
        assert who.get(f"/call/{case}").status_code == (200 if role in CALLS else 403), role
        assert who.post(f"/call/{case}").status_code == (200 if role in CALLS else 403), role
        assert who.post(f"/sheet/{case}").status_code == (200 if role in CALLS else 403), role


def test_every_page_is_on_the_list_above(company: Company) -> None:
    known = {path.split("?")[0] for path in READ} | {
        "/intake/<uuid:case_id>", "/work/<uuid:case_id>", "/work/<uuid:case_id>/<step>", "/board/<uuid:case_id>/assign",
        "/revisits/<uuid:case_id>", "/call/<uuid:case_id>", "/sheet/<uuid:case_id>", "/monthly/<uuid:case_id>/report.xlsx",
        "/shift-on-duty/<uuid:case_id>",
    }  # fmt: skip
    base = "/s/<site_code>/customer_service"
    found = {
        r.rule.removeprefix(base)
        for r in company.app.url_map.iter_rules()
        if r.endpoint.startswith("customer_service.")
    }
    assert found == known


def test_another_site_and_another_company_answer_as_what_does_not_exist(at_east: Requests, at_west: Requests) -> None:
    here, there = browser(at_east.office, "receptionist"), at_west.finished()
    for path in (*READ, f"/work/{there}"):
        assert here.get(f"/s/west/customer_service{path}").status_code == 404, path
    for case in (there, uuid4()):
        for path in (f"/intake/{case}", f"/work/{case}", f"/work/{case}/take", f"/call/{case}"):
            assert here.get(path).status_code == 404, path
        for path in (
            f"/work/{case}/take",
            f"/board/{case}/assign",
            f"/revisits/{case}",
            f"/call/{case}",
            f"/sheet/{case}",
        ):
            form = {
                "worker_id": str(at_east.person("repair_technician").id),
                "answer": "x",
                "satisfied": "true",
                "agrees": "true",
            }
            assert here.post(path, form).status_code == 404, path
    assert at_west.state(there) == "finished" and at_west.row(there).revisited_at is None
    assert str(there) not in here.page("/board") + here.page("/revisits")


def test_a_stranger_is_led_to_the_sign_in_and_a_post_without_token_is_refused(at_east: Requests) -> None:
    case, desk = at_east.dispatched(), browser(at_east.office, "receptionist")
    desk.client.delete_cookie("guanjia")
    for path in READ:
        assert desk.get(path).headers["Location"].startswith("/sign-in"), path
    desk = browser(at_east.office, "receptionist")
    at_east.office.company.app.config["WTF_CSRF_ENABLED"] = True
    for path in (
        "/intake",
        "/report",
        f"/work/{case}/take",
        f"/board/{case}/assign",
        f"/revisits/{case}",
        f"/call/{case}",
        f"/sheet/{case}",
    ):
        assert desk.post(path, {"category": "lamp"}).status_code == 400, path
    assert at_east.state(case) == "dispatched"


# ---------------------------------------------------------------- the board


def column(page: str, key: str) -> str:
    """One column of the board."""
    return re.search(rf'data-column="{key}".*?</section>', page, re.DOTALL)[0]  # type: ignore[index]


def test_each_request_stands_in_the_column_of_its_state_with_the_colour_of_its_date(at_east: Requests) -> None:
    at_east.clock("2026-11-16 09:10")
    late, alarm = at_east.dispatched("pipe_leak"), at_east.reported("lift_failure")
    cases = {
        "new": at_east.undecided("glass"), "dispatched": late, "working": at_east.in_progress("water_supply"),
        "finished": at_east.finished("lamp"), "handed_in": at_east.handed_in("door_lock"), "returned": UUID(int=0),
    }  # fmt: skip
    at_east.until("2026-11-17 12:00")
    page = browser(at_east.office, "customer_service_supervisor").page("/board")
    for key, case in cases.items():
        assert (str(case) in column(page, key)) == (key != "returned"), key
        assert all(str(case) not in column(page, other) for other in cases if other != key)
    assert column(page, "new").index(str(alarm)) < column(page, "new").index(
        str(cases["new"])
    )  # an emergency comes first
    dispatched = column(page, "dispatched")
    assert "gj-tone-danger" in dispatched and "已超期" in dispatched and "cs-late" in dispatched
    assert "暂无" in column(page, "returned")
    assert re.search(r"<b>6</b>\s*未结", page) and re.search(r"<b>1</b>\s*超期", page)


def test_the_board_is_narrowed_to_a_department_and_a_worker_and_refreshes_only_itself(at_east: Requests) -> None:
    mine, cleaning = at_east.in_progress("water_supply"), at_east.dispatched("indoor_cleaning")
    boss, engineering = browser(at_east.office, "site_manager"), at_east.office.department("engineering")
    worker = at_east.person("repair_technician").id
    page = boss.page(f"/board?department={engineering}")
    assert str(mine) in page and str(cleaning) not in page
    assert f"department={engineering}" in re.search(r'data-live="([^"]+)"', page)[1]  # type: ignore[index]
    assert str(cleaning) not in boss.page(f"/board?worker={worker}")
    nobody = boss.page("/board?worker=none")
    assert str(cleaning) in nobody and str(mine) not in nobody
    part = boss.page("/board?part=1")
    assert part.lstrip().startswith('<div id="cs-board"') and "<html" not in part and str(mine) in part
    for nonsense in ("department=x", "worker=x", f"department={uuid4()}", f"worker={at_east.office.id}"):
        assert str(mine) in boss.page(f"/board?{nonsense}")


def test_a_worker_is_given_from_the_card(at_east: Requests, west: Office) -> None:
    case, boss = at_east.dispatched(), browser(at_east.office, "department_head")
    worker = str(at_east.person("repair_technician").id)
    assert f'<option value="{worker}">' in column(boss.page("/board"), "dispatched")
    answer = boss.post(f"/board/{case}/assign?worker=none", {"worker_id": worker})
    assert answer.status_code == 303 and answer.headers["Location"] == "/s/east/customer_service/board?worker=none"
    assert at_east.row(case).worker_id == UUID(worker)
    for nobody in ("", "x", str(uuid4())):
        refused = boss.post(f"/board/{case}/assign", {"worker_id": nobody})
        assert refused.status_code == 422 and 'role="alert"' in refused.text and "cs-board" in refused.text
    closed = at_east.finished("lamp")
    assert boss.post(f"/board/{closed}/assign", {"worker_id": worker}).status_code == 409


# ---------------------------------------------------------------- calls after the work


@clause(5, "6.1")
def test_the_days_calls_are_listed_and_the_answer_is_recorded(at_east: Requests) -> None:
    case, public = at_east.finished("water_supply"), at_east.finished("lamp", in_home=False)
    at_east.settle()
    desk = browser(at_east.office, "receptionist")
    page, row = desk.page("/revisits"), at_east.row(case)
    assert row.number in page and at_east.row(public).number not in page  # nobody lives in a public area
    assert "换了一截水管" in page and "PPR管 1.5米" in page and row.phone not in page
    refused = desk.post(f"/revisits/{case}", {"answer": "还在滴", "agrees": "false"})
    assert (
        refused.status_code == 422 and "还在滴</textarea>" in refused.text and 'href="#r0-satisfied-0"' in refused.text
    )
    here = "/s/east/customer_service/revisits"
    answer = desk.post(
        f"/revisits/{case}", {"answer": "还在滴", "agrees": "false", "satisfied": "false", "_next": here}
    )
    assert answer.status_code == 303 and answer.headers["Location"] == here
    row = at_east.row(case)
    assert (row.answer, row.satisfied, row.mismatch_open) == ("还在滴", False, True)
    at_east.settle()
    page = desk.page("/revisits")
    assert row.number not in page and "今天已回访 1 户" in words_of(page)
    at_east.by("area_manager", "site_check", case, finding="rework", remark="没修好")
    assert "登记回访" not in desk.page("/revisits")


@clause(5, "6.1")
def test_without_the_rule_no_call_is_owed_and_the_page_says_so(at_east: Requests) -> None:
    at_east.office.switch(rule("revisit_after_completion"), on=False)
    at_east.finished("water_supply")
    at_east.settle()
    page = words_of(browser(at_east.office, "receptionist").page("/revisits"))
    assert "没有待回访的业户" in page and "本处未启用完工回访规则" in page


# ---------------------------------------------------------------- figures


@clause(5, "9.3")
def test_the_figures_count_what_the_indicators_count_and_name_the_cases(at_east: Requests) -> None:
    at_east.clock("2026-11-16 09:10")
    late = at_east.in_progress("pipe_leak")
    in_time = at_east.finished("drain_blocked")
    at_east.until("2026-11-18 09:00")
    at_east.completes(late)
    boss = browser(at_east.office, "site_manager")
    page = boss.page("/figures")
    shown = words_of(page)
    assert "急修按时完成率 50.0% 本月 2 项中 1 项 目标：不低于 98% 5/9.3" in shown
    assert "返修率 — 本月无办结" in shown
    against = page[page.index("cs-against") :]
    assert at_east.row(late).number in against and at_east.row(in_time).number not in against
    assert "2026-11-17 09:10" in against and page.count("<svg") == 6 and "cs-missed" in page
    earlier = boss.page("/figures?month=2026-10")
    assert at_east.row(late).number not in earlier[earlier.index("cs-against") :]
    assert re.search(r'active" href="[^"]+month=2026-10"', earlier)
    assert re.search(r'active" href="[^"]+month=2026-11"', boss.page("/figures?month=nonsense"))
    at_east.office.switch(rule("rework_rate"), on=False)
    off = words_of(boss.page("/figures"))
    assert "在本处未启用，不统计" in off and "返修率 — " not in off


def test_a_chart_keeps_its_bars_and_its_target_within_the_axis() -> None:
    chart = Chart.of([Bar("10", None, None, ""), Bar("11", 500, False, ""), Bar("12", 1000, True, "")], 980)
    none, half, full = chart.shapes
    assert none.height == 0 and none.text == "—" and half.text == "50%" and full.text == "100%"
    assert 2 * half.height - full.height in (0, 1) and full.y + full.height == half.y + half.height == chart.base
    assert full.y < chart.target_y < half.y and [text for _y, text in chart.axis] == ["0%", "50%", "100%"]
    assert none.x >= chart.left and full.x + full.width <= chart.right and none.x + none.width < half.x
    low = Chart.of([Bar("11", 15, True, ""), Bar("12", 31, False, "")], 20)
    assert [text for _y, text in low.axis] == ["0%", "2.5%", "5%"] and low.shapes[1].y < low.target_y < low.shapes[0].y
    assert Chart.of([], 20).shapes == []


@pytest.mark.parametrize(("moment", "months"), [
    ("2026-11-16 09:10", ("2026-11", "2026-06")), ("2027-01-31 23:30", ("2027-01", "2026-08")),
    ("2026-12-01 00:30", ("2026-12", "2026-07")),
])  # fmt: skip
def test_months_are_those_of_the_site(at_east: Requests, moment: str, months: tuple[str, str]) -> None:
    at_east.clock(moment)
    shown = re.findall(r"month=(\d{4}-\d\d)", browser(at_east.office, "site_manager").page("/figures"))
    assert (shown[0], shown[-1], len(shown)) == (*months, 6)


# ---------------------------------------------------------------- the number, the sheet, the case


def test_a_look_at_the_number_is_journaled_and_shows_it_once(at_east: Requests) -> None:
    case = at_east.dispatched()
    phone = at_east.row(case).phone
    worker = browser(at_east.office, "repair_technician")
    assert phone not in worker.page(f"/call/{case}") and at_east.journal(case, "call") == []
    shown = worker.post(f"/call/{case}")
    assert f'href="tel:{phone}"' in shown.text and shown.headers["Cache-Control"] == "no-store"
    part = worker.post(f"/call/{case}", headers={"HX-Request": "true"})
    assert f"tel:{phone}" in part.text and "<html" not in part.text
    assert [entry["outcome"] for entry in at_east.journal(case, "call")] == ["done", "done"]
    for path in (f"/call/{case}", f"/work/{case}", f"/request/{case}", "/work", "/board"):
        assert phone not in worker.page(path), path
    boss = browser(at_east.office, "department_head")
    assert "打电话" not in boss.page(f"/work/{case}") and phone not in boss.post(f"/call/{case}").text
    unknown = at_east.reported("lamp")
    assert "没有留电话" in worker.page(f"/call/{unknown}")


def test_the_sheet_looks_like_the_paper_before_and_after_the_work(at_east: Requests) -> None:
    desk = browser(at_east.office, "receptionist")
    case = at_east.opened("water_supply", paid=True)
    row, blank = at_east.row(case), desk.page(f"/request/{case}/print/sheet")
    assert (
        row.sheet_number in blank
        and "修理单" in blank
        and blank.count('class="cs-blank"') == 4
        and row.phone not in blank
    )
    assert "<svg" in blank and "paper-a4.css" in blank and "¥" not in blank and "☑" not in blank
    assert "paper-a5.css" in desk.page(f"/request/{case}/print/sheet?paper=a5")
    at_east.by("repair_technician", "take", case)
    at_east.by("repair_technician", "start", case)
    at_east.completes(case, material_fee_fen=12850, labour_fee_fen=5000)
    signature = at_east.office.company.host.files.keep(at_east.person("department_head").context, "s.png", PNG)
    at_east.by("department_head", "review", case, signature=str(signature))
    done = desk.page(f"/request/{case}/print/sheet")
    shown = words_of(done)
    for text in ("换了一截水管", "PPR管 1.5 米", "¥128.50", "¥50.00", "¥178.50", "45 分钟", "☑ 佩戴工牌"):
        assert text in shown, text
    assert done.count('class="cs-blank"') == 3
    images = re.findall(r'<img src="(/files/[^"]+)"', done)
    assert len(images) == 3 and f"/files/{signature}" in images  # worker, resident, head of the department
    assert all(desk.get(image).status_code == 200 for image in images)
    full = desk.post(f"/sheet/{case}")
    assert row.phone in full.text and full.headers["Cache-Control"] == "no-store"
    assert [entry["outcome"] for entry in at_east.journal(case, "call")] == ["done"]
    cleaning = at_east.dispatched("indoor_cleaning")
    assert "业主需求处置单" in desk.page(f"/request/{cleaning}/print/sheet")


def test_rework_takes_the_old_signatures_off_the_sheet(at_east: Requests) -> None:
    case, desk = at_east.mismatched(), browser(at_east.office, "receptionist")
    assert desk.page(f"/request/{case}/print/sheet").count('<img src="/files/') == 2
    at_east.by("area_manager", "site_check", case, finding="rework", remark="没修好")
    assert '<img src="/files/' not in desk.page(f"/request/{case}/print/sheet")


def test_the_case_shows_its_household_and_what_was_asked_before(at_east: Requests) -> None:
    home = str(at_east.office.household(0))
    old = at_east.by("receptionist", "receive", **at_east.intake("pipe_leak") | {"household_id": home}).case_id
    new = at_east.by("receptionist", "receive", **at_east.intake("pipe_leak") | {"household_id": home}).case_id
    page = browser(at_east.office, "repair_technician").page(f"/request/{new}")
    assert f"/registry/household/{home}" in page and str(old) in page and "30 天内报过同类问题" in page
    assert at_east.row(new).phone not in page
    at_east.office.company.owe_nothing()
    at_east.until(at_east.now + timedelta(days=31))
    third = at_east.by("receptionist", "receive", **at_east.intake("lamp") | {"household_id": home}).case_id
    later = browser(at_east.office, "repair_technician").page(f"/request/{third}")
    assert str(old) in later and "30 天内" not in later


def test_english_pages_hold_no_chinese_of_ours(at_east: Requests) -> None:
    case = at_east.finished("water_supply", content="tap", place="")
    at_east.settle()
    desk = browser(at_east.office, "customer_service_supervisor", "en")
    ours = re.compile(r"待派工|受理登记|我的工单|完工回访|修理指标|承办部门|作业内容")
    for path in (*READ, f"/work/{case}", f"/request/{case}", f"/request/{case}/print/sheet"):
        page = re.sub(r'data-typed="[^"]*"', "", desk.page(path))
        assert not ours.search(page), (path, ours.search(page))
    assert "Calls after the work" in desk.page("/revisits")
