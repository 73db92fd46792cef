"""The ledger of a flow: list with filters, search, sort and cursor; the same rows for print and for Excel."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import xlsxwriter
from flask import Response, render_template, request
from sqlalchemy import Uuid, func, select

from guanjia.errors import Invalid
from guanjia.steps.flow import Column, Flow
from guanjia.steps.ledger import Query, Row, all_rows, read_page
from guanjia.steps.loader import Loader
from guanjia.web.addresses import case_url, ledger_url, page_url, step_url
from guanjia.web.caller import caller, current_host, reading
from guanjia.web.pages.cells import Cell, Cells, day_of, listed_columns, main_column
from guanjia.web.pages.headings import flow_of, site_codes
from guanjia.web.shell import may_create
from guanjia.web.shown import state_of, tone_of
from guanjia.words import words

_ = words("guanjia")

MOST_PRINTED = 2_000
MOST_EXPORTED = 20_000
MOST_CHOICES = 60  # a column with more values than this gets a text box
PAGE = 50


@dataclass(frozen=True)
class Filter:
    """A filter above the list; without options a text box."""

    name: str
    label: str
    chosen: str
    options: Sequence[tuple[str, str]] | None


def ledger(plugin: str, flow: str, site_code: str | None = None) -> str | Response:
    """The list, or with `?print=1` the whole of it as a sheet to print."""
    context = caller(site_code)
    found = flow_of(current_host(), plugin, flow)
    with reading(context) as loader:
        if request.args.get("print"):
            return _printed(loader, found, site_code)
        errors: dict[str, Any] = {}
        try:
            query = _query(loader, found)
            result = read_page(loader, found, query)
        except Invalid as error:
            errors = dict(error.errors)
            query = Query(limit=PAGE)
            result = read_page(loader, found, query)
        columns = listed_columns(found)
        cells = Cells(loader, found, [row.values for row in result.rows])
        codes = site_codes(loader)
        rows = [_row(found, row, columns, cells, codes, site_code) for row in result.rows]
        html = render_template(
            "guanjia/ledger.html", flow=found, columns=columns, rows=rows, main=main_column(columns), query=query,
            filters=_filters(loader, found, query), states=_states(loader, found, query, site_code),
            sorts=_sorts(found, query, site_code), errors=[m for e in errors.values() for m in e],
            new=[(s.title, step_url(s, None, site_code), s.help) for s in may_create(loader, found)],
            next_url=_with(found, site_code, cursor=result.next_cursor) if result.next_cursor else None,
            first_url=_with(found, site_code, cursor=None) if query.cursor else None,
            print_url=_with(found, site_code, print="1", cursor=None),
            export_url=page_url("export", site_code, plugin=plugin, flow=flow, **_args(cursor=None)),
            clear_url=ledger_url(found, site_code), search=bool(found.search),
            crumbs=[(str(found.title), None)],
        )  # fmt: skip
    return Response(html, 422) if errors else html


def _query(loader: Loader, flow: Flow) -> Query:
    args = request.args
    calendar = loader.place.calendar
    opened: list[datetime | None] = []
    for name, later in (("from", 0), ("to", 1)):
        text = args.get(name, "").strip()
        day = day_of(text)
        if text and day is None:
            raise Invalid({name: [_("Enter a date, for example 2026-03-01.")]})
        opened.append(calendar.start_of(day + timedelta(days=later)) if day else None)
    filters = {
        c.name: tuple(v for v in args.getlist(c.name) if v) for c in flow.columns if c.filter and c.kind != "state"
    }
    return Query(
        states=tuple(v for v in args.getlist("state") if v), filters={k: v for k, v in filters.items() if v},
        search=args.get("q", "").strip()[:200], sort=args.get("sort", ""), cursor=args.get("cursor") or None, limit=PAGE,
        opened_from=opened[0], opened_to=opened[1],
    )  # fmt: skip


def _row(
    flow: Flow, row: Row, columns: Sequence[Column], cells: Cells, codes: Mapping[UUID, str], here: str | None
) -> dict[str, Any]:
    closed = state_of(flow, row.case.state).closed
    made: dict[str, Cell] = {c.name: cells.of(c, row.values, closed=closed) for c in columns}
    late = any(cell.due is not None and cell.due.status == "overdue" for cell in made.values())
    site_id = getattr(row.case, "site_id", None)
    code = codes.get(site_id) if site_id else here
    return {"cells": made, "url": case_url(flow, row.case.id, code), "tone": "danger" if late else ""}


# -- addresses that keep the rest of the query -----------------------------------------------------------


def _args(**changed: str | None) -> dict[str, Any]:
    kept: dict[str, Any] = {name: request.args.getlist(name) for name in request.args if request.args[name] != ""}
    kept.pop("print", None)
    for name, value in changed.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
    return kept


def _with(flow: Flow, site_code: str | None, **changed: str | None) -> str:
    query = urlencode(_args(**changed), doseq=True)
    return ledger_url(flow, site_code) + (f"?{query}" if query else "")


def _sorts(flow: Flow, query: Query, site_code: str | None) -> dict[str, tuple[str, str]]:
    """For each column that sorts: the address that sorts by it, and how it is sorted now (for aria-sort)."""
    now = query.sort or flow.order
    found = {}
    for column in flow.columns:
        if not column.sort:
            continue
        is_now = now.lstrip("-") == column.name
        descending = is_now and not now.startswith("-")
        state = ("descending" if now.startswith("-") else "ascending") if is_now else "none"
        wish = f"-{column.name}" if descending else column.name
        found[column.name] = (_with(flow, site_code, sort=wish, cursor=None), state)
    return found


def _states(loader: Loader, flow: Flow, query: Query, site_code: str | None) -> list[dict[str, Any]]:
    """The chips above the list, with how many cases stand in each state that is still open."""
    model = flow.model
    counting = select(model.state, func.count()).where(
        model.company_id == loader.company_id, model.state.in_(flow.open_states)
    )
    counting = counting.where(*loader.here(model))
    if flow.row_filter is not None:
        counting = counting.where(flow.row_filter(loader, model))
    counts = {row[0]: row[1] for row in loader.session.execute(counting.group_by(model.state))}
    everything = {"title": str(_("All")), "url": _with(flow, site_code, state=None, cursor=None), "on": not query.states,
                  "count": None, "tone": "neutral"}  # fmt: skip
    return [everything] + [
        {"title": str(state.title), "url": _with(flow, site_code, state=state.key, cursor=None),
         "on": state.key in query.states, "count": counts.get(state.key), "tone": tone_of(state)}
        for state in flow.states
    ]  # fmt: skip


# -- filters ---------------------------------------------------------------------------------------------


def _filters(loader: Loader, flow: Flow, query: Query) -> list[Filter]:
    found = []
    for column in flow.columns:
        if not column.filter or column.kind == "state" or not hasattr(flow.model, column.name):
            continue
        chosen = next(iter(query.filters.get(column.name, ())), "")
        found.append(Filter(column.name, str(column.title), chosen, _choices(loader, flow, column)))
    return found


def _choices(loader: Loader, flow: Flow, column: Column) -> list[tuple[str, str]] | None:
    if column.labels:
        return [(value, str(label)) for value, label in column.labels.items()]
    if column.kind == "flag":
        return [("true", str(_("Yes"))), ("false", str(_("No")))]
    if column.kind in ("moment", "due", "date", "money"):
        return None
    attribute = getattr(flow.model, column.name)
    present = select(attribute).where(flow.model.company_id == loader.company_id, attribute.is_not(None))
    present = present.where(*loader.here(flow.model))
    if flow.row_filter is not None:
        present = present.where(flow.row_filter(loader, flow.model))
    values = list(loader.session.scalars(present.distinct().order_by(attribute).limit(MOST_CHOICES + 1)))
    if len(values) > MOST_CHOICES:
        return None
    if isinstance(attribute.type, Uuid):
        names = loader.names(values)
        return sorted(((str(v), names.get(v, "")) for v in values if names.get(v)), key=lambda pair: pair[1])
    return [(str(v), str(loader.host.label(str(v)))) for v in values if v != ""]


# -- print and Excel -------------------------------------------------------------------------------------


def _printed(loader: Loader, flow: Flow, site_code: str | None) -> str:
    rows = all_rows(loader, flow, _query(loader, flow), most=MOST_PRINTED)
    columns = listed_columns(flow)
    cells = Cells(loader, flow, [row.values for row in rows])
    company = loader.host.directory.company(loader.session)
    return render_template(
        "guanjia/ledger_print.html", document_title=flow.title, company=company.name,
        site=loader.site.name if loader.site else None, issued=loader.now, columns=columns, paper="a4",
        rows=[[cells.of(c, row.values, closed=True) for c in columns] for row in rows], cut=len(rows) == MOST_PRINTED,
        back_url=_with(flow, site_code, print=None), conditions=_conditions(loader, flow),
    )  # fmt: skip


def _conditions(loader: Loader, flow: Flow) -> list[str]:
    """What the list was narrowed to, for the head of a sheet."""
    query = _query(loader, flow)
    found = [str(state_of(flow, key).title) for key in query.states]
    for item in _filters(loader, flow, query):
        if item.chosen:
            found.append(f"{item.label}: {dict(item.options or ()).get(item.chosen, item.chosen)}")
    if query.search:
        found.append(f"{_('Search')}: {query.search}")
    if request.args.get("from") or request.args.get("to"):
        found.append(f"{request.args.get('from', '')} – {request.args.get('to', '')}")
    return found


def export(plugin: str, flow: str, site_code: str | None = None) -> Response:
    """The rows of the list as an Excel sheet; whatever looks like a formula stays text."""
    context = caller(site_code)
    found = flow_of(current_host(), plugin, flow)
    with reading(context) as loader:
        rows = all_rows(loader, found, replace(_query(loader, found), cursor=None), most=MOST_EXPORTED)
        content = _workbook(loader, found, rows)
        stamp = loader.place.calendar.date_of(loader.now).isoformat()
        where = loader.site.code if loader.site else loader.place.code
    response = Response(content, mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers.set("Content-Disposition", "attachment", filename=f"{where}-{found.name}-{stamp}.xlsx")
    response.headers["Cache-Control"] = "no-store"
    return response


def _workbook(loader: Loader, flow: Flow, rows: Sequence[Row]) -> bytes:
    columns = listed_columns(flow)
    cells = Cells(loader, flow, [row.values for row in rows])
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                        "strings_to_numbers": False})  # fmt: skip
    sheet = book.add_worksheet(_sheet_name(str(flow.title)))
    bold, money = book.add_format({"bold": True, "bg_color": "#E5F2F4"}), book.add_format({"num_format": "#,##0.00"})
    for n, column in enumerate(columns):
        wide = column.kind == "text" and column.name != main_column(columns)
        sheet.set_column(n, n, 28 if wide else 18)
    sheet.freeze_panes(1, 0)
    for n, column in enumerate(columns):
        unit = f" ({_('yuan')})" if column.kind == "money" else ""
        sheet.write_string(0, n, f"{column.title}{unit}", bold)
    for place, row in enumerate(rows, 1):
        for n, column in enumerate(columns):
            cell = cells.of(column, row.values, closed=True)
            if cell.amount is not None:
                sheet.write_number(place, n, cell.amount, money if column.kind == "money" else None)
            else:
                sheet.write_string(place, n, cell.text[:32_000])
    if len(rows) == MOST_EXPORTED:
        said = _(
            "Only the first %(n)s rows are here. Narrow the list by date or state and export the rest.", n=MOST_EXPORTED
        )
        sheet.write_string(len(rows) + 1, 0, str(said))
    book.close()
    return buffer.getvalue()


def _sheet_name(title: str) -> str:
    return "".join(c for c in title if c not in "[]:*?/\\'")[:31] or "list"
