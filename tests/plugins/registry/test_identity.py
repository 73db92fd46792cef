"""Identity numbers: checked, kept sealed, masked everywhere, found as a whole, and looked at with a reason."""

from __future__ import annotations

import io
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import office
from guanjia.errors import Forbidden, Invalid
from guanjia.keeping import KeyFault
from guanjia.steps.models import JournalDetail, JournalEntry
from guanjia.steps.view import present, timeline
from guanjia.words import speaking
from plugins.registry import exports, flows, identities, imports, search
from plugins.registry.models import ImportFault, Resident
from plugins.registry.workbook import list_file
from signed_in import browser

NUMBER = "11010119900307109X"
OTHER = "440402198512120034"
MASK = "1****9X"


def a_person(site: office.Office, number: str | None = NUMBER) -> UUID:
    form = {"household_id": str(site.household()), "name": "诸葛明", "phone_number": "19900112233", "role": "member"}
    return site.person("receptionist").takes("registry.resident.create", None, form, identity_number=number).case_id


def row(site: office.Office, person: UUID) -> Resident:
    with site.person("receptionist").context.reading() as loader:
        found = loader.get(Resident, person)
        assert found is not None
        return found


def number_with_check(digits: str) -> str:
    return digits + identities.check_digit(digits)


# ---------------------------------------------------------------------- what is a number


def test_the_standards_own_example() -> None:
    assert identities.is_identity("11010519491231002X") and not identities.is_identity("110105194912310021")


@given(st.integers(0, 16), st.integers(1, 9))
def test_a_slip_in_any_one_digit_is_noticed(place: int, off: int) -> None:
    number = number_with_check("44040219851212003")
    spoilt = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    assert identities.is_identity(number) and not identities.is_identity(spoilt)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("11010119900307109x", NUMBER), ("１１０１０１ 19900307 109X", NUMBER), ("e1234-5678", "E12345678"), ("H0123456789", "H0123456789"),
     ("01234567", "01234567")],
)  # fmt: skip
def test_a_number_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert identities.written(typed) == stored and identities.is_identity(stored)


@pytest.mark.parametrize(
    "text", ["", "110101900307109", "110101199003071090", number_with_check("11010119901332109"), "1234", "ABCDEFG", "张三12345678"]
)  # fmt: skip
def test_what_can_be_no_number_is_refused(text: str) -> None:
    assert not identities.is_identity(text)


@pytest.mark.parametrize(("number", "mask"), [(NUMBER, MASK), ("E12345678", "E****78"), ("A1234", "****4"), ("", "")])
def test_a_mask_tells_the_ends_alone(number: str, mask: str) -> None:
    assert identities.masked(number) == mask


# ---------------------------------------------------------------------- how it is kept


def test_the_database_and_the_journal_hold_nothing_readable(east: office.Office) -> None:
    person = a_person(east)
    desk = east.person("receptionist")
    form = {"household_id": str(east.household()), "name": "诸葛明", "role": "member"}
    desk.takes("registry.resident.change", person, form, identity_number=OTHER)
    kept = row(east, person)
    assert kept.identity_mask == identities.masked(OTHER)
    for value in (kept.identity, kept.identity_index, kept.search_text):
        assert OTHER not in value and OTHER[6:14] not in value
    with desk.context.reading() as loader, speaking("en"):
        entries = loader.session.scalars(
            select(JournalEntry)
            .where(JournalEntry.company_id == loader.company_id, JournalEntry.case_id == person)
            .order_by(JournalEntry.seq)
        ).all()
        details = loader.session.scalars(
            select(JournalDetail).where(JournalDetail.company_id == loader.company_id)
        ).all()
        told = timeline(loader, flows.residents, loader.get(Resident, person))
    written = str([entry.body for entry in entries]) + str([vars(detail) for detail in details])
    assert NUMBER not in written and OTHER not in written and kept.identity not in written
    assert msgspec.json.decode(entries[1].body)["changes"]["identity"] == [True, True]
    assert "Identity number" in [name for name, _old, _new in told[0].changes]
    assert NUMBER not in str(told) and OTHER not in str(told)


def test_a_mask_in_the_form_leaves_the_number_and_nothing_takes_it_away(east: office.Office) -> None:
    person, desk = a_person(east), east.person("receptionist")
    form = {"household_id": str(east.household()), "name": "诸葛明", "role": "member"}
    before = row(east, person).identity
    desk.takes("registry.resident.change", person, form, identity_number=MASK)
    desk.takes("registry.resident.change", person, form)  # a form without the field, as on the household's page
    assert row(east, person).identity == before
    for wrong in ("2****9X", "110101199003071091", "x"):
        with pytest.raises(Invalid) as caught:
            desk.takes("registry.resident.change", person, form, identity_number=wrong)
        assert "identity_number" in caught.value.errors and NUMBER not in str(caught.value.errors)
    desk.takes("registry.resident.change", person, form, identity_number=None)
    assert (row(east, person).identity, row(east, person).identity_mask, row(east, person).identity_index) == (
        "",
        "",
        "",
    )


def test_a_number_is_bound_to_its_person_and_outlives_a_change_of_keys(east: office.Office) -> None:
    kept, another = row(east, a_person(east)), row(east, a_person(east, OTHER))
    host = east.company.host
    assert identities.opened(host.config, kept) == NUMBER
    another.identity = kept.identity
    with pytest.raises(KeyFault):
        identities.opened(host.config, another)
    old_key = (host.config.data_folder / "data.key").read_text().strip()
    rotated = replace(host.config, data_key=f"{'new-key-' * 5},{old_key}")
    assert identities.opened(rotated, kept) == NUMBER
    assert kept.identity_index in identities.found_by(rotated, kept.company_id, NUMBER.lower())


# ---------------------------------------------------------------------- who sees it


def test_only_a_whole_number_finds_and_it_stands_in_no_address(east: office.Office, west: office.Office) -> None:
    person = a_person(east)
    boss = browser(east, "site_manager", "en")
    assert "<form" in boss.page("/s/east/registry/find")
    found = boss.post("/s/east/registry/find", {"number": NUMBER.lower()})
    assert found.status_code == 200 and f"/s/east/registry/resident/{person}" in found.text and MASK in found.text
    assert NUMBER not in found.text.upper() and found.headers["Cache-Control"] == "no-store"
    by_phone = boss.post("/s/east/registry/find", {"number": "199 0011 2233"})
    assert f"/s/east/registry/resident/{person}" in by_phone.text and "19900112233" not in by_phone.text
    for part in (NUMBER[:17], NUMBER[-4:], "%"):
        assert str(person) not in boss.post("/s/east/registry/find", {"number": part}).text
    empty = boss.post("/s/east/registry/find", {"number": " "})
    assert empty.status_code == 422
    assert browser(east, "receptionist").post("/s/east/registry/find", {"number": NUMBER}).status_code == 403
    elsewhere = browser(west, "site_manager").post("/s/west/registry/find", {"number": NUMBER})
    assert elsewhere.status_code == 200 and str(person) not in elsewhere.text


def test_a_look_needs_a_reason_and_stands_in_the_journal_with_it(east: office.Office) -> None:
    person = a_person(east)
    boss, address = browser(east, "site_manager", "en"), f"/s/east/registry/resident/{person}/identity"
    assert NUMBER not in boss.page(address) and address in boss.page(f"/s/east/registry/resident/{person}")
    for lacking in ({}, {"reason": "other"}, {"reason": "curious"}):
        refused = boss.post(address, lacking)
        assert refused.status_code == 422 and NUMBER not in refused.text
    shown = boss.post(address, {"reason": "authority", "note": "派出所王警官"})
    assert shown.status_code == 200 and NUMBER in shown.text and shown.headers["Cache-Control"] == "no-store"
    assert NUMBER not in boss.page(address)
    with east.person("site_manager").context.reading() as loader:
        query = select(JournalEntry).where(
            JournalEntry.company_id == loader.company_id, JournalEntry.step == "registry.resident.reveal_identity"
        )
        entries = loader.session.scalars(query).all()
    assert [entry.outcome for entry in entries] == ["done"] and entries[0].actor_id == east.person("site_manager").id
    assert msgspec.json.decode(entries[0].body)["facts"]["form"]["reason"] == "authority"
    assert "王警官" not in entries[0].body and NUMBER not in entries[0].body
    with pytest.raises(Forbidden):
        east.person("receptionist").takes("registry.resident.reveal_identity", person, reason="papers")
    assert browser(east, "receptionist").post(address, {"reason": "papers"}).status_code == 403
    assert (
        "identity" not in browser(east, "receptionist").page(f"/s/east/registry/resident/{person}").split("<main", 1)[1]
    )


def test_only_whoever_looked_is_answered_the_number_for_a_minute(east: office.Office) -> None:
    person, boss, desk = a_person(east), east.person("site_manager"), east.person("receptionist")

    def shown(reader: office.Person) -> tuple[str, str | None]:
        with reader.context.reading() as loader:
            values = present(loader, flows.residents, [loader.get(Resident, person)])[0]
            return values["identity"], values["full_identity"]

    assert (shown(boss), shown(desk)) == ((MASK, None), (MASK, None))
    boss.takes("registry.resident.reveal_identity", person, reason="verify")
    assert (shown(boss), shown(desk)) == ((MASK, NUMBER), (MASK, None))
    east.company.later(seconds=61)
    assert shown(boss) == (MASK, None)


def test_lists_and_exports_hold_the_mask_alone(east: office.Office) -> None:
    person = a_person(east)
    boss = browser(east, "site_manager", "en")
    for path in ("resident", "resident?q=诸葛", f"resident/{person}", f"resident/{person}/change", "household"):
        page = boss.page(f"/s/east/registry/{path}")
        assert NUMBER not in page and row(east, person).identity not in page, path
    with east.person("site_manager").context.reading() as loader:
        rows = exports.list_rows(loader, full_numbers=True)
        assert [r["identity"] for r in rows if r.get("name") == "诸葛明"] == [MASK]
        assert search.who_has(loader, NUMBER)[0].id == person
    taken = boss.post("/s/east/registry/export/full", {"purpose": "停水通知"})
    assert taken.status_code == 200 and taken.headers["Cache-Control"] == "no-store"


# ---------------------------------------------------------------------- bringing a list in

LINE = {"building": "21", "entrance": "1", "room": "502", "occupancy": "自住", "name": "张三"}


def test_a_list_brings_numbers_in_sealed(east: office.Office) -> None:
    boss = east.person("site_manager")
    host = boss.context.host
    file_id = host.files.keep(boss.context, "list.xlsx", list_file([LINE | {"identity": NUMBER.lower()}]))
    run = boss.takes("registry.import.check", file=str(file_id))
    assert run.state == imports.READY
    boss.takes("registry.import.write", run.case_id)
    with boss.context.reading() as loader:
        found = search.who_has(loader, NUMBER)
    assert [(p.name, identities.opened(host.config, p)) for p in found] == [("张三", NUMBER)]
    stored = b"".join(path.read_bytes() for path in (host.config.data_folder / "files").rglob("*") if path.is_file())
    assert stored and b"PK\x03\x04" not in stored and NUMBER.encode() not in stored, "the list itself is sealed, too"


@pytest.mark.parametrize("text", ["110101199003071091", "1****9X", "12345678901234567890123"])
def test_a_wrong_number_is_named_by_its_row_and_not_repeated(east: office.Office, text: str) -> None:
    boss = east.person("site_manager")
    file_id = boss.context.host.files.keep(boss.context, "list.xlsx", list_file([LINE | {"identity": text}]))
    run = boss.takes("registry.import.check", file=str(file_id))
    assert run.state == imports.FAULTY
    with boss.context.reading() as loader:
        query = select(ImportFault).where(ImportFault.company_id == loader.company_id)
        faults = loader.session.scalars(query).all()
    assert [(f.row, f.column, f.value) for f in faults] == [(2, "identity", "")] and text not in str(faults[0].message)


def test_a_number_that_excel_rounded_is_noticed(east: office.Office) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["楼栋", "房号", "入住情况", "姓名", "身份证号"])
    book.active.append(["21", "502", "自住", "张三", 110101199003071000])
    stream = io.BytesIO()
    book.save(stream)
    boss = east.person("site_manager")
    run = boss.takes(
        "registry.import.check", file=str(boss.context.host.files.keep(boss.context, "a.xlsx", stream.getvalue()))
    )
    with boss.context.reading() as loader, speaking("en"):
        fault = imports.faults_of(loader, run.case_id)[0]
        assert "rounds long numbers" in fault.message["id"] and fault.value == ""
