"""Labels of sheet entries and visit steps, as they stand in the clause data of this plugin."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from guanjia.rules.clauses import load_clauses
from guanjia.sdk import Text


@cache
def _all() -> dict[str, Text]:
    return dict(load_clauses(Path(__file__).parent / "clauses.toml").labels)


def entry_label(key: str) -> Text:
    """The label of a coded entry; the key itself where none is written."""
    return _all().get(key, Text(key, key))
