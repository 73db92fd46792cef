"""Service requests in a test: brought as far as it needs by the steps that people take, and what came of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from guanjia.rules.reason import Reason
from guanjia.sdk import Message
from guanjia.steps import deadlines
from guanjia.steps.approvals import signatures_of
from guanjia.steps.models import Approval, Deadline, JournalEntry, Notification, Signature, Task
from guanjia.steps.outcome import Done
from guanjia.steps.view import ReasonView, reason_view
from guanjia.testing import refusal, run_timers, waiting
from guanjia.words import speaking
from office import Office, Person
from plugins.customer_service.models import ServiceRequest

R = "customer_service.request"
ZONE = ZoneInfo("Asia/Shanghai")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
VISIT = ("badge_worn", "rang_or_knocked", "consent_given", "nothing_damaged", "left_clean")

F = TypeVar("F", bound=Callable[..., Any])


def clause(piece: int, number: str) -> Callable[[F], F]:
    """Name the clause that a test is about; tests/regulations counts that none is left out."""

    def mark(test: F) -> F:
        return test

    return mark


def rule(name: str) -> str:
    """The full key of a rule of customer service."""
    return f"customer_service.{name}"


def site_time(text: str) -> datetime:
    """A moment as the site's clock shows it: `2026-11-20 16:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Requests:
    """Service requests of one office, and the people who take their steps."""

    office: Office
    nth: int = field(default=0)
    flow: ClassVar[str] = R
    model: ClassVar[type[Any]] = ServiceRequest

    def full(self, step: str) -> str:
        """The full key of a step of the flow; one that is full already stays."""
        return step if "." in step else f"{self.flow}.{step}"

    # ------------------------------------------------------------------ steps

    def person(self, role: str) -> Person:
        """Whoever holds the role at this office."""
        return self.office.person(role)

    def by(self, role: str, step: str, case: UUID | None = None, /, **form: Any) -> Done:
        """Whoever holds the role takes a step of the flow, or of another one if its full key is given."""
        return self.person(role).takes(self.full(step), case, **form)

    def denied(
        self, by: str | Iterable[str], role: str, step: str, case: UUID | None = None, /, **form: Any
    ) -> list[Reason]:
        """The step is denied by exactly these rules; each shows its clause, and the denial stands in the journal."""
        expected = [by] if isinstance(by, str) else list(by)
        before = self.row(case) if case else None
        reasons = refusal(self.person(role).takes, self.full(step), case, form)
        assert [r.rule for r in reasons] == [rule(key) for key in expected]
        for reason in reasons:
            self.shown(reason)
        entry = self.journal(case, step)[-1]
        assert entry["outcome"] == "denied"
        assert [v["rule"] for v in entry["verdicts"] if v["outcome"] == "deny" and "excepted_by" not in v] == [
            rule(key) for key in expected
        ]
        if before is not None:
            assert (self.row(case).version, self.row(case).state) == (before.version, before.state)
        return reasons

    def waits(self, asked: Mapping[str, str], role: str, step: str, case: UUID, /, **form: Any) -> UUID:
        """The step waits for these rules and roles, in this order; answers with the approval's id."""
        before = self.row(case)
        found = waiting(self.person(role).takes, self.full(step), case, form)
        assert [(r.rule, r.role) for r in found.reasons] == [(rule(key), who) for key, who in asked.items()]
        for reason in found.reasons:
            self.shown(reason)
        assert self.journal(case, step)[-1]["outcome"] == "waiting"
        assert self.row(case).version == before.version
        assert self.approval(found.approval_id).state == "waiting"
        return found.approval_id

    def shown(self, reason: Reason) -> ReasonView:
        """What a person sees of it: the clause's number and what it asks, in both languages, and what is wrong in words."""
        text = self.office.company.host.texts[reason.rule]
        with self.office.system.reading() as loader:
            for language in ("zh", "en"):
                with speaking(language):
                    view = reason_view(loader, reason)
                    assert view.clauses == tuple((c.ref, str(c.asks)) for c in text.clauses)
                    assert all(number and asks for number, asks in view.clauses)
                    assert view.message and "%(" not in view.message
        return view

    def grants(self, approval: UUID, role: str) -> None:
        """The holder of the role says yes; after the last yes the step is carried out."""
        self.by(role, "guanjia.approval.grant", approval)
        self.settle()

    # ------------------------------------------------------------------ requests as far as a test needs them

    def household(self) -> str:
        """Another household of the office each time."""
        self.nth += 1
        return str(self.office.household(self.nth % 6))

    def intake(self, category: str, *, in_home: bool = True, **form: Any) -> dict[str, Any]:
        """What reception enters: everything that the regulation asks for."""
        where = {"household_id": self.household()} if in_home else {"place": "东门岗亭"}
        return {"category": category, "content": "请派人来看", "within_capability": "yes", **where, **form}

    def dispatched(self, category: str = "power_lighting", *, in_home: bool = True, **form: Any) -> UUID:
        """Taken in by reception, and with its department."""
        done = self.by("receptionist", "receive", **self.intake(category, in_home=in_home, **form))
        assert done.state == "dispatched"
        return done.case_id

    def undecided(self, category: str = "power_lighting", **form: Any) -> UUID:
        """Taken in, but it is unclear whether the centre can do it."""
        done = self.by("receptionist", "receive", **self.intake(category, **{"within_capability": "unclear", **form}))
        assert done.state == "received"
        return done.case_id

    def reported(self, category: str = "water_supply", **form: Any) -> UUID:
        """Found by a technician, in reception's queue."""
        return self.by(
            "repair_technician", "report", **{"place": "2号楼地下室", "category": category, "content": "积水", **form}
        ).case_id

    def opened(self, category: str = "power_lighting", **form: Any) -> UUID:
        """With an open handling sheet, and all that has to be agreed or checked before work."""
        case = self.dispatched(category, **form)
        self.by("department_head", "open_sheet", case)
        row = self.row(case)
        if row.kind == "installation":
            self.by("repair_technician", "check_equipment", case)
        if row.kind in ("cleaning", "security") and row.household_id is not None:
            self.by(
                "receptionist", "agree_appointment", case, appointment_at=self.after(hours=2), details="两小时，带梯子"
            )
        return case

    def in_progress(self, category: str = "power_lighting", **form: Any) -> UUID:
        """Work has begun."""
        case = self.opened(category, **form)
        self.by("repair_technician", "take", case)
        self.by("repair_technician", "start", case)
        return case

    def completion(self, role: str = "repair_technician", *, in_home: bool = True, **form: Any) -> dict[str, Any]:
        """A complete report of finished work, with the signatures drawn."""
        signed = {"worker_signature": self.signature(role)}
        if in_home:
            signed |= {"resident_signature": self.signature(role), "visit_steps": list(VISIT)}  # type: ignore[dict-item]
        return {
            "work_done": "换了一截水管", "materials": [{"name": "PPR管", "quantity": "1.5", "unit": "米"}],
            "finished_at": self.now.isoformat(), "total_minutes": 45, **signed, **form,
        }  # fmt: skip

    def finished(self, category: str = "power_lighting", *, in_home: bool = True, **form: Any) -> UUID:
        """Done and reported, with everything on the sheet."""
        case = self.in_progress(category, in_home=in_home, **form)
        self.completes(case, in_home=in_home)
        return case

    def completes(self, case: UUID, *, in_home: bool = True, **form: Any) -> Done:
        """The technician reports the finished work."""
        return self.by("repair_technician", "complete", case, **self.completion(in_home=in_home, **form))

    def handed_in(
        self, category: str = "power_lighting", *, reviewed: bool = True, in_home: bool = True, **form: Any
    ) -> UUID:
        """The sheet is at reception, reviewed and signed unless told otherwise."""
        case = self.finished(category, in_home=in_home, **form)
        if reviewed:
            self.by("department_head", "review", case)
        self.by("department_head", "hand_in", case)
        return case

    def mismatched(self, category: str = "power_lighting") -> UUID:
        """At the revisit the resident told it otherwise than the report."""
        case = self.handed_in(category)
        self.by("receptionist", "revisit", case, answer="水还在滴", satisfied=False, agrees=False)
        return case

    def returned(self, category: str = "power_lighting") -> UUID:
        """Returned unsolved, signed and explained by the head of the department."""
        case = self.opened(category)
        self.by("department_head", "return_unsolved", case, reason="没有配件", explained=True)
        return case

    def signature(self, role: str = "repair_technician") -> str:
        """A signature drawn on the role holder's screen."""
        return str(self.office.company.host.files.keep(self.person(role).context, "signature.png", PNG))

    # ------------------------------------------------------------------ time

    @property
    def now(self) -> datetime:
        """The clock of the test, UTC."""
        return self.office.company.host.clock.now()

    def after(self, **span: int) -> str:
        """A moment from now on, as a form takes it."""
        return (self.now + timedelta(**span)).isoformat()

    def clock(self, text: str) -> None:
        """Put the clock to a moment of site time, before anything is under way."""
        self.office.company.host.clock.set(site_time(text))

    def until(self, moment: datetime | str | None) -> None:
        """Let time go by until the moment, timers firing in order."""
        assert moment is not None
        run_timers(self.office.company.host, site_time(moment) if isinstance(moment, str) else moment)

    def today(self) -> date:
        """The site's date."""
        return self.now.astimezone(ZONE).date()

    def settle(self) -> None:
        """Carry out what waits in the outbox."""
        self.office.company.settle()

    # ------------------------------------------------------------------ what came of it

    def row(self, case: UUID | None) -> Any:
        """The case as it stands."""
        assert case is not None
        with self.office.system.reading() as loader:
            row = loader.get(self.model, case)
        assert row is not None
        return row

    def state(self, case: UUID) -> str:
        """Its state."""
        return self.row(case).state

    def dates(self, case: UUID, name: str = "finish") -> list[Deadline]:
        """All dates of that name, in the order in which they were set."""
        with self.office.system.reading() as loader:
            return [d for d in deadlines.history(loader.session, self.flow, [case])[case] if d.name == name]

    def due(self, case: UUID, name: str = "finish") -> datetime | None:
        """The date of that name that is open; None if there is none, or it is still to be agreed."""
        return next((d.due_at for d in self.dates(case, name) if d.state == "open"), None)

    def journal(self, case: UUID | None, step: str) -> list[dict[str, Any]]:
        """The journal's entries about the step, oldest first."""
        with self.office.system.reading() as loader:
            query = select(JournalEntry.body).where(
                JournalEntry.company_id == loader.company_id,
                JournalEntry.step == self.full(step),
                JournalEntry.case_id == case,
            )
            return [msgspec.json.decode(body) for body in loader.session.scalars(query.order_by(JournalEntry.seq))]

    def notices(self, role: str, key: str | None = None, *, case: UUID | None = None) -> list[Notification]:
        """What the holder of the role was told (in the name of the rule), oldest first."""
        self.settle()
        with self.office.system.reading() as loader:
            query = select(Notification).where(
                Notification.company_id == loader.company_id, Notification.staff_id == self.person(role).id
            )
            found = list(loader.session.scalars(query.order_by(Notification.at, Notification.id)))
        return [
            n for n in found if key in (None, n.rule, (n.rule or "").split(".", 1)[-1]) and case in (None, n.case_id)
        ]

    def tasks(self, key: str, case: UUID | None = None) -> list[Task]:
        """The tasks that a rule made at this office (for the case), oldest first."""
        self.settle()
        with self.office.system.reading() as loader:
            query = select(Task).where(
                Task.company_id == loader.company_id, Task.site_id == self.office.id, Task.rule == rule(key)
            )
            found = list(loader.session.scalars(query.order_by(Task.opened_at, Task.id)))
        return [t for t in found if case in (None, t.target_id)]

    def approval(self, approval: UUID) -> Approval:
        """The approval as it stands."""
        with self.office.system.reading() as loader:
            row = loader.get(Approval, approval)
        assert row is not None
        return row

    def signatures(self, approval: UUID) -> list[Signature]:
        """The signatures that the approval needs, in order."""
        with self.office.system.reading() as loader:
            return signatures_of(loader.session, approval)


def words_of(notice: Notification) -> str:
    """The English message id of a notice, by which a test knows it."""
    return Message.from_json(notice.message).id
