"""Document numbers run without a gap, whatever is rolled back and whoever counts at the same moment."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanjia.clock import Clock, Ids
from guanjia.db.session import tenant_session
from guanjia.errors import Invalid, NotFound, Refused
from guanjia.sdk import deny
from guanjia.steps import journal
from guanjia.steps.models import JournalHead, Series
from guanjia.steps.numbers import next_number, start_after
from guanjia.testing import refusal
from guanjia.words import speaking
from office import Company, Office
from probe import PARCEL, Parcel, answering, entries, rows, say

SOME = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TAKE = f"{PARCEL}.take"
RUNS = itertools.count()

# (site, kind, year, how many in the transaction, whether it commits)
COUNTING = st.tuples(
    st.sampled_from(["east", "west"]), st.sampled_from(["sheet", "receipt"]), st.sampled_from([2026, 2027]),
    st.integers(1, 3), st.booleans(),
)  # fmt: skip


@SOME
@given(work=st.lists(COUNTING, max_size=20))
def test_no_gap_and_no_repeat_whatever_is_rolled_back(company: Company, work: list[Any]) -> None:
    run = next(RUNS)  # each example counts in series of its own
    ids, given_out = Ids(company.host.clock), defaultdict(list)
    for site, kind, year, many, commits in work:
        with tenant_session(company.plan.company_id, write=True) as session:
            key = (company.plan.sites[site], f"{kind}-{run}", year)
            numbers = [next_number(session, ids, *key) for _n in range(many)]
            if commits:
                session.commit()
                given_out[key] += numbers
    for numbers in given_out.values():
        assert numbers == list(range(1, len(numbers) + 1))
    kept = {(s.site_id, s.kind, s.year): s.last for s in rows(company, Series) if s.kind.endswith(f"-{run}")}
    assert kept == {key: len(numbers) for key, numbers in given_out.items()}


def test_the_year_is_that_of_the_act_in_site_time(probed: Company) -> None:
    desk = probed.site("east").person("receptionist")
    seen = []
    for moment in (
        datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),  # 23:59:59 in Shanghai
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC),  # midnight there
        datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
    ):
        probed.host.clock.set(moment)
        seen.append(desk.takes(TAKE, weight_g=5).number)
    assert seen == ["P-2026-001", "P-2027-001", "P-2027-002"]


def test_the_zone_of_the_site_decides(probed: Company) -> None:
    """The same moment is another year at a site farther west."""
    site = probed.admin.perform("tenants.site.create", None, {
        "code": "urumqi", "name": "Urumqi", "opens": "08:30", "closes": "18:00", "zone": "Asia/Urumqi"}).case_id  # fmt: skip
    probed.host.clock.set(datetime(2026, 12, 31, 17, 0, tzinfo=UTC))  # 01:00 in Shanghai, 23:00 in Urumqi
    there = probed.admin.at_site(site).perform(TAKE, None, {"weight_g": 5})
    assert (there.number, probed.site("east").person("receptionist").takes(TAKE, weight_g=5).number) == (
        "P-2026-001", "P-2027-001")  # fmt: skip


def test_a_series_goes_on_after_the_last_number_used_on_paper(company: Company, east: Office) -> None:
    ids = Ids(company.host.clock)
    with tenant_session(company.plan.company_id, write=True) as session:
        start_after(session, ids, east.id, "sheet", 2026, 41)
        assert next_number(session, ids, east.id, "sheet", 2026) == 42
        start_after(session, ids, east.id, "sheet", 2026, 42)  # the same number is no step back
        for last in (41, 0):
            with pytest.raises(Invalid) as invalid:
                start_after(session, ids, east.id, "sheet", 2026, last)
            with speaking("en"):
                assert "42" in str(invalid.value.errors["last"][0])
        start_after(session, ids, east.id, "sheet", 2026, 99)
        assert next_number(session, ids, east.id, "sheet", 2026) == 100
        assert next_number(session, ids, east.id, "sheet", 2027) == 1
        assert next_number(session, ids, company.plan.sites["west"], "sheet", 2026) == 1


def test_a_denied_or_failed_step_gives_its_number_back(probed: Company) -> None:
    east = probed.site("east")
    desk = east.person("receptionist")
    assert desk.takes(TAKE, weight_g=5).number == "P-2026-001"
    with answering(first=lambda act, **_f: deny(say("No.")) if act.step == TAKE else None):
        refusal(desk.takes, f"{PARCEL}.take_two", weight_g=5)
    with answering(shelves=lambda: 0):
        refusal(desk.takes, TAKE, weight_g=5)
    assert desk.takes(TAKE, weight_g=5).number == "P-2026-002"
    with pytest.raises(NotFound):
        desk.context.at_site(None).perform(TAKE, None, {"weight_g": 5})


def test_other_companies_count_for_themselves(probed: Company) -> None:
    probed.site("east").person("receptionist").takes(TAKE, weight_g=5)
    there = probed.rival_admin.at_site(probed.plan.other_sites["east"])
    assert there.perform(TAKE, None, {"weight_g": 5}).number == "P-2026-001"


# -- at one moment ---------------------------------------------------------------------------------------


def at_once(company: Company, many: int, work: Any) -> list[BaseException]:
    """Run `work(n)` in so many threads that begin together; what they raised."""
    gate, faults = threading.Barrier(many), []

    def run(n: int) -> None:
        with company.app.app_context():
            try:
                gate.wait(30)
                work(n)
            except BaseException as fault:
                faults.append(fault)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return faults


def test_eight_threads_count_twenty_five_each_without_gap_or_repeat(company: Company, east: Office) -> None:
    """Real transactions, some of them rolled back, on a series that does not exist when they begin."""
    lock, seen = threading.Lock(), []
    ids = Ids(Clock())

    def count(n: int) -> None:
        for turn in range(25):
            with tenant_session(company.plan.company_id, write=True) as session:
                number = next_number(session, ids, east.id, "sheet", 2026)
                if (n + turn) % 7 == 0:  # a document that was not made after all
                    session.rollback()
                    number = next_number(session, ids, east.id, "sheet", 2026)
                session.commit()
            with lock:
                seen.append(number)

    assert at_once(company, 8, count) == []
    assert sorted(seen) == list(range(1, 201))


def new_site(company: Company, *, own_rules: bool = True) -> Office:
    """A site at which nothing ever happened, under a rulebook that no other site has."""
    found = company.admin.perform("tenants.site.create", None, {
        "code": "new", "name": "New", "opens": "08:30", "closes": "18:00"}).case_id  # fmt: skip
    office = Office(company, "new", found)
    if own_rules:
        office.switch("probe.first", params={"most_g": 4711})
    assert found not in {h.id for h in rows(company, JournalHead)}
    return office


def verified(company: Company) -> bool:
    with tenant_session(company.plan.company_id) as session:
        return list(journal.verify(session)) == []


def test_first_documents_at_one_moment_are_numbered_and_chained(probed: Company) -> None:
    """Neither the series, nor the rulebook, nor the journal's head is there to be locked."""
    site = new_site(probed)
    done: list[UUID] = []
    assert at_once(probed, 6, lambda _n: done.append(site.system.perform(TAKE, None, {"weight_g": 5}).case_id)) == []
    made = rows(probed, Parcel, Parcel.site_id == site.id)
    assert sorted(p.number for p in made) == [f"P-2026-{n:03d}" for n in range(1, 7)]
    assert len({p.rulebook_id for p in made}) == 1 and verified(probed)
    assert len(entries(probed, done[0])) == 1


@pytest.mark.parametrize("own_rules", [True, False], ids=["own rules", "known rules"])
def test_first_denials_at_one_moment_are_chained(probed: Company, own_rules: bool) -> None:
    """A denied step counts nothing: here the journal's head, and the rulebook, are made at one moment."""
    probed.site("east").person("receptionist").takes(TAKE, weight_g=5)  # stores the rules that all sites have
    site = new_site(probed, own_rules=own_rules)
    with answering(first=lambda **_f: deny(say("No."))):
        faults = at_once(probed, 6, lambda _n: site.system.perform(TAKE, None, {"weight_g": 5}))
    assert [type(f) for f in faults] == [Refused] * 6
    assert [e["seq"] for e in entries(site)] == list(range(1, 7)) and verified(probed)
