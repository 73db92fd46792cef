"""Who acts, where and by which way in (`Context`), and what a step's body is given (`StepContext`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from guanjia.calendar import WorkCalendar
from guanjia.db.session import OPENED, TenantSession, tenant_session
from guanjia.errors import Invalid, NotFound
from guanjia.ports import ActorInfo, CompanyInfo, SiteInfo
from guanjia.rules.rulebook import Rulebook
from guanjia.steps.commands import Command
from guanjia.steps.flow import Flow, Step
from guanjia.steps.journal import Entry
from guanjia.steps.loader import Loader
from guanjia.words import words

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.steps.outcome import Done

T = TypeVar("T")
_ = words("guanjia")


@dataclass(frozen=True)
class Context:
    """A caller: company, member of staff (None: the system), site where the call is made, and the way in."""

    host: Host
    company_id: UUID
    actor_id: UUID | None
    site_id: UUID | None = None
    language: str = "zh"
    via: str = "page"  # page | api | cli | job | demo
    cause: str = ""  # for the system: the step or message in whose name it acts

    def perform(
        self,
        step: Step | str,
        case_id: UUID | None = None,
        form: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Done:
        """Take a step; see `guanjia.steps.perform.perform`."""
        from guanjia.steps.perform import perform

        return perform(self, step, case_id, form, **options)

    def as_system(self, cause: str) -> Context:
        """The system, acting in the name of `cause`."""
        return replace(self, actor_id=None, via="job", cause=cause)

    def at_site(self, site_id: UUID | None) -> Context:
        """The same caller at another site."""
        return replace(self, site_id=site_id)

    @contextmanager
    def reading(self) -> Iterator[Loader]:
        """A loader on a read session. Raises NotFound where the actor does not reach the site."""
        with tenant_session(self.company_id) as session:
            yield self.loader(session)

    def loader(self, session: TenantSession) -> Loader:
        """A loader for this caller on `session`. Raises NotFound where the actor does not reach the site."""
        now = self.host.clock.now()
        directory = self.host.directory
        site = directory.site(session, self.site_id) if self.site_id else None
        if self.site_id and site is None:
            raise NotFound()
        actor = directory.actor(session, self.actor_id, self.site_id, now) if self.actor_id else None
        if self.actor_id and actor is None:
            raise NotFound()
        return Loader(self.host, session, now, site, actor)


@dataclass
class StepContext:
    """What a step's body is given: the only session, the time, the place, and the ways to leave traces."""

    caller: Context
    session: TenantSession
    flow: Flow
    step: Step
    now: datetime  # the time of the act, UTC
    recorded_at: datetime  # the server's time, UTC
    actor: ActorInfo | None
    site: SiteInfo | None
    company: CompanyInfo
    rulebook: Rulebook
    loader: Loader
    form: Mapping[str, Any]
    commands: list[Command] = field(default_factory=list)
    deadlines: list[dict[str, Any]] = field(default_factory=list)
    nested: list[Done] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    refresh: bool = False
    delete_case: bool = False
    grants: tuple[Any, ...] = ()
    approved_by: tuple[Mapping[str, Any], ...] = ()

    @property
    def host(self) -> Host:
        """The host."""
        return self.caller.host

    @property
    def actor_id(self) -> UUID | None:
        """The member of staff who acts; None for the system."""
        return self.caller.actor_id

    @property
    def calendar(self) -> WorkCalendar:
        """The working calendar of the site, or of the company."""
        return (self.site or self.company).calendar

    @property
    def year(self) -> int:
        """The year of the act, in site time: the year of numbers given now."""
        return self.calendar.date_of(self.now).year

    def new(self, model: type[T], **values: Any) -> T:
        """A new row with a fresh id (and site), added to the session and flushed."""
        values.setdefault("id", self.host.ids.new())
        if "site_id" in model.__table__.c and "site_id" not in values:  # type: ignore[attr-defined]
            values["site_id"] = self.site.id if self.site else None
        row = model(**values | {"company_id": self.session.company_id})
        self.session.add(row)
        self.session.flush()
        return row

    def open(self, model: type[T], state: str, **values: Any) -> T:
        """A new case in `state`, opened now under the rulebook in force."""
        row = self.new(
            model,
            state=state,
            version=1,
            rulebook_id=self.rulebook.id,
            opened_at=self.now,
            opened_by=self.actor_id,
            changed_at=self.recorded_at,
            **values,
        )
        self.session.info.setdefault(OPENED, set()).add(row.id)  # type: ignore[attr-defined]
        return row

    def get(self, model: type[T], row_id: UUID | None, *, name: str, lock: bool = False) -> T:
        """The row that the form's field `name` points to. Raises Invalid, naming the field, if it is not at this
        site (or, at headquarters, at one that the actor does not reach)."""
        row = None
        if row_id is not None:
            row = self.session.get(model, (self.session.company_id, row_id), with_for_update=lock or None)
        if row is not None and not self.loader.reaches(getattr(row, "site_id", None)):
            row = None
        if row is None:
            raise Invalid({name: [_("Nothing like this exists here. Choose one from the list.")]})
        return row

    def number(self, kind: str, pattern: str = "{year}-{n:04d}") -> str:
        """The next document number of `kind` at this site in this year, from an unbroken series."""
        from guanjia.steps.numbers import next_number

        if self.site is None:
            raise NotFound()
        n = next_number(self.session, self.host.ids, self.site.id, kind, self.year)
        return pattern.format(year=self.year, n=n)

    def set_deadline(self, name: str, due_at: datetime, *, cause: str, rule: str, excused: bool = False) -> None:
        """Give the case a new date under `name`: an approved extension, or a newly agreed one. The old one is kept."""
        self.deadlines.append({"name": name, "due_at": due_at, "cause": cause, "rule": rule, "excused": excused})

    def emit(self, command: Command) -> None:
        """Have the host carry out a command after the commit."""
        self.commands.append(command)

    def perform(self, step: Step | str, case_id: UUID | None = None, form: Mapping[str, Any] | None = None) -> Done:
        """Take another step inside this one's transaction; its denial or ask becomes this step's."""
        from guanjia.steps.perform import perform_nested

        done = perform_nested(self, step, case_id, form or {})
        self.nested.append(done)
        return done

    def directory_changed(self) -> None:
        """Tell every process that sites, staff, roles or settings changed."""
        self.refresh = True
