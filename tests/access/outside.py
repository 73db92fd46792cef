"""What somebody outside is answered: comparable, and searched for whatever they must never see."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any
from urllib.parse import quote

from werkzeug.test import TestResponse

from access.people import World
from access.world import PHONES, Place

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(r'(name="csrf_token" value=|name="csrf-token" content=|"X-CSRFToken": )"[^"]*"')
# who → the place of their own, and the places of which they may see nothing
PLACES = {
    "rival": ("rival", ("east", "west")), "rival_desk": ("rival", ("east", "west")), "west": ("west", ("east", "rival")),
    "west_desk": ("west", ("east", "rival")), "region": ("east", ("west", "rival")),
}  # fmt: skip
OUTSIDERS = ("rival", "west", "region")


@dataclass
class Outsider:
    """Somebody with a place of their own, asking for what belongs to another."""

    world: World
    who: str
    _nothing: dict[tuple[str, ...], tuple[int, str]] = field(default_factory=dict)

    @property
    def own(self) -> Place:
        """Where they belong."""
        return self.world.place(PLACES[self.who][0])

    @property
    def hidden(self) -> list[Place]:
        """What they must not see; the first one is what they ask for."""
        return [self.world.place(code) for code in PLACES[self.who][1]]

    def get(self, url: str, *, echo: str = "") -> tuple[int, str]:
        """A page, or below /api/v1 an answer of the API: status and comparable text."""
        if url.startswith("/api/v1"):
            return self.looked_at(self.world.call("GET", url.removeprefix("/api/v1"), self.who), url, echo)
        return self.looked_at(self.world.browser(self.who).get(url), url, echo)

    def post(self, url: str, form: Any = None, *, echo: str = "") -> tuple[int, str]:
        """A form posted to a page, or JSON to the API."""
        if url.startswith("/api/v1"):
            answer = self.world.call("POST", url.removeprefix("/api/v1"), self.who, json=form or {})
            return self.looked_at(answer, url, echo)
        return self.looked_at(self.world.browser(self.who).post(url, form), url, echo)

    def answers_alike(self, method: str, real: str, absent: str) -> None:
        """Fails unless an address with an id of theirs is refused exactly as one with an id that does not exist."""
        ask = self.get if method == "GET" else self.post
        found, area = ask(real), (method, *real.split("/")[1:3])
        expected = self._nothing.get(area)
        if found != expected:  # the same as what was answered there before needs no second question
            expected = self._nothing[area] = ask(absent)
        assert found[0] in (403, 404) and not apart(found, expected), f"{method} {real}\n{apart(found, expected)}"

    def looked_at(self, answer: TestResponse, url: str, echo: str = "") -> tuple[int, str]:
        """Status and text without what differs by itself. Fails for anything hidden, but for what was asked with."""
        text = text_of(answer) + " " + answer.headers.get("Location", "")
        asked_with = {*ID.findall(url), *ID.findall(echo)}
        for place in self.hidden:
            leaked = place.all_ids().intersection(ID.findall(text)) - asked_with
            assert not leaked, f"{self.who} sees ids of {place.code} at {url}: {leaked}"
            for secret in (place.mark, PHONES[place.code]):
                if secret not in url and secret not in echo:
                    assert secret not in text, f"{self.who} sees {secret} at {url}: {_around(text, secret)}"
        for word in filter(None, (url.split("?")[0], echo, *asked_with)):
            for written in (word, quote(word), quote(quote(word))):
                text = text.replace(written, "<asked>")
        return answer.status_code, ID.sub("<id>", _TOKEN.sub("", text))


def apart(one: tuple[int, str], other: tuple[int, str]) -> str:
    """Where two answers differ, for whoever reads the failure; empty where they do not."""
    if one == other:
        return ""
    lines = unified_diff(
        one[1].splitlines(), other[1].splitlines(), f"theirs {one[0]}", f"nobody's {other[0]}", n=0, lineterm=""
    )
    return "\n".join(line[:300] for line in list(lines)[:12])


def text_of(answer: TestResponse) -> str:
    """The body as text; of an Excel file, all that is written in it."""
    if answer.mimetype.endswith("spreadsheetml.sheet"):
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            return "\n".join(
                book.read(name).decode("utf-8", "replace") for name in book.namelist() if "docProps" not in name
            )
    return answer.data.decode("utf-8", "replace")


def _around(text: str, secret: str) -> str:
    at = text.index(secret)
    return text[max(0, at - 80) : at + 80]
