"""Words that people read: English message ids, translated by each plugin's own catalogue when they are shown.

A message is stored as (domain, id, arguments) and rendered when read, in the reader's language. Catalogues are
`translations/<language>.po` files; they are compiled in memory at start, so no binary file is kept.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"

_language: ContextVar[str] = ContextVar("guanjia_language", default=DEFAULT_LANGUAGE)
_zone: ContextVar[tzinfo] = ContextVar("guanjia_zone", default=UTC)
_catalogues: dict[tuple[str, str], GNUTranslations] = {}


def current_language() -> str:
    """The language in which messages are rendered now: `zh` or `en`."""
    return _language.get()


@contextmanager
def speaking(language: str, zone: tzinfo | None = None) -> Iterator[None]:
    """Render messages in `language`, and moments in `zone`, for the length of the block."""
    token = _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    zone_token = _zone.set(zone) if zone is not None else None
    try:
        yield
    finally:
        _language.reset(token)
        if zone_token is not None:
            _zone.reset(zone_token)


def set_language(language: str) -> None:
    """Set the language for the rest of this context (a web request)."""
    _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


def set_zone(zone: tzinfo) -> None:
    """Set the zone in which moments are shown for the rest of this context."""
    _zone.set(zone)


def current_zone() -> tzinfo:
    """The zone in which moments are shown now."""
    return _zone.get()


def load_catalogue(domain: str, folder: Path) -> None:
    """Read `folder/<language>.po` for every language that has one. One that has changed since is read again."""
    for language in LANGUAGES:
        path = folder / f"{language}.po"
        if path.exists():
            _catalogues[(domain, language)] = _compiled(path, language, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _compiled(path: Path, language: str, _changed: int) -> GNUTranslations:
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def translate(domain: str, text: str, language: str) -> str:
    """`text` in `language`: from its own domain, then from the host's, then any other; else the English id."""
    if not text:
        return ""
    order = [(domain, language), ("guanjia", language)]
    order += [key for key in _catalogues if key[1] == language and key not in order]
    for key in order:
        catalogue = _catalogues.get(key)
        if catalogue is None:
            continue
        found = catalogue.gettext(text)
        if found != text:
            return found
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """A bilingual piece of data, such as what a clause asks. `str()` gives the reader's language."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if current_language() == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Message:
    """A translatable sentence: `str()` renders it in the reader's language.

    `args` are plain values (int, str, bool), dates, aware moments (shown in the reader's zone), or further messages.
    """

    domain: str
    id: str
    args: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        text = translate(self.domain, self.id, current_language())
        return text % {name: show(value) for name, value in self.args} if self.args else text

    def to_json(self) -> dict[str, Any]:
        """A plain mapping from which `from_json` makes the same message again."""
        return {"domain": self.domain, "id": self.id, "args": {k: _arg_to_json(v) for k, v in self.args}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """The message that `to_json` wrote."""
        return cls(data["domain"], data["id"], tuple((k, _arg_from_json(v)) for k, v in data.get("args", {}).items()))


Label = Message | Text  # what a title may be


def show(value: Any) -> str:
    """A value as a person reads it: moments in the current zone, lists joined, messages rendered."""
    if isinstance(value, datetime):
        return value.astimezone(current_zone()).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ("、" if current_language() == "zh" else ", ").join(show(item) for item in value)
    return "" if value is None else str(value)


def words(domain: str) -> Callable[..., Message]:
    """The maker of messages of one domain, by custom bound to `_`: `_("Due %(due)s", due=moment)`."""

    def make(text: str, /, **args: Any) -> Message:
        return Message(domain, text, tuple(args.items()))

    return make


def _arg_to_json(value: Any) -> Any:
    if isinstance(value, Message):
        return {"$message": value.to_json()}
    if isinstance(value, Text):
        return {"$text": [value.zh, value.en]}
    if isinstance(value, datetime):
        return {"$moment": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_arg_to_json(item) for item in value]
    return value if isinstance(value, int | str | bool) or value is None else str(value)


def _arg_from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_arg_from_json(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "$message" in value:
        return Message.from_json(value["$message"])
    if "$text" in value:
        return Text(*value["$text"])
    if "$moment" in value:
        return datetime.fromisoformat(value["$moment"])
    if "$date" in value:
        return date.fromisoformat(value["$date"])
    return value
