"""The file of a backup: a tar of parts, each with its checksum, and a manifest at the end.

The manifest is written last, so a file without one was cut short. No part is believed before its checksum was compared.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from guanjia.files.store import sync_folder

FORMAT = 1
MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_NAMES = re.compile(
    r"database\.(sqlite\.gz|pgdump)|keys/(secret|data)\.key|migrations/\w+/\w+\.py|files/[0-9a-f]{32}/[0-9a-f]{2}/[0-9a-f]{64}"
)


class BackupFault(Exception):
    """A backup cannot be made or used. The message is for the operator: what is wrong and what to do."""


class Part(msgspec.Struct, frozen=True):
    """A member of the file. Size in bytes; checksum of what is stored in it."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. Times in UTC.

    `heads` are the last links of the journal's chains by company and chain; `rows` the number of rows by table;
    `revisions` the newest migrations; `data_keys` short names of the keys that seal personal values; `missing` and
    `damaged` name files that rows point to and that could not be copied as they should be.
    """

    format: int
    made_at: str
    version: str
    distributions: dict[str, str]
    database: str
    database_version: str
    revisions: list[str]
    companies: dict[str, str]
    heads: dict[str, dict[str, tuple[int, str]]]
    rows: dict[str, int]
    data_keys: list[str]
    with_keys: bool
    parts: list[Part]
    missing: list[str]
    damaged: list[str]


class Writer:
    """Adds parts to a new backup."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.parts: list[Part] = []

    def add(self, name: str, path: Path) -> Part:
        """The file's content is a part. What grew since it was opened is left out; what shrank raises BackupFault."""
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            return self._add(name, stream, size)

    def add_text(self, name: str, text: str) -> Part:
        """The text is a part."""
        raw = text.encode("utf-8")
        return self._add(name, io.BytesIO(raw), len(raw))

    def _add(self, name: str, stream: IO[bytes], size: int) -> Part:
        counted = _Counted(stream)
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        try:
            self._tar.addfile(info, counted)
        except EOFError:
            raise BackupFault(f"{name} became shorter while it was copied. Make the backup again.") from None
        part = Part(name, size, counted.digest.hexdigest())
        self.parts.append(part)
        return part

    def finish(self, manifest: Manifest) -> None:
        """The manifest stands at the end."""
        raw = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(raw), 0o600
        self._tar.addfile(info, io.BytesIO(raw))


class _Counted:
    """A stream that digests what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        raw = self._stream.read(size)
        self.digest.update(raw)
        return raw


@contextmanager
def new_archive(target: Path) -> Iterator[Writer]:
    """A writer of `target`, which appears whole and durable at the end of the block, or not at all.

    Raises BackupFault where a file of that name exists.
    """
    if target.exists():
        raise BackupFault(f"{target} exists already. Name another file; a backup never replaces one.")
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, target)  # unlike a rename, it never replaces what somebody else put there meanwhile
        sync_folder(target.parent)
    except FileExistsError:
        raise BackupFault(f"{target} exists already. Name another file; a backup never replaces one.") from None
    finally:
        draft.unlink(missing_ok=True)


class Archive:
    """A backup that is read. Raises BackupFault where it is none, was cut short, or comes from a newer release."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with tarfile.open(path, "r:") as tar:
                members = tar.getmembers()
                last = members[-1] if members else None
                if last is None or last.name != MANIFEST:
                    raise BackupFault(f"{path} was cut short: its manifest is missing. Use another backup.")
                raw = _content(tar, last).read()
        except (tarfile.TarError, EOFError) as fault:
            raise BackupFault(f"{path} is no backup of Guanjia, or was cut short. Use another one.") from fault
        except OSError as fault:
            raise BackupFault(f"{path} cannot be read: {fault.strerror}.") from fault
        try:
            known = msgspec.json.decode(raw, type=dict[str, Any]).get("format")
            if known != FORMAT:
                raise BackupFault(
                    f"{path} is of format {known}; this release reads {FORMAT}. Install the newer release."
                )
            self.manifest = msgspec.json.decode(raw, type=Manifest)
        except msgspec.DecodeError as fault:
            raise BackupFault(f"The manifest of {path} cannot be read. Use another backup.") from fault
        names = [member.name for member in members[:-1]]
        if names != [part.name for part in self.manifest.parts] or not all(_NAMES.fullmatch(name) for name in names):
            raise BackupFault(f"{path} holds other parts than its manifest says. Use another backup.")
        if not all(member.isreg() for member in members):
            raise BackupFault(f"{path} holds something else than files. Use another backup.")

    def check(self) -> None:
        """Every part is what the manifest says. Raises BackupFault, by name, for one that is not."""
        for part, stream in self._each(lambda part: True):
            digest = hashlib.sha256()
            while raw := stream.read(_BLOCK):
                digest.update(raw)
            if digest.hexdigest() != part.sha256:
                raise BackupFault(f"{part.name} in {self.path} is damaged: its checksum differs. Use another backup.")

    def unpack(self, prefix: str, place: Callable[[str], Path]) -> int:
        """The parts whose names begin with `prefix` lie where `place` says, each whole and durable; how many they are.

        Raises BackupFault where a checksum differs.
        """
        count, folders = 0, set()
        for part, stream in self._each(lambda part: part.name.startswith(prefix)):
            target = place(part.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.{os.getpid()}.part")
            digest = hashlib.sha256()
            try:
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                    while raw := stream.read(_BLOCK):
                        digest.update(raw)
                        out.write(raw)
                    out.flush()
                    os.fsync(out.fileno())
                if digest.hexdigest() != part.sha256:
                    raise BackupFault(f"{part.name} in {self.path} is damaged: its checksum differs.")
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
            folders.add(target.parent)
            count += 1
        for folder in folders:
            sync_folder(folder)
        return count

    def _each(self, wanted: Callable[[Part], bool]) -> Iterator[tuple[Part, IO[bytes]]]:
        by_name = {part.name: part for part in self.manifest.parts}
        try:
            with tarfile.open(self.path, "r:") as tar:
                for member in tar:
                    part = by_name.get(member.name)
                    if part is not None and wanted(part):
                        yield part, _content(tar, member)
        except (tarfile.TarError, EOFError) as fault:
            raise BackupFault(f"{self.path} cannot be read to its end. Use another backup.") from fault


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = tar.extractfile(member)
    if found is None:
        raise BackupFault(f"{member.name} is no file.")
    return found
