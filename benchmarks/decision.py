"""Deciding one step at 10,000 sites with 130 rules, against the same rules inlined by hand (target 1)."""

from __future__ import annotations

import itertools
import statistics
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from benchmarks.measuring import Result, in_turn, ratio
from benchmarks.rules_written_twice import MADE, STEP, STEP_OF_EIGHT, Minutes, inlined
from guanjia.calendar import BusinessHours, WorkCalendar
from guanjia.host import Host, discover
from guanjia.ports import SiteInfo
from guanjia.rules.decide import decide
from guanjia.rules.facts import ActFacts, ActorFacts, SiteFacts
from guanjia.rules.rule import Kind, Rule
from guanjia.rules.settings import Setting
from guanjia.sdk import Verdict, allow, deny, words
from guanjia.steps.rulebooks import Rulebooks
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")
NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
SITES, RULES, COMBINATIONS = 10_000, 130, 300


class _Directory:
    """Settings of one company."""

    def __init__(self, settings: list[Setting]) -> None:
        self._settings = settings

    def settings(self, _session: Any) -> list[Setting]:
        return self._settings


class _Host:
    """What rulebooks ask of a host, with the rules of the benchmark."""

    def __init__(self, rules: Sequence[Rule], settings: list[Setting]) -> None:
        self.rules = {rule.key: rule for rule in rules}
        self.directory = _Directory(settings)
        self._order = {rule.key: n for n, rule in enumerate(rules)}

    def rule(self, key: str) -> Rule | None:
        return self.rules.get(key)

    def rule_order(self, key: str) -> int:
        return self._order[key]


class _Session:
    """A transaction whose first statement brought the company's version."""

    def __init__(self, company_id: UUID) -> None:
        self.company_id, self.version = company_id, 1


def rules_of_the_product() -> list[Rule]:
    """The switched rules of the installed plugins, in the order in which they are declared."""
    return [rule for plugin in discover() for rule in plugin.rules if rule.switched]


def generated(count: int) -> list[Rule]:
    """Further guards before the product's steps: they fill the rulebook as the plugins to come will."""
    steps = [step.key for plugin in discover() for flow in plugin.flows for step in flow.steps.values()]
    turn = itertools.cycle([key for key in steps if key != STEP])
    return [_generated(n, (next(turn), next(turn))) for n in range(count)]


def _generated(n: int, steps: tuple[str, ...]) -> Rule:
    rule = Rule(f"made.filling_{n}", Kind.GUARD, Minutes)

    @rule.guard(*steps)
    def ask(case: Any, act: Any, params: Minutes) -> Verdict:
        if act.at - case.opened_at < timedelta(minutes=params.minutes):
            return deny(_("Too soon."))
        return allow()

    return rule


def company(sites: int, rules: Sequence[Rule], combinations: int) -> tuple[Rulebooks, Any, list[SiteInfo]]:
    """Sites with `combinations` different settings, and rulebooks that resolve them."""
    company_id = uuid4()
    calendar = WorkCalendar(ZoneInfo("Asia/Shanghai"), BusinessHours(), {}, frozenset())
    plugins = frozenset(rule.plugin for rule in rules)
    places, settings = [], []
    adjustable = [rule for rule in rules if rule.params is Minutes]
    closing = next(rule for rule in adjustable if rule.key == "made.enough_time")
    for n in range(sites):
        site_id = uuid4()
        places.append(SiteInfo(site_id, f"s{n}", f"Site {n}", calendar.zone, calendar, (company_id, site_id), plugins))
        combination = n % combinations
        other = adjustable[combination % len(adjustable)]
        chosen: dict[str, dict[str, Any]] = {closing.key: {"minutes": combination}}
        chosen.setdefault(other.key, {"minutes": 7_000 + combination})
        off = rules[combination % len(rules)]
        for key, params in chosen.items():
            settings.append(Setting(uuid4(), site_id, key, date(2026, 1, 1), NOW, None, params))
        if off.key not in chosen and not any(STEP in g.steps for g in off.guards):
            settings.append(Setting(uuid4(), site_id, off.key, date(2026, 1, 1), NOW, False))
    host = _Host(rules, settings)
    return Rulebooks(cast(Host, host)), _Session(company_id), places


def request_facts(**changed: Any) -> RequestFacts:
    """A finished request, back at reception."""
    names = dict.fromkeys(RequestFacts.__dataclass_fields__, False)
    values: dict[str, Any] = names | {
        "id": uuid4(), "kind": "repair", "category": "pipe_leak", "deadline_class": "urgent", "missing": (),
        "received_at": NOW - timedelta(days=2), "ordinary_due_at": NOW, "within_capability": "yes", "is_repair": True,
        "has_resident": True, "worker_id": uuid4(), "contractor_id": None, "reviewed": True, "handed_in": True,
        "sheet_open": True, "today": date(2026, 11, 16), "contractor_categories": (), "month_end_at": None,
    }  # fmt: skip
    return RequestFacts(**values | changed)


def facts_for(case: RequestFacts) -> dict[str, Any]:
    """All groups of facts before the step."""
    return {
        "case": case, "actor": ActorFacts(id=uuid4(), roles=("receptionist",)), "site": SiteFacts(id=uuid4()),
        "act": ActFacts(at=NOW, step=STEP), "form": {}, "rules": frozenset(),
    }  # fmt: skip


def deciding(
    rulebooks: Rulebooks, session: Any, places: list[SiteInfo], facts: dict[str, Any], step: str = STEP
) -> Callable[[], Any]:
    """Decides the step at two hundred sites in turn."""
    turn = itertools.cycle(places[:: max(1, len(places) // 997)])

    def work() -> None:
        for _n in range(200):
            place = next(turn)
            plan = rulebooks.plan(rulebooks.current(session, place, NOW), place)
            decide(plan, step, facts)

    return work


def by_hand(rulebooks: Rulebooks, session: Any, places: list[SiteInfo], facts: dict[str, Any]) -> Callable[[], Any]:
    """The inlined function at two hundred sites in turn, each with its parameters ready."""
    settings: dict[UUID, dict[str, Any]] = {}
    some = places[:: max(1, len(places) // 997)]
    for place in some:
        plan = rulebooks.plan(rulebooks.current(session, place, NOW), place)
        settings[place.id] = {bound.rule.key: bound.params for bound in plan.guards[STEP]}
    turn = itertools.cycle(some)

    def work() -> None:
        for _n in range(200):
            inlined(settings[next(turn).id], facts)

    return work


def measure(*, quick: bool) -> list[Result]:
    """All figures of the first target."""
    sites = 1_000 if quick else SITES
    product = rules_of_the_product()
    filling = generated(RULES - len(product) - len(MADE))
    rules = [*product, *MADE, *filling]
    tracemalloc.start()
    large = company(sites, rules, COMBINATIONS)
    before = tracemalloc.get_traced_memory()[0]
    rulebooks, session, places = large
    for place in places:
        rulebooks.plan(rulebooks.current(session, place, NOW), place)
    megabytes = (tracemalloc.get_traced_memory()[0] - before) / 1024 / 1024
    tracemalloc.stop()
    small = company(10, MADE, 10)
    allowed = facts_for(request_facts())
    denied = facts_for(
        request_facts(reviewed=False, mismatch_open=True, missing=("worker",), is_major=True, handed_in=False)
    )
    denied["actor"] = replace(denied["actor"], roles=("cleaner",))
    _check_same(large, allowed, 0)
    _check_same(large, denied, 6)
    rounds, times = (5, 3) if quick else (21, 10)
    found = []
    for name, facts in (("nothing against it", allowed), ("six reasons", denied)):
        ours, hand = in_turn([deciding(*large, facts), by_hand(*large, facts)], rounds=rounds, times=times)
        found.append(
            Result("decision", f"{sites:,} sites x {RULES} rules against inlined code ({name})", ratio(ours, hand), 1.5, "x",
                   {"ours_us": _us(ours), "inlined_us": _us(hand), "guards": 13})
        )  # fmt: skip
    works = [deciding(*made, allowed, STEP_OF_EIGHT) for made in (large, small)]
    big, little = in_turn(works, rounds=rounds, times=times)
    found.append(
        Result("decision", f"{sites:,} sites x {RULES} rules against 10 sites x 8 rules, the same step", ratio(big, little), 1.2,
               "x", {"large_us": _us(big), "small_us": _us(little)})
    )  # fmt: skip
    found.append(
        Result("decision", f"compiled rulebooks of {sites:,} sites, {COMBINATIONS} combinations", round(megabytes, 2), 10, "MB",
               {"different rulebooks": len({rulebooks.current(session, p, NOW).id for p in places})})
    )  # fmt: skip
    return found


def _us(rounds: list[float]) -> float:
    return round(statistics.median(rounds) / 200 * 1e6, 2)


def _check_same(made: tuple[Rulebooks, Any, list[SiteInfo]], facts: dict[str, Any], reasons: int) -> None:
    rulebooks, session, places = made
    plan = rulebooks.plan(rulebooks.current(session, places[0], NOW), places[0])
    ours = [reason.rule for reason in decide(plan, STEP, facts).denials]
    hand = [r.rule for r in inlined({b.rule.key: b.params for b in plan.guards[STEP]}, facts)]
    if ours != hand or len(ours) != reasons:
        raise RuntimeError(f"the two do not say the same: {ours} and {hand}")
