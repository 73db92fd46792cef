"""`perform`: the only way anything changes. One transaction, one tenant; decided by rules, explained, and kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import TenantSession, tenant_session
from guanjia.db.unwritable import NOT_WRITTEN, unavailable
from guanjia.errors import (
    NotFound,
    Refused,
    Stale,
    Unavailable,
    Waiting,
    WrongState,
)
from guanjia.metrics import count_step
from guanjia.rules.decide import Decision, given_by_own_role
from guanjia.rules.facts import ActorFacts
from guanjia.rules.reason import Reason
from guanjia.rules.rulebook import Rulebook
from guanjia.steps import deadlines, journal, outbox
from guanjia.steps.answers import Slot, answered, waiting_answer
from guanjia.steps.changes import changes_of
from guanjia.steps.checking import act_time, actor_at, check_state, find, load_form, permit, reach, rulebook_for
from guanjia.steps.conflicts import keep_conflict
from guanjia.steps.context import Context, StepContext
from guanjia.steps.flow import SAME, SITE, Step
from guanjia.steps.gather import gather, judge
from guanjia.steps.loader import Loader
from guanjia.steps.outcome import Done, Grant, Run
from guanjia.steps.recording import changed_since, deadline_json, journal_body, translate_integrity
from guanjia.words import words

_ = words("guanjia")
_log = logging.getLogger("guanjia.steps")


class _Asked(Exception):
    """Internal: the step must wait. Carries what was asked."""

    def __init__(self, reasons: Sequence[Reason], run: Run) -> None:
        assert run.decision is not None  # asked by its rules
        self.reasons = tuple(reasons)
        self.decision = run.decision
        self.run = run


class _Denied(Exception):
    """Internal: rules denied the step."""

    def __init__(self, decision: Decision, run: Run) -> None:
        self.decision = decision
        self.run = run
        run.decision = decision


def perform(
    caller: Context,
    step: Step | str,
    case_id: UUID | None = None,
    form: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    if_match: bool = False,
    key: str | None = None,
    occurred_at: datetime | None = None,
    grants: Sequence[Grant] = (),
    as_of: datetime | None = None,
) -> Done:
    """Take a step in a transaction of its own.

    `version` is the version the caller saw; `key` an Idempotency-Key; `occurred_at` the time of an act reported later
    (only where the step allows that); `grants` and `as_of` are the approval's, when a step runs after its last yes.
    Raises NotFound, Forbidden, Invalid, WrongState, Stale, Refused, Waiting, KeyReused, KeyRunning, Unavailable.
    """
    host = caller.host
    found = host.step(step)
    raw = dict(form or {})
    committing = False
    try:
        with tenant_session(caller.company_id, write=True) as session:
            slot = answered(session, caller, found, case_id, raw, key, occurred_at) if key else None
            if isinstance(slot, Done):
                return slot
            try:
                done, ctx = _run(
                    caller,
                    session,
                    found,
                    case_id,
                    raw,
                    version=version,
                    if_match=if_match,
                    occurred_at=occurred_at,
                    grants=tuple(grants),
                    as_of=as_of,
                )
            except WrongState:
                session.rollback()
                if occurred_at is not None and case_id is not None:
                    keep_conflict(session, caller, found, case_id, raw, occurred_at)
                raise
            except _Denied as denied:
                session.rollback()
                count_step(found.flow, "denied")
                _journal_denial(session, denied)
                raise Refused(denied.decision.denials) from None
            except _Asked as asked:
                session.rollback()
                if as_of is not None:  # an approved step that asks again: the yeses were for other values
                    _journal_denial(session, asked)
                    raise Refused(asked.reasons) from None
                slot = answered(session, caller, found, case_id, raw, key, occurred_at) if key else None
                if isinstance(slot, Done):
                    return slot
                count_step(found.flow, "waiting")
                raise Waiting(_store_ask(session, asked, slot), asked.reasons) from None
            if slot is not None:
                slot.keep(session, done.to_json())
            if ctx.refresh:
                host.directory_changed(session)
            outbox.light_beacons(session, host)
            for entry in ctx.entries:
                journal.write(session, host.ids, entry)
            committing = True
            session.commit()
            host.rulebooks.mark_stored(caller.company_id, ctx.rulebook.id)
    except NOT_WRITTEN as fault:
        told = unavailable(fault)
        if told is None:
            raise
        count_step(found.flow, "failed")
        _log.exception("the database refused a step")
        if committing and fault.connection_invalidated:
            told = Unavailable(Unavailable.uncertain if key else Unavailable.uncertain_without_key)
        raise told from fault
    finally:
        host.faults.flush()
    count_step(found.flow, "late" if done.late else "done")
    host.after_commit(caller.company_id)
    return done


def perform_nested(outer: StepContext, step: Step | str, case_id: UUID | None, form: Mapping[str, Any]) -> Done:
    """Take a step inside another one's transaction, by the same actor and with the same yeses."""
    found = outer.host.step(step)
    outer.session.flush()  # the nested step reads its case anew
    done, ctx = _run(
        outer.caller,
        outer.session,
        found,
        case_id,
        dict(form),
        grants=outer.grants,
        as_of=outer.now,
    )
    outer.refresh = outer.refresh or ctx.refresh
    outer.entries.extend(ctx.entries)
    return done


def _run(
    caller: Context,
    session: TenantSession,
    step: Step,
    case_id: UUID | None,
    raw: dict[str, Any],
    *,
    version: int | None = None,
    if_match: bool = False,
    occurred_at: datetime | None = None,
    grants: tuple[Grant, ...] = (),
    as_of: datetime | None = None,
) -> tuple[Done, StepContext]:
    host = caller.host
    flow = host.flow(step.flow)
    recorded_at = host.clock.now()
    now = act_time(step, as_of or recorded_at, occurred_at, recorded_at)
    run = Run(caller, flow, step, case_id, raw, now)
    # 1 the case, the permission, the form
    case = find(session, caller, flow, step, case_id)
    site_id = getattr(case, "site_id", None) if case is not None else caller.site_id
    site = host.directory.site(session, site_id) if site_id else None
    if (site_id and site is None) or (flow.level == SITE and site is None):
        raise NotFound()
    run.site = site
    company = host.directory.company(session)
    place = site or company
    if not host.is_active(flow.plugin, place):
        raise NotFound()
    actor = actor_at(session, caller, site_id, recorded_at)
    loader = Loader(host, session, now, site, actor)
    if case is not None and actor is not None:
        reach(loader, flow, case)
    permit(caller, flow, step, actor)
    form = load_form(step, raw)
    # 2 version, 3 state
    if case is not None and version is not None and case.version != version:
        raise Stale(changed_since(session, case, version), if_match=if_match)
    check_state(flow, step, case)
    # 4 facts
    rulebook = rulebook_for(session, host, place, case, now, flow, raw)
    run.rulebook = rulebook
    plan = host.rulebooks.plan(rulebook, place)
    # 5 guards
    facts, decision = judge(
        loader, flow, step, plan, case, form, actor_id=caller.actor_id, now=now, late=occurred_at is not None
    )
    run.facts, run.decision = facts, decision
    late: tuple[Reason, ...] = ()
    open_asks, given = _split_asks(decision.asks, rulebook, facts["actor"], grants)
    if occurred_at is not None:  # it has happened already: kept with whatever speaks against it
        late = (*decision.denials, *open_asks)
    elif decision.denials:
        raise _Denied(decision, run)
    elif open_asks:
        raise _Asked(open_asks, run)
    # 6 the body
    ctx = StepContext(
        caller=caller,
        session=session,
        flow=flow,
        step=step,
        now=now,
        recorded_at=recorded_at,
        actor=actor,
        site=site,
        company=company,
        rulebook=rulebook,
        loader=loader,
        form=form,
        grants=grants,
    )
    host.rulebooks.store(session, rulebook, recorded_at)
    came_from = case.state if case is not None else None
    try:
        case, private, changes = _body(ctx, case, raw)
        # 7 deadlines
        after = gather(
            loader,
            flow,
            step,
            plan,
            case,
            form,
            actor_id=caller.actor_id,
            now=now,
            late=occurred_at is not None,
        )
        met = deadlines.end(ctx, plan, case)
        made = [*deadlines.start(ctx, plan, case, after), *deadlines.apply_requested(ctx, case)]
        if flow.state(case.state).closed:
            deadlines.cancel_all(ctx, case)
        # 8 reactions
        told_within = any(n.case_id == case.id and n.state == case.state for n in ctx.nested)
        host.reactions.collect(ctx, plan, case, after, late, moved=case.state != came_from and not told_within)
    except IntegrityError as fault:
        raise translate_integrity(fault) from fault
    except Refused as refused:  # by the body itself
        raise _Denied(msgspec.structs.replace(decision, denials=(*decision.denials, *refused.reasons)), run) from None
    except _Denied as denied:  # a nested step's denial becomes this one's
        raise _Denied(_joined(decision, denied.decision), run) from None
    except _Asked as asked:
        run.decision = _joined(decision, asked.decision)
        raise _Asked(asked.reasons, run) from None
    # 9 the journal
    done = Done(
        step.key,
        case.id,
        case.version,
        case.state,
        getattr(case, "number", None),
        decision.asked,
        decision.excepted,
        [deadline_json(d) for d in made],
        given,
        late,
        ctx.nested,
    )
    own = journal.Entry(
        site_id=site_id,
        at=recorded_at,
        step=step.key,
        outcome="late" if late else "done",
        case_id=case.id,
        actor_id=caller.actor_id,
        body=journal_body(run, changes, made, met, given, late, ctx.notes),
        private=private,
    )
    ctx.entries.insert(0, own)  # before those of nested steps, which it set off
    if ctx.delete_case:
        session.delete(case)
        session.flush()
    return done, ctx


def _joined(outer: Decision, nested: Decision) -> Decision:
    """What an outer step is told where a nested one was held up: all that either's rules said."""
    return Decision(
        tuple(dict.fromkeys((*outer.asked, *nested.asked))),
        (*outer.denials, *nested.denials),
        (*outer.asks, *nested.asks),
        (*outer.excepted, *nested.excepted),
        (*outer.faults, *nested.faults),
    )


def _split_asks(
    asks: Sequence[Reason], rulebook: Rulebook, actor: ActorFacts, grants: Sequence[Grant]
) -> tuple[list[Reason], tuple[Reason, ...]]:
    waiting: list[Reason] = []
    given: list[Reason] = []
    for reason in asks:
        four_eyes = bool(rulebook.option(reason.rule, "four_eyes"))
        if any(grant.covers(reason) for grant in grants) or given_by_own_role(reason, actor, four_eyes=four_eyes):
            given.append(reason)
        else:
            waiting.append(reason)
    return waiting, tuple(given)


def _body(ctx: StepContext, case: Any, raw: Mapping[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    step, flow = ctx.step, ctx.flow
    if case is None:
        result = step.body(ctx.form, ctx)
        if not isinstance(result, flow.model):
            raise TypeError(f"{step.key}: a creating step returns its new {flow.model.__name__}")
        case, wanted = result, None
    else:
        target = step.moves[case.state]  # before the body: a nested step may move the case on
        wanted = step.body(case, ctx.form, ctx)
        case.state = wanted if isinstance(wanted, str) else (case.state if target == SAME else target)
        case.version += 1
        case.changed_at = ctx.recorded_at
    closed = flow.state(case.state).closed
    if hasattr(case, "closed_at"):
        case.closed_at = (case.closed_at or ctx.now) if closed else None
    ctx.host.files.claim(ctx, case)
    changes, private = changes_of(case, ctx.form, step.form)
    ctx.session.flush()
    return case, private, changes


def _journal_denial(session: TenantSession, denied: _Denied | _Asked) -> None:
    run = denied.run
    assert run.rulebook is not None  # decided under it
    caller = run.caller
    caller.host.rulebooks.store(session, run.rulebook, caller.host.clock.now())
    journal.write(
        session,
        caller.host.ids,
        journal.Entry(
            site_id=run.site.id if run.site else None,
            at=caller.host.clock.now(),
            step=run.step.key,
            outcome="denied",
            case_id=run.case_id,
            actor_id=caller.actor_id,
            body=journal_body(run, {}, (), (), (), (), {}),
            private={},
        ),
    )
    session.commit()


def _store_ask(session: TenantSession, asked: _Asked, slot: Slot | None) -> UUID:
    from guanjia.steps.approvals import store_ask

    run = asked.run
    assert run.rulebook is not None and run.decision is not None  # decided under it
    host = run.caller.host
    host.rulebooks.store(session, run.rulebook, host.clock.now())
    approval = store_ask(session, run, asked.reasons)
    if slot is not None:
        slot.keep(session, waiting_answer(approval.id, asked.reasons))
    journal.write(
        session,
        host.ids,
        journal.Entry(
            site_id=run.site.id if run.site else None,
            at=host.clock.now(),
            step=run.step.key,
            outcome="waiting",
            case_id=run.case_id,
            actor_id=run.caller.actor_id,
            body=journal_body(run, {}, (), (), (), (), {"approval": str(approval.id)}),
            private={},
        ),
    )
    outbox.light_beacons(session, host)
    session.commit()
    host.rulebooks.mark_stored(run.caller.company_id, run.rulebook.id)
    host.after_commit(run.caller.company_id)
    return approval.id
