"""Checks that come before a register writes: a row that was flushed first would fail in the database, without a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from guanjia.errors import Invalid
from guanjia.sdk import Flow, Step, StepContext, words

_ = words("tenants")

Look = Callable[[Mapping[str, Any], Any, StepContext], None]


def look_first(flow: Flow, look: Look) -> Flow:
    """The flow, whose acts create and change ask `look(form, row, ctx)` first (`row` None at create)."""
    for name in ("create", "change"):
        step = flow.steps.get(name)
        if step is not None:
            flow.steps[name] = replace(step, body=_looking(step, look))
    return flow


def _looking(step: Step, look: Look) -> Callable[..., Any]:
    def create(values: Mapping[str, Any], ctx: StepContext) -> Any:
        look(values, None, ctx)
        return step.body(values, ctx)

    def change(row: Any, values: Mapping[str, Any], ctx: StepContext) -> Any:
        look(values, row, ctx)
        return step.body(row, values, ctx)

    return create if step.creates else change


def refuse_change(form: Mapping[str, Any], row: Any, name: str) -> None:
    """Return if the value is the row's own. Raises Invalid, naming the field."""
    if row is not None and form[name] != getattr(row, name):
        raise Invalid({name: [_("This stands in addresses and on paper and cannot change. Leave it as it was.")]})
