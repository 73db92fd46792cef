"""Files: what they are is read from their content, whose they are from the case, and nobody else sees them."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from uuid import UUID, uuid4

import openpyxl
import pytest
from flask.testing import FlaskClient

from guanjia.db.session import tenant_session
from guanjia.errors import Invalid, NotFound, TooLarge
from guanjia.sdk import Context, ask
from guanjia.steps.models import StoredFile
from guanjia.testing import waiting
from office import PASSWORD, Company, Office
from probe import PARCEL, answering, rows, say
from tenants.sign_in import sign_in

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def workbook() -> bytes:
    stream = io.BytesIO()
    openpyxl.Workbook().save(stream)
    return stream.getvalue()


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("a.txt", "text")
    return stream.getvalue()


@pytest.fixture
def company(probed: Company) -> Company:
    """The company with the parcels."""
    return probed


def stored(company: Company, file_id: UUID) -> StoredFile:
    return rows(company, StoredFile, StoredFile.id == file_id)[0]


def content(company: Company, row: StoredFile) -> bytes:
    with tenant_session(row.company_id) as session:
        return company.host.files.read(session, row)


def path_of(company: Company, data: bytes) -> Path:
    digest = hashlib.sha256(data).hexdigest()
    (found,) = company.host.config.data_folder.rglob(digest)
    return found


def browser(company: Company, account: str, code: str = "acme") -> FlaskClient:
    """A signed-in browser."""
    opened = sign_in(company.host, company=code, account=account, password=PASSWORD, address="10.0.0.1")
    client = company.app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = opened.signed_in.get_id(), True
    return client


# -- keeping ---------------------------------------------------------------------------------------------


KINDS = (
    ("photo.png", PNG, "image/png", "photo.png"),
    ("photo.jpg", PNG, "image/png", "photo.jpg.png"),
    ("page.html", PNG, "image/png", "page.html.png"),
    ("bill.pdf", PDF, "application/pdf", "bill.pdf"),
    ("list.png", workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "list.png.xlsx"),
)
REFUSED = {
    "empty": b"", "text": b"plain text", "html": b"<html><script>alert(1)</script></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "program": b"MZ" + b"\x00" * 200, "script": b"#!/bin/sh\n",
    "archive": archive(),
}  # fmt: skip
NAMES = (
    "../../etc/passwd.png", "..\\..\\windows\\a.png", "/etc/cron.d/a.png", "a\x00.png", "a\nSet-Cookie: x.png", ".png",
    "..", "", " . ", "C:\\a.png", "a" * 500 + ".png", "文件../清单.png", 'a".png', "<b>.png",
)  # fmt: skip


def test_the_type_is_read_from_the_content(company: Company, east: Office) -> None:
    for name, data, media_type, kept_as in KINDS:
        row = stored(company, company.host.files.keep(east.person("receptionist").context, name, data))
        assert (row.media_type, row.name, row.size) == (media_type, kept_as, len(data))
        assert row.sha256 == hashlib.sha256(data).hexdigest()
        assert content(company, row) == data


def test_other_types_are_refused_whatever_their_name(company: Company, east: Office) -> None:
    before = everything(company)
    for kind, data in REFUSED.items():
        for name in (f"{kind}.png", f"{kind}.pdf", f"{kind}.xlsx"):
            with pytest.raises(Invalid) as invalid:
                company.host.files.keep(east.person("receptionist").context, name, data)
            assert set(invalid.value.errors) == {"file"}
    assert everything(company) == before


def everything(company: Company) -> tuple[int, int]:
    """How many files there are, as rows and on the disk."""
    folder = company.host.config.data_folder / "files"
    return len(rows(company, StoredFile)), sum(path.is_file() for path in folder.rglob("*"))


def test_the_size_is_limited_to_the_byte(company: Company, east: Office) -> None:
    desk, most = east.person("receptionist").context, company.host.config.max_upload
    company.host.files.keep(desk, "a.png", PNG.ljust(most, b"\x00"))
    before = everything(company)
    with pytest.raises(TooLarge) as large:
        company.host.files.keep(desk, "a.png", PNG.ljust(most + 1, b"\x00"))
    assert (large.value.status, everything(company)) == (413, before)


def test_a_name_leads_nowhere(company: Company, east: Office) -> None:
    for name in NAMES:
        row = stored(company, company.host.files.keep(east.person("receptionist").context, name, PNG))
        assert not set(row.name) & set('/\\\x00\n\r"<>:') and row.name.strip(".") and len(row.name) <= 130, name
        assert row.name.endswith(".png"), name
    kept = [p for p in company.host.config.data_folder.rglob("*") if p.is_file() and p.read_bytes() == PNG]
    assert kept == [path_of(company, PNG)]  # once, by its checksum, whatever it was called
    assert kept[0].is_relative_to(company.host.config.data_folder / "files" / company.plan.company_id.hex)


def test_equal_files_of_two_companies_lie_apart(company: Company, east: Office) -> None:
    there = company.rival_admin.at_site(company.plan.other_sites["east"])
    company.host.files.keep(east.person("receptionist").context, "a.png", PNG)
    company.host.files.keep(there, "a.png", PNG)
    folders = {p.relative_to(company.host.config.data_folder / "files").parts[0] for p in
               company.host.config.data_folder.rglob(hashlib.sha256(PNG).hexdigest())}  # fmt: skip
    assert folders == {company.plan.company_id.hex, company.plan.other_id.hex}


def test_a_damaged_or_missing_file_is_told_and_never_served(company: Company, east: Office) -> None:
    row = stored(company, company.host.files.keep(east.person("receptionist").context, "a.png", PNG))
    path = path_of(company, PNG)
    path.write_bytes(PNG[:-1] + b"\x00")
    with pytest.raises(NotFound) as damaged:
        content(company, row)
    assert damaged.value.detail != NotFound().detail and "damaged" in damaged.value.detail.id
    path.unlink()
    with pytest.raises(NotFound):
        content(company, row)


# -- whose they are --------------------------------------------------------------------------------------


def take(company: Company, caller: Context, file_id: UUID) -> UUID:
    return caller.perform(f"{PARCEL}.take", None, {"weight_g": 5, "photos": [str(file_id)]}).case_id


def test_only_the_own_pending_upload_can_be_given_to_a_case(company: Company, east: Office) -> None:
    desk, worker = east.person("receptionist").context, east.person("repair_technician").context
    rival = company.rival_admin.at_site(company.plan.other_sites["east"])
    files = company.host.files
    for foreign in (files.keep(worker, "a.png", PNG), files.keep(rival, "a.png", PNG), uuid4()):
        with pytest.raises(Invalid) as invalid:
            take(company, desk, foreign)
        assert set(invalid.value.errors) == {"photos"}
    mine = files.keep(desk, "a.png", PNG)
    case = take(company, desk, mine)
    row = stored(company, mine)
    assert (row.case_id, row.site_id, row.field) == (case, east.id, "photos")
    with pytest.raises(Invalid):  # claimed: it belongs to the first case
        take(company, desk, mine)


def test_a_denied_step_leaves_its_files_pending(company: Company, east: Office) -> None:
    desk = east.person("receptionist").context
    mine = company.host.files.keep(desk, "a.png", PNG)
    with pytest.raises(Invalid):
        desk.perform(f"{PARCEL}.take", None, {"weight_g": 0, "photos": [str(mine)]})
    assert stored(company, mine).case_id is None
    assert take(company, desk, mine)


def test_uploads_that_no_step_took_are_cleared_after_two_days(company: Company, east: Office) -> None:
    desk, files = east.person("receptionist").context, company.host.files
    left, given, asked, twin = (files.keep(desk, "a.png", PNG.ljust(80 + n, b"\x00")) for n in range(4))
    take(company, desk, given)
    twins = files.keep(desk, "a.png", PNG.ljust(83, b"\x00"))
    take(company, desk, twins)
    with answering(first=lambda **_f: ask("centre_head", say("The head signs."))):
        waits = waiting(take, company, desk, asked)
    for path in (company.host.config.data_folder / "files").rglob("*"):
        os.utime(path, (0, 0))
    company.later(hours=47)
    assert {left, given, asked, twin, twins} <= {f.id for f in rows(company, StoredFile)}
    company.later(hours=26)  # the daily round
    assert {left, given, asked, twin, twins} & {f.id for f in rows(company, StoredFile)} == {given, asked, twins}
    kept = [
        (company.host.config.data_folder / "files").rglob(hashlib.sha256(PNG.ljust(80 + n, b"\x00")).hexdigest())
        for n in range(4)
    ]
    assert [len(list(found)) for found in kept] == [0, 1, 1, 1]
    east.person("centre_head").takes("guanjia.approval.grant", waits.approval_id)
    company.settle()
    assert stored(company, asked).case_id is not None


def test_who_sees_the_case_sees_its_files_and_nobody_else(company: Company, east: Office, west: Office) -> None:
    desk = east.person("receptionist").context
    pending = company.host.files.keep(desk, "pending.png", PNG)
    given = company.host.files.keep(desk, "given.png", PNG)
    take(company, desk, given)
    may = {
        "east-receptionist": {pending, given},
        "east-repair_technician": {given},
        "west-receptionist": set(),
        "admin": {given},
    }
    for account, seen in may.items():
        client = browser(company, account)
        for file_id in (pending, given):
            answer = client.get(f"/files/{file_id}")
            assert answer.status_code == (200 if file_id in seen else 404), (account, file_id)
    rival = browser(company, "admin", "rival")
    for file_id in (pending, given, uuid4()):
        assert rival.get(f"/files/{file_id}").status_code == 404
    assert company.app.test_client().get(f"/files/{given}").status_code in (302, 303, 401)


def test_a_file_is_served_so_that_it_can_do_no_harm(company: Company, east: Office) -> None:
    desk = east.person("receptionist").context
    picture, document = (company.host.files.keep(desk, n, d) for n, d in (("a.png", PNG), ("单据.pdf", PDF)))
    client = browser(company, "east-receptionist")
    answers = [client.get(f"/files/{file_id}") for file_id in (picture, document)]
    assert [a.mimetype for a in answers] == ["image/png", "application/pdf"]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "private" in answer.headers["Cache-Control"]
    assert "attachment" in answers[1].headers["Content-Disposition"]
