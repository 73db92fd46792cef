"""The supervisor's board: every open request in the column of its state, by date, with a worker given on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import Invalid, KeyReused, Refused, Stale, Waiting, WrongState
from guanjia.schema import localise
from guanjia.sdk import Context, Loader, Message, words
from guanjia.steps.view import reason_view
from guanjia.web.addresses import ledger_url, step_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import sent_key
from guanjia.web.shown import reason_parts
from plugins.customer_service.flow import (
    AT_DEPARTMENT,
    DISPATCHED,
    FINISHED,
    HANDED_IN,
    IN_PROGRESS,
    RECEIVED,
    REPORTED,
    RETURNED,
    TAKEN,
    requests,
)
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.pages.cards import Card, cards
from tenants.public import department_choices, staff_choices

_ = words("customer_service")

COLUMNS: tuple[tuple[str, Message, tuple[str, ...]], ...] = (
    ("new", _("To be dispatched"), (REPORTED, RECEIVED)),
    ("dispatched", _("To be accepted"), (DISPATCHED,)),
    ("working", _("Being worked on"), (TAKEN, IN_PROGRESS)),
    ("finished", _("To be reviewed"), (FINISHED,)),
    ("handed_in", _("To be revisited and closed"), (HANDED_IN,)),
    ("returned", _("Returned"), (RETURNED,)),
)
MOST = 400  # open requests that one look reads
PER_COLUMN = 40


@dataclass
class BoardColumn:
    """A column: its cards by date, how many there are in all, and where the rest stands."""

    key: str
    title: str
    more_url: str
    total: int = 0
    late: int = 0
    cards: list[Card] = field(default_factory=list)


@dataclass
class Filter:
    """What the board is narrowed to: a department and a worker of this site, `none` for those without a worker."""

    departments: Sequence[tuple[str, Any]]
    workers: Sequence[tuple[str, str]]
    department: str = ""
    worker: str = ""

    @property
    def query(self) -> dict[str, Any]:
        """The address's part that keeps it."""
        return {k: v for k, v in (("department", self.department), ("worker", self.worker)) if v}


def board(site_code: str) -> str:
    """The board; with `?part=1` only the part that refreshes itself."""
    with reading(caller(site_code)) as loader:
        return _page(loader, site_code, part=bool(request.args.get("part")))


def assign(site_code: str, case_id: UUID) -> AnyResponse:
    """Give a request to a worker from its card; a refusal is told on the board with its reasons."""
    context = caller(site_code)
    kept: dict[str, Any] = {k: v for k, v in request.args.items() if k in ("department", "worker")}
    try:
        _assign(context, case_id, {"worker_id": request.form.get("worker_id", "")})
    except Waiting:
        flash(str(_("The assignment waits for approval.")), "info")
    except (Refused, Invalid, WrongState, Stale) as error:
        with reading(context) as loader:
            reasons = (
                [reason_parts(reason_view(loader, r)) for r in error.reasons] if isinstance(error, Refused) else []
            )
            said = _first(error) if isinstance(error, Invalid) else "" if reasons else str(error.detail)
            return Response(_page(loader, site_code, reasons=reasons, said=said), error.status)
    else:
        flash(str(_("Assigned.")), "success")
    return redirect(url_for("customer_service.board", site_code=site_code, **kept), 303)


def _assign(context: Context, case_id: UUID, form: dict[str, Any]) -> None:
    """The worker has it; a card that was sent twice counts once, and one sent again with another worker is a new wish."""
    try:
        context.perform("customer_service.request.assign", case_id, form, key=sent_key())
    except KeyReused:
        context.perform("customer_service.request.assign", case_id, form)


def _first(error: Invalid) -> str:
    messages = [
        message for found in error.errors.values() for message in (found if isinstance(found, list) else [found])
    ]
    return localise(messages[0]) if messages else str(error.detail)


def _page(
    loader: Loader, site_code: str, *, part: bool = False, reasons: Sequence[Mapping[str, Any]] = (), said: str = ""
) -> str:
    narrowed = _filter(loader)
    found = _cards(loader, narrowed)
    columns = [_column(loader, key, title, states, found, site_code) for key, title, states in COLUMNS]
    here = url_for("customer_service.board", site_code=site_code, **narrowed.query)
    counts = {
        "open": len(found), "late": sum(1 for c in found if c.due is not None and c.due.status == "overdue"),
        "soon": sum(1 for c in found if c.due is not None and c.due.status == "due_soon"),
        "free": sum(1 for c in found if _may_assign(c) and c.request.worker_id is None and c.request.contractor_id is None),
    }  # fmt: skip
    return render_template(
        "customer_service/board_part.html" if part else "customer_service/board.html", columns=columns, counts=counts,
        narrowed=narrowed, here=here, live_url=url_for("customer_service.board", site_code=site_code, part=1, **narrowed.query),
        workers=_workers(loader, found), may_assign=_may_assign, site_code=site_code, reasons=reasons, said=said, now=loader.now,
        receive_url=step_url(requests.steps["receive"], None, site_code), list_url=ledger_url(requests, site_code), per_column=PER_COLUMN,
    )  # fmt: skip


def _filter(loader: Loader) -> Filter:
    found = Filter(department_choices(loader), staff_choices(loader))
    department, worker = request.args.get("department", ""), request.args.get("worker", "")
    if department in {key for key, _title in found.departments}:
        found.department = department
        found.workers = staff_choices(loader, department_id=UUID(department))
    if worker == "none" or worker in {key for key, _name in found.workers}:
        found.worker = worker
    return found


def _cards(loader: Loader, narrowed: Filter) -> list[Card]:
    site_id = loader.site.id if loader.site else None
    query = select(ServiceRequest).where(
        ServiceRequest.company_id == loader.company_id, ServiceRequest.site_id == site_id,
        ServiceRequest.state.in_(requests.open_states),
    )  # fmt: skip
    if narrowed.department:
        query = query.where(ServiceRequest.department_id == UUID(narrowed.department))
    if narrowed.worker == "none":
        query = query.where(ServiceRequest.worker_id.is_(None), ServiceRequest.contractor_id.is_(None))
    elif narrowed.worker:
        query = query.where(ServiceRequest.worker_id == UUID(narrowed.worker))
    rows = list(loader.session.scalars(query.order_by(ServiceRequest.received_at).limit(MOST)))
    return sorted(cards(loader, rows), key=lambda card: card.order)


def _column(
    loader: Loader, key: str, title: Message, states: tuple[str, ...], found: Sequence[Card], site_code: str
) -> BoardColumn:
    mine = [card for card in found if card.request.state in states]
    late = sum(1 for card in mine if card.due is not None and card.due.status == "overdue")
    return BoardColumn(
        key, str(title), ledger_url(requests, site_code, state=list(states)), len(mine), late, mine[:PER_COLUMN]
    )


def _may_assign(card: Card) -> bool:
    return card.request.state in AT_DEPARTMENT


def _workers(loader: Loader, found: Sequence[Card]) -> dict[UUID | None, list[tuple[str, str]]]:
    """Whom each department may give work to, asked once a department."""
    departments = {card.request.department_id for card in found if _may_assign(card)}
    return {key: staff_choices(loader, department_id=key) for key in departments}
