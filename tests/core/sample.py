"""A small plugin for the tests of the pages: a repair that is taken in, started, extended, finished or called off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template_string
from marshmallow import fields, validate
from sqlalchemy import Integer, String, select
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import (
    STAFF_TABLE,
    Case,
    Column,
    Document,
    Flow,
    Kind,
    Loader,
    MakeTask,
    MenuItem,
    Notify,
    Params,
    Permission,
    Plugin,
    Rule,
    State,
    StepContext,
    StrictSchema,
    Text,
    Verdict,
    allow,
    ask,
    deny,
    facts,
    param,
    reference,
)

LEAK, LAMP = "leak", "lamp"
LABELS = {LEAK: Text("漏水", "Leak"), LAMP: Text("换灯", "Lamp change")}


class Repair(Case):
    """A repair. The fee is in fen; `sample_*` tables exist in tests only."""

    __tablename__ = "sample_repair"
    number: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(LongText, default="")
    fee_fen: Mapped[int] = mapped_column(Integer, default=0)
    hours: Mapped[int] = mapped_column(Integer, default=0)
    urgent: Mapped[bool] = mapped_column(default=False)
    worker_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)
    appointed: Mapped[bool] = mapped_column(default=False)


@facts
class RepairFacts:
    """What the rules may know of a repair."""

    kind: str
    appointed: bool
    hours: int


class TakeForm(StrictSchema):
    """What is broken."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(list(LABELS)),
        metadata={"label": Text("类别", "Kind"), "choices": list(LABELS.items())},
    )
    content = fields.String(
        required=True,
        validate=validate.Length(1, 300),
        metadata={"label": Text("内容", "Content"), "widget": "textarea"},
    )
    fee_fen = fields.Integer(
        load_default=0, validate=validate.Range(0, 10_000_000), metadata={"label": Text("费用", "Fee"), "unit": "fen"}
    )
    urgent = fields.Boolean(load_default=False, metadata={"label": Text("紧急", "Urgent")})
    worker_id = fields.UUID(
        allow_none=True, load_default=None, metadata={"label": Text("维修工", "Worker"), "lookup": "worker"}
    )
    photos = fields.List(
        fields.UUID(), load_default=list, metadata={"label": Text("照片", "Photos"), "widget": "photos"}
    )


class ExtendForm(StrictSchema):
    """How many hours more."""

    hours = fields.Integer(
        required=True,
        validate=validate.Range(1, 500),
        metadata={"label": Text("延长小时", "Hours more"), "unit": "hours"},
    )
    reason = fields.String(required=True, validate=validate.Length(1, 200), metadata={"label": Text("原因", "Reason")})


class FinishForm(StrictSchema):
    """The resident's signature."""

    signature = fields.UUID(required=True, metadata={"label": Text("业户签名", "Signature"), "widget": "signature"})


def _facts(_loader: Loader, cases: Sequence[Repair]) -> list[RepairFacts]:
    return [RepairFacts(kind=c.kind, appointed=c.appointed, hours=c.hours) for c in cases]


repairs = Flow(
    "sample.repair", Repair, Text("维修单", "Repair"),
    [
        State("new", Text("待开工", "To be started"), tone="waiting", waits_for=("repair_technician",)),
        State("doing", Text("维修中", "Under repair")),
        State("done", Text("已完成", "Finished"), tone="good", closed=True),
        State("off", Text("已取消", "Called off"), tone="muted", closed=True),
    ],
    _facts,
    columns=[
        Column("number", Text("编号", "Number"), sort=True), Column("kind", Text("类别", "Kind"), "choice", filter=True, labels=LABELS),
        Column("content", Text("内容", "Content")), Column("fee_fen", Text("费用", "Fee"), "money", sort=True),
        Column("urgent", Text("紧急", "Urgent"), "flag", filter=True),
        Column("worker_id", Text("维修工", "Worker"), "staff", filter=True),
        Column("due_at", Text("期限", "Due"), "due"), Column("state", Text("状态", "State"), "state", filter=True),
        Column("opened_at", Text("登记时间", "Taken in at"), "moment", sort=True),
    ],
    search=("number", "content"),
    documents=[Document("slip", Text("维修单", "Repair slip"), "sample/slip.html", lambda _l, case: {"kind": LABELS[case.kind]})],
)  # fmt: skip


@repairs.step(
    "take",
    {None: "new"},
    title=Text("登记维修", "Take in a repair"),
    form=TakeForm,
    permission="sample.take",
    tone="primary",
)
def take(form: Mapping[str, Any], ctx: StepContext) -> Repair:
    """The repair stands in the book."""
    kept = {name: form[name] for name in ("kind", "content", "fee_fen", "urgent", "worker_id")}
    ctx.emit(Notify(message=_words("A sample repair was taken in."), roles=("repair_technician",)))
    ctx.emit(
        MakeTask(
            title=_words("Call whoever reported it"),
            role="receptionist",
            due_at=ctx.now + timedelta(hours=4),
            met_by=("sample.repair.appoint",),
        )
    )
    return ctx.open(Repair, "new", number=ctx.number("sample.repair"), **kept)


@repairs.step("appoint", ["new"], title=Text("约定时间", "Make an appointment"))
def appoint(row: Repair, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident expects us."""
    row.appointed = True


@repairs.step("start", {"new": "doing"}, title=Text("开工", "Start"), tone="primary")
def start(row: Repair, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Work has begun."""


@repairs.step("extend", ["new", "doing"], title=Text("延期", "Extend"), form=ExtendForm)
def extend(row: Repair, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The date is moved."""
    row.hours += form["hours"]
    ctx.set_deadline("repair", ctx.now + timedelta(hours=form["hours"]), cause="extension", rule="sample.repair_by")


@repairs.step("finish", {"doing": "done"}, title=Text("完工", "Finish"), form=FinishForm, late_within=timedelta(days=2))
def finish(row: Repair, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident has signed."""


@repairs.step(
    "call_off",
    {"new": "off", "doing": "off"},
    title=Text("取消", "Call off"),
    tone="danger",
    permission="sample.call_off",
)
def call_off(row: Repair, form: Mapping[str, Any], ctx: StepContext) -> None:
    """It is not wanted any more."""


class Hours(Params):
    """Hours."""

    within_hours: int = param(24, min=1)


def _words(text: str) -> Any:
    from guanjia.words import Message

    return Message("sample", text)


class ExtensionParams(Params):
    """From how many hours on somebody signs."""

    above_hours: int = param(24, min=0)


appointment_first = Rule("sample.appointment_first", Kind.GUARD)
extension_signed = Rule("sample.extension_signed", Kind.GUARD, ExtensionParams)
lamps_are_free = Rule("sample.lamps_are_free", Kind.GUARD)
repair_by = Rule("sample.repair_by", Kind.DEADLINE, Hours)


@appointment_first.guard("sample.repair.start")
def _appointed(case: RepairFacts) -> Verdict:
    return allow() if case.appointed else deny(_words("No appointment was made. Make one first."))


@extension_signed.guard("sample.repair.extend")
def _signed(form: Mapping[str, Any], params: ExtensionParams) -> Verdict:
    if form["hours"] <= params.above_hours:
        return allow()
    return ask("customer_service_supervisor", _words("The supervisor signs long extensions."), hours=form["hours"])


@lamps_are_free.guard("sample.repair.take")
def _free(form: Mapping[str, Any]) -> Verdict:
    if form["kind"] == LAMP and form["fee_fen"]:
        return deny(_words("Changing a lamp costs nothing. Leave the fee out."))
    return allow()


@repair_by.deadline("repair", starts=["sample.repair.take"], ends=["sample.repair.finish"], owed_by="department_head")
def _by(act: Any, params: Hours) -> datetime:
    return act.at + timedelta(hours=params.within_hours)


def find_worker(loader: Loader, text: str) -> list[tuple[UUID, str, str]]:
    """The search behind the field: by name, or by id."""
    from tenants.public import Staff

    query = select(Staff).where(Staff.company_id == loader.company_id).order_by(Staff.name)
    return [(s.id, s.name, "维修") for s in loader.session.scalars(query) if text in s.name or text == str(s.id)]


pages = Blueprint("sample_pages", __name__)


@pages.get("/s/<site_code>/sample/board")
def board(site_code: str) -> str:
    """A hand-made page."""
    from guanjia.web.caller import caller

    caller(site_code)
    return render_template_string('{% extends "guanjia/base.html" %}{% block content %}<h1>看板</h1>{% endblock %}')


class Sample(Plugin):
    """A manifest whose folder lies beside the tests."""

    @property
    def folder(self) -> Path:
        """The folder with clauses and templates."""
        return Path(__file__).with_name("sample_folder")


plugin = Sample(
    key="sample", title=Text("示例", "Sample"), package="sample",
    permissions=[
        Permission("sample.take", Text("登记维修", "Take in repairs"), Text("登记。", "Takes in."), roles=("receptionist",)),
        Permission("sample.call_off", Text("取消维修", "Call off repairs"), Text("取消。", "Calls off."), roles=("site_manager",)),
    ],
    flows=[repairs], rules=[appointment_first, extension_signed, lamps_are_free, repair_by],
    menu=[MenuItem("work", Text("看板", "Board"), "sample_pages.board", permission="sample.take", on_phone=True)],
    blueprints=[pages], lookups={"worker": find_worker},
)  # fmt: skip
