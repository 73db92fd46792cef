"""What stands against a draft: locks above it, and rules that cannot be on together. And what should be warned of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from guanjia.host import Host
from guanjia.rules.reason import Reason
from guanjia.rules.settings import SWITCH, Setting, change_points
from guanjia.sdk import Loader, Message, Text, words
from guanjia.words import Label
from tenants.models import HQ_ADMIN
from tenants.settings.draft import Blocked, Draft, Sorted, resolve_all, resolve_at
from tenants.settings.forms import OPTIONS
from tenants.settings.scope import Place

_ = words("tenants")

NAMED_AT_MOST = 20  # places that one sentence lists; the rest is counted


@dataclass(frozen=True, order=True)
class Span:
    """Days on which two rules would both be on, the last one included; None: until further notice."""

    first: date
    last: date | None


def lock_reasons(loader: Loader, blocked: Iterable[Blocked]) -> list[Reason]:
    """For each lock the reason that names who set it, where, since when and why, and whom to ask."""
    directory, session = loader.host.directory, loader.session
    found = []
    for item in blocked:
        by = item.by
        author = directory.names(session, [by.author]).get(by.author, "") if by.author else ""
        message = _(
            "%(what)s was locked by %(author)s at %(scope)s from %(day)s on, because: %(reason)s. "
            "Ask %(who)s, or send headquarters a request with your reason.",
            what=_what(loader.host, item), author=author or _("the system"),
            scope=directory.scope_name(session, by.scope), day=by.from_day, reason=by.reason.rstrip(".。"),
            who=_whom_to_ask(loader, by),
        )  # fmt: skip
        found.append(Reason(item.rule, "deny", message))
    return found


def _what(host: Host, item: Blocked) -> Message | Label:
    title = title_of(host, item.rule)
    if not item.names:
        return title
    return _("%(rule)s: %(names)s", rule=title, names=[label_of(host, item.rule, name) for name in item.names])


def _whom_to_ask(loader: Loader, lock: Setting) -> list[str] | Label:
    directory, session = loader.host.directory, loader.session
    holders = directory.holders(session, HQ_ADMIN, None, loader.now).staff
    names = directory.names(session, holders)
    return [names[staff] for staff in holders if staff in names] or directory.role_title(session, HQ_ADMIN)


def title_of(host: Host, rule: str) -> Label:
    """The rule's title; its key where it has no text."""
    return host.texts[rule].title if rule in host.texts else Text(rule, rule)


def label_of(host: Host, rule: str, name: str) -> Label:
    """What people call a parameter of the rule, an option, or the switch."""
    if name == SWITCH:
        return _("Switch")
    text = host.texts.get(rule)
    if text is not None and name in text.params:
        return text.params[name]
    return OPTIONS.get(name) or Text(name, name)


def conflict_pairs(host: Host, rules: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of rules that cannot be on together, of which one is among `rules`; either side may declare it."""
    changed = set(rules)
    pairs: set[tuple[str, str]] = set()
    for key, rule in host.rules.items():
        text = host.texts.get(key)
        for other in {*rule.conflicts, *(text.conflicts if text else ())}:
            if other in host.rules and other != key and not changed.isdisjoint((key, other)):
                pairs.add((min(key, other), max(key, other)))
    return sorted(pairs, key=lambda pair: (host.rule_order(pair[0]), pair))


def conflict_reasons(loader: Loader, draft: Draft, settings: Sequence[Setting]) -> list[Reason]:
    """A reason for each pair of rules that would both be on, with the places and days, as all would stand afterwards.

    Looks at every day from the first of the draft on, at every place that it reaches; whether a plugin is on there
    does not count, since it may be switched on later without anybody looking at rules.
    """
    host = loader.host
    changed = [setting.rule for setting in draft.settings]
    after = [*settings, *draft.settings]
    found = []
    for one, other in conflict_pairs(host, changed):
        places = _together(host, one, other, draft, after)
        if places:
            about = one if one in changed else other
            message = _(
                "%(one)s and %(other)s exclude each other, but both would be on: %(where)s. "
                "Switch one of them off in the same change, or choose other days.",
                one=title_of(host, one), other=title_of(host, other), where=where_and_when(places),
            )  # fmt: skip
            found.append(Reason(about, "deny", message))
    return found


def _together(host: Host, one: str, other: str, draft: Draft, settings: Iterable[Setting]) -> dict[Place, list[Span]]:
    """The places where both rules would be on, with the days."""
    concerned = Sorted(s for s in settings if s.rule in (one, other))
    known: dict[tuple[Any, ...], list[Span]] = {}
    for place in draft.scope.places:
        kin = concerned.kin(place)
        if kin not in known:
            known[kin] = _spans(host, one, other, place, concerned.along(place), _first_moment(draft, place))
    return {place: spans for place in draft.scope.places if (spans := known[concerned.kin(place)])}


def where_and_when(places: dict[Place, list[Span]]) -> list[Message]:
    """The places with their days, in words; from the twenty-first on they are counted only."""
    said = [_place_and_days(place, span) for place, spans in places.items() for span in spans]
    if len(said) > NAMED_AT_MOST:
        return [*said[:NAMED_AT_MOST], _("and %(n)s more", n=len(said) - NAMED_AT_MOST)]
    return said


def _place_and_days(place: Place, span: Span) -> Message:
    own = _("%(company)s (headquarters and new sites)", company=place.name)
    where = place.name if place.site else own
    if span.last is None:
        return _("%(place)s from %(first)s on", place=where, first=span.first)
    if span.last == span.first:
        return _("%(place)s on %(first)s", place=where, first=span.first)
    return _("%(place)s from %(first)s to %(last)s", place=where, first=span.first, last=span.last)


def _first_moment(draft: Draft, place: Place) -> datetime:
    return min(setting.counts_from(place.zone) for setting in draft.settings)


def _spans(host: Host, one: str, other: str, place: Place, concerned: list[Setting], first: datetime) -> list[Span]:
    moments = sorted({first, *(p for p in change_points(concerned, place.zone) if p > first)})
    both = [all(resolve_at(host.rules[key], place, concerned, at).on for key in (one, other)) for at in moments]
    spans: list[Span] = []
    for (start, is_both), (end, _next) in pairwise([*zip(moments, both, strict=True), (None, False)]):
        if not is_both:
            continue
        last = (end - timedelta(microseconds=1)).astimezone(place.zone).date() if end is not None else None
        begins = start.astimezone(place.zone).date()  # type: ignore[union-attr]
        if spans and spans[-1].last is not None and spans[-1].last >= begins - timedelta(days=1):
            begins = spans.pop().first
        spans.append(Span(begins, last))
    return spans


def warnings_of(loader: Loader, draft: Draft, settings: Sequence[Setting]) -> list[Message]:
    """What whoever enters the draft should know; nothing here keeps it from being saved."""
    found: list[Message] = []
    today = loader.place.calendar.date_of(loader.now)
    if draft.from_day < today:
        found.append(
            _("%(day)s has passed: the change counts from the moment it is saved, and for cases opened after that. "
              "Open cases keep the rules of the day on which they were opened.", day=draft.from_day)
        )  # fmt: skip
    after = [*settings, *draft.settings]
    for setting in draft.settings:
        found += _resting(loader, draft, setting)
        found += _vacant(loader, draft, setting, after)
    return found


def _resting(loader: Loader, draft: Draft, setting: Setting) -> list[Message]:
    plugin = loader.host.rules[setting.rule].plugin
    off = [place.name for place in draft.scope.sites if plugin not in place.plugins]
    if not off:
        return []
    return [
        _("%(rule)s rests at %(sites)s: the module \"%(plugin)s\" is switched off there.",
          rule=title_of(loader.host, setting.rule), sites=shortened(off), plugin=loader.host.plugins[plugin].title)
    ]  # fmt: skip


def _vacant(loader: Loader, draft: Draft, setting: Setting, after: Sequence[Setting]) -> list[Message]:
    """Roles that the rule would name at the places it reaches, and that nobody holds there."""
    rule = loader.host.rules[setting.rule]
    roles = [spec for spec in rule.params.specs() if spec.type == "role"]
    empty: dict[str, list[str]] = {}
    places = draft.scope.sites if roles else []
    for place, values in resolve_all(rule, places, after, lambda place: setting.counts_from(place.zone)).items():
        if not values.on or rule.plugin not in place.plugins:
            continue
        named = {k for spec in roles for k in (values.params[spec.name] if spec.many else [values.params[spec.name]])}
        for key in sorted(named):
            if loader.host.directory.holders(loader.session, key, place.id, loader.now).vacant:
                empty.setdefault(key, []).append(place.name)
    return [
        _("%(rule)s needs the role \"%(role)s\", which nobody holds at %(sites)s: the next higher holder is asked "
          "instead. Give somebody the role there.",
          rule=title_of(loader.host, rule.key), role=loader.host.directory.role_title(loader.session, key),
          sites=shortened(names))
        for key, names in empty.items()
    ]  # fmt: skip


def shortened(names: Sequence[str]) -> list[str | Message]:
    """The names; from the twenty-first on they are counted only."""
    if len(names) <= NAMED_AT_MOST:
        return list(names)
    return [*names[:NAMED_AT_MOST], _("and %(n)s more", n=len(names) - NAMED_AT_MOST)]
