"""What every case can do: notes, files, a clock that stops, other rules, deletion; and the rules that it keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import probe
from guanjia.app import create_app
from guanjia.db.base import db
from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound
from guanjia.host import discover
from guanjia.sdk import Context, allow, deny
from guanjia.steps.models import ClockStop, Deadline, JournalDetail, Notification, StoredFile, StoredRulebook
from guanjia.steps.view import view_case
from guanjia.testing import refusal
from guanjia.words import speaking
from office import Company, Office
from probe import PARCEL, Parcel, Slip, answering, entries, rows, say

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels."""
    return probed


def taken(office: Office, **form: Any) -> UUID:
    """A parcel at the office."""
    return office.person("receptionist").takes(f"{PARCEL}.take", weight_g=form.pop("weight_g", 500), **form).case_id


def dates(company: Company, case: UUID) -> list[tuple[str, datetime | None, str, bool]]:
    """The case's dates in the order in which they were set: state, date, cause, whether it was breached."""
    found = rows(company, Deadline, Deadline.case_id == case)
    return [
        (d.state, d.due_at, d.cause, d.breached_at is not None) for d in sorted(found, key=lambda d: (d.set_at, d.id))
    ]


# -- notes and files -------------------------------------------------------------------------------------


def test_a_note_stands_in_the_timeline_and_not_in_the_journals_body(company: Company, east: Office) -> None:
    case, worker = taken(east), east.person("repair_technician")
    worker.takes(f"{PARCEL}.note", case, note="张三的电话 13800001234")
    assert "13800001234" not in str(entries(company, case))
    with worker.context.reading() as loader:
        newest = view_case(loader, worker.context, company.host.flow(PARCEL), case).timeline[0]
    assert (newest.note, newest.actor) == ("张三的电话 13800001234", "east repair_technician")
    worker.takes(f"{PARCEL}.hand_out", case)
    worker.takes(f"{PARCEL}.note", case, note="a closed case takes notes too")


def test_files_come_to_the_case(company: Company, east: Office) -> None:
    case, desk = taken(east), east.person("receptionist")
    file = company.host.files.keep(desk.context, "a.png", PNG)
    desk.takes(f"{PARCEL}.attach", case, files=[str(file)])
    kept = rows(company, StoredFile)[0]
    assert (kept.case_id, kept.flow, kept.step, kept.field) == (case, PARCEL, f"{PARCEL}.attach", "files")
    with pytest.raises(Invalid) as invalid:  # it is another case's now
        desk.takes(f"{PARCEL}.attach", taken(east), files=[str(file)])
    assert set(invalid.value.errors) == {"files"}


# -- the clock -------------------------------------------------------------------------------------------


def test_a_stop_is_recorded_and_moves_nothing_by_default(company: Company, east: Office) -> None:
    case, desk = taken(east), east.person("receptionist")
    before = dates(company, case)
    desk.takes(f"{PARCEL}.stop_clock", case, reason="resident_away")
    with pytest.raises(Invalid):
        desk.takes(f"{PARCEL}.stop_clock", case, reason="weather")
    company.later(hours=5)
    desk.takes(f"{PARCEL}.resume_clock", case)
    with pytest.raises(Invalid):
        desk.takes(f"{PARCEL}.resume_clock", case)
    stop = rows(company, ClockStop)[0]
    assert (stop.reason, stop.to_at - stop.from_at) == ("resident_away", timedelta(hours=5))
    assert dates(company, case) == before


def test_where_stops_count_the_date_moves_by_the_stop_and_nothing_passes_meanwhile(
    company: Company, east: Office
) -> None:
    east.switch("probe.shelf", options={"clock_stops_count": True})
    case, desk = taken(east), east.person("receptionist")
    (_open, due, _cause, _late) = dates(company, case)[0]
    assert due is not None
    company.later(hours=40)
    desk.takes(f"{PARCEL}.stop_clock", case, reason="resident_away")
    company.later(hours=24)  # past the old date
    assert dates(company, case) == [("open", due, "rule", False)]
    desk.takes(f"{PARCEL}.resume_clock", case)
    assert dates(company, case) == [
        ("superseded", due, "rule", False),
        ("open", due + timedelta(hours=24), "clock", False),
    ]
    company.later(hours=9)
    assert dates(company, case)[-1] == ("open", due + timedelta(hours=24), "clock", True)


def test_a_passed_date_is_told_to_whoever_owes_it(company: Company, east: Office) -> None:
    case, desk = taken(east), east.person("receptionist")
    company.later(hours=47)
    assert dates(company, case)[0][3] is False
    company.later(hours=2)
    assert [e["step"] for e in entries(company, case)[1:]] == [f"{PARCEL}.breach"]
    assert entries(company, case)[-1]["actor"] is None
    told = [n.staff_id for n in rows(company, Notification, Notification.case_id == case)]
    assert told == [desk.id]
    desk.takes(f"{PARCEL}.hand_out", case)
    assert dates(company, case)[0][0] == "met"


# -- rules -----------------------------------------------------------------------------------------------


def limit(form: Any, params: Any, **_facts: Any) -> Any:
    """Heavier than the parameter is denied."""
    return deny(say("Too heavy.")) if form["weight_g"] > params.most_g else allow()


def test_a_case_keeps_the_rules_of_its_day_until_it_is_moved(company: Company, east: Office) -> None:
    desk, manager = east.person("receptionist"), east.person("site_manager")
    with answering(first=limit):
        old = taken(east)
        east.switch("probe.first", params={"most_g": 100})
        new = taken(east, weight_g=50)
        assert desk.takes(f"{PARCEL}.weigh", old, weight_g=20_000).state == "kept"
        assert [r.rule for r in refusal(desk.takes, f"{PARCEL}.weigh", new, weight_g=101)] == ["probe.first"]
        with pytest.raises(Forbidden):
            desk.takes(f"{PARCEL}.move_rules", old, reason="simpler")
        manager.takes(f"{PARCEL}.move_rules", old, reason="the old limit was wrong")
        assert [r.params for r in refusal(desk.takes, f"{PARCEL}.weigh", old, weight_g=101)] == [{"most_g": 100}]
    books = {r.id: r for r in rows(company, Parcel)}
    assert books[old].rulebook_id == books[new].rulebook_id
    entry = next(e for e in entries(company, old) if e["step"].endswith("move_rules"))
    assert entry["notes"]["rulebook"] == [entry["rulebook"], str(books[new].rulebook_id)]
    assert entry["notes"]["rulebook"][0] != entry["notes"]["rulebook"][1]
    assert {UUID(i) for i in entry["notes"]["rulebook"]} <= {b.id for b in rows(company, StoredRulebook)}
    assert "the old limit was wrong" not in str(entry)


def test_a_switch_counts_in_every_process_at_once(company: Company, east: Office) -> None:
    """Two hosts on one database, as two web processes are: each keeps what it resolved until the version moves."""
    other = create_app(
        company.host.config, plugins=[*discover(), probe.plugin], clock=company.host.clock, null_pool=True
    )
    desk, form = east.person("receptionist"), {"weight_g": 5}
    there = Context(other.extensions["guanjia"], company.plan.company_id, desk.id, east.id)
    with answering(second=lambda **_f: deny(say("No."))):
        for on in (False, True, False, True):
            east.switch("probe.second", on=on)
            with other.app_context():
                if on:
                    assert [r.rule for r in refusal(there.perform, f"{PARCEL}.take", None, form)] == ["probe.second"]
                else:
                    assert there.perform(f"{PARCEL}.take", None, form).state == "kept"
    with other.app_context():
        assert there.perform(f"{PARCEL}.take", None, form).state == "kept"
    company.admin.perform("tenants.staff.retire", desk.id)
    with other.app_context():
        with pytest.raises(NotFound):
            there.perform(f"{PARCEL}.take", None, form)
        db.engine.dispose()


def test_a_switch_that_was_rolled_back_counts_nowhere(company: Company, east: Office, monkeypatch: Any) -> None:
    with answering(second=lambda **_f: deny(say("No."))):
        monkeypatch.setattr("guanjia.steps.journal.write_all", lambda *_a: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            east.switch("probe.second", on=False)
        monkeypatch.undo()
        assert [r.rule for r in refusal(taken, east)] == ["probe.second"]


# -- deletion --------------------------------------------------------------------------------------------


def test_deletion_is_denied_while_retention_runs_and_possible_after_it(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    photo = company.host.files.keep(desk.context, "a.png", PNG)
    case = taken(east, slips=2, receiver="王小明", note="put it behind the door", photos=[str(photo)])
    kept = taken(east, slips=1)
    assert "2027-11-16" in _said(refusal(desk.takes, f"{PARCEL}.delete", case))
    company.host.clock.set(datetime(2028, 1, 10, 1, 0, tzinfo=UTC))
    assert [r.rule for r in refusal(desk.takes, f"{PARCEL}.delete", case)] == ["guanjia.retention"]  # open, however old
    desk.takes(f"{PARCEL}.hand_out", case)
    company.host.clock.set(datetime(2029, 1, 10, 15, 59, tzinfo=UTC))  # the last minute of 10 January in Shanghai
    assert "2029-01-10" in _said(refusal(desk.takes, f"{PARCEL}.delete", case))
    company.host.clock.set(datetime(2029, 1, 10, 16, 0, tzinfo=UTC))
    desk.takes(f"{PARCEL}.delete", case)
    assert [p.id for p in rows(company, Parcel)] == [kept]
    assert [s.parcel_id for s in rows(company, Slip)] == [kept]
    released = rows(company, StoredFile, StoredFile.id == photo)[0]
    assert (released.case_id, released.uploaded_by) == (None, None)
    company.host.files.sweep(company.plan.company_id)
    assert rows(company, StoredFile, StoredFile.id == photo) == []
    told = entries(company, case)
    assert [e["outcome"] for e in told if e["step"].endswith("delete")] == ["denied", "denied", "denied", "done"]
    with tenant_session(company.plan.company_id) as session:
        details = session.scalars(
            select(JournalDetail).where(
                JournalDetail.company_id == session.company_id, JournalDetail.id.in_([UUID(e["id"]) for e in told])
            )
        ).all()
    assert details and all(d.body is None and d.erased_by == desk.id for d in details)
    with pytest.raises(NotFound):
        desk.takes(f"{PARCEL}.note", case, note="gone")


def test_what_others_still_point_to_is_not_deleted(company: Company, east: Office) -> None:
    desk, case = east.person("receptionist"), taken(east, slips=1)
    desk.takes("probe.claim.make", parcel_id=str(case))
    desk.takes(f"{PARCEL}.hand_out", case)
    company.host.clock.set(datetime(2028, 1, 10, tzinfo=UTC))
    assert "Claim" in _said(refusal(desk.takes, f"{PARCEL}.delete", case))
    assert [p.id for p in rows(company, Parcel)] == [case] and len(rows(company, Slip)) == 1


def _said(reasons: Any) -> str:
    with speaking("en"):
        return " ".join(str(r.message) for r in reasons)
