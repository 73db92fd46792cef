"""Messages: kept as (domain, id, arguments), rendered when read, in the reader's language and zone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia import words as module
from guanjia.db.types import canonical_json
from guanjia.rules.reason import Reason
from guanjia.words import Message, Text, current_language, load_catalogue, show, speaking, translate, words

_ = words("trial")
MOMENT = datetime(2026, 11, 16, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Domain `trial` with Chinese for some of its ids, domain `guanjia` with one more, domain `other` with another."""
    monkeypatch.setattr(module, "_catalogues", {})
    for domain, text in {
        "trial": 'msgid "Closed"\nmsgstr "已关闭"\n\nmsgid "%(n)s parcels due %(due)s"\nmsgstr "%(due)s 到期 %(n)s 件"\n\n'
                 'msgid "Untranslated"\nmsgstr ""\n',
        "guanjia": 'msgid "Closed"\nmsgstr "关了"\n\nmsgid "Cancel"\nmsgstr "取消"\n',
        "other": 'msgid "Elsewhere"\nmsgstr "别处"\n',
    }.items():  # fmt: skip
        folder = tmp_path / domain
        folder.mkdir()
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        (folder / "zh.po").write_text(head + text, encoding="utf-8")
        load_catalogue(domain, folder)
    yield


# -- round trip ------------------------------------------------------------------------------------------


def made(domain: str, text: str, args: dict[str, Any]) -> Message:
    """A message whose arguments come in the order in which they are kept."""
    return Message(domain, text, tuple(sorted(args.items())))


plain = st.integers(-(2**53), 2**53) | st.text() | st.booleans() | st.none()
moments = st.integers(0, 2**32).map(lambda second: datetime.fromtimestamp(second, UTC))
values = st.recursive(
    plain | moments | st.dates() | st.builds(Text, st.text(), st.text()),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.builds(made, st.text(), st.text(), st.dictionaries(st.text(), inner, max_size=2))
    ),
    max_leaves=6,
)
messages = st.builds(made, st.text(), st.text(), st.dictionaries(st.text(), values, max_size=3))


@given(messages)
def test_a_message_survives_being_kept(message: Message) -> None:
    kept = canonical_json(message.to_json())  # as journal, approvals and notices keep it
    back = Message.from_json(json.loads(kept))
    assert (back.domain, back.id, dict(back.args)) == (message.domain, message.id, dict(message.args))
    assert back.to_json() == message.to_json()


@given(messages, st.dictionaries(st.text(), plain, max_size=2))
def test_a_reason_survives_being_kept(message: Message, about: dict[str, Any]) -> None:
    reason = Reason("trial.rule", "ask", message, {"n": 1}, "site_manager", about, "trial.other")
    back = Reason.from_json(json.loads(canonical_json(reason.to_json())), {"n": 1})
    assert back.to_json() == reason.to_json()
    assert (back.rule, back.outcome, back.params, back.role, back.about, back.excepted_by) == (
        "trial.rule", "ask", {"n": 1}, "site_manager", about, "trial.other")  # fmt: skip


def test_a_list_is_kept_as_a_list_and_what_is_no_plain_value_as_its_text() -> None:
    back = Message.from_json(_("x %(a)s %(b)s", a=[1, _("Closed")], b=Decimal("1.50")).to_json())
    assert dict(back.args) == {"a": (1, _("Closed")), "b": "1.50"}
    assert Message.from_json({"domain": "trial", "id": "Closed"}) == _("Closed")  # kept without arguments


# -- rendering -------------------------------------------------------------------------------------------


def test_a_message_is_rendered_in_the_readers_language_and_zone() -> None:
    message = Message.from_json(_("%(n)s parcels due %(due)s", n=3, due=MOMENT).to_json())
    with speaking("zh", ZoneInfo("Asia/Shanghai")):
        assert str(message) == "2026-11-16 09:10 到期 3 件"
    with speaking("en", ZoneInfo("Asia/Urumqi")):
        assert str(message) == "3 parcels due 2026-11-16 07:10"
    with speaking("en", timezone(timedelta(hours=-12))):
        assert str(message) == "3 parcels due 2026-11-15 13:10"


def test_messages_and_texts_within_a_message_follow_the_reader() -> None:
    message = _("%(state)s: %(what)s", state=_("Closed"), what=[Text("包裹", "Parcel"), _("Cancel"), 7])
    with speaking("zh"):
        assert str(message) == "已关闭: 包裹、取消、7"
    with speaking("en"):
        assert str(message) == "Closed: Parcel, Cancel, 7"


def test_values_are_shown_as_people_read_them() -> None:
    with speaking("zh", ZoneInfo("Asia/Shanghai")):
        assert [show(v) for v in (MOMENT, date(2026, 11, 16), None, 0, "", ("a", "b"), [])] == [
            "2026-11-16 09:10", "2026-11-16", "", "0", "", "a、b", ""]  # fmt: skip


def test_a_percent_sign_needs_no_argument() -> None:
    assert str(_("100 % done")) == "100 % done"
    assert str(_("%(n)s %% done", n=3)) == "3 % done"


def test_the_language_ends_with_its_block() -> None:
    assert current_language() == "zh"
    with speaking("en"):
        with speaking("zh"):
            assert str(_("Closed")) == "已关闭"
        assert str(_("Closed")) == "Closed"
        with speaking("klingon"):
            assert current_language() == "zh"
    assert current_language() == "zh"


# -- fallback --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain, text, expected", [
    ("trial", "Closed", "已关闭"),  # its own domain first
    ("nowhere", "Closed", "关了"),  # then the host's
    ("trial", "Cancel", "取消"),
    ("trial", "Elsewhere", "别处"),  # then any other
    ("trial", "Untranslated", "Untranslated"),  # else the English id
    ("trial", "Never heard of", "Never heard of"),
    ("trial", "", ""),  # not the catalogue's head
])  # fmt: skip
def test_a_missing_translation_falls_back(domain: str, text: str, expected: str) -> None:
    assert translate(domain, text, "zh") == expected
    assert str(Message(domain, text)) == expected
    assert translate(domain, text, "en") == text


def test_a_missing_translation_still_takes_its_arguments() -> None:
    with speaking("zh"):
        assert str(_("%(n)s left", n=2)) == "2 left"


def test_a_catalogue_read_again_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "zh.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Closed"\nmsgstr "封闭"\n',
                                    encoding="utf-8")  # fmt: skip
    load_catalogue("trial", tmp_path)
    assert translate("trial", "Closed", "zh") == "封闭"
