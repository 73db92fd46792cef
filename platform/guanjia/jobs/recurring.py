"""What recurs from the last time it was done: every so many days or months, the first time from switching on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from guanjia.calendar import WorkCalendar
from guanjia.steps.models import Task

if TYPE_CHECKING:
    from guanjia.ports import SiteInfo
    from guanjia.steps.loader import Loader


def since_last(rule: str) -> Callable[..., list[dict[str, Any]]]:
    """Site facts for a duty: `{"last": day it was last done or None, "open": whether it is owed already}` by site.

    Days are ISO text in the site's time. For `facts={"since": since_last("plugin.rule")}` of a duty with `every="day"`.
    """

    def load(loader: Loader, sites: Sequence[SiteInfo], _form: Mapping[str, Any]) -> list[dict[str, Any]]:
        by_id = {site.id: site for site in sites}
        found: dict[Any, dict[str, Any]] = {site.id: {"last": None, "open": False} for site in sites}
        query = select(Task.site_id, Task.state, Task.closed_at).where(
            Task.company_id == loader.company_id,
            Task.rule == rule,
            Task.site_id.in_(list(by_id)),
            Task.state != "cancelled",
        )
        for site_id, state, closed_at in loader.session.execute(query):
            if state == "open":
                found[site_id]["open"] = True
            elif closed_at is not None:
                day = by_id[site_id].calendar.date_of(closed_at).isoformat()
                found[site_id]["last"] = max(found[site_id]["last"] or "", day)
        return [found[site.id] for site in sites]

    return load


def due_again(since: Mapping[str, Any], today: date, *, days: int = 0, months: int = 0) -> date | None:
    """The day on which it is due again; None while it is owed already. Never before `today`."""
    if since["open"]:
        return None
    start = date.fromisoformat(since["last"]) if since["last"] else today - timedelta(days=1)
    due = WorkCalendar().add_months(start, months) if months else start
    return max(due + timedelta(days=days), today)
