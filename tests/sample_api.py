"""A small plugin for the tests of the API: keys are lent, extended (which is signed for), paid for and given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Date, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import (
    Case,
    Column,
    CompanyCase,
    Flow,
    Kind,
    Loader,
    Params,
    Permission,
    Plugin,
    Rule,
    State,
    StepContext,
    StrictSchema,
    Verdict,
    allow,
    ask,
    deny,
    facts,
    param,
    register,
    words,
)

_ = words("sample_api")


class Loan(Case):
    """A key lent to a resident. The deposit is in fen."""

    __tablename__ = "sample_api_loan"
    number: Mapped[str] = mapped_column(String(20))
    room: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(20), info={"private": True})
    secret: Mapped[str] = mapped_column(String(40), default="")  # no column of the flow: nobody is told
    deposit_fen: Mapped[int] = mapped_column(Integer)
    urgent: Mapped[bool] = mapped_column(default=False)
    until_on: Mapped[date | None] = mapped_column(Date)
    remark: Mapped[str] = mapped_column(Text, default="")


class KeyKind(CompanyCase):
    """A kind of key, for all sites."""

    __tablename__ = "sample_api_kind"
    name: Mapped[str] = mapped_column(String(40))


@facts
class LoanFacts:
    """What the rules may know."""

    deposit_fen: int
    until_on: date | None


class Thing(StrictSchema):
    """Something handed out with the key."""

    name = fields.String(required=True, validate=validate.Length(1, 20))
    count = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 9))


class LendForm(StrictSchema):
    """What is lent, to whom."""

    room = fields.String(required=True, validate=validate.Length(1, 20), metadata={"label": _("Room"), "fact": True})
    phone = fields.String(
        load_default="", validate=validate.Length(max=20), metadata={"private": True, "widget": "phone"}
    )
    deposit_fen = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, 10_000_000),
                                 metadata={"label": _("Deposit"), "unit": "fen"})  # fmt: skip
    urgent = fields.Boolean(load_default=False)
    until_on = fields.Date(load_default=None, allow_none=True)
    seen_at = fields.AwareDateTime(load_default=None, allow_none=True)
    weight = fields.Decimal(places=2, load_default=None, allow_none=True)
    colour = fields.String(load_default="red", validate=validate.OneOf(["red", "blue"]),
                           metadata={"choices": [("red", _("Red")), ("blue", _("Blue"))]})  # fmt: skip
    things = fields.List(fields.Nested(Thing), load_default=list, validate=validate.Length(max=5))
    other_id = fields.UUID(load_default=None, allow_none=True)
    more = fields.Dict(load_default=dict)
    photos = fields.List(fields.UUID(), load_default=list, metadata={"widget": "photos"})


class ExtendForm(StrictSchema):
    """Until when."""

    until_on = fields.Date(required=True)
    why = fields.String(required=True, validate=validate.Length(1, 200))
    phone = fields.String(load_default="", metadata={"private": True})


class AmountForm(StrictSchema):
    """How much, in fen."""

    amount_fen = fields.Integer(required=True, strict=True, validate=validate.Range(-10_000_000, 10_000_000))


class KindForm(StrictSchema):
    """A kind of key."""

    name = fields.String(required=True, validate=validate.Length(1, 40), metadata={"fact": True})


def _facts(_loader: Loader, cases: Sequence[Loan]) -> list[LoanFacts]:
    return [LoanFacts(deposit_fen=c.deposit_fen, until_on=c.until_on) for c in cases]


def _present(loader: Loader, cases: Sequence[Loan]) -> list[dict[str, Any]]:
    names = loader.names(c.opened_by for c in cases)
    may = loader.may("sample_api.phones")
    return [{"phone": c.phone if may else "•••", "lender": names.get(c.opened_by) if c.opened_by else None, "due_at": None,
             "not_told": c.secret} for c in cases]  # fmt: skip


loans = Flow(
    "sample_api.loan", Loan, _("Key loan"), [State("lent", _("Lent")), State("back", _("Back"), closed=True)], _facts,
    columns=[
        Column("number", _("Number"), sort=True), Column("room", _("Room"), filter=True, sort=True),
        Column("phone", _("Phone")), Column("deposit_fen", _("Deposit"), "money", sort=True, filter=True),
        Column("urgent", _("Urgent"), "flag", filter=True), Column("until_on", _("Until"), "date", sort=True, filter=True),
        Column("lender", _("Lender"), "staff"), Column("state", _("State"), "state", filter=True),
        Column("due_at", _("Due"), "due"), Column("opened_at", _("Lent at"), "moment", sort=True),
        Column("remark", _("Remark"), in_api=False),
    ],
    search=("number", "room"), present=_present,
)  # fmt: skip
kinds = register("sample_api.kind", KeyKind, title=_("Kinds of keys"), form=KindForm, permission="sample_api.kinds",
                 columns=[Column("name", _("Name"), sort=True)], see="sample_api.kinds",
                 row_filter=lambda _loader, model: model.name != "hidden")  # fmt: skip


@loans.step("lend", {None: "lent"}, title=_("Lend"), form=LendForm, permission="sample_api.lend")
def lend(form: Mapping[str, Any], ctx: StepContext) -> Loan:
    """The key is out."""
    kept = {name: form[name] for name in ("room", "phone", "deposit_fen", "urgent", "until_on")}
    return ctx.open(Loan, "lent", number=ctx.number("sample_api.loan", "K{year}-{n:04d}"), secret="not told", **kept)


@loans.step("extend", ["lent"], title=_("Extend"), form=ExtendForm)
def extend(row: Loan, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The key may stay out longer."""
    row.until_on = form["until_on"]


@loans.step(
    "pay", ["lent"], title=_("Change the deposit"), form=AmountForm, needs_key=True, permission="sample_api.lend"
)
def pay(row: Loan, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The deposit is another."""
    row.deposit_fen += form["amount_fen"]
    row.phone = row.phone[::-1]


@loans.step("give_back", {"lent": "back"}, title=_("Take back"), late_within=timedelta(hours=2))
def give_back(row: Loan, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The key is back."""


@loans.step("recount", ["lent"], title=_("Recount"), system_only=True)
def recount(row: Loan, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Only the system does this."""


class MostDeposit(Params):
    """The limit, in fen."""

    most_fen: int = param(50_000, min=0)


class Days(Params):
    """Days."""

    within_days: int = param(30, min=1)


class ReturnDays(Params):
    """Days."""

    within_days: int = param(7, min=1)


most_deposit = Rule("sample_api.most_deposit", Kind.GUARD, MostDeposit)
extension_signed = Rule("sample_api.extension_signed", Kind.GUARD)
no_long_extension = Rule("sample_api.no_long_extension", Kind.GUARD, Days)
return_deadline = Rule("sample_api.return_deadline", Kind.DEADLINE, ReturnDays)
asleep = Rule("sample_api.asleep", Kind.GUARD, on=False)


@most_deposit.guard("sample_api.loan.give_back")
def _low(case: LoanFacts, params: MostDeposit) -> Verdict:
    if case.deposit_fen <= params.most_fen:
        return allow()
    return deny(_("The deposit is above %(most)s fen. Pay the surplus back first.", most=params.most_fen))


@asleep.guard("sample_api.loan.give_back")
def _never() -> Verdict:
    return deny(_("Nothing is taken back."))


@extension_signed.guard("sample_api.loan.extend")
def _signed(form: Mapping[str, Any], params: Any) -> Verdict:
    return ask("site_manager", _("The site manager signs extensions."), until_on=form["until_on"])


@no_long_extension.guard("sample_api.loan.extend")
def _short(act: Any, form: Mapping[str, Any], params: Days) -> Verdict:
    if date.fromisoformat(form["until_on"]) <= act.at.date() + timedelta(days=params.within_days):
        return allow()
    return deny(_("This is longer than %(days)s days. Choose an earlier day.", days=params.within_days))


@return_deadline.deadline(
    "back", starts=["sample_api.loan.lend"], ends=["sample_api.loan.give_back"], owed_by="receptionist"
)
def _by(act: Any, params: ReturnDays) -> datetime:
    return act.at + timedelta(days=params.within_days)


class Sample(Plugin):
    """A manifest whose clauses lie beside the tests."""

    @property
    def folder(self) -> Path:
        """The folder with its clauses."""
        return Path(__file__).with_name("sample_api_data")


plugin = Sample(
    key="sample_api", title=_("Keys"), package="sample_api",
    permissions=[
        Permission("sample_api.lend", _("Lend keys"), _("Lends and takes back."), roles=("receptionist", "site_manager")),
        Permission("sample_api.phones", _("See phones"), _("Shows phones in full."), roles=("site_manager",)),
        Permission("sample_api.kinds", _("Kinds of keys"), _("Keeps the list of kinds."), roles=("hq_admin",), level="company"),
    ],
    flows=[loans, kinds], rules=[most_deposit, extension_signed, no_long_extension, return_deadline, asleep],
)  # fmt: skip
