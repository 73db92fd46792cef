"""A register: master data, settings and staff, changed by acts (create, change, retire, restore) through the same pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guanjia.schema import StrictSchema
from guanjia.steps.flow import COMPANY, Column, Flow
from guanjia.steps.flow import State as FlowState
from guanjia.steps.loader import Loader
from guanjia.words import Label, words

_ = words("guanjia")

ACTIVE, RETIRED = "active", "retired"


def register(
    key: str,
    model: type[Any],
    *,
    title: Label,
    form: type[StrictSchema],
    permission: str,
    level: str = COMPANY,
    columns: Sequence[Column] = (),
    search: Sequence[str] = (),
    order: str = "opened_at",
    see: str | None = None,
    check: Callable[[Mapping[str, Any], Any, Any], None] | None = None,
    on_create: Callable[[Any, Mapping[str, Any], Any], None] | None = None,
    on_change: Callable[[Any, Mapping[str, Any], Any], None] | None = None,
    on_retire: Callable[[Any, Any], None] | None = None,
    choices: Callable[[Loader, Any], Mapping[str, Sequence[tuple[str, Any]]]] | None = None,
    prefill: Callable[[Loader, Any], Mapping[str, Any]] | None = None,
    touches_directory: bool = False,
    titles: Mapping[str, Label] | None = None,
    **flow_options: Any,
) -> Flow:
    """A flow with states active and retired whose acts write the form's fields into the columns of the same names.

    `check(form, row, ctx)` comes before anything is written (`row` None at create) and raises Invalid, naming the field;
    `on_create(row, form, ctx)` and `on_change(row, form, ctx)` see to the rest (other tables);
    `touches_directory` refreshes what every process keeps of sites, staff and roles.
    """
    named = dict(titles or {})
    flow_options.setdefault("tells_opener", False)
    flow = Flow(
        key=key, model=model, title=title, level=level, facts=_no_facts, columns=columns, search=search, order=order,
        permission=see,
        states=[FlowState(ACTIVE, _("In use"), tone="good"), FlowState(RETIRED, _("Retired"), tone="muted", closed=True)],
        **flow_options,
    )  # fmt: skip

    def own_columns(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in model.__table__.c}

    def create(values: Mapping[str, Any], ctx: Any) -> Any:
        if check is not None:
            check(values, None, ctx)
        row = ctx.open(model, ACTIVE, **own_columns(values))
        if on_create is not None:
            on_create(row, values, ctx)
        if touches_directory:
            ctx.directory_changed()
        return row

    def change(row: Any, values: Mapping[str, Any], ctx: Any) -> None:
        if check is not None:
            check(values, row, ctx)
        for name, value in own_columns(values).items():
            setattr(row, name, value)
        if on_change is not None:
            on_change(row, values, ctx)
        if touches_directory:
            ctx.directory_changed()

    def retire(row: Any, _values: Mapping[str, Any], ctx: Any) -> None:
        if on_retire is not None:
            on_retire(row, ctx)
        if touches_directory:
            ctx.directory_changed()

    def restore(row: Any, _values: Mapping[str, Any], ctx: Any) -> None:
        if touches_directory:
            ctx.directory_changed()

    def filled(loader: Loader, row: Any) -> Mapping[str, Any]:
        values = (
            {name: getattr(row, name) for name in form().fields if name in model.__table__.c} if row is not None else {}
        )
        return values | dict(prefill(loader, row) if prefill is not None and row is not None else {})

    common = {"permission": permission}
    flow.step(
        "create",
        {None: ACTIVE},
        title=named.get("create", _("Add")),
        form=form,
        tone="primary",
        choices=choices,
        **common,
    )(create)
    flow.step(
        "change",
        [ACTIVE],
        title=named.get("change", _("Change")),
        form=form,
        tone="primary",
        choices=choices,
        prefill=filled,
        **common,
    )(change)
    flow.step("retire", {ACTIVE: RETIRED}, title=named.get("retire", _("Retire")), tone="danger", **common)(retire)
    flow.step("restore", {RETIRED: ACTIVE}, title=named.get("restore", _("Take back into use")), **common)(restore)
    return flow


def _no_facts(_loader: Loader, cases: Sequence[Any]) -> list[Any]:
    return [None for _case in cases]
