"""A backup that is not whole is never restored, what is there is never replaced unasked, and what is wrong is said."""

from __future__ import annotations

import dataclasses
import gzip
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from drills.running import Installation, elsewhere, installation
from guanjia.backup.archive import MANIFEST, Archive, BackupFault, Manifest, new_archive
from guanjia.backup.commands import backup, restore
from guanjia.backup.making import make_backup
from guanjia.backup.restoring import Restored, bring_back, target_config
from guanjia.config import Config

DATABASE = "database.sqlite.gz"


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    folder = tmp_path / "home"
    folder.mkdir()
    with installation(request, folder, "sqlite") as there:
        yield there


def config_of(there: Installation) -> Config:
    return Config.from_environment(there.env())


@pytest.fixture
def made(home: Installation, tmp_path: Path) -> Path:
    return make_backup(config_of(home), tmp_path / "made.tar")[0]


def empty(home: Installation, folder: Path) -> Config:
    return target_config(folder, {"GUANJIA_SECRET_KEY": home.env()["GUANJIA_SECRET_KEY"]})


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def remade(
    source: Path,
    target: Path,
    change: Callable[[Manifest], Manifest] = lambda manifest: manifest,
    database: Callable[[Path], None] | None = None,
    besides: str = "",
) -> Archive:
    """The backup again, every checksum right, with another manifest, another database, or another part besides."""
    old, work = Archive(source), target.with_suffix("")
    work.mkdir()
    with tarfile.open(source) as tar:
        tar.extractall(work, filter="data")
    if database is not None:
        plain = work / "plain.sqlite"
        plain.write_bytes(gzip.decompress((work / DATABASE).read_bytes()))
        database(plain)
        (work / DATABASE).write_bytes(gzip.compress(plain.read_bytes()))
    with new_archive(target) as writer:
        for part in old.manifest.parts:
            writer.add(part.name, work / part.name)
        if besides:
            writer.add(besides, work / MANIFEST)
        manifest: Any = change(old.manifest)
        writer.finish(replaced(manifest, parts=writer.parts))
    return Archive(target)


def replaced(manifest: Manifest, **values: Any) -> Manifest:
    import msgspec

    return msgspec.structs.replace(manifest, **values)


# -- what is not whole ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_backup_that_was_cut_short_is_none(made: Path, share: float) -> None:
    whole = made.read_bytes()
    last = whole.index(MANIFEST.encode())
    made.write_bytes(whole[: int(last * share)])
    with pytest.raises(BackupFault):
        Archive(made)


def test_a_damaged_byte_in_any_part_is_found_before_anything_is_touched(
    home: Installation, made: Path, tmp_path: Path
) -> None:
    whole = made.read_bytes()
    with tarfile.open(made) as tar:
        places = {m.name: m.offset_data + m.size // 2 for m in tar.getmembers() if m.name != MANIFEST}
    assert DATABASE in places and any(name.startswith("files/") for name in places)
    for name, place in places.items():
        made.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BackupFault, match="damaged") as fault:
            bring_back(Archive(made), empty(home, tmp_path / "new"))
        assert name in str(fault.value)
        assert everything(tmp_path / "new") == set()


def test_a_file_that_is_no_backup_or_is_not_there_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"something else" * 100)
    for name in ("a.tar", "none.tar"):
        told = CliRunner().invoke(restore, [str(tmp_path / name), "--check"])
        assert told.exit_code == 1 and told.output.startswith("Error: ") and "Traceback" not in told.output


def test_a_part_that_leads_elsewhere_is_refused(made: Path, tmp_path: Path) -> None:
    for nth, name in enumerate(("../evil", "/etc/evil", "files/../../evil", "migrations/a/../b.py", "keys/other.key")):
        with pytest.raises(BackupFault, match="other parts"):
            remade(made, tmp_path / f"evil{nth}.tar", besides=name)


def test_a_journal_that_does_not_reach_the_kept_heads_is_a_fault(
    home: Installation, made: Path, tmp_path: Path
) -> None:
    def cut(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("delete from guanjia_journal where rowid = (select max(rowid) from guanjia_journal)")
            connection.execute(
                "update guanjia_journal set body = replace(body, '\"done\"', '\"late\"') where rowid = 5"
            )
            connection.commit()

    done = bring_back(remade(made, tmp_path / "cut.tar", database=cut), empty(home, tmp_path / "new"))
    assert any(" tail " in fault for fault in done.faults) and any(" altered" in fault for fault in done.faults)
    assert any(fault.startswith("guanjia_journal has ") for fault in done.faults)


# -- where it may go ------------------------------------------------------------------------------------------------


def test_nothing_is_replaced_unasked_and_what_was_there_is_kept(home: Installation, made: Path, tmp_path: Path) -> None:
    config = config_of(home)
    before = (home.folder / "guanjia.sqlite").read_bytes()
    with pytest.raises(BackupFault, match="--force"):
        bring_back(Archive(made), config)
    assert (home.folder / "guanjia.sqlite").read_bytes() == before
    done = bring_back(Archive(made), config, force=True)
    assert done.faults == [] and Path(done.set_aside).read_bytes() == before


def test_a_database_that_is_in_use_is_not_replaced(home: Installation, made: Path) -> None:
    with closing(sqlite3.connect(home.folder / "guanjia.sqlite")) as used:
        used.execute("PRAGMA journal_mode=WAL")
        used.execute("select count(*) from guanjia_journal").fetchone()
        with pytest.raises(BackupFault, match="Stop `guanjia serve`"):
            bring_back(Archive(made), config_of(home), force=True)
    assert bring_back(Archive(made), config_of(home), force=True).faults == []


def test_it_goes_into_the_same_kind_of_database_only(home: Installation, made: Path, tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    config = dataclasses.replace(empty(home, tmp_path / "new"), database_url=url, owner_database_url=url)
    with pytest.raises(BackupFault, match="same kind|kind of"):
        bring_back(Archive(made), config)


def test_a_backup_of_a_newer_release_is_refused(home: Installation, made: Path, tmp_path: Path) -> None:
    newer = remade(made, tmp_path / "newer.tar", lambda m: replaced(m, version="9.0", revisions=["core_9999"]))
    with pytest.raises(BackupFault, match=r"release 9\.0.*core_9999"):
        bring_back(newer, empty(home, tmp_path / "new"))
    assert everything(tmp_path / "new") == set()
    with pytest.raises(BackupFault, match="format 2"):
        remade(made, tmp_path / "format.tar", lambda m: replaced(m, format=2))


def test_postgresql_is_replaced_only_when_asked_and_while_nobody_uses_it(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with installation(request, tmp_path / "home", "postgresql") as there:
        made, manifest = make_backup(config_of(there), tmp_path / "made.tar")
        assert manifest.rows["guanjia_journal"] == sum(s for c in manifest.heads.values() for s, _d in c.values()) > 50
        with elsewhere(request, there, tmp_path / "new") as new:
            put_key(there, new.folder)
            config = Config.from_environment(new.env())
            for force in (False, True):
                done = bring_back(Archive(made), config, force=force)
                assert (done.faults, done.warnings) == ([], [])
            with pytest.raises(BackupFault, match="--force"):
                bring_back(Archive(made), config)
            engine = create_engine(new.url)
            with engine.connect() as connection, pytest.raises(BackupFault, match="Stop web processes and workers"):
                connection.execute(text("select 1"))
                bring_back(Archive(made), config, force=True)
            engine.dispose()
            # the application's role is bound as before, and a backup can be made of the restored database, too
            assert make_backup(config, tmp_path / "again.tar")[1].rows == manifest.rows


def test_an_owner_from_whom_rows_are_hidden_makes_no_backup(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with installation(request, tmp_path, "postgresql") as there:
        engine = create_engine(there.owner_url)
        with engine.begin() as connection:
            connection.execute(text("drop policy backup on guanjia_journal"))
        engine.dispose()
        with pytest.raises(BackupFault, match="hidden.*guanjia_journal"):
            make_backup(config_of(there), tmp_path / "made.tar")
        assert not (tmp_path / "made.tar").exists()


# -- keys and files -------------------------------------------------------------------------------------------------


def test_keys_come_along_only_when_asked_and_their_lack_is_said(home: Installation, made: Path, tmp_path: Path) -> None:
    key = (home.folder / "data.key").read_bytes()
    assert key.strip() not in made.read_bytes()
    done = bring_back(Archive(made), empty(home, tmp_path / "new"))
    assert len(done.warnings) == 1 and "data.key" in done.warnings[0] and done.keys == []
    assert not (tmp_path / "new" / "data.key").exists()  # none was made in its stead
    config = config_of(home)
    with_keys, manifest = make_backup(config, tmp_path / "keys.tar", with_keys=True)
    assert with_keys.stat().st_mode & 0o077 == 0 and manifest.with_keys
    done = bring_back(Archive(with_keys), empty(home, tmp_path / "newer"))
    assert done.warnings == [] and "data.key" in done.keys
    assert (tmp_path / "newer" / "data.key").read_bytes() == key


def test_files_that_are_missing_or_damaged_are_named(home: Installation, tmp_path: Path) -> None:
    first, second = sorted(path for path in (home.folder / "files").rglob("*") if path.is_file())[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b"\x00")
    path, manifest = make_backup(config_of(home), tmp_path)  # a folder: the name tells the time
    names = [str(p.relative_to(home.folder)) for p in (first, second)]
    assert ([*manifest.missing, *manifest.damaged], path.parent) == (names, tmp_path)
    put_key(home, tmp_path / "new")
    done: Restored = bring_back(Archive(path), empty(home, tmp_path / "new"))
    assert done.faults == [] and len(done.warnings) == 2 and all(n in " ".join(done.warnings) for n in names)


def put_key(home: Installation, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "data.key").write_bytes((home.folder / "data.key").read_bytes())


def test_a_backup_never_replaces_a_file_and_leaves_none_half(home: Installation, made: Path, tmp_path: Path) -> None:
    before = made.read_bytes()
    with pytest.raises(BackupFault, match="exists already"):
        make_backup(config_of(home), made)
    assert made.read_bytes() == before
    (home.folder / "guanjia.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(BackupFault, match="damaged"):
        make_backup(config_of(home), tmp_path / "bad.tar")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [made.name]


def run(there: Installation, command: Any, *words: str) -> Result:
    return CliRunner().invoke(command, list(words), env=there.env())


def test_the_commands_say_what_they_did(home: Installation, tmp_path: Path) -> None:
    told = run(home, backup, "--to", str(tmp_path / "a.tar"))
    assert (
        told.exit_code == 0
        and "journal entries" in told.output
        and "keep secret.key and data.key elsewhere" in told.output
    )
    assert run(home, backup, "--to", str(tmp_path / "a.tar")).exit_code == 1
    assert "is whole" in run(home, restore, str(tmp_path / "a.tar"), "--check").output
    assert run(home, restore, str(tmp_path / "a.tar")).exit_code == 2  # neither --into nor --check
    put_key(home, tmp_path / "new")
    url = f"sqlite:///{tmp_path}/new/guanjia.sqlite"
    there = dataclasses.replace(home, url=url, owner_url=url)
    told = run(there, restore, str(tmp_path / "a.tar"), "--into", str(tmp_path / "new"))
    assert told.exit_code == 0 and "The journal is whole" in told.output, told.output
