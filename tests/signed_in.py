"""A signed-in browser for an office of the company under test; each request runs as it does in a server."""

from __future__ import annotations

import contextvars
import html
import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import office
from tenants.sign_in import sign_in

INLINE = re.compile(r"<[^>]+\s(style|on\w+)\s*=|<style|<script(?![^>]*\ssrc=)", re.IGNORECASE)


WHOLE = ("/s/", "/files/", "/hq/")  # an address that begins so is taken as it is


@dataclass
class SignedIn:
    """The browser of whoever holds a role; paths are those below `/s/<site>/customer_service`."""

    client: FlaskClient
    base: str

    def get(self, path: str, **options: Any) -> TestResponse:
        """The answer to GET."""
        return contextvars.Context().run(self.client.get, self._at(path), **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        """The answer to a form that is sent."""
        return contextvars.Context().run(self.client.post, self._at(path), data=data or {}, **options)

    def page(self, path: str, status: int = 200) -> str:
        """The page, whose markup holds nothing inline."""
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-1500:])
        assert not INLINE.search(answer.text), INLINE.search(answer.text)
        return answer.text

    def _at(self, path: str) -> str:
        return path if path.startswith(WHOLE) else self.base + path


def browser(site: office.Office, role: str, language: str = "zh") -> SignedIn:
    """A browser in which whoever holds the role has signed in; a post needs no token in it."""
    company = site.company
    company.app.config["WTF_CSRF_ENABLED"] = False
    account = f"{site.code}-{role}"
    opened = sign_in(company.host, company="acme", account=account, password=office.PASSWORD, address="::1")
    client = company.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = opened.signed_in.get_id()
        session["_fresh"] = True
    client.set_cookie("guanjia_language", language)
    return SignedIn(client, f"/s/{site.code}/customer_service")


def words_of(page: str) -> str:
    """The page as it is read: tags taken out, blanks made one."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
