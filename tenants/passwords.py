"""Passwords: hashed with argon2id, checked against the company's policy. Length counts; composition is off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guanjia.words import Message, words
from tenants.models import Company

_ = words("tenants")

MAX_LENGTH = 200  # longer ones would only cost time
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a company asks of a password. `max_days` 0: it need not be changed from time to time."""

    min_length: int = 12
    composition: bool = False
    max_days: int = 0

    @classmethod
    def of(cls, company: Company) -> PasswordPolicy:
        """The company's policy."""
        return cls(company.password_min_length, company.password_composition, company.password_max_days)

    def faults(self, password: str, account: str = "") -> list[Message]:
        """What is wrong with the password, in words; empty where it will do."""
        found = []
        if len(password) < self.min_length:
            found.append(
                _("Take at least %(min)s characters; a short sentence is easy to keep in mind.", min=self.min_length)
            )
        if len(password) > MAX_LENGTH:
            found.append(_("Take at most %(max)s characters.", max=MAX_LENGTH))
        if account and password.casefold() == account.casefold():
            found.append(_("The password must not be the account itself. Choose another one."))
        if len(set(password)) < 4 and password:
            found.append(_("This repeats the same few characters. Choose something that is harder to guess."))
        kinds = (str.islower, str.isupper, str.isdigit)
        if self.composition and not all(any(is_kind(c) for c in password) for is_kind in kinds):
            found.append(_("Your company asks for small letters, capital letters and digits together."))
        return found

    def is_worn_out(self, changed_at: datetime, now: datetime) -> bool:
        """Whether the password is older than the company allows."""
        return self.max_days > 0 and now - changed_at > timedelta(days=self.max_days)


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
