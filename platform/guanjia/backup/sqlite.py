"""SQLite: a copy of one moment while others go on writing, and putting such a copy in its place."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine, make_url

from guanjia.backup.archive import BackupFault
from guanjia.backup.contents import Contents, read_contents
from guanjia.files.store import sync_folder

PART = "database.sqlite.gz"


def file_of(url: str) -> Path:
    """The database's file. Raises BackupFault for one in memory."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise BackupFault("The database lies in memory and cannot be backed up. Set GUANJIA_DATABASE_URL to a file.")
    return Path(name).absolute()


def dump(url: str, folder: Path) -> tuple[Path, Contents, str]:
    """A packed copy in `folder`, what it holds, and SQLite's release. Writers are not held up, and none is seen half."""
    source, copy = file_of(url), folder / "database.sqlite"
    if not source.exists():
        raise BackupFault(f"There is no database at {source}. Check GUANJIA_DATA and GUANJIA_DATABASE_URL.")
    # All pages in one go: in steps, each write of another process would make it begin anew.
    with closing(_open(source, "rw")) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
        there.execute("PRAGMA journal_mode=DELETE")
    check(copy)
    contents = contents_of(f"sqlite:///{copy}")
    packed = folder / PART
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as out:
        shutil.copyfileobj(plain, out, 1 << 20)
    copy.unlink()
    return packed, contents, sqlite3.sqlite_version


def check(path: Path) -> None:
    """The file is sound. Raises BackupFault if SQLite finds otherwise."""
    try:
        with closing(_open(path, "rw")) as connection:
            told = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as fault:
        raise BackupFault(f"The database {path} is damaged: {fault}. Restore it from an earlier backup.") from fault
    if told != "ok" or dangling is not None:
        raise BackupFault(f"The database {path} is damaged: {told}. Restore it from an earlier backup.")


def contents_of(url: str) -> Contents:
    """What the database holds."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return read_contents(connection)


def is_filled(url: str) -> bool:
    """Whether there is a database already."""
    path = file_of(url)
    return path.exists() and path.stat().st_size > 0


def refuse_if_open(url: str) -> None:
    """Raises BackupFault while another process has the database open."""
    if not is_filled(url):
        return
    path = file_of(url)
    try:
        with closing(_open(path, "rw")) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")  # whoever uses it holds a lock on it, idle or not
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as fault:
        raise BackupFault(
            f"Another process has {path} open. Stop `guanjia serve` and `guanjia worker` first."
        ) from fault
    except sqlite3.DatabaseError:
        return  # damaged: that is why somebody restores


def put(packed: Path, url: str) -> Path | None:
    """The unpacked copy is the database. What stood there before is kept beside it; its new name is the answer."""
    path = file_of(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with gzip.open(packed, "rb") as plain, draft.open("wb") as out:
            shutil.copyfileobj(plain, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        check(draft)
        kept = _set_aside(path) if is_filled(url) else None
        draft.replace(path)
        sync_folder(path.parent)
        return kept
    finally:
        for name in (draft.name, f"{draft.name}-wal", f"{draft.name}-shm", f"{draft.name}-journal"):
            draft.with_name(name).unlink(missing_ok=True)


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = path.with_name(f"{path.name}.before-restore-{stamp}")
    for tail in ("", "-wal", "-shm"):  # what a killed process left in the log belongs to it
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(kept.with_name(kept.name + tail))
    return kept


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=15, isolation_level=None)
