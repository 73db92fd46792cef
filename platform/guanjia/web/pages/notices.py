"""A person's own messages, in their language; reading one is a plain write, for it decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from sqlalchemy import select, update
from werkzeug.wrappers import Response

from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn, SiteInfo
from guanjia.steps.context import Context
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Notification, Task
from guanjia.web.addresses import case_url, page_url
from guanjia.web.caller import current_host, shell, signed_in
from guanjia.web.pages.headings import Heading, headings, site_codes
from guanjia.words import Message, words

_ = words("guanjia")

PAGE = 40
_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])| (?=[,，])")  # what a number leaves behind


def notifications() -> str:
    """The reader's messages, newest first."""
    user, host = signed_in(), current_host()
    shell()  # names the site used last, and with it the zone that moments are shown in
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
            "guanjia/notifications.html", only_unread=only,
            notices=notice_parts(host, rows, sites, _abouts(host, session, user, rows)),
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


def notice_parts(
    host: Host, rows: Sequence[Notification], sites: Mapping[UUID, SiteInfo], abouts: Mapping[UUID, Heading]
) -> list[dict[str, Any]]:
    """Messages as the pages list them: each text once, below it the cases that it was said of, each case once.

    `rows` come newest first and so do the texts; `abouts` are the cases by the message's id. A number that stands in
    the case's heading is left out of the text, so that what is said of many cases is one text.
    """
    groups: dict[Any, dict[str, Any]] = {}
    for row in rows:
        about = abouts.get(row.id)
        text = _text(Message.from_json(row.message), about)
        where = sites.get(row.site_id) if row.site_id else None
        site = where.name if where is not None and len(sites) > 1 else ""
        group = groups.setdefault((text, row.rule, row.urgent, site), {
            "text": text, "urgent": row.urgent, "site": site, "cases": {},
            "rule": f"{host.texts[row.rule].refs} {host.texts[row.rule].title}" if row.rule in host.texts else "",
        })  # fmt: skip
        case = group["cases"].setdefault((row.flow, about.url if about else row.case_id), {
            "id": row.id, "about": about.text if about else "", "at": row.at, "times": 0, "unread": False,
            "leads": _address(host, row, sites) is not None,
        })  # fmt: skip
        case["times"] += 1
        case["unread"] = case["unread"] or row.read_at is None
    return [
        group | {"cases": list(group["cases"].values()), "unread": any(c["unread"] for c in group["cases"].values())}
        for group in groups.values()
    ]


def _text(message: Message, about: Heading | None) -> str:
    number = dict(message.args).get("number")
    if about is None or not isinstance(number, str) or not number or number not in about.text:
        return str(message)
    bare = replace(message, args=tuple((k, "" if k == "number" else v) for k, v in message.args))
    return _GAP.sub("", " ".join(str(bare).split()))


def about_cases(loader: Loader, rows: Sequence[Notification]) -> dict[UUID, Heading]:
    """The case that each message concerns, by the message's id: of a task or an approval the one that it is about."""
    told = {row.id: (row.flow, row.case_id) for row in rows}
    tasks = loader.by_id(Task, [case for flow, case in told.values() if flow == "guanjia.task"])
    approvals = loader.by_id(Approval, [case for flow, case in told.values() if flow == "guanjia.approval"])
    for notice, (flow, case) in told.items():
        if flow == "guanjia.task" and case in tasks:
            told[notice] = (tasks[case].target_flow, tasks[case].target_id)
        elif flow == "guanjia.approval" and case in approvals:
            asked = approvals[case]
            told[notice] = (loader.host.step(asked.step).flow, asked.target_id or asked.result_id)
    found = headings(loader, told.values(), site_codes(loader))
    return {
        notice: found[flow, case]
        for notice, (flow, case) in told.items()
        if flow is not None and case is not None and (flow, case) in found
    }


def _abouts(host: Host, session: TenantSession, user: SignedIn, rows: Sequence[Notification]) -> dict[UUID, Heading]:
    """The same for messages from several sites, as far as the reader still reaches them."""
    found: dict[UUID, Heading] = {}
    for site_id in dict.fromkeys(row.site_id for row in rows):
        try:
            loader = Context(host, user.company_id, user.staff_id, site_id).loader(session)
        except NotFound:
            continue
        found |= about_cases(loader, [row for row in rows if row.site_id == site_id])
    return found


def _address(host: Host, row: Notification, sites: Mapping[UUID, SiteInfo]) -> str | None:
    if not row.flow or row.case_id is None or row.flow not in host.flows:
        return None
    if row.site_id is not None and row.site_id not in sites:
        return None
    return case_url(row.flow, row.case_id, sites[row.site_id].code if row.site_id else None)


def open_notice(notice_id: UUID) -> Response:
    """The message is read, with those that said the same of the same case, and its reader led to what it is about."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id, write=True) as session:
        row = session.get(Notification, (user.company_id, notice_id))
        if row is None or row.staff_id != user.staff_id:
            raise NotFound()
        session.execute(
            update(Notification)
            .where(Notification.company_id == user.company_id, Notification.staff_id == user.staff_id,
                   Notification.read_at.is_(None), Notification.flow == row.flow,
                   Notification.case_id == row.case_id, Notification.message == row.message)
            .values(read_at=host.clock.now())
        )  # fmt: skip
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
