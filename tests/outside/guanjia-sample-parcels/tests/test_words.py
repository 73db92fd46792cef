"""Every message has its Chinese, and none stands in the catalogue that nobody says."""

from __future__ import annotations

from guanjia.testing import lacking_words


def test_every_message_is_translated_and_none_is_stale() -> None:
    assert lacking_words("pm_parcels") == ([], [])
