"""Tables of the step pipeline. Journal rows are written once; the application's role may not change or delete them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.db.base import STAFF_TABLE, Base, CompanyScoped, MaybeSiteScoped, SiteScoped, reference
from guanjia.db.types import JsonText, UtcDateTime


class Tenant(Base):
    """The directory of companies: outside the walls, since it leads to them. Holds no more than that.

    `version` moves with every change of settings, sites, staff or roles, so that every process refreshes what it keeps.
    """

    __tablename__ = "guanjia_tenant"
    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(String(20), default="active")  # active | suspended
    version: Mapped[int] = mapped_column(Integer, default=1)


class Beacon(Base):
    """That a company has a message due at a moment. Outside the walls: the relay finds here which company to open.

    Rows are only added by steps and only deleted by the relay, so that no two steps wait for each other here.
    """

    __tablename__ = "guanjia_beacon"
    __table_args__ = {"info": {"outside_walls": True}}
    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Uuid())
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Case(SiteScoped):
    """A record with a life at one site. Only steps of its flow change it."""

    __abstract__ = True
    state: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer, default=1)
    rulebook_id: Mapped[UUID] = mapped_column(Uuid())
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CompanyCase(MaybeSiteScoped):
    """A record with a life that belongs to the company, or to one of its sites."""

    __abstract__ = True
    state: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer, default=1)
    rulebook_id: Mapped[UUID | None] = mapped_column(Uuid())
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StoredRulebook(CompanyScoped):
    """A rulebook under its content's hash; never rewritten."""

    __tablename__ = "guanjia_rulebook"
    body: Mapped[dict[str, Any]] = mapped_column(JsonText)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JournalEntry(MaybeSiteScoped):
    """One step, done, denied or waiting: a link of the hash chain of its site (of the company for HQ's own acts).

    `body` is canonical JSON text: what was hashed is what is stored. `chain_id` is the site's id, or the company's.
    """

    __tablename__ = "guanjia_journal"
    chain_id: Mapped[UUID] = mapped_column(Uuid())
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    step: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))  # done | denied | waiting | late
    case_id: Mapped[UUID | None] = mapped_column(Uuid())
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A link's place in its chain is unique; a case's timeline and a step's decisions are found by index."""
        return (
            UniqueConstraint("company_id", "chain_id", "seq"),
            Index("ix_guanjia_journal_case", "company_id", "case_id", "seq"),
            Index("ix_guanjia_journal_step", "company_id", "site_id", "step", "at"),
        )


class JournalDetail(CompanyScoped):
    """Personal values and free text of an entry, salted: the entry holds their hash, and they alone can be erased."""

    __tablename__ = "guanjia_journal_detail"
    salt: Mapped[str] = mapped_column(String(32))
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_by: Mapped[UUID | None] = mapped_column(Uuid())


class JournalHead(CompanyScoped):
    """The last link of each chain (`id` is the chain's), locked while the next is written."""

    __tablename__ = "guanjia_journal_head"
    seq: Mapped[int] = mapped_column(Integer, default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")


class Series(SiteScoped):
    """The last number given, per site, kind and year."""

    __tablename__ = "guanjia_series"
    kind: Mapped[str] = mapped_column(String(80))
    year: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer, default=0)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One series per site, kind and year."""
        return (UniqueConstraint("company_id", "site_id", "kind", "year"),)


class Deadline(MaybeSiteScoped):
    """When a case's next thing is due. A new date is a new row; all dates stay in the history.

    `due_at` None: to be agreed. States: open, met, superseded, cancelled. `breached_at` is set once it has passed.
    """

    __tablename__ = "guanjia_deadline"
    flow: Mapped[str] = mapped_column(String(80))
    case_id: Mapped[UUID] = mapped_column(Uuid())
    name: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20), default="open")
    cause: Mapped[str] = mapped_column(String(40), default="rule")  # rule | extension | agreed | recomputed
    provisional: Mapped[bool] = mapped_column(default=False)
    owed_by: Mapped[str | None] = mapped_column(String(60))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late_excused: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by case, and by what is open at a site in order of date."""
        return (
            Index("ix_guanjia_deadline_case", "company_id", "flow", "case_id"),
            Index("ix_guanjia_deadline_open", "company_id", "site_id", "state", "due_at"),
        )


class ClockStop(MaybeSiteScoped):
    """A time during which a case's clock stood still, with its reason code."""

    __tablename__ = "guanjia_clock_stop"
    flow: Mapped[str] = mapped_column(String(80))
    case_id: Mapped[UUID] = mapped_column(Uuid())
    reason: Mapped[str] = mapped_column(String(60))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    to_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by case."""
        return (Index("ix_guanjia_clock_stop_case", "company_id", "flow", "case_id"),)


class Approval(CompanyCase):
    """A step that waits: step, form, requester and the values asked about. States: waiting, granted, rejected, lapsed,
    withdrawn. At the last yes the step runs as the requester with the time at which it was asked."""

    __tablename__ = "guanjia_approval"
    step: Mapped[str] = mapped_column(String(120))
    target_id: Mapped[UUID | None] = mapped_column(Uuid())
    requester_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    form: Mapped[dict[str, Any]] = mapped_column(JsonText, info={"private": True})
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by when the signatures are wanted
    result_id: Mapped[UUID | None] = mapped_column(Uuid())
    outcome: Mapped[Any] = mapped_column(JsonText, nullable=True, info={"private": True})

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by the case that waits, and by what waits at a site."""
        return (
            Index("ix_guanjia_approval_target", "company_id", "target_id"),
            Index("ix_guanjia_approval_waiting", "company_id", "site_id", "state"),
        )


class Signature(CompanyScoped):
    """One yes that an approval needs, in order; given by the holder of the role, or by the holder's deputy."""

    __tablename__ = "guanjia_signature"
    approval_id: Mapped[UUID] = reference("guanjia_approval", index=True)
    position: Mapped[int] = mapped_column(Integer)
    rule: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(60))
    about: Mapped[dict[str, Any]] = mapped_column(JsonText)
    message: Mapped[dict[str, Any]] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(String(20), default="waiting")  # waiting | granted | rejected
    decided_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    on_behalf_of: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")


class Task(CompanyCase):
    """Something owed by a role or a person: made by a duty or a reaction. States: open, done, excused, cancelled."""

    __tablename__ = "guanjia_task"
    rule: Mapped[str] = mapped_column(String(120))
    title: Mapped[dict[str, Any]] = mapped_column(JsonText)
    role: Mapped[str | None] = mapped_column(String(60))
    staff_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    period: Mapped[str] = mapped_column(String(20), default="")
    owed: Mapped[int] = mapped_column(Integer, default=1)
    met: Mapped[int] = mapped_column(Integer, default=0)
    met_by: Mapped[list[str]] = mapped_column(JsonText, default=list)
    target_flow: Mapped[str | None] = mapped_column(String(80))
    target_id: Mapped[UUID | None] = mapped_column(Uuid())
    origin: Mapped[str] = mapped_column(String(160))  # what made it, so that it is made once
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="", info={"private": True})

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Made once per origin; found by what is open at a site, and by the case it is about."""
        return (
            UniqueConstraint("company_id", "origin"),
            Index("ix_guanjia_task_open", "company_id", "site_id", "state", "due_at"),
            Index(
                "ix_guanjia_task_target",
                "company_id",
                "target_id",
                postgresql_where=text("target_id IS NOT NULL"),
                sqlite_where=text("target_id IS NOT NULL"),
            ),
        )


class DutyMark(CompanyScoped):
    """Up to where the tasks of a periodic duty are made: `digest` names the sites and what each of them owes in the period,
    so that a second round, or one after a site was added, sees at once what is left to do."""

    __tablename__ = "guanjia_duty_mark"
    rule: Mapped[str] = mapped_column(String(120))
    period: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One mark per rule and period."""
        return (UniqueConstraint("company_id", "rule", "period"),)


class Notification(MaybeSiteScoped):
    """An in-app notice to one member of staff. `message` is rendered in the reader's language."""

    __tablename__ = "guanjia_notification"
    staff_id: Mapped[UUID] = reference(STAFF_TABLE)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    message: Mapped[dict[str, Any]] = mapped_column(JsonText)
    rule: Mapped[str | None] = mapped_column(String(120))
    flow: Mapped[str | None] = mapped_column(String(80))
    case_id: Mapped[UUID | None] = mapped_column(Uuid())
    urgent: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    origin: Mapped[str] = mapped_column(String(160))

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One notice per origin and person; a person's own, newest first."""
        return (
            UniqueConstraint("company_id", "origin", "staff_id"),
            Index("ix_guanjia_notification_staff", "company_id", "staff_id", "at"),
        )


class OutboxMessage(MaybeSiteScoped):
    """Something to carry out after the commit, now or at `run_after`; timers are messages with a later time.

    States: waiting, done, dead (tried too often: see FailedMessage), dropped (given up). `dedupe` makes a message once.
    `leased_until` keeps other relays away; `in_hand`: under that lease somebody is carrying it out at this moment.
    """

    __tablename__ = "guanjia_outbox"
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JsonText)
    dedupe: Mapped[str | None] = mapped_column(String(200))
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    in_hand: Mapped[bool] = mapped_column(default=False)
    fault: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Made once per `dedupe`; found by what is due."""
        return (
            UniqueConstraint("company_id", "dedupe"),
            Index("ix_guanjia_outbox_due", "company_id", "state", "run_after"),
        )


class FailedMessage(CompanyScoped):
    """A message that was tried too often, as headquarters sees it. States: failed, retried, dropped.

    It belongs to the company; `place_id` is the site that the message was about. `fault` names the kind of fault, never
    its text, which may hold personal values: that stands in the log under the message's id.
    """

    __tablename__ = "guanjia_failed_message"
    state: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer, default=1)
    rulebook_id: Mapped[UUID | None] = mapped_column(Uuid())
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_id: Mapped[UUID] = mapped_column(Uuid())
    kind: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(120))  # the rule, step or job that wanted it
    about_flow: Mapped[str | None] = mapped_column(String(80))
    about_id: Mapped[UUID | None] = mapped_column(Uuid())
    place_id: Mapped[UUID | None] = mapped_column(Uuid())
    fault: Mapped[str] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(Integer)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by what still waits for somebody's decision, and by the message."""
        return (
            Index("ix_guanjia_failed_message_state", "company_id", "state", "opened_at"),
            Index("ix_guanjia_failed_message_message", "company_id", "message_id"),
        )


class StoredFile(MaybeSiteScoped):
    """An uploaded file: kept outside the web root under its checksum; pending until a step takes it to a case."""

    __tablename__ = "guanjia_file"
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    flow: Mapped[str | None] = mapped_column(String(80))
    case_id: Mapped[UUID | None] = mapped_column(Uuid())
    step: Mapped[str | None] = mapped_column(String(120))
    field: Mapped[str | None] = mapped_column(String(60))

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by case."""
        return (Index("ix_guanjia_file_case", "company_id", "case_id"),)


class Answered(CompanyScoped):
    """The answer given under an Idempotency-Key, so that a repeated request answers as the first did."""

    __tablename__ = "guanjia_answered"
    key: Mapped[str] = mapped_column(String(200))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    request: Mapped[str] = mapped_column(String(64))
    answer: Mapped[Any] = mapped_column(JsonText, nullable=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One answer per key and actor."""
        return (UniqueConstraint("company_id", "actor_id", "key"),)


class PluginFaultCount(CompanyScoped):
    """How often a part of a plugin failed for the company, and when last. `error` is type and place, never a value."""

    __tablename__ = "guanjia_plugin_fault"
    plugin: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(160))
    error: Mapped[str] = mapped_column(String(200))
    count: Mapped[int] = mapped_column(Integer, default=0)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One row per part of a plugin."""
        return (UniqueConstraint("company_id", "plugin", "kind", "subject"),)


__all__ = [name for name, value in list(globals().items()) if isinstance(value, type) and issubclass(value, Base)]
