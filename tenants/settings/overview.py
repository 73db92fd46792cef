"""All rules at one scope: found by words, module, kind and state; grouped by module and regulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from guanjia.rules.clauses import RuleText
from guanjia.rules.rule import Kind
from guanjia.rules.settings import SWITCH, Resolved, Setting, in_force
from guanjia.sdk import Loader, Rule, words
from guanjia.words import Label
from tenants.settings.draft import Sorted, resolve_at
from tenants.settings.levels import places_on
from tenants.settings.scope import COMPANY, SITE, UNIT, Scope, snapshot_of

_ = words("tenants")

KINDS: Mapping[str, Label] = {
    Kind.GUARD: _("Guard"),
    Kind.DEADLINE: _("Deadline"),
    Kind.DUTY: _("Duty"),
    Kind.REACTION: _("Reaction"),
    Kind.INDICATOR: _("Indicator"),
    Kind.RECORD: _("Record"),
    Kind.GUIDANCE: _("Guidance"),
}
KIND_HELP: Mapping[str, Label] = {
    Kind.GUARD: _("Decides before a step: lets it pass, refuses it, or asks somebody."),
    Kind.DEADLINE: _("Sets when something is due."),
    Kind.DUTY: _("Makes tasks, each period or after an event."),
    Kind.REACTION: _("Does something when a step has happened."),
    Kind.INDICATOR: _("Measures a figure against its target."),
    Kind.RECORD: _("Data or a form that the module keeps; it has no switch."),
    Kind.GUIDANCE: _("Conduct that the software shows; it has no switch."),
}
STATES: Mapping[str, Label] = {
    "on": _("On"),
    "off": _("Off"),
    "own": _("Set here"),
    "locked": _("Locked above"),
    "differs": _("Differs from the regulation"),
}


@dataclass(frozen=True)
class Line:
    """One rule of the list. `origin` says where the switch comes from; `on_at` on how many of the sites it is on."""

    text: RuleText
    rule: Rule | None
    resolved: Resolved | None
    origin: Label | str
    is_own: bool
    is_locked: bool
    differs: bool
    on_at: int | None = None
    sites: int = 0

    @property
    def kind(self) -> Label:
        """The word for its kind."""
        return KINDS[self.text.kind]

    @property
    def default_on(self) -> bool:
        """Whether the code has it on."""
        return self.rule.on if self.rule is not None else self.text.default == "on"


@dataclass(frozen=True)
class Section:
    """The rules of one regulation within one module."""

    plugin: Label
    regulation: Label | None
    number: int | None
    lines: list[Line]


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed down to; empty words mean all."""

    words: str = ""
    plugin: str = ""
    kind: str = ""
    state: str = ""


def sections(loader: Loader, scope: Scope, settings: Sequence[Setting], wanted: Wanted, at: datetime) -> list[Section]:
    """The rules that fit, in catalogue order, under their module and regulation."""
    host = loader.host
    texts = sorted(
        host.texts.values(),
        key=lambda t: (list(host.plugins).index(_plugin(t)) if _plugin(t) in host.plugins else 99, t.order),
    )
    by_rule: dict[str, list[Setting]] = {}
    for setting in settings:
        by_rule.setdefault(setting.rule, []).append(setting)
    found: dict[tuple[str, int | None], list[Line]] = {}
    for text in texts:
        if _plugin(text) not in host.plugins or not _fits_text(loader, text, wanted):
            continue
        line = _line(loader, scope, text, by_rule.get(text.key, []), at)
        if _fits_state(line, wanted.state):
            piece = text.clauses[0].piece if text.clauses else None
            found.setdefault((_plugin(text), piece), []).append(line)
    return [
        Section(host.plugins[plugin].title, host.regulations.get(piece) if piece else None, piece, lines)
        for (plugin, piece), lines in found.items()
    ]


def _plugin(text: RuleText) -> str:
    return text.key.split(".", 1)[0]


def _fits_text(loader: Loader, text: RuleText, wanted: Wanted) -> bool:
    if (wanted.plugin and _plugin(text) != wanted.plugin) or (wanted.kind and text.kind != wanted.kind):
        return False
    sought = [
        text.key, text.refs, text.title.zh, text.title.en,
        *(part for clause in text.clauses for part in (clause.asks.zh, clause.asks.en)),
        *(part for label in text.params.values() for part in (label.zh, label.en)),
    ]  # fmt: skip
    everything = "\n".join(sought).casefold()
    return all(word in everything for word in wanted.words.casefold().split())


def _fits_state(line: Line, state: str) -> bool:
    if state in ("on", "off"):
        return line.resolved is not None and line.resolved.on == (state == "on")
    flags = {"own": line.is_own, "locked": line.is_locked, "differs": line.differs}
    return flags.get(state, True)


def _line(loader: Loader, scope: Scope, text: RuleText, settings: list[Setting], at: datetime) -> Line:
    rule = loader.host.rule(text.key)
    if rule is None or not rule.switched:
        return Line(text, rule, None, "", False, False, False)
    concerned = Sorted(settings).along(scope)
    resolved = resolve_at(rule, scope, concerned, at)
    inherited = resolve_at(rule, scope, concerned, at, inherited=True)
    own = in_force([s for s in concerned if s.scope == scope.id], at, scope.zone)
    origin: Label | str = _("Regulation")
    if resolved.on_from is not None:
        origin = loader.host.directory.scope_name(loader.session, resolved.on_from.scope)
    differs = (
        resolved.on != rule.on or dict(resolved.params) != rule.params.defaults() or any(resolved.options.values())
    )
    is_locked = inherited.lock_on(SWITCH) is not None or bool(inherited.locked_params)
    on_at = None
    if scope.kind != SITE:
        on_at = sum(found.on for found in places_on(rule, scope.sites, settings, at).values())
    return Line(
        text, rule, resolved, origin, own is not None and bool(own.names() or own.lock or own.locked_params),
        is_locked, differs, on_at, len(scope.sites),
    )  # fmt: skip


def scope_choices(loader: Loader) -> list[tuple[str, str]]:
    """The company, its org units (indented as they hang) and its open sites that are reached, as (`kind:id`, name)."""
    snapshot = snapshot_of(loader)
    found = [(f"{COMPANY}:{snapshot.company.id}", snapshot.company.name)]
    chains = sorted(
        (snapshot.unit_chain(unit) for unit in snapshot.units), key=lambda c: [snapshot.units[u][1] for u in c]
    )
    found += [(f"{UNIT}:{c[-1]}", "　" * len(c) + snapshot.units[c[-1]][1]) for c in chains]
    sites = [site for site in loader.host.directory.sites(loader.session) if loader.reaches(site.id)]
    return found + [(f"{SITE}:{site.id}", "　" * (len(site.chain) - 1) + site.name) for site in sites]
