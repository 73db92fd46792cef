"""Who reaches what, who holds a role, and for how long what is kept stays right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from guanjia.db.base import db
from guanjia.errors import NotFound
from tenants.models import Staff

from .conftest import NOW, Firm, make_firm

DAY = timedelta(days=1)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that reach the database during the block."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_an_assignment_reaches_its_scope_and_what_lies_below(firm: Firm) -> None:
    east = firm.unit("east")
    inner = firm.unit("inner", east)
    a, b, c = firm.site("a", inner), firm.site("b", east), firm.site("c")
    at = {
        "company": firm.staff("p1", "cashier"),
        "unit": firm.staff("p2", "cashier", east),
        "site": firm.staff("p3", "cashier", a),
        "department": firm.staff("p4", "cashier", firm.department(a, "finance")),
    }
    nowhere = firm.staff("p5")
    reach = {
        kind: ["".join(n for n, s in (("a", a), ("b", b), ("c", c)) if firm.actor(p, s)), firm.actor(p) is not None]
        for kind, p in at.items()
    }
    assert reach == {"company": ["abc", True], "unit": ["ab", True], "site": ["a", False], "department": ["a", False]}
    assert [firm.actor(nowhere, site) for site in (a, b, c, None)] == [None] * 4
    with firm.reading() as session:
        codes = [s.code for s in firm.directory.reachable(session, at["unit"], NOW)]
        site = firm.directory.site(session, a)
    assert codes == ["a", "b"]
    assert site is not None and site.chain == (firm.company, east, inner, a)


def test_permissions_are_those_of_all_roles_that_reach_the_place(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    both = firm.staff("both", "site_manager", a)
    firm.give(both, "auditor", b)
    here, there = firm.actor(both, a), firm.actor(both, b)
    assert here is not None and there is not None
    assert "tenants.staff.administer" in here.permissions and "tenants.staff.administer" not in there.permissions
    assert (here.facts.roles, there.facts.roles) == (("site_manager",), ("auditor",))


def test_a_permission_of_company_level_counts_at_company_scope_only(firm: Firm) -> None:
    east = firm.unit("east")
    a = firm.site("a", east)
    low = firm.staff("low", "hq_admin", a)
    middle = firm.staff("middle", "hq_admin", east)
    for person, site in ((low, a), (middle, a)):
        actor = firm.actor(person, site)
        assert actor is not None
        assert "tenants.company.administer" not in actor.permissions
        assert "tenants.site.administer" in actor.permissions
    at_company = firm.actor(middle)
    assert at_company is not None and at_company.permissions == frozenset()
    everything = firm.actor(firm.admin)
    assert everything is not None and everything.permissions == frozenset(firm.host.permissions)


def test_a_role_is_held_by_the_nearest_scope_upwards(firm: Firm) -> None:
    east = firm.unit("east")
    inner = firm.unit("inner", east)
    a = firm.site("a", inner)
    engineering, security = firm.department(a, "engineering"), firm.department(a, "security")
    found: list[tuple[tuple[UUID, ...], bool]] = []
    expected = []
    for scope, vacant in ((None, True), (east, True), (inner, True), (a, False), (engineering, False)):
        expected.append(((firm.staff(f"p{len(expected)}", "department_head", scope),), vacant))
        holders = firm.holders("department_head", a, engineering)
        found.append((holders.staff, holders.vacant))
    assert found == expected
    # Another department has no head of its own: the site's is asked, and without him the other department's.
    assert firm.holders("department_head", a, security).staff == expected[3][0]
    assert firm.holders("department_head", a, "engineering").staff == expected[4][0]


def test_a_role_in_a_department_is_held_at_the_site(firm: Firm) -> None:
    a = firm.site("a")
    in_department = firm.staff("p1", "receptionist", firm.department(a, "service_centre"))
    at_site = firm.staff("p2", "receptionist", a)
    assert set(firm.holders("receptionist", a).staff) == {in_department, at_site}
    assert firm.holders("service_centre", a).staff == (in_department,)  # a rule may name the whole department
    assert firm.holders("finance", a).vacant


def test_a_role_of_the_company_is_not_vacant_at_a_site(firm: Firm) -> None:
    a = firm.site("a")
    leader = firm.staff("leader", "company_leader")
    manager = firm.staff("manager", "site_manager")
    assert firm.holders("company_leader", a) == firm.holders("company_leader")
    assert (firm.holders("company_leader", a).staff, firm.holders("company_leader", a).vacant) == ((leader,), False)
    assert (firm.holders("site_manager", a).staff, firm.holders("site_manager", a).vacant) == ((manager,), True)
    nobody = firm.holders("cashier", a)
    assert (nobody.staff, nobody.vacant) == ((), True)


def test_whoever_is_away_is_replaced_by_the_deputy(firm: Firm) -> None:
    a = firm.site("a")
    head = firm.staff("head", "site_manager", a)
    deputy = firm.staff("deputy")
    regional = firm.staff("regional", "site_manager")
    firm.away(head, deputy, NOW + DAY, NOW + 2 * DAY)
    assert firm.holders("site_manager", a).staff == (head,)
    assert firm.actor(deputy, a) is None
    firm.clock.move(DAY)
    holders = firm.holders("site_manager", a)
    assert (holders.staff, dict(holders.deputising), holders.vacant) == ((deputy,), {deputy: head}, False)
    acting = firm.actor(deputy, a)
    assert acting is not None and acting.facts.roles == ("site_manager",)
    assert "tenants.staff.administer" in acting.permissions
    # The deputy falls ill too, and nobody stands in: the role is vacant here, the next scope is asked.
    absence = firm.away(deputy, None, NOW + DAY, NOW + 2 * DAY)
    holders = firm.holders("site_manager", a)
    assert (holders.staff, holders.vacant) == ((regional,), True)
    firm.do("tenants.absence.retire", absence)
    assert firm.holders("site_manager", a).staff == (deputy,)
    firm.clock.move(DAY)
    assert firm.holders("site_manager", a).staff == (head,)


def test_one_of_two_is_away_without_deputy(firm: Firm) -> None:
    a = firm.site("a")
    one, two = firm.staff("one", "receptionist", a), firm.staff("two", "receptionist", a)
    firm.away(one, None, NOW, NOW + DAY)
    holders = firm.holders("receptionist", a)
    assert (holders.staff, dict(holders.deputising), holders.vacant) == ((two,), {}, False)


def test_deputies_in_a_circle_are_nobody(firm: Firm) -> None:
    a = firm.site("a")
    one, two = firm.staff("one", "cashier", a), firm.staff("two", "cashier", a)
    firm.away(one, two, NOW, NOW + DAY)
    firm.away(two, one, NOW, NOW + DAY)
    assert firm.holders("cashier", a) == type(firm.holders("cashier", a))((), {}, vacant=True)


def test_days_of_an_assignment_are_the_sites(firm: Firm) -> None:
    shanghai, london = firm.site("a"), firm.site("b", zone="Europe/London")
    person = firm.staff("pp")
    for site in (shanghai, london):
        firm.give(person, "cashier", site, from_day="2026-11-25", until_day="2026-11-25")
    firm.clock.set(NOW.replace(hour=17))  # 01:00 on the 25th in Shanghai, still the 24th in London
    assert [firm.actor(person, s) is not None for s in (shanghai, london)] == [True, False]
    firm.clock.set(NOW.replace(day=25, hour=23))  # 07:00 on the 26th in Shanghai, 23:00 on the 25th in London
    assert [firm.actor(person, s) is not None for s in (shanghai, london)] == [False, True]
    assert firm.holders("cashier", london).staff == (person,)
    assert firm.holders("cashier", shanghai).staff == ()


def test_the_dismissed_hold_nothing_and_keep_their_name(firm: Firm) -> None:
    a = firm.site("a")
    person = firm.staff("gone", "receptionist", a)
    firm.do("tenants.staff.retire", person)
    assert firm.actor(person, a) is None
    assert firm.holders("receptionist", a).staff == ()
    with firm.reading() as session:
        assert firm.directory.names(session, [person]) == {person: "Gone"}
    firm.do("tenants.staff.restore", person, password="another long sentence")
    assert firm.actor(person, a) is None, "who comes back has no role until it is given again"


def test_calendar_of_a_site_has_the_companys_days_with_its_own_on_top(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b", opens="07:00")
    wednesday, thursday, saturday = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 28)
    for day, kind in ((wednesday, "off"), (saturday, "work")):
        firm.do("tenants.calendar_day.create", day=day.isoformat(), kind=kind, name="x")
    at_a = firm.as_(firm.admin, a)
    firm.do("tenants.calendar_day.create", by=at_a, day=wednesday.isoformat(), kind="work")
    off = firm.do("tenants.calendar_day.create", by=at_a, day=thursday.isoformat(), kind="off")
    firm.do("tenants.calendar_year.create", year=2031)

    def works(site: UUID | None) -> list[bool]:
        with firm.reading() as session:
            place = firm.directory.site(session, site) if site else firm.directory.company(session)
            assert place is not None
            assert not place.calendar.is_provisional(date(2031, 1, 2)) and place.calendar.is_provisional(
                date(2032, 1, 2)
            )
            return [place.calendar.is_working_day(day) for day in (wednesday, thursday, saturday)]

    assert (works(None), works(b), works(a)) == ([False, True, True], [False, True, True], [True, False, True])
    firm.do("tenants.calendar_day.retire", off, by=at_a)
    assert works(a) == [True, True, True]
    with firm.reading() as session:
        b_info = firm.directory.site(session, b)
    assert b_info is not None and b_info.calendar.hours.opens.hour == 7


def test_what_is_kept_costs_no_statement_and_follows_every_change(firm: Firm) -> None:
    a = firm.site("a")
    person = firm.staff("pp", "cashier", a)
    firm.actor(person, a)
    with statements() as seen, firm.reading() as session:
        firm.directory.company(session)
        firm.directory.actor(session, person, a, NOW)
        firm.directory.holders(session, "cashier", a, NOW)
        firm.directory.names(session, [person])
    assert [s for s in seen if s.startswith("SELECT")] == []  # the version rides on what opens the transaction
    firm.do("tenants.staff.change", person, account="pp", name="Renamed")
    actor = firm.actor(person, a)
    assert actor is not None and actor.name == "Renamed"


def test_uncommitted_changes_are_seen_by_their_session_alone(firm: Firm) -> None:
    with firm.reading() as session:
        firm.directory.company(session)
        person = session.get_one(Staff, (firm.company, firm.admin))
        person.name = "Half way"
        session.flush()
        assert firm.directory.names(session, [firm.admin]) == {firm.admin: "Half way"}
        session.rollback()
        assert firm.directory.names(session, [firm.admin]) == {firm.admin: "Admin"}
    with firm.reading() as session:
        assert firm.directory.names(session, [firm.admin]) == {firm.admin: "Admin"}


def test_nothing_of_another_company_is_seen(firm: Firm, other: Firm) -> None:
    theirs = other.site("a")
    stranger = other.staff("stranger", "cashier", theirs)
    assert firm.actor(firm.admin, theirs) is None
    assert firm.actor(stranger) is None
    with firm.reading() as session:
        assert firm.directory.site(session, theirs) is None
        assert list(firm.directory.sites(session)) == []
        assert firm.directory.names(session, [stranger]) == {}
        assert firm.directory.scope_name(session, theirs) == ""
    with pytest.raises(NotFound):
        firm.do("tenants.site.retire", theirs)
    with pytest.raises(NotFound):
        firm.do("tenants.department.create", by=firm.as_(firm.admin, theirs), key="x1", title_zh="x", title_en="x")


def test_two_databases_with_equal_ids_do_not_mix(firm: Firm, tmp_path: object) -> None:
    """Runs from one seed give equal ids and versions; what is kept belongs to its own host."""
    from pathlib import Path

    from guanjia.app import create_app
    from guanjia.clock import Clock
    from guanjia.config import Config
    from guanjia.db.base import Base
    from tenants.plugin import plugin

    folder = Path(str(tmp_path)) / "second"
    clock = Clock(NOW)
    config = Config(data_folder=folder, database_url=f"sqlite:///{folder / 'x.sqlite'}", owner_database_url="")
    firm.actor(firm.admin)
    second = create_app(config, plugins=[plugin], clock=clock, seed=7)
    with second.app_context():
        Base.metadata.create_all(db.engine)
        twin = make_firm(second, clock, "twin")
        assert twin.company == firm.company
        with twin.reading() as session:
            assert twin.directory.company(session).code == "twin"
        db.engine.dispose()
