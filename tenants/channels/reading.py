"""What was delivered, as programs read it: to find what they missed, and have it sent anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from guanjia.channels.models import Delivery
from guanjia.manifest import ApiRead
from guanjia.sdk import Loader, StrictSchema, words
from guanjia.words import Message
from tenants.channels import permissions
from tenants.channels.deliveries import CHANNELS, PAGE, STATES, rows

_ = words("tenants")


class DeliveriesQuery(StrictSchema):
    """Which deliveries."""

    state = fields.String(
        load_default="", validate=validate.OneOf(["", *STATES]), metadata={"label": _("State")}
    )  # fmt: skip
    receiver = fields.UUID(load_default=None, allow_none=True, metadata={"label": _("Receiver")})
    cursor = fields.UUID(
        load_default=None, allow_none=True, metadata={"label": _("next_cursor of the page before")}
    )  # fmt: skip


class DeliveryAnswer(StrictSchema):
    """One delivery. `id` is what a webhook is sent as webhook-id, and what the step `replay` takes."""

    id = fields.UUID()
    channel = fields.String(validate=validate.OneOf(list(CHANNELS)))
    receiver = fields.UUID()
    about = fields.String()
    site_id = fields.UUID(allow_none=True)
    state = fields.String(validate=validate.OneOf(list(STATES)))
    attempts = fields.Integer()
    status = fields.Integer(allow_none=True)
    took_ms = fields.Integer(allow_none=True)
    created_at = fields.AwareDateTime()
    next_at = fields.AwareDateTime(allow_none=True)
    done_at = fields.AwareDateTime(allow_none=True)
    fault = fields.String(allow_none=True)


class DeliveriesAnswer(StrictSchema):
    """A page of deliveries, newest first."""

    items = fields.List(fields.Nested(DeliveryAnswer))
    next_cursor = fields.UUID(allow_none=True)


def read_deliveries(loader: Loader, query: Mapping[str, Any]) -> Mapping[str, Any]:
    """Messages to people, groups and programs, newest first; of webhooks only with the permission for those."""
    found = rows(loader, state=query["state"], target=query["receiver"], before=query["cursor"])
    page = found[:PAGE]
    return {"items": [_item(row) for row in page], "next_cursor": page[-1].id if len(found) > len(page) else None}


def _item(row: Delivery) -> dict[str, Any]:
    same = ("id", "about", "site_id", "state", "attempts", "status", "took_ms", "created_at", "next_at", "done_at")
    fault = str(Message.from_json(row.fault)) if row.fault else None
    return {name: getattr(row, name) for name in same} | {
        "channel": row.kind,
        "receiver": row.target_id,
        "fault": fault,
    }


READS = (
    ApiRead("deliveries", _("Deliveries"), read_deliveries, DeliveriesAnswer, DeliveriesQuery, "company",
            permissions.WEBHOOKS.key),
)  # fmt: skip
