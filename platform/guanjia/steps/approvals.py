"""Approvals: a step that waits for roles to say yes, one after another, and then runs again as its requester."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from guanjia.db.session import TenantSession
from guanjia.errors import GuanjiaError, Refused, Unavailable, WrongState
from guanjia.ports import Holders
from guanjia.rules.reason import Reason
from guanjia.schema import StrictSchema
from guanjia.steps.commands import Notify
from guanjia.steps.flow import COMPANY, Column, Flow, State
from guanjia.steps.kept_forms import kept_form, opened_form
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Signature
from guanjia.steps.outbox import schedule
from guanjia.words import Message, words

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.steps.context import Context, StepContext
    from guanjia.steps.outcome import Run

_ = words("guanjia")

RULE = "guanjia.approval"
SIGN_WITHIN = 1  # working days; the clock of the case runs on meanwhile


class GrantForm(StrictSchema):
    """A yes, with a remark."""

    note = fields.String(
        validate=validate.Length(max=500),
        load_default="",
        metadata={"label": _("Remark"), "widget": "textarea"},
    )


class RejectForm(StrictSchema):
    """A no, with its reason."""

    reason = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500),
        metadata={"label": _("Reason"), "widget": "textarea"},
    )


class SettleForm(StrictSchema):
    """How the waiting step ended."""

    outcome = fields.String(required=True, validate=validate.OneOf(["granted", "lapsed"]))
    result_id = fields.UUID(allow_none=True, load_default=None)
    error = fields.Dict(allow_none=True, load_default=None)


def _facts(_loader: Loader, cases: Sequence[Approval]) -> list[Any]:
    return [None for _case in cases]


approvals = Flow(
    key="guanjia.approval",
    model=Approval,
    title=_("Approval"),
    level=COMPANY,
    facts=_facts,
    states=[
        State("waiting", _("Waiting"), tone="waiting"),
        State("signed", _("Signed, being carried out"), tone="waiting"),
        State("granted", _("Granted"), tone="good", closed=True),
        State("rejected", _("Rejected"), tone="bad", closed=True),
        State("lapsed", _("Lapsed"), tone="muted", closed=True),
        State("withdrawn", _("Withdrawn"), tone="muted", closed=True),
    ],
    columns=[Column("opened_at", _("Asked at"), "moment", sort=True), Column("state", _("State"), "state", filter=True)],
    menu=False,
)  # fmt: skip


def store_ask(session: TenantSession, run: Run, reasons: Sequence[Reason]) -> Approval:
    """Store step, form, requester and the values asked about, and tell the first who must say yes."""
    host = run.caller.host
    now = host.clock.now()
    site_id = run.site.id if run.site else None
    approval_id = host.ids.new()
    approval = Approval(
        id=approval_id,
        company_id=session.company_id,
        site_id=site_id,
        state="waiting",
        opened_at=now,
        opened_by=run.caller.actor_id,
        changed_at=now,
        rulebook_id=run.rulebook.id if run.rulebook else None,
        step=run.step.key,
        target_id=run.case_id,
        requester_id=run.caller.actor_id,
        form=kept_form(host.config, run.step.form, run.raw, approval_id),
        due_at=(run.site or host.directory.company(session)).calendar.after_working_days(now, SIGN_WITHIN),
    )
    session.add(approval)
    session.flush()
    for position, reason in enumerate(reasons):
        session.add(
            Signature(
                id=host.ids.new(),
                company_id=session.company_id,
                approval_id=approval.id,
                position=position,
                rule=reason.rule,
                role=reason.role or "",
                about=dict(reason.about),
                message=reason.message.to_json(),
            )
        )
    session.flush()
    _tell_role(session, host, approval, reasons[0].role or "", 0)
    return approval


def _tell_role(session: TenantSession, host: Host, approval: Approval, role: str, position: int) -> None:
    """Whoever may sign is told now, and once a day from the approval's own due time on until it is signed."""
    title = host.step(approval.step).title
    told = _('"%(step)s" waits for your signature.', step=title)
    chased = _('"%(step)s" still waits for your signature. Sign it, reject it, or enter a deputy.', step=title)
    due_at = approval.due_at or host.clock.now()
    for number, (message, at) in enumerate(((told, host.clock.now()), (chased, due_at))):
        command = {
            "message": message.to_json(),
            "roles": [role],
            "staff": [],
            "urgent": False,
            "unless": [f"guanjia.approval.{name}" for name in ("grant", "reject", "withdraw")] if number else [],
            "repeat_hours": 24 if number else None,
        }
        payload = {
            "rule": RULE,
            "step": approval.step,
            "flow": "guanjia.approval",
            "case": str(approval.id),
            "number": None,
            "since": host.clock.now().isoformat(),
            "actor": None,
            "command": command,
        }
        key = f"approval:{approval.id}:{position}:{number}"
        schedule(session, host, "Notify", payload, at=at, site_id=approval.site_id, dedupe=key)


def signatures_of(session: TenantSession, approval_id: UUID) -> list[Signature]:
    """The signatures an approval needs, in order."""
    query = select(Signature).where(Signature.company_id == session.company_id, Signature.approval_id == approval_id)
    return list(session.scalars(query.order_by(Signature.position)))


def next_signature(session: TenantSession, approval_id: UUID) -> Signature | None:
    """The signature that is waited for now."""
    return next((s for s in signatures_of(session, approval_id) if s.state == "waiting"), None)


def holders_for(loader: Loader, approval: Approval, signature: Signature) -> Holders:
    """Who may give the signature: holders of the role at the nearest scope, or their deputies."""
    department = department_of(loader.host, loader.session, approval)
    return loader.host.directory.holders(loader.session, signature.role, approval.site_id, loader.now, department)


def department_of(host: Host, session: TenantSession, case: Any) -> UUID | None:
    """The department of a case; of an approval, that of the case that waits. None where its flow has none."""
    if isinstance(case, Approval):
        flow = host.flows.get(case.step.rpartition(".")[0])
        key = (session.company_id, case.target_id)
        case = session.get(flow.model, key) if flow is not None and case.target_id else None
    found = getattr(case, "department_id", None)
    return found if isinstance(found, UUID) else None


def _sign(approval: Approval, ctx: StepContext, *, granted: bool, note: str) -> Signature:
    signature = next_signature(ctx.session, approval.id)
    if signature is None:
        raise WrongState()
    holders = holders_for(ctx.loader, approval, signature)
    allowed = ctx.actor_id in holders.staff
    rulebook = ctx.host.rulebooks.get(ctx.session, approval.rulebook_id) if approval.rulebook_id else None
    own = ctx.actor_id == approval.requester_id and bool(rulebook and rulebook.option(signature.rule, "four_eyes"))
    if not allowed or own:  # no names: the journal keeps this for good, and whoever reads it is told who may
        role = ctx.host.directory.role_title(ctx.session, signature.role)
        message = (
            _("Whoever asked for this cannot sign it too. Ask another %(role)s.", role=role)
            if own
            else _("Only %(role)s can sign this. Ask one of them.", role=role)
        )
        params = rulebook.params_of(signature.rule) if rulebook else {}
        raise Refused([Reason(signature.rule, "deny", message, params, signature.role)])
    signature.state = "granted" if granted else "rejected"
    signature.decided_by, signature.decided_at, signature.note = ctx.actor_id, ctx.now, note
    if ctx.actor_id is not None:
        signature.on_behalf_of = holders.deputising.get(ctx.actor_id)
    ctx.notes["signature"] = {
        "rule": signature.rule,
        "role": signature.role,
        "state": signature.state,
        "for": str(signature.on_behalf_of) if signature.on_behalf_of else None,
        "target": str(approval.target_id) if approval.target_id else None,
    }
    return signature


@approvals.step("grant", {"waiting": "waiting"}, title=_("Approve"), form=GrantForm, tone="primary")
def grant(approval: Approval, form: Mapping[str, Any], ctx: StepContext) -> str:
    """One yes is given; after the last one the step is carried out as its requester."""
    _sign(approval, ctx, granted=True, note=form["note"])
    ctx.session.flush()
    following = next_signature(ctx.session, approval.id)
    if following is not None:
        _tell_role(ctx.session, ctx.host, approval, following.role, following.position)
        return "waiting"
    schedule(
        ctx.session,
        ctx.host,
        "approval",
        {"approval": str(approval.id)},
        at=ctx.recorded_at,
        site_id=approval.site_id,
        dedupe=f"approval:{approval.id}:run",
    )
    return "signed"


@approvals.step("reject", {"waiting": "rejected"}, title=_("Reject"), form=RejectForm, tone="danger")
def reject(approval: Approval, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The request is refused with a reason, and the requester is told."""
    signature = _sign(approval, ctx, granted=False, note=form["reason"])
    _tell_requester(
        approval,
        ctx,
        _(
            '"%(step)s" was rejected by %(name)s. Read the reason, then change your request or leave it.',
            step=ctx.host.step(approval.step).title,
            name=ctx.actor.name if ctx.actor else signature.role,
        ),
    )


@approvals.step("withdraw", {"waiting": "withdrawn"}, title=_("Withdraw the request"), tone="quiet")
def withdraw(approval: Approval, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The requester no longer wants it."""
    if ctx.actor_id != approval.requester_id:
        raise Refused(
            [
                Reason(
                    RULE,
                    "deny",
                    _("Only the person who asked can withdraw this. Reject it instead, if you may sign."),
                )
            ]
        )


@approvals.step(
    "settle", {"signed": "granted"}, title=_("Carried out"), form=SettleForm, system_only=True, on_page=False
)
def settle(approval: Approval, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The waiting step ran, or the request lapsed since things had changed; the requester is told."""
    approval.result_id, approval.outcome = form["result_id"], form["error"]
    title = ctx.host.step(approval.step).title
    if form["outcome"] == "granted":
        _tell_requester(approval, ctx, _('"%(step)s" was approved and carried out.', step=title))
    else:
        _tell_requester(
            approval,
            ctx,
            _(
                '"%(step)s" was approved but could no longer be carried out. Open the request to see '
                "why; your entries are kept there.",
                step=title,
            ),
        )
    return str(form["outcome"])


def _tell_requester(approval: Approval, ctx: StepContext, message: Message) -> None:
    if approval.requester_id is not None:
        ctx.emit(Notify(message=message, staff=(approval.requester_id,)))


def carry_out(system: Context, approval_id: UUID) -> None:
    """After the last yes: run the step as the requester, with the time at which it was asked, and settle the approval.

    State, permission and all guards are judged anew; a yes counts for equal values only, else the request lapses.
    """
    from guanjia.db.session import tenant_session
    from guanjia.steps.context import Context
    from guanjia.steps.outcome import Grant

    with tenant_session(system.company_id) as session:
        approval = session.get(Approval, (system.company_id, approval_id))
        if approval is None or approval.state != "signed":
            return
        grants = [Grant(s.rule, s.role, s.about) for s in signatures_of(session, approval_id)]
    caller = Context(
        system.host,
        system.company_id,
        approval.requester_id,
        approval.site_id,
        via="approval",
        cause=f"approval:{approval_id}",
    )
    try:
        done = caller.perform(
            approval.step,
            approval.target_id,
            opened_form(system.host.config, approval.form, approval_id),
            grants=grants,
            as_of=approval.opened_at,
            key=f"approval:{approval_id}",
        )
        form: dict[str, Any] = {"outcome": "granted", "result_id": str(done.case_id)}
    except Unavailable:
        raise  # nothing was decided: the relay tries again
    except GuanjiaError as error:
        form = {"outcome": "lapsed", "error": describe(error)}
    system.at_site(approval.site_id).perform(settle, approval_id, form)


def describe(error: GuanjiaError) -> dict[str, Any]:
    """An error as it is kept with a lapsed request."""
    data: dict[str, Any] = {"type": error.type, "detail": error.detail.to_json()}
    if isinstance(error, Refused):
        data["reasons"] = [reason.to_json() for reason in error.reasons]
    return data


def waiting_for(loader: Loader, staff_id: UUID, site_ids: Sequence[UUID]) -> list[tuple[Approval, Signature]]:
    """The approvals at these sites (and at the company) whose next signature this person may give, oldest first."""
    query = select(Approval).where(
        Approval.company_id == loader.company_id,
        Approval.state == "waiting",
        Approval.site_id.in_(site_ids) | Approval.site_id.is_(None),
    )
    found = []
    waiting = list(loader.session.scalars(query.order_by(Approval.opened_at)))
    by_approval = loader.children(Signature, Signature.approval_id, [a.id for a in waiting], order=Signature.position)
    for approval in waiting:
        signature = next((s for s in by_approval[approval.id] if s.state == "waiting"), None)
        if signature is not None and staff_id in holders_for(loader, approval, signature).staff:
            found.append((approval, signature))
    return found


def of_case(session: TenantSession, case_id: UUID) -> list[Approval]:
    """The approvals of a case, newest first."""
    query = select(Approval).where(Approval.company_id == session.company_id, Approval.target_id == case_id)
    return list(session.scalars(query.order_by(Approval.opened_at.desc())))


def asked_at(approval: Approval) -> datetime:
    """When it was asked for: the time that counts for the step once it is granted."""
    return approval.opened_at
