"""What waits for the person: approvals to sign, and notices."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy import and_, or_, select

from guanjia.api.body import read_object, read_query
from guanjia.api.credentials import may_read, signed_in
from guanjia.api.operation import Operation
from guanjia.api.plain import moment, safe
from guanjia.api.problems import answer, reasons
from guanjia.api.shapes import bases, case_href
from guanjia.db.session import TenantSession, tenant_session
from guanjia.errors import Invalid, NotFound
from guanjia.host import Host
from guanjia.ports import SignedIn, SiteInfo
from guanjia.rules.reason import Reason
from guanjia.schema import YEARS, StrictSchema
from guanjia.steps import approvals
from guanjia.steps.flow import Flow
from guanjia.steps.kept_forms import shown_form
from guanjia.steps.ledger import MAX_LIMIT
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval, Notification, Signature
from guanjia.words import Message, words

_ = words("guanjia")

_UNTOLD = frozenset({"signature", "phone", "password", "photos"})  # widgets whose values stay out of the inbox


class _Stretch(StrictSchema):
    cursor = fields.String(
        validate=validate.Length(min=1, max=200), metadata={"label": _("next_cursor of the page before")}
    )
    limit = fields.Integer(
        load_default=50, validate=validate.Range(min=1, max=MAX_LIMIT), metadata={"label": _("Rows at once")}
    )


class ApprovalsQuery(_Stretch):
    """What to list of approvals."""

    state = fields.String(
        load_default="waiting",
        validate=validate.OneOf(["waiting"]),
        metadata={"label": _("State: what waits for my signature")},
    )


class NotificationsQuery(_Stretch):
    """What to list of notices."""

    unread = fields.Boolean(load_default=False, metadata={"label": _("Only unread ones")})


def operations(host: Host) -> list[Operation]:
    """The person's inbox."""
    return [
        Operation("GET", "/approvals", "approvals_list", partial(waiting, host), _("Approvals that wait for me"), "inbox",
                  {200: "Approvals"}, (403, 422), query=ApprovalsQuery,
                  description="Oldest first. To sign, POST to `href` + `/grant` or `/reject`."),
        Operation("GET", "/notifications", "notifications_list", partial(notifications, host), _("My notices, newest first"),
                  "inbox", {200: "Notifications"}, (403, 422), query=NotificationsQuery),
        Operation("POST", "/notifications/<uuid:notification_id>/read", "notifications_mark_read",
                  partial(mark_read, host), _("Mark a notice as read"), "inbox", {200: "Notification"}, (403, 404, 415, 422)),
    ]  # fmt: skip


def waiting(host: Host) -> Response:
    """The approvals whose next signature the person may give, at every site reached and at the company."""
    who = signed_in()
    may_read(who)
    given = read_query(ApprovalsQuery())
    after = _read_cursor(given.get("cursor"))
    with tenant_session(who.company_id) as session:
        now = host.clock.now()
        reached = {site.id: site for site in host.directory.reachable(session, who.staff_id, now)}
        # Deputies and company-wide roles sign without an assignment at the company, so no one scope is asked here.
        loader = Loader(host, session, now)
        found = approvals.waiting_for(loader, who.staff_id, list(reached))
        found = [pair for pair in found if after is None or (pair[0].opened_at, pair[0].id) > after]
        page = found[: given["limit"]]
        cursor = _cursor(page[-1][0].opened_at, page[-1][0].id) if len(found) > len(page) else None
        names = loader.names(approval.requester_id for approval, _signature in page)
        items = [_approval_json(loader, reached, approval, signature, names) for approval, signature in page]
        return answer({"items": items, "next_cursor": cursor})


def _approval_json(
    loader: Loader,
    reached: Mapping[UUID, SiteInfo],
    approval: Approval,
    signature: Signature,
    names: Mapping[UUID, str],
) -> dict[str, Any]:
    host = loader.host
    step = host.step(approval.step)
    flow = host.flow(step.flow)
    site = reached.get(approval.site_id) if approval.site_id else None
    here = Loader(host, loader.session, loader.now, site)
    rulebook = host.rulebooks.get(loader.session, approval.rulebook_id) if approval.rulebook_id else None
    reason = Reason(
        signature.rule,
        "ask",
        Message.from_json(signature.message),
        rulebook.params_of(signature.rule) if rulebook else {},
        signature.role,
        signature.about,
    )
    requester = approval.requester_id
    return {
        "id": approval.id, "href": case_href(approvals.approvals, approval.site_id, approval.id), "state": approval.state,
        "version": approval.version, "opened_at": moment(approval.opened_at), "site_id": approval.site_id,
        "step": step.key, "step_title": str(step.title), "flow": flow.key, "flow_title": str(flow.title),
        "target_id": approval.target_id,
        "target_href": case_href(flow, approval.site_id, approval.target_id) if approval.target_id else None,
        "requester": {"id": requester, "name": names.get(requester, "")} if requester else None,
        "role": signature.role, "about": safe(dict(signature.about)),
        "form": _told(step.form() if step.form else None, shown_form(approval.form)),
        "reasons": reasons(here, [reason]),
    }  # fmt: skip


def _told(schema: Schema | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """What the requester entered, as far as whoever signs needs it: no phones, pictures or fields marked private."""
    if schema is None:
        return {}
    found = {}
    for name, field in schema.fields.items():
        key = field.data_key or name
        if key not in form or field.metadata.get("private") or field.metadata.get("widget") in _UNTOLD:
            continue
        found[key] = _told_value(field, form[key])
    return found


def _told_value(field: fields.Field[Any], value: Any) -> Any:
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_told_value(field.inner, item) for item in value]
    if isinstance(field, fields.Nested) and isinstance(value, Mapping):
        return _told(field.schema, value)
    return safe(value)


def notifications(host: Host) -> Response:
    """The person's own notices."""
    who = signed_in()
    may_read(who)
    given = read_query(NotificationsQuery())
    after = _read_cursor(given.get("cursor"))
    with tenant_session(who.company_id) as session:
        query = select(Notification).where(
            Notification.company_id == who.company_id, Notification.staff_id == who.staff_id
        )
        if given["unread"]:
            query = query.where(Notification.read_at.is_(None))
        if after is not None:
            at, row_id = after
            query = query.where(or_(Notification.at < at, and_(Notification.at == at, Notification.id < row_id)))
        query = query.order_by(Notification.at.desc(), Notification.id.desc()).limit(given["limit"] + 1)
        rows = list(session.scalars(query))
        page = rows[: given["limit"]]
        cursor = _cursor(page[-1].at, page[-1].id) if len(rows) > len(page) else None
        return answer({"items": [_notice_json(host, row) for row in page], "next_cursor": cursor})


def mark_read(host: Host, notification_id: UUID) -> Response:
    """The notice is read; a second time changes nothing."""
    who = signed_in()
    may_read(who)
    surplus = read_object()
    if surplus:
        raise Invalid({name: [_("This entry is not known here. Leave it out.")] for name in surplus})
    with tenant_session(who.company_id, write=True) as session:
        row = _own(session, who, notification_id)
        if row.read_at is None:
            row.read_at = host.clock.now()
            session.commit()
        return answer(_notice_json(host, row))


def _own(session: TenantSession, who: SignedIn, notification_id: UUID) -> Notification:
    row = session.scalars(select(Notification).where(
        Notification.company_id == who.company_id, Notification.id == notification_id, Notification.staff_id == who.staff_id,
    )).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound()
    return row


def _notice_json(host: Host, row: Notification) -> dict[str, Any]:
    flow = host.flows.get(row.flow) if row.flow else None
    return {
        "id": row.id, "at": moment(row.at), "message": str(Message.from_json(row.message)), "rule": row.rule,
        "flow": row.flow, "case_id": row.case_id, "site_id": row.site_id, "urgent": row.urgent,
        "href": _href(flow, row), "read_at": moment(row.read_at),
    }  # fmt: skip


def _href(flow: Flow | None, row: Notification) -> str | None:
    if flow is None or row.case_id is None:
        return None
    if row.site_id is not None and all(place != "site" for place, _base in bases(flow)):
        return None
    return case_href(flow, row.site_id, row.case_id)


def _cursor(at: datetime, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([at.isoformat(), str(row_id)])).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        text, row_id = msgspec.json.decode(raw, type=tuple[str, str])
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or at.year not in YEARS:
            raise ValueError
        return at, UUID(row_id)
    except (ValueError, TypeError, binascii.Error, msgspec.DecodeError):
        raise Invalid(
            {"cursor": [_("This cursor is not valid for this list. Start again from the first page.")]}
        ) from None
