"""The tenant core as the host sees it, kept per process for as long as a company's version stands."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction

from guanjia.db.session import TenantSession
from guanjia.ports import ActorInfo, CompanyInfo, Holders, SignedIn, SiteInfo
from guanjia.rules.facts import ActorFacts
from guanjia.rules.settings import Setting
from guanjia.words import Message, Text, words
from tenants.models import COMPANY_SCOPE, DEPARTMENT_SCOPE, UNIT_SCOPE
from tenants.snapshot import Held, Snapshot, read_snapshot, scopes_upwards

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("tenants")

KEPT = 512  # companies kept in a process; the least recently asked goes first
_SNAPSHOT, _TOUCHED = "tenants.snapshot", "tenants.touched"


def current_host() -> Host:
    """The host of the running application."""
    return current_app.extensions["guanjia"]  # type: ignore[no-any-return]


class TenantDirectory:
    """Companies, sites, staff and roles. One statement a transaction asks whether what is kept still stands."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Host, OrderedDict[UUID, tuple[int, Snapshot]]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def snapshot(self, session: TenantSession) -> Snapshot:
        """The session's company as it stands; with what the session itself has changed, where it has."""
        found: Snapshot | None = session.info.get(_SNAPSHOT)
        if found is None:
            found = self._find(session)
            session.info[_SNAPSHOT] = found
        return found

    def _find(self, session: TenantSession) -> Snapshot:
        host = current_host()
        if session.info.get(_TOUCHED):
            return read_snapshot(host, session)  # uncommitted: nobody else may see it
        version = session.version
        with self._lock:
            kept = self._kept.setdefault(host, OrderedDict())
            held = kept.get(session.company_id)
            if held is not None and held[0] == version:
                kept.move_to_end(session.company_id)
                return held[1]
        fresh = read_snapshot(host, session)
        with self._lock:
            kept[session.company_id] = (version, fresh)
            kept.move_to_end(session.company_id)
            while len(kept) > KEPT:
                kept.popitem(last=False)
        return fresh

    def found_company(
        self, host: Host, *, code: str, name: str, admin_account: str, admin_name: str, admin_password: str
    ) -> tuple[UUID, UUID]:
        """A company exists, with the standard roles and one administrator; the ids of both. Raises Invalid."""
        from tenants.founding import found_company

        founded = found_company(
            host,
            code=code,
            name=name,
            admin_account=admin_account,
            admin_name=admin_name,
            admin_password=admin_password,
        )
        return founded.company_id, founded.admin_id

    # ------------------------------------------------------------------ where

    def company(self, session: TenantSession) -> CompanyInfo:
        """The company."""
        return self.snapshot(session).company

    def site(self, session: TenantSession, site_id: UUID) -> SiteInfo | None:
        """A site of the company, closed ones too, or None."""
        return self.snapshot(session).sites.get(site_id)

    def sites(self, session: TenantSession) -> Sequence[SiteInfo]:
        """All sites of the company that are open, by code."""
        return [site for site in self.snapshot(session).sites.values() if not site.closed]

    def reachable(self, session: TenantSession, staff_id: UUID, now: datetime) -> Sequence[SiteInfo]:
        """The open sites that a member of staff's assignments reach, by code."""
        snapshot = self.snapshot(session)
        held = held_by(snapshot, staff_id, now)
        scopes = {h.scope_id for h in held}
        return [
            site
            for site in snapshot.sites.values()
            if not site.closed
            and not scopes.isdisjoint(snapshot.reach_of(site))
            and counting(snapshot, held, site, now)
        ]

    # ------------------------------------------------------------------ who

    def actor(self, session: TenantSession, staff_id: UUID, site_id: UUID | None, now: datetime) -> ActorInfo | None:
        """The member of staff at a site (or at the company), or None where their assignments do not reach.

        Whoever stands in for somebody absent acts with that person's roles too. At the company, roles held in a unit
        show the way in, but give permissions at the unit's sites only; a permission of company level counts
        nowhere but from the company's scope.
        """
        snapshot = self.snapshot(session)
        person = snapshot.staff.get(staff_id)
        site = snapshot.sites.get(site_id) if site_id else None
        if person is None or not person.active or (site_id and site is None):
            return None
        held = counting(snapshot, held_by(snapshot, staff_id, now), site, now)
        if not held:
            return None
        permissions: set[str] = set()
        for h in held:
            role = snapshot.roles.get(h.role)
            if role is not None and (site is not None or h.scope_kind != UNIT_SCOPE):
                permissions |= role.gives(h.scope_kind)
        departments = {h.scope_id for h in held if h.scope_kind == DEPARTMENT_SCOPE}
        # where a rule names a department, whoever works there is meant
        named = {snapshot.departments[d].key for d in departments if d in snapshot.departments}
        facts = ActorFacts(
            id=staff_id,
            roles=tuple(sorted({h.role for h in held} | named)),
            departments=tuple(sorted(departments, key=str)),
        )
        reach = self._reach(snapshot, held) if site is None else None
        return ActorInfo(staff_id, person.name, facts, frozenset(permissions), person.language, reach)

    @staticmethod
    def _reach(snapshot: Snapshot, held: Sequence[Held]) -> frozenset[UUID] | None:
        """The sites, closed ones too, that assignments at headquarters reach; None for one at the company's own scope."""
        if any(h.scope_kind == COMPANY_SCOPE for h in held):
            return None
        scopes = {h.scope_id for h in held}
        return frozenset(site.id for site in snapshot.sites.values() if not scopes.isdisjoint(site.chain))

    def holders(
        self,
        session: TenantSession,
        role: str,
        site_id: UUID | None,
        now: datetime,
        department: UUID | str | None = None,
    ) -> Holders:
        """Who holds `role` (or works in the department of that key): the nearest scope upwards that has a holder.

        `vacant`: somebody nearer holds it but is away without deputy, or a role of sites had to be looked for above
        the site, or nobody holds it at all.
        """
        snapshot = self.snapshot(session)
        site = snapshot.sites.get(site_id) if site_id else None
        here = snapshot.departments_of.get(site_id, ())
        if isinstance(department, str):
            department = next((d for d in here if snapshot.departments[d].key == department), None)
        whole = role not in snapshot.roles
        passed_over = False
        for scopes in scopes_upwards(snapshot, site, department):
            found = [
                h
                for scope in scopes
                for h in snapshot.by_scope.get(scope, ())
                if (_is_in(snapshot, h, role) if whole else h.role == role) and h.counts_on(_today(snapshot, h, now))
            ]
            staff, deputising = _present(snapshot, found, now)
            if staff:
                above = site is not None and scopes[0] in site.chain[:-1]
                expected = not whole and snapshot.roles[role].level == COMPANY_SCOPE
                return Holders(staff, deputising, vacant=passed_over or (above and not expected))
            passed_over = passed_over or bool(found)
        return Holders((), {}, vacant=True)

    def settings(self, session: TenantSession) -> Sequence[Setting]:
        """All rule settings of the company."""
        from tenants.settings.store import load_settings  # the settings need this module

        snapshot = self.snapshot(session)
        if snapshot.settings is None:
            object.__setattr__(snapshot, "settings", list(load_settings(session)))
        return snapshot.settings or ()

    def names(self, session: TenantSession, staff: Iterable[UUID]) -> Mapping[UUID, str]:
        """Names of members of staff, dismissed ones too."""
        people = self.snapshot(session).staff
        return {staff_id: people[staff_id].name for staff_id in staff if staff_id in people}

    def role_title(self, session: TenantSession, role: str) -> Text | Message:
        """The title under which the company knows a role (or a department, where a rule names one)."""
        snapshot = self.snapshot(session)
        if role in snapshot.roles:
            return snapshot.roles[role].title
        found = next((d.title for d in snapshot.departments.values() if d.key == role), None)
        return found or Message("tenants", role)

    def scope_name(self, session: TenantSession, scope: UUID) -> str:
        """The name of a company, org unit, site or department, for showing where a setting was made."""
        return self.snapshot(session).scope_name(scope)

    def forget_plugin(self, session: TenantSession, plugin: str) -> Mapping[str, int]:
        """Switches and permissions of a plugin that is removed are gone; how many rows changed, by table."""
        from tenants.forgetting import forget_plugin

        return forget_plugin(session, plugin)

    # ------------------------------------------------------------------ credentials

    def signed_in(self, cookie_id: str) -> SignedIn | None:
        """The live session of that `SignedIn.get_id()`, or None if it ended, was revoked, or never was."""
        from tenants.sign_in import session_of_cookie

        return session_of_cookie(current_host(), cookie_id)

    def bearer(self, token: str) -> SignedIn | None:
        """Whose API token or bearer session `gj_<company code>_<secret>` is, or None."""
        from tenants.sign_in import owner_of_bearer

        return owner_of_bearer(current_host(), token)

    def sign_in(
        self, company: str, account: str, password: str, address: str, code: str = ""
    ) -> tuple[SignedIn, str, datetime]:
        """A bearer session for a program: whose it is, its token (told this once), and until when (UTC).

        `code` is the second factor's, where the account has one. Raises Unauthenticated, the same for whatever was
        wrong, TooMany while the attempt has to wait, and Forbidden where a password or factor has to be set up first.
        """
        from tenants.sign_in import issue_bearer

        bearer = issue_bearer(
            current_host(), company=company, account=account, password=password, address=address, user_agent="API",
            code=code,
        )  # fmt: skip
        return bearer.signed_in, bearer.token, bearer.expires_at

    def sign_out(self, who: SignedIn) -> None:
        """The session counts no longer. Raises Forbidden for an API token: its owner revokes it by its own step."""
        from tenants.sign_in import close_session

        close_session(current_host(), who)


def held_by(snapshot: Snapshot, staff_id: UUID, now: datetime) -> list[Held]:
    """The assignments a member of staff acts under: the own ones, and those of whoever they stand in for."""
    person = snapshot.staff.get(staff_id)
    if person is None or not person.active:
        return []
    found = list(snapshot.by_staff.get(staff_id, ()))
    for absent in snapshot.away:
        if absent != staff_id and stand_in(snapshot, absent, now) == staff_id:
            found += snapshot.by_staff.get(absent, ())
    return found


def is_away(snapshot: Snapshot, staff_id: UUID, now: datetime) -> bool:
    """Whether the member of staff is entered as absent at that moment."""
    return any(away.from_at <= now < away.until_at for away in snapshot.away.get(staff_id, ()))


def stand_in(snapshot: Snapshot, staff_id: UUID, now: datetime, _seen: frozenset[UUID] = frozenset()) -> UUID | None:
    """Who acts for the member of staff now: themselves, the deputy (or the deputy's own) while away, or nobody."""
    person = snapshot.staff.get(staff_id)
    if person is None or not person.active or staff_id in _seen:
        return None
    absences = [away for away in snapshot.away.get(staff_id, ()) if away.from_at <= now < away.until_at]
    if not absences:
        return staff_id
    for away in absences:
        if away.deputy is not None:
            found = stand_in(snapshot, away.deputy, now, _seen | {staff_id})
            if found is not None:
                return found
    return None


def counting(snapshot: Snapshot, held: Iterable[Held], site: SiteInfo | None, now: datetime) -> list[Held]:
    """Those of the assignments that reach the site (or headquarters) and are in force on its day."""
    if site is None:
        return [h for h in held if snapshot.at_headquarters(h) and h.counts_on(_today(snapshot, h, now))]
    reach, day = snapshot.reach_of(site), site.calendar.date_of(now)
    return [h for h in held if h.scope_id in reach and h.counts_on(day)]


def _today(snapshot: Snapshot, held: Held, now: datetime) -> Any:
    department = snapshot.departments.get(held.scope_id)
    site = snapshot.sites.get(department.site_id if department and department.site_id else held.scope_id)
    return (site or snapshot.company).calendar.date_of(now)


def _is_in(snapshot: Snapshot, held: Held, department_key: str) -> bool:
    department = snapshot.departments.get(held.scope_id)
    return department is not None and department.key == department_key


def _present(snapshot: Snapshot, held: Sequence[Held], now: datetime) -> tuple[tuple[UUID, ...], dict[UUID, UUID]]:
    """The people who act for these assignments now, and for whom deputies among them stand in."""
    own = [h.staff_id for h in held if stand_in(snapshot, h.staff_id, now) == h.staff_id]
    staff = dict.fromkeys(own)
    deputising: dict[UUID, UUID] = {}
    for h in held:
        acting = stand_in(snapshot, h.staff_id, now)
        if acting is not None and acting != h.staff_id and acting not in own:
            staff.setdefault(acting)
            deputising.setdefault(acting, h.staff_id)
    return tuple(staff), deputising


# A session that changed the directory reads it anew, for itself alone; a new transaction asks for the version again.


@event.listens_for(TenantSession, "after_flush")
def _mark_touched(session: TenantSession, *_args: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if getattr(row, "__tablename__", "").startswith("tenants_"):
            session.info[_TOUCHED] = True
            session.info.pop(_SNAPSHOT, None)
            return


@event.listens_for(TenantSession, "after_transaction_end")
def _forget(session: TenantSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_TOUCHED, None)
        session.info.pop(_SNAPSHOT, None)
