"""What was sent outside, or is about to be."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.db.base import MaybeSiteScoped
from guanjia.db.types import JsonText, UtcDateTime

MAIL, ROBOT, WEBHOOK = "mail", "robot", "webhook"
WAITING, DELIVERED, FAILED, DROPPED = "waiting", "delivered", "failed", "dropped"


class Delivery(MaybeSiteScoped):
    """One message to one person, group or integration, over one channel; the outbox carries out its attempts.

    States: waiting, delivered, failed (tried too often, or refused for good), dropped (not wanted any more). `content`
    holds ids and values, and what was said as messages; a webhook's is what it is sent. `round` counts replays,
    `attempts` the tries of the present round. `resting`: the last fault was the receiver's as a whole, so that others
    for it wait until `next_at` too. `fault` is a message.
    """

    __tablename__ = "guanjia_delivery"
    kind: Mapped[str] = mapped_column(String(20))  # mail | robot | webhook
    target_id: Mapped[UUID] = mapped_column(Uuid())  # the person, the robot, the subscription
    origin: Mapped[str] = mapped_column(String(160))  # what made it, so that it is made once
    about: Mapped[str] = mapped_column(String(120))  # the step or rule that it is about
    urgent: Mapped[bool] = mapped_column(default=False)
    content: Mapped[dict[str, Any]] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(String(20), default=WAITING)
    round: Mapped[int] = mapped_column(Integer, default=1)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    resting: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None] = mapped_column(Integer)  # of the last answer: HTTP's or SMTP's
    took_ms: Mapped[int | None] = mapped_column(Integer)
    fault: Mapped[Any] = mapped_column(JsonText, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Made once per origin; listed by time, and by receiver."""
        return (
            UniqueConstraint("company_id", "origin"),
            Index("ix_guanjia_delivery_created", "company_id", "created_at"),
            Index("ix_guanjia_delivery_target", "company_id", "target_id", "created_at"),
            Index("ix_guanjia_delivery_resting", "company_id", "kind", "state", "resting"),
        )
