"""What `perform` writes down and looks up: the journal's body, what changed in between, faults of the database in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import TenantSession
from guanjia.errors import Invalid
from guanjia.rules.facts import to_plain
from guanjia.rules.reason import Reason
from guanjia.steps.models import JournalEntry
from guanjia.steps.outcome import Run
from guanjia.words import words

_ = words("guanjia")


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
    return {  # in the order in which it is kept, so that an answer kept under a key is the same to the letter
        "cause": row.cause,
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "name": row.name,
        "provisional": row.provisional,
        "rule": row.rule,
    }


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
