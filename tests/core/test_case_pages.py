"""Forms and cases as a person meets them: filled in, refused, kept, explained, printed."""

from __future__ import annotations

import base64
import io
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import segno
from sqlalchemy import select

from core.sample import Repair
from core.walking import ONE, PNG, REPAIRS, TAKE, Office, location, value_of
from guanjia.db.session import tenant_session
from guanjia.errors import Refused
from guanjia.steps.models import Deadline, StoredFile

# -- forms -----------------------------------------------------------------------------------------------


@ONE
def test_a_form_that_is_not_right_comes_back_filled_in(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {**TAKE, "content": "", "fee_fen": "a lot"})
    assert answer.status_code == 422
    assert 'value="a lot"' in answer.text and 'aria-invalid="true"' in answer.text and "请填写此项。" in answer.text
    assert re.search(r'value="leak" checked', answer.text)
    assert office.all(Repair) == []


@ONE
def test_a_refusal_names_rule_and_clause_and_keeps_what_was_typed(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {"kind": "lamp", "content": "楼道灯", "fee_fen": "3.00"})
    assert answer.status_code == 422
    for words in (
        "Changing a lamp costs nothing",
        "90/3",
        "换灯不收费",
        "更换灯管不向业户收费",
        "楼道灯",
        'value="3.00"',
    ):
        assert words in answer.text, words
    assert office.all(Repair) == []


def test_pictures_of_a_form_that_comes_back_are_kept(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {"kind": "leak", "content": "", "photos": (io.BytesIO(PNG), "a.png")})
    assert answer.status_code == 422
    kept = office.all(StoredFile)
    assert [f.name for f in kept] == ["a.png"] and kept[0].case_id is None
    assert f'name="photos" value="{kept[0].id}" checked' in answer.text and f"/files/{kept[0].id}" in answer.text
    case_url = location(ann.post(f"{REPAIRS}/new/take", {**TAKE, "photos": str(kept[0].id)}))
    assert office.all(StoredFile)[0].case_id == UUID(case_url.rsplit("/", 1)[1])
    html = ann.page(case_url)
    assert f'src="/files/{kept[0].id}"' in html and "¥12.50" in html


@ONE
@pytest.mark.parametrize("content", [b"no picture at all", b"x" * 60_000])
def test_an_upload_that_is_not_taken_is_marked_at_its_field(office: Office, content: bytes) -> None:
    answer = office.browser("ann").post(f"{REPAIRS}/new/take", {**TAKE, "photos": (io.BytesIO(content), "a.png")})
    assert answer.status_code == 422 and "f-photos-error" in answer.text
    assert office.all(StoredFile) == [] and office.all(Repair) == []


def test_sent_twice_it_is_done_once(office: Office) -> None:
    ann = office.browser("ann")
    form = {**TAKE, "_idempotency_key": value_of(ann.page(f"{REPAIRS}/new/take"), "_idempotency_key")}
    assert location(ann.post(f"{REPAIRS}/new/take", form)) == location(ann.post(f"{REPAIRS}/new/take", form))
    assert len(office.all(Repair)) == 1
    other = ann.post(f"{REPAIRS}/new/take", {**form, "content": "另一处"})
    assert other.status_code == 422 and "另一处" in other.text and "已经提交过" in other.text
    assert value_of(other.text, "_idempotency_key") != form["_idempotency_key"]


@ONE
def test_the_address_and_a_lookup_fill_the_form(office: Office) -> None:
    ann, tom = office.browser("ann"), office.people["tom"]
    html = ann.page(f"{REPAIRS}/new/take?content=地漏&worker_id={tom}")
    assert ">\n地漏</textarea>" in html and f'value="{tom}"' in html and 'value="员工tom"' in html
    assert 'hx-get="/s/lake/lookup/sample.worker"' in html
    found = ann.page("/s/lake/lookup/sample.worker?q=tom")
    assert f'data-lookup-value="{tom}"' in found and "维修" in found and "<html" not in found
    assert "data-lookup-value" not in ann.page("/s/lake/lookup/worker?q=nobody")


def test_a_signature_becomes_a_file_and_survives_a_form_that_comes_back(office: Office) -> None:
    case = office.repair()
    office.do("sample.repair.appoint", case, "ann", "lake")
    office.do("sample.repair.start", case, "tom", "lake")
    tom = office.browser("tom")
    drawn = "data:image/png;base64," + base64.b64encode(PNG).decode()
    url = f"{REPAIRS}/{case}/finish"
    answer = tom.post(url, {"signature": drawn, "_occurred_at": "2026-11-25T09:00"})
    assert answer.status_code == 422 and "_occurred_at" in answer.text, "in the future"
    kept = office.all(StoredFile)[0]
    assert value_of(answer.text, "signature") == f"/files/{kept.id}"
    location(tom.post(url, {"signature": f"/files/{kept.id}", "_occurred_at": ""}))
    assert office.all(Repair)[0].state == "done"
    assert [(f.id, f.case_id, f.field) for f in office.all(StoredFile)] == [(kept.id, case, "signature")]
    bad = tom.post(url, {"signature": "data:image/png;base64,AAAA"})
    assert bad.status_code in (409, 422) and len(office.all(StoredFile)) == 1


def test_an_act_may_be_reported_afterwards_where_its_step_says_so(office: Office) -> None:
    case = office.repair()
    office.do("sample.repair.appoint", case, "ann", "lake")
    office.do("sample.repair.start", case, "tom", "lake")
    office.clock.move(timedelta(hours=26))
    tom = office.browser("tom")
    drawn = "data:image/png;base64," + base64.b64encode(PNG).decode()
    location(tom.post(f"{REPAIRS}/{case}/finish", {"signature": drawn, "_occurred_at": "2026-11-25T09:30"}))
    with tenant_session(office.company) as session:
        met = session.scalars(select(Deadline).where(Deadline.company_id == office.company)).one()
    assert met.state == "met" and met.ended_at == datetime(2026, 11, 25, 1, 30, tzinfo=UTC)


# -- the case --------------------------------------------------------------------------------------------


def test_a_case_shows_what_can_be_done_and_why_the_rest_cannot(office: Office) -> None:
    case = office.repair(fee_fen=12850)
    tom = office.browser("tom")
    html = tom.page(f"{REPAIRS}/{case}")
    for words in (
        "2026-0001",
        "待开工",
        "¥128.50",
        "厨房水管漏水",
        "No appointment was made",
        "90/1",
        "先约后修",
        "上门前先与业户约定时间",
        "维修时限",
        "2026-11-25 10:00",
        "部门主管",
    ):
        assert words in html, words
    off = re.search(r'<details class="gj-step-off">(.*?)</details>', html, re.DOTALL)
    assert off is not None and "开工" in off[1]
    assert "取消" not in re.sub(r"<dialog.*?</dialog>", "", html, flags=re.DOTALL), (
        "Tom lacks the permission to call off"
    )
    assert f'action="{REPAIRS}/{case}/appoint"' in html and f'href="{REPAIRS}/{case}/extend"' in html
    refused = tom.post(f"{REPAIRS}/{case}/start", {"_version": "1"})
    assert refused.status_code == 422 and "90/1" in refused.text
    location(tom.post(f"{REPAIRS}/{case}/appoint", {"_version": "1"}))
    location(tom.post(f"{REPAIRS}/{case}/start", {"_version": "2"}))
    html = tom.page(f"{REPAIRS}/{case}")
    assert "维修中" in html and "开工：制度不允许" in html


def test_a_step_of_another_state_or_without_permission_says_what_to_do(office: Office) -> None:
    case = office.repair()
    tom = office.browser("tom")
    answer = tom.post(f"{REPAIRS}/{case}/finish", {"signature": ""})
    assert answer.status_code in (409, 422)
    assert tom.get(f"{REPAIRS}/{case}/finish").status_code == 409
    forbidden = tom.post(f"{REPAIRS}/{case}/call_off")
    assert (
        forbidden.status_code == 403 and "取消维修" in forbidden.text and f'href="{REPAIRS}/{case}"' in forbidden.text
    )


def test_an_older_version_shows_what_changed_and_keeps_the_entries(office: Office) -> None:
    case = office.repair()
    tom = office.browser("tom")
    seen = value_of(tom.page(f"{REPAIRS}/{case}/extend"), "_version")
    office.do("sample.repair.appoint", case, "ann", "lake")
    answer = tom.post(f"{REPAIRS}/{case}/extend", {"hours": "8", "reason": "等配件", "_version": seen})
    assert answer.status_code == 409
    assert "约定时间" in answer.text and "员工ann" in answer.text and ">\n等配件</textarea>" in answer.text
    now = value_of(answer.text, "_version")
    assert (seen, now) == ("1", "2")
    location(tom.post(f"{REPAIRS}/{case}/extend", {"hours": "8", "reason": "等配件", "_version": now}))
    html = tom.page(f"{REPAIRS}/{case}")
    assert "<del>2026-11-25 10:00</del>" in html and "2026-11-24 18:00" in html, "both dates stay to be seen"


def test_explain_names_rules_parameters_origins_and_facts(office: Office) -> None:
    case = office.repair()
    today = "2026-11-24"
    office.do(
        "tenants.rule_change.enter",
        None,
        scope_kind="site",
        scope_id=str(office.sites["lake"]),
        from_day=today,
        reason="小区面积大",
        rules=[{"rule": "sample.extension_signed", "on": True, "params": {"above_hours": 12}, "options": {}}],
    )
    office.clock.move(timedelta(minutes=1))
    later = office.repair(content="第二单")
    with pytest.raises(Refused):
        office.do("sample.repair.start", later, "tom", "lake")
    html = office.browser("max").page(f"{REPAIRS}/{later}/explain")
    for words in (
        "延期须签字",
        "90/2",
        "超过规定小时的延期",
        "<b>12</b>",
        "湖畔管理处设定",
        "总部甲",
        "先约后修",
        "不允许",
        "case.appointed",
        "日志",
        "换灯不收费",
    ):
        assert words in html, words
    first = office.browser("max").page(f"{REPAIRS}/{case}/explain")
    assert "<b>24</b>" in first and "<b>12</b>" not in first, "a case keeps the rules of its day"
    html = office.browser("ann").page(f"{REPAIRS}/{later}/explain")
    assert "先约后修" in html and "第 " not in html.split("日志", 1)[1], "the journal needs its permission"


@ONE
def test_a_document_has_number_and_the_way_back(office: Office) -> None:
    case = office.repair()
    html = office.browser("ann").page(f"{REPAIRS}/{case}/print/slip")
    assert (
        "2026-0001" in html
        and "湖畔管理处" in html
        and "漏水" in html
        and "<svg" in html
        and f'href="{REPAIRS}/{case}"' in html
    )
    drawn = segno.make(f"http://localhost{REPAIRS}/{case}?company=demo", error="m", micro=False).svg_inline(
        border=0, omitsize=True
    )
    assert drawn in html
