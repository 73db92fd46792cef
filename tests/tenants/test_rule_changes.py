"""Rules are set by changes with date, author and reason; locks, conflicts and dates decide what is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound, Refused, WrongState
from guanjia.steps.context import Context
from guanjia.steps.models import JournalEntry, Notification
from guanjia.words import speaking
from sample_rules import rules as sample_rules
from tenants.plugin import plugin
from tenants.settings.draft import names_of
from tenants.settings.forms import ChangeForm
from tenants.settings.models import RuleSetting
from tenants.settings.preview import preview
from tenants.settings.scope import find_scope
from tenants.settings.store import load_settings

from .conftest import Firm, make_firm

ENTER, ASK = "tenants.rule_change.enter", "tenants.rule_change.ask"
SWEEP, FIRST, LATER = "sample_rules.sweep", "sample_rules.pay_first", "sample_rules.pay_later"
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    config = Config(data_folder=tmp_path, database_url=f"sqlite:///{tmp_path / 'test.sqlite'}", owner_database_url="")
    app = create_app(config, plugins=[plugin, sample_rules.plugin], clock=clock, seed=7)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


@dataclass
class Rules:
    """A company with a region, a site in it (`inner`), one beside it (`outer`), and a manager of the first."""

    firm: Firm
    region: UUID
    inner: UUID
    outer: UUID
    manager: UUID

    @property
    def at_inner(self) -> Context:
        return self.firm.as_(self.manager, self.inner)

    def enter(
        self, *entries: dict[str, Any], scope: UUID | None = None, by: Context | None = None, **more: Any
    ) -> UUID:
        kind = {self.region: "unit", self.inner: "site", self.outer: "site"}.get(scope or self.firm.company, "company")
        form = {"scope_kind": kind, "scope_id": str(scope) if scope else None, "from_day": TODAY.isoformat(),
                "reason": "Winter is coming", "rules": list(entries), **more}  # fmt: skip
        return (by or self.firm.hq).perform(ENTER, None, form).case_id

    def ask(self, *entries: dict[str, Any], **more: Any) -> UUID:
        form = {"from_day": TODAY.isoformat(), "reason": "Our stairs are steep", "rules": list(entries), **more}
        return self.at_inner.perform(ASK, None, form).case_id

    def fault(self, *entries: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The fields of the first entry that are not accepted, else of the form."""
        with pytest.raises(Invalid) as caught:
            self.enter(*entries, **more)
        errors = dict(caught.value.errors)
        return dict(errors["rules"][0]) if isinstance(errors.get("rules"), dict) else errors

    def at(self, site: UUID, rule: str = SWEEP, when: datetime | None = None) -> Any:
        """What is in force of the rule at the site."""
        with self.firm.reading() as session:
            place = self.firm.directory.site(session, site)
            assert place is not None
            return self.firm.host.rulebooks.resolved(session, place, when or self.firm.clock.now())[rule]

    def hours(self, site: UUID, when: datetime | None = None) -> int:
        return int(self.at(site, when=when).params["within_hours"])


@pytest.fixture
def rules(app: Flask, clock: Clock) -> Rules:
    firm = make_firm(app, clock, "demo")
    region = firm.unit("north")
    inner, outer = firm.site("inner", region), firm.site("outer")
    return Rules(firm, region, inner, outer, firm.staff("manager", "site_manager", inner))


def sweep(**params: Any) -> dict[str, Any]:
    return {"rule": SWEEP, "params": params}


def off(rule: str) -> dict[str, Any]:
    return {"rule": rule, "on": False}


def on(rule: str) -> dict[str, Any]:
    return {"rule": rule, "on": True}


def refusal(call: Any, *args: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return caught.value


# ------------------------------------------------------------------ what is set, and from when


def test_the_nearest_scope_sets_a_parameter_and_the_others_are_inherited(rules: Rules) -> None:
    rules.enter({**sweep(within_hours=48, share="0.5"), "options": {"four_eyes": True}})
    rules.enter(sweep(within_hours=12), scope=rules.region)
    rules.enter(sweep(kinds=["hall", "lift", "hall"]), scope=rules.inner)
    found = rules.at(rules.inner)
    assert (found.params["within_hours"], found.params["share"], found.params["kinds"]) == (
        12,
        "0.5000",
        ["hall", "lift"],
    )
    assert found.options == {"four_eyes": True}
    assert rules.hours(rules.outer) == 48
    with rules.firm.reading() as session:
        names = {n: rules.firm.directory.scope_name(session, s.scope) for n, s in found.params_from.items() if s}
    assert names == {"within_hours": "North", "share": "Demo Ltd", "kinds": "Inner"}


def test_a_change_counts_from_its_day_and_a_past_day_from_its_saving(rules: Rules) -> None:
    now = rules.firm.clock.now()
    rules.enter(sweep(within_hours=1), from_day=(TODAY + 3 * DAY).isoformat())
    rules.enter(sweep(within_hours=2), from_day=(TODAY - 30 * DAY).isoformat(), scope=rules.outer)
    midnight = datetime(2026, 11, 26, 16, 0, tzinfo=now.tzinfo)  # 00:00 of the 27th in Shanghai
    assert rules.hours(rules.inner, midnight - timedelta(seconds=1)) == 24
    assert rules.hours(rules.inner, midnight) == 1
    assert rules.hours(rules.outer, now - timedelta(seconds=1)) == 24
    assert rules.hours(rules.outer, now) == 2


def test_a_planned_change_is_withdrawn_by_a_successor_of_its_day(rules: Rules) -> None:
    day = (TODAY + 3 * DAY).isoformat()
    rules.enter(off(SWEEP), from_day=day)
    later = rules.firm.clock.now() + 5 * DAY
    assert not rules.at(rules.inner, when=later).on
    rules.firm.clock.move(timedelta(hours=1))
    rules.enter({"rule": SWEEP, "on": "inherit"}, from_day=day)
    assert rules.at(rules.inner, when=later).on


def test_the_rulebook_of_the_next_step_follows_at_once_in_this_process(rules: Rules) -> None:
    host = rules.firm.host
    with rules.firm.reading() as session:
        site = rules.firm.directory.site(session, rules.inner)
        assert site is not None and host.rulebooks.current(session, site, rules.firm.clock.now()).is_on(SWEEP)
    rules.enter(off(SWEEP))
    with rules.firm.reading() as session:
        site = rules.firm.directory.site(session, rules.inner)
        assert site is not None and not host.rulebooks.current(session, site, rules.firm.clock.now()).is_on(SWEEP)


def test_a_setting_keeps_author_and_reason_and_is_never_changed(rules: Rules) -> None:
    change = rules.enter(sweep(within_hours=6), scope=rules.inner, by=rules.at_inner)
    with tenant_session(rules.firm.company, write=True) as session:
        (setting,) = load_settings(session)
        assert (setting.author, setting.reason, setting.scope) == (rules.manager, "Winter is coming", rules.inner)
        entry = session.scalars(select(JournalEntry).where(
            JournalEntry.company_id == session.company_id, JournalEntry.case_id == change)).one()  # fmt: skip
        assert '"within_hours":6' in entry.body and "Winter" not in entry.body
        row = session.scalars(select(RuleSetting).where(RuleSetting.company_id == session.company_id)).one()
        row.params = {"within_hours": 7}
        with pytest.raises(RuntimeError, match="never changed"):
            session.flush()
        session.rollback()
        session.delete(session.get(RuleSetting, (session.company_id, setting.id)))
        with pytest.raises(RuntimeError, match="never changed"):
            session.flush()


def test_another_companys_settings_stay_its_own(rules: Rules, app: Flask, clock: Clock) -> None:
    other = make_firm(app, clock, "other")
    site = other.site("inner")
    rules.enter(off(SWEEP))
    with other.reading() as session:
        assert load_settings(session) == []
    for scope, kind in ((rules.inner, "site"), (rules.region, "unit"), (rules.firm.company, "company")):
        form = {
            "scope_kind": kind,
            "scope_id": str(scope),
            "from_day": "2026-11-24",
            "reason": "x",
            "rules": [off(SWEEP)],
        }
        with pytest.raises(Invalid) as caught:
            other.hq.perform(ENTER, None, form)
        assert set(caught.value.errors) == {"scope_id"}
    with pytest.raises(NotFound):
        rules.firm.as_(rules.manager, site).perform(ENTER, None, {})


# ------------------------------------------------------------------ what is not accepted, by field


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (sweep(within_hours=0), "params.within_hours"),
        (sweep(within_hours="6"), "params.within_hours"),
        (sweep(within_hours=[[[6]]]), "params.within_hours"),
        (sweep(within_hours={"a": {"b": 6}}), "params.within_hours"),
        ({"rule": SWEEP, "params": [6]}, "params"),
        (sweep(share=float("nan")), "params.share"),
        (sweep(within_hours=6.5), "params.within_hours"),
        (sweep(within_hours=2**70), "params.within_hours"),
        (sweep(within_hours=None), "params.within_hours"),
        (sweep(share="1.1"), "params.share"),
        (sweep(season="spring"), "params.season"),
        (sweep(kinds=[]), "params.kinds"),
        (sweep(kinds="hall"), "params.kinds"),
        (sweep(role="king"), "params.role"),
        (sweep(role="x" * 201), "params.role"),
        (sweep(also=["cashier", "king"]), "params.also"),
        (sweep(by_machine="maybe"), "params.by_machine"),
        (sweep(colour="red"), "params.colour"),
        ({**sweep(), "options": {"clock_stops_count": True}}, "options.clock_stops_count"),
        ({**sweep(), "options": {"five_eyes": True}}, "options.five_eyes"),
        ({**sweep(), "locked_params": ["colour"]}, "locked_params"),
        ({"rule": "sample_rules.nothing"}, "rule"),
        ({"rule": "sample_rules.cupboard", "on": False}, "rule"),
        ({"rule": SWEEP, "on": "perhaps"}, "on"),
        ({"rule": SWEEP, "mood": "good"}, "mood"),
    ],
)
def test_what_cannot_be_is_refused_by_field(rules: Rules, entry: dict[str, Any], field: str) -> None:
    found: Any = rules.fault(entry)
    for part in field.split("."):
        assert set(found) == {part}
        found = found[part]


def test_a_fraction_and_a_department_in_place_of_a_role_are_taken(rules: Rules) -> None:
    rules.enter(sweep(share=0.25, role="engineering"))
    assert rules.at(rules.inner).params["share"] == "0.2500"
    assert rules.at(rules.inner).params["role"] == "engineering"


def test_the_form_itself_is_refused_by_field(rules: Rules) -> None:
    assert set(rules.fault(on(SWEEP), reason="")) == {"reason"}
    assert set(rules.fault(on(SWEEP), from_day="soon")) == {"from_day"}
    assert set(rules.fault(on(SWEEP), scope_kind="planet")) == {"scope_kind"}
    assert set(rules.fault(on(SWEEP), scope_kind="site", scope_id=None)) == {"scope_id"}
    assert set(rules.fault()) == {"rules"}
    with pytest.raises(Invalid) as caught:
        rules.enter(on(SWEEP), off(SWEEP))
    assert set(caught.value.errors["rules"]) == {1}


def test_a_site_locks_nothing(rules: Rules) -> None:
    assert set(rules.fault({**sweep(), "lock": True}, scope=rules.inner)) == {"lock"}


# ------------------------------------------------------------------ who may


def test_a_site_manager_sets_the_own_site_and_nothing_else(rules: Rules) -> None:
    rules.enter(sweep(within_hours=5), scope=rules.inner, by=rules.at_inner)
    assert rules.hours(rules.inner) == 5
    assert set(rules.fault(on(SWEEP), by=rules.at_inner)) == {"scope_kind"}
    assert set(rules.fault(on(SWEEP), scope=rules.region, by=rules.at_inner)) == {"scope_kind"}
    assert set(rules.fault(on(SWEEP), scope=rules.outer, by=rules.at_inner)) == {"scope_id"}
    with pytest.raises(NotFound):
        rules.enter(on(SWEEP), by=rules.firm.as_(rules.manager))
    with pytest.raises(NotFound):
        rules.enter(on(SWEEP), scope=rules.outer, by=rules.firm.as_(rules.manager, rules.outer))
    cashier = rules.firm.staff("till", "cashier", rules.inner)
    with pytest.raises(Forbidden):
        rules.enter(on(SWEEP), scope=rules.inner, by=rules.firm.as_(cashier, rules.inner))


# ------------------------------------------------------------------ locks


def test_a_locked_parameter_is_refused_with_author_reason_and_whom_to_ask(rules: Rules) -> None:
    rules.enter({**sweep(within_hours=48), "locked_params": ["within_hours"]}, reason="The insurer wants it")
    error = refusal(rules.enter, sweep(within_hours=5), scope=rules.inner, by=rules.at_inner)
    assert [reason.rule for reason in error.reasons] == [SWEEP]
    for language, words in (("zh", ["按时清扫", "时限"]), ("en", ["Sweep in time", "Time limit"])):
        with speaking(language):
            text = str(error.reasons[0].message)
        for word in [*words, "Admin", "The insurer wants it", "Demo Ltd", "2026-11-24"]:
            assert word in text
    assert rules.hours(rules.inner) == 48
    rules.enter(sweep(role="receptionist"), scope=rules.inner, by=rules.at_inner)
    assert rules.at(rules.inner).params["role"] == "receptionist"


def test_a_locked_rule_is_refused_whatever_is_entered(rules: Rules) -> None:
    rules.enter({"rule": SWEEP, "lock": True})
    for entry in (off(SWEEP), sweep(within_hours=5), {"rule": SWEEP}):
        assert refusal(rules.enter, entry, scope=rules.inner, by=rules.at_inner).reasons[0].rule == SWEEP
    refusal(
        rules.enter, off(SWEEP), scope=rules.region
    )  # headquarters itself, too: it changes the lock where it stands
    rules.enter({"rule": SWEEP})
    rules.enter(off(SWEEP), scope=rules.inner, by=rules.at_inner)
    assert not rules.at(rules.inner).on


def test_a_lock_shadows_and_what_it_shadowed_returns_even_if_the_site_changed_something_else(rules: Rules) -> None:
    rules.enter(sweep(within_hours=5), scope=rules.inner)
    rules.enter({**sweep(within_hours=48), "locked_params": ["within_hours"]})
    assert rules.hours(rules.inner) == 48
    rules.enter(sweep(role="receptionist"), scope=rules.inner, by=rules.at_inner)
    assert (rules.hours(rules.inner), rules.at(rules.inner).params["role"]) == (48, "receptionist")
    rules.firm.clock.move(timedelta(hours=1))
    rules.enter(sweep(within_hours=48))
    assert (rules.hours(rules.inner), rules.at(rules.inner).params["role"]) == (5, "receptionist")


def test_a_lock_of_a_unit_reaches_its_sites_only(rules: Rules) -> None:
    rules.enter({**off(SWEEP), "lock": True}, scope=rules.region)
    refusal(rules.enter, on(SWEEP), scope=rules.inner, by=rules.at_inner)
    rules.enter(sweep(within_hours=2), scope=rules.outer)
    assert (rules.at(rules.inner).on, rules.hours(rules.outer)) == (False, 2)


# ------------------------------------------------------------------ asking headquarters


def locked(rules: Rules) -> None:
    rules.enter({**sweep(within_hours=48), "locked_params": ["within_hours", "on"]})


def test_a_granted_request_counts_at_that_site_alone_and_the_lock_stays(rules: Rules) -> None:
    locked(rules)
    rules.enter(sweep(within_hours=9), scope=rules.outer, exception=True)
    asked = rules.ask(sweep(within_hours=5, role="receptionist"))
    assert rules.hours(rules.inner) == 48
    rules.firm.hq.perform("tenants.rule_change.grant", asked, {"note": "For this winter"})
    assert [rules.hours(site) for site in (rules.inner, rules.outer)] == [5, 9]
    assert rules.at(rules.inner).params["role"] == "receptionist"
    with rules.firm.reading() as session:
        (granted,) = [s for s in load_settings(session) if s.scope == rules.inner]
    assert (granted.author, granted.granted) == (rules.firm.admin, frozenset({"within_hours"}))
    refusal(rules.enter, sweep(within_hours=6), scope=rules.inner, by=rules.at_inner)
    rules.enter(sweep(), scope=rules.inner, by=rules.at_inner)  # what was granted is carried over
    assert (rules.hours(rules.inner), rules.at(rules.inner).params["role"]) == (5, "cashier")
    rules.enter(sweep(), scope=rules.inner, exception=True)  # headquarters ends it
    assert rules.hours(rules.inner) == 48


def test_a_request_is_granted_rejected_or_withdrawn_by_whom_it_concerns(rules: Rules) -> None:
    locked(rules)
    asked = rules.ask(off(SWEEP))
    for step, form in (("grant", {}), ("reject", {"reason": "no"})):
        with pytest.raises(Forbidden):
            rules.at_inner.perform(f"tenants.rule_change.{step}", asked, form)
    with pytest.raises(Invalid):
        rules.firm.hq.perform("tenants.rule_change.reject", asked, {"reason": ""})
    assert rules.firm.hq.perform("tenants.rule_change.reject", asked, {"reason": "No"}).state == "rejected"
    with pytest.raises(WrongState):
        rules.firm.hq.perform("tenants.rule_change.grant", asked, {})
    assert rules.at(rules.inner).on
    again = rules.ask(off(SWEEP))
    assert rules.at_inner.perform("tenants.rule_change.withdraw", again, {}).state == "withdrawn"


def test_only_what_is_locked_needs_asking_and_only_headquarters_makes_exceptions(rules: Rules) -> None:
    locked(rules)
    with pytest.raises(Invalid) as caught:
        rules.ask(sweep(role="receptionist"))
    assert set(caught.value.errors) == {"rules"}
    with pytest.raises(Forbidden):
        rules.enter(sweep(within_hours=5), scope=rules.inner, by=rules.at_inner, exception=True)
    assert set(rules.fault(off(SWEEP), scope=rules.region, exception=True)) == {"exception"}
    with pytest.raises(NotFound):
        rules.firm.hq.perform(ASK, None, {"from_day": "2026-11-24", "reason": "x", "rules": [off(SWEEP)]})


def test_whoever_asked_is_told_and_headquarters_is_told_before(rules: Rules) -> None:
    locked(rules)
    asked = rules.ask(sweep(within_hours=5))
    rules.firm.hq.perform("tenants.rule_change.grant", asked, {})
    rules.firm.host.relay.run_due()
    with rules.firm.reading() as session:
        rows = session.execute(select(Notification.staff_id, Notification.case_id).where(
            Notification.company_id == session.company_id, Notification.case_id == asked))  # fmt: skip
        assert {row.staff_id for row in rows} == {rules.firm.admin, rules.manager}


# ------------------------------------------------------------------ conflicts


def test_rules_that_exclude_each_other_are_refused_with_sites_and_days(rules: Rules) -> None:
    rules.enter(off(FIRST), scope=rules.outer)
    error = refusal(rules.enter, on(LATER), from_day="2026-12-01")
    (reason,) = error.reasons
    assert reason.rule == LATER
    with speaking("en"):
        text = str(reason.message)
    assert "Pay first and Pay later" in text and "Inner from 2026-12-01 on" in text and "Outer" not in text
    assert not rules.at(rules.inner, LATER, rules.firm.clock.now() + 30 * DAY).on
    rules.enter(on(LATER), off(FIRST), from_day="2026-12-01")
    later = rules.firm.clock.now() + 30 * DAY
    assert (rules.at(rules.inner, LATER, later).on, rules.at(rules.inner, FIRST, later).on) == (True, False)


def test_a_conflict_that_begins_only_later_is_found_and_named_with_its_days(rules: Rules) -> None:
    rules.enter(off(FIRST), scope=rules.inner)
    rules.enter(on(FIRST), scope=rules.inner, from_day="2026-12-10")
    rules.enter(off(FIRST), scope=rules.inner, from_day="2026-12-15")
    error = refusal(rules.enter, on(LATER), scope=rules.inner, by=rules.at_inner)
    with speaking("en"):
        assert "Inner from 2026-12-10 to 2026-12-14" in str(error.reasons[0].message)
    with speaking("zh"):
        assert "2026-12-10" in str(error.reasons[0].message) and "先收费" in str(error.reasons[0].message)


def test_a_conflict_hidden_below_a_unit_is_found_from_the_company(rules: Rules) -> None:
    rules.enter(off(FIRST))
    rules.enter(on(FIRST), scope=rules.inner)
    with speaking("en"):
        text = str(refusal(rules.enter, on(LATER)).reasons[0].message)
    assert "Inner from 2026-11-24 on" in text and "Outer" not in text and "Demo" not in text
    rules.enter(on(LATER), scope=rules.outer)


def test_a_company_that_would_hand_a_conflict_to_its_next_site_is_refused(rules: Rules) -> None:
    for site in (rules.inner, rules.outer):
        rules.enter(off(FIRST), scope=site)
    with speaking("en"):
        assert "Demo Ltd (headquarters and new sites)" in str(refusal(rules.enter, on(LATER)).reasons[0].message)


def test_lifting_a_lock_that_lets_a_conflict_return_is_refused(rules: Rules) -> None:
    rules.enter(off(FIRST), on(LATER), scope=rules.inner)
    rules.enter({"rule": LATER, "on": False, "lock": True})
    rules.enter(on(FIRST), scope=rules.inner)
    refusal(rules.enter, {"rule": LATER})


def test_two_changes_at_one_moment_cannot_make_a_conflict_together(rules: Rules, app: Flask) -> None:
    rules.enter(off(FIRST))
    start, outcomes = Barrier(2), []

    def change(rule: str) -> None:
        with app.app_context():
            start.wait()
            try:
                rules.enter(on(rule))
                outcomes.append("saved")
            except Refused:
                outcomes.append("refused")

    threads = [Thread(target=change, args=(rule,)) for rule in (FIRST, LATER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "saved"]


def test_locks_and_conflicts_are_shown_together(rules: Rules) -> None:
    locked(rules)
    error = refusal(rules.enter, sweep(within_hours=5), on(LATER), scope=rules.inner, by=rules.at_inner)
    assert [reason.rule for reason in error.reasons] == [SWEEP, LATER]


# ------------------------------------------------------------------ before saving


def previewed(
    rules: Rules, *entries: dict[str, Any], scope: UUID | None = None, kind: str = "company", **more: Any
) -> Any:
    with rules.firm.hq.reading() as loader:
        found = find_scope(loader, kind, scope)
        assert found is not None
        form = ChangeForm().load({"scope_kind": kind, "scope_id": str(scope) if scope else None, "reason": "x",
                                  "from_day": TODAY.isoformat(), "rules": list(entries), **more})  # fmt: skip
        return preview(loader, found, form)


def test_the_preview_names_each_place_before_and_after_and_saves_nothing(rules: Rules) -> None:
    rules.enter(sweep(within_hours=5), scope=rules.inner)
    found = previewed(rules, sweep(within_hours=48))
    effects = {e.place.name: [(d.name, d.before, d.after) for d in e.differences] for e in found.effects}
    assert effects == {"Demo Ltd": [("within_hours", 24, 48)], "Inner": [], "Outer": [("within_hours", 24, 48)]}
    assert found.refusals == () and rules.hours(rules.outer) == 24


def test_the_preview_shows_a_switch_and_an_option_that_nobody_had_set(rules: Rules) -> None:
    found = previewed(rules, {**off(SWEEP), "options": {"four_eyes": True}}, scope=rules.outer, kind="site")
    assert [(d.name, d.before, d.after) for e in found.effects for d in e.differences] == [
        ("on", True, False), ("four_eyes", False, True)]  # fmt: skip


def test_warnings_name_vacant_roles_resting_rules_and_past_days(rules: Rules) -> None:
    rules.firm.staff("till", "cashier", rules.inner)
    rules.firm.do(
        "tenants.plugin_switch.create", plugin="sample_rules", is_on=False, by=rules.firm.hq.at_site(rules.outer)
    )
    with speaking("en"):
        texts = [str(w) for w in previewed(rules, sweep(also=["archivist"]), from_day="2026-11-01").warnings]
    past, rests, vacant = texts
    assert "2026-11-01 has passed" in past
    assert "rests at Outer" in rests and "Cleaning" in rests
    assert "Archivist" in vacant and "Inner" in vacant and "Outer" not in vacant
    assert previewed(rules, sweep(), scope=rules.inner, kind="site").warnings == ()


def test_names_that_can_be_set_follow_the_declaration(rules: Rules) -> None:
    host = rules.firm.host
    assert names_of(host.rules[SWEEP])[0] == "on" and names_of(host.rules[SWEEP])[-1] == "four_eyes"
    assert names_of(host.rules[LATER]) == ["on"]


def test_bulk_statements_do_not_reach_round_the_settings(rules: Rules) -> None:
    rules.enter(off(SWEEP))
    with tenant_session(rules.firm.company, write=True) as session:
        for statement in (update(RuleSetting).values(is_on=True), delete(RuleSetting)):
            with pytest.raises(RuntimeError, match="never changed"):
                session.execute(statement.where(RuleSetting.company_id == session.company_id))
