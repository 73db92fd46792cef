"""What a rule's page shows: its clauses, how it stands at a scope, the form to change it, history and where it is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from guanjia.rules.clauses import RuleText
from guanjia.rules.settings import SWITCH, Setting, in_force
from guanjia.sdk import Loader, NotFound, Rule, StrictSchema, words
from guanjia.web.forms import FormView
from guanjia.words import Label
from tenants.settings import permissions
from tenants.settings.draft import entry_of, resolve_at
from tenants.settings.edit import ASK, ENTER, EXCEPTION, Control, Values, controls, values_of
from tenants.settings.forms import FROM_DAY, INHERIT, REASON
from tenants.settings.levels import Entered, Standing, history, partners, places_on, standing
from tenants.settings.overview import KIND_HELP, KINDS
from tenants.settings.scope import COMPANY, SITE, Place, Scope, find_scope
from tenants.settings.shown import switch_word

_ = words("tenants")

PARTNER = "partner."
SHOWN_HISTORY = 100
SHOWN_PLACES = 200


class WhenAndWhy(StrictSchema):
    """The day from which a change counts, and its reason."""

    from_day = FROM_DAY
    reason = REASON


@dataclass(frozen=True)
class Partner:
    """A rule that cannot be on together with the one of the page, with what the same change may do to it."""

    rule: Rule
    title: Label
    is_on: bool
    name: str
    options: Sequence[tuple[str, Label, bool]]


@dataclass
class RulePage:
    """All of the page; `stands` is None for a record or guidance, which has no switch."""

    text: RuleText
    rule: Rule | None
    scope: Scope
    scope_key: str
    mode: str
    stands: Standing | None = None
    controls: Sequence[Control] = ()
    form: FormView | None = None
    partners: Sequence[Partner] = ()
    history: Sequence[Entered] = ()
    places: Sequence[tuple[Place, bool, bool]] = ()  # place, on, whether its module is on
    on_at: int = 0
    may_enter: bool = False
    may_except: bool = False
    lock_all: bool = False

    @property
    def kind(self) -> Label:
        """The word for the rule's kind."""
        return KINDS[self.text.kind]

    @property
    def kind_help(self) -> Label:
        """What rules of this kind do."""
        return KIND_HELP[self.text.kind]

    @property
    def planned(self) -> list[Entered]:
        """What this scope has entered for a day to come."""
        return [
            entered for entered in self.history if entered.state == "planned" and entered.setting.scope == self.scope.id
        ]

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """What is not right yet, as (id of the control, label, message); without id where no control shows it."""
        if self.form is None:
            return []
        of_rows = [(c.first_id, str(c.row.label), text) for c in self.controls for text in c.errors]
        return [("", "", text) for text in self.form.errors] + of_rows + self.form.summary

    @property
    def can_edit(self) -> bool:
        """Whether the form can be sent at all: something is free, or it is asked for."""
        return self.may_enter and (self.mode != ENTER or any(not control.is_disabled for control in self.controls))


def chosen_scope(loader: Loader, key: str | None) -> Scope:
    """The scope that an address names as `kind:id`; the site where one is given. Raises NotFound for an unknown one,
    and for a site that somebody at headquarters does not reach."""
    if loader.site is not None:
        kind, scope_id = SITE, str(loader.site.id)
    else:
        kind, _colon, scope_id = (key or f"{COMPANY}:").partition(":")
    try:
        found = find_scope(loader, kind, UUID(scope_id) if scope_id else None)
    except ValueError:
        found = None
    if found is None or (found.kind == SITE and not loader.reaches(found.id)):
        raise NotFound()
    return found


def scope_key(scope: Scope) -> str:
    """The scope as addresses name it."""
    return f"{scope.kind}:{scope.id}"


def rule_page(
    loader: Loader,
    key: str,
    scope: Scope,
    settings: Sequence[Setting],
    *,
    mode: str = ENTER,
    values: Values | None = None,
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    withdraw: str | None = None,
) -> RulePage:
    """The page of a rule at a scope. `values` and `data` fill the form anew after an error; `withdraw` is the id of a
    planned setting, for which the form then offers what stands without it. Raises NotFound for an unknown rule."""
    text = loader.host.texts.get(key)
    if text is None:
        raise NotFound()
    rule = loader.host.rule(key)
    page = RulePage(text, rule, scope, scope_key(scope), mode)
    if rule is None or not rule.switched:
        return page
    page.stands = stands = standing(loader, rule, scope, settings, loader.now)
    page.history = history(loader, rule, scope, settings)[:SHOWN_HISTORY]
    page.may_enter = loader.may(permissions.SWITCH.key)
    page.may_except = loader.site is None and scope.kind == SITE and loader.may(permissions.EXCEPT.key)
    if (mode == EXCEPTION and not page.may_except) or (mode == ASK and loader.site is None):
        raise NotFound()
    start = loader.place.calendar.date_of(loader.now)
    if values is None:
        values = values_of(loader, rule, stands.own)
        planned = next((e.setting for e in page.planned if str(e.setting.id) == withdraw), None)
        if planned is not None:
            values = values_of(loader, rule, _without(planned, scope, settings))
            start = max(start, planned.from_day)
    own_errors = _entry_errors(errors)
    page.controls = controls(loader, stands, values, own_errors, mode)
    page.lock_all = "lock" in values
    page.form = FormView.of(WhenAndWhy(), data=_when(data, start), errors=_form_errors(errors), key="d")
    page.partners = [_partner(loader, other, scope, settings, values) for other in partners(loader, rule)]
    if scope.kind != SITE:
        found = places_on(rule, scope.sites, settings, loader.now)
        reached = [(place, at.on) for place, at in found.items() if loader.reaches(place.id)]
        page.places = [(place, on, rule.plugin in place.plugins) for place, on in reached[:SHOWN_PLACES]]
        page.on_at = sum(at.on for at in found.values())
    return page


def _without(planned: Setting, scope: Scope, settings: Sequence[Setting]) -> Setting | None:
    others = [s for s in settings if s.scope == scope.id and s.rule == planned.rule and s.id != planned.id]
    return in_force(others, planned.counts_from(scope.zone) - timedelta(microseconds=1), scope.zone)


def _when(data: Mapping[str, Any] | None, start: date) -> Mapping[str, Any]:
    return {"from_day": start} if data is None else data


def _entry_errors(errors: Mapping[str, Any] | None) -> Mapping[str, Any]:
    by_place = (errors or {}).get("rules")
    first = by_place.get(0) if isinstance(by_place, Mapping) else None
    return first if isinstance(first, Mapping) else {}


def _form_errors(errors: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The errors of day and reason, and those that no control of the form can show."""
    if errors is None:
        return None
    found = {name: error for name, error in errors.items() if name != "rules"}
    rules = errors.get("rules")
    shown = {"on", "params", "options"}
    if isinstance(rules, Mapping):
        rest = [
            {name: error for name, error in entry.items() if place != 0 or name not in shown}
            if isinstance(entry, Mapping) else entry
            for place, entry in rules.items()
        ]  # fmt: skip
        general = [error for entry in rest for error in (entry.values() if isinstance(entry, Mapping) else [entry])]
        if general:
            found["_schema"] = [found.get("_schema", []), *general]
    elif rules is not None:
        found["_schema"] = [found.get("_schema", []), rules]
    return found


def _partner(loader: Loader, other: Rule, scope: Scope, settings: Sequence[Setting], values: Values) -> Partner:
    chosen = values.get(PARTNER + other.key, "")
    concerned = [s for s in settings if s.rule == other.key]
    resolved = resolve_at(other, scope, concerned, loader.now)
    inherited = resolve_at(other, scope, concerned, loader.now, inherited=True)
    words_of: dict[str, Label] = {
        "": _("Leave as it is (%(state)s)", state=switch_word(resolved.on)),
        "true": switch_word(True),
        "false": switch_word(False),
        INHERIT: _("Inherit: %(value)s", value=switch_word(inherited.on)),
    }
    title = loader.host.texts[other.key].title
    options = [(value, label, value == chosen) for value, label in words_of.items()]
    is_free = inherited.lock_on(SWITCH) is None
    return Partner(other, title, resolved.on, PARTNER + other.key, options if is_free else options[:1])


def partner_entries(
    loader: Loader, rule: Rule, scope: Scope, settings: Sequence[Setting], values: Values
) -> list[dict[str, Any]]:
    """The entries of the conflicting rules that the same change switches; all else of them stays as the scope has it."""
    found = []
    for other in partners(loader, rule):
        wish = values.get(PARTNER + other.key, "")
        if wish in ("true", "false", INHERIT):
            found.append(switched(loader, other, scope, settings, {"true": True, "false": False}.get(wish)))
    return found


def switched(loader: Loader, rule: Rule, scope: Scope, settings: Sequence[Setting], on: bool | None) -> dict[str, Any]:
    """The entry that switches a rule at a scope and leaves all else as the scope has it now."""
    own = in_force([s for s in settings if s.scope == scope.id and s.rule == rule.key], loader.now, scope.zone)
    return {**(entry_of(own) if own is not None else {"rule": rule.key}), "on": on}
