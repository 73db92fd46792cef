"""The generic pages, walked as a person walks them: sign in, look, fill in, be refused, wait, sign, print."""

from __future__ import annotations

import base64
import contextlib
import contextvars
import io
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import openpyxl
import pytest
import segno
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

import servers
from core.sample import Repair
from core.sample import plugin as sample
from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.db.session import tenant_session
from guanjia.errors import Refused, Waiting
from guanjia.host import Host
from guanjia.steps.context import Context
from guanjia.steps.models import Approval, Deadline, Notification, StoredFile, Task
from tenants import passwords
from tenants.founding import found_company
from tenants.plugin import plugin as tenants
from tenants.sign_in import sign_in

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
PASSWORD = "a long winding river"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
PEOPLE = {"ann": "receptionist", "tom": "repair_technician", "sue": "customer_service_supervisor", "max": "site_manager"}


class Browser:
    """A signed-in browser. Each request runs outside the test's own application context, as it does in a server."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return contextvars.Context().run(self._client.get, path, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return contextvars.Context().run(self._client.post, path, data=data or {}, **options)

    def page(self, path: str, status: int = 200) -> str:
        """The page's text, tags and all."""
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"), answer.text[-2500:])
        return answer.text


@dataclass
class Office:
    """The app with one company, two sites and their people."""

    app: Flask
    clock: Clock
    company: UUID
    admin: UUID
    sites: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    @property
    def host(self) -> Host:
        found: Host = self.app.extensions["guanjia"]
        return found

    def do(self, step: str, case: UUID | None = None, who: str = "", site: str | None = None, **form: Any) -> UUID:
        """A step taken outside the pages."""
        caller = Context(self.host, self.company, self.people.get(who, self.admin), self.sites[site] if site else None)
        return caller.perform(step, case, form).case_id

    def browser(self, account: str, company: str = "demo") -> Browser:
        """A browser in which that person is signed in."""
        opened = sign_in(self.host, company=company, account=account, password=PASSWORD, address="127.0.0.1")
        client = self.app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = opened.signed_in.get_id()
            session["_fresh"] = True
        return Browser(client)

    def all(self, model: type[Any], company: UUID | None = None) -> list[Any]:
        """Every row of a table."""
        company = company or self.company
        with tenant_session(company) as session:
            return list(session.scalars(select(model).where(model.company_id == company).order_by(model.id)))

    def repair(self, **form: Any) -> UUID:
        """A repair taken in by Ann at the lake."""
        return self.do("sample.repair.take", None, "ann", "lake", **{"kind": "leak", "content": "厨房水管漏水", **form})


def add_person(office: Office, account: str, role: str, site: str | None) -> None:
    office.people[account] = office.do("tenants.staff.create", account=account, name=f"员工{account}", password=PASSWORD,
                                       must_change_password=False)
    office.do("tenants.assignment.create", staff_id=str(office.people[account]), role_key=role,
              scope_id=str(office.sites[site]) if site else str(office.company))


class opened:
    """The app on that database, inside its context; passwords are hashed cheaply, for that is not what is tested."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.clock = Clock(NOW)
        config = Config(data_folder=folder, database_url=url, owner_database_url=url, max_upload=50_000, secret_key="test")
        self.app = create_app(config, plugins=[tenants, sample], clock=self.clock, seed=seed, null_pool="postgres" in url)
        self.app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        self.context = self.app.app_context()

    def __enter__(self) -> tuple[Flask, Clock]:
        self.context.push()
        return self.app, self.clock

    def __exit__(self, *_error: object) -> None:
        db.engine.dispose()
        self.context.pop()
        self.patch.undo()


def fill(url: str, folder: Path) -> dict[str, Any]:
    """Tables, two companies, two sites and their people; returns the ids."""
    with opened(url, folder, seed=1) as (app, clock):
        host = app.extensions["guanjia"]
        Base.metadata.create_all(db.engine)
        found_company(host, code="other", name="另一家", admin_account="admin", admin_name="外人", admin_password=PASSWORD)
        demo = found_company(host, code="demo", name="示范物业", admin_account="admin", admin_name="总部甲", admin_password=PASSWORD)
        office = Office(app, clock, demo.company_id, demo.admin_id)
        for code, name in (("lake", "湖畔管理处"), ("hill", "山庄管理处")):
            office.sites[code] = office.do("tenants.site.create", code=code, name=name, org_unit_id=None, opens="08:30", closes="18:00")
        for account, role in PEOPLE.items():
            add_person(office, account, role, "lake")
        add_person(office, "hal", "receptionist", "hill")
        add_person(office, "lea", "company_leader", None)
        return {"company": office.company, "admin": office.admin, "sites": office.sites, "people": office.people}


@pytest.fixture(scope="module")
def sqlite_filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A filled database file, made once."""
    folder = tmp_path_factory.mktemp("pages")
    known = fill(f"sqlite:///{folder / 'pages.sqlite'}", folder)
    with contextlib.closing(sqlite3.connect(folder / "pages.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "pages.sqlite", known


@pytest.fixture(scope="module")
def postgres_filled(postgres: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A filled PostgreSQL database, made once."""
    folder, name = tmp_path_factory.mktemp("pages_pg"), f"guanjia_pages_{os.getpid()}"
    known: dict[str, Any] = {}
    servers.make_template(postgres.owner_url, name, lambda url: known.update(fill(url, folder)))
    return name, known


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A copy of the filled database."""
    if request.param == "sqlite":
        source, known = request.getfixturevalue("sqlite_filled")
        shutil.copyfile(source, tmp_path / "pages.sqlite")
        url, name = f"sqlite:///{tmp_path / 'pages.sqlite'}", None
    else:
        source, known = request.getfixturevalue("postgres_filled")
        server: servers.Postgres = request.getfixturevalue("postgres")
        name = f"guanjia_page_{os.getpid()}"
        url = servers.clone(server.owner_url, source, name)
    with opened(url, tmp_path, seed=2) as (app, clock):
        yield Office(app, clock, known["company"], known["admin"], dict(known["sites"]), dict(known["people"]))
    if name is not None:
        servers.drop(server.owner_url, name)


REPAIRS = "/s/lake/sample/repair"
ONE = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # where the database makes no difference
TAKE = {"kind": "leak", "content": "厨房水管漏水", "fee_fen": "12.50"}
INLINE = re.compile(r"<[^>]+\s(style|on\w+)\s*=|<style|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, (answer.status_code, answer.text[-3000:])
    return unquote(answer.headers["Location"])


def value_of(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, name
    return found[1]


# -- where people begin ----------------------------------------------------------------------------------


@ONE
def test_without_a_session_a_page_leads_to_the_sign_in_and_back(office: Office) -> None:
    stranger = Browser(office.app.test_client())
    assert location(stranger.get(f"{REPAIRS}?state=new")) == f"/sign-in?next={REPAIRS}?state=new"
    assert location(stranger.get("/")) == "/sign-in"
    assert location(stranger.post(f"{REPAIRS}/new/take", TAKE)) == "/sign-in"
    assert stranger.get("/notifications", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/sign-in"
    case = office.repair()
    assert "company=demo" in location(stranger.get(f"{REPAIRS}/{case}?company=demo"))


@ONE
def test_the_start_leads_to_the_site_used_last(office: Office) -> None:
    leader = office.browser("lea")
    assert leader.get("/").headers["Location"] == "/s/hill/"
    leader.page("/s/lake/")
    assert leader.get("/").headers["Location"] == "/s/lake/"
    leader.page("/hq/")
    assert leader.get("/").headers["Location"] == "/hq/"
    assert office.browser("ann").get("/").headers["Location"] == "/s/lake/"


def test_what_lies_out_of_reach_answers_as_what_does_not_exist(office: Office) -> None:
    case = office.repair()
    hal, ann = office.browser("hal"), office.browser("ann")
    outsider = office.browser("admin", "other")
    for browser, path in (
        (ann, "/s/hill/"), (ann, "/s/nowhere/"), (ann, "/hq/"), (ann, "/hq/inbox"), (ann, f"/hq/sample/repair/{case}"),
        (hal, REPAIRS), (hal, f"{REPAIRS}/{case}"), (hal, f"/s/hill/sample/repair/{case}"),
        (hal, f"/s/hill/sample/repair/{case}/extend"), (outsider, f"{REPAIRS}/{case}"), (ann, "/s/lake/sample/nothing"),
        (ann, "/s/lake/nothing/repair"), (ann, f"{REPAIRS}/{office.company}"), (ann, f"{REPAIRS}/new/start"),
        (ann, f"{REPAIRS}/new/breach"), (ann, f"{REPAIRS}/{case}/nothing"), (ann, f"{REPAIRS}/{case}/print/nothing"),
        (ann, "/language/fr"), (ann, "/s/lake/lookup/nothing"), (ann, f"{REPAIRS}/{case}/breach"),
    ):  # fmt: skip
        html = browser.page(path, 404)
        assert "2026-0001" not in html and "漏水" not in html, path


def test_today_shows_what_waits_what_is_late_and_what_may_be_opened(office: Office) -> None:
    case = office.repair()
    office.host.relay.run_due()
    ann, tom = office.browser("ann"), office.browser("tom")
    html = ann.page("/s/lake/")
    assert f"{REPAIRS}/new/take" in html and "Call the resident" in html and f"{REPAIRS}/{case}" not in html
    html = tom.page("/s/lake/")
    assert f"{REPAIRS}/new/take" not in html, "Tom may not take repairs in"
    assert f'href="{REPAIRS}?state=new"' in html and "A repair was taken in." in html
    office.clock.move(timedelta(hours=25))
    tom = office.browser("tom")
    html = tom.page("/s/lake/")
    assert "已超期" in html and f'href="{REPAIRS}/{case}"' in html and "部门主管" in html
    office.do("sample.repair.extend", case, "tom", "lake", hours=10, reason="配件")
    assert f'href="{REPAIRS}/{case}"' in tom.page("/s/lake/"), "due today now"
    assert "今日到期" in tom.page("/s/lake/")


def test_headquarters_sees_every_site_at_a_glance(office: Office) -> None:
    case = office.repair()
    with pytest.raises(Waiting):
        office.do("sample.repair.extend", case, "tom", "lake", hours=72, reason="配件")
    office.clock.move(timedelta(hours=25))
    html = office.browser("admin").page("/hq/")
    row = re.search(r"湖畔管理处</a></th>(.*?)</tr>", html, re.DOTALL)
    assert row is not None
    numbers = re.findall(r'class="gj-number">(?:<b[^>]*>)?(\d+)', row[1])
    assert numbers == ["1", "0", "1"], "one late case, no late duty yet, one approval"


# -- the ledger ------------------------------------------------------------------------------------------


def test_the_ledger_is_filtered_searched_sorted_and_paged(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.repair(content="三栋漏水", urgent=True)
    office.repair(kind="lamp", content="楼道灯不亮", worker_id=str(office.people["tom"]))
    office.repair(content="五栋漏水", fee_fen=9900)
    ann = office.browser("ann")

    def numbers(query: str) -> list[str]:
        return re.findall(r'<th scope="row"[^>]*><a href="[^"]+">([^<]+)</a>', ann.page(f"{REPAIRS}{query}"))

    assert numbers("") == ["2026-0003", "2026-0002", "2026-0001"]
    assert numbers("?kind=lamp") == ["2026-0002"]
    assert numbers("?urgent=true") == ["2026-0001"]
    assert numbers(f"?worker_id={office.people['tom']}") == ["2026-0002"]
    assert numbers("?q=漏水+五栋") == ["2026-0003"]
    assert numbers("?q=%25") == []
    assert numbers("?state=done") == []
    assert numbers("?from=2026-11-24&to=2026-11-24") == ["2026-0003", "2026-0002", "2026-0001"]
    assert numbers("?to=2026-11-23") == []
    assert numbers("?sort=fee_fen")[-1] == "2026-0003"
    monkeypatch.setattr("guanjia.web.pages.ledger.PAGE", 2)
    html = ann.page(f"{REPAIRS}?sort=number")
    following = re.search(r'rel="next" href="([^"]+)"', html)
    assert following is not None and "sort=number" in following[1]
    html = ann.page(following[1].replace("&amp;", "&"))
    assert "2026-0003" in html and "2026-0001" not in html and 'rel="next"' not in html


@ONE
@pytest.mark.parametrize("query", ["sort=content", "worker_id=x", "urgent=maybe", "state=odd", "cursor=abc", "from=yesterday"])
def test_a_query_that_is_not_possible_says_so_and_shows_the_list(office: Office, query: str) -> None:
    office.repair()
    html = office.browser("ann").page(f"{REPAIRS}?{query}", 422)
    assert 'role="alert"' in html and "2026-0001" in html


def test_excel_holds_text_where_a_formula_was_typed(office: Office) -> None:
    office.repair(content='=HYPERLINK("http://x","y")', fee_fen=12850)
    answer = office.browser("ann").get(f"{REPAIRS}/export.xlsx")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None and sheet.freeze_panes == "A2" and sheet.title == "维修单"
    heads = [cell.value for cell in sheet[1]]
    assert heads == ["编号", "类别", "内容", "费用 (元)", "紧急", "维修工", "期限", "状态", "登记时间"]
    row = list(sheet[2])
    assert [row[2].value, row[2].data_type] == ['=HYPERLINK("http://x","y")', "s"]
    assert [row[1].value, row[3].value, row[3].number_format] == ["漏水", 128.5, "#,##0.00"]
    assert [row[6].value, row[8].value] == ["2026-11-25 10:00", "2026-11-24 10:00"], "in the site's zone"


@ONE
def test_print_shows_the_same_rows_as_a_sheet(office: Office) -> None:
    office.repair()
    office.repair(kind="lamp", content="灯")
    html = office.browser("ann").page(f"{REPAIRS}?print=1&kind=lamp")
    assert "doc-sheet" in html and "2026-0002" in html and "2026-0001" not in html and "类别: 换灯" in html


# -- forms -----------------------------------------------------------------------------------------------


@ONE
def test_a_form_that_is_not_right_comes_back_filled_in(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {**TAKE, "content": "", "fee_fen": "a lot"})
    assert answer.status_code == 422
    assert 'value="a lot"' in answer.text and 'aria-invalid="true"' in answer.text and "请填写此项。" in answer.text
    assert re.search(r'value="leak" checked', answer.text)
    assert office.all(Repair) == []


@ONE
def test_a_refusal_names_rule_and_clause_and_keeps_what_was_typed(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {"kind": "lamp", "content": "楼道灯", "fee_fen": "3.00"})
    assert answer.status_code == 422
    for words in ("Changing a lamp costs nothing", "90/3", "换灯不收费", "更换灯管不向业户收费", "楼道灯", 'value="3.00"'):
        assert words in answer.text, words
    assert office.all(Repair) == []


def test_pictures_of_a_form_that_comes_back_are_kept(office: Office) -> None:
    ann = office.browser("ann")
    answer = ann.post(f"{REPAIRS}/new/take", {"kind": "leak", "content": "", "photos": (io.BytesIO(PNG), "a.png")})
    assert answer.status_code == 422
    kept = office.all(StoredFile)
    assert [f.name for f in kept] == ["a.png"] and kept[0].case_id is None
    assert f'name="photos" value="{kept[0].id}" checked' in answer.text and f"/files/{kept[0].id}" in answer.text
    case_url = location(ann.post(f"{REPAIRS}/new/take", {**TAKE, "photos": str(kept[0].id)}))
    assert office.all(StoredFile)[0].case_id == UUID(case_url.rsplit("/", 1)[1])
    html = ann.page(case_url)
    assert f'src="/files/{kept[0].id}"' in html and "¥12.50" in html


@ONE
@pytest.mark.parametrize("content", [b"no picture at all", b"x" * 60_000])
def test_an_upload_that_is_not_taken_is_marked_at_its_field(office: Office, content: bytes) -> None:
    answer = office.browser("ann").post(f"{REPAIRS}/new/take", {**TAKE, "photos": (io.BytesIO(content), "a.png")})
    assert answer.status_code == 422 and "f-photos-error" in answer.text
    assert office.all(StoredFile) == [] and office.all(Repair) == []


def test_sent_twice_it_is_done_once(office: Office) -> None:
    ann = office.browser("ann")
    form = {**TAKE, "_idempotency_key": value_of(ann.page(f"{REPAIRS}/new/take"), "_idempotency_key")}
    assert location(ann.post(f"{REPAIRS}/new/take", form)) == location(ann.post(f"{REPAIRS}/new/take", form))
    assert len(office.all(Repair)) == 1
    other = ann.post(f"{REPAIRS}/new/take", {**form, "content": "另一处"})
    assert other.status_code == 422 and "另一处" in other.text and "已经提交过" in other.text
    assert value_of(other.text, "_idempotency_key") != form["_idempotency_key"]


@ONE
def test_the_address_and_a_lookup_fill_the_form(office: Office) -> None:
    ann, tom = office.browser("ann"), office.people["tom"]
    html = ann.page(f"{REPAIRS}/new/take?content=地漏&worker_id={tom}")
    assert ">\n地漏</textarea>" in html and f'value="{tom}"' in html and 'value="员工tom"' in html
    assert 'hx-get="/s/lake/lookup/sample.worker"' in html
    found = ann.page("/s/lake/lookup/sample.worker?q=tom")
    assert f'data-lookup-value="{tom}"' in found and "维修" in found and "<html" not in found
    assert "data-lookup-value" not in ann.page("/s/lake/lookup/worker?q=nobody")


def test_a_signature_becomes_a_file_and_survives_a_form_that_comes_back(office: Office) -> None:
    case = office.repair()
    office.do("sample.repair.appoint", case, "ann", "lake")
    office.do("sample.repair.start", case, "tom", "lake")
    tom = office.browser("tom")
    drawn = "data:image/png;base64," + base64.b64encode(PNG).decode()
    url = f"{REPAIRS}/{case}/finish"
    answer = tom.post(url, {"signature": drawn, "_occurred_at": "2026-11-25T09:00"})
    assert answer.status_code == 422 and "_occurred_at" in answer.text, "in the future"
    kept = office.all(StoredFile)[0]
    assert value_of(answer.text, "signature") == f"/files/{kept.id}"
    location(tom.post(url, {"signature": f"/files/{kept.id}", "_occurred_at": ""}))
    assert office.all(Repair)[0].state == "done"
    assert [(f.id, f.case_id, f.field) for f in office.all(StoredFile)] == [(kept.id, case, "signature")]
    bad = tom.post(url, {"signature": "data:image/png;base64,AAAA"})
    assert bad.status_code in (409, 422) and len(office.all(StoredFile)) == 1


def test_an_act_may_be_reported_afterwards_where_its_step_says_so(office: Office) -> None:
    case = office.repair()
    office.do("sample.repair.appoint", case, "ann", "lake")
    office.do("sample.repair.start", case, "tom", "lake")
    office.clock.move(timedelta(hours=26))
    tom = office.browser("tom")
    drawn = "data:image/png;base64," + base64.b64encode(PNG).decode()
    location(tom.post(f"{REPAIRS}/{case}/finish", {"signature": drawn, "_occurred_at": "2026-11-25T09:30"}))
    with tenant_session(office.company) as session:
        met = session.scalars(select(Deadline).where(Deadline.company_id == office.company)).one()
    assert met.state == "met" and met.ended_at == datetime(2026, 11, 25, 1, 30, tzinfo=UTC)


# -- the case --------------------------------------------------------------------------------------------


def test_a_case_shows_what_can_be_done_and_why_the_rest_cannot(office: Office) -> None:
    case = office.repair(fee_fen=12850)
    tom = office.browser("tom")
    html = tom.page(f"{REPAIRS}/{case}")
    for words in ("2026-0001", "待开工", "¥128.50", "厨房水管漏水", "No appointment was made", "90/1", "先约后修",
                  "上门前先与业户约定时间", "维修时限", "2026-11-25 10:00", "部门主管"):
        assert words in html, words
    off = re.search(r'<details class="gj-step-off">(.*?)</details>', html, re.DOTALL)
    assert off is not None and "开工" in off[1]
    assert "取消" not in re.sub(r"<dialog.*?</dialog>", "", html, flags=re.DOTALL), "Tom lacks the permission to call off"
    assert f'action="{REPAIRS}/{case}/appoint"' in html and f'href="{REPAIRS}/{case}/extend"' in html
    refused = tom.post(f"{REPAIRS}/{case}/start", {"_version": "1"})
    assert refused.status_code == 422 and "90/1" in refused.text
    location(tom.post(f"{REPAIRS}/{case}/appoint", {"_version": "1"}))
    location(tom.post(f"{REPAIRS}/{case}/start", {"_version": "2"}))
    html = tom.page(f"{REPAIRS}/{case}")
    assert "维修中" in html and "开工：制度不允许" in html


def test_a_step_of_another_state_or_without_permission_says_what_to_do(office: Office) -> None:
    case = office.repair()
    tom = office.browser("tom")
    answer = tom.post(f"{REPAIRS}/{case}/finish", {"signature": ""})
    assert answer.status_code in (409, 422)
    assert tom.get(f"{REPAIRS}/{case}/finish").status_code == 409
    forbidden = tom.post(f"{REPAIRS}/{case}/call_off")
    assert forbidden.status_code == 403 and "取消维修" in forbidden.text and f'href="{REPAIRS}/{case}"' in forbidden.text


def test_an_older_version_shows_what_changed_and_keeps_the_entries(office: Office) -> None:
    case = office.repair()
    tom = office.browser("tom")
    seen = value_of(tom.page(f"{REPAIRS}/{case}/extend"), "_version")
    office.do("sample.repair.appoint", case, "ann", "lake")
    answer = tom.post(f"{REPAIRS}/{case}/extend", {"hours": "8", "reason": "等配件", "_version": seen})
    assert answer.status_code == 409
    assert "约定时间" in answer.text and "员工ann" in answer.text and ">\n等配件</textarea>" in answer.text
    now = value_of(answer.text, "_version")
    assert (seen, now) == ("1", "2")
    location(tom.post(f"{REPAIRS}/{case}/extend", {"hours": "8", "reason": "等配件", "_version": now}))
    html = tom.page(f"{REPAIRS}/{case}")
    assert "<del>2026-11-25 10:00</del>" in html and "2026-11-24 18:00" in html, "both dates stay to be seen"


def test_explain_names_rules_parameters_origins_and_facts(office: Office) -> None:
    case = office.repair()
    today = "2026-11-24"
    office.do("tenants.rule_change.enter", None, scope_kind="site", scope_id=str(office.sites["lake"]), from_day=today,
              reason="小区面积大", rules=[{"rule": "sample.extension_signed", "on": True, "params": {"above_hours": 12}, "options": {}}])
    office.clock.move(timedelta(minutes=1))
    later = office.repair(content="第二单")
    with pytest.raises(Refused):
        office.do("sample.repair.start", later, "tom", "lake")
    html = office.browser("max").page(f"{REPAIRS}/{later}/explain")
    for words in ("延期须签字", "90/2", "超过规定小时的延期", "<b>12</b>", "湖畔管理处设定", "总部甲", "先约后修", "不允许",
                  "case.appointed", "日志", "换灯不收费"):
        assert words in html, words
    first = office.browser("max").page(f"{REPAIRS}/{case}/explain")
    assert "<b>24</b>" in first and "<b>12</b>" not in first, "a case keeps the rules of its day"
    html = office.browser("ann").page(f"{REPAIRS}/{later}/explain")
    assert "先约后修" in html and "第 " not in html.split("日志", 1)[1], "the journal needs its permission"


@ONE
def test_a_document_has_number_and_the_way_back(office: Office) -> None:
    case = office.repair()
    html = office.browser("ann").page(f"{REPAIRS}/{case}/print/slip")
    assert "2026-0001" in html and "湖畔管理处" in html and "漏水" in html and "<svg" in html and f'href="{REPAIRS}/{case}"' in html
    drawn = segno.make(f"http://localhost{REPAIRS}/{case}?company=demo", error="m", micro=False).svg_inline(border=0, omitsize=True)
    assert drawn in html


# -- approvals -------------------------------------------------------------------------------------------


def asked(office: Office, hours: int = 72) -> tuple[UUID, UUID]:
    """Tom asks for an extension on the page; the case and the approval."""
    case = office.repair()
    tom = office.browser("tom")
    where = location(tom.post(f"{REPAIRS}/{case}/extend", {"hours": str(hours), "reason": "配件缺货", "_version": "1"}))
    assert where == f"{REPAIRS}/{case}"
    html = tom.page(where)
    assert "等待客服主管审批" in html and "“延期”等待审批" in html
    return case, office.all(Approval)[0].id


def test_an_approval_is_asked_signed_and_carried_out(office: Office) -> None:
    case, approval = asked(office)
    sue, tom = office.browser("sue"), office.browser("tom")
    assert 'class="gj-count">1<' in sue.page("/s/lake/")
    html = sue.page("/s/lake/inbox")
    for words in ("90/2", "延期须签字", "超过规定小时的延期", "员工tom", "延长小时", "72", "配件缺货", f'href="{REPAIRS}/{case}"'):
        assert words in html, words
    assert f"/inbox/{approval}/grant" not in tom.page("/s/lake/inbox")
    refused = tom.post(f"/s/lake/inbox/{approval}/grant")
    assert refused.status_code == 422 and "90/2" in refused.text and "员工sue" in refused.text
    location(sue.post(f"/s/lake/inbox/{approval}/grant", {"note": "可以"}))
    office.host.relay.run_due()
    assert office.all(Repair)[0].hours == 72
    html = tom.page("/s/lake/inbox")
    assert "已批准" in html or "Granted" in html
    assert "可以" in html and "员工sue" in html
    again = sue.post(f"/s/lake/inbox/{approval}/grant")
    assert again.status_code == 409 and "已有结果" in again.text


def test_a_rejection_needs_its_reason_and_the_form_can_be_sent_again(office: Office) -> None:
    case, approval = asked(office)
    sue, tom = office.browser("sue"), office.browser("tom")
    empty = sue.post(f"/s/lake/inbox/{approval}/reject", {"reason": " "})
    assert empty.status_code == 422 and "请填写此项。" in empty.text and office.all(Approval)[0].state == "waiting"
    location(sue.post(f"/s/lake/inbox/{approval}/reject", {"reason": "先用库存"}))
    html = tom.page("/s/lake/inbox")
    again = re.search(r'href="([^"]+again=[^"]+)"', html)
    assert "先用库存" in html and again is not None
    form = tom.page(again[1].replace("&amp;", "&"))
    assert 'value="72"' in form and ">\n配件缺货</textarea>" in form
    assert 'value="72"' not in sue.page(again[1].replace("&amp;", "&")), "another's request is not handed out"
    assert office.all(Repair)[0].id == case


def test_a_request_is_withdrawn_by_whoever_made_it(office: Office) -> None:
    _case, approval = asked(office)
    assert office.browser("sue").post(f"/s/lake/inbox/{approval}/withdraw").status_code == 422
    location(office.browser("tom").post(f"/s/lake/inbox/{approval}/withdraw"))
    assert office.all(Approval)[0].state == "withdrawn"


def test_a_request_that_lapsed_says_why(office: Office) -> None:
    case, approval = asked(office)
    office.do("sample.repair.call_off", case, "max", "lake")
    office.do("guanjia.approval.grant", approval, "sue", "lake")
    office.host.relay.run_due()
    assert office.all(Approval)[0].state == "lapsed"
    html = office.browser("tom").page("/s/lake/inbox")
    assert "again=" in html and "已取消" in html, "what stood in the way is named"


# -- duties, messages, files, language -------------------------------------------------------------------


def test_duties_are_listed_and_reported_as_done(office: Office) -> None:
    case = office.repair()
    office.host.relay.run_due()
    task = office.all(Task)[0]
    ann, tom = office.browser("ann"), office.browser("tom")
    html = ann.page("/s/lake/duties")
    assert "Call the resident" in html and f'href="{REPAIRS}/{case}"' in html
    assert "Call the resident" not in tom.page("/s/lake/duties") and "Call the resident" in tom.page("/s/lake/duties?show=open")
    assert "Call the resident" not in tom.page("/s/lake/duties?show=late")
    office.clock.move(timedelta(hours=5))
    assert "Call the resident" in tom.page("/s/lake/duties?show=late")
    refused = tom.post(f"/s/lake/guanjia/task/{task.id}/done", {"note": "打过电话"})
    assert refused.status_code == 422 and "打过电话" in refused.text
    location(ann.post(f"/s/lake/guanjia/task/{task.id}/done", {"note": "打过电话"}))
    assert "Call the resident" in ann.page("/s/lake/duties?show=done") and office.all(Task)[0].state == "done"


def test_messages_are_the_readers_own(office: Office) -> None:
    office.repair()
    office.host.relay.run_due()
    notice = office.all(Notification)[0]
    tom, ann = office.browser("tom"), office.browser("ann")
    assert notice.staff_id == office.people["tom"]
    assert "A repair was taken in." in tom.page("/notifications") and "A repair was taken in." not in ann.page("/notifications?show=unread")
    assert ann.post(f"/notifications/{notice.id}").status_code == 404
    assert location(tom.post(f"/notifications/{notice.id}")) == f"{REPAIRS}/{notice.case_id}"
    assert office.all(Notification)[0].read_at is not None
    location(tom.post("/notifications/read"))
    assert "A repair was taken in." not in tom.page("/notifications?show=unread")
    assert all(n.read_at is None for n in office.all(Notification) if n.staff_id != office.people["tom"])


def test_a_file_is_shown_to_whoever_sees_its_case(office: Office) -> None:
    ann = office.browser("ann")
    ann.post(f"{REPAIRS}/new/take", {"kind": "leak", "photos": (io.BytesIO(PNG), "管道.png")})
    path = f"/files/{office.all(StoredFile)[0].id}"
    tom, hal, outsider = office.browser("tom"), office.browser("hal"), office.browser("admin", "other")
    answer = ann.get(path)
    assert answer.status_code == 200 and answer.data == PNG and answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Content-Disposition"].startswith("inline")
    assert tom.get(path).status_code == 404, "pending: its uploader alone"
    location(ann.post(f"{REPAIRS}/new/take", {**TAKE, "photos": path.rsplit("/", 1)[1]}))
    assert tom.get(path).status_code == 200
    assert hal.get(path).status_code == 404 and outsider.get(path).status_code == 404
    caller = Context(office.host, office.company, office.people["ann"], office.sites["lake"])
    pdf = office.host.files.keep(caller, "a.pdf", b"%PDF-1.4\n%\n")
    assert ann.get(f"/files/{pdf}").headers["Content-Disposition"].startswith("attachment")


@ONE
def test_english_is_chosen_and_complete(office: Office) -> None:
    case = office.repair()
    ann = office.browser("ann")
    assert ann.get("/language/en?next=//evil.example/").headers["Location"] == "/"
    assert ann.get(f"/language/en?next={REPAIRS}").headers["Location"] == REPAIRS
    for path in ("/s/lake/", REPAIRS, f"{REPAIRS}/{case}", f"{REPAIRS}/new/take", "/s/lake/inbox", "/s/lake/duties", "/notifications",
                 f"{REPAIRS}/{case}/explain"):
        html = ann.page(path)
        for data in ("厨房水管漏水", "湖畔管理处", "员工ann", "示范物业", "切换到中文", "管家", "中文", ">员<"):
            html = html.replace(data, "")
        text = re.sub(r"<[^>]+>", " ", html)
        assert re.findall(r"[\u4e00-\u9fff]+", text) == [], path


def test_menu_and_pages_vanish_where_the_plugin_is_off(office: Office) -> None:
    ann = office.browser("ann")
    html = ann.page("/s/lake/sample/board")
    assert f'href="{REPAIRS}"' in html and 'href="/s/lake/sample/board" class="active"' in html
    assert "/s/lake/sample/board" not in office.browser("tom").page("/s/lake/"), "the permission is missing"
    office.do("tenants.plugin_switch.create", None, site="lake", plugin="sample", is_on=False)
    html = ann.page("/s/lake/")
    assert REPAIRS not in html and "/s/lake/sample/board" not in html
    for path in (REPAIRS, f"{REPAIRS}/new/take", f"{REPAIRS}/export.xlsx", "/s/lake/sample/board", "/s/lake/lookup/sample.worker?q=t"):
        ann.page(path, 404)


# -- errors and headers ----------------------------------------------------------------------------------


@ONE
def test_errors_are_pages_that_say_what_to_do(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    ann = office.browser("ann")
    assert ann.post(REPAIRS).status_code == 405
    office.app.config["PROPAGATE_EXCEPTIONS"] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guanjia.web.pages.ledger.read_page", lambda *_a: 1 // 0)
        html = ann.page(REPAIRS, 500)
        number = re.search(r"<code>([0-9a-f]{8})</code>", html)
        assert number is not None and number[1] in caplog.text and "ZeroDivision" not in html

        def gone(*_args: object) -> None:
            raise OperationalError("select 1", {}, Exception("gone"))

        patch.setattr("guanjia.web.pages.ledger.read_page", gone)
        assert "请" in ann.page(REPAIRS, 503)
    answer = ann.get("/api/nowhere")
    assert answer.status_code == 404 and answer.mimetype == "application/problem+json"


@ONE
def test_no_page_carries_anything_inline(office: Office) -> None:
    case, _approval = asked(office)
    office.host.relay.run_due()
    ann, sue, admin = office.browser("ann"), office.browser("sue"), office.browser("admin")
    for browser, path in (
        (ann, "/s/lake/"), (ann, REPAIRS), (ann, f"{REPAIRS}?print=1"), (ann, f"{REPAIRS}/new/take"), (ann, f"{REPAIRS}/{case}"),
        (ann, f"{REPAIRS}/{case}/extend"), (ann, f"{REPAIRS}/{case}/explain"), (ann, f"{REPAIRS}/{case}/print/slip"),
        (sue, "/s/lake/inbox"), (ann, "/s/lake/duties"), (ann, "/notifications"), (admin, "/hq/"), (admin, "/hq/inbox"),
    ):  # fmt: skip
        answer = browser.get(path)
        assert answer.status_code == 200 and "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert INLINE.search(answer.text) is None, (path, INLINE.search(answer.text))
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))


@ONE
def test_a_post_without_its_token_changes_nothing(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = True
    answer = office.browser("ann").post(f"{REPAIRS}/new/take", TAKE)
    assert answer.status_code == 400 and office.all(Repair) == []


@ONE
def test_what_a_plugin_brings_is_served(office: Office) -> None:
    answer = office.browser("ann").get("/static/sample/sample.css")
    assert answer.status_code == 200 and ".sample" in answer.text
    answer.close()
