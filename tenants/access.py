"""Who can see or do something at a place, and why: through which role, held where, for whom; and what rules ask of roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from guanjia.rules.rulebook import Rulebook
from guanjia.sdk import Loader, Rule, Step
from guanjia.words import Label
from tenants.directory import TenantDirectory, counting, held_by
from tenants.models import UNIT_SCOPE
from tenants.snapshot import Held, Snapshot


@dataclass(frozen=True, slots=True)
class Way:
    """One role through which somebody may do it; `stands_in_for` names whoever they replace."""

    role: Label
    scope: str
    until: object
    stands_in_for: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may do it, with all the ways."""

    id: UUID
    name: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """A role that rules in force here ask, who holds it, and whether it is vacant here."""

    key: str
    title: Label
    rules: tuple[Label, ...]
    holders: tuple[str, ...]
    deputies: tuple[tuple[str, str], ...]  # (deputy, absent)
    vacant: bool


def snapshot_of(loader: Loader) -> Snapshot:
    """The company as the directory keeps it."""
    return cast(TenantDirectory, loader.host.directory).snapshot(loader.session)


def who_may(loader: Loader, permissions: Iterable[str]) -> list[Person]:
    """Everybody who holds all of the permissions at the loader's place (or reaches it, where none is asked), by name."""
    snapshot, wanted = snapshot_of(loader), frozenset(permissions)
    found = []
    for person in snapshot.staff.values():
        held = counting(snapshot, held_by(snapshot, person.id, loader.now), loader.site, loader.now)
        if not held:
            continue
        given = {h: _gives(snapshot, h, at_site=loader.site is not None) for h in held}
        if not wanted <= frozenset().union(*given.values()):
            continue
        ways = tuple(_way(snapshot, h, person.id) for h in held if not wanted or wanted & given[h])
        found.append(Person(person.id, person.name, ways))
    return sorted(found, key=lambda p: p.name)


def _gives(snapshot: Snapshot, held: Held, *, at_site: bool) -> frozenset[str]:
    role = snapshot.roles.get(held.role)
    if role is None or (held.scope_kind == UNIT_SCOPE and not at_site):
        return frozenset()
    return role.gives(held.scope_kind)


def _way(snapshot: Snapshot, held: Held, staff_id: UUID) -> Way:
    absent = snapshot.staff[held.staff_id].name if held.staff_id != staff_id else ""
    return Way(snapshot.roles[held.role].title, snapshot.scope_name(held.scope_id), held.until_day, absent)


def permissions_of(loader: Loader, step: Step) -> tuple[str, ...]:
    """The permissions that a step asks for: the flow's and its own."""
    flow = loader.host.flow(step.flow)
    return tuple(p for p in (flow.permission, step.permission) if p is not None)


def roles_asked(loader: Loader, step: Step | None = None) -> list[RoleAsked]:
    """The roles that the rules in force at the place name (of one step, those before it), vacant ones first."""
    host = loader.host
    rulebook = host.rulebooks.current(loader.session, loader.place, loader.now)
    rules = [host.rules[key] for key in rulebook.body if key in host.rules]
    if step is not None:
        before = {bound.rule.key for bound in host.rulebooks.plan(rulebook).guards.get(step.key, ())}
        rules = [rule for rule in rules if rule.key in before]
    naming: dict[str, list[Label]] = {}
    for rule in sorted(rules, key=lambda rule: host.rule_order(rule.key)):
        for role in roles_of(rule, rulebook):
            titles = naming.setdefault(role, [])
            titles.append(host.texts[rule.key].title)
    found = [_asked(loader, role, tuple(dict.fromkeys(titles))) for role, titles in naming.items()]
    return sorted(found, key=lambda asked: not asked.vacant)


def roles_of(rule: Rule, rulebook: Rulebook) -> list[str]:
    """The roles that the rule's parameters name in this rulebook."""
    values = rulebook.params_of(rule.key)
    found: dict[str, None] = {}
    for spec in rule.params.specs():
        if spec.type == "role":
            value = values.get(spec.name, spec.default)
            found |= dict.fromkeys(value if isinstance(value, list | tuple) else [value])
    return [role for role in found if role]


def _asked(loader: Loader, role: str, rules: tuple[Label, ...]) -> RoleAsked:
    directory, session = loader.host.directory, loader.session
    site_id = loader.site.id if loader.site else None
    holders = directory.holders(session, role, site_id, loader.now)
    names = loader.names([*holders.staff, *holders.deputising.values()])
    return RoleAsked(
        key=role, title=directory.role_title(session, role), rules=rules,
        holders=tuple(names[i] for i in holders.staff if i in names),
        deputies=tuple((names.get(deputy, ""), names.get(absent, "")) for deputy, absent in holders.deputising.items()),
        vacant=holders.vacant,
    )  # fmt: skip
