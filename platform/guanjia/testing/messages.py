"""Whether a plugin's catalogue says in Chinese what its code and templates say in English."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po


def lacking_words(package: str) -> tuple[list[str], list[str]]:
    """The messages of the package that its `translations/zh.po` lacks, and those in it that nobody says."""
    module = importlib.import_module(package)
    assert module.__file__ is not None
    folder = Path(module.__file__).parent
    said = {text for path in _sources(folder) for text in _says(path)}
    with (folder / "translations" / "zh.po").open("rb") as stream:
        known = {str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id}
    return sorted(text for text in said if not known.get(text)), sorted(set(known) - said)


def _sources(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*.py")
    yield from (folder / "templates").rglob("*.html")


def _says(path: Path) -> Iterator[str]:
    kind = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    for _line, text, _comments, _context in extract_from_file(kind, path, keywords={"_": None, "gettext": None}):
        yield text if isinstance(text, str) else text[0]
