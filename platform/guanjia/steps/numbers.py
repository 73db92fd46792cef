"""Document numbers: unbroken per company, site, kind and year; given when the document comes into being."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from guanjia.clock import Ids
from guanjia.db.counting import count_up, ensure
from guanjia.db.session import TenantSession
from guanjia.errors import Invalid
from guanjia.steps.models import Series
from guanjia.words import words

_ = words("guanjia")


def next_number(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int) -> int:
    """The next number of the series, counted in the same transaction as the document: a rollback gives it back."""
    return count_up(session, Series, {"site_id": site_id, "kind": kind, "year": year}, "last", id=ids.new())


def not_below(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int, used: int) -> None:
    """The series goes on behind `used` if it has not passed it already: that number was used on paper."""
    series = _locked(session, ids, site_id, kind, year)
    series.last = max(series.last, used)
    session.flush()


def _locked(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int) -> Series:
    key = {"site_id": site_id, "kind": kind, "year": year}
    ensure(session, Series, key, id=ids.new(), last=0)
    query = select(Series).where(Series.company_id == session.company_id).filter_by(**key)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def start_after(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int, last: int) -> None:
    """Let the series go on after the last number used on paper. Raises Invalid if that number was passed already."""
    series = _locked(session, ids, site_id, kind, year)
    if series.last > last:
        raise Invalid(
            {
                "last": [
                    _(
                        "The series already stands at %(last)s. Enter that number or a higher one.",
                        last=series.last,
                    )
                ]
            }
        )
    series.last = last
    session.flush()
