"""What people type about residents stays where it belongs: planted, walked around with, broken upon, and looked for after.

Phones and identity numbers of a kind that nothing else has are entered, searched, refused, misspelt and made to fail; then
nothing of them stands in the log, in the journal's bodies, in messages, notices, decisions, answers or addresses.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import office
from guanjia.config import Config
from guanjia.db.session import tenant_session
from guanjia.errors import GuanjiaError
from guanjia.logs import set_up_logs
from guanjia.steps import models
from plugins.registry.models import Resident
from plugins.registry.workbook import list_file
from signed_in import SignedIn, browser

PHONE, OTHER_PHONE = "13977788991", "18655544332"
NUMBER, OTHER_NUMBER = "11010119900307109X", "440402198512120034"
PLANTED = (PHONE, OTHER_PHONE, NUMBER, OTHER_NUMBER)
NOTED = "15912340987"  # in free text: read by whoever may read the case, and by nobody and nothing else
# tables whose rows leave the case they belong to: read by rules, other people, other programs
KEPT = (
    models.JournalEntry,
    models.OutboxMessage,
    models.Notification,
    models.Approval,
    models.Signature,
    models.Task,
    models.Answered,
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    quiet = {name: logging.getLogger(name).disabled for name in ("werkzeug", "gunicorn.access")}
    nothing = Config(data_folder=Path("/nowhere"), database_url="", owner_database_url="", log_format="json")
    set_up_logs(nothing, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, disabled in quiet.items():
        logging.getLogger(name).disabled, logging.getLogger(name).propagate = disabled, True


def traces(text: str, *more: str) -> list[str]:
    return [value for value in (*PLANTED, *more) if value in text or value[3:-2] in text]


def kept(company_id: Any) -> str:
    found = []
    with tenant_session(company_id) as session:
        for model in KEPT:
            for row in session.scalars(select(model).where(model.company_id == company_id)):
                found.append(repr({column.key: getattr(row, column.key) for column in model.__mapper__.column_attrs}))
    return "\n".join(found)


def plant(site: office.Office) -> Any:
    desk = site.person("receptionist")
    home = str(site.household())
    form = {"household_id": home, "name": "诸葛明", "role": "member", "phone_number": PHONE, "identity_number": NUMBER}
    person = desk.takes("registry.resident.create", None, form, is_contact=True).case_id
    desk.takes("registry.resident.change", person, form, phone_number=OTHER_PHONE, identity_number=OTHER_NUMBER)
    desk.takes("registry.resident.change", person, form)
    for bad in (
        {"phone_number": PHONE + "9"},
        {"identity_number": NUMBER[:-1] + "1"},
        {"role": PHONE},
        {"household_id": NUMBER},
    ):
        with pytest.raises(GuanjiaError) as caught:
            desk.takes("registry.resident.change", person, form | bad)
        if "role" not in bad:
            assert traces(str(getattr(caught.value, "errors", ""))) == [], bad
    boss = site.person("site_manager")
    boss.takes("registry.resident.reveal", person)
    boss.takes("registry.resident.reveal_identity", person, reason="verify", note=NOTED)
    boss.takes("registry.resident.note", person, note=f"{NOTED} 诸葛")
    request = {
        "household_id": home, "resident_name": "诸葛明", "phone": PHONE, "category": "pipe_leak", "content": f"打 {NOTED}",
        "within_capability": "yes",
    }  # fmt: skip
    with pytest.raises(GuanjiaError):
        site.person("repair_technician").takes("customer_service.request.receive", None, request)
    case = desk.takes("customer_service.request.receive", None, request).case_id
    desk.takes("customer_service.request.call", case)
    desk.takes("customer_service.request.note", case, note=NOTED)
    worker = site.person("repair_technician")
    worker.takes("customer_service.request.take", case, remark=NOTED)
    try:
        worker.takes("customer_service.request.return_unsolved", case, reason=NOTED, explained=True)
    except GuanjiaError as waits:
        assert waits.status == 202
    site.company.settle()
    return person, case


def walk(desk: SignedIn, person: Any, case: Any, *, allowed: tuple[str, ...] = ()) -> str:
    """Every page about them, by clicks, by searches, with bad input, and the posts that are refused; what was answered."""
    here, answers = "/s/east", []
    for path in (
        "registry/resident", f"registry/resident?q={OTHER_PHONE}", f"registry/resident/{person}", f"registry/resident/{person}/change",
        f"registry/resident/{person}/reveal", f"registry/resident/{person}/identity", f"registry/resident/{person}/explain",
        "registry/household", "registry/resident/new/create", "registry/find", "registry/export", "", "duties", "approvals",
        "customer_service/request", f"customer_service/request/{case}", f"customer_service/request/{case}/explain",
        f"customer_service/request/{case}/note", "customer_service/work", f"customer_service/work/{case}",
        f"customer_service/call/{case}", f"registry/nothing/{PHONE}", f"customer_service/request/{NUMBER}",
        f"lookup/registry.household?q={PHONE}", f"customer_service/request?state={NUMBER}&sort={PHONE}",
    ):  # fmt: skip
        answer = desk.get(f"{here}/{path}")
        assert answer.status_code < 500, (path, answer.status_code)
        # an address that somebody typed by hand comes back to that person alone, in the links of the page
        typed = [value for value in PLANTED if value in path]
        text = answer.text
        for value in typed:
            text = text.replace(value, "")
        answers.append(text)
        answers.append(str(answer.headers).replace(f"q={PHONE}", ""))
    for path, data in (
        (f"registry/resident/{person}/change", {"phone_number": PHONE, "identity_number": NUMBER, "role": "nobody"}),
        ("registry/find", {"number": ""}), ("registry/find", {"number": NUMBER, "more": PHONE}),
    ):  # fmt: skip
        answer = desk.post(f"{here}/{path}", data)
        assert answer.status_code in (200, 303, 422, 403), path
        back = answer.text  # a form comes back to whoever filled it in, with what was typed
        answers.append(
            "\n".join(
                line for line in back.splitlines() if 'name="phone_number"' not in line and 'name="identity' not in line
            )
        )
    return "\n".join(answers)


def test_nothing_typed_about_residents_leaves_a_trace(east: office.Office, log: io.StringIO) -> None:
    app = east.company.app
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    person, case = plant(east)
    for role in ("receptionist", "site_manager", "security_head"):
        found = traces(walk(browser(east, role), person, case))
        assert found == [], (role, found)
    stored = kept(east.company.plan.company_id)
    approvals = stored.count("customer_service.request.return_unsolved")
    assert approvals, "something waits, so that its form is among what is looked through"
    assert traces("\n".join(line for line in stored.splitlines() if "'form'" not in line), NOTED) == []
    assert [n for n in (NUMBER, OTHER_NUMBER) if n in stored] == []
    assert traces(log.getvalue(), NOTED) == []
    assert log.getvalue().count('"event": "request"') > 60


def test_a_program_is_answered_without_echo(east: office.Office, log: io.StringIO) -> None:
    """422, 404, 409 and 202 of the API name fields and reasons, and repeat nothing of what was sent."""
    app = east.company.app
    person, case = plant(east)
    client = app.test_client()
    form = {"company": "acme", "account": "east-site_manager", "password": office.PASSWORD}
    token = client.post("/api/v1/session", json=form).get_json()["token"]
    who = {"Authorization": f"Bearer {token}"}
    base = f"/api/v1/sites/{east.id}"
    bad = {
        "household_id": PHONE, "name": "诸葛明", "phone_number": PHONE + "0", "identity_number": NUMBER[:-1] + "1", "role": OTHER_PHONE,
        "is_contact": NUMBER, "nonsense": OTHER_NUMBER,
    }  # fmt: skip
    answers = [
        client.post(f"{base}/registry/resident/create", json=bad, headers=who),
        client.post(f"{base}/registry/resident/{person}/change", json=bad, headers=who),
        client.post(f"{base}/registry/resident/{person}/reveal_identity", json={"reason": NUMBER}, headers=who),
        client.post(f"{base}/customer_service/request/{case}/note", json={"note": {"deep": PHONE}}, headers=who),
        client.post(
            f"{base}/registry/resident/create",
            data=f'{{"phone": "{PHONE}"',
            headers=who | {"Content-Type": "application/json"},
        ),
        client.get(f"{base}/registry/resident?q={PHONE}&limit={NUMBER}", headers=who),
        client.get(f"{base}/registry/resident", headers=who),
        client.get(f"{base}/registry/resident/{person}/timeline", headers=who),
        client.get(f"{base}/customer_service/request/{case}", headers=who),
        client.get(f"{base}/customer_service/request/{case}/timeline", headers=who),
        client.get("/api/v1/notifications", headers=who),
        client.post("/api/v1/session", json={"company": "acme", "account": PHONE, "password": NUMBER}),
    ]
    assert [answer.status_code for answer in answers[:6]] == [422, 422, 422, 422, 400, 422]
    told = "\n".join(answer.text for answer in answers)
    assert traces(told) == []
    assert traces(log.getvalue(), NOTED) == []


@pytest.mark.parametrize("place", ["page", "api", "message", "rule"])
def test_a_fault_with_the_form_in_its_hands_tells_nothing(
    east: office.Office, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The program breaks while it holds the typed values in its variables, in its message and in the statement."""
    app = east.company.app
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    desk = browser(east, "receptionist")
    home = str(east.household())
    form = {"household_id": home, "name": "诸葛明", "role": "member", "phone_number": PHONE, "identity_number": NUMBER}

    def breaks(*args: Any, **options: Any) -> Any:
        held = {"typed": form, "args": args, "options": options}
        raise ValueError(f"cannot go on with {held} {PHONE} {NUMBER}")

    answer = ""
    if place == "page":
        monkeypatch.setattr("plugins.registry.identities.sealed_columns", breaks)
        answer = desk.post("/s/east/registry/resident/new/create", form).text
    elif place == "api":
        monkeypatch.setattr("plugins.registry.identities.sealed_columns", breaks)
        session = {"company": "acme", "account": "east-receptionist", "password": office.PASSWORD}
        token = app.test_client().post("/api/v1/session", json=session).get_json()["token"]
        url = f"/api/v1/sites/{east.id}/registry/resident/create"
        found = app.test_client().post(url, json=form, headers={"Authorization": f"Bearer {token}"})
        assert found.status_code == 500
        answer = found.text
    elif place == "message":
        monkeypatch.setitem(east.company.host.relay.carry_out.__func__.__globals__["HANDLERS"], "Notify", breaks)
        request = {
            "household_id": home,
            "phone": PHONE,
            "category": "pipe_leak",
            "content": PHONE,
            "within_capability": "yes",
        }
        east.person("receptionist").takes("customer_service.request.receive", None, request)
        east.company.settle()
    else:
        monkeypatch.setattr("guanjia.rules.rulebook.Bound.__call__", breaks)
        request = {
            "household_id": home,
            "phone": PHONE,
            "category": "pipe_leak",
            "content": PHONE,
            "within_capability": "yes",
        }
        try:
            east.person("receptionist").takes("customer_service.request.receive", None, request)
        except GuanjiaError as refused:
            answer = str(refused)
    assert traces(answer) == [] and traces(log.getvalue()) == []
    assert (
        traces("\n".join(line for line in kept(east.company.plan.company_id).splitlines() if "'form'" not in line))
        == []
    )
    assert '"error": "ValueError"' in log.getvalue(), log.getvalue()[-2000:]


def test_a_list_with_faults_repeats_no_identity_number(east: office.Office, log: io.StringIO) -> None:
    boss = browser(east, "site_manager")
    line = {
        "building": "21",
        "entrance": "1",
        "room": "502",
        "occupancy": "自住",
        "name": "张三",
        "identity": NUMBER[:-1] + "1",
    }
    rows = io.BytesIO(list_file([line]))
    answer = boss.post("/s/east/registry/import", {"file": (rows, f"{PHONE}.xlsx")})
    page = boss.page(answer.location)
    assert NUMBER[:-1] not in page and traces(log.getvalue()) == []


def test_the_database_itself_holds_no_identity_number(east: office.Office) -> None:
    person, _case = plant(east)
    with tenant_session(east.company.plan.company_id) as session:
        row = session.get(Resident, (session.company_id, person))
        assert row is not None
        assert (
            traces(
                repr(
                    {
                        name: getattr(row, name)
                        for name in ("identity", "identity_mask", "identity_index", "search_text")
                    }
                )
            )
            == []
        )
