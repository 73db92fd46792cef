"""Writing a new plugin from the templates in `template/`."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 24  # characters: table and constraint names grow out of it, and databases cut them at 63
SUFFIX = ".tmpl"


class WrongName(ValueError):
    """The plugin cannot be called so, or not be written there. The message says why."""


def write_plugin(name: str, folder: Path, *, title: str | None = None, title_zh: str | None = None) -> Path:
    """A plugin of that name stands in `folder/name`, its tests passing as written. Raises WrongName.

    `name` is the package, the key and the prefix of everything: small letters, digits and single underscores.
    """
    _check(name)
    target = folder / name
    if target.exists():
        raise WrongName(f"{target} is there already. Choose another name or folder.")
    english = title or name.replace("_", " ").capitalize()
    words = {
        "name": name, "distribution": name.replace("_", "-"), "title": _safe(english), "title_zh": _safe(title_zh or english),
    }  # fmt: skip
    for source, parts in _templates(files("guanjia.plugin_commands") / "template"):
        path = target.joinpath(*(part.replace("package", name) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    return target


def _check(name: str) -> None:
    if not NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(name):
        raise WrongName(
            f"A plugin cannot be called {name}: take at most {LONGEST} small letters, digits and single underscores, a letter first."
        )
    if name in sys.stdlib_module_names or name in packages_distributions():
        raise WrongName(f"A package {name} is there already. Put something of your own before it, as in my_{name}.")


def _safe(title: str) -> str:
    """A title that can stand between quotation marks in Python, TOML and a catalogue alike."""
    if not title.strip() or len(title) > 60 or re.search(r'["\\%\x00-\x1f]', title):
        raise WrongName("A title has 1 to 60 characters and no quotation marks, backslashes or percent signs.")
    catalogue = files("guanjia.plugin_commands") / "template" / "package" / "translations" / f"zh.po{SUFFIX}"
    if f'msgid "{title}"' in catalogue.read_text(encoding="utf-8"):
        raise WrongName(f'The plugin uses the word "{title}" for something else. Choose another title.')
    return title


def _templates(folder: Traversable, parts: tuple[str, ...] = ()) -> Iterator[tuple[Traversable, tuple[str, ...]]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, (*parts, entry.name))
        elif entry.name.endswith(SUFFIX):
            yield entry, (*parts, entry.name.removesuffix(SUFFIX))
