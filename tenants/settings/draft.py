"""A change of rules as it would be entered: read from the form, checked against the declared parameters and the locks.

Nothing here writes: a page shows a draft before it is saved, and the step that saves it makes the same draft again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import select

from guanjia.errors import Invalid
from guanjia.rules.params import ParamSpec
from guanjia.rules.settings import SWITCH, Resolved, Setting, in_force, resolve
from guanjia.sdk import Loader, Message, Rule, Text, words
from tenants.models import Role
from tenants.settings.forms import OPTIONS
from tenants.settings.scope import SITE, Place, Scope, snapshot_of

_ = words("tenants")


@dataclass(frozen=True)
class Draft:
    """A change that is not saved yet: the scope, and what it would want of each rule."""

    scope: Scope
    from_day: date
    reason: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Blocked:
    """What a lock above keeps the draft from setting: these names of the rule, all of it where there are none."""

    rule: str
    names: tuple[str, ...]
    by: Setting


def read_draft(loader: Loader, scope: Scope, form: Mapping[str, Any]) -> Draft:
    """The draft of what was entered for `scope`. Raises Invalid, naming rule and field, for what cannot be."""
    errors: dict[int, Any] = {}
    found: list[Setting] = []
    for place, entry in enumerate(form["rules"]):
        problems = {}
        if any(entry["rule"] == earlier.rule for earlier in found):
            problems["rule"] = [_("This rule stands in the change twice. Keep one of the two.")]
        setting, more = _read_entry(loader, scope, form, entry)
        if setting is not None:
            found.append(setting)
        if problems or more:
            errors[place] = problems | more
    if errors:
        raise Invalid({"rules": errors})
    return Draft(scope, form["from_day"], form["reason"], tuple(found))


def _read_entry(
    loader: Loader, scope: Scope, form: Mapping[str, Any], entry: Mapping[str, Any]
) -> tuple[Setting | None, dict[str, Any]]:
    rule = loader.host.rule(entry["rule"])
    if rule is None or not rule.switched:
        known = rule is not None or entry["rule"] in loader.host.texts
        text = (
            _("This is a record or guidance without a switch. There is nothing to set.")
            if known
            else _("There is no rule of this key. Choose one from the list of rules.")
        )
        return None, {"rule": [text]}
    problems: dict[str, Any] = {}
    params, wrong = _read_params(loader, rule, entry["params"])
    if wrong:
        problems["params"] = wrong
    options = {name: value for name, value in entry["options"].items() if value is not None}
    unfit = [name for name in options if name not in options_of(rule)]
    if unfit:
        problems["options"] = {name: [_("This option has no meaning for this rule. Leave it out.")] for name in unfit}
    lockable = set(names_of(rule))
    if scope.kind == SITE and (entry["lock"] or entry["locked_params"]):
        problems["lock"] = [
            _("Nothing lies below a site that could be locked. Set the lock at the company or an org unit.")
        ]
    elif not lockable.issuperset(entry["locked_params"]):
        problems["locked_params"] = [
            _("The rule has no parameter of this name: %(names)s. Choose from its parameters.",
              names=sorted(set(entry["locked_params"]) - lockable))
        ]  # fmt: skip
    setting = Setting(
        id=loader.host.ids.new(),
        scope=scope.id,
        rule=rule.key,
        from_day=form["from_day"],
        saved_at=loader.host.clock.now(),
        on=entry["on"],
        params=params,
        options=options,
        lock=entry["lock"],
        locked_params=frozenset(entry["locked_params"]),
        author=loader.actor.id if loader.actor else None,
        reason=form["reason"],
    )
    return setting, problems


def _read_params(loader: Loader, rule: Rule, raw: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    try:
        loaded = rule.params.schema()().load(raw)
    except ValidationError as error:
        messages = error.messages
        return {}, messages if isinstance(messages, dict) else {"_schema": messages}
    params: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for spec in rule.params.specs():
        if spec.name not in loaded:
            continue
        value = spec.to_json(loaded[spec.name])
        params[spec.name] = list(dict.fromkeys(value)) if spec.many else value
        unknown = _unknown_roles(loader, spec, params[spec.name])
        if unknown:
            wrong[spec.name] = [_unknown_role(unknown)]
    return params, wrong


def options_of(rule: Rule) -> tuple[str, ...]:
    """The host's options that fit the rule: four eyes where a guard may ask, the clock where one runs."""
    fits = {"four_eyes": rule.guards, "clock_stops_count": rule.deadlines}
    return tuple(name for name in OPTIONS if fits[name])


def roles_of(loader: Loader) -> dict[str, Text]:
    """The titles of the company's roles that are in use, by key; then those of the departments here, since a rule may
    name a whole department where it names a role."""

    def read() -> dict[str, Text]:
        query = select(Role).where(Role.company_id == loader.company_id, Role.state == "active")
        rows = loader.session.scalars(query.order_by(Role.standard.desc(), Role.opened_at, Role.id))
        departments = [d for d in snapshot_of(loader).departments.values() if loader.reaches(d.site_id)]
        return {role.key: Text(role.title_zh, role.title_en) for role in rows} | {d.key: d.title for d in departments}

    return loader.memo("tenants.settings.roles", read)


def _unknown_roles(loader: Loader, spec: ParamSpec, value: Any) -> list[str]:
    if spec.type != "role":
        return []
    standard = spec.to_json(spec.default)
    allowed = {*roles_of(loader), *(standard if spec.many else [standard])}
    return [key for key in (value if spec.many else [value]) if key not in allowed]


def _unknown_role(keys: Sequence[str]) -> Message:
    return _("The company has no role %(keys)s. Choose from its roles, or add the role first.", keys=list(keys))


def settle_locks(
    loader: Loader, draft: Draft, settings: Sequence[Setting], *, exception: bool = False
) -> tuple[Draft, list[Blocked]]:
    """The draft as the locks above leave it, and what they keep it from.

    A locked value that the scope had set before is carried over, so that it returns when the lock ends; to repeat it
    is no offence. With `exception` what is locked is granted to the scope instead.
    """
    settled: list[Setting] = []
    blocked: list[Blocked] = []
    for setting in draft.settings:
        at = setting.counts_from(draft.scope.zone)
        rule = loader.host.rules[setting.rule]
        inherited = resolve_at(rule, draft.scope, settings, at, inherited=True)
        own = in_force([s for s in settings if s.scope == draft.scope.id and s.rule == rule.key], at, draft.scope.zone)
        names = [n for n in names_of(rule) if inherited.lock_on(n) is not None]
        wishes, held = wishes_of(setting), wishes_of(own) if own is not None else {}
        if exception:
            settled.append(replace(setting, granted=frozenset(n for n in names if n in wishes)))
            continue
        refused = [n for n in names if n in wishes and (n not in held or wishes[n] != held[n])]
        if inherited.locked_by is not None:
            blocked.append(Blocked(rule.key, (), inherited.locked_by))
        else:
            by: dict[UUID, list[str]] = {}
            for name in refused:
                by.setdefault(inherited.locked_params[name].id, []).append(name)
            for some in by.values():
                blocked.append(Blocked(rule.key, tuple(some), inherited.locked_params[some[0]]))
        settled.append(_carry_over(setting, own, [n for n in names if n in held]))
    return replace(draft, settings=tuple(settled)), blocked


def _carry_over(setting: Setting, own: Setting | None, names: Iterable[str]) -> Setting:
    if own is None:
        return setting
    kept = set(names)
    return replace(
        setting,
        on=own.on if SWITCH in kept else setting.on,
        params={**setting.params, **{n: v for n, v in own.params.items() if n in kept}},
        options={**setting.options, **{n: v for n, v in own.options.items() if n in kept}},
        granted=setting.granted | (own.granted & kept),
    )


def names_of(rule: Rule) -> list[str]:
    """All that a scope can set of the rule: the switch, its parameters, the options that fit it."""
    return [SWITCH, *(spec.name for spec in rule.params.specs()), *options_of(rule)]


def wishes_of(setting: Setting) -> dict[str, Any]:
    """What the setting does not inherit, by name."""
    switch = {} if setting.on is None else {SWITCH: setting.on}
    return {**switch, **setting.params, **setting.options}


def entry_of(setting: Setting) -> dict[str, Any]:
    """The setting as the entry of a change that would say the same again."""
    return {
        "rule": setting.rule,
        "on": setting.on,
        "params": dict(setting.params),
        "options": dict(setting.options),
        "lock": setting.lock,
        "locked_params": sorted(setting.locked_params),
    }


def resolve_at(
    rule: Rule, where: Scope | Place, settings: Iterable[Setting], at: datetime, *, inherited: bool = False
) -> Resolved:
    """What is in force of the rule at a scope or place at `at`; with `inherited`, what it would be without its own."""
    return resolve(
        rule.key, on=rule.on, params=rule.params.defaults(), chain=where.chain, settings=settings, at=at,
        zone=where.zone, up_to=where.id if inherited else None,
    )  # fmt: skip


class Sorted:
    """Settings by scope, so that those along the chain of one place of many are found at once."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self._by_scope: dict[UUID, list[Setting]] = {}
        for setting in settings:
            self._by_scope.setdefault(setting.scope, []).append(setting)

    def along(self, where: Scope | Place) -> list[Setting]:
        """The settings of the scopes on the way from the company down to `where`."""
        return [setting for scope in where.chain for setting in self._by_scope.get(scope, ())]

    def kin(self, where: Scope | Place) -> tuple[Any, ...]:
        """Equal for places at which these settings mean the same: most sites set nothing of their own."""
        return (where.zone.key, *(scope for scope in where.chain if scope in self._by_scope))


def resolve_all(
    rule: Rule, places: Iterable[Place], settings: Iterable[Setting], when: Callable[[Place], datetime]
) -> dict[Place, Resolved]:
    """What is in force of the rule at each place, at the moment that `when` gives; resolved once for places alike."""
    concerned = Sorted(s for s in settings if s.rule == rule.key)
    known: dict[tuple[Any, ...], Resolved] = {}
    found = {}
    for place in places:
        at = when(place)
        key = (*concerned.kin(place), at)
        if key not in known:
            known[key] = resolve_at(rule, place, concerned.along(place), at)
        found[place] = known[key]
    return found
