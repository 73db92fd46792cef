"""The day's calls: who is to be asked about finished work, with what was done, and the answer written down on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.sdk import Loader
from guanjia.steps.models import Task
from guanjia.steps.view import reason_view
from guanjia.web.caller import caller, reading
from guanjia.web.forms import FormView
from guanjia.web.pages.posting import read_post, view_form
from guanjia.web.pages.step import Outcome, take
from guanjia.web.shown import DueView, due_view, reason_parts
from plugins.customer_service.flow import AT_DEPARTMENT, requests
from plugins.customer_service.models import MaterialLine, ServiceRequest
from plugins.customer_service.pages.asking import standing_against
from plugins.customer_service.pages.cards import Card, cards
from plugins.customer_service.pages.phone import may_call
from plugins.customer_service.rules.aftercare import revisit_after_completion
from plugins.customer_service.sheet import quantity_text

MOST = 60


@dataclass(frozen=True)
class Call:
    """A call that is owed: the request, when at the latest, what was done, and the form for the answer."""

    card: Card
    due: DueView | None
    materials: str
    form: FormView
    key: str
    refused: list[dict[str, Any]]
    open: bool = False


def revisits(site_code: str) -> str:
    """The calls that are owed at the site, soonest first, and how many were made today."""
    with reading(caller(site_code)) as loader:
        return _page(loader, site_code)


def record(site_code: str, case_id: UUID) -> AnyResponse:
    """Write the answer of one resident down; where it is refused the list comes back with it open and filled in."""
    context, step = caller(site_code), requests.steps["revisit"]
    outcome, answer = take(context, step, case_id, read_post(context, step), site_code)
    if answer is not None:
        return answer
    with reading(context) as loader:
        return Response(_page(loader, site_code, case_id, outcome), outcome.status)


def _page(loader: Loader, site_code: str, case_id: UUID | None = None, outcome: Outcome | None = None) -> str:
    tasks = _tasks(loader)
    rows = loader.by_id(ServiceRequest, [task.target_id for task in tasks])
    step = requests.steps["revisit"]
    owed = [task for task in tasks if task.target_id in rows]
    ready = [task for task in owed if rows[task.target_id].state in step.moves]  # type: ignore[index]
    found = dict(zip((t.id for t in ready), cards(loader, [rows[t.target_id] for t in ready]), strict=True))  # type: ignore[index]
    lines = loader.children(MaterialLine, MaterialLine.request_id, [card.request.id for card in found.values()])
    calls = [
        _call(loader, found[task.id], task, lines[found[task.id].request.id], n, case_id, outcome)
        for n, task in enumerate(ready)
    ]
    back = cards(loader, [rows[t.target_id] for t in owed if rows[t.target_id].state in AT_DEPARTMENT])  # type: ignore[index]
    rulebook = loader.host.rulebooks.current(loader.session, loader.place, loader.now)
    return render_template(
        "customer_service/revisits.html", calls=calls, sent_back=back, site_code=site_code, may_call=may_call(loader),
        made_today=_made_today(loader), is_on=rulebook.is_on(revisit_after_completion.key), version=lambda c: c.card.request.version,
        shut=standing_against(loader, step, calls[0].card.request) if calls else [],
        here=url_for("customer_service.revisits", site_code=site_code), changed=bool(outcome and outcome.changed),
        said=outcome.said if outcome else "", new_key=lambda: str(loader.host.ids.new()),
        text=loader.host.texts[revisit_after_completion.key], posted=request.method == "POST",
    )  # fmt: skip


def _tasks(loader: Loader) -> list[Task]:
    site_id = loader.site.id if loader.site else None
    query = select(Task).where(
        Task.company_id == loader.company_id, Task.site_id == site_id, Task.state == "open",
        Task.rule == revisit_after_completion.key, Task.target_flow == requests.key,
    )  # fmt: skip
    return list(loader.session.scalars(query.order_by(Task.due_at.is_(None), Task.due_at).limit(MOST)))


def _call(
    loader: Loader,
    card: Card,
    task: Task,
    lines: list[MaterialLine],
    n: int,
    case_id: UUID | None,
    outcome: Outcome | None,
) -> Call:
    mine = outcome is not None and card.request.id == case_id
    posted = outcome.posted if outcome is not None and mine else None
    form = view_form(loader, requests.steps["revisit"], card.request, posted.raw if posted else {},
                     errors=outcome.errors if outcome is not None and mine else None, key=f"r{n}")  # fmt: skip
    materials = "、".join(f"{line.name} {quantity_text(line.quantity_milli)}{line.unit}" for line in lines)
    refused = (
        [reason_parts(reason_view(loader, r, card.request)) for r in outcome.reasons]
        if outcome is not None and mine
        else []
    )
    due = due_view(task.due_at, loader.now) if task.due_at is not None else None
    return Call(card, due, materials, form, f"r{n}", refused, open=mine)


def _made_today(loader: Loader) -> int:
    site_id = loader.site.id if loader.site else None
    calendar = loader.place.calendar
    query = select(func.count()).select_from(ServiceRequest).where(
        ServiceRequest.company_id == loader.company_id, ServiceRequest.site_id == site_id,
        ServiceRequest.revisited_at >= calendar.start_of(calendar.date_of(loader.now)),
    )  # fmt: skip
    return int(loader.session.scalars(query).one())
