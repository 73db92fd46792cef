"""A small plugin for the tests of the pipeline: parcels kept for residents. What its guards answer is set by each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from alembic.migration import MigrationContext
from alembic.operations import Operations
from marshmallow import fields, validate
from sqlalchemy import Integer, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.db.base import Base
from guanjia.db.migrate import owner_engine, secure_tables
from guanjia.db.session import tenant_session
from guanjia.sdk import (
    Case,
    Column,
    Flow,
    Kind,
    Loader,
    Message,
    Notify,
    Params,
    Perform,
    Permission,
    Plugin,
    Rule,
    SiteScoped,
    State,
    StepContext,
    StrictSchema,
    UtcDateTime,
    Verdict,
    WorkCalendar,
    allow,
    deny,
    facts,
    in_same_site,
    param,
    words,
)
from guanjia.sdk import Text as Title
from guanjia.steps.models import JournalEntry
from office import Company, Office

_ = words("probe")

ANSWERS: dict[str, Callable[..., Any]] = {}  # rule → its guard, reaction or deadline, for the length of a test
PARCEL = "probe.parcel"
KEPT, OUT, LOST = "kept", "out", "lost"


class Parcel(Case):
    """A parcel that waits for its resident."""

    __tablename__ = "probe_parcel"
    number: Mapped[str] = mapped_column(String(20))
    weight_g: Mapped[int] = mapped_column(Integer)
    shelf: Mapped[str] = mapped_column(String(20), default="low")
    receiver: Mapped[str] = mapped_column(String(60), default="", info={"private": True})
    note: Mapped[str] = mapped_column(Text, default="")
    handed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A number is used once at a site."""
        return (UniqueConstraint("company_id", "site_id", "number"),)


class Slip(SiteScoped):
    """A slip that belongs to a parcel and is nothing without it."""

    __tablename__ = "probe_slip"
    parcel_id: Mapped[UUID] = in_same_site("probe_parcel", index=True)
    text: Mapped[str] = mapped_column(String(40))


class Claim(Case):
    """A record of its own that points to a parcel."""

    __tablename__ = "probe_claim"
    parcel_id: Mapped[UUID] = in_same_site("probe_parcel")


@facts
class ParcelFacts:
    """What rules may know of a parcel."""

    id: UUID
    weight_g: int
    shelf: str
    opened_at: datetime


class TakeForm(StrictSchema):
    """What came in, for whom."""

    weight_g = fields.Integer(required=True, strict=True, validate=validate.Range(1, 50_000))
    shelf = fields.String(load_default="low", validate=validate.OneOf(["low", "high"]))
    receiver = fields.String(load_default="", validate=validate.Length(max=60), metadata={"private": True})
    note = fields.String(load_default="", validate=validate.Length(max=500))
    slips = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 5))
    photos = fields.List(fields.UUID(), load_default=list, metadata={"widget": "photos"})


class WeighForm(StrictSchema):
    """How heavy it is."""

    weight_g = fields.Integer(required=True, strict=True, validate=validate.Range(1, 50_000))


class ClaimForm(StrictSchema):
    """Whose parcel."""

    parcel_id = fields.UUID(required=True)


def _facts(_loader: Loader, cases: Sequence[Parcel]) -> list[ParcelFacts]:
    return [ParcelFacts(id=c.id, weight_g=c.weight_g, shelf=c.shelf, opened_at=c.opened_at) for c in cases]


parcels = Flow(
    PARCEL, Parcel, Title("包裹", "Parcel"),
    [State(KEPT, Title("保管中", "Kept")), State(OUT, Title("已领取", "Handed out"), closed=True),
     State(LOST, Title("遗失", "Lost"), closed=True)],
    _facts, retention_years=1,
    columns=[Column("number", Title("编号", "Number"), sort=True), Column("weight_g", Title("重量", "Weight"), "number"),
             Column("state", Title("状态", "State"), "state")],
)  # fmt: skip


@parcels.step("take", {None: KEPT}, title=Title("收件", "Take in"), form=TakeForm, permission="probe.take")
def take(form: Mapping[str, Any], ctx: StepContext) -> Parcel:
    """The parcel is on the shelf."""
    kept = {name: form[name] for name in ("weight_g", "shelf", "receiver", "note")}
    row = ctx.open(Parcel, KEPT, number=ctx.number("parcel", "P-{year}-{n:03d}"), **kept)
    for n in range(form["slips"]):
        ctx.new(Slip, parcel_id=row.id, text=f"slip {n}")
    return row


@parcels.step("take_two", {None: KEPT}, title=Title("收两件", "Take in two"), form=TakeForm)
def take_two(form: Mapping[str, Any], ctx: StepContext) -> Parcel:
    """Two parcels at once: the second by a step of its own inside this one."""
    row = ctx.open(Parcel, KEPT, number=ctx.number("parcel", "P-{year}-{n:03d}"), weight_g=form["weight_g"])
    ctx.perform(take, None, {"weight_g": form["weight_g"]})
    return row


@parcels.step("weigh", [KEPT], title=Title("称重", "Weigh"), form=WeighForm)
def weigh(row: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The weight is right now."""
    row.weight_g = form["weight_g"]


@parcels.step("hand_on", {KEPT: OUT}, title=Title("称重并领取", "Weigh and hand out"), form=WeighForm)
def hand_on(row: Parcel, form: Mapping[str, Any], ctx: StepContext) -> str:
    """Weighed and handed out by two steps inside this one."""
    row.shelf = "high"
    ctx.perform(weigh, row.id, form)
    ctx.perform(hand_out, row.id)
    return row.state


@parcels.step("hand_out", {KEPT: OUT}, title=Title("领取", "Hand out"), late_within=timedelta(hours=24))
def hand_out(row: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident has it."""
    row.handed_at = ctx.now


@parcels.step("lose", {KEPT: LOST}, title=Title("登记遗失", "Report as lost"), permission="probe.lose")
def lose(row: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Nobody finds it."""


claims = Flow("probe.claim", Claim, Title("索赔", "Claim"), [State("open", Title("处理中", "Open"))],
              lambda _loader, cases: [None for _case in cases])  # fmt: skip


@claims.step("make", {None: "open"}, title=Title("提出", "Make"), form=ClaimForm)
def make_claim(form: Mapping[str, Any], ctx: StepContext) -> Claim:
    """A claim points to the parcel."""
    return ctx.open(Claim, "open", parcel_id=ctx.get(Parcel, form["parcel_id"], name="parcel_id").id)


class Grams(Params):
    """A limit in grams."""

    most_g: int = param(20_000, min=1)


class Shelf(Params):
    """How long a parcel lies there."""

    within_hours: int = param(48, min=1)


GUARDED = tuple(f"{PARCEL}.{name}" for name in ("take", "take_two", "weigh", "hand_on", "hand_out", "lose"))
first = Rule("probe.first", Kind.GUARD, Grams)
second = Rule("probe.second", Kind.GUARD)
third = Rule("probe.third", Kind.GUARD)
shelf = Rule("probe.shelf", Kind.DEADLINE, Shelf)
told = Rule("probe.told", Kind.REACTION)
reads = Rule("probe.reads", Kind.GUARD)  # brings facts of its own
elsewhere = Rule("probe.elsewhere", Kind.GUARD)  # stands before a step of another plugin
daily = Rule("probe.daily", Kind.DUTY)


def _guard(rule: Rule, *steps: str) -> None:
    @rule.guard(*steps)
    def answer(case: Any, actor: Any, act: Any, form: Any, params: Any) -> Verdict:
        given = ANSWERS.get(rule.key)
        return given(case=case, actor=actor, act=act, form=form, params=params) if given else allow()


for _rule in (first, second, third):
    _guard(_rule, *GUARDED)
_guard(elsewhere, "customer_service.request.take")


@reads.guard(f"{PARCEL}.take", facts={"shelves": lambda _loader, cases, _form: [_shelves() for _case in cases]})
def there_is_room(shelves: int) -> Verdict:
    """A shelf is free."""
    return allow() if shelves else deny(say("No shelf is free."))


def _shelves() -> int:
    return int(ANSWERS["probe.shelves"]()) if "probe.shelves" in ANSWERS else 3


@shelf.deadline("collect", starts=(f"{PARCEL}.take",), ends=(f"{PARCEL}.hand_out",), owed_by="receptionist")
def fetched_in_time(act: Any, params: Shelf, calendar: WorkCalendar) -> datetime:
    """So many hours after it came in."""
    return act.at + timedelta(hours=params.within_hours)


@told.reaction(f"{PARCEL}.weigh")
def somebody_is_told(event: Any) -> list[Notify | Perform]:
    """Whatever the test wants."""
    given = ANSWERS.get("probe.told")
    return given(event) if given else []


@daily.duty(every="day")
def the_shelf_is_looked_at(period: Any) -> Any:
    """Whatever the test wants."""
    given = ANSWERS.get("probe.daily")
    return given(period) if given else None


class Probe(Plugin):
    """A manifest whose folder lies beside the tests."""

    @property
    def folder(self) -> Path:
        """The folder with the clauses."""
        return Path(__file__).with_name("probe_folder")


plugin = Probe(
    key="probe", title=Title("包裹", "Parcels"), package="probe",
    permissions=[
        Permission("probe.take", Title("收件", "Take in parcels"), Title("收件。", "Takes in."), roles=("receptionist",)),
        Permission("probe.lose", Title("登记遗失", "Report parcels as lost"), Title("登记。", "Reports."),
                   roles=("site_manager",)),
    ],
    flows=[parcels, claims], rules=[first, second, third, reads, shelf, told, elsewhere, daily],
)  # fmt: skip


def say(text: str, **args: Any) -> Message:
    """A sentence of the plugin."""
    return _(text, **args)


@contextmanager
def answering(**answers: Callable[..., Any]) -> Iterator[None]:
    """For the length of the block the rules answer so: `answering(first=lambda **facts: deny(say("No.")))`."""
    before = dict(ANSWERS)
    ANSWERS.update({f"probe.{name}": answer for name, answer in answers.items()})
    try:
        yield
    finally:
        ANSWERS.clear()
        ANSWERS.update(before)


def make_tables(owner_url: str, app_role: str | None) -> None:
    """The plugin's tables stand in the database, behind the walls."""
    tables = [model.__table__ for model in (Parcel, Slip, Claim)]
    engine = owner_engine(owner_url).execution_options(guanjia_write=True)
    with engine.begin() as connection:
        Base.metadata.create_all(connection, tables=tables)  # type: ignore[arg-type]
        op = Operations(MigrationContext.configure(connection))
        secure_tables(op, *(table.name for table in tables), app_role=app_role)  # type: ignore[attr-defined]
    engine.dispose()


def entries(place: Company | Office, case: UUID | None = None) -> list[dict[str, Any]]:
    """The bodies of the journal's entries in the order of their chain: of an office, or of one case of the company."""
    company = place if isinstance(place, Company) else place.company
    with tenant_session(company.plan.company_id) as session:
        query = select(JournalEntry.body).where(JournalEntry.company_id == session.company_id)
        if isinstance(place, Office):
            query = query.where(JournalEntry.chain_id == place.id)
        if case is not None:
            query = query.where(JournalEntry.case_id == case)
        return [msgspec.json.decode(body) for body in session.scalars(query.order_by(JournalEntry.seq))]


def rows(company: Company, model: type[Any], *where: Any, of: UUID | None = None) -> list[Any]:
    """The company's rows of a table."""
    company_id = of or company.plan.company_id
    with tenant_session(company_id) as session:
        query = select(model).where(model.company_id == company_id, *where)
        return list(session.scalars(query.order_by(model.id)))
