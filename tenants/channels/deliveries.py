"""What was sent outside, as its page lists it: to whom, about what, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from guanjia.channels.models import DELIVERED, DROPPED, FAILED, MAIL, ROBOT, WAITING, WEBHOOK, Delivery
from guanjia.sdk import Loader, Message, words
from guanjia.words import Label
from tenants.channels import permissions
from tenants.channels.models import GroupRobot, Webhook

_ = words("tenants")

PAGE = 40
CHANNELS: Mapping[str, Label] = {MAIL: _("E-mail"), ROBOT: _("Group robot"), WEBHOOK: _("Webhook")}
STATES: Mapping[str, tuple[Label, str]] = {
    WAITING: (_("Waiting"), "info"), DELIVERED: (_("Delivered"), "success"), FAILED: (_("Failed"), "danger"),
    DROPPED: (_("Not needed any more"), "neutral"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery. `replays` is the flow of its receiver, where it can be sent anew."""

    id: UUID
    at: datetime
    channel: Label
    receiver: str
    about: Label | str
    state: Label
    tone: str
    attempts: int
    status: int | None
    took_ms: int | None
    next_at: datetime | None
    fault: str
    target_id: UUID
    replays: str | None

    @property
    def field(self) -> str:
        """What the step that sends it anew calls it."""
        return "message" if self.replays == "tenants.robot" else "delivery"


def rows(
    loader: Loader, *, state: str = "", target: UUID | None = None, before: UUID | None = None, one: UUID | None = None
) -> Sequence[Delivery]:
    """The newest deliveries of the place, at most a page and one more; with `one` that one alone."""
    query = select(Delivery).where(*_seen(loader))
    if one is not None:
        query = query.where(Delivery.id == one)
    if state in STATES:
        query = query.where(Delivery.state == state)
    if target is not None:
        query = query.where(Delivery.target_id == target)
    last = None
    if before is not None:
        last = loader.session.scalars(select(Delivery).where(*_seen(loader), Delivery.id == before)).first()
    if last is not None:
        query = query.where(
            or_(Delivery.created_at < last.created_at,
                (Delivery.created_at == last.created_at) & (Delivery.id < last.id))
        )  # fmt: skip
    return loader.session.scalars(query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(PAGE + 1)).all()


def lines(loader: Loader, found: Sequence[Delivery]) -> list[Line]:
    """Deliveries as people read them."""
    receivers = _receivers(loader, found)
    return [_line(loader, row, receivers) for row in found]


def counts(loader: Loader) -> dict[UUID, dict[str, int]]:
    """How many deliveries of each receiver stand in each state."""
    query = select(Delivery.target_id, Delivery.state, func.count()).where(*_seen(loader))
    found: dict[UUID, dict[str, int]] = {}
    for target, state, n in loader.session.execute(query.group_by(Delivery.target_id, Delivery.state)):
        found.setdefault(target, {})[state] = n
    return found


def _seen(loader: Loader) -> list[Any]:
    """What the reader may see of it: of their place, and of webhooks only with the permission for those."""
    seen = [Delivery.company_id == loader.company_id, *loader.here(Delivery)]
    if not loader.may(permissions.WEBHOOKS.key) or loader.site is not None:
        seen.append(Delivery.kind != WEBHOOK)
    if not loader.may(permissions.ROBOTS.key):
        seen.append(Delivery.kind == WEBHOOK)
    if loader.site is not None:  # a group of the company hears of this site too; that is not the site's to see
        own = select(GroupRobot.id).where(
            GroupRobot.company_id == loader.company_id, GroupRobot.site_id == loader.site.id
        )
        seen.append(or_(Delivery.kind != ROBOT, Delivery.target_id.in_(own)))
    return seen


def _receivers(loader: Loader, rows: Sequence[Delivery]) -> dict[UUID, str]:
    def ids(kind: str) -> Iterable[UUID]:
        return {row.target_id for row in rows if row.kind == kind}

    return {
        **loader.names(ids(MAIL)),
        **{i: row.title for i, row in loader.by_id(GroupRobot, ids(ROBOT)).items()},
        **{i: row.title for i, row in loader.by_id(Webhook, ids(WEBHOOK)).items()},
    }


def _line(loader: Loader, row: Delivery, receivers: Mapping[UUID, str]) -> Line:
    title, tone = STATES[row.state]
    return Line(
        row.id, row.created_at, CHANNELS[row.kind], receivers.get(row.target_id, "—"), _about(loader, row), title, tone,
        row.attempts, row.status, row.took_ms, row.next_at if row.state == WAITING else None,
        str(Message.from_json(row.fault)) if row.fault else "", row.target_id,
        {ROBOT: "tenants.robot", WEBHOOK: "tenants.webhook"}.get(row.kind),
    )  # fmt: skip


def _about(loader: Loader, row: Delivery) -> Label | str:
    if row.about == "guanjia.test":
        return _("Test")
    if row.content.get("digest"):
        return _("Notices of the day")
    rule = loader.host.texts.get(row.about)
    if rule is not None:
        return rule.title
    flow, _dot, name = row.about.rpartition(".")
    found = loader.host.flows.get(flow)
    return (
        _("%(flow)s: %(step)s", flow=found.title, step=found.steps[name].title)
        if found and name in found.steps
        else row.about
    )
