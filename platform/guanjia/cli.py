"""The command `guanjia`: the host's own commands and those that plugins bring, each with `--json` where a script wants it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask
from sqlalchemy import select

from guanjia.app import create_app
from guanjia.backup.commands import backup, restore
from guanjia.config import Config
from guanjia.db.migrate import upgrade
from guanjia.db.session import system_session, tenant_session
from guanjia.host import Host, PluginFault, discover
from guanjia.keeping import KeyFault
from guanjia.logs import set_up_logs
from guanjia.metrics import serve_metrics
from guanjia.plugin_commands.command import plugin_group
from guanjia.production import ConfigFault
from guanjia.serving import serve_app
from guanjia.steps import journal
from guanjia.steps.models import JournalHead, Tenant


@contextmanager
def running(config: Config | None = None, **options: Any) -> Iterator[tuple[Flask, Host]]:
    """The application and its host inside an application context, for a command."""
    app = create_app(config, **options)
    with app.app_context():
        yield app, app.extensions["guanjia"]


class PluginCommands(click.Group):
    """A group that also lists what plugins bring."""

    def _brought(self) -> dict[str, click.Command]:
        config = Config.from_environment()
        return {c.name or "": c for plugin in discover(config.leave_out) for c in plugin.commands}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The host's and the plugins' commands."""
        return sorted({*super().list_commands(ctx), *self._brought()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, the host's own first."""
        return super().get_command(ctx, name) or self._brought().get(name)


@click.group(cls=PluginCommands)
@click.version_option(package_name="guanjia")
def cli() -> None:
    """Guanjia (管家): management offices run by their own written regulations."""


cli.add_command(backup)
cli.add_command(restore)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--no-relay", is_flag=True, help="Leave timers and messages to `guanjia worker`.")
def serve(host: str, port: int, no_relay: bool) -> None:
    """Serve pages and API from this process (for one office or a trial; behind a proxy use gunicorn)."""
    with running() as (app, found):
        serve_app(app, found, host, port, relay=not no_relay)


@cli.command()
@click.option("--once", is_flag=True, help="Carry out what is due now in this process, and end.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes that carry out what stands in Redis.  [default: 2]"
)
@click.option("--relay-only", is_flag=True, help="Only look for what is due: the workers run elsewhere.")
@click.option("--no-relay", is_flag=True, help="Only carry out what stands in Redis: the relay runs elsewhere.")
def worker(once: bool, workers: int | None, relay_only: bool, no_relay: bool) -> None:
    """Carry out timers and messages: notices, deadlines, approvals, duties.

    With GUANJIA_REDIS_URL the relay hands them to worker processes; without, it carries them out itself. SIGTERM and
    Ctrl-C let each process end the message that it has in hand.
    """
    from guanjia.jobs.crew import keep_working

    set_up_logs(Config.from_environment())
    with running() as (app, found):
        if once:
            click.echo(f"{found.relay.run_due()} messages carried out")
            return
        if relay_only and (no_relay or workers):
            raise click.UsageError("--relay-only starts no workers: leave --workers and --no-relay out.")
        if (no_relay or workers) and not found.config.redis_url:
            raise click.UsageError("Workers take their messages from Redis: set GUANJIA_REDIS_URL, or leave this out.")
        serve_metrics(app, found.config.metrics_port)
        many = 0 if relay_only or not found.config.redis_url else workers or 2
        keep_working(app, found, workers=many, relay=not no_relay)


@cli.group("db")
def database() -> None:
    """The database."""


@database.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to the newest revision of the core and of every plugin."""
    with running() as (_app, found):
        upgrade(found)
        click.echo("The database is up to date.")


@database.command("revision")
@click.argument("branch")
@click.argument("message")
def db_revision(branch: str, message: str) -> None:
    """Write a revision of BRANCH (core, or a plugin's key) that brings the database to the models."""
    from guanjia.db.revisions import make_revision

    with running() as (_app, found):
        path = make_revision(found, branch, message)
        click.echo(f"wrote {path}" if path else "The database equals the models; nothing to write.")


cli.add_command(plugin_group)


@cli.group("journal")
def journal_group() -> None:
    """The journal of steps."""


@journal_group.command("verify")
@click.option("--company", help="Only the company of this code.")
@click.option(
    "--heads", type=click.Path(path_type=Path), help="A file of heads written earlier; it is brought up to date."
)
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def journal_verify(company: str | None, heads: Path | None, as_json: bool) -> None:
    """Walk every chain and tell what is broken, missing, altered or erased. Ends with 1 if a chain is not whole."""
    known = json.loads(heads.read_text()) if heads is not None and heads.exists() else {}
    findings: list[dict[str, Any]] = []
    now: dict[str, Any] = {}
    with running():
        for company_id, code in _companies(company):
            with tenant_session(company_id) as session:
                kept = {UUID(k): (v[0], v[1]) for k, v in known.get(str(company_id), {}).items()}
                findings += [
                    {"company": code, "chain": str(f.chain_id), "seq": f.seq, "kind": f.kind, "note": f.note}
                    for f in journal.verify(session, kept)
                ]
                rows = session.scalars(select(JournalHead).where(JournalHead.company_id == company_id))
                now[str(company_id)] = {str(h.id): [h.seq, h.digest] for h in rows}
    faults = [f for f in findings if f["kind"] != "erased"]
    if heads is not None and not faults:
        heads.write_text(json.dumps(known | now, indent=1, sort_keys=True))
    total = sum(head[0] for chains in now.values() for head in chains.values())
    if as_json:
        click.echo(json.dumps({"entries": total, "findings": findings}, ensure_ascii=False))
    else:
        for f in findings:
            click.echo(f"{f['company']}  {f['chain']}  {f['seq']}  {f['kind']}  {f['note']}")
        click.echo(f"{total} entries, {len(faults)} faults")
    if faults:
        sys.exit(1)


def _companies(code: str | None) -> list[tuple[UUID, str]]:
    with system_session() as session:
        query = select(Tenant.id, Tenant.code).order_by(Tenant.code)
        if code:
            query = query.where(Tenant.code == code)
        rows = [(row.id, row.code) for row in session.execute(query)]
    if code and not rows:
        raise click.ClickException(f"No company has the code {code}. `guanjia company list` shows them.")
    return rows


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Look at the installation: settings, keys, plugins, disk, time, Redis, database, walls, messages. Ends with 1 on a fault."""
    from guanjia.doctor import FAULT, Finding, examine

    try:
        with running() as (_app, host):
            found = examine(host)
    except PluginFault as fault:
        found = [
            Finding(
                "plugins", FAULT, str(fault), "Or leave it out with GUANJIA_LEAVE_OUT; its rules do not count then."
            )
        ]
    except ConfigFault as fault:
        found = [Finding("settings", FAULT, line, "Until then nothing starts.") for line in str(fault).splitlines()]
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in found], ensure_ascii=False))
    else:
        for finding in found:
            click.echo(
                f"{finding.state:6} {finding.what}: {finding.note}" + (f"\n       {finding.do}" if finding.do else "")
            )
    if any(finding.state == FAULT for finding in found):
        sys.exit(1)


def main() -> None:
    """Entry point of the console script: one clear sentence instead of a traceback for what an operator can mend."""
    try:
        cli(prog_name="guanjia")
    except (PluginFault, ConfigFault, KeyFault) as fault:
        click.echo(str(fault), err=True)
        sys.exit(2)
