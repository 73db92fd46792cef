"""Which browser this is: a signed cookie with its id and marks of the accounts that signed in from it.

Whoever guesses from elsewhere has no such cookie, so the throttle can tell the owner's browser from a stranger's
(the scheme is known as device cookies). It opens nothing: it only says on whose count an attempt goes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from guanjia.web.security import cookie_name, set_cookie
from tenants.directory import current_host

DEVICE_COOKIE = "guanjia_device"
YEAR = 365 * 24 * 3600
ACCOUNTS_OF_A_DEVICE = 20


class Device:
    """What a browser carries: its id, and marks of the accounts that signed in from it. Signed, so that none is made up."""

    def __init__(self, device_id: str, accounts: list[str]) -> None:
        self._id, self._accounts = device_id, accounts

    @classmethod
    def read(cls) -> Device:
        """The browser of this request, or a new one."""
        try:
            data = _signer().loads(request.cookies.get(cookie_name(DEVICE_COOKIE), ""))
            return cls(str(data["d"]), [str(mark) for mark in data["a"]])
        except (BadSignature, KeyError, TypeError):
            return cls(secrets.token_hex(16), [])

    def id_for(self, company: str, account: str) -> str | None:
        """The browser's id, if the account has signed in from it before."""
        return self._id if self._mark(company, account) in self._accounts else None

    def remember(self, response: Response, company: str, account: str) -> None:
        """The browser knows the account from here on; of too many the oldest is forgotten."""
        mark = self._mark(company, account)
        kept = [mark, *(known for known in self._accounts if known != mark)][:ACCOUNTS_OF_A_DEVICE]
        set_cookie(response, DEVICE_COOKIE, str(_signer().dumps({"d": self._id, "a": kept})), YEAR)

    def _mark(self, company: str, account: str) -> str:
        """The mark of an account: says nothing to whoever reads the cookie."""
        text = f"{company.strip().lower()}\x00{account.strip().lower()}\x00{self._id}".encode()
        return hmac.new(current_host().config.secret().encode(), b"device\x00" + text, hashlib.sha256).hexdigest()[:32]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_host().config.secret(), salt="guanjia.device")
