"""How a person wants to be told: a plain write of their own, like reading a notice. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate, validates_schema
from sqlalchemy import select

from guanjia.channels.models import MAIL, Delivery
from guanjia.channels.ports import AT_ONCE, DIGEST, IN_APP
from guanjia.channels.queue import put
from guanjia.channels.quiet import QUIET_FROM, QUIET_TO
from guanjia.db.session import tenant_session
from guanjia.host import Host
from guanjia.ports import SignedIn
from guanjia.schema import invalid
from guanjia.sdk import StrictSchema, words
from guanjia.steps import outbox
from tenants.channels.models import NoticeWish

_ = words("tenants")

WAYS = [(IN_APP, _("Only in the application")), (AT_ONCE, _("By e-mail, at once")),
        (DIGEST, _("By e-mail, once a day"))]  # fmt: skip


class WishForm(StrictSchema):
    """How somebody wants to be told outside the application."""

    how = fields.String(
        required=True, validate=validate.OneOf([key for key, _title in WAYS]),
        metadata={"label": _("How I am told"), "choices": WAYS, "widget": "radio", "wide": True,
                  "help": _("Every notice stands in the application at once, whatever you choose here.")},
    )  # fmt: skip
    address = fields.Email(
        load_default="", validate=validate.Length(max=254),
        metadata={"label": _("My e-mail address"), "autocomplete": "email"},
    )  # fmt: skip
    digest_hour = fields.Integer(
        load_default=8, validate=validate.Range(0, 23),
        metadata={"label": _("Hour of the daily mail"),
                  "help": _("0 to 23, local time. It lists what is unread; nothing unread, no mail.")},
    )  # fmt: skip
    quiet_from = fields.Time(
        load_default=QUIET_FROM,
        metadata={"label": _("Quiet from"),
                  "help": _("Local time at the site; mail waits until the quiet hours are over. Urgent ones do not wait.")},
    )  # fmt: skip
    quiet_to = fields.Time(load_default=QUIET_TO, metadata={"label": _("Quiet until")})

    @validates_schema
    def reachable(self, data: Mapping[str, Any], **_options: Any) -> None:
        """Whoever wants mail has an address."""
        if data.get("how") in (AT_ONCE, DIGEST) and not data.get("address"):
            raise invalid(_("Enter the address that mail should go to."), "address")


def wish_of(who: SignedIn) -> dict[str, Any]:
    """What the person wants now, as the form takes it."""
    with tenant_session(who.company_id) as session:
        row = session.get(NoticeWish, (who.company_id, who.staff_id))
    if row is None:
        return {"how": IN_APP, "digest_hour": 8, "quiet_from": QUIET_FROM, "quiet_to": QUIET_TO}
    return {name: getattr(row, name) for name in WishForm().fields}


def wish_for(host: Host, who: SignedIn, form: Mapping[str, Any]) -> None:
    """The person is told as the form says from now on."""
    with tenant_session(who.company_id, write=True) as session:
        row = session.get(NoticeWish, (who.company_id, who.staff_id), with_for_update=True)
        if row is None:
            row = NoticeWish(id=who.staff_id, company_id=who.company_id)
            session.add(row)
        for name, value in form.items():
            setattr(row, name, value)
        row.changed_at = host.clock.now()
        session.commit()


def try_address(host: Host, who: SignedIn) -> bool:
    """A test mail to the person's own address is on its way; False where one was in this minute, or none is wanted."""
    now = host.clock.now()
    with tenant_session(who.company_id, write=True) as session:
        if not host.channels.wishes(session, [who.staff_id]):
            return False
        origin = f"test:{who.staff_id}:{now:%Y-%m-%dT%H:%M}"
        known = select(Delivery.id).where(Delivery.company_id == who.company_id, Delivery.origin == origin)
        if session.scalars(known).first() is not None:
            return False
        put(
            session, host, MAIL, who.staff_id, origin, about="guanjia.test", content={"test": True}, at=now, urgent=True
        )
        outbox.light_beacons(session, host)
        session.commit()
    host.after_commit(who.company_id)
    return True
