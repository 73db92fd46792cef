"""Stored files: whoever may see the case may have its files, asked at every access; a pending one its uploader alone."""

from __future__ import annotations

import io
from uuid import UUID

from flask import g, send_file
from werkzeug.wrappers import Response

from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import Forbidden, NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.steps.loader import Loader
from guanjia.steps.models import StoredFile
from guanjia.steps.view import find_case
from guanjia.web.caller import current_host, signed_in


def file(file_id: UUID) -> Response:
    """The file; pictures inside the page, everything else as a download."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id) as session:
        row = session.get(StoredFile, (user.company_id, file_id))
        if row is None or not _may_see(host, session, user, row):
            raise NotFound()
        content = host.files.read(session, row)
    g.guanjia_plain_shell = True
    is_picture = row.media_type.startswith("image/")
    response = send_file(io.BytesIO(content), mimetype=row.media_type, as_attachment=not is_picture,
                         download_name=row.name, etag=row.sha256, conditional=True)  # fmt: skip
    # Kept by the browser, but asked for again each time: who may see it can change.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _may_see(host: Host, session: TenantSession, user: SignedIn, row: StoredFile) -> bool:
    if row.case_id is None or row.flow is None:
        return row.uploaded_by == user.staff_id
    if row.flow not in host.flows:
        return False
    now = host.clock.now()
    site = host.directory.site(session, row.site_id) if row.site_id else None
    actor = host.directory.actor(session, user.staff_id, row.site_id, now)
    if actor is None or (row.site_id and site is None):
        return False
    try:
        find_case(Loader(host, session, now, site, actor), host.flow(row.flow), row.case_id)
    except (NotFound, Forbidden):
        return False
    return True
