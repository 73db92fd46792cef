"""The story: one repair request at each office, from intake to closing, told line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.errors import Refused, Waiting
from guanjia.rules.reason import Reason
from guanjia.sdk import Context
from guanjia.steps import deadlines
from guanjia.steps.approvals import waiting_for
from guanjia.steps.view import ReasonView, reason_view
from guanjia.testing import run_timers
from plugins.demo.signature import scribble
from plugins.demo.world import Office, World
from plugins.registry.public import Household, Unit

REQUEST = "customer_service.request"
VISIT_STEPS = ("badge_worn", "rang_or_knocked", "consent_given", "nothing_damaged", "left_clean")


@dataclass
class Line:
    """One step of the story: when, who, what, and how it was decided."""

    at: datetime
    site: str
    who: str
    role: str
    step: str
    outcome: str  # allow | deny | wait | done (after the signature it waited for)
    number: str = ""
    asked: list[str] = field(default_factory=list)
    reasons: list[ReasonView] = field(default_factory=list)
    excepted: list[ReasonView] = field(default_factory=list)
    deadlines: list[tuple[str, datetime | None]] = field(default_factory=list)
    waits_for: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The line as data."""
        return {
            "at": self.at.isoformat(), "site": self.site, "who": self.who, "role": self.role, "step": self.step,
            "outcome": self.outcome, "number": self.number, "rules_asked": self.asked,
            "reasons": [reason.to_json() for reason in self.reasons],
            "deadlines": [{"name": n, "due_at": d.isoformat() if d else None} for n, d in self.deadlines],
            "waits_for": self.waits_for,
        }  # fmt: skip


class Teller:
    """Takes the story's steps and tells each as a line."""

    def __init__(self, world: World, tell: Any, go: Callable[[datetime], None] | None = None) -> None:
        self.world = world
        self._go = go or (lambda until: run_timers(world.host, until))
        self.lines: list[Line] = []
        self._tell = tell

    def act(
        self, office: Office, who: str, step: str, case_id: UUID | None, form: Mapping[str, Any] | None = None
    ) -> UUID | None:
        """Take a step as a member of staff; a denial or a wait is part of the story."""
        host = self.world.host
        caller = self.world.at(office, who)
        line = Line(
            host.clock.now(), office.code, office.names[who], _role_of(who), str(host.step(step).title), "allow"
        )
        result = case_id
        reasons: list[Reason] = []
        excepted: list[Reason] = []
        try:
            done = caller.perform(step, case_id, form)
            result = done.case_id
            asked = [*done.rules, *(r for n in done.nested for r in n.rules)]
            line.number, line.asked = done.number or "", list(dict.fromkeys(asked))
            excepted = list(done.excepted)
            made = [*done.deadlines, *(d for n in done.nested for d in n.deadlines)]
            line.deadlines = [(d["name"], datetime.fromisoformat(d["due_at"]) if d["due_at"] else None) for d in made]
        except Refused as refused:
            line.outcome, reasons = "deny", refused.reasons
        except Waiting as waiting:
            line.outcome, reasons = "wait", waiting.reasons
        self._explain(line, caller, reasons, excepted)
        self.lines.append(line)
        self._tell(line)
        host.relay.run_due()
        return result

    def _explain(self, line: Line, caller: Context, reasons: list[Reason], excepted: list[Reason]) -> None:
        with caller.reading() as loader:
            line.reasons = [reason_view(loader, reason) for reason in reasons]
            line.excepted = [reason_view(loader, reason) for reason in excepted]
        line.waits_for = [f"{r.role}（{'、'.join(r.who)}）" for r in line.reasons if r.outcome == "ask"]
        if not line.asked:
            line.asked = [reason.rule for reason in reasons]

    def sign(self, office: Office, who: str, request: UUID | None, note: str) -> None:
        """Give the signature on the request that waits for this person."""
        caller = self.world.at(office, who)
        with caller.reading() as loader:
            waiting = waiting_for(loader, office.people[who], [office.id])
            approval = next(found for found, *_rest in waiting if found.target_id == request)
            approval_id, step, case_id = approval.id, approval.step, approval.target_id
        self.act(office, who, "guanjia.approval.grant", approval_id, {"note": note})
        self._carried_out(office, step, case_id)

    def _carried_out(self, office: Office, step: str, case_id: UUID | None) -> None:
        """After the last signature the step that waited has run; its date is part of the story."""
        host = self.world.host
        with self.world.at(office, "head").reading() as loader:
            flow = host.flow(host.step(step).flow)
            case = loader.get(flow.model, case_id)
            assert case is not None and case_id is not None  # it waited for a case that exists
            current = deadlines.open_of(loader.session, flow.key, case_id)
            line = Line(host.clock.now(), office.code, office.names["eng"], _role_of("eng"), str(host.step(step).title), "done",
                        case.number, deadlines=[(d.name, d.due_at) for d in current])  # fmt: skip
        self.lines.append(line)
        self._tell(line)

    def pass_time(self, **span: int) -> None:
        """Let time go by; timers that fall due meanwhile are carried out in their order, and whatever else goes on."""
        self._go(self.world.host.clock.now() + timedelta(**span))


def _role_of(who: str) -> str:
    from plugins.demo.world import ROLES, STAFF

    return next(ROLES[role] for suffix, role, _scope, _names in STAFF if suffix == who)


def play(world: World, tell: Any, go: Callable[[datetime], None] | None = None) -> list[Line]:
    """The same leak at both offices: extended with signature and consent at the one, at once at the other.

    `go` lets time go by until a moment; without it only the timers fire.
    """
    teller = Teller(world, tell, go)
    start = world.host.clock.now()
    for office, door in zip(world.offices, ("2", "1"), strict=True):
        world.host.clock.set(start)
        _leak(teller, office, door)
    return teller.lines


def _leak(teller: Teller, office: Office, building: str) -> None:
    world = teller.world
    household = some_household(world, office, building)
    intake = {"household_id": str(household), "category": "pipe_leak", "content": "厨房水槽下方水管渗漏，地面积水",
              "within_capability": "yes", "source": "phone"}  # fmt: skip
    teller.act(office, "fix", f"{REQUEST}.receive", None, intake)
    request = teller.act(office, "desk", f"{REQUEST}.receive", None, intake)
    teller.pass_time(minutes=12)
    teller.act(office, "fix", f"{REQUEST}.take", request)
    teller.act(office, "fix", f"{REQUEST}.start", request)
    held_back = teller.lines[-1].outcome == "deny"
    teller.act(office, "eng", f"{REQUEST}.open_sheet", request)
    teller.pass_time(minutes=20)
    teller.act(office, "fix", f"{REQUEST}.arrive", request)
    if held_back:
        teller.act(office, "fix", f"{REQUEST}.start", request)
    teller.pass_time(hours=22, minutes=50)
    until = (world.host.clock.now() + timedelta(hours=30)).isoformat()
    extension = {"until": until, "reason": "需更换整段铜管，配件次日到货"}
    teller.act(office, "eng", f"{REQUEST}.extend", request, extension)
    if teller.lines[-1].outcome == "deny":
        teller.act(office, "eng", f"{REQUEST}.extend", request, extension | {"resident_consents": True})
    if teller.lines[-1].outcome == "wait":
        teller.pass_time(minutes=15)
        teller.sign(office, "head", request, "配件确实缺货，同意延期")
    teller.pass_time(hours=28)
    _finish(teller, office, request)


def _finish(teller: Teller, office: Office, request: UUID | None) -> None:
    world = teller.world
    now = world.host.clock.now()
    complete: dict[str, Any] = {
        "work_done": "更换水槽下方铜管一段，试水无渗漏", "finished_at": now.isoformat(), "total_minutes": 95,
        "materials": [{"name": "铜管 DN15", "quantity": "1.5", "unit": "米"}, {"name": "密封圈", "quantity": "2", "unit": "个"}],
        "visit_steps": list(VISIT_STEPS),
    }  # fmt: skip
    teller.act(office, "fix", f"{REQUEST}.complete", request, complete)
    caller = world.at(office, "fix")
    for name in ("worker_signature", "resident_signature"):
        complete[name] = str(world.host.files.keep(caller, f"{name}.png", scribble(len(name))))
    teller.act(office, "fix", f"{REQUEST}.complete", request, complete)
    teller.pass_time(minutes=30)
    teller.act(office, "eng", f"{REQUEST}.hand_in", request)
    teller.act(office, "desk", f"{REQUEST}.close", request)
    teller.act(office, "eng", f"{REQUEST}.review", request)
    teller.pass_time(hours=2)
    teller.act(
        office,
        "desk",
        f"{REQUEST}.revisit",
        request,
        {"answer": "修好了，师傅很仔细，谢谢", "satisfied": True, "agrees": True},
    )
    teller.act(office, "desk", f"{REQUEST}.close", request)


def some_household(world: World, office: Office, building: str, nth: int = 7) -> UUID:
    """A household of the office in one building, always the same."""
    with world.at(office, "desk").reading() as loader:
        query = (
            select(Household.id)
            .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
            .where(Household.company_id == world.company_id, Household.site_id == office.id, Household.state == "active",
                   Household.occupancy != "vacant", Unit.code.startswith(f"{building}-"))
            .order_by(Unit.code).offset(nth).limit(1)
        )  # fmt: skip
        return loader.session.scalars(query).one()
