"""Document numbers: unbroken per company, site, kind and year; given when the document comes into being."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from guanjia.clock import Ids
from guanjia.db.session import TenantSession
from guanjia.errors import Invalid
from guanjia.steps.models import Series
from guanjia.words import words

_ = words("guanjia")


def next_number(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int) -> int:
    """The next number of the series, counted in the same transaction as the document: a rollback gives it back."""
    series = _locked(session, site_id, kind, year)
    if series is None:
        series = Series(id=ids.new(), site_id=site_id, kind=kind, year=year, last=0)
        session.add(series)
    series.last += 1
    session.flush()
    return series.last


def start_after(session: TenantSession, ids: Ids, site_id: UUID, kind: str, year: int, last: int) -> None:
    """Let the series go on after the last number used on paper. Raises Invalid if that number was passed already."""
    series = _locked(session, site_id, kind, year)
    if series is not None and series.last > last:
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
    if series is None:
        session.add(Series(id=ids.new(), site_id=site_id, kind=kind, year=year, last=last))
    else:
        series.last = last
    session.flush()


def _locked(session: TenantSession, site_id: UUID, kind: str, year: int) -> Series | None:
    query = select(Series).where(
        Series.company_id == session.company_id,
        Series.site_id == site_id,
        Series.kind == kind,
        Series.year == year,
    )
    return session.scalars(query.with_for_update()).one_or_none()
