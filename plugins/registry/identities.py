"""Identity documents: how a number is written down, checked and masked, and how it is kept sealed.

A resident identity number has 18 characters whose last one checks the others (GB 11643-1999). Everything else (passport,
travel permits of Hong Kong, Macao and Taiwan) is taken as letters and digits: their issuers publish no common check.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any
from uuid import UUID

from guanjia.config import Config
from guanjia.keeping import blind_index, blind_indexes, seal, unseal

_PUT_BETWEEN = re.compile(r"[\s\-—–·]+")
_RESIDENT = re.compile(r"\d{17}[\dX]")
_DOCUMENT = re.compile(r"(?=.*\d)[A-Z0-9]{5,20}")
_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_CHECKS = "10X98765432"
_LENGTHS_OF_OTHERS = frozenset({7, 8, 9, 10})  # digits alone: passports and travel permits, nothing longer
LONGEST = 20


def written(text: str) -> str:
    """The number as it is stored: half-width, capital letters, without blanks and dashes."""
    return _PUT_BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def is_identity(text: str) -> bool:
    """Whether a stored number can be one. What looks like a resident identity number must be one: date and check digit."""
    if _RESIDENT.fullmatch(text):
        return _has_birthday(text) and check_digit(text) == text[17]
    if text.isdigit():
        return len(text) in _LENGTHS_OF_OTHERS
    return _DOCUMENT.fullmatch(text) is not None


def check_digit(text: str) -> str:
    """The 18th character that the first 17 digits ask for (ISO 7064, MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11]


def _has_birthday(text: str) -> bool:
    try:
        return 1900 <= date(int(text[6:10]), int(text[10:12]), int(text[12:14])).year < 2100
    except ValueError:
        return False


def masked(text: str) -> str:
    """The number for everybody: its first and its last two characters (`3****12`), of a short one the last alone."""
    if not text:
        return ""
    return f"{text[0]}****{text[-2:]}" if len(text) >= 8 else f"****{text[-1]}"


def sealed_columns(config: Config, company_id: UUID, resident_id: UUID, number: str) -> dict[str, str]:
    """The columns of a resident that keep the number: sealed, its mask, and what finds it. All empty for no number."""
    if not number:
        return {"identity": "", "identity_mask": "", "identity_index": ""}
    return {
        "identity": seal(config, number, _place(company_id, resident_id)),
        "identity_mask": masked(number),
        "identity_index": blind_index(config, number, _found(company_id)),
    }


def opened(config: Config, resident: Any) -> str:
    """The full number of a resident, for whoever performed the look at it. Raises KeyFault."""
    return unseal(config, resident.identity, _place(resident.company_id, resident.id)) if resident.identity else ""


def found_by(config: Config, company_id: UUID, text: str) -> tuple[str, ...]:
    """What the index of a resident with this number reads, under every key that is listed."""
    return blind_indexes(config, written(text), _found(company_id))


def _place(company_id: UUID, resident_id: UUID) -> str:
    return f"registry.resident.identity:{company_id}:{resident_id}"


def _found(company_id: UUID) -> str:
    return f"registry.resident.identity:{company_id}"
