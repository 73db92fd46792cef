"""Rows made in bulk: one row for each of many sites from each of a few templates, in one statement.

As in `guanjia.db.counting`, the statement goes round the ORM's criterion: it names the session's company itself, and
row-level security stands behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, String, Uuid, bindparam, text

from guanjia.db.base import MaybeSiteScoped, SiteScoped
from guanjia.db.session import TenantSession

AT_ONCE = 200  # templates of one statement; what a driver takes as parameters is bounded

# Ids in order of time as everywhere: milliseconds, a running number, and chance.
_ID_POSTGRESQL = (
    "(lpad(to_hex({ms}::bigint), 12, '0') || '7' || lpad(to_hex((n - 1) >> 12), 3, '0') || '8' || "
    "lpad(to_hex((n - 1) & 4095), 3, '0') || lpad(to_hex((random() * 4294967295)::bigint), 8, '0') || "
    "lpad(to_hex((random() * 65535)::integer), 4, '0'))::uuid"
)
_ID_SQLITE = "printf('%012x7%03x8%03x%s', {ms}, (n - 1) >> 12, (n - 1) & 4095, lower(hex(randomblob(6))))"


def make_for_sites(
    session: TenantSession,
    model: type[SiteScoped] | type[MaybeSiteScoped],
    sites: Sequence[UUID],
    templates: Sequence[Mapping[str, Any]],
    *,
    unique: str,
    ms: int,
    **common: Any,
) -> int:
    """Each of the sites has a row of `model` from each template; where one with the same `unique` text was there, it
    stays. Says how many were made.

    A template's `unique` is a pair: the text before and after the site's id. `common` are values that all rows have.
    `ms` are the milliseconds since 1970 that the ids begin with.
    """
    sites = sorted(sites)  # in the order of the indexes, which then grow at their ends: half the time on SQLite
    templates = sorted(templates, key=lambda row: row[unique])
    return sum(
        _make(session, model.__table__, sites, templates[start : start + AT_ONCE], unique, ms, common)
        for start in range(0, len(templates), AT_ONCE)
    )


def _make(
    session: TenantSession,
    table: Any,
    sites: Sequence[UUID],
    templates: Sequence[Mapping[str, Any]],
    unique: str,
    ms: int,
    common: Mapping[str, Any],
) -> int:
    dialect = session.get_bind().dialect
    on_postgresql = dialect.name == "postgresql"
    names = [name for name in templates[0] if name != unique]
    fixed = {"company_id": session.company_id, **common}
    binds = [bindparam(name, value, table.c[name].type) for name, value in fixed.items()]
    lines = []
    for n, row in enumerate(templates):
        binds += [bindparam(f"{name}_{n}", row[name], table.c[name].type) for name in names]
        binds += [bindparam(f"before_{n}", row[unique][0], String()), bindparam(f"after_{n}", row[unique][1], String())]
        lines.append(f"({', '.join(f':{name}_{n}' for name in (*names, 'before', 'after'))})")
    if on_postgresql:
        binds.append(bindparam("sites", list(sites), ARRAY(Uuid())))
        listed, site_text = "unnest(:sites) as s(site)", "s.site::text"
        kinds = {
            name: table.c[name].type.compile(dialect) for name in names
        }  # a column of nothing but NULL has no type
        taken = [f"cast(c.{name} as {kinds[name]})" for name in names]
    else:
        binds.append(bindparam("sites", msgspec.json.encode([site.hex for site in sites]).decode(), String()))
        listed = "(select value as site from json_each(:sites)) as s"
        cut = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        site_text = " || '-' || ".join(f"substr(s.site, {start}, {length})" for start, length in cut)
        taken = [f"c.{name}" for name in names]
    made_id = (_ID_POSTGRESQL if on_postgresql else _ID_SQLITE).format(ms=int(ms))
    values = ", ".join(f":{name}" for name in fixed)
    statement = f"""insert into {table.name} (id, site_id, {", ".join(names)}, {unique}, {", ".join(fixed)})
        with g({", ".join(names)}, before, after) as (values {", ".join(lines)})
        select {made_id}, c.site_id, {", ".join(taken)}, c.before || c.site_text || c.after, {values}
        from (select s.site as site_id, {site_text} as site_text, g.*, row_number() over () as n
              from g cross join {listed}) as c
        where true on conflict (company_id, {unique}) do nothing"""  # noqa: S608 - names of our own columns
    return int(session.connection().execute(text(statement).bindparams(*binds)).rowcount)
