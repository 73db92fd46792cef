"""Approvals, duties, messages, files and languages as a person meets them."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.sample import Repair
from core.walking import ONE, PNG, REPAIRS, TAKE, Office, asked, location
from guanjia.steps.context import Context
from guanjia.steps.models import Approval, Notification, StoredFile, Task

# -- approvals -------------------------------------------------------------------------------------------


def test_an_approval_is_asked_signed_and_carried_out(office: Office) -> None:
    case, approval = asked(office)
    sue, tom = office.browser("sue"), office.browser("tom")
    assert 'class="gj-count">1<' in sue.page("/s/lake/")
    html = sue.page("/s/lake/inbox")
    for words in (
        "90/2",
        "延期须签字",
        "超过规定小时的延期",
        "员工tom",
        "延长小时",
        "72",
        "配件缺货",
        f'href="{REPAIRS}/{case}"',
    ):
        assert words in html, words
    assert f"/inbox/{approval}/grant" not in tom.page("/s/lake/inbox")
    refused = tom.post(f"/s/lake/inbox/{approval}/grant")
    assert refused.status_code == 422 and "90/2" in refused.text and "员工sue" in refused.text
    location(sue.post(f"/s/lake/inbox/{approval}/grant", {"note": "可以"}))
    office.host.relay.run_due()
    assert office.all(Repair)[0].hours == 72
    html = tom.page("/s/lake/inbox")
    assert "已批准" in html or "Granted" in html
    assert "可以" in html and "员工sue" in html
    again = sue.post(f"/s/lake/inbox/{approval}/grant")
    assert again.status_code == 409 and "已有结果" in again.text


def test_a_rejection_needs_its_reason_and_the_form_can_be_sent_again(office: Office) -> None:
    case, approval = asked(office)
    sue, tom = office.browser("sue"), office.browser("tom")
    empty = sue.post(f"/s/lake/inbox/{approval}/reject", {"reason": " "})
    assert empty.status_code == 422 and "请填写此项。" in empty.text and office.all(Approval)[0].state == "waiting"
    location(sue.post(f"/s/lake/inbox/{approval}/reject", {"reason": "先用库存"}))
    html = tom.page("/s/lake/inbox")
    again = re.search(r'href="([^"]+again=[^"]+)"', html)
    assert "先用库存" in html and again is not None
    form = tom.page(again[1].replace("&amp;", "&"))
    assert 'value="72"' in form and ">\n配件缺货</textarea>" in form
    assert 'value="72"' not in sue.page(again[1].replace("&amp;", "&")), "another's request is not handed out"
    assert office.all(Repair)[0].id == case


def test_a_request_is_withdrawn_by_whoever_made_it(office: Office) -> None:
    _case, approval = asked(office)
    assert office.browser("sue").post(f"/s/lake/inbox/{approval}/withdraw").status_code == 422
    location(office.browser("tom").post(f"/s/lake/inbox/{approval}/withdraw"))
    assert office.all(Approval)[0].state == "withdrawn"


def test_a_request_that_lapsed_says_why(office: Office) -> None:
    case, approval = asked(office)
    office.do("sample.repair.call_off", case, "max", "lake")
    office.do("guanjia.approval.grant", approval, "sue", "lake")
    office.host.relay.run_due()
    assert office.all(Approval)[0].state == "lapsed"
    html = office.browser("tom").page("/s/lake/inbox")
    assert "again=" in html and "已取消" in html, "what stood in the way is named"


# -- duties, messages, files, language -------------------------------------------------------------------


def test_duties_are_listed_and_reported_as_done(office: Office) -> None:
    case = office.repair()
    office.host.relay.run_due()
    task = office.all(Task)[0]
    ann, tom = office.browser("ann"), office.browser("tom")
    html = ann.page("/s/lake/duties")
    assert "Call whoever reported it" in html and f'href="{REPAIRS}/{case}"' in html
    assert "Call whoever reported it" not in tom.page("/s/lake/duties") and "Call whoever reported it" in tom.page(
        "/s/lake/duties?show=open"
    )
    assert "Call whoever reported it" not in tom.page("/s/lake/duties?show=late")
    office.clock.move(timedelta(hours=5))
    assert "Call whoever reported it" in tom.page("/s/lake/duties?show=late")
    refused = tom.post(f"/s/lake/guanjia/task/{task.id}/done", {"note": "打过电话"})
    assert refused.status_code == 422 and "打过电话" in refused.text
    location(ann.post(f"/s/lake/guanjia/task/{task.id}/done", {"note": "打过电话"}))
    assert "Call whoever reported it" in ann.page("/s/lake/duties?show=done") and office.all(Task)[0].state == "done"


def test_messages_are_the_readers_own(office: Office) -> None:
    office.repair()
    office.host.relay.run_due()
    notice = office.all(Notification)[0]
    tom, ann = office.browser("tom"), office.browser("ann")
    assert notice.staff_id == office.people["tom"]
    assert "A sample repair was taken in." in tom.page(
        "/notifications"
    ) and "A sample repair was taken in." not in ann.page("/notifications?show=unread")
    assert ann.post(f"/notifications/{notice.id}").status_code == 404
    assert location(tom.post(f"/notifications/{notice.id}")) == f"{REPAIRS}/{notice.case_id}"
    assert office.all(Notification)[0].read_at is not None
    location(tom.post("/notifications/read"))
    assert "A sample repair was taken in." not in tom.page("/notifications?show=unread")
    assert all(n.read_at is None for n in office.all(Notification) if n.staff_id != office.people["tom"])


def test_what_is_said_of_several_cases_stands_once_and_names_each(office: Office) -> None:
    cases = [office.repair(), office.repair()]
    office.host.relay.run_due()
    tom = office.browser("tom")
    numbers = [repair.number for repair in office.all(Repair)]
    said_at = f"{office.clock.now().astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}"
    for path in ("/notifications", "/s/lake/"):
        html = tom.page(path)
        assert html.count("A sample repair was taken in.") == 1
        below = html[html.index("A sample repair was taken in.") :]
        assert all(below.count(number) == 1 for number in numbers) and below.count(said_at) == 2, path
    said = {n.case_id: n for n in office.all(Notification) if "A sample repair" in n.message["id"]}
    assert location(tom.post(f"/notifications/{said[cases[0]].id}")) == f"{REPAIRS}/{cases[0]}"
    unread = tom.page("/notifications?show=unread")
    below = unread[unread.index("A sample repair was taken in.") :]
    assert numbers[1] in below and numbers[0] not in below, "the other case's message is still to be read"


def test_a_file_is_shown_to_whoever_sees_its_case(office: Office) -> None:
    ann = office.browser("ann")
    ann.post(f"{REPAIRS}/new/take", {"kind": "leak", "photos": (io.BytesIO(PNG), "管道.png")})
    path = f"/files/{office.all(StoredFile)[0].id}"
    tom, hal, outsider = office.browser("tom"), office.browser("hal"), office.browser("admin", "other")
    answer = ann.get(path)
    assert answer.status_code == 200 and answer.data == PNG and answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Content-Disposition"].startswith(
        "inline"
    )
    assert tom.get(path).status_code == 404, "pending: its uploader alone"
    location(ann.post(f"{REPAIRS}/new/take", {**TAKE, "photos": path.rsplit("/", 1)[1]}))
    assert tom.get(path).status_code == 200
    assert hal.get(path).status_code == 404 and outsider.get(path).status_code == 404
    caller = Context(office.host, office.company, office.people["ann"], office.sites["lake"])
    pdf = office.host.files.keep(caller, "a.pdf", b"%PDF-1.4\n%\n")
    assert ann.get(f"/files/{pdf}").headers["Content-Disposition"].startswith("attachment")


@ONE
def test_english_is_chosen_and_complete(office: Office) -> None:
    case = office.repair()
    ann = office.browser("ann")
    assert ann.get("/language/en?next=//evil.example/").headers["Location"] == "/"
    assert ann.get(f"/language/en?next={REPAIRS}").headers["Location"] == REPAIRS
    for path in (
        "/s/lake/",
        REPAIRS,
        f"{REPAIRS}/{case}",
        f"{REPAIRS}/new/take",
        "/s/lake/inbox",
        "/s/lake/duties",
        "/notifications",
        f"{REPAIRS}/{case}/explain",
    ):
        html = ann.page(path)
        for data in ("厨房水管漏水", "湖畔管理处", "员工ann", "示范物业", "切换到中文", "管家", "中文", ">员<"):
            html = html.replace(data, "")
        text = re.sub(r"<[^>]+>", " ", html)
        assert re.findall(r"[\u4e00-\u9fff]+", text) == [], path


def test_menu_and_pages_vanish_where_the_plugin_is_off(office: Office) -> None:
    ann = office.browser("ann")
    html = ann.page("/s/lake/sample/board")
    assert f'href="{REPAIRS}"' in html and 'href="/s/lake/sample/board" class="active"' in html
    assert "/s/lake/sample/board" not in office.browser("tom").page("/s/lake/"), "the permission is missing"
    office.do("tenants.plugin_switch.create", None, site="lake", plugin="sample", is_on=False)
    html = ann.page("/s/lake/")
    assert REPAIRS not in html and "/s/lake/sample/board" not in html
    for path in (
        REPAIRS,
        f"{REPAIRS}/new/take",
        f"{REPAIRS}/export.xlsx",
        "/s/lake/sample/board",
        "/s/lake/lookup/sample.worker?q=t",
    ):
        ann.page(path, 404)
