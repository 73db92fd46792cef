"""Files: sent first, given to a case by a step afterwards, read by whoever may read that case."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Response, send_file

from guanjia.api.body import uploaded
from guanjia.api.credentials import caller, may_upload, reading, signed_in
from guanjia.api.operation import PREFIX, Operation
from guanjia.api.plain import moment
from guanjia.api.problems import answer
from guanjia.errors import Forbidden, NotFound
from guanjia.host import Host
from guanjia.steps.loader import Loader
from guanjia.steps.models import StoredFile
from guanjia.steps.view import find_case
from guanjia.words import words

_ = words("guanjia")


def operations(host: Host) -> list[Operation]:
    """Sending and reading files, at a site and at the company."""
    found = []
    for place, base in (("site", "/sites/<uuid:site_id>"), ("company", "/company")):
        found += [
            Operation("POST", f"{base}/files", f"{place}_files_create", partial(send, host), _("Send a file"), "files",
                      {201: "File"}, (403, 404, 413, 415, 422), takes_file=True,
                      description="The file waits for two days until a step names its id in a field that takes files."),
            Operation("GET", f"{base}/files/<uuid:file_id>", f"{place}_files_read", partial(fetch, host),
                      _("Read a file"), "files", {200: "binary"}, (403, 404),
                      description="Whoever may read the case may read its files; a file that waits, its sender only."),
        ]  # fmt: skip
    return found


def send(host: Host, site_id: UUID | None = None) -> Response:
    """The file is kept, pending, and its id is told."""
    ctx = caller(host, site_id)
    may_upload(signed_in())
    with ctx.reading():
        pass  # whoever does not reach the place gets its 404 before anything is read or kept
    upload = uploaded(host.config.max_upload)
    file_id = host.files.keep(ctx, upload.filename or "", upload.stream.read(host.config.max_upload + 1))
    with ctx.reading() as loader:
        row = loader.get(StoredFile, file_id)
        assert row is not None  # just kept
        return answer(file_json(row), 201, {"Location": href(row)})


def fetch(host: Host, file_id: UUID, site_id: UUID | None = None) -> Response:
    """The file's content, for whoever may read its case."""
    ctx = caller(host, site_id)
    with reading(ctx) as loader:
        row = loader.get(StoredFile, file_id)
        if row is None or row.site_id != site_id or not _may_read(loader, row):
            raise NotFound()
        content = host.files.read(loader.session, row)
    return send_file(
        BytesIO(content),
        mimetype=row.media_type,
        as_attachment=True,
        download_name=row.name,
        conditional=False,
        etag=False,
    )


def _may_read(loader: Loader, row: StoredFile) -> bool:
    if row.case_id is None or row.flow is None:
        return row.uploaded_by is not None and loader.actor is not None and row.uploaded_by == loader.actor.id
    flow = loader.host.flows.get(row.flow)
    if flow is None:
        return False
    try:
        find_case(loader, flow, row.case_id)
    except (NotFound, Forbidden):
        return False
    return True


def href(row: StoredFile) -> str:
    """Where the file is read."""
    base = f"{PREFIX}/sites/{row.site_id}" if row.site_id else f"{PREFIX}/company"
    return f"{base}/files/{row.id}"


def file_json(row: StoredFile) -> dict[str, Any]:
    """A file without its content. Size in bytes."""
    return {
        "id": row.id,
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "sha256": row.sha256,
        "uploaded_at": moment(row.uploaded_at),
        "step": row.step,
        "field": row.field,
        "href": href(row),
    }
