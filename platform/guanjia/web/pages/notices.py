"""A person's own messages, in their language; reading one is a plain write, for it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from sqlalchemy import select, update
from werkzeug.wrappers import Response

from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn, SiteInfo
from guanjia.steps.models import Notification
from guanjia.web.addresses import case_url, page_url
from guanjia.web.caller import current_host, signed_in
from guanjia.words import Message, words

_ = words("guanjia")

PAGE = 40


def notifications() -> str:
    """The reader's messages, newest first."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id) as session:
        query = select(Notification).where(
            Notification.company_id == user.company_id, Notification.staff_id == user.staff_id
        )
        only = request.args.get("show") == "unread"
        if only:
            query = query.where(Notification.read_at.is_(None))
        before = _before(session, user)
        if before is not None:
            query = query.where(
                (Notification.at < before.at) | ((Notification.at == before.at) & (Notification.id < before.id))
            )
        rows = list(session.scalars(query.order_by(Notification.at.desc(), Notification.id.desc()).limit(PAGE + 1)))
        more = len(rows) > PAGE
        rows = rows[:PAGE]
        sites = _sites(host, session, user)
        kept = {"show": "unread"} if only else {}
        return render_template(
            "guanjia/notifications.html", notices=notice_parts(host, rows, sites), only_unread=only,
            next_url=page_url("notifications", before=str(rows[-1].id), **kept) if more else None,
            first_url=page_url("notifications", **kept) if before is not None else None,
            shown_chips=[{"title": str(_("All")), "url": page_url("notifications"), "on": not only},
                   {"title": str(_("Unread")), "url": page_url("notifications", show="unread"), "on": only}],
            crumbs=[(str(_("Messages")), None)],
        )  # fmt: skip


def _before(session: TenantSession, user: SignedIn) -> Notification | None:
    try:
        row = session.get(Notification, (user.company_id, UUID(request.args.get("before", ""))))
    except ValueError:
        return None
    return row if row is not None and row.staff_id == user.staff_id else None


def _sites(host: Host, session: TenantSession, user: SignedIn) -> dict[UUID, SiteInfo]:
    return {site.id: site for site in host.directory.reachable(session, user.staff_id, host.clock.now())}


def notice_parts(host: Host, rows: Sequence[Notification], sites: dict[UUID, SiteInfo]) -> list[dict[str, Any]]:
    """Messages as the pages list them."""
    return [
        {
            "id": row.id, "text": str(Message.from_json(row.message)), "at": row.at, "unread": row.read_at is None,
            "urgent": row.urgent, "leads": _address(host, row, sites) is not None,
            "rule": f"{host.texts[row.rule].refs} {host.texts[row.rule].title}" if row.rule in host.texts else "",
            "site": sites[row.site_id].name if row.site_id in sites else "",
        }
        for row in rows
    ]  # fmt: skip


def _address(host: Host, row: Notification, sites: dict[UUID, SiteInfo]) -> str | None:
    if not row.flow or row.case_id is None or row.flow not in host.flows:
        return None
    if row.site_id is not None and row.site_id not in sites:
        return None
    return case_url(row.flow, row.case_id, sites[row.site_id].code if row.site_id else None)


def open_notice(notice_id: UUID) -> Response:
    """The message is read, and its reader led to what it is about."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id, write=True) as session:
        row = session.get(Notification, (user.company_id, notice_id))
        if row is None or row.staff_id != user.staff_id:
            raise NotFound()
        row.read_at = row.read_at or host.clock.now()
        address = _address(host, row, _sites(host, session, user))
        session.commit()
    return redirect(address or page_url("notifications"), 303)


def read_all() -> Response:
    """All of the reader's messages are read."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id, write=True) as session:
        session.execute(
            update(Notification)
            .where(Notification.company_id == user.company_id, Notification.staff_id == user.staff_id,
                   Notification.read_at.is_(None))
            .values(read_at=host.clock.now())
        )  # fmt: skip
        session.commit()
    return redirect(page_url("notifications"), 303)
