"""Webhooks for integrations, as the Standard Webhooks specification writes them: a JSON body, signed with its id and time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.db.types import canonical_json

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret
TEST = "guanjia.test"


def new_secret() -> str:
    """A fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError where it is not `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except binascii.Error:
        key = b""
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError("no secret of a webhook")
    return key


def body_of(event: Mapping[str, Any]) -> bytes:
    """The event as it is sent: the same bytes whenever it is."""
    return canonical_json(dict(event)).encode()


def headers_of(message_id: UUID, at: datetime, body: bytes, secrets_now: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt; signed with every secret that counts now, so that a change of secret loses nothing."""
    seconds = str(int(at.timestamp()))
    signed = [sign(key_of(secret), str(message_id), seconds, body) for secret in secrets_now]
    return {
        "Content-Type": "application/json", "webhook-id": str(message_id), "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signed),
    }  # fmt: skip


def sign(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 over id, time and body, joined by dots, in base64."""
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def event_of(
    *,
    event_id: UUID,
    type_: str,
    at: datetime,
    company_id: UUID,
    site_id: UUID | None = None,
    case_id: UUID | None = None,
    number: str | None = None,
    state: str | None = None,
    step: str | None = None,
    actor_id: UUID | None = None,
) -> dict[str, Any]:
    """What an integration is told of a step: ids and values, no names and no phones."""

    def text(value: UUID | None) -> str | None:
        return str(value) if value is not None else None

    return {
        "id": str(event_id), "type": type_, "at": at.isoformat(), "company": str(company_id), "site": text(site_id),
        "case": text(case_id), "number": number, "state": state, "step": step, "actor": text(actor_id),
    }  # fmt: skip
