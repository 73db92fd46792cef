"""The plugin's figures, for this month and the five before, with the cases that stand against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import render_template, request, url_for

from guanjia.errors import Forbidden
from guanjia.rules.measure import Measure, Span
from guanjia.sdk import Loader, Message, Rule, Text, words
from guanjia.web.caller import caller, reading
from plugins.customer_service import permissions
from plugins.customer_service.complaints.rules import valid_complaint_rate
from plugins.customer_service.pages.against import MOST, cases_against
from plugins.customer_service.pages.chart import Bar, Chart
from plugins.customer_service.rules.figures import enquiries_on_time, repairs_on_time, rework_rate
from plugins.customer_service.visits.rules import visit_feedback_handled

_ = words("customer_service")

MONTHS = 6
RULES: tuple[Rule, ...] = (
    repairs_on_time,
    rework_rate,
    enquiries_on_time,
    valid_complaint_rate,
    visit_feedback_handled,
)
TITLES: dict[str, Message] = {
    "urgent": _("Urgent repairs finished in time"),
    "ordinary": _("Other repairs finished in time"),
    "rework": _("Repairs done again"),
    "enquiries": _("Enquiries answered in time"),
    "complaints": _("Valid complaints, as a share of the households"),
    "visits": _("Feedback of visits that was handled"),
}
# What the figure of a month without anything to count says.
NOTHING: dict[str, Message] = {
    "rework": _("nothing was closed this month"), "complaints": _("no household is registered"),
    "visits": _("no visit left anything open this month"),
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A measure over the months, oldest first; `measures` beside `months`."""

    name: str
    title: str
    nothing: str
    clause: str
    months: Sequence[date]
    measures: Sequence[Measure]
    chart: Chart

    @property
    def now(self) -> Measure:
        """The present month's."""
        return self.measures[-1]


def figures(site_code: str) -> str:
    """The page. Raises Forbidden without the permission for figures."""
    with reading(caller(site_code)) as loader:
        if not loader.may(permissions.FIGURES.key):
            raise Forbidden()
        months = last_months(loader)
        rulebook = loader.host.rulebooks.current(loader.session, loader.place, loader.now)
        found = [figure for rule in RULES if rulebook.is_on(rule.key) for figure in _figures(loader, rule, months)]
        off = [str(loader.host.texts[rule.key].title) for rule in RULES if not rulebook.is_on(rule.key)]
        chosen = next((m for m in months if m.isoformat()[:7] == request.args.get("month")), months[-1])
        at = months.index(chosen)
        return render_template(
            "customer_service/figures.html", figures=found, off=off, chosen=chosen, site_code=site_code,
            against=[(figure, cases_against(loader, figure.measures[at])) for figure in found],
            months=[(m.isoformat()[:7], m == chosen, url_for("customer_service.figures", site_code=site_code,
                                                             month=m.isoformat()[:7])) for m in reversed(months)],
            percent=percent, most=MOST,
        )  # fmt: skip


def last_months(loader: Loader) -> list[date]:
    """The first days of this month and the five before, oldest first, in the site's time."""
    first = loader.place.calendar.date_of(loader.now).replace(day=1)
    found = [first]
    while len(found) < MONTHS:
        year, month = (found[0].year, found[0].month - 1) if found[0].month > 1 else (found[0].year - 1, 12)
        found.insert(0, date(year, month, 1))
    return found


def span_of(loader: Loader, month: date) -> Span:
    """From the first moment of the month to that of the next."""
    calendar = loader.place.calendar
    return Span(calendar.start_of(month), calendar.end_of(calendar.last_day_of_month(month)))


def _figures(loader: Loader, rule: Rule, months: Sequence[date]) -> list[Figure]:
    assert loader.site is not None  # a site's page
    rulebook = loader.host.rulebooks.current(loader.session, loader.place, loader.now)
    params = rule.params.load(rulebook.params_of(rule.key))
    function = rule.indicators[0].call
    by_month: list[list[Measure]] = [
        function(loader.session, [loader.site.id], span_of(loader, m), params) for m in months
    ]
    clause = loader.host.texts[rule.key].refs
    found = []
    for measures in zip(*by_month, strict=True):
        name = measures[0].name
        title, nothing = str(TITLES[name]), str(NOTHING.get(name, _("nothing fell due this month")))
        bars = [Bar(str(Text(f"{m.month}月", f"{m:%b}")), measure.permille, measure.met, f"{m.isoformat()[:7]}: {percent(measure)}")
                for m, measure in zip(months, measures, strict=True)]  # fmt: skip
        found.append(
            Figure(name, title, nothing, clause, months, measures, Chart.of(bars, measures[-1].target_percent * 10))
        )
    return found


def percent(measure: Measure) -> str:
    """`98.3 %`; a dash where nothing fell due."""
    if measure.permille is None:
        return "—"
    return f"{measure.permille // 10}.{measure.permille % 10}%"
