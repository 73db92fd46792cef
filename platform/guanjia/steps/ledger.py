"""Ledgers: the list of a flow's cases with filter, search, sort and a cursor; page, print, Excel and API use the same."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Boolean, Date, Integer, Numeric, Select, Uuid, and_, or_, select

from guanjia.db.types import UtcDateTime
from guanjia.errors import Forbidden, Invalid, NotFound
from guanjia.schema import YEARS
from guanjia.steps.changes import plain
from guanjia.steps.flow import COMPANY, Flow
from guanjia.steps.loader import Loader
from guanjia.steps.view import present
from guanjia.words import words

_ = words("guanjia")

MAX_LIMIT = 200


@dataclass(frozen=True)
class Query:
    """What to list. `filters` maps a filterable column to accepted values; `sort` is a column name, `-` for descending."""

    states: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    search: str = ""
    sort: str = ""
    cursor: str | None = None
    limit: int = 50
    opened_from: datetime | None = None
    opened_to: datetime | None = None


@dataclass(frozen=True)
class Row:
    """A case and what is shown of it."""

    case: Any
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """A stretch of the ledger, and the cursor of the next (None at the end)."""

    rows: Sequence[Row]
    next_cursor: str | None


def read_page(loader: Loader, flow: Flow, query: Query) -> Page:
    """A page of the ledger. Raises NotFound where the plugin is off, Forbidden without permission, Invalid naming what
    in the query is wrong."""
    if not loader.host.is_active(flow.plugin, loader.place):
        raise NotFound()
    if not loader.may(flow.permission):
        raise Forbidden()
    if not 1 <= query.limit <= MAX_LIMIT:
        raise Invalid({"limit": [_("Ask for 1 to %(max)s rows at once.", max=MAX_LIMIT)]})
    name, descending = _sorting(flow, query)
    column = getattr(flow.model, name)
    statement = _filtered(loader, flow, query)
    if query.cursor:
        statement = statement.where(_after(flow, query.cursor, name, descending))
    key = (
        *([column.is_(None)] if _may_be_empty(column) else []),  # an order by it would keep an index from serving
        column.desc() if descending else column,
        flow.model.id.desc() if descending else flow.model.id,
    )
    cases = list(loader.session.scalars(statement.order_by(*key).limit(query.limit + 1)))
    more = len(cases) > query.limit
    cases = cases[: query.limit]
    rows = [Row(case, values) for case, values in zip(cases, present(loader, flow, cases), strict=True)]
    cursor = _encode(name, descending, getattr(cases[-1], name), cases[-1].id) if more else None
    return Page(rows, cursor)


def all_rows(loader: Loader, flow: Flow, query: Query, *, most: int = 20_000) -> list[Row]:
    """All rows of the query up to `most`, for print and export."""
    rows: list[Row] = []
    cursor = None
    while True:
        page = read_page(
            loader,
            flow,
            Query(
                query.states,
                query.filters,
                query.search,
                query.sort,
                cursor,
                MAX_LIMIT,
                query.opened_from,
                query.opened_to,
            ),
        )
        rows.extend(page.rows)
        cursor = page.next_cursor
        if cursor is None or len(rows) >= most:
            return rows[:most]


def _filtered(loader: Loader, flow: Flow, query: Query) -> Select[Any]:
    model = flow.model
    statement = select(model).where(model.company_id == loader.company_id)
    if loader.site is None and flow.level != COMPANY:
        raise NotFound()
    statement = statement.where(*loader.here(model))
    if flow.row_filter is not None:
        statement = statement.where(flow.row_filter(loader, model))
    known = {state.key for state in flow.states}
    for state in query.states:
        if state not in known:
            raise Invalid(
                {
                    "state": [
                        _(
                            'There is no state "%(state)s". Choose one of: %(known)s.',
                            state=state[:60],
                            known=sorted(known),
                        )
                    ]
                }
            )
    if query.states:
        statement = statement.where(model.state.in_(query.states))
        if hasattr(model, "closed_at") and not any(flow.state(state).closed for state in query.states):
            statement = statement.where(model.closed_at.is_(None))  # served by the index of what is open
    for name, accepted in query.filters.items():
        column = flow.column(name)
        if column is None or not column.filter or not hasattr(model, name):
            raise Invalid({name: [_("This list cannot be filtered by that. Leave it out.")]})
        attribute = getattr(model, name)
        statement = statement.where(attribute.in_([_typed(attribute.type, name, value) for value in accepted]))
    if query.opened_from:
        statement = statement.where(model.opened_at >= query.opened_from)
    if query.opened_to:
        statement = statement.where(model.opened_at < query.opened_to)
    if "\x00" in query.search:
        raise Invalid({"q": [_("Some characters cannot be stored. Delete them, or type it anew.")]})
    for word in query.search.split()[:5]:
        if not flow.search:
            break
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(or_(*(getattr(model, name).ilike(pattern, escape="\\") for name in flow.search)))
    return statement


def _typed(kind: Any, name: str, value: str) -> Any:
    """A filter's text as the column's own type. Raises Invalid, naming the filter."""
    try:
        return _parsed(kind, value)
    except (ValueError, KeyError, InvalidOperation):
        raise Invalid({name: [_("This is no value of that column. Choose one from the list.")]}) from None


def _parsed(kind: Any, value: str) -> Any:
    """Text as a value that the database can compare with a column. Raises ValueError, KeyError or InvalidOperation."""
    if "\x00" in value:
        raise ValueError
    if isinstance(kind, Uuid):
        return UUID(value)
    if isinstance(kind, Boolean):
        return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
    if isinstance(kind, Integer):
        number = int(value)
        if not -(2**63) <= number < 2**63:
            raise ValueError
        return number
    if isinstance(kind, Numeric):
        decimal = Decimal(value)
        if not decimal.is_finite() or abs(decimal.adjusted()) > 30:
            raise ValueError
        return decimal
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, UtcDateTime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or moment.year not in YEARS:
            raise ValueError
        return moment
    return value


def _sorting(flow: Flow, query: Query) -> tuple[str, bool]:
    wish = query.sort or flow.order
    name, descending = wish.lstrip("-"), wish.startswith("-")
    allowed = {column.name for column in flow.columns if column.sort} | {flow.order.lstrip("-")}
    if name not in allowed or not hasattr(flow.model, name):
        raise Invalid(
            {"sort": [_("This list cannot be sorted by that. Choose one of: %(known)s.", known=sorted(allowed))]}
        )
    return name, descending


def _may_be_empty(column: Any) -> bool:
    return bool(column.property.columns[0].nullable)


def _encode(name: str, descending: bool, value: Any, row_id: UUID) -> str:
    raw = msgspec.json.encode([name, descending, plain(value), str(row_id)])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _after(flow: Flow, cursor: str, name: str, descending: bool) -> Any:
    fault = Invalid({"cursor": [_("This cursor is not valid for this list. Start again from the first page.")]})
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        kept_name, kept_descending, value, row_id = msgspec.json.decode(raw)
        if (kept_name, kept_descending) != (name, descending):
            raise fault
        last_id = UUID(str(row_id))
        column = getattr(flow.model, name)
        if value is not None:
            value = _parsed(column.type, str(value))
    except (ValueError, TypeError, KeyError, InvalidOperation, binascii.Error, msgspec.DecodeError):
        raise fault from None
    row_key = flow.model.id < last_id if descending else flow.model.id > last_id
    if value is None:
        return and_(column.is_(None), row_key)
    beyond = column < value if descending else column > value
    return or_(beyond, and_(column == value, row_key), *([column.is_(None)] if _may_be_empty(column) else []))
