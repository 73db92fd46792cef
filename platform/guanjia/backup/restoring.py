"""Restoring: nothing is touched before the whole backup was checked, and nothing is believed before the journal was walked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from alembic.script import ScriptDirectory

from guanjia.app import create_app
from guanjia.backup.archive import Archive, BackupFault, Manifest
from guanjia.backup.contents import Contents
from guanjia.backup.making import KINDS, SECRET_FILE, data_keys, kind_of, stands
from guanjia.config import Config
from guanjia.db.base import db
from guanjia.db.migrate import alembic_config, pending, upgrade
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.keeping import KEY_FILE
from guanjia.steps import journal

_NO_KEY = "restore only"  # signs nothing: the application is asked to read, never to serve


@dataclass
class Restored:
    """What a restore did. `faults` say that the result is not what was backed up; `warnings` what the operator has still to do."""

    database: str
    files: int = 0
    entries: int = 0
    migrated: int = 0
    set_aside: str = ""
    keys: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def target_config(into: Path, environment: Mapping[str, str] | None = None) -> Config:
    """The installation in the folder `into`: as the environment says, but for its data folder."""
    env = dict(os.environ if environment is None else environment)
    return Config.from_environment(env | {"GUANJIA_DATA": str(into)})


def bring_back(archive: Archive, config: Config, *, force: bool = False) -> Restored:
    """The backup's database, files and keys are the installation's; the journal was walked against the heads kept in it.

    Raises BackupFault, having changed nothing, where the backup is damaged, of another kind of database or of a newer
    release, and where something is there already (`force`: replaced) or in use.
    """
    archive.check()
    manifest, url = archive.manifest, config.owner_database_url
    kind = kind_of(url)
    if kind != manifest.database:
        raise BackupFault(
            f"This backup holds a {manifest.database} database and the target is {kind}. A backup goes back into the kind of "
            "database that it was made of; set GUANJIA_DATABASE_URL (and GUANJIA_OWNER_DATABASE_URL) accordingly."
        )
    target = KINDS[kind]
    files = config.data_folder / "files"
    if not force and (target.is_filled(url) or (files.is_dir() and any(files.iterdir()))):
        raise BackupFault(
            f"{config.data_folder} or its database is not empty. Restore into an empty folder and database, or say --force "
            "to replace what is there."
        )
    target.refuse_if_open(url)
    _refuse_newer(archive, config)  # last of all: it needs the plugins
    config.data_folder.mkdir(parents=True, exist_ok=True)
    done = Restored(kind)
    with tempfile.TemporaryDirectory(prefix=".guanjia-restore-", dir=config.data_folder) as work:
        dumped = Path(work) / target.PART
        archive.unpack("database.", lambda _name: dumped)
        done.files = archive.unpack("files/", config.data_folder.joinpath)
        archive.unpack("migrations/", config.data_folder.joinpath)
        if kind == "sqlite":
            done.set_aside = str(target.put(dumped, url) or "")
        else:
            target.put(dumped, url, config.app_role)
    _restore_keys(archive, config, done)
    _compare_rows(target.contents_of(url), manifest, done)
    _verify(config, manifest, done)
    return done


def _refuse_newer(archive: Archive, config: Config) -> None:
    with _host(config) as host:
        script = ScriptDirectory.from_config(alembic_config(host))
        known = {revision.revision for revision in script.walk_revisions()}
    carried = [part.name.rsplit("/", 1)[-1] for part in archive.manifest.parts if part.name.startswith("migrations/")]
    for revision in archive.manifest.revisions:
        if revision not in known and not any(name.startswith(f"{revision}_") for name in carried):
            raise BackupFault(
                f"This backup was made by release {archive.manifest.version} and holds the revision {revision}, which is "
                "unknown here. Install that release, or a newer one, with the same plugins."
            )


def _restore_keys(archive: Archive, config: Config, done: Restored) -> None:
    for name, given in ((SECRET_FILE, config.secret_key), (KEY_FILE, config.data_key)):
        path = config.data_folder / name
        carried = any(part.name == f"keys/{name}" for part in archive.manifest.parts)
        if carried and not given and not path.exists():
            archive.unpack(f"keys/{name}", lambda part: config.data_folder / Path(part).name)
            done.keys.append(name)
    lacking = sorted(set(archive.manifest.data_keys) - set(data_keys(config)))
    if lacking:
        done.warnings.append(
            f"Personal values are sealed with the key {', '.join(lacking)}, which is not here. Put the {KEY_FILE} of the old "
            f"installation into {config.data_folder}, or name it in GUANJIA_DATA_KEY, before you start."
        )


def _compare_rows(found: Contents, manifest: Manifest, done: Restored) -> None:
    for table, count in manifest.rows.items():
        if found.rows.get(table) != count:
            done.faults.append(f"{table} has {found.rows.get(table, 'no')} rows; {count} were backed up")


def _verify(config: Config, manifest: Manifest, done: Restored) -> None:
    """Bring the database to the installed release, then walk every chain as the application would."""
    with _host(config) as host:
        done.migrated = len(pending(host))
        upgrade(host)
        for company, heads in manifest.heads.items():
            known = {UUID(chain): head for chain, head in heads.items()}
            with tenant_session(UUID(company)) as session:
                for found in journal.verify(session, known):
                    if found.kind != "erased":
                        what = f"{found.chain_id} {found.seq} {found.kind} {found.note}".strip()
                        done.faults.append(f"journal of {manifest.companies[company]}: {what}")
            done.entries += sum(seq for seq, _digest in heads.values())
    for name in (part.name for part in manifest.parts if part.name.startswith("files/")):
        path = config.data_folder / name
        if not path.is_file() or not stands(config, path):
            done.faults.append(f"{name} is not whole")
    for name in manifest.missing:
        done.warnings.append(f"{name} was missing already when the backup was made")
    for name in manifest.damaged:
        done.warnings.append(f"{name} was damaged already when the backup was made, and is left out")


class _host:
    """The installation's host for the length of a block; no key is made for it."""

    def __init__(self, config: Config) -> None:
        self._app = create_app(replace(config, secret_key=_NO_KEY, environment=""), null_pool=True)
        self._context = self._app.app_context()

    def __enter__(self) -> Host:
        self._context.push()
        found: Host = self._app.extensions["guanjia"]
        return found

    def __exit__(self, *_: Any) -> None:
        db.engine.dispose()
        self._context.pop()
