"""Reviews of the ledger: the supervisor's every day, the property manager's every week; each a record of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from guanjia.sdk import Column, Flow, Loader, State, StepContext, words
from plugins.customer_service.enquiries.flow import UNANSWERED
from plugins.customer_service.enquiries.forms import ReviewForm
from plugins.customer_service.enquiries.kinds import DAILY, REVIEWS, WEEKLY
from plugins.customer_service.enquiries.models import Enquiry, LedgerReview

_ = words("customer_service")


def _no_facts(_loader: Loader, cases: Sequence[LedgerReview]) -> list[Any]:
    return [None for _case in cases]


def _present(loader: Loader, cases: Sequence[LedgerReview]) -> list[dict[str, Any]]:
    names = loader.names(r.reviewed_by for r in cases)
    return [{"reviewer": names.get(r.reviewed_by, "") if r.reviewed_by else ""} for r in cases]


reviews = Flow(
    key="customer_service.ledger_review", model=LedgerReview, title=_("Review of the ledger"), facts=_no_facts,
    present=_present, states=[State("reviewed", _("Reviewed"), tone="good", closed=True)],
    columns=(
        Column("opened_at", _("Looked through at"), "moment", sort=True),
        Column("kind", _("Daily or weekly"), "choice", labels=REVIEWS, filter=True),
        Column("reviewer", _("Looked through by")), Column("from_day", _("From"), "date"), Column("to_day", _("Until"), "date"),
        Column("entries", _("Entries"), "number"), Column("open_entries", _("Still open"), "number"),
        Column("important_entries", _("Important ones"), "number"), Column("plan", _("Follow-up and guidance")),
        Column("important", _("Important matters to report")),
    ),
    menu=False, heading=lambda r, _values: f"{REVIEWS[r.kind]} {r.from_day} – {r.to_day}",
)  # fmt: skip


@reviews.step("daily", {None: "reviewed"}, title=_("Review the day"), form=ReviewForm, tone="primary")
def daily(form: Mapping[str, Any], ctx: StepContext) -> LedgerReview:
    """The entries of the day were looked at and followed up (3/4.2.4)."""
    return _review(DAILY, 1, form, ctx)


@reviews.step("weekly", {None: "reviewed"}, title=_("Review the week"), form=ReviewForm)
def weekly(form: Mapping[str, Any], ctx: StepContext) -> LedgerReview:
    """The entries of the last seven days were looked at, results checked, guidance given (3/4.2.5)."""
    return _review(WEEKLY, 7, form, ctx)


def _review(kind: str, days: int, form: Mapping[str, Any], ctx: StepContext) -> LedgerReview:
    today = ctx.calendar.date_of(ctx.now)
    first = today - timedelta(days=days - 1)
    assert ctx.site is not None  # the flow is a site's
    of = (Enquiry.company_id == ctx.session.company_id, Enquiry.site_id == ctx.site.id)
    since = (*of, Enquiry.received_at >= ctx.calendar.start_of(first))

    def count(*where: Any) -> int:
        return int(ctx.session.scalars(select(func.count()).select_from(Enquiry).where(*where)).one())

    return ctx.open(
        LedgerReview, "reviewed", kind=kind, from_day=first, to_day=today, reviewed_by=ctx.actor_id,
        entries=count(*since), important_entries=count(*since, Enquiry.is_important.is_(True)),
        open_entries=count(*of, Enquiry.state.in_(UNANSWERED)), plan=form["plan"], important=form["important"],
    )  # fmt: skip
