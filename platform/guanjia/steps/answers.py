"""Answers kept under an Idempotency-Key, so that a repeated request answers as the first did and does nothing again.

One row per company, actor and key. The row is made by one statement that waits for whoever is making the same one, so
that of equal requests at one moment one acts and the others are told what it was told. What was asked is kept as a keyed
digest: passwords too count for "the same request", and nobody can guess them from the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import Text, and_, delete, or_, select, type_coerce, update

from guanjia.db.counting import claim
from guanjia.db.session import TenantSession, tenant_session
from guanjia.db.types import canonical_json
from guanjia.errors import KeyReused, KeyRunning, Waiting
from guanjia.files.store import FILE_WIDGETS
from guanjia.keeping import blind_index, blind_indexes
from guanjia.rules.reason import Reason
from guanjia.steps.changes import declared, plain
from guanjia.steps.flow import Step
from guanjia.steps.models import Answered, StoredFile
from guanjia.steps.outcome import Done, reasons_from_json, reasons_to_json

if TYPE_CHECKING:
    from guanjia.host import Host
    from guanjia.steps.context import Context

SYSTEM = UUID(int=0)  # whose answers the system's own are: a null would not be unique
KEPT_FOR = timedelta(days=7)
KEPT_FOR_SYSTEM = timedelta(days=30)  # a message is delivered again within minutes; by a person's hand, within days
RUNNING_FOR = timedelta(minutes=1)  # after that, a request that left no answer was killed, and the next one may act
SEALED = "sealed"
SEALED_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Slot:
    """The place for the answer of a request that nobody made before."""

    row_id: UUID

    def keep(self, session: TenantSession, answer: Mapping[str, Any]) -> None:
        """The answer stands in it, once the session commits."""
        row = (Answered.company_id == session.company_id) & (Answered.id == self.row_id)
        session.execute(update(Answered).where(row).values(answer=dict(answer)))

    def free(self, session: TenantSession) -> None:
        """The key is as if never used, once the session commits: nothing happened under it."""
        row = (Answered.company_id == session.company_id) & (Answered.id == self.row_id)
        session.execute(delete(Answered).where(row, Answered.answer.is_(None)))


def reserve(
    session: TenantSession, host: Host, actor_id: UUID, key: str, asked: str, *, kept_for: timedelta = KEPT_FOR
) -> Slot | Mapping[str, Any] | None:
    """A slot for the answer to a new request; of a repeated one the answer given, None while the first still runs.

    `asked` is all that makes a request this one. Raises KeyReused for another request under the same key.
    """
    now = host.clock.now()
    context = f"guanjia.answered:{session.company_id}"
    lapsed = or_(
        Answered.at < now - kept_for,
        and_(Answered.answer.is_(None), Answered.at < now - RUNNING_FOR),
    )
    values = {"request": blind_index(host.config, asked, context), "answer": None, "at": now}
    for _attempt in range(3):
        row_id = claim(session, Answered, {"actor_id": actor_id, "key": key}, host.ids.new(), lapsed=lapsed, **values)
        if row_id is not None:
            return Slot(row_id)
        query = select(Answered.request, Answered.answer).where(
            Answered.company_id == session.company_id, Answered.actor_id == actor_id, Answered.key == key
        )
        found = session.execute(query).one_or_none()
        if found is None:
            continue  # the first one came to nothing and gave its key back
        if found.request not in blind_indexes(host.config, asked, context):
            raise KeyReused()
        answer: Mapping[str, Any] | None = found.answer
        return answer
    raise KeyRunning()


def answered(
    session: TenantSession,
    caller: Context,
    step: Step,
    case_id: UUID | None,
    raw: Mapping[str, Any],
    key: str,
    occurred_at: datetime | None = None,
) -> Slot | Done:
    """The answer that the step gave under the key, or the slot that is to keep it. Raises Waiting where the step was
    made to wait, KeyReused for another request under the same key."""
    form = plain(_by_content(session, caller, step, raw))
    what = [step.key, str(case_id), str(caller.site_id), form, plain(occurred_at)]
    given = reserve(session, caller.host, caller.actor_id or SYSTEM, key, canonical_json(what))
    if isinstance(given, Slot):
        return given
    if given is None:
        raise KeyRunning()
    if "approval" in given:
        raise Waiting(UUID(given["approval"]), reasons_from_json(given["reasons"]))
    return Done.from_json(given)


def _by_content(session: TenantSession, caller: Context, step: Step, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The form with the caller's own uploads named by their content: a form sent twice uploads its files twice."""
    known = declared(step.form) if step.form is not None else {}
    named: dict[str, list[UUID]] = {}
    for name, value in raw.items():
        field = known.get(name)
        if isinstance(field, fields.UUID | fields.List) and field.metadata.get("widget") in FILE_WIDGETS:
            ids = [_uuid(item) for item in (value if isinstance(value, list) else [value])]
            if ids and None not in ids:
                named[name] = [i for i in ids if i is not None]
    if not named or caller.actor_id is None:
        return dict(raw)
    query = select(StoredFile.id, StoredFile.name, StoredFile.sha256).where(
        StoredFile.company_id == session.company_id,
        StoredFile.id.in_([i for ids in named.values() for i in ids]),
        StoredFile.uploaded_by == caller.actor_id,
    )
    content = {row.id: [row.name, row.sha256] for row in session.execute(query)}
    return {**raw, **{name: [content.get(i, str(i)) for i in ids] for name, ids in named.items()}}


def _uuid(value: Any) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        return None


def waiting_answer(approval_id: UUID, reasons: list[Reason] | tuple[Reason, ...]) -> dict[str, Any]:
    """The answer of a step that waits, as it is kept under an Idempotency-Key."""
    return {"approval": str(approval_id), "reasons": reasons_to_json(reasons)}


def sweep(host: Host, company_id: UUID) -> int:
    """Answers whose time is over are gone: a person's after seven days, sealed ones after an hour, the system's after
    thirty days. Returns how many went."""
    now = host.clock.now()
    with tenant_session(company_id, write=True) as session:
        ended = or_(
            and_(Answered.actor_id != SYSTEM, Answered.at < now - KEPT_FOR),
            and_(type_coerce(Answered.answer, Text).startswith(f'{{"{SEALED}":'), Answered.at < now - SEALED_FOR),
            Answered.at < now - KEPT_FOR_SYSTEM,
        )
        gone = session.execute(delete(Answered).where(Answered.company_id == company_id, ended)).rowcount  # type: ignore[attr-defined]
        session.commit()
        return int(gone)
