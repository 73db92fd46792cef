"""Dates after a calendar change: open dates that today's calendar would set otherwise, recomputed only on demand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from guanjia.errors import GuanjiaError
from guanjia.sdk import Context
from guanjia.steps.recompute import differences
from guanjia.web.addresses import page_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.headings import headings, site_codes
from guanjia.web.shown import deadline_title
from guanjia.words import words

_ = words("guanjia")


def dates(site_code: str | None = None) -> str | Response:
    """The differing dates of the site (of all sites that the reader reaches); a post recomputes the chosen ones."""
    context = caller(site_code)
    if request.method == "POST":
        _recompute(context, request.form.getlist("case"), request.form.get("reason", ""))
        return redirect(page_url("dates", site_code))
    rows: list[dict[str, Any]] = []
    for place in _places(context):
        with reading(place) as loader:
            if not loader.may("guanjia.move_rules"):
                continue
            found = [d for flow in loader.host.flows.values() if loader.host.is_active(flow.plugin, loader.place)
                     for d in differences(loader, flow)]  # fmt: skip
            about = headings(loader, [(d.flow, d.case_id) for d in found], site_codes(loader))
            rows += [
                {"value": f"{place.site_id}|{d.flow}|{d.case_id}", "about": about.get((d.flow, d.case_id)),
                 "name": deadline_title(loader, d.deadline.name), "now": d.deadline.due_at, "then": d.would_be,
                 "site": loader.site.name if loader.site else ""}
                for d in found
            ]  # fmt: skip
    return render_template("guanjia/dates.html", rows=rows, crumbs=[(str(_("Dates after a calendar change")), None)])


def _places(context: Context) -> list[Context]:
    if context.site_id is not None or context.actor_id is None:
        return [context]
    with reading(context) as loader:
        reachable = loader.host.directory.reachable(loader.session, context.actor_id, loader.now)
    return [context.at_site(site.id) for site in reachable]


def _recompute(context: Context, chosen: list[str], reason: str) -> None:
    done, failed = 0, 0
    for value in chosen[:500]:
        site_id, _bar, rest = value.partition("|")
        flow, _bar, case_id = rest.partition("|")
        try:
            context.at_site(UUID(site_id)).perform(f"{flow}.recompute", UUID(case_id), {"reason": reason})
            done += 1
        except (GuanjiaError, ValueError, KeyError):
            failed += 1
    if done:
        flash(str(_("%(n)s dates were recomputed; the old ones stay in the history.", n=done)), "success")
    if failed or not chosen:
        flash(
            str(_("%(n)s dates were left as they are. Choose cases, give a reason, and try again.", n=failed)),
            "warning",
        )
