"""The list of one site beside 1 and beside 1,000 companies: 3,000 and 3 million requests behind row-level security (target 5).

The statement is the platform's own, caught on its way to the database. Foreign keys and the indexes that the list does
not use are left out of the two databases, so that they are filled in a minute; reading does not touch them.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Engine, event, make_url

from benchmarks.measuring import Result
from benchmarks.requests import _good, caller, list_path
from benchmarks.world import Databases, servers

TABLE = "customer_service_request"
ROWS, SITES = 3_000, 3  # of each company
FILL = """
insert into customer_service_request (
    company_id, site_id, id, state, version, rulebook_id, opened_at, changed_at, closed_at, number, source, category, kind,
    deadline_class, place, resident_name, phone, content, received_at, is_emergency, is_major, paid, appointment_details,
    equipment_given, equipment_defect, defect_confirmed, work_done, no_materials, worker_signed, resident_signed,
    visit_steps, requester_accepted, sheet_rejections, last_report, return_reason, return_explained, answer,
    mismatch_open, rework_count, brought_in)
select c.id, s.id, gen_random_uuid(), case when n %% 4 = 0 then 'dispatched' when n %% 4 = 1 then 'in_progress' else 'closed' end,
    3, c.id, t.at, t.at, case when n %% 4 > 1 then t.at end, 'BX-2026-' || lpad(n::text, 5, '0'), 'phone', 'pipe_leak', 'repair',
    'urgent', '', 'Resident ' || n, '13800138000', 'A pipe leaks in the kitchen of this home, please come soon', t.at,
    false, false, false, '', false, false, false, 'Sealed the joint and dried the floor', true, true, true, '[]', false, 0, '',
    '', false, '', false, 0, false
from (select case when k = 1 then %(company)s::uuid else gen_random_uuid() end as id, k from generate_series(1, %(companies)s) k) c
cross join lateral (
    select case when c.k = 1 and m = 1 then %(site)s::uuid else gen_random_uuid() end as id, m
    from generate_series(1, {sites}) m, (select c.k) as each_company) s
cross join generate_series(1, {rows}) n
cross join lateral (select timestamptz '2026-01-01' + n * interval '7 minutes' as at) t
"""


@contextmanager
def _filled(databases: Databases, companies: int, company_id: UUID, site_id: UUID) -> Iterator[str]:
    name = f"guanjia_bench_growth_{companies}"
    server = databases.server
    with ExitStack() as stack:
        stack.callback(servers.drop, server.owner_url, name)
        owner = servers.clone(server.owner_url, "guanjia_bench_template", name)
        with psycopg.connect(_plain(owner), autocommit=True) as connection:
            _bare(connection)
            statement = sql.SQL(FILL).format(sites=sql.Literal(SITES), rows=sql.Literal(ROWS // SITES))
            connection.execute(
                statement, {"companies": companies, "company": company_id, "site": site_id}, prepare=False
            )
            connection.execute(f"alter table {TABLE} enable row level security")
            connection.execute(f"alter table {TABLE} force row level security")
            for index in _indexes:
                connection.execute(index)
            connection.execute(f"vacuum analyze {TABLE}")
        yield server.app_url(owner)


_indexes: list[str] = []


def _bare(connection: psycopg.Connection[Any]) -> None:
    """The table as empty as possible, without what slows filling: its list indexes are made again afterwards."""
    _indexes.clear()
    connection.execute(f"alter table {TABLE} disable row level security")
    connection.execute(f"truncate {TABLE} cascade")
    for name, kind in connection.execute(
        "select conname, contype from pg_constraint where conrelid = %s::regclass and contype in ('f', 'u')", (TABLE,)
    ).fetchall():
        del kind
        connection.execute(f'alter table {TABLE} drop constraint "{name}" cascade')
    for name, definition in connection.execute(
        "select indexname, indexdef from pg_indexes where tablename = %s and indexname not like 'pk_%%'", (TABLE,)
    ).fetchall():
        connection.execute(f'drop index "{name}"')
        if "received_at" in definition or "opened_at" in definition:
            _indexes.append(definition)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _list_statement(databases: Databases) -> tuple[str, dict[str, Any], UUID, UUID]:
    """The platform's statement for the list of open requests with its parameters, the company and the site."""
    caught: list[tuple[str, dict[str, Any]]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if f"FROM {TABLE}" in statement and "ORDER BY" in statement:
            caught.append((statement, dict(parameters)))

    with databases.opened() as world:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            call = caller(world.app, "GET", list_path(world), headers={"Authorization": f"Bearer {world.token}"})
            _good(call())
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        statement, parameters = caught[0]
        return statement, parameters, world.company_id, world.site_id


def measure(databases: Databases, *, quick: bool) -> list[Result]:
    """The list at one site, in turn in both databases: time, and pages by EXPLAIN (ANALYZE, BUFFERS)."""
    many = 100 if quick else 1_000
    statement, parameters, company_id, site_id = _list_statement(databases)
    with ExitStack() as stack:
        urls = [stack.enter_context(_filled(databases, n, company_id, site_id)) for n in (1, many)]
        connections = [stack.enter_context(psycopg.connect(_plain(url))) for url in urls]
        times: list[list[float]] = [[], []]
        pages = [0, 0]
        plans = ["", ""]
        for i, connection in enumerate(connections):
            connection.execute("select set_config('app.company_id', %s, false)", (str(company_id),))
            rows = len(connection.execute(statement, parameters).fetchall())
            if rows != 51:
                raise RuntimeError(f"{rows} rows instead of 51")
            for _ in range(20):
                connection.execute(statement, parameters).fetchall()
            plan = connection.execute("explain (analyze, buffers, format json) " + statement, parameters).fetchone()
            top = plan[0][0]["Plan"]  # type: ignore[index]
            pages[i] = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
            plans[i] = json.dumps(_nodes(top))
        for n in range(10 if quick else 40):
            order = (0, 1) if n % 2 else (1, 0)
            for i in order:
                start = time.perf_counter()
                for _ in range(10):
                    connections[i].execute(statement, parameters).fetchall()
                times[i].append((time.perf_counter() - start) / 10)
        one, thousand = times
        details = {"one_ms": round(statistics.median(one) * 1000, 3), "many_ms": round(statistics.median(thousand) * 1000, 3),
                   "rows": ROWS * many, "plan": plans[1]}  # fmt: skip
        ratio = statistics.median(b / a for a, b in zip(one, thousand, strict=True))
    return [
        Result("growth", f"list at one site: time with {many:,} companies against 1", round(ratio, 3), 1.1, "x", details),
        Result("growth", f"list at one site: pages with {many:,} companies against 1", round(pages[1] / pages[0], 2), 2, "x",
               {"one": pages[0], "many": pages[1]}),
    ]  # fmt: skip


def _nodes(plan: dict[str, Any]) -> list[str]:
    name = " ".join(str(plan[key]) for key in ("Node Type", "Index Name") if key in plan)
    return [name, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]
