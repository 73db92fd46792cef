"""The flow of a change of rules: entered within the locks, or asked of headquarters and granted or rejected there.

What a lock keeps an office from setting it asks for (`ask`). Headquarters grants it as an exception: the lock stays
for everybody else, and at this site the granted values count in spite of it, until a later setting of the site ends
that. Lifting the lock instead would bring back, at every other site, whatever was set there before the lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import select

from guanjia.db.session import TenantSession
from guanjia.rules.reason import Reason
from guanjia.rules.settings import SWITCH
from guanjia.sdk import (
    COMPANY,
    Column,
    Flow,
    Forbidden,
    Invalid,
    Loader,
    NotFound,
    Notify,
    Refused,
    State,
    StepContext,
    words,
)
from guanjia.words import show
from tenants.models import HQ_ADMIN, Company
from tenants.settings import permissions
from tenants.settings.checks import conflict_reasons, label_of, lock_reasons, title_of
from tenants.settings.draft import Draft, entry_of, names_of, read_draft, settle_locks
from tenants.settings.forms import SCOPE_KINDS, AskForm, ChangeForm, GrantForm, RejectForm, RuleEntry
from tenants.settings.models import RuleChange, RuleSetting
from tenants.settings.scope import SITE, UNIT, Scope, find_scope
from tenants.settings.shown import shown_value
from tenants.settings.store import load_settings, row_of

_ = words("tenants")

ENTERED, ASKED, GRANTED, REJECTED, WITHDRAWN = "entered", "asked", "granted", "rejected", "withdrawn"


def scope_of(loader: Loader, form: Mapping[str, Any]) -> Scope:
    """The scope that the form names. Raises Invalid where there is none such, or where a site names any but itself."""
    kind, scope_id = form["scope_kind"], form["scope_id"]
    if loader.site is not None:
        if kind != SITE:
            text = _("At a site you set this site's own rules. For what concerns others, ask headquarters.")
            raise Invalid({"scope_kind": [text]})
        scope_id = scope_id or loader.site.id
        if scope_id != loader.site.id:
            raise Invalid({"scope_id": [_("There is no such scope here. Choose one from the list.")]})
    scope = find_scope(loader, kind, scope_id)
    if scope is None:
        raise Invalid({"scope_id": [_("There is no such scope here. Choose one from the list.")]})
    return scope


def _facts(_loader: Loader, cases: Sequence[RuleChange]) -> list[Any]:
    return [None for _case in cases]


def _present(loader: Loader, cases: Sequence[RuleChange]) -> list[dict[str, Any]]:
    rows = loader.children(RuleSetting, RuleSetting.change_id, [case.id for case in cases])
    shown = []
    for case in cases:
        entries = [_entry_of_row(row) for row in rows[case.id]] or list(case.asked or ())
        shown.append({
            "scope": loader.host.directory.scope_name(loader.session, case.scope_id),
            "rules": show([title_of(loader.host, entry["rule"]) for entry in entries]),
            "values": "\n".join(_in_words(loader, entry) for entry in entries),
        })  # fmt: skip
    return shown


def _entry_of_row(row: RuleSetting) -> dict[str, Any]:
    return {
        "rule": row.rule, "on": row.is_on, "params": row.params, "options": row.options, "lock": row.is_locked,
        "locked_params": row.locked_params,
    }  # fmt: skip


def _in_words(loader: Loader, entry: Mapping[str, Any]) -> str:
    """One line: the rule, what is set of it, what is locked."""
    key = entry["rule"]
    rule = loader.host.rule(key)
    wishes = {**({} if entry["on"] is None else {SWITCH: entry["on"]}), **entry["params"], **entry["options"]}
    said: list[Any] = [
        _("%(name)s: %(value)s", name=label_of(loader.host, key, name), value=shown_value(loader, rule, name, value))
        for name, value in wishes.items()
        if rule is not None and name in names_of(rule)
    ]
    locked = [label_of(loader.host, key, name) for name in entry["locked_params"]]
    if entry["lock"]:
        said.append(_("the whole rule locked for those below"))
    elif locked:
        said.append(_("locked for those below: %(names)s", names=locked))
    return show(_("%(rule)s: %(names)s", rule=title_of(loader.host, key), names=said or [_("as inherited")]))


def _heading(case: RuleChange, presented: Mapping[str, Any]) -> str:
    return str(_("%(scope)s, from %(day)s on", scope=presented["scope"], day=case.from_day))


rule_changes = Flow(
    key="tenants.rule_change",
    model=RuleChange,
    title=_("Changes of rules"),
    level=COMPANY,
    states=[
        State(ENTERED, _("Entered"), tone="good", closed=True),
        State(ASKED, _("Asked of headquarters"), tone="waiting"),
        State(GRANTED, _("Granted"), tone="good", closed=True),
        State(REJECTED, _("Rejected"), tone="bad", closed=True),
        State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
    ],
    facts=_facts,
    present=_present,
    heading=_heading,
    columns=[
        Column("rules", _("Rules"), kind="text"),
        Column("scope_kind", _("Where"), kind="choice", labels=SCOPE_KINDS, filter=True),
        Column("scope", _("Name"), kind="text"),
        Column("from_day", _("In force from"), kind="date", sort=True),
        Column("values", _("What is set"), kind="text", on_list=False),
        Column("reason", _("Reason"), kind="text"),
        Column("state", _("State"), kind="state", filter=True),
        Column("opened_by", _("Entered by"), kind="staff"),
        Column("opened_at", _("Entered on"), kind="moment", sort=True),
        Column("answer", _("Answer"), kind="text", on_list=False),
    ],
    search=("reason",),
    retention_years=10,
)


@rule_changes.step(
    "enter", {None: ENTERED}, title=_("Change rules"), form=ChangeForm, permission=permissions.SWITCH.key,
    tone="primary", on_page=False,
)  # fmt: skip
def enter(form: Mapping[str, Any], ctx: StepContext) -> RuleChange:
    """The rules of the scope are set as entered, from the later of their day and now.

    Refused, with all reasons: what a scope above has locked, and rules that would exclude each other somewhere.
    """
    scope = scope_of(ctx.loader, form)
    if form["exception"]:
        _may_except(ctx, scope)
    _one_at_a_time(ctx.session)
    settings = load_settings(ctx.session)
    draft, blocked = settle_locks(
        ctx.loader, read_draft(ctx.loader, scope, form), settings, exception=form["exception"]
    )
    _refuse([*lock_reasons(ctx.loader, blocked), *conflict_reasons(ctx.loader, draft, settings)])
    change = _open(ctx, ENTERED, scope, form)
    _save(ctx, change, draft)
    return change


@rule_changes.step(
    "ask", {None: ASKED}, title=_("Ask headquarters"), form=AskForm, permission=permissions.SWITCH.key, on_page=False,
)  # fmt: skip
def ask(form: Mapping[str, Any], ctx: StepContext) -> RuleChange:
    """Headquarters is asked to let this site set what a lock above keeps it from setting."""
    if ctx.site is None:
        raise NotFound()
    scope = scope_of(ctx.loader, {"scope_kind": SITE, "scope_id": ctx.site.id})
    settings = load_settings(ctx.session)
    plain = read_draft(ctx.loader, scope, form)
    blocked = settle_locks(ctx.loader, plain, settings)[1]
    if not blocked:
        raise Invalid({"rules": [_("Nothing of this is locked. Enter the change yourself; nobody needs to be asked.")]})
    _refuse(conflict_reasons(ctx.loader, plain, settings))
    change = _open(ctx, ASKED, scope, form, asked=[entry_of(setting) for setting in plain.settings])
    rules = [title_of(ctx.host, setting.rule) for setting in plain.settings]
    ctx.emit(Notify(
        message=_("%(site)s asks for an exception from locked rules: %(rules)s.", site=scope.name, rules=rules),
        roles=(HQ_ADMIN,)))  # fmt: skip
    return change


@rule_changes.step(
    "grant", {ASKED: GRANTED}, title=_("Grant the exception"), form=GrantForm, permission=permissions.EXCEPT.key,
    tone="primary",
)  # fmt: skip
def grant(case: RuleChange, form: Mapping[str, Any], ctx: StepContext) -> None:
    """What was asked counts at the site in spite of the lock, from the later of the asked day and now."""
    scope = find_scope(ctx.loader, SITE, case.site_id)
    if scope is None:
        raise Invalid({"_schema": [_("The site was closed in the meantime. Reject the request.")]})
    _one_at_a_time(ctx.session)
    try:
        rules = RuleEntry(many=True).load(case.asked)
    except ValidationError as fault:
        raise Invalid({"rules": fault.messages}) from fault
    settings = load_settings(ctx.session)
    draft = read_draft(ctx.loader, scope, {"from_day": case.from_day, "reason": case.reason, "rules": rules})
    draft = settle_locks(ctx.loader, draft, settings, exception=True)[0]
    _refuse(conflict_reasons(ctx.loader, draft, settings))
    case.answer = form["note"]
    _save(ctx, case, draft)
    _tell(ctx, case, _("Headquarters granted your request about %(rules)s.", rules=_titles(ctx, case)))


@rule_changes.step(
    "reject", {ASKED: REJECTED}, title=_("Reject the request"), form=RejectForm, permission=permissions.EXCEPT.key,
    tone="danger",
)  # fmt: skip
def reject(case: RuleChange, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The request is turned down with its reason; the lock stays as it is."""
    case.answer = form["reason"]
    _tell(ctx, case, _("Headquarters rejected your request about %(rules)s. The reason stands with the request.",
                       rules=_titles(ctx, case)))  # fmt: skip


@rule_changes.step(
    "withdraw", {ASKED: WITHDRAWN}, title=_("Withdraw the request"), permission=permissions.SWITCH.key, tone="quiet",
)  # fmt: skip
def withdraw(case: RuleChange, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The request needs no answer any more."""


def _may_except(ctx: StepContext, scope: Scope) -> None:
    if scope.kind != SITE:
        raise Invalid(
            {"exception": [_("An exception is for one site. To let an org unit differ, change the lock above it.")]}
        )
    if ctx.site is not None or (ctx.actor is not None and permissions.EXCEPT.key not in ctx.actor.permissions):
        raise Forbidden(_("Only headquarters grants exceptions from a lock. Send them a request with your reason."))


def _one_at_a_time(session: TenantSession) -> None:
    """Two changes at one moment could each be free of conflicts and both together not: hence the lock."""
    session.execute(select(Company.id).where(Company.company_id == session.company_id).with_for_update())


def _refuse(reasons: Sequence[Reason]) -> None:
    if reasons:
        raise Refused(reasons, _("This change was not saved. See the reasons below."))


def _open(ctx: StepContext, state: str, scope: Scope, form: Mapping[str, Any], **values: Any) -> RuleChange:
    return ctx.open(
        RuleChange, state, scope_kind=scope.kind, site_id=scope.id if scope.kind == SITE else None,
        unit_id=scope.id if scope.kind == UNIT else None, from_day=form["from_day"], reason=form["reason"], **values,
    )  # fmt: skip


def _save(ctx: StepContext, change: RuleChange, draft: Draft) -> None:
    """The settings are kept, named in the journal, and every process looks at them anew."""
    for setting in draft.settings:
        ctx.session.add(row_of(setting, change))
    ctx.session.flush()
    ctx.notes["settings"] = [
        {**entry_of(setting), "id": str(setting.id), "granted": sorted(setting.granted)} for setting in draft.settings
    ]
    ctx.notes["from_day"] = draft.from_day.isoformat()
    ctx.directory_changed()


def _titles(ctx: StepContext, case: RuleChange) -> list[Any]:
    return [title_of(ctx.host, entry["rule"]) for entry in case.asked or ()]


def _tell(ctx: StepContext, case: RuleChange, message: Any) -> None:
    staff: tuple[UUID, ...] = (case.opened_by,) if case.opened_by is not None else ()
    ctx.emit(Notify(message=message, staff=staff))


FLOWS = [rule_changes]
