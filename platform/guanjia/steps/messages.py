"""Messages that failed: what was tried too often, before headquarters, who try it again or give it up with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import has_request_context
from marshmallow import fields, validate
from sqlalchemy import func, select

from guanjia.errors import Invalid, Refused, WrongState
from guanjia.schema import StrictSchema
from guanjia.steps.flow import COMPANY, Column, Flow, State
from guanjia.steps.loader import Loader
from guanjia.steps.models import Deadline, FailedMessage, OutboxMessage
from guanjia.words import Label, Message, show, words

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.steps.context import StepContext

_ = words("guanjia")

PERMISSION = "guanjia.messages"
INTERRUPTED, UNKNOWN_KIND, TOO_LONG = "Interrupted", "UnknownKind", "JobTimeoutException"
KINDS: dict[str, Label] = {
    "Notify": _("Notice"), "MakeTask": _("Making a duty"), "Perform": _("Step that a rule wants"),
    "deadline": _("Deadline that passed"), "task_due": _("Duty that fell due"), "approval": _("Approved step"),
    "job": _("Job of a plugin"), "duties": _("Duties of the day"),
}  # fmt: skip
FAULTS: dict[str, Message] = {
    INTERRUPTED: _("The program ended each time while this was under way. Tell your administrator before you try again."),
    TOO_LONG: _("This took too long and was stopped. Try again; if it stays, tell your administrator."),
    UNKNOWN_KIND: _("No installed plugin knows this kind of message. Ask your administrator to install it, then try again."),
    "Unavailable": _("The database did not answer. Try again."),
    "OperationalError": _("The database did not answer. Try again."),
    "DiskFull": _("The disk of the server was full. Try again once there is room."),
    "Forbidden": _("Whoever asked for this may no longer do it. Give the permission back and try again, or give it up."),
}  # fmt: skip
OUTCOMES: dict[str, Label] = {
    "waiting": _("Waiting for its next attempt"), "done": _("Carried out since"), "dead": _("Failed again"),
}  # fmt: skip


class UnknownKind(Exception):
    """No handler is known for the message's kind: the plugin that brought it is gone."""


class FailForm(StrictSchema):
    """Which message, and the kind of its last fault."""

    message_id = fields.UUID(required=True)
    fault = fields.String(required=True, validate=validate.Length(max=200), metadata={"fact": True})


class DropForm(StrictSchema):
    """Why it need not be carried out."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500),
        metadata={"label": _("Reason"), "widget": "textarea"},
    )


def _facts(_loader: Loader, cases: Sequence[FailedMessage]) -> list[Any]:
    return [None for _case in cases]


def _present(loader: Loader, cases: Sequence[FailedMessage]) -> list[dict[str, Any]]:
    about = _about(loader, cases)
    names = {site.id: site.name for site in loader.host.directory.sites(loader.session)}
    query = select(OutboxMessage.id, OutboxMessage.state).where(
        OutboxMessage.company_id == loader.company_id, OutboxMessage.id.in_([case.message_id for case in cases])
    )
    states = {row.id: row.state for row in loader.session.execute(query)}
    return [
        {"what": source_title(loader.host, case), "about": about.get((case.about_flow, case.about_id)),
         "place": names.get(case.place_id, "") if case.place_id else "", "said": fault_said(loader.host, case),
         "outcome": OUTCOMES.get(states.get(case.message_id, "")) if case.state == "retried" else None}
        for case in cases
    ]  # fmt: skip


def _about(loader: Loader, cases: Sequence[FailedMessage]) -> dict[tuple[str | None, UUID | None], tuple[str, str]]:
    """What each message was about, as text and address; addresses exist within a request only."""
    if not has_request_context():
        return {}
    from guanjia.web.pages.headings import headings, site_codes

    found = headings(loader, [(case.about_flow, case.about_id) for case in cases], site_codes(loader))
    return {(flow, case_id): (heading.text, heading.url) for (flow, case_id), heading in found.items()}


def kind_title(kind: str) -> str:
    """The kind in words; one that a plugin brings by its own name."""
    return str(KINDS.get(kind, kind))


def source_title(host: Host, case: FailedMessage) -> str:
    """What wanted the message: the rule, step or job by its title, else the kind alone."""
    text = host.texts.get(case.source)
    if text is not None:
        return f"{kind_title(case.kind)}{_(': ')}{text.title}"
    flow, _dot, name = case.source.rpartition(".")
    step = host.flows[flow].steps.get(name) if flow in host.flows else None
    if step is not None:
        return f"{kind_title(case.kind)}{_(': ')}{step.title}"
    return f"{kind_title(case.kind)}{_(': ')}{case.source}" if case.source else kind_title(case.kind)


def fault_of(error: Exception) -> str:
    """The kind of fault, with the rules that refused or the fields that were wrong; never its text, which may hold
    personal values."""
    name, more = type(error).__name__, ""
    if isinstance(error, Refused):
        more = ", ".join(dict.fromkeys(reason.rule for reason in error.reasons))
    elif isinstance(error, Invalid):
        more = ", ".join(str(field) for field in error.errors)
    elif isinstance(error, UnknownKind):
        more = str(error)
    return (f"{name}: {more}" if more else name)[:200]


def fault_said(host: Host, case: FailedMessage) -> str:
    """The fault in words that a person can act on."""
    name, _colon, more = case.fault.partition(": ")
    if name == "Refused":
        titles = [str(host.texts[key].title) if key in host.texts else key for key in more.split(", ")]
        return str(_("The rules in force refuse this step: %(rules)s. Settle that at the case, then try again.",
                     rules=show(titles)))  # fmt: skip
    if name == "Invalid":
        return str(_("Entries of this step are not right any more: %(fields)s. Tell your administrator.", fields=more))
    if name in FAULTS:
        return str(FAULTS[name])
    return str(
        _("The program failed (%(name)s). Tell your administrator; the log has it under the message's id.", name=name)
    )


def _heading(_case: FailedMessage, values: Mapping[str, Any]) -> str:
    return str(values["what"])


messages = Flow(
    key="guanjia.message",
    model=FailedMessage,
    title=_("Message that failed"),
    level=COMPANY,
    facts=_facts,
    present=_present,
    heading=_heading,
    permission=PERMISSION,
    states=[
        State("failed", _("Failed"), tone="bad"),
        State("retried", _("Tried again"), tone="good", closed=True),
        State("dropped", _("Given up"), tone="muted", closed=True),
    ],
    columns=[
        Column("what", _("What was to be done")),
        Column("kind", _("Kind"), "choice", filter=True, labels=KINDS, on_list=False),
        Column("about", _("About"), "link", in_api=False),
        Column("about_flow", _("Kind of case"), on_list=False),
        Column("about_id", _("Case"), on_list=False),
        Column("place", _("Site"), on_list=False),
        Column("said", _("What went wrong")),
        Column("fault", _("Fault"), on_list=False),
        Column("attempts", _("Attempts"), "number", on_list=False),
        Column("opened_at", _("Failed at"), "moment", sort=True),
        Column("state", _("State"), "state", filter=True),
        Column("outcome", _("Since then"), on_list=False),
    ],
    fragments={"summary": "guanjia/case/failed_message.html"},
    tells_opener=False,
    menu=False,
)


@messages.step("fail", {None: "failed"}, title=_("Failed for good"), form=FailForm, system_only=True, on_page=False)
def fail(form: Mapping[str, Any], ctx: StepContext) -> FailedMessage:
    """The message is not tried again by itself; headquarters sees it. Raises WrongState if it no longer waits."""
    row = _locked(ctx, form["message_id"])
    if row is None or row.state != "waiting":
        raise WrongState()
    row.state, row.leased_until, row.in_hand, row.fault = "dead", None, False, form["fault"]
    flow, case_id = _about_of(ctx, row)
    payload = row.payload
    return ctx.open(
        FailedMessage, "failed", message_id=row.id, kind=row.kind, place_id=row.site_id,
        source=str(payload.get("rule") or payload.get("job") or payload.get("step") or "")[:120],
        about_flow=flow, about_id=case_id, fault=form["fault"], attempts=row.attempts,
    )  # fmt: skip


@messages.step("retry", {"failed": "retried"}, title=_("Try again"), permission=PERMISSION, tone="primary")
def retry(case: FailedMessage, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The message is tried at once, as often as a new one; should it fail again, it stands here anew."""
    row = _dead(case, ctx)
    row.state, row.attempts, row.run_after = "waiting", 0, ctx.recorded_at
    ctx.session.info.setdefault("beacons", []).append(row.run_after)


@messages.step(
    "drop", {"failed": "dropped"}, title=_("Give up"), form=DropForm, permission=PERMISSION, tone="danger"
)  # fmt: skip
def drop(case: FailedMessage, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The message is never carried out; the reason stays on record."""
    _dead(case, ctx).state = "dropped"


def _locked(ctx: StepContext, message_id: UUID) -> OutboxMessage | None:
    return ctx.session.get(OutboxMessage, (ctx.session.company_id, message_id), with_for_update=True)


def _dead(case: FailedMessage, ctx: StepContext) -> OutboxMessage:
    row = _locked(ctx, case.message_id)
    if row is None or row.state != "dead":
        raise WrongState(_("This message was settled in the meantime. Reload the page to see how."))
    return row


def _about_of(ctx: StepContext, row: OutboxMessage) -> tuple[str | None, UUID | None]:
    """The flow and the case that the message concerns, as far as it says so."""
    payload = row.payload
    if row.kind == "deadline":
        found = ctx.session.get(Deadline, (ctx.session.company_id, UUID(payload["deadline"])))
        return (found.flow, found.case_id) if found is not None else (None, None)
    for name in ("task", "approval"):
        if payload.get(name):
            return f"guanjia.{name}", UUID(payload[name])
    if payload.get("flow") and payload.get("case"):
        return str(payload["flow"]), UUID(payload["case"])
    return None, None


def failed_count(loader: Loader) -> int:
    """How many messages wait for headquarters' decision; 0 for whoever may not see them."""
    if not loader.may(PERMISSION):
        return 0
    query = select(func.count()).select_from(FailedMessage).where(
        FailedMessage.company_id == loader.company_id, FailedMessage.state == "failed"
    )  # fmt: skip
    return int(loader.session.scalars(query).one())
