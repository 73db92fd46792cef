"""Phone numbers: how they are written down, checked, masked, and found by their last digits."""

from __future__ import annotations

import re
import unicodedata

MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"[+(\d][\d+()\-]{3,24}((转|ext|x|#)\d{1,6})?", re.IGNORECASE)
_NO_DIGITS = re.compile(r"[^0-9]")
_BLANKS = re.compile(r"\s+")
_COUNTRY = re.compile(r"^(\+|00)86-?(?=1[3-9])")
TAIL = 4  # the last digits stay readable in the mask, so that finding by them gives nothing more away


def written(text: str) -> str:
    """The number as it is stored: half-width, without blanks; a mobile without country code and dashes."""
    plain = _BLANKS.sub("", unicodedata.normalize("NFKC", text)).replace("—", "-").replace("–", "-")
    plain = _COUNTRY.sub("", plain)
    digits = plain.replace("-", "")
    return digits if MOBILE.fullmatch(digits) else plain


def is_phone(text: str) -> bool:
    """Whether a stored number is a mobile (11 digits from 13 to 19) or can be a landline with five digits or more.

    Eleven digits that begin with 1 and are no mobile are a slip of the hand, not a landline.
    """
    if MOBILE.fullmatch(text):
        return True
    digits = digits_of(text)
    if len(digits) < 5 or (len(digits) in (10, 11, 12) and text.isdigit() and text.startswith("1")):
        return False
    return _LANDLINE.fullmatch(text) is not None


def masked(text: str) -> str:
    """The number for everybody: `138****1234`. A landline keeps its last four digits, or two of a short one."""
    if not text:
        return ""
    if MOBILE.fullmatch(text):
        return f"{text[:3]}****{text[-TAIL:]}"
    digits = digits_of(text)
    return "****" + digits[-TAIL if len(digits) >= 7 else -2 :]


def is_mask(text: str) -> bool:
    """Whether this is a mask and not a number."""
    return "*" in text


def digits_of(text: str) -> str:
    """The digits alone."""
    return _NO_DIGITS.sub("", text)


def tail(text: str) -> str:
    """The last four digits, by which a number is found; empty for a short landline, whose mask hides them."""
    digits = digits_of(text)
    return digits[-TAIL:] if len(digits) >= 7 else ""
