"""Sealed values: what opens them, what does not, and what a change of keys leaves readable."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from stat import S_IMODE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.config import Config
from guanjia.keeping import KEY_FILE, KeyFault, blind_index, blind_indexes, seal, sealed_with_newest, unseal

OLD, NEW = "old-" * 8, "new-" * 8
WHERE = "registry.resident.identity:company:row"


def keyed(data_key: str, folder: Path = Path("/nowhere")) -> Config:
    return Config(data_folder=folder, database_url="", owner_database_url="", data_key=data_key)


@given(st.text(max_size=200))
def test_what_was_sealed_comes_back_and_never_stands_there_readable(value: str) -> None:
    sealed = seal(keyed(NEW), value, WHERE)
    assert unseal(keyed(NEW), sealed, WHERE) == value
    assert sealed.isascii() and (len(value) < 4 or value not in sealed)
    assert sealed != seal(keyed(NEW), value, WHERE), "equal values would show that they are equal"


def test_a_value_that_was_altered_or_moved_to_another_row_does_not_open() -> None:
    sealed = seal(keyed(NEW), "110101199003070011", WHERE)
    spoilt = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for value, context in ((spoilt, WHERE), (sealed, WHERE + "2"), (sealed[:20], WHERE)):
        with pytest.raises(KeyFault, match="altered"):
            unseal(keyed(NEW), value, context)


def test_a_change_of_keys_writes_with_the_first_and_still_reads_the_old() -> None:
    before = seal(keyed(OLD), "value", WHERE)
    both = keyed(f"{NEW}, {OLD}")
    assert unseal(both, before, WHERE) == "value" and not sealed_with_newest(both, before)
    after = seal(both, "value", WHERE)
    assert unseal(keyed(NEW), after, WHERE) == "value" and sealed_with_newest(both, after)
    with pytest.raises(KeyFault, match="not listed"):
        unseal(keyed(NEW), before, WHERE)


def test_equal_values_are_found_in_one_context_alone_and_under_every_key() -> None:
    both = keyed(f"{NEW},{OLD}")
    assert blind_index(both, "value", "a") == blind_index(keyed(NEW), "value", "a")
    assert blind_index(both, "value", "a") != blind_index(both, "value", "b")
    assert blind_index(both, ":value", "a") != blind_index(both, "value", "a:"), "context and value are kept apart"
    assert blind_indexes(both, "value", "a") == (
        blind_index(keyed(NEW), "value", "a"),
        blind_index(keyed(OLD), "value", "a"),
    )


def test_a_short_key_is_refused_with_the_way_to_make_one() -> None:
    with pytest.raises(KeyFault, match="32 characters"):
        seal(keyed("short"), "value", WHERE)


def test_without_a_configured_key_one_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    config = keyed("", tmp_path / "data")
    with ThreadPool(8) as pool:
        sealed = pool.map(lambda n: seal(config, str(n), WHERE), range(40))
    assert [unseal(config, value, WHERE) for value in sealed] == [str(n) for n in range(40)]
    path = config.data_folder / KEY_FILE
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in config.data_folder.iterdir()] == [KEY_FILE], "no half-made file is left"
    key = path.read_text(encoding="ascii").strip()
    assert unseal(replace(config, data_key=f"{NEW},{key}"), sealed[7], WHERE) == "7", "the file's key can be listed"


def test_keys_and_addresses_with_passwords_stay_out_of_what_is_printed() -> None:
    config = replace(keyed(NEW), secret_key="secret-value", database_url="postgresql://me:word@host/db")
    assert NEW not in repr(config) and "secret-value" not in repr(config) and "word" not in repr(config)
