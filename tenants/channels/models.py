"""Registers of the outside: robots in group chats, subscriptions of integrations, and people's own wishes."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import Integer, String, Text, Time
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.channels.quiet import QUIET_FROM, QUIET_TO
from guanjia.db.base import CompanyScoped
from guanjia.db.types import JsonText, UtcDateTime
from guanjia.steps.models import CompanyCase
from tenants.models import CompanyRegister


class GroupRobot(CompanyCase):
    """A robot in a group chat of a site, or of the company where `site_id` is None. Retired: nothing goes there.

    The address is the key to the group, so it is sealed like the secret; `address_end` tells people which one it is.
    """

    __tablename__ = "tenants_group_robot"
    title: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))  # wecom | dingtalk | feishu
    sealed_address: Mapped[str] = mapped_column(Text, default="", info={"sealed": True})
    sealed_secret: Mapped[str] = mapped_column(Text, default="", info={"sealed": True})
    address_end: Mapped[str] = mapped_column(String(8), default="")
    urgent: Mapped[bool] = mapped_column(default=True)
    roles: Mapped[list[str]] = mapped_column(JsonText, default=list)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    quiet_from: Mapped[time] = mapped_column(Time, default=QUIET_FROM)
    quiet_to: Mapped[time] = mapped_column(Time, default=QUIET_TO)


class Webhook(CompanyRegister):
    """An integration that is told of steps. `sites` are those it is told of, none: all.

    `sealed_secrets` are [{"sealed": …, "until": moment or None}], newest first, at most two: after a change of secret
    both sign until the old one's time is over.
    """

    __tablename__ = "tenants_webhook"
    title: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(500), info={"private": True})
    events: Mapped[list[str]] = mapped_column(JsonText, default=list)
    sites: Mapped[list[str]] = mapped_column(JsonText, default=list)
    sealed_secrets: Mapped[list[dict[str, Any]]] = mapped_column(JsonText, default=list, info={"sealed": True})
    secret_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoticeWish(CompanyScoped):
    """How a member of staff wants to be told outside the application; `id` is theirs. Nobody without a row is."""

    __tablename__ = "tenants_notice_wish"
    address: Mapped[str] = mapped_column(String(254), default="")
    how: Mapped[str] = mapped_column(String(20), default="in_app")  # in_app | at_once | digest
    digest_hour: Mapped[int] = mapped_column(Integer, default=8)
    quiet_from: Mapped[time] = mapped_column(Time, default=QUIET_FROM)
    quiet_to: Mapped[time] = mapped_column(Time, default=QUIET_TO)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
