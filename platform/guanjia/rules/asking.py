"""The guards before one step as one function: written out call by call, as one would by hand, and compiled once.

A loop over the guards costs as much as the guards themselves. Only names that Python took as identifiers in a rule's
signature, and running numbers, stand in the text that is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from guanjia.rules.verdict import ALLOWED

if TYPE_CHECKING:
    from guanjia.rules.params import Params
    from guanjia.rules.rule import Function
    from guanjia.rules.rulebook import Bound

Ask = Callable[[Mapping[str, Any], "tuple[Params, ...]"], "tuple[Any, ...] | None"]
_PARAMS = "params"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Guards in catalogue order with the keys of their rules, each once.

    `ask(facts, params)` is None where all of them simply allow, else what each said. It raises whatever the first of
    them raises. `memo` is for `decide`: the one decision of guards that had nothing against the step. Programs and memo
    are shared by all sites where the same rules are on, whatever their parameters.
    """

    ask: Ask
    params: tuple[Params, ...]
    memo: list[Any]
    guards: tuple[Bound, ...]
    keys: tuple[str, ...]
    for_button: Asked | None  # without those that need the form; None: the same

    @classmethod
    def of(cls, guards: Iterable[Bound]) -> Asked:
        """The guards, compiled."""
        found = tuple(guards)
        ask, memo, keys = _program(tuple(bound.function for bound in found))
        without_form = [bound for bound in found if "form" not in bound.function.groups]
        for_button = None if len(without_form) == len(found) else cls.of(without_form)
        return cls(ask, tuple(bound.params for bound in found), memo, found, keys, for_button)


@cache
def _program(functions: tuple[Function, ...]) -> tuple[Ask, list[Any], tuple[str, ...]]:
    """Asks these guards, given the facts and the parameters of each."""
    groups = dict.fromkeys(name for function in functions for name in function.order if name != _PARAMS)
    numbers = range(len(functions))
    lines = ["def ask(facts, params):"]
    if functions:
        lines.append(f"    {''.join(f'p{n}, ' for n in numbers)} = params")
    lines += [f"    f_{name} = facts[{name!r}]" for name in groups]
    for n in numbers:
        given = ", ".join(f"p{n}" if name == _PARAMS else f"f_{name}" for name in functions[n].order)
        lines.append(f"    v{n} = c{n}({given})")
    together = " and ".join(f"v{n} is ALLOWED" for n in numbers) or "True"
    lines.append(f"    return None if {together} else ({''.join(f'v{n}, ' for n in numbers)})")
    found: dict[str, Any] = {"ALLOWED": ALLOWED, **{f"c{n}": functions[n].call for n in numbers}}
    exec("\n".join(lines), found)  # noqa: S102 - see above
    return found["ask"], [], tuple(dict.fromkeys(function.rule for function in functions))
