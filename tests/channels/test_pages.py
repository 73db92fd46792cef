"""The pages of the outside: headquarters', the office's, and each person's own."""

from __future__ import annotations

import re
from uuid import UUID

from channels.receivers import Mailbox, Receiver, both, connect
from channels.test_telling import deliveries, notify, robot
from channels.test_webhooks import RECEIVE, hook, opened, verified
from guanjia.db.session import tenant_session
from office import PASSWORD, Company, Office
from signed_in import SignedIn, browser, words_of
from tenants.channels.models import NoticeWish
from tenants.sign_in import sign_in

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


def headquarters(company: Company) -> SignedIn:
    """The administrator's browser."""
    company.app.config["WTF_CSRF_ENABLED"] = False
    opened_now = sign_in(company.host, company="acme", account="admin", password=PASSWORD, address="::1")
    client = company.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = opened_now.signed_in.get_id(), True
    client.set_cookie("guanjia_language", "zh")
    return SignedIn(client, "")


@both
def test_a_program_is_connected_and_its_secret_shown_once(company: Company, east: Office, outside: Receiver) -> None:
    hq = headquarters(company)
    form = {
        "title": "财务系统",
        "address": outside.url + "/hook",
        "events": "customer_service.request.*\ntenants.site.*",
    }
    assert "whsec_" not in hq.page("/hq/channels/webhooks/new")
    made = hq.post("/hq/channels/webhooks/new", form)
    (secret,) = set(SECRET.findall(made.text))
    overview = hq.page("/hq/channels")
    assert "财务系统" in overview and "customer_service.request.*" in overview and secret not in overview
    opened(east)
    company.settle()
    assert verified(outside.came[0], secret)
    with company.admin.reading() as loader:
        case = loader.host.channels.subscriptions(loader.session)[0].id
    (next_one,) = set(SECRET.findall(hq.post(f"/hq/channels/webhooks/{case}/rotate", {"overlap_hours": "1"}).text))
    opened(east)
    company.settle()
    assert verified(outside.came[-1], secret) and verified(outside.came[-1], next_one)
    page = hq.page(f"/hq/tenants/webhook/{case}")
    assert secret not in page and next_one not in page


def test_a_wrong_entry_comes_back_with_what_was_typed_and_makes_no_secret(company: Company, outside: Receiver) -> None:
    hq = headquarters(company)
    answer = hq.post("/hq/channels/webhooks/new", {"title": "甲", "address": "ftp://x", "events": "nothing.here"})
    assert answer.status_code == 422 and "ftp://x" in answer.text and "whsec_" not in answer.text
    assert "请填写以 https:// 开头的完整地址" in answer.text


@both
def test_the_log_shows_what_came_of_it_and_sends_anew(company: Company, east: Office, outside: Receiver) -> None:
    hq = headquarters(company)
    hook(company, outside, RECEIVE)
    outside.fails_first(1, 418)
    opened(east)
    company.settle()
    shown = words_of(hq.page("/hq/channels/deliveries"))
    assert "财务系统" in shown and "等待" in shown and "接收方应答状态码 418" in shown
    assert "财务系统" not in words_of(hq.page("/hq/channels/deliveries?state=failed"))
    (sent,) = deliveries(company)
    assert hq.post(f"/hq/channels/deliveries/{sent.id}/replay").status_code == 303
    company.settle()
    assert "已送达" in words_of(hq.page(f"/hq/channels/deliveries?target={sent.target_id}&state=delivered"))
    assert outside.came[0].headers["webhook-id"] == outside.came[1].headers["webhook-id"]


def test_an_office_sees_its_own_groups_alone(company: Company, east: Office, west: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    robot(company, outside, east, title="东苑值班群")
    robot(company, outside, west, title="西苑值班群")
    robot(company, outside, None, title="总部应急群")
    opened(east)
    notify(east, "site_manager", urgent=True)
    notify(west, "site_manager", urgent=True)
    manager = browser(east, "site_manager")
    page, log = manager.page("/s/east/channels"), manager.page("/s/east/channels/deliveries")
    for text in (page, log):
        assert "东苑值班群" in text and "西苑值班群" not in text and "总部应急群" not in text and "财务系统" not in text
    theirs = next(row for row in deliveries(company) if row.kind == "robot" and row.site_id == west.id)
    assert manager.post(f"/s/east/channels/deliveries/{theirs.id}/replay").status_code == 404
    mine = next(row for row in deliveries(company) if row.kind == "robot" and row.site_id == east.id)
    before = len(outside.came)
    for row in deliveries(company):
        if row.site_id == east.id and row.kind == "robot":
            expected = 303 if row.target_id == mine.target_id else 404
            assert manager.post(f"/s/east/channels/deliveries/{row.id}/replay").status_code == expected
    company.settle()
    assert len(outside.came) == before + 1
    assert browser(east, "receptionist").get("/s/east/channels").status_code == 403
    assert "西苑值班群" in headquarters(company).page("/hq/channels")


def test_the_api_lists_what_failed_and_sends_it_anew(company: Company, east: Office, outside: Receiver) -> None:
    hook(company, outside, RECEIVE)
    connect(company, webhook_private=False)
    opened(east)
    company.settle()
    connect(company, webhook_private=True)
    _who, token, _until = company.host.directory.sign_in("acme", "admin", PASSWORD, "::1")
    client, headers = company.app.test_client(), {"Authorization": f"Bearer {token}"}
    answer = client.get("/api/v1/company/tenants/deliveries?state=failed", headers=headers)
    (item,) = answer.json["items"]
    assert item["channel"] == "webhook" and item["about"] == RECEIVE and item["attempts"] == 1 and item["fault"]
    path = f"/api/v1/company/tenants/webhook/{item['receiver']}"
    assert client.post(f"{path}/replay", json={"delivery": item["id"]}, headers=headers).status_code == 200
    since = {"since": item["created_at"]}
    assert client.post(f"{path}/replay_failed", json=since, headers=headers).status_code == 200
    company.settle()
    assert [UUID(came.headers["webhook-id"]) for came in outside.came] == [UUID(item["id"])]


@both
def test_a_person_chooses_how_to_be_told(company: Company, east: Office, box: Mailbox) -> None:
    desk = browser(east, "receptionist")
    page = desk.client.get("/me/notices").text
    assert "我的邮箱" in page and "21:00" in page and "07:00" in page
    form = {"how": "at_once", "address": "", "digest_hour": "8", "quiet_from": "22:00", "quiet_to": "06:30"}
    assert "请填写接收邮件的地址" in desk.client.post("/me/notices", data=form).text
    assert desk.client.post("/me/notices", data=form | {"address": "desk@example.com"}).status_code == 303
    staff = east.person("receptionist").id
    with tenant_session(company.plan.company_id) as session:
        row = session.get_one(NoticeWish, (session.company_id, staff))
    assert (row.address, row.how, row.quiet_from.isoformat(), row.quiet_to.isoformat()) == (
        "desk@example.com", "at_once", "22:00:00", "06:30:00",
    )  # fmt: skip
    notify(east, "receptionist")
    assert len(box.mails) == 1
    for _n in range(2):
        desk.client.post("/me/notices/try")
        company.settle()
    assert [mail["Subject"] for mail in box.mails[1:]] == ["测试消息"], "one a minute"
    desk.client.post("/me/notices", data=form | {"how": "in_app", "address": "desk@example.com"})
    notify(east, "receptionist", urgent=True)
    assert len(box.mails) == 2
