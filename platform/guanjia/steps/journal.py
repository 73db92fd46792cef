"""The journal: a hash chain per site over canonical JSON. Personal values lie salted beside it and can be erased."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from guanjia.clock import Ids
from guanjia.db.counting import ensure
from guanjia.db.session import TenantSession
from guanjia.db.types import canonical_json
from guanjia.steps.models import JournalDetail, JournalEntry, JournalHead

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is written about one step. `body` holds ids and values only; `private` what can be erased later."""

    site_id: UUID | None
    at: datetime
    step: str
    outcome: str
    case_id: UUID | None
    actor_id: UUID | None
    body: Mapping[str, Any]
    private: Mapping[str, Any]


def write(session: TenantSession, ids: Ids, entry: Entry) -> JournalEntry:
    """Append the entry to its chain; the head is locked, and rolled back with the step if that fails."""
    return write_all(session, ids, [entry])[0]


def write_all(session: TenantSession, ids: Ids, entries: Sequence[Entry]) -> list[JournalEntry]:
    """Append the entries to their chains in this order; each head is locked once and moved once."""
    chains = {entry.site_id or session.company_id for entry in entries}
    heads = {chain: _head(session, chain) for chain in sorted(chains)}
    rows = [_link(session, ids, entry, heads[entry.site_id or session.company_id]) for entry in entries]
    session.flush()
    return rows


def _head(session: TenantSession, chain: UUID) -> JournalHead:
    head = _locked_head(session, chain)
    if head is None:  # the chain's first entry; another first one may be on its way
        ensure(session, JournalHead, {"id": chain}, seq=0, digest=GENESIS)
        head = _locked_head(session, chain)
        assert head is not None  # just made
    return head


def _link(session: TenantSession, ids: Ids, entry: Entry, head: JournalHead) -> JournalEntry:
    entry_id = ids.new()
    body = dict(entry.body) | {
        "id": str(entry_id),
        "at": entry.at.astimezone(UTC).isoformat(),
        "step": entry.step,
        "outcome": entry.outcome,
        "case": str(entry.case_id) if entry.case_id else None,
        "actor": str(entry.actor_id) if entry.actor_id else None,
        "seq": head.seq + 1,
    }
    if entry.private:
        salt = hashlib.sha256(entry_id.bytes + ids.new().bytes).hexdigest()[:32]
        detail = canonical_json(dict(entry.private))
        session.add(JournalDetail(id=entry_id, salt=salt, body=detail))
        body["private"] = hashlib.sha256((salt + detail).encode()).hexdigest()
    text = canonical_json(body)
    digest = link(head.digest, text)
    row = JournalEntry(
        id=entry_id,
        site_id=entry.site_id,
        chain_id=head.id,
        seq=head.seq + 1,
        at=entry.at,
        step=entry.step,
        outcome=entry.outcome,
        case_id=entry.case_id,
        actor_id=entry.actor_id,
        body=text,
        previous=head.digest,
        digest=digest,
    )
    session.add(row)
    head.seq, head.digest = head.seq + 1, digest
    return row


def erase(session: TenantSession, case_id: UUID, *, at: datetime, by: UUID | None) -> int:
    """The personal values and free text of a case's entries are gone; that, when and by whom stays. How many were."""
    entries = select(JournalEntry.id).where(
        JournalEntry.company_id == session.company_id, JournalEntry.case_id == case_id
    )
    query = select(JournalDetail).where(
        JournalDetail.company_id == session.company_id, JournalDetail.id.in_(entries), JournalDetail.erased_at.is_(None)
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.body, row.erased_at, row.erased_by = None, at, by
    session.flush()
    return len(rows)


def _locked_head(session: TenantSession, chain: UUID) -> JournalHead | None:
    query = select(JournalHead).where(JournalHead.company_id == session.company_id, JournalHead.id == chain)
    return session.scalars(query.with_for_update()).one_or_none()


def link(previous: str, body: str) -> str:
    """The digest of an entry: over the previous digest and its own canonical body."""
    return hashlib.sha256((previous + "\n" + body).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that `verify` found. `kind`: broken, missing, altered, rewritten or tail are faults; erased is none."""

    chain_id: UUID
    seq: int
    kind: str
    note: str = ""


def verify(session: TenantSession, known_heads: Mapping[UUID, tuple[int, str]] | None = None) -> Iterator[Finding]:
    """Walk every chain of the company. Erased private values are reported as such, with time and author, not as faults.

    What stands in columns beside an entry's body (time, step, case, actor) is compared with it.

    `known_heads` are heads that were written outside the database earlier; a chain that no longer holds them lost
    its tail or was rewritten.
    """
    last: dict[UUID, tuple[int, str]] = {}
    query = select(JournalEntry).where(JournalEntry.company_id == session.company_id)
    query = query.order_by(JournalEntry.chain_id, JournalEntry.seq).execution_options(yield_per=1000)
    known = dict(known_heads or {})
    for row in session.scalars(query):
        seq, digest = last.get(row.chain_id, (0, GENESIS))
        if row.seq != seq + 1:
            yield Finding(row.chain_id, row.seq, "missing", f"expected {seq + 1}")
        if row.previous != digest and row.seq == seq + 1:
            yield Finding(row.chain_id, row.seq, "broken")
        if link(row.previous, row.body) != row.digest:
            yield Finding(row.chain_id, row.seq, "altered")
        elif differing := _differing(row):
            yield Finding(row.chain_id, row.seq, "altered", f"beside the body: {', '.join(differing)}")
        if row.chain_id in known and known[row.chain_id][0] == row.seq and known[row.chain_id][1] != row.digest:
            yield Finding(row.chain_id, row.seq, "rewritten", "differs from the head kept outside")
        last[row.chain_id] = (row.seq, row.digest)
    heads = {h.id: h for h in session.scalars(select(JournalHead).where(JournalHead.company_id == session.company_id))}
    for head in heads.values():
        if last.get(head.id, (0, GENESIS)) != (head.seq, head.digest):
            yield Finding(head.id, head.seq, "tail", "the last entries are gone")
    for chain in last.keys() - heads.keys():
        yield Finding(chain, last[chain][0], "tail", "the chain's head is gone")
    for chain, (seq, _digest) in known.items():
        if last.get(chain, (0, ""))[0] < seq:
            yield Finding(chain, seq, "tail", "shorter than the head kept outside")
    yield from _verify_details(session)


def _differing(row: JournalEntry) -> list[str]:
    """The columns that differ from the body they repeat."""
    body = msgspec.json.decode(row.body)
    told = {
        "id": str(row.id), "at": row.at.isoformat(), "step": row.step, "outcome": row.outcome, "seq": row.seq,
        "case": str(row.case_id) if row.case_id else None, "actor": str(row.actor_id) if row.actor_id else None,
    }  # fmt: skip
    found = [name for name, value in told.items() if body.get(name) != value]
    return found if row.chain_id == (row.site_id or row.company_id) else [*found, "site"]


def _verify_details(session: TenantSession) -> Iterator[Finding]:
    query = (
        select(JournalEntry.chain_id, JournalEntry.seq, JournalEntry.body, JournalDetail)
        .outerjoin(
            JournalDetail,
            (JournalDetail.company_id == JournalEntry.company_id) & (JournalDetail.id == JournalEntry.id),
        )
        .where(JournalEntry.company_id == session.company_id)
    )
    for chain, seq, body, detail in session.execute(query.execution_options(yield_per=1000)):
        digest = msgspec.json.decode(body).get("private")
        if detail is None:
            if digest is not None:
                yield Finding(chain, seq, "missing", "private values, without a note of who erased them")
        elif detail.body is None and detail.erased_at is not None:
            yield Finding(chain, seq, "erased", f"{detail.erased_at} by {detail.erased_by}")
        elif detail.body is None or hashlib.sha256((detail.salt + detail.body).encode()).hexdigest() != digest:
            yield Finding(chain, seq, "altered", "private values")
