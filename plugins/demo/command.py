"""`guanjia demo`: make the embedded database, play the story, serve the portal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.words import set_language, set_zone

if TYPE_CHECKING:
    from plugins.demo.history import History

ZONE = ZoneInfo("Asia/Shanghai")


@click.command()
@click.option("--reset", is_flag=True, help="Make the demonstration's database anew.")
@click.option("--no-serve", is_flag=True, help="End after the story.")
@click.option("--json", "as_json", is_flag=True, help="Print the story as data.")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of the story."
)
@click.option(
    "--history", type=click.IntRange(1, 365), is_flag=False, flag_value=90, default=None, metavar="[DAYS]",
    help="Begin with so many days of what went on at both offices (90 if no number is given). Goes with fresh data.",
)  # fmt: skip
@click.option("--port", default=8000, show_default=True, help="Port of the portal; 0 takes a free one.")
def demo(reset: bool, no_serve: bool, as_json: bool, language: str, history: int | None, port: int) -> None:
    """Watch a repair request live through its regulation at two offices, then try the portal."""
    from guanjia.cli import running
    from guanjia.db.migrate import upgrade
    from guanjia.serving import serve_app
    from plugins.demo.bustle import bustle
    from plugins.demo.history import History, unhurried
    from plugins.demo.story import play
    from plugins.demo.telling import tell_accounts, tell_heading, tell_line
    from plugins.demo.world import build, find_again

    go: Callable[[datetime], None] | None = None
    config = demo_config()
    if reset and config.data_folder.exists():
        shutil.rmtree(config.data_folder)
    fresh = not (config.data_folder / "guanjia.sqlite").exists()
    clock = Clock(story_start())
    with running(config, clock=clock, seed=20260101 if fresh else None) as (app, host):
        set_language(language)
        set_zone(ZONE)
        upgrade(host)
        quiet = as_json
        if fresh:
            if not quiet:
                click.echo("正在准备示范数据…" if language == "zh" else "Making the demonstration's data…")
            clock.move(-timedelta(days=1 + (history or 0)))
            world = build(host)
            if history is not None:
                course = History(world, datetime.now(ZONE))
                go = course.go
                with unhurried():
                    _make_history(course, quiet)
        elif history is not None:
            raise click.UsageError(
                "The demonstration's data are made already. Add --reset to make them anew with a history."
            )
        else:
            world = find_again(host, *_demo_company())
        clock.set(story_start())
        if not quiet:
            tell_heading(world)
        lines = play(world, (lambda line: None) if quiet else tell_line, go)
        if fresh:
            bustle(world, until=datetime.now(ZONE), go=go)
        clock.release()
        host.relay.run_due()
        if as_json:
            click.echo(json.dumps([line.to_json() for line in lines], ensure_ascii=False, indent=1))
        if no_serve:
            return
        if not quiet:
            tell_accounts(world)
        serve_app(app, host, "127.0.0.1", port)


def _make_history(course: History, quiet: bool) -> None:
    """Play up to the morning of the story, showing how far it has come."""
    begun, until = course.begun, story_start()
    if quiet:
        course.go(until)
        return
    with click.progressbar(length=(until.date() - begun.date()).days, label="History") as bar:
        course.go(until, lambda moment: bar.update((moment.date() - begun.date()).days - bar.pos))


def demo_config() -> Config:
    """The configuration of the demonstration: its own folder below the data folder, an embedded database."""
    base = Config.from_environment({**_environment(), "GUANJIA_DATABASE_URL": ""})
    folder = base.data_folder / "demo"
    url = f"sqlite:///{folder / 'guanjia.sqlite'}"
    return replace(base, data_folder=folder, database_url=url, owner_database_url=url, redis_url=None, demo=True)


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def story_start() -> datetime:
    """09:10 site time on the last working day (Monday to Friday) that lies at least four days back."""
    day = datetime.now(ZONE).date() - timedelta(days=4)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return datetime.combine(day, time(9, 10), ZONE)


def _demo_company() -> tuple[Any, Any]:
    from sqlalchemy import select

    from guanjia.db.session import system_session, tenant_session
    from guanjia.steps.models import Tenant
    from tenants.public import Staff

    with system_session() as session:
        company_id = session.scalars(select(Tenant.id).where(Tenant.code == "demo")).one()
    with tenant_session(company_id) as session:
        admin_id = session.scalars(
            select(Staff.id).where(Staff.company_id == company_id, Staff.account == "admin")
        ).one()
    return company_id, admin_id
