"""The life of a monthly report: drawn up from the cases, completed with what the meters showed, submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from guanjia.sdk import Column, Document, Flow, Invalid, Loader, State, StepContext, ledger_url, words
from plugins.customer_service.monthly.counting import LINES, count_month, months_to_report, span_of
from plugins.customer_service.monthly.forms import DrawUpForm, UseForm
from plugins.customer_service.monthly.models import MonthlyReport

_ = words("customer_service")

DRAFT, SUBMITTED = "draft", "submitted"
USES = (("water_milli", _("Water"), "m³"), ("power_milli", _("Power"), "kWh"), ("gas_milli", _("Gas"), "m³"))


def _no_facts(_loader: Loader, cases: Sequence[MonthlyReport]) -> list[Any]:
    return [None for _case in cases]


def _present(loader: Loader, cases: Sequence[MonthlyReport]) -> list[dict[str, Any]]:
    names = loader.names(r.submitted_by for r in cases)
    return [
        {
            "submitted_by_name": names.get(r.submitted_by, "") if r.submitted_by else "",
            **{key: r.figures.get(key) for key in ("requests", "enquiries", "complaints", "visits")},
            **{name.removesuffix("_milli"): in_units(getattr(r, name)) for name, _title, _unit in USES},
        }
        for r in cases
    ]


def in_units(milli: int | None) -> str:
    """Thousandths as people write them: 12500 as 12.5; empty where nothing was entered."""
    return (
        ""
        if milli is None
        else f"{Decimal(milli) / 1000:f}".rstrip("0").rstrip(".")
        if milli % 1000
        else str(milli // 1000)
    )


def figures_of(loader: Loader, report: MonthlyReport) -> list[dict[str, Any]]:
    """The report's lines with title, figure, and the ledger that shows the cases of the month."""
    span = span_of(loader, report.month)
    calendar = loader.place.calendar
    first, last = calendar.date_of(span.start), calendar.last_day_of_month(calendar.date_of(span.start))
    code = loader.site.code if loader.site else None
    out = []
    for line in LINES:
        url = ledger_url(
            loader.host.flow(line.flow), code, **{"from": first.isoformat(), "to": last.isoformat(), **line.filters}
        )
        out.append({"key": line.key, "title": line.title, "value": report.figures.get(line.key, 0), "url": url, "under": line.under,
                    "money": line.key.endswith(".fen")})  # fmt: skip
    return out


def _paper(loader: Loader, report: MonthlyReport) -> Mapping[str, Any]:
    return {
        "document_title": _("Monthly report of services"), "number": report.month, "lines": figures_of(loader, report),
        "issued": report.submitted_at or report.drawn_up_at,
        "uses": [(title, in_units(getattr(report, name)), unit) for name, title, unit in USES],
    }  # fmt: skip


reports = Flow(
    key="customer_service.monthly", model=MonthlyReport, title=_("Monthly report"), facts=_no_facts, present=_present,
    states=(State(DRAFT, _("Being drawn up"), tone="open"), State(SUBMITTED, _("Submitted"), tone="good", closed=True)),
    columns=(
        Column("month", _("Month"), "link", sort=True), Column("requests", _("Service requests received"), "number"),
        Column("enquiries", _("Enquiries"), "number"), Column("complaints", _("Complaints"), "number"),
        Column("visits", _("Visits to households"), "number"), Column("water", _("Water, m³")),
        Column("power", _("Power, kWh")), Column("gas", _("Gas, m³")), Column("state", _("State"), "state", filter=True),
        Column("drawn_up_at", _("Figures of"), "moment", on_list=False), Column("remarks", _("Remarks"), on_list=False),
        Column("submitted_at", _("Submitted at"), "moment", on_list=False), Column("submitted_by_name", _("Submitted by"), on_list=False),
    ),
    order="-month", heading=lambda r, _values: r.month, tells_opener=False,
    documents=(Document("report", _("Monthly report of services"), "customer_service/monthly_report.html", _paper),),
)  # fmt: skip


def _months(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"month": [(month, month) for month in months_to_report(loader)]}


@reports.step("draw_up", {None: DRAFT}, title=_("Draw up a report"), form=DrawUpForm, tone="primary", choices=_months)
def draw_up(form: Mapping[str, Any], ctx: StepContext) -> MonthlyReport:
    """The figures of the month stand in a report; each can be followed to its cases (5/6.3)."""
    assert ctx.site is not None  # the flow is a site's
    if form["month"] not in months_to_report(ctx.loader):
        raise Invalid({"month": [_("A report is about one of the last twelve whole months. Choose one of them.")]})
    query = select(MonthlyReport.id).where(
        MonthlyReport.company_id == ctx.session.company_id, MonthlyReport.site_id == ctx.site.id, MonthlyReport.month == form["month"]
    )  # fmt: skip
    if ctx.session.scalars(query).first() is not None:
        raise Invalid({"month": [_("There is a report for this month already. Open that one.")]})
    return ctx.open(
        MonthlyReport, DRAFT, month=form["month"], figures=count_month(ctx.loader, form["month"]), drawn_up_at=ctx.now
    )


@reports.step("count_anew", [DRAFT], title=_("Count anew"))
def count_anew(report: MonthlyReport, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The figures are those of now; what was entered later or changed counts."""
    report.figures, report.drawn_up_at = count_month(ctx.loader, report.month), ctx.now


def _filled(_loader: Loader, report: MonthlyReport) -> Mapping[str, Any]:
    uses = {"water": report.water_milli, "power": report.power_milli, "gas": report.gas_milli}
    return {"remarks": report.remarks, **{n: None if v is None else Decimal(v) / 1000 for n, v in uses.items()}}


@reports.step("enter_use", [DRAFT], title=_("Enter water, power and gas"), form=UseForm, prefill=_filled)
def enter_use(report: MonthlyReport, form: Mapping[str, Any], ctx: StepContext) -> None:
    """What the meters showed stands in the report (5/6.3)."""
    for name in ("water", "power", "gas"):
        setattr(report, f"{name}_milli", None if form[name] is None else int(form[name] * 1000))
    report.remarks = form["remarks"]


@reports.step("submit", {DRAFT: SUBMITTED}, title=_("Submit"), tone="primary")
def submit(report: MonthlyReport, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The report is submitted and does not change any more (5/6.3)."""
    missing = [title for name, title, _unit in USES if getattr(report, name) is None]
    if missing:
        raise Invalid(
            {
                "_schema": [
                    _(
                        "Still missing: %(missing)s. Enter what the meters showed, 0 where there is none.",
                        missing=missing,
                    )
                ]
            }
        )
    report.submitted_at, report.submitted_by = ctx.now, ctx.actor_id
