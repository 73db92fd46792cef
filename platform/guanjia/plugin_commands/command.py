"""The commands `guanjia plugin …`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from guanjia.plugin_commands.listing import CORE, GONE, Listed, listed


@click.group("plugin")
def plugin_group() -> None:
    """Plugins: what is installed, a new one, and taking one out."""


@plugin_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_plugins(as_json: bool) -> None:
    """List the plugins: installed, left out by the operator, or gone with their tables still there."""
    from guanjia.cli import running

    with running() as (_app, host):
        found = listed(host)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    width = max(len(entry.key) for entry in found)
    for entry in found:
        source = f"{entry.distribution} {entry.version}".strip()
        click.echo(f"{entry.key:{width}}  {entry.state:9}  {source:28}  {_holds(entry)}")


def _holds(entry: Listed) -> str:
    if entry.state == GONE:
        return f"{len(entry.tables)} tables remain; install it again, or `guanjia plugin remove {entry.key}`"
    needs = f", needs {', '.join(entry.needs)}" if entry.needs else ""
    return f"{entry.title}: {entry.flows} flows, {entry.rules} rules{needs}"


@plugin_group.command("new")
@click.argument("name")
@click.option("--title", help="What it is called in English; the name, if left out.")
@click.option("--title-zh", help="What it is called in Chinese; the English title, if left out.")
@click.option("--in", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where to.")
def new(name: str, title: str | None, title_zh: str | None, folder: Path) -> None:
    """Write a plugin NAME: a flow with its table and migration, a rule with its clause, a page, words, and tests that pass."""
    from guanjia.plugin_commands.writing import WrongName, write_plugin

    try:
        made = write_plugin(name, folder, title=title, title_zh=title_zh)
    except WrongName as wrong:
        raise click.ClickException(str(wrong)) from wrong
    click.echo(f"{made} is written. Next:")
    click.echo(f"  cd {made}\n  pip install -e '.[dev]'\n  guanjia db upgrade\n  pytest")


@plugin_group.command("remove")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--export", "folder", type=click.Path(path_type=Path), help="Where its data go first; a folder that is not there."
)
def remove_plugin(key: str, yes: bool, folder: Path | None) -> None:
    """Take the plugin KEY out: export what it has, then drop its tables and what was kept for it.

    Stop web and workers first. Afterwards uninstall its distribution. The journal, number series and rule settings stay.
    """
    from guanjia.cli import running
    from guanjia.plugin_commands.removing import export, holding, remove

    with running() as (_app, host):
        known = {entry.key: entry for entry in listed(host)}
        if key in CORE or key not in known:
            names = ", ".join(name for name in known if name not in CORE)
            raise click.ClickException(f"There is no plugin {key} that could be removed. There are: {names}.")
        needing = [plugin.key for plugin in host.plugins.values() if key in plugin.needs]
        if needing:
            raise click.ClickException(f"{', '.join(needing)} needs {key}: remove that first.")
        found = holding(host, key)
        stamp = host.clock.now().strftime("%Y%m%d-%H%M%S")
        target = (folder or host.config.data_folder / "removed" / f"{key}-{stamp}").absolute()
        if target.exists():
            raise click.ClickException(f"{target} is there already: name a folder that is not.")
        for code, counts in found.rows.items():
            for table, count in counts.items():
                click.echo(f"{code}  {table}  {count}")
        click.echo(f"{found.total} rows of {len(found.rows)} companies, and {len(found.tables)} tables would go.")
        click.echo(f"They are written to {target} first. Stop web and workers before you go on.")
        if not yes:
            click.confirm(f"Remove {key} and its data from the database?", abort=True)
        export(host, found, target)
        remove(host, found)
        entry = known[key]
    click.echo(f"{key} is removed; its data stand in {target}.")
    if entry.distribution == "guanjia":
        click.echo(
            f"It belongs to Guanjia itself: set GUANJIA_LEAVE_OUT={key}, or the next `guanjia db upgrade` makes its tables anew."
        )
    elif entry.distribution:
        click.echo(f"Now run: pip uninstall {entry.distribution}")
