"""Every message that people may read has its Chinese: in code and templates, one catalogue for each package, none stale."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

import guanjia
import tenants

HOST = Path(guanjia.__file__).parent
ROOT = Path(tenants.__file__).parent.parent
PACKAGES: dict[str, Path] = {
    "guanjia": HOST,
    "tenants": ROOT / "tenants",
    **{found.parent.name: found.parent for found in sorted((ROOT / "plugins").glob("*/plugin.py"))},
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
EVERY = pytest.mark.parametrize("domain", PACKAGES)


def says(path: Path) -> Iterator[str]:
    """The messages that a file of a package hands to `_`."""
    kind = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    for _line, text, _comments, _context in extract_from_file(kind, path, keywords={"_": None, "gettext": None}):
        yield text if isinstance(text, str) else text[0]
    if kind == "python":  # babel does not look into f-strings
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.JoinedStr):
                for node in ast.walk(part):
                    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and node.args:
                        yield ast.literal_eval(node.args[0])


def domain_of(path: Path, package: str) -> str:
    """The domain that a module names in `words("…")`; the package's own where it names none."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "words" and node.args:
            named = node.args[0]
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                return named.value
    return package


@cache
def said() -> dict[str, dict[str, str]]:
    """domain → message → where it stands first; templates speak in the domain of their package."""
    found: dict[str, dict[str, str]] = {domain: {} for domain in PACKAGES}
    for package, folder in PACKAGES.items():
        for path in sorted([*folder.rglob("*.py"), *folder.rglob("templates/**/*.html")]):
            domain = domain_of(path, package) if path.suffix == ".py" else package
            for text in says(path):
                found.setdefault(domain, {}).setdefault(text, str(path.relative_to(folder.parent)))
    return found


@cache
def catalogue(domain: str) -> Catalog:
    """The Chinese catalogue of a package; an empty one where it has none."""
    path = PACKAGES[domain] / "translations" / "zh.po"
    if not path.exists():
        return Catalog(locale="zh")
    with path.open("rb") as stream:
        return read_po(stream, locale="zh", abort_invalid=True)


def chinese(domain: str, text: str) -> str:
    """What stands in the domain's own catalogue; empty where nothing does, or where it is marked as doubtful."""
    message = catalogue(domain).get(text)
    return str(message.string) if message is not None and message.string and not message.fuzzy else ""


def test_the_packages_are_found() -> None:
    assert {"guanjia", "tenants", "registry", "customer_service", "demo"} <= set(PACKAGES)
    assert set(said()) == set(PACKAGES), "a module names a domain that no package has"
    assert len(said()["guanjia"]) > 300 and len(said()["customer_service"]) > 300


@EVERY
def test_every_message_has_its_chinese(domain: str) -> None:
    """In the domain's own catalogue; the host's common words (Save, Cancel, Yes) need not be said again."""
    missing = [
        f"{where}: {text!r}"
        for text, where in said()[domain].items()
        if not chinese(domain, text) and not chinese("guanjia", text)
    ]
    assert not missing, f"{len(missing)} messages of {domain} lack Chinese:\n" + "\n".join(missing)


@EVERY
def test_no_translation_is_doubtful_or_left_over(domain: str) -> None:
    found = catalogue(domain)
    assert [m.id for m in found if m.id and m.fuzzy] == []
    assert list(found.obsolete) == []
    stale = [m.id for m in found if m.id and m.id not in said()[domain]]
    assert not stale, f"nothing says these any more, delete them from {domain}/translations/zh.po: {stale}"


@EVERY
def test_a_page_shows_the_words_of_its_own_catalogue(domain: str) -> None:
    """A template asks the host first: where both translate the same words they say the same, or the own ones never show."""
    shown = {text for path in sorted(PACKAGES[domain].rglob("templates/**/*.html")) for text in says(path)}
    hidden = [
        text for text in shown if chinese(domain, text) and chinese("guanjia", text) not in ("", chinese(domain, text))
    ]
    assert hidden == []


@EVERY
def test_a_translation_names_the_same_values(domain: str) -> None:
    for message in catalogue(domain):
        if not message.id or not message.string:
            continue
        text, in_chinese = str(message.id), str(message.string)
        assert sorted(set(PLACEHOLDER.findall(in_chinese))) == sorted(set(PLACEHOLDER.findall(text))), text
        if PLACEHOLDER.search(text):  # such a text is filled in by %: every other % stands twice
            for sentence in (text, in_chinese):
                assert "%" not in PLACEHOLDER.sub("", sentence).replace("%%", ""), sentence


@EVERY
def test_chinese_is_chinese(domain: str) -> None:
    """A translation that has no Chinese character was forgotten, unless it is a sign or a name."""
    forgotten = [
        message.id for message in catalogue(domain)
        if message.id and message.string and re.search(r"[A-Za-z]{4,}", PLACEHOLDER.sub("", str(message.id)))
        and not re.search(r"[㐀-鿿]", str(message.string)) and message.id not in ("Guanjia", "Excel")
    ]  # fmt: skip
    assert forgotten == []


def test_a_message_that_is_missing_is_noticed(tmp_path: Path) -> None:
    module = tmp_path / "rooms.py"
    module.write_text(
        'from guanjia.words import words\n_ = words("guanjia")\nTEXT = _("A %(room)s "\n         "nobody knows")\n'
        "NAME = f\"{_('in the middle')}.txt\"\n"
    )
    page = tmp_path / "rooms.html"
    page.write_text("{{ _('Rooms, %(n)s', n=1) }}{% trans %}A corner{% endtrans %}")
    assert (
        list(says(module)) == ["A %(room)s nobody knows", "in the middle"] and domain_of(module, "tenants") == "guanjia"
    )
    assert list(says(page)) == ["Rooms, %(n)s", "A corner"]
    assert not chinese("guanjia", "A %(room)s nobody knows")
