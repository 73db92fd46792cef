"""Values of a ledger's columns: as cells of a page, as plain text for print and Excel, and in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from guanjia.schema import YEARS
from guanjia.steps.flow import Column, Flow
from guanjia.steps.loader import Loader
from guanjia.steps.view import show_value
from guanjia.web.shown import DueView, due_view, state_of, tone_of
from guanjia.web.widgets import fen_to_yuan
from guanjia.words import words

_ = words("guanjia")


@dataclass(frozen=True)
class Cell:
    """One value: its text, and what the page makes of it."""

    text: str
    kind: str = "text"
    tone: str = ""
    url: str = ""
    due: DueView | None = None
    amount: Decimal | int | None = None  # of a number or an amount in yuan, for Excel

    @property
    def is_long(self) -> bool:
        """Whether the text wants a wide column; a Chinese character takes the room of two letters."""
        return self.kind == "text" and sum(2 if ord(c) > 0x2E7F else 1 for c in self.text[:40]) > 30


class Cells:
    """Makes cells of one list; names of staff are fetched for all rows at once."""

    def __init__(self, loader: Loader, flow: Flow, values: Iterable[Mapping[str, Any]]) -> None:
        self._loader, self._flow = loader, flow
        wanted = {row.get(c.name) for row in values for c in flow.columns if c.kind == "staff"}
        self._names = loader.names(i for i in wanted if isinstance(i, UUID))

    def of(self, column: Column, values: Mapping[str, Any], *, closed: bool = False) -> Cell:
        """The cell of one column. In a closed case a due date is only a date."""
        value = values.get(column.name)
        if column.kind == "state":
            state = state_of(self._flow, str(value))
            return Cell(str(state.title), "state", tone_of(state))
        if value is None or value == "":
            return Cell("", column.kind)
        make = _MAKERS.get(column.kind)
        if make is not None:
            return make(self, column, value, closed)
        return Cell(show_value(column, value), column.kind)

    def _money(self, _column: Column, value: Any, _closed: bool) -> Cell:
        fen = int(value)
        return Cell(f"¥{fen_to_yuan(fen)}", "money", amount=Decimal(fen).scaleb(-2))

    def _number(self, column: Column, value: Any, _closed: bool) -> Cell:
        amount = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
        return Cell(show_value(column, value), "number", amount=amount)

    def _due(self, column: Column, value: Any, closed: bool) -> Cell:
        if closed or not isinstance(value, datetime):
            return Cell(show_value(column, value), "moment")
        return Cell(show_value(column, value), "due", due=due_view(value, self._loader.now))

    def _staff(self, _column: Column, value: Any, _closed: bool) -> Cell:
        if isinstance(value, UUID):
            return Cell(self._names.get(value, ""), "staff")
        return Cell(str(value), "staff")

    def _flag(self, _column: Column, value: Any, _closed: bool) -> Cell:
        return Cell(str(_("Yes") if value else _("No")), "flag", "success" if value else "neutral")

    def _link(self, column: Column, value: Any, _closed: bool) -> Cell:
        if isinstance(value, tuple | list) and len(value) == 2:
            return Cell(str(value[0]), "link", url=_local(str(value[1])))
        return Cell(show_value(column, value), "link", url=_local(str(value)))

    def _choice(self, column: Column, value: Any, _closed: bool) -> Cell:
        if not column.labels:
            return Cell(str(self._loader.host.label(str(value))), "choice")
        return Cell(show_value(column, value), "choice")


_MAKERS = {
    "money": Cells._money, "number": Cells._number, "due": Cells._due, "staff": Cells._staff, "flag": Cells._flag,
    "link": Cells._link, "choice": Cells._choice,
}  # fmt: skip


def _local(url: str) -> str:
    """An address within this installation; anything else is shown as text only."""
    return url if url.startswith("/") and not url.startswith("//") else ""


def listed_columns(flow: Flow) -> list[Column]:
    """The columns of the list."""
    return [column for column in flow.columns if column.on_list]


def facts_of(loader: Loader, flow: Flow, case: Any, values: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """Label and cell of everything known of a case, its state aside, and what programs alone are answered."""
    cells = Cells(loader, flow, [values])
    closed = state_of(flow, case.state).closed
    return [
        (str(c.title), cells.of(c, values, closed=closed)) for c in flow.columns if c.kind not in ("state", "secret")
    ]


def main_column(columns: Sequence[Column]) -> str:
    """The column whose cell leads to the case."""
    names = [column.name for column in columns]
    for name in ("number", "title", "name"):
        if name in names:
            return name
    return next((c.name for c in columns if c.kind not in ("state", "flag", "due")), names[0] if names else "")


def day_of(value: str) -> date | None:
    """The day that a query names; None for anything else, and for one with which no calendar can count."""
    try:
        found = date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None
    return found if found is not None and found.year in YEARS else None
