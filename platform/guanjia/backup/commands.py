"""`guanjia backup` and `guanjia restore`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from guanjia.backup.archive import Archive, BackupFault, Manifest
from guanjia.backup.making import make_backup
from guanjia.backup.restoring import Restored, bring_back, target_config
from guanjia.config import Config


def _clean(fault: BackupFault) -> click.ClickException:
    return click.ClickException(str(fault))


@click.command("backup")
@click.option(
    "--to", type=click.Path(path_type=Path),
    help="A folder, or a file that does not exist yet. Without it: the folder `backups` in the data folder.",
)  # fmt: skip
@click.option(
    "--with-keys", is_flag=True, help="Put the secret keys into it too; then keep it where nobody else reads."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def backup(to: Path | None, with_keys: bool, as_json: bool) -> None:
    """Write database and files to one file, while others go on working. Ends with 1 where a file was missing or damaged.

    On PostgreSQL pg_dump must be installed, and GUANJIA_OWNER_DATABASE_URL name the owner of the tables.
    """
    config = Config.from_environment()
    try:
        path, manifest = make_backup(config, to, with_keys=with_keys)
    except BackupFault as fault:
        raise _clean(fault) from fault
    told = _summary(path, manifest)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"{path}: {told['bytes']:,} bytes, {told['companies']} companies, {told['entries']} journal entries, "
                   f"{told['files']} files.")  # fmt: skip
        for name in manifest.missing:
            click.echo(f"missing  {name}", err=True)
        for name in manifest.damaged:
            click.echo(f"damaged  {name}", err=True)
        if to is None:
            click.echo("It lies on the same disk as the data: copy it to another machine.")
        click.echo("The keys are in it: keep it where nobody else reads." if with_keys else
                   "The keys are not in it: keep secret.key and data.key elsewhere, or sealed values are lost.")  # fmt: skip
    if manifest.missing or manifest.damaged:
        sys.exit(1)


def _summary(path: Path, manifest: Manifest) -> dict[str, object]:
    return {
        "path": str(path), "bytes": path.stat().st_size, "made_at": manifest.made_at, "database": manifest.database,
        "companies": len(manifest.companies), "revisions": manifest.revisions, "data_keys": manifest.data_keys,
        "entries": sum(seq for chains in manifest.heads.values() for seq, _digest in chains.values()),
        "rows": sum(manifest.rows.values()),
        "files": sum(part.name.startswith("files/") for part in manifest.parts),
        "with_keys": manifest.with_keys, "missing": manifest.missing, "damaged": manifest.damaged,
    }  # fmt: skip


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="The data folder of the new installation."
)
@click.option("--check", is_flag=True, help="Only look whether the backup is whole.")
@click.option(
    "--force", is_flag=True, help="Replace what is there. A SQLite file is kept beside, PostgreSQL's tables are not."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def restore(file: Path, into: Path | None, check: bool, force: bool, as_json: bool) -> None:
    """Bring the backup FILE back, and walk the journal. Ends with 1 where the result is not what was backed up.

    The database is that of the environment: by default a SQLite file in the folder; for PostgreSQL set GUANJIA_DATABASE_URL,
    GUANJIA_OWNER_DATABASE_URL and GUANJIA_APP_ROLE as for `guanjia serve`. Nobody may be using it.
    """
    if into is None and not check:
        raise click.UsageError("Say --into FOLDER, the data folder of the new installation, or --check to look only.")
    try:
        archive = Archive(file)
        if check or into is None:
            archive.check()
            told = _summary(file, archive.manifest)
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else
                       f"{file} is whole: {told['database']}, made {told['made_at']} by release {archive.manifest.version}, "
                       f"{told['entries']} journal entries, {told['files']} files.")  # fmt: skip
            return
        done = bring_back(archive, target_config(into.absolute()), force=force)
    except BackupFault as fault:
        raise _clean(fault) from fault
    if as_json:
        click.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        _tell(done, archive.manifest, into)
    if done.faults:
        sys.exit(1)


def _tell(done: Restored, manifest: Manifest, into: Path) -> None:
    click.echo(f"Backup of {manifest.made_at}, release {manifest.version}: every checksum is right.")
    if done.set_aside:
        click.echo(f"What was there before is kept as {done.set_aside}.")
    click.echo(
        f"{done.database}: {sum(manifest.rows.values())} rows in {len(manifest.rows)} tables; {done.files} files in {into}."
    )
    if done.keys:
        click.echo(f"Keys brought back: {', '.join(done.keys)}.")
    if done.migrated:
        click.echo(f"{done.migrated} newer revisions were applied.")
    if not done.faults:
        click.echo(f"The journal is whole: {done.entries} entries, up to the heads kept in the backup.")
    for note in done.warnings:
        click.echo(f"Look: {note}", err=True)
    for note in done.faults:
        click.echo(f"FAULT: {note}", err=True)
