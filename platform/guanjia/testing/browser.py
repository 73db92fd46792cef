"""A browser and a program in a test: pages and API as a member of staff meets them, each request on its own."""

from __future__ import annotations

import contextvars
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanjia.testing.company import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from guanjia.testing.company import Person

INLINE = re.compile(r"<[^>]+\s(style|on\w+)\s*=|<style|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@dataclass
class Browser:
    """Whoever has signed in; addresses are whole ones, such as `/s/east/pm_parcels/shelf`."""

    client: FlaskClient
    person: Person

    @classmethod
    def of(cls, person: Person, language: str) -> Browser:
        """A browser in which the person has signed in."""
        found = cls(person.company.app.test_client(), person)
        form = {"company": person.company.code, "account": person.account, "password": PASSWORD}
        answer = found.post("/sign-in", form)
        assert answer.status_code in (302, 303), answer.text[-2000:]
        found.client.set_cookie("guanjia_language", language)
        return found

    def get(self, path: str, **options: Any) -> TestResponse:
        """The answer to GET."""
        return contextvars.Context().run(self.client.get, path, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        """The answer to a form that is sent."""
        return contextvars.Context().run(self.client.post, path, data=data or {}, **options)

    def page(self, path: str, status: int = 200) -> str:
        """The page as it is read, its markup taken out. Raises AssertionError for another status, and for style or script
        in the markup, which no browser would carry out here."""
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, words_of(answer.text)[-1500:])
        inline = INLINE.search(answer.text)
        assert inline is None, (
            f"{path} holds style or script inline, which the Content-Security-Policy refuses: {inline}"
        )
        return words_of(answer.text)


@dataclass
class Program:
    """A program with the person's token; addresses are those below `/api/v1`."""

    client: FlaskClient
    headers: dict[str, str]

    @classmethod
    def of(cls, person: Person, language: str) -> Program:
        """A program that signed in with the person's password."""
        found = cls(person.company.app.test_client(), {"Accept-Language": language})
        form = {"company": person.company.code, "account": person.account, "password": PASSWORD}
        answer = found.post("/session", form)
        assert answer.status_code == 201, answer.text
        found.headers["Authorization"] = f"Bearer {answer.json['token']}"
        return found

    def get(self, path: str, **query: Any) -> TestResponse:
        """The answer to GET."""
        return contextvars.Context().run(self.client.get, f"/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, form: Any = None, **headers: str) -> TestResponse:
        """The answer to a POST of JSON; `idempotency_key="…"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return contextvars.Context().run(
            self.client.post, f"/api/v1{path}", json=form or {}, headers=self.headers | named
        )


def words_of(page: str) -> str:
    """A page as it is read: tags taken out, blanks made one."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page))).strip()
