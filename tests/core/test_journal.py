"""The journal: a chain in which every change shows, and from which personal values can be taken without breaking it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from guanjia.clock import Clock, Ids
from guanjia.db.migrate import owner_engine
from guanjia.db.session import TenantSession, tenant_session
from guanjia.db.types import canonical_json
from guanjia.steps import journal
from guanjia.steps.models import JournalDetail, JournalEntry, JournalHead
from guanjia.testing import refusal, waiting
from office import Company, Office
from probe import entries, rows

NOW = datetime(2026, 11, 16, 1, 10, tzinfo=UTC)
ENTRIES, DETAILS, HEADS = (m.__table__ for m in (JournalEntry, JournalDetail, JournalHead))
SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ids() -> Ids:
    return Ids(Clock(NOW))


@contextmanager
def breaking_in(company: Company) -> Iterator[Any]:
    """A connection of somebody who got at the database itself, as its owner."""
    engine = owner_engine(company.host.config.owner_database_url)
    engine = engine.execution_options(walls_down="somebody broke in", guanjia_write=True)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            choose = text("select set_config('app.company_id', :c, true)")
            connection.execute(choose, {"c": str(company.plan.company_id)})
        yield connection
    engine.dispose()


def found(company: Company, known: dict[UUID, tuple[int, str]] | None = None) -> list[tuple[UUID, int, str]]:
    with tenant_session(company.plan.company_id) as session:
        return [(f.chain_id, f.seq, f.kind) for f in journal.verify(session, known)]


def heads(company: Company) -> dict[UUID, tuple[int, str]]:
    return {h.id: (h.seq, h.digest) for h in rows(company, JournalHead)}


# -- canonical JSON --------------------------------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_canonical_json_is_one_text_for_one_value(value: Any) -> None:
    made = canonical_json(value)
    assert json.loads(made) == value
    assert canonical_json(json.loads(made)) == made


def test_canonical_json_sorts_keys_and_leaves_no_spaces() -> None:
    assert canonical_json({"b": [1, {"d": "手", "c": None}], "a": True}) == '{"a":true,"b":[1,{"c":null,"d":"手"}]}'


@pytest.mark.parametrize("value", [
    1.5, [1.0], {"a": {"b": (1, 2.5)}}, {"a": [{"b": 0.1}]}, {1.5: "key"}, {3.0}, float("nan"), float("inf"), [[[-0.0]]],
], ids=str)  # fmt: skip
def test_canonical_json_refuses_floats(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


# -- the chain -------------------------------------------------------------------------------------------

PLAIN = st.dictionaries(
    st.text(max_size=8), st.integers(-(2**63), 2**63 - 1) | st.text(max_size=12) | st.booleans(), max_size=4
)
ENTRY = st.tuples(
    st.sampled_from(["east", "west", None]), PLAIN, PLAIN, st.integers(0, 10**9), st.sampled_from([0, 8, -5])
)


def write(company: Company, session: TenantSession, ids: Ids, item: tuple[Any, ...]) -> JournalEntry:
    place, body, private, microseconds, hours = item
    zone = timezone(timedelta(hours=hours))
    entry = journal.Entry(
        site_id=company.plan.sites[place] if place else None, at=(NOW + timedelta(microseconds=microseconds)).astimezone(zone),
        step="probe.parcel.take", outcome="done", case_id=ids.new() if microseconds % 2 else None, actor_id=None,
        body={"own": body}, private=private,
    )  # fmt: skip
    return journal.write(session, ids, entry)


@SOME
@given(st.lists(ENTRY, max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_whatever_was_written_verifies(company: Company, items: list[Any], commits: list[bool]) -> None:
    ids = Ids(company.host.clock)
    before = heads(company)
    for item, commit in zip(items, commits, strict=False):
        with tenant_session(company.plan.company_id, write=True) as session:
            write(company, session, ids, item)
            if commit:
                session.commit()
    assert found(company, before) == []
    kept = [item for item, commit in zip(items, commits, strict=False) if commit]
    grown = sum(seq for seq, _digest in heads(company).values()) - sum(seq for seq, _digest in before.values())
    assert grown == len(kept)


def chain(company: Company, length: int = 6) -> list[JournalEntry]:
    """The east's chain with so many more entries at its end, which are given."""
    ids = Ids(company.host.clock)
    with tenant_session(company.plan.company_id, write=True) as session:
        made = [write(company, session, ids, ("east", {"n": n}, {"name": f"王{n}"}, n, 0)) for n in range(length)]
        session.commit()
    assert found(company) == []
    return made


def columns(**values: Any) -> Callable[[Any, JournalEntry], None]:
    return lambda c, row: c.execute(update(ENTRIES).where(ENTRIES.c.id == row.id).values(**values))


TAMPERING: dict[str, tuple[Callable[[Any, JournalEntry], Any], str]] = {
    "the body": (columns(body='{"own":{"n":99}}'), "altered"),
    "one letter of it": (lambda c, row: columns(body=row.body.replace('"n":2', '"n":3'))(c, row), "altered"),
    "the time beside it": (columns(at=NOW - timedelta(days=400)), "altered"),
    "the step beside it": (columns(step="probe.parcel.lose"), "altered"),
    "the outcome beside it": (columns(outcome="denied"), "altered"),
    "the actor beside it": (columns(actor_id=UUID(int=7)), "altered"),
    "the case beside it": (columns(case_id=UUID(int=7)), "altered"),
    "the site beside it": (columns(site_id=None), "altered"),
    "a private value": (lambda c, row: c.execute(
        update(DETAILS).where(DETAILS.c.id == row.id).values(body='{"name":"李"}')), "altered"),
    "a private value silently emptied": (lambda c, row: c.execute(
        update(DETAILS).where(DETAILS.c.id == row.id).values(body=None)), "altered"),
    "a private value taken away": (lambda c, row: c.execute(delete(DETAILS).where(DETAILS.c.id == row.id)), "missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
def test_what_was_altered_is_found(company: Company, what: str) -> None:
    row = chain(company)[2]
    tamper, kind = TAMPERING[what]
    with breaking_in(company) as connection:
        tamper(connection, row)
    assert set(found(company)) == {(row.chain_id, row.seq, kind)}


def test_an_entry_rewritten_with_its_digest_breaks_the_next(company: Company) -> None:
    rewritten = chain(company)[2]
    body = rewritten.body.replace('"n":2', '"n":77')
    with breaking_in(company) as connection:
        columns(body=body, digest=journal.link(rewritten.previous, body))(connection, rewritten)
    assert found(company) == [(rewritten.chain_id, rewritten.seq + 1, "broken")]


def test_an_entry_taken_out_of_the_middle_is_missed(company: Company) -> None:
    row = chain(company)[3]
    with breaking_in(company) as connection:
        connection.execute(delete(ENTRIES).where(ENTRIES.c.id == row.id))
        connection.execute(delete(DETAILS).where(DETAILS.c.id == row.id))
    assert found(company) == [(row.chain_id, row.seq + 1, "missing")]


def test_an_entry_moved_to_another_chain_is_missed(company: Company, west: Office) -> None:
    row = chain(company)[3]
    with breaking_in(company) as connection:
        last = connection.scalar(select(HEADS.c.seq).where(HEADS.c.id == west.id)) or 0
        columns(chain_id=west.id, site_id=west.id, seq=last + 1)(connection, row)
    assert {(row.chain_id, row.seq + 1, "missing"), (west.id, last + 1, "broken")} <= set(found(company))


def cut(company: Company, rows_: list[JournalEntry], *, mend_head: bool) -> None:
    """The last two entries are gone, and the head tells of them no more."""
    with breaking_in(company) as connection:
        for row in rows_[-2:]:
            connection.execute(delete(ENTRIES).where(ENTRIES.c.id == row.id))
            connection.execute(delete(DETAILS).where(DETAILS.c.id == row.id))
        if mend_head:
            now = rows_[-3]
            connection.execute(update(HEADS).where(HEADS.c.id == now.chain_id).values(seq=now.seq, digest=now.digest))


def test_a_cut_tail_is_found_by_the_head(company: Company) -> None:
    made = chain(company)
    cut(company, made, mend_head=False)
    assert found(company) == [(made[0].chain_id, made[-1].seq, "tail")]


def test_a_cut_tail_with_a_mended_head_is_found_by_the_heads_kept_outside(company: Company) -> None:
    made = chain(company)
    known = heads(company)
    cut(company, made, mend_head=True)
    assert found(company) == []  # a chain alone cannot show it: that is why heads are kept elsewhere too
    assert found(company, known) == [(made[0].chain_id, made[-1].seq, "tail")]


def test_a_chain_rewritten_from_some_point_is_found_by_the_heads_kept_outside(company: Company) -> None:
    made = chain(company)
    known = heads(company)
    cut(company, made, mend_head=True)
    ids = Ids(Clock(NOW + timedelta(days=1)))
    with tenant_session(company.plan.company_id, write=True) as session:
        for n in range(4):
            write(company, session, ids, ("east", {"another": n}, {}, n, 0))
        session.commit()
    assert found(company) == []
    assert found(company, known) == [(made[0].chain_id, made[-1].seq, "rewritten")]


def test_a_whole_chain_taken_away_is_found(company: Company) -> None:
    made = chain(company)
    known = heads(company)
    east, last = made[0].chain_id, made[-1].seq
    with breaking_in(company) as connection:
        connection.execute(
            delete(DETAILS).where(DETAILS.c.id.in_(select(ENTRIES.c.id).where(ENTRIES.c.chain_id == east)))
        )
        connection.execute(delete(ENTRIES).where(ENTRIES.c.chain_id == east))
    assert found(company) == [(east, last, "tail")]
    with breaking_in(company) as connection:
        connection.execute(delete(HEADS).where(HEADS.c.id == east))
    assert (found(company), found(company, known)) == ([], [(east, last, "tail")])


def test_a_head_taken_away_is_found(company: Company) -> None:
    made = chain(company)
    with breaking_in(company) as connection:
        connection.execute(delete(HEADS).where(HEADS.c.id == made[0].chain_id))
    assert found(company) == [(made[0].chain_id, made[-1].seq, "tail")]


def test_erased_values_are_reported_as_erased_by_whom_and_when(company: Company, east: Office) -> None:
    row = next(r for r in chain(company) if r.case_id is not None)
    assert row.case_id is not None
    with tenant_session(company.plan.company_id, write=True) as session:
        assert journal.erase(session, row.case_id, at=NOW, by=company.plan.admin_id) == 1
        assert journal.erase(session, row.case_id, at=NOW, by=None) == 0  # who did it first stays
        session.commit()
    with tenant_session(company.plan.company_id) as session:
        (finding,) = journal.verify(session)
        detail = session.get_one(JournalDetail, (session.company_id, row.id))
    assert (finding.chain_id, finding.seq, finding.kind) == (row.chain_id, row.seq, "erased")
    assert str(company.plan.admin_id) in finding.note and "2026-11-16" in finding.note
    assert detail.body is None


# -- what stands in it -----------------------------------------------------------------------------------


def test_no_name_phone_or_free_text_is_kept_for_good(company: Company, east: Office) -> None:
    """A request with all that people write about residents, denied, waiting and done: bodies hold ids and values alone."""
    desk, worker, head = (east.person(r) for r in ("receptionist", "repair_technician", "department_head"))
    secrets = ("欧阳娜娜", "13912345678", "厨房水管爆裂", "门后有狗", "材料缺货", "老人独居")
    form = {
        "household_id": str(east.household()), "resident_name": secrets[0], "phone": secrets[1], "category": "pipe_leak",
        "content": f"{secrets[2]}，{secrets[0]}在家", "within_capability": "yes",
    }  # fmt: skip
    refusal(worker.takes, "customer_service.request.receive", None, form)
    case = desk.takes("customer_service.request.receive", None, form).case_id
    desk.takes("customer_service.request.note", case, note=f"{secrets[3]} {secrets[1]}")
    worker.takes("customer_service.request.take", case, remark=secrets[5])
    asked = waiting(worker.takes, "customer_service.request.return_unsolved", case, reason=secrets[4], explained=True)
    refusal(desk.takes, "guanjia.approval.grant", asked.approval_id, note=secrets[5])
    head.takes("guanjia.approval.reject", asked.approval_id, reason=secrets[4])
    company.settle()
    told = str(entries(company, case)) + str(entries(company, asked.approval_id)) + str(entries(east))
    assert [s for s in secrets if s in told] == []
    assert not any(
        f"{site} {role}" in told for site in ("east", "west") for role in ("receptionist", "department_head")
    )
    written = "".join(d.body or "" for d in rows(company, JournalDetail))
    assert [s for s in secrets if s not in written and s != secrets[4]] == []  # they are kept, where they can be erased
    assert found(company) == []
