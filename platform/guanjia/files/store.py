"""The file store: content under company and checksum in a folder, Excel lists sealed; rows in `guanjia_file`."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import filetype
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import TenantSession, tenant_session
from guanjia.db.unwritable import unavailable
from guanjia.errors import Invalid, NotFound, TooLarge
from guanjia.keeping import KeyFault, seal_bytes, unseal_bytes
from guanjia.steps.changes import declared
from guanjia.steps.models import Approval, StoredFile
from guanjia.words import words

if TYPE_CHECKING:
    from guanjia.config import Config
    from guanjia.host import Host
    from guanjia.steps.context import Context, StepContext

_ = words("guanjia")
_log = logging.getLogger("guanjia.files")

ALLOWED = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}  # fmt: skip
PENDING_FOR = timedelta(days=2)
_DRAFT = ".part"
_SPARED = 600  # seconds for which written content is left alone: its row may be on its way
SEALED = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})  # lists of people
FILE_WIDGETS = ("photos", "file", "signature")


class FileStore:
    """Keeps files of all companies, each under its own folder. Content is written before its row, never changed."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._folder = host.config.data_folder / "files"

    def keep(self, caller: Context, name: str, content: bytes) -> UUID:
        """Store an upload as pending, owned by its uploader, and return its id.

        Raises TooLarge beyond the limit, Invalid for an empty file or a type that is not allowed (by content, not name).
        """
        if len(content) > self._host.config.max_upload:
            raise TooLarge()
        kind = filetype.guess_mime(content)
        if kind not in ALLOWED:
            raise Invalid(
                {
                    "file": [
                        _(
                            "This type of file is not accepted. Send a picture (JPG, PNG, WebP), a PDF, or an Excel or Word file."
                        )
                    ]
                }
            )
        digest = hashlib.sha256(content).hexdigest()
        sealed = kind in SEALED
        stored = seal_bytes(self._host.config, content, f"{caller.company_id}:{digest}") if sealed else content
        try:
            self._write(caller.company_id, digest, stored)
        except OSError as fault:
            told = unavailable(fault)
            if told is None:
                raise
            _log.exception("a file could not be kept")
            raise told from fault
        row = StoredFile(
            id=self._host.ids.new(),
            company_id=caller.company_id,
            site_id=caller.site_id,
            name=_safe_name(name, kind),
            media_type=kind,
            size=len(content),
            sha256=digest,
            uploaded_by=caller.actor_id,
            uploaded_at=self._host.clock.now(),
        )
        with tenant_session(caller.company_id, write=True) as session:
            session.add(row)
            session.commit()
        return row.id

    def _write(self, company_id: UUID, digest: str, content: bytes) -> None:
        """The content stands under its checksum, whole and durable, before any row names it; or nothing of it does."""
        path = self._path(company_id, digest)
        if path.exists() and is_whole(self._host.config, path):
            path.touch()  # wanted again: a sweep leaves it alone
            return
        fresh = _make_folders(path.parent)
        draft = path.with_name(f".{digest}.{secrets.token_hex(8)}{_DRAFT}")
        try:
            with draft.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        for folder in (path.parent, *fresh):
            sync_folder(folder)

    def _path(self, company_id: UUID, digest: str) -> Path:
        return self._folder / company_id.hex / digest[:2] / digest

    def claim(self, ctx: StepContext, case: Any) -> None:
        """Give the files named in the form to the case. Raises Invalid, naming the field, for a file that is not there,
        or not the actor's own pending upload."""
        schema = ctx.step.form
        if schema is None:
            return
        for name, field in declared(schema).items():
            if field.metadata.get("widget") not in FILE_WIDGETS or not isinstance(field, fields.UUID | fields.List):
                continue
            value = ctx.form.get(name)
            for file_id in value if isinstance(value, list) else [value] if value else []:
                row = ctx.session.get(StoredFile, (ctx.session.company_id, file_id))
                mine = row is not None and (row.uploaded_by == ctx.actor_id or ctx.actor_id is None)
                if row is None or not mine or row.case_id not in (None, case.id):
                    raise Invalid({name: [_("This file is not there any more. Choose it again.")]})
                row.flow, row.case_id, row.step, row.field = ctx.flow.key, case.id, ctx.step.key, name
                row.site_id = getattr(case, "site_id", None)

    def release(self, session: TenantSession, case_id: UUID) -> None:
        """The files of a case that is deleted belong to nobody any more; the next sweep takes them away."""
        for row in self.of_cases(session, [case_id])[case_id]:
            row.flow = row.case_id = row.step = row.field = row.uploaded_by = None

    def drop(self, session: TenantSession, checksums: Iterable[str]) -> None:
        """The content is gone where no row of the company names it any more. Belongs after the commit that took the rows."""
        query = select(StoredFile.sha256).where(StoredFile.company_id == session.company_id)
        for digest in set(checksums) - set(session.scalars(query)):
            self._path(session.company_id, digest).unlink(missing_ok=True)

    def sweep(self, company_id: UUID) -> int:
        """Uploads that no step took within two days are gone, with their content where no other row names it.

        What a waiting approval names stays: its step takes the files at the last yes. Returns how many rows went.
        """
        limit = self._host.clock.now() - PENDING_FOR
        gone: list[str] = []
        with tenant_session(company_id, write=True) as session:
            query = select(StoredFile).where(
                StoredFile.company_id == company_id, StoredFile.case_id.is_(None), StoredFile.uploaded_at < limit
            )
            waiting = select(Approval.form).where(
                Approval.company_id == company_id, Approval.state.in_(("waiting", "signed"))
            )
            asked_for = str(session.scalars(waiting).all())
            for row in session.scalars(query).all():
                if str(row.id) in asked_for:
                    continue
                try:
                    with session.begin_nested():
                        session.delete(row)
                except IntegrityError:  # a plugin's own record points to it
                    continue
                gone.append(row.sha256)
            session.commit()
            named = set(session.scalars(select(StoredFile.sha256).where(StoredFile.company_id == company_id)))
        left = [self._path(company_id, digest) for digest in set(gone) - named]
        left += (self._folder / company_id.hex).glob(f"*/.*{_DRAFT}")  # of processes that were killed
        for path in left:
            if path.exists() and time.time() - path.stat().st_mtime > _SPARED:
                path.unlink(missing_ok=True)
        return len(gone)

    def read(self, session: TenantSession, row: StoredFile) -> bytes:
        """The content, opened where it is sealed and checked against its checksum. Raises NotFound if it is gone or damaged."""
        path = self._path(session.company_id, row.sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFound() from None
        try:
            content = unseal_bytes(self._host.config, content, f"{session.company_id}:{row.sha256}")
        except KeyFault:
            _log.exception("file %s cannot be opened", row.id)
            content = b""
        if hashlib.sha256(content).hexdigest() != row.sha256:
            raise NotFound(
                _("This file is damaged on the disk. Tell your administrator to restore it from the backup.")
            )
        return content

    def of_cases(self, session: TenantSession, case_ids: Sequence[UUID]) -> dict[UUID, list[StoredFile]]:
        """The files of the cases, oldest first."""
        found: dict[UUID, list[StoredFile]] = {i: [] for i in case_ids}
        query = select(StoredFile).where(StoredFile.company_id == session.company_id, StoredFile.case_id.in_(case_ids))
        for row in session.scalars(query.order_by(StoredFile.uploaded_at, StoredFile.id)):
            if row.case_id is not None:
                found[row.case_id].append(row)
        return found

    def pending(self, session: TenantSession, ids: Iterable[UUID], owner: UUID | None) -> list[StoredFile]:
        """The owner's pending uploads among `ids`, so that a form can come back with them."""
        query = select(StoredFile).where(
            StoredFile.company_id == session.company_id,
            StoredFile.id.in_(list(ids)),
            StoredFile.uploaded_by == owner,
            StoredFile.case_id.is_(None),
        )
        return list(session.scalars(query))


def is_whole(config: Config, path: Path) -> bool:
    """Whether stored content has the checksum that is its name. Sealed content needs its key for that."""
    content = path.read_bytes()
    try:
        content = unseal_bytes(config, content, f"{UUID(path.parent.parent.name)}:{path.name}")
    except KeyFault:
        return False
    return hashlib.sha256(content).hexdigest() == path.name


def sync_folder(folder: Path) -> None:
    """The names in the folder outlive a power failure."""
    if os.name == "nt":  # where a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folders(folder: Path) -> list[Path]:
    """The folder is there; those in which a new name came to stand by that."""
    if folder.exists():
        return []
    above = _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    return [folder.parent, *above]


def _safe_name(name: str, kind: str) -> str:
    clean = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]+", "_", name).strip(" .")[-120:] or "file"
    suffix = "." + ALLOWED[kind]
    return clean if clean.lower().endswith((suffix, ".jpeg")) else clean + suffix
