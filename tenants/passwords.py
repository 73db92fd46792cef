"""Passwords: hashed with argon2id, checked against the company's policy. Length and being hard to guess count by default;
composition, rotation and history (GB/T 22239, level 3) come with one switch."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guanjia.words import Message, words
from tenants.guessable import is_easily_guessed
from tenants.models import Company

_ = words("tenants")

MAX_LENGTH = 200  # longer ones would only cost time
KINDS_ASKED = 3  # of four: small letters, capital letters, digits, other characters
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a company asks of a password. `max_days` and `history` count only where `level3` is on."""

    min_length: int = 12
    level3: bool = False
    max_days: int = 90
    history: int = 5

    @classmethod
    def of(cls, company: Company) -> PasswordPolicy:
        """The company's policy."""
        return cls(
            company.password_min_length, company.password_level3, company.password_max_days, company.password_history
        )

    def faults(self, password: str, account: str = "", known: Iterable[str] = ()) -> list[Message]:
        """What is wrong with the password, in words; empty where it will do.

        `known` are words that anybody would try for this person: the company's code and name, their own name.
        """
        found = []
        if len(password) < self.min_length:
            found.append(
                _("Take at least %(min)s characters; a short sentence is easy to keep in mind.", min=self.min_length)
            )
        if len(password) > MAX_LENGTH:
            found.append(_("Take at most %(max)s characters.", max=MAX_LENGTH))
        own = [word for word in (account, *known) if word]
        held = next((word for word in own if _holds(password, word)), None)
        if held is not None:
            found.append(_('Leave "%(word)s" out: it is the first thing that somebody else would try.', word=held))
        elif not found and is_easily_guessed(password, own):
            found.append(
                _(
                    "This is among the first that somebody else would try. Add a word or two that do not belong together."
                )
            )
        if self.level3 and _kinds(password) < KINDS_ASKED:
            found.append(
                _(
                    "Your company asks for three of these four: small letters, capital letters, digits, other characters."
                )
            )
        return found

    def was_used(self, password: str, present: str | None, former: Sequence[str]) -> bool:
        """Whether the password is the present one or one of the last that the policy remembers; never without level 3."""
        hashes = [*([present] if present else []), *former][: self.history] if self.level3 else []
        return any(matches(stored, password) for stored in hashes)

    def remembered(self, present: str | None, former: Sequence[str]) -> list[str]:
        """The hashes to keep once `present` is replaced, newest first."""
        return [*([present] if present else []), *former][: self.history] if self.level3 else []

    def is_worn_out(self, changed_at: datetime, now: datetime) -> bool:
        """Whether the password is older than the company allows."""
        return self.level3 and self.max_days > 0 and now - changed_at > timedelta(days=self.max_days)


def _holds(password: str, word: str) -> bool:
    """Whether the word stands in the password; words so short that they stand in anything do not count."""
    shortest = 2 if any(ord(c) > 0x2E7F for c in word) else 4  # two Chinese characters are a word
    return len(word) >= shortest and _folded(word) in _folded(password)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace(" ", "")


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit)
    found = [any(is_kind(c) for c in password) for is_kind in tests]
    return sum(found) + any(not any(is_kind(c) for is_kind in tests) for c in password)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; without a stored one the same time passes and the answer is no."""
    try:
        return _hasher.verify(stored or _nobodys_hash(), password[:MAX_LENGTH]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
