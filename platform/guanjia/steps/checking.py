"""What stands before a step's rules: the time of the act, the case, the actor with permission, the form, the state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import select

from guanjia.db.session import OPENED, TenantSession
from guanjia.errors import Forbidden, Invalid, NotFound, WrongState
from guanjia.ports import ActorInfo, CompanyInfo, SiteInfo
from guanjia.rules.rulebook import Rulebook
from guanjia.schema import StrictSchema
from guanjia.steps.context import Context
from guanjia.steps.flow import Flow, Step
from guanjia.steps.loader import Loader
from guanjia.words import words

if TYPE_CHECKING:
    from guanjia.host import Host

_ = words("guanjia")


def act_time(step: Step, now: datetime, occurred_at: datetime | None, recorded_at: datetime) -> datetime:
    """The time that counts for the act. Raises Invalid for one that the step does not take."""
    if occurred_at is None:
        return now
    if occurred_at.tzinfo is None:
        raise Invalid({"occurred_at": [_("The time needs its zone, for example 2026-11-24T10:00:00+08:00.")]})
    if step.late_within is None:
        raise Invalid({"occurred_at": [_("This step takes the server's time; leave the time of the act out.")]})
    if occurred_at > recorded_at + timedelta(minutes=1) or recorded_at - occurred_at > step.late_within:
        raise Invalid(
            {
                "occurred_at": [
                    _(
                        "This time is in the future or too long ago. Enter when it happened; "
                        "it can be reported for %(hours)s hours.",
                        hours=int(step.late_within.total_seconds() // 3600),
                    )
                ]
            }
        )
    return occurred_at


def find(session: TenantSession, caller: Context, flow: Flow, step: Step, case_id: UUID | None) -> Any:
    """The case, locked and as the database has it now; None for a step that opens one. Raises NotFound and WrongState."""
    if case_id is None:
        if not step.creates:
            raise NotFound()
        return None
    if step.creates and len(step.moves) == 1:
        raise WrongState()
    if case_id in session.info.get(OPENED, ()):  # by the step around this one: nobody else can have changed it
        return session.get(flow.model, (session.company_id, case_id))
    case = session.scalars(
        select(flow.model)
        .where(flow.model.company_id == session.company_id, flow.model.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if case is None or (caller.site_id and getattr(case, "site_id", None) not in (caller.site_id, None)):
        raise NotFound()
    return case


def actor_at(session: TenantSession, caller: Context, site_id: UUID | None, now: datetime) -> ActorInfo | None:
    """The member of staff at the case's site; None for the system. Raises NotFound where they do not reach it."""
    if caller.actor_id is None:
        return None
    actor = caller.host.directory.actor(session, caller.actor_id, site_id, now)
    if actor is None:
        raise NotFound()
    return actor


def reach(loader: Loader, flow: Flow, case: Any) -> None:
    """The flow's row filter lets the actor see the case. Raises NotFound, as for a case that does not exist."""
    if flow.row_filter is None:
        return
    model = flow.model
    query = select(model.id).where(model.company_id == loader.company_id, model.id == case.id)
    if loader.session.scalars(query.where(flow.row_filter(loader, model))).first() is None:
        raise NotFound()


def permit(caller: Context, flow: Flow, step: Step, actor: ActorInfo | None) -> None:
    """Passes where the actor holds the permissions of flow and step. Raises Forbidden, naming the one that is missing."""
    if actor is None:
        return
    if step.system_only:
        raise NotFound()
    for permission in (flow.permission, step.permission):
        if permission is not None and permission not in actor.permissions:
            raise Forbidden(
                _(
                    'This needs the permission "%(title)s". Ask whoever gives out roles at your office.',
                    title=caller.host.permissions[permission].title,
                )
            )


@cache
def _loading(form: type[StrictSchema]) -> StrictSchema:
    """The schema, made once: it keeps nothing between two loads."""
    return form()


def load_form(step: Step, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The form as its schema loads it. Raises Invalid, naming the fields."""
    if step.form is None:
        if raw:
            raise Invalid({name: [_("This entry is not known here. Leave it out.")] for name in raw})
        return {}
    try:
        return dict(_loading(step.form).load(raw))
    except ValidationError as error:
        raise Invalid(error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}) from error


def check_state(flow: Flow, step: Step, case: Any) -> None:
    """Passes where the step exists in the case's state. Raises WrongState."""
    state = case.state if case is not None else None
    if state not in step.moves:
        raise WrongState(
            _(
                '"%(step)s" cannot be done while this is "%(state)s". Reload the page to see what can.',
                step=step.title,
                state=flow.state(state).title if state else "-",
            )
        )


def rulebook_for(
    session: TenantSession,
    host: Host,
    place: SiteInfo | CompanyInfo,
    case: Any,
    now: datetime,
    flow: Flow,
    raw: Mapping[str, Any],
) -> Rulebook:
    """The rulebook that decides: the case's own, that of the case which a new record serves, or the one in force."""
    kept = getattr(case, "rulebook_id", None) if case is not None else None
    if kept is None and case is None and flow.serves is not None:
        served_flow, name = flow.serves
        kept = host.rulebook_of(session, served_flow, raw.get(name))
    return host.rulebooks.get(session, kept) if kept is not None else host.rulebooks.current(session, place, now)
