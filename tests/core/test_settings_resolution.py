"""Settings resolve alike in any tree and any order of entry: held against a slow, obvious reference."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from guanjia.rules.settings import Setting, change_points, in_force, resolve

RULE = "cleaning.sweep_stairs"
DEFAULTS = {"within_hours": 24, "role": "cleaner", "kinds": ["stairs", "hall"]}
OPTIONS = ("four_eyes", "clock_stops_count")
NAMES = ("on", *DEFAULTS, *OPTIONS)
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Pacific/Kiritimati")]
DAY_ZERO = date(2026, 3, 1)
SHANGHAI = ZONES[0]
COMPANY, REGION, SITE = (UUID(int=n) for n in (1, 2, 3))


def make(n=1, scope=COMPANY, day=0, saved_hours=0, **wishes):
    moment = datetime.combine(DAY_ZERO, time(), UTC) + timedelta(hours=saved_hours)
    return Setting(
        UUID(int=1000 + n), scope, wishes.pop("rule", RULE), DAY_ZERO + timedelta(days=day), moment, **wishes
    )


def found(chain, entered, at, zone=SHANGHAI, **how):
    return resolve(RULE, on=True, params=DEFAULTS, chain=chain, settings=entered, at=at, zone=zone, **how)


def noon(day, zone=SHANGHAI):
    return datetime.combine(DAY_ZERO + timedelta(days=day), time(12), zone)


def as_values(resolved):
    """Every name with its value and the id of the setting it came from."""
    values = {"on": (resolved.on, resolved.on_from)}
    values |= {name: (value, resolved.params_from[name]) for name, value in resolved.params.items()}
    values |= {name: (value, resolved.options_from[name]) for name, value in resolved.options.items()}
    return {name: (value, origin and origin.id) for name, (value, origin) in values.items()}


def slowly(chain, entered, at, zone):
    """What is in force, one name after the other, by walking down the chain and looking up it for a lock."""

    def begins(setting):
        midnight = datetime.combine(setting.from_day, time(), zone)
        return midnight if midnight > setting.saved_at else setting.saved_at

    present = []
    for scope in chain:
        last = None
        for setting in sorted(entered, key=lambda s: (begins(s), s.saved_at, s.id)):
            if setting.scope == scope and setting.rule == RULE and begins(setting) <= at:
                last = setting
        present.append(last)
    values = {"on": (True, None)} | {name: (value, None) for name, value in DEFAULTS.items()}
    for name in NAMES:
        for place, own in enumerate(present):
            if own is None:
                continue
            wish = {**own.params, **own.options, **({} if own.on is None else {"on": own.on})}
            above = [upper for upper in present[:place] if upper is not None]
            locked = any(upper.lock or name in upper.locked_params for upper in above)
            if name in wish and (not locked or name in own.granted):
                values[name] = (wish[name], own.id)
    return values


def some_names(*names):
    return st.frozensets(st.sampled_from(names), max_size=3)


@st.composite
def trees(draw):
    """The chain of a scope in a tree of any shape, and other scopes that do not lie on it."""
    parents = [None, *(draw(st.integers(0, n - 1)) for n in range(1, draw(st.integers(2, 9))))]
    at, chain = draw(st.integers(0, len(parents) - 1)), []
    while at is not None:
        chain.insert(0, UUID(int=at + 1))
        at = parents[at]
    return chain, [UUID(int=n + 1) for n in range(len(parents))]


@st.composite
def worlds(draw):
    chain, scopes = draw(trees())
    zone = draw(st.sampled_from(ZONES))
    params = st.fixed_dictionaries(
        {},
        optional={
            "within_hours": st.integers(1, 5),
            "role": st.sampled_from(["cleaner", "site_manager"]),
            "kinds": st.lists(st.sampled_from(["stairs", "hall", "lift"]), max_size=2),
            "gone_since": st.just("a parameter that the code has no longer"),
        },
    )
    options = st.fixed_dictionaries({}, optional={name: st.booleans() for name in OPTIONS})
    entered = [
        make(
            n,
            draw(st.sampled_from(scopes)),
            draw(st.integers(-3, 6)),
            draw(st.integers(-48, 120)),
            rule=draw(st.sampled_from([RULE, RULE, RULE, "cleaning.other"])),
            on=draw(st.sampled_from([None, True, False])),
            params=draw(params),
            options=draw(options),
            lock=draw(st.sampled_from([False, False, False, True])),
            locked_params=draw(some_names("on", "within_hours", "role", "kinds", "four_eyes")),
            granted=draw(some_names("on", "within_hours", "kinds", "four_eyes")),
        )
        for n in range(draw(st.integers(0, 12)))
    ]
    at = datetime.combine(DAY_ZERO, time(), UTC) + timedelta(hours=draw(st.integers(-80, 200)))
    return chain, entered, at, zone


@given(worlds(), st.randoms(use_true_random=False))
def test_any_tree_in_any_order_resolves_as_the_slow_reference_does(world, shuffler):
    chain, entered, at, zone = world
    expected = slowly(chain, entered, at, zone)
    assert as_values(found(chain, entered, at, zone)) == expected
    shuffler.shuffle(entered)
    assert as_values(found(chain, entered, at, zone)) == expected


@given(worlds())
def test_nothing_changes_between_two_change_points(world):
    chain, entered, at, zone = world
    points = change_points(entered, zone)
    before = [p for p in points if p <= at]
    start = before[-1] if before else at
    assert as_values(found(chain, entered, start, zone)) == as_values(found(chain, entered, at, zone))
    later = [p for p in points if p > at]
    if later:
        last_moment = later[0] - timedelta(microseconds=1)
        assert as_values(found(chain, entered, last_moment, zone)) == as_values(found(chain, entered, at, zone))


@given(worlds())
def test_what_a_scope_would_inherit_is_what_holds_once_it_sets_nothing(world):
    chain, entered, at, zone = world
    without = [s for s in entered if s.scope != chain[-1]]
    assert as_values(found(chain, entered, at, zone, up_to=chain[-1])) == as_values(found(chain, without, at, zone))


@given(worlds(), st.sampled_from(sorted(DEFAULTS)))
def test_each_parameter_is_inherited_by_itself(world, name):
    """What is set about one parameter says nothing about the others."""
    chain, entered, at, zone = world
    dropped = [replace(s, params={k: v for k, v in s.params.items() if k != name}) for s in entered]
    with_it, without = (as_values(found(chain, some, at, zone)) for some in (entered, dropped))
    assert without[name] == (DEFAULTS[name], None)
    assert {k: v for k, v in with_it.items() if k != name} == {k: v for k, v in without.items() if k != name}


@settings(max_examples=50)
@given(worlds())
def test_what_a_lock_shadowed_returns_when_the_lock_ends(world):
    """The scopes below stand as if there had been no lock, once the one that locked succeeds itself without it."""
    chain, entered, at, zone = world
    top = [s for s in entered if s.scope == chain[0] and s.rule == RULE]
    present = in_force(top, at, zone)
    if present is None:
        return
    latest = max(at, *(s.saved_at for s in entered)) + timedelta(seconds=1)
    day = latest.astimezone(zone).date() - timedelta(days=1)
    end = replace(present, id=UUID(int=1), from_day=day, saved_at=latest, lock=False, locked_params=frozenset())
    never = [replace(s, lock=False, locked_params=frozenset()) if s.scope == chain[0] else s for s in entered]
    ended = found(chain, [*entered, end], latest, zone)
    unlocked = found(chain, [*never, end], latest, zone)
    assert as_values(ended) == as_values(unlocked)


def test_a_setting_counts_from_the_later_of_its_day_and_its_saving():
    """00:00 site time of the first day, or the moment of saving where that came later."""
    planned = make(day=5, saved_hours=0, on=False)
    midnight = datetime.combine(DAY_ZERO + timedelta(days=5), time(), SHANGHAI)
    assert found([COMPANY], [planned], midnight - timedelta(microseconds=1)).on
    assert not found([COMPANY], [planned], midnight).on
    backdated = make(day=-30, saved_hours=12, on=False)
    assert found([COMPANY], [backdated], backdated.saved_at - timedelta(microseconds=1)).on
    assert not found([COMPANY], [backdated], backdated.saved_at).on


def test_the_day_begins_in_the_zone_of_each_site():
    planned = make(day=5, on=False)
    begins = [planned.counts_from(zone) for zone in ZONES]
    assert begins[2] < begins[0] < begins[1]
    for zone, moment in zip(ZONES, begins, strict=True):
        assert found([COMPANY], [planned], moment - timedelta(seconds=1), zone).on
        assert not found([COMPANY], [planned], moment, zone).on


def test_an_earlier_date_entered_later_counts_from_its_saving_although_its_day_is_older():
    first = make(1, day=0, params={"within_hours": 1})
    backdated = make(2, day=-20, saved_hours=60, params={"within_hours": 2})
    entered = [first, backdated]
    assert found([COMPANY], entered, noon(1)).params["within_hours"] == 1
    assert found([COMPANY], entered, noon(4)).params["within_hours"] == 2


def test_a_planned_change_is_withdrawn_by_a_successor_of_the_same_day():
    planned = make(1, day=5, on=False)
    withdrawn = make(2, day=5, saved_hours=48, on=None)
    assert not found([COMPANY], [planned], noon(6)).on
    assert found([COMPANY], [planned, withdrawn], noon(6)).on
    assert found([COMPANY], [withdrawn, planned], noon(6)).on_from is None


def test_the_nearest_scope_wins_and_names_its_setting():
    company = make(1, COMPANY, params={"within_hours": 48, "role": "site_manager"})
    region = make(2, REGION, params={"within_hours": 12}, on=False)
    result = found([COMPANY, REGION, SITE], [company, region], noon(1))
    assert (result.params["within_hours"], result.params["role"]) == (12, "site_manager")
    assert (result.params_from["within_hours"], result.params_from["role"]) == (region, company)
    assert (result.params["kinds"], result.params_from["kinds"]) == (DEFAULTS["kinds"], None)
    assert (result.on, result.on_from) == (False, region)


def test_a_locked_rule_shadows_all_that_is_set_below():
    company = make(1, COMPANY, lock=True, params={"within_hours": 48})
    site = make(2, SITE, on=False, params={"within_hours": 1}, options={"four_eyes": True})
    result = found([COMPANY, REGION, SITE], [company, site], noon(1))
    assert (result.on, result.params["within_hours"], dict(result.options)) == (True, 48, {})
    assert all(result.lock_on(name) == company for name in NAMES)


def test_a_locked_parameter_leaves_the_others_free():
    region = make(1, REGION, locked_params=frozenset({"within_hours", "four_eyes"}))
    site = make(2, SITE, on=False, params={"within_hours": 1, "role": "site_manager"}, options={"four_eyes": True})
    result = found([COMPANY, REGION, SITE], [region, site], noon(1))
    assert (result.on, result.params["within_hours"], result.params["role"]) == (False, 24, "site_manager")
    assert "four_eyes" not in result.options
    assert (result.lock_on("within_hours"), result.lock_on("role")) == (region, None)


def test_what_was_granted_counts_in_spite_of_a_lock_and_nothing_else_does():
    company = make(1, COMPANY, lock=True)
    site = make(
        2,
        SITE,
        on=False,
        params={"within_hours": 72, "role": "site_manager"},
        granted=frozenset({"within_hours"}),
    )
    result = found([COMPANY, SITE], [company, site], noon(1))
    assert (result.on, result.params["within_hours"], result.params["role"]) == (True, 72, "cleaner")
    assert result.locked_by == company
