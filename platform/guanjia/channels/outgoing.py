"""One attempt to deliver: prepared from the database, sent outside of any transaction, and its outcome kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select

from guanjia.channels import mail, robots, saying, webhooks
from guanjia.channels.http import NotSent, post
from guanjia.channels.models import DELIVERED, DROPPED, FAILED, MAIL, ROBOT, WAITING, WEBHOOK, Delivery
from guanjia.channels.ports import DIGEST, Way
from guanjia.channels.queue import attempt_at, is_meant
from guanjia.db.session import TenantSession, tenant_session
from guanjia.keeping import KeyFault
from guanjia.steps import outbox
from guanjia.steps.models import Notification, OutboxMessage
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("guanjia")

# seconds between attempts; after the last one the delivery has failed, and can be sent again by hand
BACKOFF: Mapping[str, tuple[int, ...]] = {
    MAIL: (60, 300, 900, 3600, 4 * 3600), ROBOT: (60, 300, 1800, 2 * 3600),
    WEBHOOK: (30, 120, 600, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 15 * 3600),
}  # fmt: skip
REST = timedelta(minutes=5)  # at most so long others wait for a receiver that has just failed
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. No fault: delivered. `resting`: the receiver as a whole failed. `kept` replaces the
    delivery's content: what a digest held."""

    fault: Message | None = None
    state: str = WAITING  # where there is a fault: waiting for another attempt, failed or dropped
    status: int | None = None
    took_ms: int | None = None
    resting: bool = False
    kept: Mapping[str, Any] | None = None


class _NotWanted(Exception):
    """Nothing is sent any more, for this reason."""

    def __init__(self, why: Message) -> None:
        super().__init__(why.id)
        self.why = why


def deliver(host: Host, company_id: UUID, row: OutboxMessage) -> None:
    """Make the attempt that the message speaks of; a message delivered twice makes it once."""
    now = host.clock.now()
    with tenant_session(company_id) as session:
        delivery = session.get(Delivery, (company_id, UUID(row.payload["delivery"])))
        if delivery is None or not is_meant(delivery, row.payload):
            return
        resting = _resting_until(session, delivery, now)
        attempt = None if resting else _prepared(host, session, delivery, now)
    if attempt is None:
        assert resting is not None
        _put_off(host, company_id, row, resting)
        return
    _settle(host, company_id, row, attempt())


def _resting_until(session: TenantSession, delivery: Delivery, now: datetime) -> datetime | None:
    """Until when the receiver is left alone after another delivery to it failed: a receiver that hangs must not hold up
    everybody's messages time and again."""
    query = select(Delivery.tried_at, Delivery.next_at).where(
        Delivery.company_id == session.company_id, Delivery.kind == delivery.kind, Delivery.state == WAITING,
        Delivery.resting.is_(True), Delivery.id != delivery.id,
    )  # fmt: skip
    if delivery.kind != MAIL:  # all mail goes through one server
        query = query.where(Delivery.target_id == delivery.target_id)
    found = session.execute(query.order_by(Delivery.tried_at.desc()).limit(1)).first()
    if found is None or found.tried_at is None or found.next_at is None:
        return None
    until: datetime = min(found.next_at, found.tried_at + REST)
    return until if until > now else None


def _put_off(host: Host, company_id: UUID, row: OutboxMessage, until: datetime) -> None:
    with tenant_session(company_id, write=True) as session:
        delivery = session.get(Delivery, (company_id, UUID(row.payload["delivery"])), with_for_update=True)
        if delivery is not None and is_meant(delivery, row.payload):
            attempt_at(session, host, delivery, until)
            outbox.light_beacons(session, host)
            session.commit()


def _settle(host: Host, company_id: UUID, row: OutboxMessage, outcome: Outcome) -> None:
    now = host.clock.now()
    with tenant_session(company_id, write=True) as session:
        delivery = session.get(Delivery, (company_id, UUID(row.payload["delivery"])), with_for_update=True)
        if delivery is None or not is_meant(delivery, row.payload):
            return
        delivery.attempts += 1
        delivery.tried_at, delivery.status, delivery.took_ms = now, outcome.status, outcome.took_ms
        delivery.fault = outcome.fault.to_json() if outcome.fault else None
        delivery.resting, delivery.next_at = False, None
        if outcome.kept is not None:
            delivery.content = dict(outcome.kept)
        waits = BACKOFF[delivery.kind]
        if outcome.fault is None:
            delivery.state, delivery.done_at = DELIVERED, now
        elif outcome.state != WAITING or delivery.attempts > len(waits):
            delivery.state, delivery.done_at = (outcome.state if outcome.state != WAITING else FAILED), now
        else:
            delivery.resting = outcome.resting
            attempt_at(session, host, delivery, now + timedelta(seconds=waits[delivery.attempts - 1]))
            outbox.light_beacons(session, host)
        session.commit()


# ---------------------------------------------------------------------- what is sent


def _prepared(host: Host, session: TenantSession, delivery: Delivery, now: datetime) -> Callable[[], Outcome]:
    """The attempt itself, with everything that it needs of the database."""
    try:
        if delivery.kind == MAIL:
            return _mail(host, session, delivery)
        way = host.channels.way_to(session, delivery.kind, delivery.target_id)
        if way is None:
            raise _NotWanted(_("The receiver is not in use any more."))
        return _group(host, session, delivery, way, now) if delivery.kind == ROBOT else _event(host, delivery, way, now)
    except _NotWanted as dropped:
        outcome = Outcome(dropped.why, DROPPED)
    except KeyFault:
        outcome = Outcome(_("The secret cannot be opened with the keys of this installation. Enter it anew."), FAILED)
    return lambda: outcome


def _mail(host: Host, session: TenantSession, delivery: Delivery) -> Callable[[], Outcome]:
    wish = host.channels.wishes(session, [delivery.target_id]).get(delivery.target_id)
    if wish is None or (delivery.content.get("digest") and wish.how != DIGEST):
        raise _NotWanted(_("The person is not told by e-mail any more."))
    try:
        server = mail.server_of(host.config)
    except ValueError:
        server = None
    if server is None:
        return lambda: Outcome(_("No mail server is set up. Ask whoever runs the installation."))
    is_test = bool(delivery.content.get("test"))
    notices = [] if is_test else _notices(session, delivery)
    if not notices and not is_test:
        raise _NotWanted(_("It was read before the mail went out."))
    if is_test:
        subject, text = saying.mail_to_try(host, wish)
    elif delivery.content.get("digest"):
        subject, text = saying.digest_of(host, session, wish, notices)
    else:
        subject, text = saying.mail_about(host, session, wish, notices[0])
    message = mail.compose(
        sender=host.config.mail_from, sender_name=host.directory.company(session).name, to=wish.address,
        to_name=wish.name, subject=subject, text=text, message_id=delivery.id, at=delivery.next_at or delivery.created_at,
    )  # fmt: skip
    kept = {**delivery.content, "notices": [str(notice.id) for notice in notices]}
    return lambda: _sent_mail(server, message, kept)


def _sent_mail(server: mail.Server, message: Any, kept: Mapping[str, Any]) -> Outcome:
    try:
        return Outcome(status=mail.send(server, message), kept=kept)
    except NotSent as fault:
        return Outcome(fault.message, FAILED if fault.for_good else WAITING, resting=not fault.for_good, kept=kept)


def _notices(session: TenantSession, delivery: Delivery) -> list[Notification]:
    """What the mail is about: what a digest held at its first attempt it holds at the others."""
    query = select(Notification).where(
        Notification.company_id == session.company_id, Notification.staff_id == delivery.target_id
    )
    named = delivery.content.get("notices")
    if named is None:
        query = query.where(Notification.read_at.is_(None))
    else:
        query = query.where(Notification.id.in_([UUID(i) for i in named]))
        if delivery.content.get("held"):
            query = query.where(Notification.read_at.is_(None))
    return list(session.scalars(query.order_by(Notification.at.desc(), Notification.id.desc())))


def _group(host: Host, session: TenantSession, delivery: Delivery, way: Way, now: datetime) -> Callable[[], Outcome]:
    robot = next((r for r in host.channels.robots(session) if r.id == delivery.target_id), None)
    if robot is None:
        raise _NotWanted(_("The receiver is not in use any more."))
    if delivery.content.get("test"):
        say = saying.said_to_try(host, robot)
    else:
        say = saying.said_in_group(host, session, robot, delivery.content, delivery.site_id)
    made = robots.posting(robot.kind, way.url, way.secrets[0] if way.secrets else "", say, now)
    kind, private = robot.kind, host.config.webhook_private
    headers = {"Content-Type": "application/json; charset=utf-8"}

    def attempt() -> Outcome:
        try:
            answer = post(made.url, made.body, headers, allow_private=private)
        except NotSent as fault:
            return Outcome(fault.message, FAILED if fault.for_good else WAITING, resting=not fault.for_good)
        refused = robots.refusal(kind, answer.status, answer.body)
        return Outcome(refused, status=answer.status, took_ms=answer.took_ms, resting=refused is not None)

    return attempt


def _event(host: Host, delivery: Delivery, way: Way, now: datetime) -> Callable[[], Outcome]:
    body = webhooks.body_of(delivery.content)
    headers = webhooks.headers_of(delivery.id, now, body, way.secrets)
    private = host.config.webhook_private

    def attempt() -> Outcome:
        try:
            answer = post(way.url, body, headers, allow_private=private)
        except NotSent as fault:
            return Outcome(fault.message, FAILED if fault.for_good else WAITING, resting=not fault.for_good)
        if 200 <= answer.status < 300:
            return Outcome(status=answer.status, took_ms=answer.took_ms)
        why = (
            _("The receiver wants to lead elsewhere, which is not followed. Enter the final address.")
            if 300 <= answer.status < 400
            else _("The receiver answered with status %(status)s.", status=answer.status)
        )
        overloaded = answer.status >= 500 or answer.status == 429
        return Outcome(why, status=answer.status, took_ms=answer.took_ms, resting=overloaded)

    return attempt


def sweep(host: Host, company_id: UUID) -> None:
    """Deliveries that ended 90 days ago are gone."""
    with tenant_session(company_id, write=True) as session:
        session.execute(
            delete(Delivery).where(Delivery.company_id == company_id, Delivery.done_at < host.clock.now() - KEPT)
        )
        session.commit()
