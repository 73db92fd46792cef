"""Notices on their way outside: each person's choice, quiet hours, digests, and groups that are told no names."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from channels.receivers import PUBLIC, Mailbox, Receiver, both, connect
from guanjia.channels.models import Delivery
from guanjia.db.session import tenant_session
from guanjia.steps import outbox
from guanjia.steps.models import Notification, OutboxMessage
from guanjia.words import Message
from office import Company, Office
from tenants.channels.models import NoticeWish

SAID = "报修单 2026-0012 已超过完成期限，请处理。"


def notify(
    site: Office, *roles: str, urgent: bool = False, staff: tuple[UUID, ...] = (), case: UUID | None = None
) -> None:
    """A notice to holders of the roles, as a rule puts it into the outbox; carried out."""
    company = site.company
    command = {"message": Message("customer_service", SAID).to_json(), "roles": list(roles), "staff": [str(i) for i in staff],
               "urgent": urgent, "at": None, "unless": [], "while_open": None, "repeat_hours": None}  # fmt: skip
    payload = {"rule": "customer_service.overdue_chased", "step": "customer_service.request.breach", "number": "2026-0012",
               "flow": "customer_service.request", "case": str(case) if case else None, "actor": None, "command": command,
               "since": company.host.clock.now().isoformat()}  # fmt: skip
    with tenant_session(company.plan.company_id, write=True) as session:
        outbox.schedule(session, company.host, "Notify", payload, at=company.host.clock.now(), site_id=site.id)
        outbox.light_beacons(session, company.host)
        session.commit()
    company.settle()


def wish(site: Office, role: str, **values: Any) -> UUID:
    """Whoever holds the role here wants to be told so from now on."""
    company, staff = site.company, site.person(role).id
    with tenant_session(company.plan.company_id, write=True) as session:
        row = session.get(NoticeWish, (session.company_id, staff))
        if row is None:
            row = NoticeWish(id=staff, company_id=session.company_id, address=f"{role}@example.com")
            session.add(row)
        row.changed_at = company.host.clock.now()
        for name, value in ({"how": "at_once"} | values).items():
            setattr(row, name, value)
        session.commit()
    return staff


def at(company: Company, hour: int, minute: int = 0) -> None:
    """It is that time of the day in Shanghai, today or tomorrow."""
    zone = company.host.directory.company
    with tenant_session(company.plan.company_id) as session:
        local = company.host.clock.now().astimezone(zone(session).zone)
    wanted = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    company.later(seconds=int(((wanted if wanted >= local else wanted + timedelta(days=1)) - local).total_seconds()))


def deliveries(company: Company) -> list[Delivery]:
    with tenant_session(company.plan.company_id) as session:
        query = select(Delivery).where(Delivery.company_id == session.company_id)
        return list(session.scalars(query.order_by(Delivery.created_at, Delivery.id)))


def unread(company: Company, staff: UUID) -> int:
    with tenant_session(company.plan.company_id) as session:
        query = select(Notification.id).where(
            Notification.company_id == session.company_id,
            Notification.staff_id == staff,
            Notification.read_at.is_(None),
        )
        return len(session.scalars(query).all())


def read_all(company: Company, staff: UUID) -> None:
    with tenant_session(company.plan.company_id, write=True) as session:
        query = select(Notification).where(
            Notification.company_id == session.company_id, Notification.staff_id == staff
        )
        for row in session.scalars(query):
            row.read_at = company.host.clock.now()
        session.commit()


# -- e-mail at once ----------------------------------------------------------------------------------------


@both
def test_a_notice_goes_by_mail_to_whoever_chose_so_and_to_nobody_else(
    company: Company, east: Office, box: Mailbox
) -> None:
    manager = wish(east, "site_manager")
    before = unread(company, manager)
    case = UUID(int=7)
    notify(east, "site_manager", "receptionist", case=case)
    assert unread(company, manager) == before + 1
    (mail,) = box.mails
    assert mail["To"] == "east site_manager <site_manager@example.com>"
    assert (
        mail["From"].addresses[0].addr_spec == "guanjia@example.com"
        and mail["From"].addresses[0].display_name == "测试物业"
    )
    assert mail["Subject"] == SAID and mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert SAID in text and "东苑管理处" in text and "2026-11-16 09:10" in text
    assert f"{PUBLIC}/s/east/customer_service/request/{case}" in text
    (sent,) = deliveries(company)
    assert mail["Message-ID"] == f"<{sent.id}@example.com>"
    assert (sent.state, sent.status, sent.attempts) == ("delivered", 250, 1)


@both
def test_a_message_delivered_twice_sends_one_mail(company: Company, east: Office, box: Mailbox) -> None:
    wish(east, "site_manager")
    notify(east, "site_manager")
    with tenant_session(company.plan.company_id, write=True) as session:
        query = select(OutboxMessage).where(
            OutboxMessage.company_id == session.company_id, OutboxMessage.kind.in_(("Notify", "deliver"))
        )
        for row in session.scalars(query):
            row.state, row.attempts = "waiting", 0
        session.info["beacons"] = [company.host.clock.now()]
        outbox.light_beacons(session, company.host)
        session.commit()
    company.settle()
    assert len(box.mails) == 1 and len(deliveries(company)) == 1


def test_a_mail_that_is_tried_again_is_the_same_mail(company: Company, east: Office, box: Mailbox) -> None:
    wish(east, "site_manager")
    box.down = 2
    notify(east, "site_manager")
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts, box.mails) == ("waiting", 1, []) and sent.fault["args"] == {"code": 451}
    company.later(minutes=10)
    (mail,) = box.mails
    assert mail["Message-ID"] == f"<{sent.id}@example.com>" and deliveries(company)[0].attempts == 3


def test_an_address_that_the_server_refuses_is_not_tried_again(company: Company, east: Office, box: Mailbox) -> None:
    wish(east, "site_manager")
    wish(east, "receptionist")
    box.refuse["site_manager@example.com"] = "550 no such user"
    notify(east, "site_manager", "receptionist")
    assert sorted(row.state for row in deliveries(company)) == ["delivered", "failed"]
    assert [mail["To"].addresses[0].username for mail in box.mails] == ["receptionist"]


def test_a_mail_server_that_is_gone_is_left_alone_between_attempts(
    company: Company, east: Office, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from guanjia.channels import mail

    for role in ("site_manager", "receptionist", "area_manager"):
        wish(east, role)
    tried: list[str] = []
    monkeypatch.setattr(
        mail, "_connected", lambda server: tried.append(server.host) or (_ for _ in ()).throw(OSError())
    )
    notify(east, "site_manager", "receptionist", "area_manager")
    assert len(tried) == 1 and sorted(row.attempts for row in deliveries(company)) == [0, 0, 1]
    monkeypatch.undo()
    company.later(hours=1)
    assert len(box.mails) == 3


def test_after_the_last_attempt_it_has_failed(company: Company, east: Office, box: Mailbox) -> None:
    wish(east, "site_manager")
    box.down = 99
    notify(east, "site_manager", urgent=True)
    company.later(hours=24)
    (sent,) = deliveries(company)
    assert (sent.state, sent.attempts) == ("failed", 6)


@both
def test_who_has_left_gets_no_mail(company: Company, east: Office, box: Mailbox) -> None:
    staff = wish(east, "area_manager")
    box.down = 1
    notify(east, staff=(staff,))
    company.admin.perform("tenants.staff.retire", staff, {})
    company.later(hours=1)
    assert box.mails == [] and deliveries(company)[0].state == "dropped"


# -- quiet hours and digests -------------------------------------------------------------------------------


@both
def test_quiet_hours_hold_back_the_mail_and_never_the_notice(company: Company, east: Office, box: Mailbox) -> None:
    at(company, 21, 30)
    manager = wish(east, "site_manager")
    before = unread(company, manager)
    notify(east, "site_manager")
    assert unread(company, manager) == before + 1 and box.mails == []
    at(company, 6, 59)
    assert box.mails == []
    at(company, 7)
    assert len(box.mails) == 1


def test_an_urgent_notice_goes_out_at_night(company: Company, east: Office, box: Mailbox) -> None:
    at(company, 23)
    wish(east, "site_manager")
    wish(east, "receptionist", how="digest")
    notify(east, "site_manager", "receptionist", urgent=True)
    assert sorted(mail["Subject"] for mail in box.mails) == [f"紧急：{SAID}"] * 2


def test_the_sites_zone_counts(company: Company, east: Office, west: Office, box: Mailbox) -> None:
    company.admin.perform("tenants.site.change", west.id, {
        "code": "west", "name": "西苑管理处", "opens": "08:30", "closes": "18:00", "zone": "Asia/Urumqi"})  # fmt: skip
    company.settle()
    at(company, 22)  # 20:00 in Urumqi
    wish(east, "site_manager")
    wish(west, "site_manager")
    notify(east, "site_manager")
    notify(west, "site_manager")
    assert [mail["To"].addresses[0].display_name for mail in box.mails] == ["west site_manager"]


def test_what_was_read_meanwhile_needs_no_mail(company: Company, east: Office, box: Mailbox) -> None:
    at(company, 22)
    manager = wish(east, "site_manager")
    notify(east, "site_manager")
    read_all(company, manager)
    at(company, 8)
    assert box.mails == [] and [row.state for row in deliveries(company)] == ["dropped"]


def test_own_quiet_hours_or_none(company: Company, east: Office, box: Mailbox) -> None:
    at(company, 12, 30)
    wish(east, "site_manager", quiet_from=time(12), quiet_to=time(14))
    wish(east, "receptionist", quiet_from=time(0), quiet_to=time(0))
    notify(east, "site_manager", "receptionist")
    assert len(box.mails) == 1
    at(company, 14)
    assert len(box.mails) == 2


@both
def test_a_digest_is_one_mail_a_day_with_what_is_unread(company: Company, east: Office, box: Mailbox) -> None:
    manager = wish(east, "site_manager", how="digest", digest_hour=18)
    read_all(company, manager)
    for _n in range(3):
        notify(east, "site_manager", case=UUID(int=9))
    assert box.mails == []
    box.down = 1
    at(company, 18)
    at(company, 19)
    (mail,) = box.mails
    assert mail["Subject"] == "3 条未读通知" and mail.get_content().count(SAID) == 3
    assert mail["Message-ID"] == f"<{deliveries(company)[0].id}@example.com>"
    read_all(company, manager)
    notify(east, "site_manager")
    read_all(company, manager)
    at(company, 18, 1)
    assert len(box.mails) == 1, "nothing unread, no mail"
    notify(east, "site_manager")
    at(company, 18)
    assert len(box.mails) == 2 and box.mails[1]["Subject"] == "1 条未读通知"


def test_without_a_mail_server_nothing_waits(company: Company, east: Office) -> None:
    wish(east, "site_manager")
    notify(east, "site_manager")
    assert deliveries(company) == []


# -- groups ------------------------------------------------------------------------------------------------


def robot(company: Company, outside: Receiver, site: Office | None = None, kind: str = "wecom", **values: Any) -> UUID:
    """A group is connected, at the site or for the company."""
    ctx = site.person("site_manager").context if site else company.admin
    form = {"title": "值班群", "kind": kind, "address": f"{outside.url}/{kind}?key=k-1234", "urgent": True, "roles": []}
    return ctx.perform("tenants.robot.create", None, form | values).case_id


@both
def test_a_group_is_told_title_number_and_link_and_no_word_of_the_notice(
    company: Company, east: Office, outside: Receiver
) -> None:
    robot(company, outside, east)
    case = UUID(int=7)
    notify(east, "site_manager", urgent=True, case=case)
    (came,) = outside.came
    assert (came.path, came.query) == ("/wecom", {"key": "k-1234"})
    text = came.json["markdown"]["content"]
    assert "服务申请 2026-0012" in text and f"({PUBLIC}/s/east/customer_service/request/{case})" in text
    assert "已超过完成期限" not in text and "管理处" not in text
    (sent,) = deliveries(company)
    assert (sent.state, sent.kind, sent.status) == ("delivered", "robot", 200)


def test_a_group_is_told_what_was_chosen_for_it(
    company: Company, east: Office, west: Office, outside: Receiver
) -> None:
    robot(company, outside, east, urgent=False, roles=["security_head"])
    robot(company, outside, None, kind="dingtalk", secret="SECabc")
    notify(east, "security_head")
    notify(east, "site_manager", urgent=True)
    notify(west, "security_head")
    notify(west, "site_manager", urgent=True)
    assert [came.path for came in outside.came] == ["/wecom", "/dingtalk", "/dingtalk"]
    assert {"key", "timestamp", "sign"} == set(outside.came[1].query)
    assert "西苑管理处" in outside.came[2].json["markdown"]["text"], "the company's group learns which site it is"


def test_a_group_sleeps_too(company: Company, east: Office, outside: Receiver) -> None:
    robot(company, outside, east, roles=["site_manager"])
    at(company, 22)
    notify(east, "site_manager")
    assert outside.came == []
    at(company, 7)
    assert len(outside.came) == 1


def test_a_refusal_with_status_200_is_tried_again(company: Company, east: Office, outside: Receiver) -> None:
    robot(company, outside, east)
    left = iter(range(2))
    refusal = (200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', {})
    outside.answers = lambda _came: refusal if next(left, None) is not None else (200, b'{"errcode":0}', {})
    notify(east, "site_manager", urgent=True)
    (sent,) = deliveries(company)
    assert sent.state == "waiting" and sent.fault["args"]["code"] == "45009"
    company.later(minutes=10)
    assert deliveries(company)[0].state == "delivered" and len(outside.came) == 3


@both
def test_the_address_is_sealed_and_kept_out_of_the_journal(company: Company, east: Office, outside: Receiver) -> None:
    from guanjia.keeping import unseal
    from guanjia.steps.models import JournalDetail, JournalEntry
    from tenants.channels.models import GroupRobot
    from tenants.channels.outside import context_of

    case = robot(company, outside, east, kind="feishu", secret="very-secret")
    company.settle()
    with tenant_session(company.plan.company_id) as session:
        row = session.get_one(GroupRobot, (session.company_id, case))
        written = [
            e.body for e in session.scalars(select(JournalEntry).where(JournalEntry.company_id == session.company_id))
        ]
        written += [
            str(d.body)
            for d in session.scalars(select(JournalDetail).where(JournalDetail.company_id == session.company_id))
        ]
    assert (
        unseal(company.host.config, row.sealed_secret, context_of("robot", row.company_id, row.id, "secret"))
        == "very-secret"
    )
    assert "k-1234" not in row.sealed_address and row.address_end == "1234"
    assert not any("very-secret" in body or "k-1234" in body or row.sealed_secret in body for body in written)


def test_a_group_at_the_wrong_service_is_refused(company: Company, east: Office, outside: Receiver) -> None:
    from guanjia.errors import Invalid

    connect(company, webhook_private=False)
    with pytest.raises(Invalid) as wrong:
        robot(company, outside, east)
    assert "address" in wrong.value.errors
    done = robot(company, outside, east, address="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k-1234")
    assert done
