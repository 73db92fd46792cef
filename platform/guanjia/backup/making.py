"""Making a backup: the database first, at one moment; then the files that its rows name, which never change once written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import entry_points, version
from pathlib import Path
from types import ModuleType

from sqlalchemy import make_url

from guanjia.backup import postgresql, sqlite
from guanjia.backup.archive import FORMAT, BackupFault, Manifest, Writer, new_archive
from guanjia.config import Config
from guanjia.files.store import is_whole
from guanjia.host import GROUP
from guanjia.keeping import KEY_FILE, is_sealed, key_ids

KINDS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}
SECRET_FILE = "secret.key"  # noqa: S105 - the file's name
_WORK = ".guanjia-backup-"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`. Raises BackupFault for another database."""
    kind = make_url(url).get_backend_name()
    if kind not in KINDS:
        raise BackupFault(f"Backups are made of SQLite and PostgreSQL; {kind} needs its own tools.")
    return kind


def make_backup(config: Config, to: Path | None, *, with_keys: bool = False) -> tuple[Path, Manifest]:
    """A backup stands whole and durable at `to`, or under a name with its time in the folder `to`.

    Others go on writing meanwhile; all that was acknowledged before it began is in it. Raises BackupFault.
    """
    began = datetime.now(UTC)
    target = _target(config, to, began)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        with tempfile.TemporaryDirectory(prefix=_WORK, dir=target.parent) as work:
            return target, _make(config, target, Path(work), began, with_keys)
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFault(
                f"The disk of {target.parent} is full; no backup was kept. Make room or name another folder."
            ) from fault
        raise BackupFault(f"The backup cannot be written to {target.parent}: {fault.strerror}.") from fault


def _target(config: Config, to: Path | None, at: datetime) -> Path:
    name = f"guanjia-{at:%Y%m%dT%H%M%SZ}.tar"
    if to is None:
        return config.data_folder / "backups" / name
    return to / name if to.is_dir() or not to.suffix else to


def _sweep(folder: Path) -> None:
    """What a killed backup left behind a day ago or longer is gone."""
    limit = time.time() - 24 * 3600
    for left in [*folder.glob(f"{_WORK}*"), *folder.glob(".*.tar.*.part")]:
        if left.stat().st_mtime < limit:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def _make(config: Config, target: Path, work: Path, began: datetime, with_keys: bool) -> Manifest:
    url = config.owner_database_url
    kind = kind_of(url)
    dumped, contents, server = KINDS[kind].dump(url, work)
    with new_archive(target) as writer:
        writer.add(dumped.name, dumped)
        missing, damaged = _add_files(writer, config, contents.files)
        kept = config.data_folder / "migrations"  # of plugins that are not installed any more
        for path in sorted(kept.glob("*/*.py")):
            writer.add(f"migrations/{path.parent.name}/{path.name}", path)
        if with_keys:
            _add_keys(writer, config)
        manifest = Manifest(
            format=FORMAT,
            made_at=began.isoformat(timespec="seconds"),
            version=version("guanjia"),
            distributions={e.name: f"{e.dist.name} {e.dist.version}" for e in entry_points(group=GROUP) if e.dist},
            database=kind,
            database_version=server,
            revisions=contents.revisions,
            companies=contents.companies,
            heads=contents.heads,
            rows=contents.rows,
            data_keys=data_keys(config),
            with_keys=with_keys,
            parts=writer.parts,
            missing=missing,
            damaged=damaged,
        )
        writer.finish(manifest)
    return manifest


def _add_files(writer: Writer, config: Config, files: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    missing, damaged = [], []
    for company, digest in files:
        name = f"files/{company}/{digest[:2]}/{digest}"
        path = config.data_folder / name
        if not _DIGEST.fullmatch(digest) or not path.is_file():
            missing.append(name)
        elif not stands(config, path):
            damaged.append(name)
        else:
            writer.add(name, path)
    return missing, damaged


def stands(config: Config, path: Path) -> bool:
    """Whether a stored file is what its name says. Of a sealed one, where its key is not here: that it is there."""
    with path.open("rb") as stream:
        judged = bool(data_keys(config)) or not is_sealed(stream.read(16))
    return not judged or is_whole(config, path)


def data_keys(config: Config) -> list[str]:
    """Short names of the keys that seal personal values; none where none was ever made."""
    there = config.data_key or (config.data_folder / KEY_FILE).exists()
    return list(key_ids(config)) if there else []


def _add_keys(writer: Writer, config: Config) -> None:
    for name, given in ((SECRET_FILE, config.secret_key), (KEY_FILE, config.data_key)):
        path = config.data_folder / name
        if given:
            writer.add_text(f"keys/{name}", given + os.linesep)
        elif path.exists():
            writer.add(f"keys/{name}", path)
