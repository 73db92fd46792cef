"""The registry's pages and its API: forms, masks, files, and what another role or site is answered."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import pytest
from flask import g
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

import office
from plugins.registry.models import Household, ImportRun, Resident
from plugins.registry.workbook import list_file
from tenants.sign_in import sign_in

HERE = "/s/east/registry"
GOOD = [{"building": "21", "entrance": "1", "room": "502", "occupancy": "自住", "name": "张三", "phone": "13812345678"}]


class Browser(FlaskClient):
    """A client whose requests begin afresh, though the test itself stands inside an application context."""

    def open(self, *args: Any, **options: Any) -> Any:
        vars(g._get_current_object()).clear()
        return super().open(*args, **options)


def client_of(site: office.Office) -> FlaskClient:
    site.company.app.test_client_class = Browser
    return site.company.app.test_client()


def browser(site: office.Office, role: str, language: str = "en") -> FlaskClient:
    """A browser in which whoever holds the role has signed in."""
    app = site.company.app
    app.config["WTF_CSRF_ENABLED"] = False
    opened = sign_in(
        site.company.host, company="acme", account=f"{site.code}-{role}", password=office.PASSWORD, address="::1"
    )
    client = client_of(site)
    with client.session_transaction() as session:
        session["_user_id"] = opened.signed_in.get_id()
        session["_fresh"] = True
    client.set_cookie("guanjia_language", language)
    return client


def program(site: office.Office, role: str) -> dict[str, str]:
    """The headers of a program that acts for whoever holds the role."""
    form = {"company": "acme", "account": f"{site.code}-{role}", "password": office.PASSWORD}
    answer = client_of(site).post("/api/v1/session", json=form)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.get_json()['token']}", "Accept-Language": "en"}


def a_resident(site: office.Office) -> Resident:
    with site.person("receptionist").context.reading() as loader:
        query = select(Resident).where(
            Resident.company_id == loader.company_id,
            Resident.site_id == site.id,
            Resident.phone != "",
            Resident.is_contact,
        )
        return loader.session.scalars(query.order_by(Resident.id)).first() or pytest.fail("no resident")


def upload(rows: list[dict[str, Any]], name: str = "list.xlsx") -> dict[str, Any]:
    return {"file": (io.BytesIO(list_file(rows)), name)}


def cells(content: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def test_every_page_shows_masks_and_never_a_number(east: office.Office) -> None:
    person = a_resident(east)
    mask = f"{person.phone[:3]}****{person.phone[-4:]}"
    for language in ("zh", "en"):
        desk = browser(east, "receptionist", language)
        for path in (
            "/household", f"/household/{person.household_id}", f"/household/{person.household_id}/change", "/resident",
            f"/resident/{person.id}", f"/resident/{person.id}/change", f"/resident/{person.id}/reveal", "/unit", "/building",
            "/unit/new/create", "/building/new/create", "/household/new/create", "/resident/new/create", "/export",
            "/household?print=1", f"/resident?q={person.phone[-4:]}",
        ):  # fmt: skip
            page = desk.get(HERE + path)
            assert page.status_code == 200, path
            assert person.phone not in page.text, path
            assert "style=" not in page.text and "onclick" not in page.text and "<script>" not in page.text, path
        assert mask in desk.get(f"{HERE}/resident/{person.id}").text
        assert mask in desk.get(f"{HERE}/household/{person.household_id}").text
        assert mask in desk.get(f"/s/east/lookup/registry.household?q={person.phone[-4:]}").text
    exported = desk.get(f"{HERE}/resident/export.xlsx")
    assert person.phone not in str(cells(exported.data)) and mask in str(cells(exported.data))


def test_the_number_is_shown_once_after_it_was_asked_for(east: office.Office) -> None:
    person = a_resident(east)
    worker = browser(east, "repair_technician")
    address = f"{HERE}/resident/{person.id}/reveal"
    assert person.phone not in worker.get(address).text
    page = worker.post(address)
    assert page.status_code == 200 and f"tel:{person.phone}" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert person.phone not in worker.get(address).text
    timeline = worker.get(f"{HERE}/resident/{person.id}").text
    assert "Look at the full phone number" in timeline


def test_who_may_not_see_numbers_is_refused_and_nothing_is_shown(east: office.Office, west: office.Office) -> None:
    person = a_resident(east)
    address = f"{HERE}/resident/{person.id}/reveal"
    for call in (browser(east, "security_head").get, browser(east, "security_head").post):
        answer = call(address)
        assert answer.status_code == 403 and person.phone not in answer.text
    stranger = browser(west, "receptionist")
    assert stranger.post(address).status_code == 404
    assert stranger.post(address.replace("/east/", "/west/")).status_code == 404
    assert client_of(east).get(address).status_code == 303


def test_the_api_answers_the_number_after_the_step_and_masks_it_otherwise(east: office.Office) -> None:
    person = a_resident(east)
    client, who = client_of(east), program(east, "receptionist")
    base = f"/api/v1/sites/{east.id}/registry/resident"
    values = client.get(f"{base}/{person.id}", headers=who).get_json()["values"]
    assert values["full_phone"] is None and values["masked_phone"].startswith(person.phone[:3] + "****")
    assert person.phone not in client.get(f"{base}?limit=200", headers=who).text
    assert person.phone not in client.get(f"{base}/{person.id}/timeline", headers=who).text
    assert client.post(f"{base}/{person.id}/reveal", headers=who, json={}).status_code == 200
    assert client.get(f"{base}/{person.id}", headers=who).get_json()["values"]["full_phone"] == person.phone
    other = program(east, "security_head")
    assert client.post(f"{base}/{person.id}/reveal", headers=other, json={}).status_code == 403
    assert client.get(f"{base}/{person.id}", headers=other).get_json()["values"]["full_phone"] is None


def test_the_api_answers_keys_of_care_tags(east: office.Office) -> None:
    desk = east.person("receptionist")
    household = east.household()
    with desk.context.reading() as loader:
        unit_id = str(loader.get(Household, household).unit_id)
    desk.takes("registry.household.change", household, unit_id=unit_id, occupancy="owner", tags=["pet", "elderly"])
    answer = client_of(east).get(
        f"/api/v1/sites/{east.id}/registry/household/{household}", headers=program(east, "receptionist"))  # fmt: skip
    assert answer.get_json()["values"]["tags"] == ["elderly", "pet"]
    assert "Elderly person, Pet" in browser(east, "receptionist").get(f"{HERE}/household/{household}").text


def test_a_resident_is_added_and_changed_on_the_households_page(east: office.Office) -> None:
    desk = browser(east, "receptionist")
    person = a_resident(east)
    home = f"{HERE}/household/{person.household_id}"
    form = {
        "household_id": str(person.household_id),
        "name": "欧阳新",
        "phone_number": "",
        "role": "member",
        "_next": home,
    }
    answer = desk.post(f"{HERE}/resident/new/create", data=form)
    assert answer.status_code == 303 and answer.location.endswith(home)
    page = desk.get(home).text
    assert "欧阳新" in page
    changed = form | {"name": "欧阳旧"}
    link = re.search(rf'action="({HERE}/resident/[0-9a-f-]+/change)".{{0,900}}?欧阳新', page, re.DOTALL)
    assert link is not None
    assert desk.post(link[1], data=changed).status_code == 303
    assert "欧阳旧" in desk.get(home).text
    refused = desk.post(f"{HERE}/resident/new/create", data=form | {"phone_number": "138"})
    assert refused.status_code == 422 and "欧阳新" in refused.text and "11 digits" in refused.text


def test_who_may_not_keep_the_registry_sees_no_forms_on_the_households_page(east: office.Office) -> None:
    person = a_resident(east)
    page = browser(east, "security_head").get(f"{HERE}/household/{person.household_id}")
    assert page.status_code == 200 and "phone_number" not in page.text and "/reveal" not in page.text


def test_a_list_is_checked_corrected_and_written_by_hand(east: office.Office) -> None:
    boss = browser(east, "site_manager")
    assert boss.get(f"{HERE}/import").status_code == 200
    template = boss.get(f"{HERE}/import/template.xlsx")
    assert template.data[:2] == b"PK" and template.headers["Content-Disposition"].startswith("attachment")
    nothing = boss.post(f"{HERE}/import", data={})
    assert nothing.status_code == 422 and "Choose the Excel file" in nothing.text
    picture = boss.post(f"{HERE}/import", data={"file": (io.BytesIO(b"hello"), "list.xlsx")})
    assert picture.status_code == 422
    answer = boss.post(f"{HERE}/import", data=upload([GOOD[0] | {"occupancy": "住着", "phone": "138"}]))
    assert answer.status_code == 303
    page = boss.get(answer.location).text
    assert "Occupancy" in page and "住着" in page and "11 digits" in page and "Faults in the list" in page
    report = cells(boss.get(f"{answer.location}/faults.xlsx").data)
    assert report[0] == ("Row", "Column", "What stands there", "What to do")
    assert [row[:3] for row in report[1:]] == [(2, "Occupancy", "住着"), (2, "Phone", "138")]
    again = boss.post(f"{answer.location}/recheck", data=upload(GOOD))
    assert again.status_code == 303
    run_id = UUID(answer.location.rsplit("/", 1)[1])
    with east.person("site_manager").context.reading() as loader:
        run = loader.get(ImportRun, run_id)
        assert run is not None and run.state == "ready"
    assert boss.post(f"{HERE}/import/{run_id}/write").status_code == 303
    assert "21-1-502" in boss.get(f"{HERE}/household?q=21-1-502").text
    assert str(run_id) in boss.get(f"{HERE}/import").text


def test_the_import_is_shut_to_those_who_may_not(east: office.Office, west: office.Office) -> None:
    desk = browser(east, "receptionist")
    for path in ("/import", "/import/template.xlsx", "/export/full"):
        assert desk.get(HERE + path).status_code == 403, path
    assert desk.post(f"{HERE}/import", data=upload(GOOD)).status_code == 403
    assert desk.post(f"{HERE}/export/full", data={"purpose": "停水通知"}).status_code == 403
    boss = browser(east, "site_manager")
    run = boss.post(f"{HERE}/import", data=upload(GOOD)).location
    stranger = browser(west, "site_manager")
    for path in (run, f"{run}/faults.xlsx", f"{run}/recheck"):
        assert stranger.get(path).status_code == 404
        assert stranger.get(path.replace("/east/", "/west/")).status_code == 404


def test_lists_are_taken_out_masked_or_with_a_purpose(east: office.Office) -> None:
    person = a_resident(east)
    desk, boss = browser(east, "receptionist"), browser(east, "site_manager")
    masked = cells(desk.get(f"{HERE}/export/households.xlsx").data)
    assert masked[0][0] == "Building*" and person.phone not in str(masked) and person.name in str(masked)
    assert "purpose" not in desk.get(f"{HERE}/export").text
    empty = boss.post(f"{HERE}/export/full", data={"purpose": " "})
    assert empty.status_code == 422
    full = boss.post(f"{HERE}/export/full", data={"purpose": "停水通知"})
    assert full.status_code == 200 and person.phone in str(cells(full.data))
    assert full.headers["Cache-Control"] == "no-store"
    assert "停水通知" in boss.get(f"{HERE}/phone_export").text


def test_what_begins_like_a_formula_stays_text(east: office.Office) -> None:
    desk = east.person("receptionist")
    person = a_resident(east)
    form = {"household_id": str(person.household_id), "name": "=HYPERLINK(1)", "role": "owner"}
    desk.takes("registry.resident.change", person.id, form)
    book = load_workbook(io.BytesIO(browser(east, "receptionist").get(f"{HERE}/export/households.xlsx").data))
    found = [c for row in book.active.iter_rows() for c in row if c.value == "=HYPERLINK(1)"]
    assert [c.data_type for c in found] == ["s"]
