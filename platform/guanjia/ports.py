"""What the host asks of the tenant core: who, where, which roles, which settings. The core implements `Directory`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from guanjia.calendar import WorkCalendar
from guanjia.db.session import TenantSession
from guanjia.rules.facts import ActorFacts
from guanjia.rules.settings import Setting
from guanjia.words import Message, Text

if TYPE_CHECKING:
    from guanjia.host import Host


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """A site as the host needs it. `chain` leads from the company over the org units to the site itself."""

    id: UUID
    code: str
    name: str
    zone: ZoneInfo
    calendar: WorkCalendar
    chain: tuple[UUID, ...]
    plugins: frozenset[str]
    closed: bool = False
    span: Any = field(default=None, compare=False, repr=False)  # its rulebook, kept here by `Rulebooks`


@dataclass(frozen=True, slots=True)
class CompanyInfo:
    """A company as the host needs it: for acts of headquarters itself."""

    id: UUID
    code: str
    name: str
    zone: ZoneInfo
    calendar: WorkCalendar
    plugins: frozenset[str]
    span: Any = field(default=None, compare=False, repr=False)  # as a site's


@dataclass(frozen=True)
class ActorInfo:
    """A member of staff at one scope: facts for the rules, permissions for the steps.

    `reach` are the sites whose rows they see at headquarters (None: all of the company's, or they are at a site).
    """

    id: UUID
    name: str
    facts: ActorFacts
    permissions: frozenset[str]
    language: str = "zh"
    reach: frozenset[UUID] | None = None


@dataclass(frozen=True)
class Holders:
    """Who holds a role for a case. `deputising` maps a deputy to the absent holder; `vacant` is true where the asked
    scope had none and the next one upwards was taken, or nobody at all holds it."""

    staff: tuple[UUID, ...]
    deputising: Mapping[UUID, UUID] = field(default_factory=dict)
    vacant: bool = False


@dataclass(frozen=True)
class SignedIn:
    """Who a credential belongs to. Flask-Login's user: `get_id()` is the credential's own id, never the staff's."""

    company_id: UUID
    company_code: str
    staff_id: UUID
    credential_id: UUID
    name: str
    language: str = "zh"
    is_token: bool = False
    scopes: tuple[str, ...] = ()  # of an API token: permissions it is limited to; empty: all of its owner's
    held: str = ""  # what is owed before anything else is served: `password`, `enrol` (a second factor); else empty
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """`<company id>.<session id>`: the tenant is known before anything is looked up."""
        return f"{self.company_id}.{self.credential_id}"


class Directory(Protocol):
    """The tenant core as the host sees it. All answers are of the session's own company."""

    def found_company(
        self, host: Host, *, code: str, name: str, admin_account: str, admin_name: str, admin_password: str
    ) -> tuple[UUID, UUID]:
        """A company exists, with the standard roles and one administrator; the ids of both. Raises Invalid."""

    def company(self, session: TenantSession) -> CompanyInfo:
        """The company."""

    def site(self, session: TenantSession, site_id: UUID) -> SiteInfo | None:
        """A site of the company, or None."""

    def sites(self, session: TenantSession) -> Sequence[SiteInfo]:
        """All sites of the company that are open."""

    def reachable(self, session: TenantSession, staff_id: UUID, now: datetime) -> Sequence[SiteInfo]:
        """The sites that a member of staff's assignments reach."""

    def actor(self, session: TenantSession, staff_id: UUID, site_id: UUID | None, now: datetime) -> ActorInfo | None:
        """The member of staff at a site (or at the company), or None where their assignments do not reach."""

    def holders(
        self,
        session: TenantSession,
        role: str,
        site_id: UUID | None,
        now: datetime,
        department: UUID | str | None = None,
    ) -> Holders:
        """Who holds `role` for a case at the site: the nearest scope upwards that has a holder."""

    def settings(self, session: TenantSession) -> Sequence[Setting]:
        """All rule settings of the company."""

    def names(self, session: TenantSession, staff: Iterable[UUID]) -> Mapping[UUID, str]:
        """Names of members of staff, dismissed ones too."""

    def role_title(self, session: TenantSession, role: str) -> Text | Message:
        """The title under which the company knows a role."""

    def scope_name(self, session: TenantSession, scope: UUID) -> str:
        """The name of a company, org unit or site, for showing where a setting was made."""

    def forget_plugin(self, session: TenantSession, plugin: str) -> Mapping[str, int]:
        """Switches and permissions of a plugin that is removed are gone; how many rows changed, by table."""

    def signed_in(self, cookie_id: str) -> SignedIn | None:
        """The live session of that `SignedIn.get_id()`, or None if it ended, was revoked, or never was."""

    def bearer(self, token: str) -> SignedIn | None:
        """Whose API token or bearer session `gj_<company code>_<secret>` is, or None."""

    def sign_in(
        self, company: str, account: str, password: str, address: str, code: str = ""
    ) -> tuple[SignedIn, str, datetime]:
        """A bearer session for a program: whose it is, its token (told this once), and until when (UTC).

        `code` is the second factor's, where the account has one. Raises Unauthenticated, the same for whatever was
        wrong, TooMany while the attempt has to wait, and Forbidden where a password or factor has to be set up first.
        """

    def sign_out(self, who: SignedIn) -> None:
        """The bearer session counts no longer. Raises Forbidden for an API token: its owner revokes it by its own step."""
