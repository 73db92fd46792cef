"""What a database holds, read over all companies at one moment: for the manifest, and to compare after a restore.

Only backup and restore read so, as the owner of the tables. On PostgreSQL the owner stands behind row-level security too;
the policy `backup` lets it read where the connection says so (`OWNER_READS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, select, text

from guanjia.steps.models import JournalHead, StoredFile, Tenant

OWNER_READS = "-c app.backup=on"


@dataclass(frozen=True)
class Contents:
    """Heads by company and chain, rows by table, newest revisions, companies by id, and files as (company, checksum)."""

    revisions: list[str]
    companies: dict[str, str]
    heads: dict[str, dict[str, tuple[int, str]]]
    rows: dict[str, int]
    files: list[tuple[str, str]]


def read_contents(connection: Connection) -> Contents:
    """What the connection's snapshot holds."""
    tables = sorted(inspect(connection).get_table_names())
    quote = connection.dialect.identifier_preparer.quote
    rows = {name: int(connection.scalar(text(f"select count(*) from {quote(name)}")) or 0) for name in tables}  # noqa: S608
    revisions: list[str] = []
    if "alembic_version" in tables:
        revisions = sorted(connection.scalars(text("select version_num from alembic_version")))
    if Tenant.__tablename__ not in tables:
        return Contents(revisions, {}, {}, rows, [])
    companies = {str(row.id): row.code for row in connection.execute(select(Tenant.id, Tenant.code))}
    heads: dict[str, dict[str, tuple[int, str]]] = {company: {} for company in companies}
    query: Any = select(JournalHead.company_id, JournalHead.id, JournalHead.seq, JournalHead.digest)
    for row in connection.execute(query.order_by(JournalHead.company_id, JournalHead.id)):
        heads[str(row.company_id)][str(row.id)] = (row.seq, row.digest)
    query = select(StoredFile.company_id, StoredFile.sha256).distinct()
    files = sorted((row.company_id.hex, row.sha256) for row in connection.execute(query))
    return Contents(revisions, companies, heads, rows, files)
