"""A loader: what facts, presenters and pages read with. It belongs to one session and remembers what it fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sqlalchemy import or_, select

from guanjia.db.session import OPENED, TenantSession
from guanjia.ports import ActorInfo, CompanyInfo, SiteInfo

if TYPE_CHECKING:
    from guanjia.host import Host

T = TypeVar("T")


@dataclass
class Loader:
    """Session, moment, site and actor of one reading."""

    host: Host
    session: TenantSession
    now: datetime
    site: SiteInfo | None = None
    actor: ActorInfo | None = None
    _memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def company_id(self) -> UUID:
        """The company of the session."""
        return self.session.company_id

    @property
    def place(self) -> SiteInfo | CompanyInfo:
        """The site, or the company where there is none."""
        return self.site or self.host.directory.company(self.session)

    def is_new(self, row_id: UUID) -> bool:
        """Whether the case was opened in this transaction: nothing that the session does not hold can point to it yet."""
        return row_id in self.session.info.get(OPENED, ())

    def held(self, model: type[T]) -> list[T]:
        """The rows of `model` that the session holds, stored or about to be."""
        known = (*self.session.new, *self.session.identity_map.values())
        return [row for row in known if isinstance(row, model)]

    def memo(self, key: Any, make: Callable[[], T]) -> T:
        """The value under `key`, made once per reading."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]  # type: ignore[no-any-return]

    def kept(self, key: Any) -> Any:
        """What `memo` keeps under `key`, or None."""
        return self._memo.get(key)

    def may(self, permission: str | None) -> bool:
        """Whether the actor holds the permission here (True for none asked)."""
        return permission is None or (self.actor is not None and permission in self.actor.permissions)

    def here(self, model: Any) -> list[Any]:
        """Conditions that leave the rows of this place: the site's own; at headquarters the company's, with those of
        the sites that the actor reaches."""
        if not hasattr(model, "site_id"):
            return []
        if self.site is not None:
            return [model.site_id == self.site.id]
        if self.actor is None or self.actor.reach is None:
            return []
        return [or_(model.site_id.is_(None), model.site_id.in_(self.actor.reach))]

    def reaches(self, site_id: UUID | None) -> bool:
        """Whether what belongs to that site (None: to the company) is within the actor's sight from here."""
        if self.site is not None:
            return site_id in (None, self.site.id)
        return site_id is None or self.actor is None or self.actor.reach is None or site_id in self.actor.reach

    def by_id(self, model: type[T], ids: Iterable[UUID | None]) -> dict[UUID, T]:
        """The rows of `model` with these ids, in one statement, by id."""
        wanted = {i for i in ids if i is not None}
        if not wanted:
            return {}
        rows = self.session.scalars(
            select(model).where(model.company_id == self.company_id, model.id.in_(wanted))  # type: ignore[attr-defined]
        )
        return {row.id: row for row in rows}  # type: ignore[attr-defined]

    def get(self, model: type[T], row_id: UUID | None) -> T | None:
        """One row of `model`, or None."""
        return None if row_id is None else self.session.get(model, (self.company_id, row_id))

    def names(self, staff: Iterable[UUID | None]) -> dict[UUID, str]:
        """Names of members of staff by id."""
        wanted = {i for i in staff if i is not None}
        return dict(self.host.directory.names(self.session, wanted)) if wanted else {}

    def children(self, model: type[T], column: Any, ids: Sequence[UUID], *, order: Any = None) -> dict[UUID, list[T]]:
        """The rows of `model` whose `column` is one of `ids`, grouped by it, in one statement."""
        grouped: dict[UUID, list[T]] = {i: [] for i in ids}
        if not ids:
            return grouped
        query = select(model).where(model.company_id == self.company_id, column.in_(ids))  # type: ignore[attr-defined]
        for row in self.session.scalars(query.order_by(order if order is not None else model.id)):  # type: ignore[attr-defined]
            grouped[getattr(row, column.key)].append(row)
        return grouped
