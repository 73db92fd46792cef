"""The demonstration's history: the same from the same seed, of every kind, and a journal that verifies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from guanjia.app import create_app
from guanjia.cli import cli
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.migrate import upgrade
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.steps.journal import verify
from guanjia.steps.models import Deadline, JournalEntry, OutboxMessage
from guanjia.steps.models import Task as TaskRow
from plugins.customer_service.complaints.models import Complaint, Suggestion
from plugins.customer_service.enquiries.models import Article, Enquiry, LedgerReview, VisitingDesk
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.monthly.models import MonthlyReport
from plugins.customer_service.shifts.models import ShiftLog
from plugins.customer_service.visits.models import Area, Visit, VisitPlan
from plugins.demo.command import _demo_company
from plugins.demo.history import History, unhurried
from plugins.demo.history.times import at_work, is_workday
from plugins.demo.world import World, build, find_again

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGUN = datetime(2026, 10, 30, 9, 10, tzinfo=SHANGHAI)  # a Friday; on Tuesday October is reported
UNTIL = BEGUN + timedelta(days=5)
SEED = 33  # so few days hold a complaint and a suggestion by chance
FULL = 2  # SQLite waits for the disk
NUMBERED = (ServiceRequest, Enquiry, Complaint, Suggestion, Visit)
KINDS = (*NUMBERED, LedgerReview, ShiftLog, MonthlyReport, Area, VisitPlan, VisitingDesk, Article)


@contextmanager
def opened(folder: Path, *, seed: int) -> Iterator[Host]:
    """The host on the folder's database, its clock at the beginning."""
    url = f"sqlite:///{folder / 'guanjia.sqlite'}"
    config = Config(data_folder=folder, database_url=url, owner_database_url=url, secret_key="test only", demo=True)
    app = create_app(config, clock=Clock(BEGUN), seed=seed)
    with app.app_context():
        yield app.extensions["guanjia"]
        db.engine.dispose()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's world, and nothing that went on in it."""
    folder = tmp_path_factory.mktemp("world")
    with opened(folder, seed=1) as host:
        upgrade(host)
        build(host)
    return folder


def history(built: Path, folder: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """Some days' history on a copy of the world: how often each step was taken, and what lies in the database then."""
    shutil.copytree(built, folder)
    with opened(folder, seed=2) as host:
        world = find_again(host, *_demo_company())
        with tenant_session(world.company_id) as session:
            assert session.scalars(select(func.count()).select_from(Article)).one() == 20
        course = History(world, UNTIL, seed=SEED)
        with unhurried():
            course.go(UNTIL)
        with tenant_session(world.company_id) as session:
            assert session.connection().exec_driver_sql("PRAGMA synchronous").scalar() == FULL
        return course.taken(), found(world)


def found(world: World) -> dict[str, Any]:
    """Rows by kind, numbers, the journal, and what is at fault."""
    with tenant_session(world.company_id) as session:
        steps = session.execute(select(JournalEntry.step, JournalEntry.at, JournalEntry.case_id).order_by(
            JournalEntry.at, JournalEntry.seq, JournalEntry.step)).all()  # fmt: skip
        return {
            "rows": {m.__name__: session.scalars(select(func.count()).select_from(m)).one() for m in KINDS},
            "numbers": sorted(
                f"{m.__name__} {row.site_id} {row.number} {row.state}" for m in NUMBERED for row in session.scalars(select(m))
            ),
            "journal": [(step, at) for step, at, _case in steps],
            "denied": list(session.scalars(select(JournalEntry.step).where(JournalEntry.outcome == "denied"))),
            "faults": list(verify(session)),
            "failed": list(session.scalars(select(OutboxMessage.kind).where(OutboxMessage.state == "failed"))),
            "dates": session.scalars(select(func.count()).select_from(Deadline)).one(),
            "done": set(session.scalars(select(TaskRow.rule).where(TaskRow.state == "done"))),
        }  # fmt: skip


def test_a_history_has_every_kind_of_case_its_journal_verifies_and_it_can_be_made_again(built: Path, tmp_path: Path):
    taken, first = history(built, tmp_path / "first")
    again, second = history(built, tmp_path / "second")
    assert all(number > 0 for number in first["rows"].values()), first["rows"]
    assert first["rows"]["MonthlyReport"] == 2
    assert first["rows"]["ShiftLog"] == 10
    assert (first["faults"], first["failed"], first["denied"]) == ([], [], [])
    assert {f"customer_service.{duty}" for duty in ("shift_log", "daily_ledger_review", "monthly_report")} <= first[
        "done"
    ]
    assert first["dates"] > 10
    assert taken == again
    assert first["numbers"] == second["numbers"]
    assert first["journal"] == second["journal"]


def test_nobody_works_at_night_or_on_sunday_unless_it_cannot_wait():
    from random import Random

    saturday_night = datetime(2026, 10, 31, 22, 0, tzinfo=SHANGHAI)
    for n in range(50):
        ordinary, urgent = (at_work(Random(n), saturday_night, every_day=every_day) for every_day in (False, True))
        assert (ordinary.date().isoformat(), urgent.date().isoformat()) == ("2026-11-02", "2026-11-01")
        assert 8 <= ordinary.hour < 10
        assert is_workday(ordinary.date())


@pytest.mark.parametrize("days", ["0", "366", "many"])
def test_a_history_is_of_one_day_to_a_year(days: str):
    answer = CliRunner().invoke(cli, ["demo", "--history", days])
    assert answer.exit_code == 2
    assert "--history" in answer.output
