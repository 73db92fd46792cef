"""Deliveries that wait: made, put off, and sent anew. The outbox carries out each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from guanjia.channels.models import WAITING, Delivery
from guanjia.db.session import TenantSession
from guanjia.steps import outbox

if TYPE_CHECKING:
    from guanjia.host import Host

KIND = "deliver"  # of the outbox's messages


def put(
    session: TenantSession,
    host: Host,
    kind: str,
    target_id: UUID,
    origin: str,
    *,
    about: str,
    content: Mapping[str, Any],
    at: datetime,
    site_id: UUID | None = None,
    urgent: bool = False,
) -> Delivery:
    """A delivery waits until `at`. Belongs to the caller's transaction, which lights the beacons."""
    delivery = Delivery(
        id=host.ids.new(), company_id=session.company_id, site_id=site_id, kind=kind, target_id=target_id,
        origin=origin, about=about, urgent=urgent, content=dict(content), state=WAITING, round=1, attempts=0,
        created_at=host.clock.now(), next_at=at,
    )  # fmt: skip
    session.add(delivery)
    attempt_at(session, host, delivery, at)
    return delivery


def attempt_at(session: TenantSession, host: Host, delivery: Delivery, at: datetime) -> None:
    """The next attempt of the delivery comes at `at`."""
    delivery.next_at = at
    payload = {"delivery": str(delivery.id), "round": delivery.round, "attempt": delivery.attempts + 1}
    outbox.schedule(session, host, KIND, payload, at=at, site_id=delivery.site_id)


def is_meant(delivery: Delivery | None, payload: Mapping[str, Any]) -> bool:
    """Whether an outbox message still speaks of what comes next: a repeated one does not."""
    return (
        delivery is not None
        and delivery.state == WAITING
        and (delivery.round, delivery.attempts + 1) == (payload["round"], payload["attempt"])
    )


def send_again(session: TenantSession, host: Host, delivery: Delivery) -> None:
    """The delivery is sent anew, with the same id and content, whatever came of it; one that waits is sent now."""
    delivery.state, delivery.round, delivery.attempts = WAITING, delivery.round + 1, 0
    delivery.resting, delivery.done_at, delivery.fault = False, None, None
    attempt_at(session, host, delivery, host.clock.now())
