"""A flow declares a case's states and steps once; page, API, permission, timeline, ledger and audit follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from guanjia.schema import StrictSchema
from guanjia.words import Label, words

if TYPE_CHECKING:
    from guanjia.steps.loader import Loader

_ = words("guanjia")

SAME = "="  # a move that leaves the state as it is
SITE, COMPANY = "site", "company"


@dataclass(frozen=True)
class State:
    """A state of a case. `waits_for` are the roles told when a case enters it; `tone` colours its badge."""

    key: str
    title: Label
    tone: str = "open"  # open | waiting | good | bad | muted
    closed: bool = False
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a ledger, and a field of the API's answer. `kind` says how it is shown.

    Kinds: text, number, money, state, moment, date, due, choice, staff, flag, link; a secret is answered to programs and
    shown on no page. `value` takes the row's presented
    mapping; without it the model's attribute of the same name is taken. `labels` serves `choice`.
    """

    name: str
    title: Label
    kind: str = "text"
    sort: bool = False
    filter: bool = False
    labels: Mapping[str, Label] = field(default_factory=dict)
    on_list: bool = True
    in_api: bool = True


@dataclass(frozen=True)
class Document:
    """A printable document of a case: `template` gets the case view and what `gather` adds."""

    key: str
    title: Label
    template: str
    gather: Callable[[Loader, Any], Mapping[str, Any]] | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a flow. `moves` maps a source state to the next (SAME stays); the key None creates the case."""

    flow: str
    name: str
    title: Label
    moves: Mapping[str | None, str]
    body: Callable[..., Any]
    permission: str | None = None
    form: type[StrictSchema] | None = None
    help: Label | None = None
    tone: str = "secondary"  # primary | secondary | danger | quiet
    system_only: bool = False
    on_page: bool = True
    late_within: timedelta | None = None
    needs_key: bool = False
    choices: Callable[[Loader, Any], Mapping[str, Sequence[tuple[str, Any]]]] | None = None
    prefill: Callable[[Loader, Any], Mapping[str, Any]] | None = None
    lookups: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None  # endpoint of a hand-made page that posts this step
    offered: Callable[[Any], bool] | None = None  # whether it makes sense for this case at all

    @property
    def key(self) -> str:
        """The step's full key, `<plugin>.<flow>.<name>`."""
        return f"{self.flow}.{self.name}"

    @property
    def creates(self) -> bool:
        """Whether the step opens a new case."""
        return None in self.moves

    def __repr__(self) -> str:
        return f"<Step {self.key}>"


@dataclass(eq=False)
class Flow:
    """The life of one kind of case. `key` is `<plugin>.<name>`; declared at import, checked when the host starts.

    `facts(loader, cases)` gives one facts record per case (50 at once). `present(loader, cases)` gives one mapping per
    case with what people see besides the model's own columns (names by id, due dates).
    """

    key: str
    model: type[Any]
    title: Label
    states: Sequence[State]
    facts: Callable[[Loader, Sequence[Any]], list[Any]]
    level: str = SITE
    columns: Sequence[Column] = ()
    search: Sequence[str] = ()
    order: str = "-opened_at"
    present: Callable[[Loader, Sequence[Any]], list[dict[str, Any]]] | None = None
    heading: Callable[[Any, Mapping[str, Any]], str] | None = None
    documents: Sequence[Document] = ()
    permission: str | None = None  # needed to see cases at all; None: all staff who reach the site
    row_filter: Callable[[Loader, Any], Any] | None = None
    fragments: Mapping[str, str] = field(default_factory=dict)
    serves: tuple[str, str] | None = None  # (flow, form field): decided by that case's rulebook
    ladder: tuple[tuple[str, int], ...] = ()  # (role, hours past the due time): who is told next of what is overdue
    tells_opener: bool = True  # whoever entered a case at a site is told when it is closed
    retention_years: int = 3
    common_steps: bool = True
    menu: bool = True
    steps: dict[str, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states = {state.key: state for state in self.states}
        if self.common_steps:
            from guanjia.steps.common_steps import add_common_steps

            add_common_steps(self)

    @property
    def plugin(self) -> str:
        """The key of the owning plugin."""
        return self.key.split(".", 1)[0]

    @property
    def name(self) -> str:
        """The flow's name within its plugin."""
        return self.key.split(".", 1)[1]

    def state(self, key: str) -> State:
        """The state of that key."""
        return self._states[key]

    @property
    def open_states(self) -> tuple[str, ...]:
        """The keys of the states in which a case still lives."""
        return tuple(state.key for state in self.states if not state.closed)

    def step(
        self,
        name: str,
        moves: Mapping[Any, str] | Iterable[str],
        *,
        title: Label,
        **options: Any,
    ) -> Callable[[Callable[..., Any]], Step]:
        """Declare a step. `moves` maps source to target state; a plain list of states means: stay in them."""
        table = dict(moves) if isinstance(moves, Mapping) else dict.fromkeys(moves, SAME)

        def add(body: Callable[..., Any]) -> Step:
            if name in self.steps:
                raise ValueError(f"{self.key}: the step {name} is declared twice")
            for source, target in table.items():
                if (source is not None and source not in self._states) or (
                    target != SAME and target not in self._states
                ):
                    raise ValueError(f"{self.key}.{name}: unknown state in {source} -> {target}")
            step = Step(flow=self.key, name=name, title=title, moves=table, body=body, **options)
            self.steps[name] = step
            return step

        return add

    def any_open(self) -> dict[str | None, str]:
        """Moves that stay in every open state."""
        return dict.fromkeys(self.open_states, SAME)

    def column(self, name: str) -> Column | None:
        """The ledger column of that name."""
        return next((column for column in self.columns if column.name == name), None)
