"""The generic pages as a person walks them: where they begin, ledgers, errors and headers."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy.exc import OperationalError

from core.sample import Repair
from core.walking import INLINE, ONE, REPAIRS, TAKE, Browser, Office, asked, location
from guanjia.errors import Waiting

# -- where people begin ----------------------------------------------------------------------------------


@ONE
def test_without_a_session_a_page_leads_to_the_sign_in_and_back(office: Office) -> None:
    stranger = Browser(office.app.test_client())
    assert location(stranger.get(f"{REPAIRS}?state=new")) == f"/sign-in?next={REPAIRS}?state=new"
    assert location(stranger.get("/")) == "/sign-in"
    assert location(stranger.post(f"{REPAIRS}/new/take", TAKE)) == "/sign-in"
    assert stranger.get("/notifications", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/sign-in"
    case = office.repair()
    assert "company=demo" in location(stranger.get(f"{REPAIRS}/{case}?company=demo"))


@ONE
def test_the_start_leads_to_the_site_used_last(office: Office) -> None:
    leader = office.browser("lea")
    assert leader.get("/").headers["Location"] == "/s/hill/"
    leader.page("/s/lake/")
    assert leader.get("/").headers["Location"] == "/s/lake/"
    leader.page("/hq/")
    assert leader.get("/").headers["Location"] == "/hq/"
    assert office.browser("ann").get("/").headers["Location"] == "/s/lake/"


def test_what_lies_out_of_reach_answers_as_what_does_not_exist(office: Office) -> None:
    case = office.repair()
    hal, ann = office.browser("hal"), office.browser("ann")
    outsider = office.browser("admin", "other")
    for browser, path in (
        (ann, "/s/hill/"), (ann, "/s/nowhere/"), (ann, "/hq/"), (ann, "/hq/inbox"), (ann, f"/hq/sample/repair/{case}"),
        (hal, REPAIRS), (hal, f"{REPAIRS}/{case}"), (hal, f"/s/hill/sample/repair/{case}"),
        (hal, f"/s/hill/sample/repair/{case}/extend"), (outsider, f"{REPAIRS}/{case}"), (ann, "/s/lake/sample/nothing"),
        (ann, "/s/lake/nothing/repair"), (ann, f"{REPAIRS}/{office.company}"), (ann, f"{REPAIRS}/new/start"),
        (ann, f"{REPAIRS}/new/breach"), (ann, f"{REPAIRS}/{case}/nothing"), (ann, f"{REPAIRS}/{case}/print/nothing"),
        (ann, "/language/fr"), (ann, "/s/lake/lookup/nothing"), (ann, f"{REPAIRS}/{case}/breach"),
    ):  # fmt: skip
        html = browser.page(path, 404)
        assert "2026-0001" not in html and "漏水" not in html, path


def test_today_shows_what_waits_what_is_late_and_what_may_be_opened(office: Office) -> None:
    case = office.repair()
    office.host.relay.run_due()
    ann, tom = office.browser("ann"), office.browser("tom")
    html = ann.page("/s/lake/")
    assert f"{REPAIRS}/new/take" in html and "Call whoever reported it" in html and f"{REPAIRS}/{case}" not in html
    html = tom.page("/s/lake/")
    assert f"{REPAIRS}/new/take" not in html, "Tom may not take repairs in"
    assert f'href="{REPAIRS}?state=new"' in html and "A sample repair was taken in." in html
    office.clock.move(timedelta(hours=25))
    tom = office.browser("tom")
    html = tom.page("/s/lake/")
    assert "已超期" in html and f'href="{REPAIRS}/{case}"' in html and "部门主管" in html
    office.do("sample.repair.extend", case, "tom", "lake", hours=10, reason="配件")
    assert f'href="{REPAIRS}/{case}"' in tom.page("/s/lake/"), "due today now"
    assert "今日到期" in tom.page("/s/lake/")


def test_headquarters_sees_every_site_at_a_glance(office: Office) -> None:
    case = office.repair()
    with pytest.raises(Waiting):
        office.do("sample.repair.extend", case, "tom", "lake", hours=72, reason="配件")
    office.clock.move(timedelta(hours=25))
    html = office.browser("admin").page("/hq/")
    row = re.search(r"湖畔管理处</a></th>(.*?)</tr>", html, re.DOTALL)
    assert row is not None
    numbers = re.findall(r'class="gj-number">(?:<b[^>]*>)?(\d+)', row[1])
    assert numbers == ["1", "0", "1"], "one late case, no late duty yet, one approval"


# -- the ledger ------------------------------------------------------------------------------------------


def test_the_ledger_is_filtered_searched_sorted_and_paged(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.repair(content="三栋漏水", urgent=True)
    office.repair(kind="lamp", content="楼道灯不亮", worker_id=str(office.people["tom"]))
    office.repair(content="五栋漏水", fee_fen=9900)
    ann = office.browser("ann")

    def numbers(query: str) -> list[str]:
        return re.findall(r'<th scope="row"[^>]*><a href="[^"]+">([^<]+)</a>', ann.page(f"{REPAIRS}{query}"))

    assert numbers("") == ["2026-0003", "2026-0002", "2026-0001"]
    assert numbers("?kind=lamp") == ["2026-0002"]
    assert numbers("?urgent=true") == ["2026-0001"]
    assert numbers(f"?worker_id={office.people['tom']}") == ["2026-0002"]
    assert numbers("?q=漏水+五栋") == ["2026-0003"]
    assert numbers("?q=%25") == []
    assert numbers("?state=done") == []
    assert numbers("?from=2026-11-24&to=2026-11-24") == ["2026-0003", "2026-0002", "2026-0001"]
    assert numbers("?to=2026-11-23") == []
    assert numbers("?sort=fee_fen")[-1] == "2026-0003"
    monkeypatch.setattr("guanjia.web.pages.ledger.PAGE", 2)
    html = ann.page(f"{REPAIRS}?sort=number")
    following = re.search(r'rel="next" href="([^"]+)"', html)
    assert following is not None and "sort=number" in following[1]
    html = ann.page(following[1].replace("&amp;", "&"))
    assert "2026-0003" in html and "2026-0001" not in html and 'rel="next"' not in html


@ONE
@pytest.mark.parametrize(
    "query", ["sort=content", "worker_id=x", "urgent=maybe", "state=odd", "cursor=abc", "from=yesterday"]
)
def test_a_query_that_is_not_possible_says_so_and_shows_the_list(office: Office, query: str) -> None:
    office.repair()
    html = office.browser("ann").page(f"{REPAIRS}?{query}", 422)
    assert 'role="alert"' in html and "2026-0001" in html


def test_excel_holds_text_where_a_formula_was_typed(office: Office) -> None:
    office.repair(content='=HYPERLINK("http://x","y")', fee_fen=12850)
    answer = office.browser("ann").get(f"{REPAIRS}/export.xlsx")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None and sheet.freeze_panes == "A2" and sheet.title == "维修单"
    heads = [cell.value for cell in sheet[1]]
    assert heads == ["编号", "类别", "内容", "费用 (元)", "紧急", "维修工", "期限", "状态", "登记时间"]
    row = list(sheet[2])
    assert [row[2].value, row[2].data_type] == ['=HYPERLINK("http://x","y")', "s"]
    assert [row[1].value, row[3].value, row[3].number_format] == ["漏水", 128.5, "#,##0.00"]
    assert [row[6].value, row[8].value] == ["2026-11-25 10:00", "2026-11-24 10:00"], "in the site's zone"


@ONE
def test_print_shows_the_same_rows_as_a_sheet(office: Office) -> None:
    office.repair()
    office.repair(kind="lamp", content="灯")
    html = office.browser("ann").page(f"{REPAIRS}?print=1&kind=lamp")
    assert "doc-sheet" in html and "2026-0002" in html and "2026-0001" not in html and "类别: 换灯" in html


# -- errors and headers ----------------------------------------------------------------------------------


@ONE
def test_errors_are_pages_that_say_what_to_do(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    ann = office.browser("ann")
    assert ann.post(REPAIRS).status_code == 405
    office.app.config["PROPAGATE_EXCEPTIONS"] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guanjia.web.pages.ledger.read_page", lambda *_a: 1 // 0)
        answer = ann.get(REPAIRS)
        assert answer.status_code == 500 and "ZeroDivision" not in answer.text and "a page failed" in caplog.text
        assert f"<code>{answer.headers['X-Request-ID']}</code>" in answer.text, "the number that the log has too"

        def gone(*_args: object, **_options: object) -> None:
            raise OperationalError("select 1", {}, Exception("gone"))

        patch.setattr("guanjia.web.pages.ledger.read_page", gone)
        assert "请" in ann.page(REPAIRS, 503)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(office.host.directory), "signed_in", gone)
        assert ann.get(REPAIRS).status_code == 503, "not even the session can be read"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guanjia.steps.perform.tenant_session", gone)
        answer = ann.post(f"{REPAIRS}/new/take", TAKE)
        assert answer.status_code == 503 and "厨房水管漏水" in answer.text, "what was typed is not lost"
    answer = ann.get("/api/nowhere")
    assert answer.status_code == 404 and answer.mimetype == "application/problem+json"


@ONE
def test_no_page_carries_anything_inline(office: Office) -> None:
    case, _approval = asked(office)
    office.host.relay.run_due()
    ann, sue, admin = office.browser("ann"), office.browser("sue"), office.browser("admin")
    for browser, path in (
        (ann, "/s/lake/"), (ann, REPAIRS), (ann, f"{REPAIRS}?print=1"), (ann, f"{REPAIRS}/new/take"), (ann, f"{REPAIRS}/{case}"),
        (ann, f"{REPAIRS}/{case}/extend"), (ann, f"{REPAIRS}/{case}/explain"), (ann, f"{REPAIRS}/{case}/print/slip"),
        (sue, "/s/lake/inbox"), (ann, "/s/lake/duties"), (ann, "/notifications"), (admin, "/hq/"), (admin, "/hq/inbox"),
    ):  # fmt: skip
        answer = browser.get(path)
        assert answer.status_code == 200 and "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert INLINE.search(answer.text) is None, (path, INLINE.search(answer.text))
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))


@ONE
def test_a_post_without_its_token_changes_nothing(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = True
    answer = office.browser("ann").post(f"{REPAIRS}/new/take", TAKE)
    assert answer.status_code == 400 and office.all(Repair) == []


@ONE
def test_what_a_plugin_brings_is_served(office: Office) -> None:
    answer = office.browser("ann").get("/static/sample/sample.css")
    assert answer.status_code == 200 and ".sample" in answer.text
    answer.close()
