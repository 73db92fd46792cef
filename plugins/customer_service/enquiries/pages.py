"""The front desk: an enquiry taken while the archive is searched, the day's lines beside it; and the printed day record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.sdk import Flow, Loader, Message, words
from guanjia.steps.ledger import Row
from guanjia.steps.view import present, reason_view
from guanjia.web.addresses import case_url, ledger_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import reason_parts
from plugins.customer_service.enquiries.archive import articles, find_articles
from plugins.customer_service.enquiries.desks import visiting_desks
from plugins.customer_service.enquiries.flow import UNANSWERED, enquiries
from plugins.customer_service.enquiries.kinds import TOPICS
from plugins.customer_service.enquiries.models import Enquiry, LedgerReview
from plugins.customer_service.enquiries.reviews import reviews
from plugins.customer_service.flow import requests
from plugins.customer_service.models import ServiceRequest

_ = words("customer_service")

MOST_OPEN = 30
MOST_LINES = 500


def front_desk(site_code: str) -> str | AnyResponse:
    """The screen on which anybody takes an enquiry; a post takes the step `enter`."""
    context, step = caller(site_code), enquiries.steps["enter"]
    outcome = Outcome()
    if request.method == "POST":
        outcome, answer = take(context, step, None, read_post(context, step), site_code)
        if answer is not None:
            return answer
    with reading(context) as loader:
        posted = outcome.posted
        data: Mapping[str, Any] = posted.raw if posted is not None else {"source": "phone", **_given()}
        form = view_form(loader, step, None, data, errors=outcome.errors, texts=posted.texts if posted else None)
        typed = str(data.get("content") or "")
        html = render_template(
            "customer_service/front_desk.html", form=form, refused=[reason_parts(reason_view(loader, r)) for r in outcome.reasons],
            said=outcome.said, key=str(context.host.ids.new()), site_code=site_code, rows=_open(loader),
            found=find_articles(loader, typed), topics=TOPICS, typed=typed, address=lambda e: case_url(enquiries, e.id, site_code),
            ledger=ledger_url(enquiries, site_code), archive=ledger_url(articles, site_code),
            reviews=ledger_url(reviews, site_code), desks=ledger_url(visiting_desks, site_code),
            times=_usual_times(loader),
        )  # fmt: skip
    return Response(html, outcome.status)


def _usual_times(loader: Loader) -> list[tuple[Message, str]]:
    """What is usually agreed, as the form takes it: site time."""
    calendar = loader.place.calendar
    now = calendar.local(loader.now)
    closes = calendar.local(calendar.close_of(now.date()))
    if closes <= now:
        closes = calendar.local(calendar.close_of(calendar.next_working_day(now.date())))
    tomorrow = calendar.local(calendar.close_of(calendar.next_working_day(closes.date())))
    found = (
        (_("In two hours"), now + timedelta(hours=2)),
        (_("Before closing"), closes),
        (_("Next working day"), tomorrow),
    )
    return [(label, moment.strftime("%Y-%m-%dT%H:%M")) for label, moment in found]


def _given() -> dict[str, str]:
    return {name: text for name in ("household_id", "subject", "content") if (text := request.args.get(name, "")[:200])}


def archive_found(site_code: str) -> str:
    """The entries of the archive that fit what is typed."""
    with reading(caller(site_code)) as loader:
        typed = request.args.get("q") or request.args.get("content") or ""
        return render_template(
            "customer_service/archive_found.html",
            found=find_articles(loader, typed),
            topics=TOPICS,
            typed=typed.strip(),
        )


def _open(loader: Loader) -> list[Row]:
    """What is still to be answered at the site, longest received first."""
    assert loader.site is not None  # a site's page
    query = select(Enquiry).where(
        Enquiry.company_id == loader.company_id, Enquiry.site_id == loader.site.id, Enquiry.state.in_(UNANSWERED)
    )
    return _rows(loader, enquiries, query.order_by(Enquiry.received_at, Enquiry.id).limit(MOST_OPEN))


def _rows(loader: Loader, flow: Flow, query: Any) -> list[Row]:
    cases = list(loader.session.scalars(query))
    return [Row(case, values) for case, values in zip(cases, present(loader, flow, cases), strict=True)]


# ---- the customer service team's daily work record (3/5.2)


def day_record(site_code: str) -> str:
    """The day's record: enquiries, requests, what is still open, and who reviewed it; to be printed and signed."""
    with reading(caller(site_code)) as loader:
        assert loader.site is not None  # a site's page
        calendar = loader.place.calendar
        today = calendar.date_of(loader.now)
        day = _day(request.args.get("day", ""), today)
        start, end = calendar.start_of(day), calendar.end_of(day)
        here = (loader.company_id, loader.site.id)
        asked = _rows(loader, enquiries, _of_day(Enquiry, Enquiry.received_at, here, start, end))
        wanted = _rows(loader, requests, _of_day(ServiceRequest, ServiceRequest.received_at, here, start, end))
        found = loader.session.scalars(
            select(LedgerReview).where(
                LedgerReview.company_id == here[0], LedgerReview.site_id == here[1], LedgerReview.opened_at >= start,
                LedgerReview.opened_at < end,
            ).order_by(LedgerReview.opened_at)
        ).all()  # fmt: skip
        names = loader.names([r.reviewed_by for r in found])
        return render_template(
            "customer_service/day_record.html", day=day, asked=asked, wanted=wanted, reviews=found, names=names,
            labels={name: _labels(flow, name) for flow, name in ((enquiries, "subject"), (requests, "category"))},
            states=(enquiries, requests), company=loader.host.directory.company(loader.session).name, site=loader.site.name,
            site_code=site_code, others=_neighbours(site_code, day, today), paper="a4", number=None, issued=loader.now,
            back_url=url_for("customer_service.front_desk", site_code=site_code), qr="", most=MOST_LINES,
            counts=_counts(asked, wanted), clock=calendar.local,
        )  # fmt: skip


def _labels(flow: Flow, name: str) -> Mapping[str, Any]:
    column = flow.column(name)
    assert column is not None  # declared above
    return column.labels


def _day(text: str, today: date) -> date:
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def _of_day(model: Any, column: Any, here: tuple[Any, Any], start: Any, end: Any) -> Any:
    query = select(model).where(model.company_id == here[0], model.site_id == here[1], column >= start, column < end)
    return query.order_by(column, model.id).limit(MOST_LINES)


def _counts(asked: Sequence[Row], wanted: Sequence[Row]) -> dict[str, int]:
    return {
        "asked": len(asked), "answered": sum(r.case.answered_at is not None for r in asked),
        "important": sum(r.case.is_important for r in asked), "wanted": len(wanted),
        "done": sum(r.case.finished_at is not None for r in wanted),
    }  # fmt: skip


def _neighbours(site_code: str, day: date, today: date) -> list[tuple[str, str]]:
    """The day before, and the day after unless that is still to come."""
    days = [day - timedelta(days=1), *([day + timedelta(days=1)] if day < today else [])]
    return [
        (d.isoformat(), url_for("customer_service.day_record", site_code=site_code, day=d.isoformat())) for d in days
    ]
