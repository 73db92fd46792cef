"""What `perform` writes down and looks up: the journal's body, answers under a key, what changed in between."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import TenantSession
from guanjia.db.types import canonical_json
from guanjia.errors import Invalid, KeyReused, Unavailable, Waiting
from guanjia.rules.facts import to_plain
from guanjia.rules.reason import Reason
from guanjia.steps.changes import plain, without_secrets
from guanjia.steps.context import Context
from guanjia.steps.flow import Step
from guanjia.steps.models import Answered, JournalEntry
from guanjia.steps.outcome import Done, Run, reasons_from_json, reasons_to_json
from guanjia.words import words

_ = words("guanjia")

SYSTEM = UUID(int=0)  # whose answers the system's own are: a null would not be unique


def journal_body(
    run: Run,
    changes: Mapping[str, Any],
    made: Sequence[Any],
    met: Sequence[Any],
    given: Sequence[Reason],
    late: Sequence[Reason],
    notes: Mapping[str, Any],
) -> dict[str, Any]:
    stored = {name: to_plain(value) for name, value in run.facts.items() if name != "rules"}
    body: dict[str, Any] = {
        "v": 1,
        "via": run.caller.via,
        "cause": run.caller.cause or None,
        "rulebook": str(run.rulebook.id) if run.rulebook else None,
        "facts": stored,
        "asked": list(run.decision.asked) if run.decision else [],
        "verdicts": [reason.to_json() for reason in run.decision.reasons] if run.decision else [],
        "changes": changes,
    }
    if made:
        body["deadlines"] = [deadline_json(row) for row in made]
    if met:
        body["met"] = [{"name": row.name, "late": bool(row.breached_at)} for row in met]
    if given:
        body["given"] = [reason.rule for reason in given]
    if late:
        body["late"] = [reason.rule for reason in late]
    if run.decision and run.decision.faults:
        body["faults"] = list(run.decision.faults)
    if notes:
        body["notes"] = dict(notes)
    return body


def deadline_json(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "rule": row.rule,
        "cause": row.cause,
        "provisional": row.provisional,
        "due_at": row.due_at.isoformat() if row.due_at else None,
    }


def answered(
    session: TenantSession,
    caller: Context,
    step: Step,
    case_id: UUID | None,
    raw: Mapping[str, Any],
    key: str,
    occurred_at: datetime | None = None,
) -> Answered | Done:
    """The answer given under the key, or the row that is to keep it. Raises Waiting where the step was made to wait,
    KeyReused for another request under the same key."""
    what = [step.key, str(case_id), str(caller.site_id), plain(without_secrets(step.form, raw)), plain(occurred_at)]
    digest = hashlib.sha256(canonical_json(what).encode()).hexdigest()
    actor_id = caller.actor_id or SYSTEM
    query = select(Answered).where(
        Answered.company_id == session.company_id, Answered.actor_id == actor_id, Answered.key == key
    )
    for attempt in (1, 2):
        row = session.scalars(query).one_or_none()
        if row is not None:
            if row.request != digest:
                raise KeyReused()
            return _given(row.answer)
        row = Answered(
            id=caller.host.ids.new(),
            company_id=session.company_id,
            key=key,
            actor_id=actor_id,
            request=digest,
            at=caller.host.clock.now(),
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            session.rollback()
            if attempt == 2:
                raise
            continue
        return row
    raise Unavailable()


def waiting_answer(approval_id: UUID, reasons: Sequence[Reason]) -> dict[str, Any]:
    """The answer of a step that waits, as it is kept under an Idempotency-Key."""
    return {"approval": str(approval_id), "reasons": reasons_to_json(reasons)}


def _given(answer: Mapping[str, Any] | None) -> Done:
    if answer is None:
        raise Unavailable()
    if "approval" in answer:
        raise Waiting(UUID(answer["approval"]), reasons_from_json(answer["reasons"]))
    return Done.from_json(answer)


def changed_since(session: TenantSession, case: Any, version: int) -> list[JournalEntry]:
    query = select(JournalEntry).where(
        JournalEntry.company_id == session.company_id,
        JournalEntry.case_id == case.id,
        JournalEntry.outcome.in_(("done", "late")),
    )
    return list(session.scalars(query.order_by(JournalEntry.seq.desc()).limit(max(1, case.version - version))))[::-1]


def translate_integrity(fault: IntegrityError) -> Exception:
    text = str(fault.orig).lower()
    if "unique" in text or "duplicate" in text:
        return Invalid({"_schema": [_("An entry with this name, code or number exists already. Choose another one.")]})
    if "foreign key" in text:
        return Invalid(
            {"_schema": [_("Something that this points to does not exist here. Choose it again from the list.")]}
        )
    return fault
