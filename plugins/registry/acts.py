"""The acts of a site's register: add, change, retire, take back into use.

Like the host's `register`, with one thing more: what is entered is checked and turned into columns before the row is
written, so that a wrong entry is answered at its field and never by the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guanjia.sdk import Flow, Loader, Message, State, StepContext, StrictSchema, words
from plugins.registry import permissions

_ = words("registry")

ACTIVE, RETIRED = "active", "retired"
Columns = Mapping[str, Any]


def site_register(
    key: str,
    model: type[Any],
    *,
    title: Message,
    form: type[StrictSchema],
    prepare: Callable[[Any, Columns, StepContext], Columns],
    prefill: Callable[[Loader, Any], Columns],
    settle: Callable[[Any, StepContext], None] | None = None,
    on_retire: Callable[[Any, StepContext], None] | None = None,
    on_restore: Callable[[Any, StepContext], None] | None = None,
    choices: Callable[[Loader, Any], Mapping[str, Any]] | None = None,
    titles: Mapping[str, Message] | None = None,
    confirm_retired: Message | None = None,
    **options: Any,
) -> Flow:
    """A flow with the states active and retired.

    `prepare(row or None, form, ctx)` gives the columns to write and raises Invalid, naming the field; `settle(row, ctx)`
    sees to other rows after create, change and restore. Acts need the permission to keep the registry.
    """
    named = dict(titles or {})
    flow = Flow(
        key=key, model=model, title=title, facts=_no_facts, menu=False,
        states=[State(ACTIVE, _("In use"), tone="good"), State(RETIRED, _("Retired"), tone="muted", closed=True)],
        **options,
    )  # fmt: skip

    def create(values: Columns, ctx: StepContext) -> Any:
        row = ctx.open(model, ACTIVE, **prepare(None, values, ctx))
        if settle is not None:
            settle(row, ctx)
        return row

    def change(row: Any, values: Columns, ctx: StepContext) -> None:
        for name, value in prepare(row, values, ctx).items():
            setattr(row, name, value)
        if settle is not None:
            settle(row, ctx)

    def retire(row: Any, _values: Columns, ctx: StepContext) -> None:
        if on_retire is not None:
            on_retire(row, ctx)

    def restore(row: Any, _values: Columns, ctx: StepContext) -> None:
        if on_restore is not None:
            on_restore(row, ctx)
        if settle is not None:
            settle(row, ctx)

    for clock in ("stop_clock", "resume_clock"):
        flow.steps.pop(clock)  # nothing falls due in a register
    edit = permissions.EDIT.key
    flow.step(
        "create",
        {None: ACTIVE},
        title=named.get("create", _("Add")),
        form=form,
        tone="primary",
        choices=choices,
        permission=edit,
    )(create)
    flow.step(
        "change",
        [ACTIVE],
        title=named.get("change", _("Change")),
        form=form,
        tone="primary",
        choices=choices,
        prefill=prefill,
        permission=edit,
    )(change)
    flow.step(
        "retire",
        {ACTIVE: RETIRED},
        title=named.get("retire", _("Retire")),
        tone="danger",
        permission=edit,
        help=confirm_retired,
    )(retire)
    flow.step("restore", {RETIRED: ACTIVE}, title=named.get("restore", _("Take back into use")), permission=edit)(
        restore
    )
    return flow


def _no_facts(_loader: Loader, cases: Any) -> list[Any]:
    return [None for _case in cases]
