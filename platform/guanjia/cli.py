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
from sqlalchemy import select, text

from guanjia.app import create_app
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.migrate import pending, upgrade
from guanjia.db.session import system_session, tenant_session
from guanjia.host import Host, PluginFault, discover
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


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--no-relay", is_flag=True, help="Leave timers and messages to `guanjia worker`.")
def serve(host: str, port: int, no_relay: bool) -> None:
    """Serve pages and API from this process (for one office or a trial; behind a proxy use gunicorn)."""
    with running() as (app, found):
        serve_app(app, found, host, port, relay=not no_relay)


def serve_app(app: Flask, found: Host, host: str, port: int, *, relay: bool = True) -> None:
    """Serve until interrupted, with the relay in a thread beside."""
    from werkzeug.serving import make_server

    server = make_server(host, port, app, threaded=True)
    if relay:
        found.relay.start(app)
    click.echo(f"Guanjia listens on http://{host}:{server.server_port}/  (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("Ending.")
    finally:
        found.relay.stop()


@cli.command()
@click.option("--once", is_flag=True, help="Carry out what is due now and end.")
def worker(once: bool) -> None:
    """Carry out timers and messages: notices, deadlines, approvals, duties."""
    with running() as (app, found):
        if once:
            click.echo(f"{found.relay.run_due()} messages carried out")
            return
        found.relay.start(app, every=2)
        try:
            while True:
                found.relay.join(3600)
        except KeyboardInterrupt:
            found.relay.stop()


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
    """Look at the installation: database, migrations, plugins, messages that failed, disk. Ends with 1 on a fault."""
    found: list[tuple[str, str, str]] = []
    try:
        with running() as (_app, host):
            found += _examine(host)
    except PluginFault as fault:
        found.append(("plugins", "fault", str(fault)))
    if as_json:
        click.echo(json.dumps([{"what": w, "state": s, "note": n} for w, s, n in found], ensure_ascii=False))
    else:
        for what, state, note in found:
            click.echo(f"{state:6} {what}: {note}")
    if any(state == "fault" for _what, state, _note in found):
        sys.exit(1)


def _examine(host: Host) -> list[tuple[str, str, str]]:
    found = [("plugins", "ok", ", ".join(host.plugins))]
    if host.left_out:
        found.append(
            ("plugins", "warn", f"left out by the operator, their rules do not count: {', '.join(host.left_out)}")
        )
    try:
        with db.engine.connect() as connection:
            connection.execute(text("select 1"))
        found.append(("database", "ok", db.engine.dialect.name))
        lacking = pending(host)
        found.append(("migrations", "ok", "up to date") if not lacking else
                     ("migrations", "fault", f"{len(lacking)} revisions are missing; run `guanjia db upgrade`"))  # fmt: skip
    except Exception as error:
        found.append(("database", "fault", f"{type(error).__name__}: check GUANJIA_DATABASE_URL"))
    return found


def main() -> None:
    """Entry point of the console script: one clear sentence instead of a traceback for what an operator can mend."""
    try:
        cli(prog_name="guanjia")
    except PluginFault as fault:
        click.echo(str(fault), err=True)
        sys.exit(2)
