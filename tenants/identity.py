"""Tables of sign-in: passwords, sessions, tokens, throttling, and the operators, who stand outside every company."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.db.base import STAFF_TABLE, Base, CompanyScoped, reference
from guanjia.db.types import JsonText, UtcDateTime
from guanjia.steps.models import CompanyCase


class Credential(CompanyScoped):
    """The password of a member of staff; `id` is theirs. Apart from the person's row: no journal may hold it."""

    __tablename__ = "tenants_credential"
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    former: Mapped[list[str]] = mapped_column(
        JsonText, default=list
    )  # hashes, newest first, while the policy wants them


class SecondFactor(CompanyScoped):
    """The authenticator of a member of staff; `id` is theirs. A row exists once a code has confirmed it.

    `secret` is sealed with a key outside the database; of the recovery codes only hashes are kept, and none twice used.
    """

    __tablename__ = "tenants_second_factor"
    secret: Mapped[str] = mapped_column(String(400))
    last_step: Mapped[int] = mapped_column(BigInteger)  # the time step of the last code taken: no earlier one counts
    recovery: Mapped[list[str]] = mapped_column(JsonText, default=list)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginSession(CompanyScoped):
    """One signed-in browser, or one bearer token from `POST /api/v1/session` (then `digest` is its secret's).

    `stage` says what is still owed: `code` (the password was right, nobody is signed in yet), `password` (an own one
    first), `enrol` (a second factor first); empty: nothing. `tries` counts wrong codes.
    """

    __tablename__ = "tenants_login_session"
    staff_id: Mapped[UUID] = reference(STAFF_TABLE)
    kind: Mapped[str] = mapped_column(String(10))  # page | bearer
    stage: Mapped[str] = mapped_column(String(10), default="")
    tries: Mapped[int] = mapped_column(Integer, default=0)
    digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(60), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A person's own, newest first; a bearer's by its secret."""
        return (
            Index("ix_tenants_login_session_staff", "company_id", "staff_id", "created_at"),
            UniqueConstraint("company_id", "digest"),
        )


class ApiToken(CompanyCase):
    """A token for an integration, acting as its owner within `scopes` (permissions; empty: all of the owner's).

    The secret is shown once, to its maker; `digest` is its SHA-256. States: active, retired (revoked).
    """

    __tablename__ = "tenants_api_token"
    name: Mapped[str] = mapped_column(String(60))
    staff_id: Mapped[UUID] = reference(STAFF_TABLE, index=True)
    digest: Mapped[str] = mapped_column(String(64), info={"private": True})
    scopes: Mapped[list[str]] = mapped_column(JsonText, default=list)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by its secret."""
        return (UniqueConstraint("company_id", "digest"),)


class SignInThrottle(Base):
    """Failed attempts under one key (a keyed hash of company, account and address), and until when to wait.

    Outside the walls: an unknown company must be throttled just as a known one, or the delay would tell them apart.
    """

    __tablename__ = "tenants_sign_in_throttle"
    __table_args__ = {"info": {"outside_walls": True}}
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Operator(Base):
    """Whoever runs the installation: creates and suspends companies, and reads none of their cases."""

    __tablename__ = "tenants_operator"
    __table_args__ = {"info": {"outside_walls": True}}
    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    account: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    factor: Mapped[str | None] = mapped_column(String(400))  # the sealed secret of a second factor
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    recovery: Mapped[list[str]] = mapped_column(JsonText, default=list)


class OperatorSession(Base):
    """One signed-in browser of an operator."""

    __tablename__ = "tenants_operator_session"
    __table_args__ = {"info": {"outside_walls": True}}
    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    operator_id: Mapped[UUID] = mapped_column(Uuid(), index=True)
    stage: Mapped[str] = mapped_column(String(10), default="")  # `code`: the second factor is still owed
    tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
