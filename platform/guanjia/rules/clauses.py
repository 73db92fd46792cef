"""Clause data: number, titles and what each clause asks, in our own words and both languages, from `clauses.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guanjia.words import Text


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a regulation. `piece` is the regulation's number, `number` the clause as printed there."""

    piece: int
    number: str
    asks: Text

    @property
    def ref(self) -> str:
        """The short form people quote: `5/5.2.4`."""
        return f"{self.piece}/{self.number}"


@dataclass(frozen=True, slots=True)
class RuleText:
    """What people read about a rule: titles, clauses, labels of its parameters."""

    key: str
    kind: str
    title: Text
    default: str
    order: int
    conflicts: tuple[str, ...]
    clauses: tuple[Clause, ...]
    params: Mapping[str, Text] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def refs(self) -> str:
        """All clauses in short form."""
        return ", ".join(clause.ref for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class ClauseBook:
    """All clause data of one plugin."""

    regulations: Mapping[int, Text]
    rules: Mapping[str, RuleText]
    labels: Mapping[str, Text]


def load_clauses(path: Path) -> ClauseBook:
    """Read one plugin's `clauses.toml`. Raises KeyError naming what is missing."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = {}
    for entry in data.get("rule", []):
        params: dict[str, Any] = entry.get("params", {})
        rules[entry["key"]] = RuleText(
            key=entry["key"],
            kind=entry["kind"],
            title=Text(entry["title_zh"], entry["title_en"]),
            default=entry.get("default", "on"),
            order=int(entry["order"]),
            conflicts=tuple(entry.get("conflicts", ())),
            clauses=tuple(
                Clause(int(c["piece"]), str(c["clause"]), Text(c["asks_zh"], c["asks_en"])) for c in entry["clause"]
            ),
            params={name: Text(p["label_zh"], p["label_en"]) for name, p in params.items()},
            units={name: p["unit"] for name, p in params.items() if "unit" in p},
        )
    regulations = {int(r["number"]): Text(r["title_zh"], r["title_en"]) for r in data.get("regulation", [])}
    labels = {key: Text(v["zh"], v["en"]) for key, v in data.get("labels", {}).items()}
    return ClauseBook(regulations, rules, labels)
