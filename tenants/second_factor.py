"""Second factors: time-based codes from an authenticator (RFC 6238), and recovery codes for a lost phone.

The secret is kept sealed with a key outside the database; of recovery codes only hashes are kept. What is decided here
touches no database: whoever calls holds the row locked, so that two posts of one code at once take it once.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
import segno

from guanjia.config import Config
from guanjia.keeping import KeyFault, seal, sealed_with_newest, unseal
from guanjia.words import words

_ = words("tenants")
_log = logging.getLogger("tenants.second_factor")

STEP = 30  # seconds that a code stands for
DRIFT = 1  # steps by which a phone's clock may be off, either way
RECOVERY_CODES = 10
TRIES = 5  # wrong codes, then the password is asked again
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without what looks alike
_GROUPS, _GROUP = 3, 5  # 15 characters of 31: 74 bits, so a plain hash is enough
WRONG_CODE = _("This code is not right, or was used already. Wait for the next one, or take a recovery code.")


@dataclass(frozen=True, slots=True)
class Factor:
    """What is kept of somebody's second factor: the sealed secret, the last time step taken, hashes of recovery codes."""

    sealed: str
    context: str
    last_step: int
    recovery: Sequence[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A code was right: what is to be kept from now on. `by_recovery`: a recovery code was used up."""

    last_step: int
    recovery: list[str]
    by_recovery: bool = False


def context_of(owner: UUID, company_id: UUID | None = None) -> str:
    """What a sealed secret is bound to: moved to another person's row, it does not open."""
    return f"second-factor:{company_id or 'operator'}:{owner}"


def new_secret() -> str:
    """A fresh secret, in base32, as people type it into an authenticator."""
    return pyotp.random_base32()


def seal_secret(config: Config, secret: str, context: str) -> str:
    """The secret as the database keeps it."""
    return seal(config, secret, context)


def open_secret(config: Config, sealed: str, context: str) -> str | None:
    """The secret; None where its key is gone or the text was altered, which is logged."""
    try:
        return unseal(config, sealed, context)
    except KeyFault as fault:
        _log.error("a second factor cannot be read: %s", fault)
        return None


def with_newest_key(config: Config, sealed: str, context: str) -> str:
    """The same secret sealed with the newest key, so that an old one can be taken from the list in time."""
    secret = None if sealed_with_newest(config, sealed) else open_secret(config, sealed, context)
    return sealed if secret is None else seal(config, secret, context)


def step_of(secret: str, code: str, now: datetime, after: int = 0) -> int | None:
    """The time step whose code this is, at most one step off `now` and later than the step `after`; else None."""
    digits = _digits(code)
    if digits is None:
        return None
    generator = pyotp.TOTP(secret, interval=STEP)
    present = int(now.timestamp()) // STEP
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):  # all of them, so that the time tells nothing
        if hmac.compare_digest(generator.generate_otp(step), digits) and step > after:
            found = step
    return found


def take(config: Config, factor: Factor, code: str, now: datetime) -> Taken | None:
    """What to keep after this code, if it is right: the authenticator's, not used yet, or an unused recovery code."""
    if _digits(code) is not None:
        secret = open_secret(config, factor.sealed, factor.context)
        step = step_of(secret, code, now, factor.last_step) if secret is not None else None
        return Taken(step, list(factor.recovery)) if step is not None else None
    wanted = digest_of_recovery(code, factor.context)
    left = [digest for digest in factor.recovery if not hmac.compare_digest(digest, wanted)]
    return Taken(factor.last_step, left, by_recovery=True) if len(left) < len(factor.recovery) else None


def new_recovery_codes() -> list[str]:
    """Ten codes to write down, such as `x7k2m-9pqrs-h4tvw`; each opens once."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _c in range(_GROUP)) for _g in range(_GROUPS))
        for _n in range(RECOVERY_CODES)
    ]


def digest_of_recovery(code: str, context: str) -> str:
    """The hash under which a recovery code is kept; however it was typed: in capitals, with blanks, without hyphens."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).lower()[:100]
    return hashlib.sha256(f"{context}:{plain}".encode()).hexdigest()


def address_of(secret: str, account: str, issuer: str) -> str:
    """The `otpauth://` address that an authenticator reads."""
    return str(pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=account, issuer_name=issuer))


def picture_of(address: str) -> str:
    """The address as a QR code: an SVG in a data URI, which the pages' strict policy allows as a picture."""
    return str(segno.make(address, error="l").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"))


def in_groups(secret: str) -> str:
    """The secret as it is read out and typed: four characters at a time."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def _digits(code: str) -> str | None:
    """The six digits, however an input method wrote them; None where this is no authenticator's code."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", code))
    return plain if re.fullmatch(r"[0-9]{6}", plain) else None
