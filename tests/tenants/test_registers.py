"""Org units, sites, departments, staff, roles and assignments: what can be entered by whom, and what cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from guanjia.app import create_app
from guanjia.clock import Clock
from guanjia.config import Config
from guanjia.db.base import Base, db
from guanjia.errors import Forbidden, GuanjiaError, Invalid, NotFound, WrongState
from guanjia.manifest import Permission, Plugin
from guanjia.steps import journal, ledger
from guanjia.steps.models import JournalDetail, JournalEntry
from tenants import people, tokens
from tenants.models import Credential, Department, LoginSession, Role
from tenants.plugin import plugin
from tenants.sign_in import sign_in

from .conftest import PASSWORD, Firm, _, make_firm


def fault(firm: Firm, step: str, case: UUID | None = None, *, by: Any = None, **form: Any) -> str:
    """The field that a step refuses, or the kind of its error."""
    with pytest.raises(GuanjiaError) as caught:
        firm.do(step, case, by, **form)
    return next(iter(caught.value.errors)) if isinstance(caught.value, Invalid) else caught.value.type


# ---------------------------------------------------------------------- places


def test_the_tree_has_any_depth_and_no_circle(firm: Firm) -> None:
    chain = [firm.unit("u0")]
    for n in range(1, 12):
        chain.append(firm.unit(f"u{n}", chain[-1]))
    site = firm.site("deep", chain[-1])
    with firm.reading() as session:
        info = firm.directory.site(session, site)
    assert info is not None and info.chain == (firm.company, *chain, site)
    for parent in (site, firm.admin):
        assert fault(firm, "tenants.org_unit.create", code="x", name="X", parent_id=str(parent)) == "parent_id"
    for parent in (chain[0], chain[5], chain[11]):
        assert (
            fault(firm, "tenants.org_unit.change", chain[0], code="u0", name="U", parent_id=str(parent)) == "parent_id"
        )
    assert fault(firm, "tenants.org_unit.retire", chain[3]) == "_schema"
    firm.do("tenants.site.retire", site)
    firm.do("tenants.org_unit.retire", chain[11])
    assert (
        fault(
            firm, "tenants.site.create", code="x", name="X", org_unit_id=str(chain[11]), opens="08:00", closes="17:00"
        )
        == "org_unit_id"
    )


def test_a_new_site_has_the_standard_departments_and_a_fixed_code(firm: Firm) -> None:
    a = firm.site("a")
    with firm.reading() as session:
        query = select(Department.key).where(Department.company_id == firm.company, Department.site_id == a)
        assert set(session.scalars(query)) == {
            "engineering",
            "security",
            "cleaning",
            "office",
            "finance",
            "service_centre",
        }
    entry = {"name": "A", "opens": "08:00", "closes": "17:00"}
    assert fault(firm, "tenants.site.change", a, code="b", **entry) == "code"
    assert fault(firm, "tenants.site.create", code="a", **entry) == "_schema"
    for field, value in (("code", "A b"), ("code", "-a"), ("zone", "Mars/Olympus"), ("closes", "07:00"), ("closes", "soon"),
                         ("name", ""), ("name", "x" * 101), ("org_unit_id", str(a)), ("company_id", str(a))):  # fmt: skip
        assert fault(firm, "tenants.site.create", **{"code": "new", **entry, field: value}) == field
    firm.do("tenants.site.change", a, code="a", **entry | {"name": "Renamed"})
    with firm.reading() as session:
        assert firm.directory.scope_name(session, a) == "Renamed"


def test_a_department_key_is_used_once_at_a_place(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    titles = {"title_zh": "绿化部", "title_en": "Gardens"}
    for by in (firm.as_(firm.admin, a), firm.as_(firm.admin, b), firm.hq):
        made = firm.do("tenants.department.create", by=by, key="gardens", **titles)
        assert fault(firm, "tenants.department.create", by=by, key="gardens", **titles) == "key"
        assert fault(firm, "tenants.department.create", by=by, key="cashier", **titles) == "key", "a role's key"
        assert fault(firm, "tenants.department.change", made, by=by, key="other", **titles) == "key"
    person = firm.staff("gardener", "repair_technician", firm.department(a, "gardens"))
    assert fault(firm, "tenants.department.retire", firm.department(a, "gardens")) == "_schema"
    firm.do("tenants.staff.retire", person)
    firm.do("tenants.department.retire", firm.department(a, "gardens"))


def test_a_day_is_entered_once_at_a_place(firm: Firm) -> None:
    at_a = firm.as_(firm.admin, firm.site("a"))
    for by in (firm.hq, at_a):
        firm.do("tenants.calendar_day.create", by=by, day="2026-12-01", kind="off")
        assert fault(firm, "tenants.calendar_day.create", by=by, day="2026-12-01", kind="work") == "day"
    assert fault(firm, "tenants.calendar_day.create", day="2026-12-02", kind="half") == "kind"


@pytest.fixture
def bigger(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """An installation with two more plugins, one of which needs the other."""
    lifts = Plugin("lifts", _("Lifts"), "tenants.settings", permissions=(
        Permission("lifts.see", _("See lifts"), _("x"), roles=("cashier",)),))  # fmt: skip
    tests = Plugin("lift_tests", _("Lift tests"), "tenants.settings", needs=("lifts",))
    folder = tmp_path / "bigger"
    config = Config(data_folder=folder, database_url=f"sqlite:///{folder / 'x.sqlite'}", owner_database_url="")
    app = create_app(config, plugins=[plugin, lifts, tests], clock=clock, seed=8)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


def test_a_plugin_is_on_unless_it_or_what_it_needs_is_switched_off(bigger: Flask, clock: Clock) -> None:
    firm = make_firm(bigger, clock, "demo")
    a, b = firm.site("a"), firm.site("b")

    def on() -> list[str]:
        with firm.reading() as session:
            places = [firm.directory.site(session, a), firm.directory.site(session, b), firm.directory.company(session)]
            return ["".join(k[-1] for k in ("lifts", "lift_test") if p and k in p.plugins or p and f"{k}s" in p.plugins)
                    for p in places]  # fmt: skip

    assert on() == ["st", "st", "st"]
    at_a = firm.do("tenants.plugin_switch.create", by=firm.as_(firm.admin, a), plugin="lifts", is_on=False)
    assert on() == ["", "st", "st"], "what needs a plugin that is off is off too"
    company = firm.do("tenants.plugin_switch.create", plugin="lift_tests", is_on=False)
    assert on() == ["", "s", "s"]
    firm.do("tenants.plugin_switch.change", at_a, plugin="lifts", is_on=True)
    assert on() == ["s", "s", "s"], "a site cannot switch on what the company switched off"
    firm.do("tenants.plugin_switch.retire", company)
    assert on() == ["st", "st", "st"]
    assert fault(firm, "tenants.plugin_switch.create", plugin="tenants", is_on=False) == "plugin"
    assert fault(firm, "tenants.plugin_switch.create", plugin="nothing", is_on=False) == "plugin"
    assert fault(firm, "tenants.plugin_switch.create", plugin="lift_tests", is_on=False) == "plugin"


def test_a_plugin_installed_later_gives_its_default_permissions(firm: Firm, clock: Clock) -> None:
    """A role keeps what was decided; of what nobody could decide yet it takes the plugin's default."""
    a = firm.site("a")
    person = firm.staff("cashier", "cashier", a)
    actor = firm.actor(person, a)
    assert actor is not None and actor.permissions == frozenset()
    lifts = Plugin("lifts", _("Lifts"), "tenants.settings", permissions=(
        Permission("lifts.see", _("See lifts"), _("x"), roles=("cashier",)),
        Permission("lifts.stop", _("Stop lifts"), _("x"))))  # fmt: skip
    with create_app(firm.host.config, plugins=[plugin, lifts], clock=clock, seed=9).app_context() as context:
        later = Firm(context.app.extensions["guanjia"], clock, firm.company, firm.admin, "demo", context.app)
        actor, admin = later.actor(person, a), later.actor(firm.admin)
        assert actor is not None and actor.permissions == {"lifts.see"}
        assert admin is not None and {"lifts.see", "lifts.stop"} <= admin.permissions
        db.engine.dispose()


# ---------------------------------------------------------------------- staff


def test_no_password_and_no_hash_gets_into_the_journal(firm: Firm) -> None:
    secrets = ["a first secret sentence", "a second secret sentence", "a third secret sentence"]
    person = firm.staff("zhang", phone="13800001111", password=secrets[0])
    firm.do("tenants.staff.reset_password", person, password=secrets[1])
    firm.do("tenants.staff.retire", person)
    firm.do("tenants.staff.restore", person, password=secrets[2])
    with firm.reading() as session:
        entries = list(session.scalars(select(JournalEntry.body).where(JournalEntry.company_id == firm.company)))
        details = list(session.scalars(select(JournalDetail.body).where(JournalDetail.company_id == firm.company)))
        assert list(journal.verify(session)) == []
    assert entries and "argon2" not in "".join([*entries, *filter(None, details)])
    for secret in secrets:
        assert secret not in "".join([*entries, *filter(None, details)])
    assert "13800001111" not in "".join(entries) and "Zhang" not in "".join(entries)
    assert "13800001111" in "".join(filter(None, details)), "what can be erased is kept where it can be erased"


def test_the_founding_is_the_first_entry(firm: Firm) -> None:
    with firm.reading() as session:
        query = select(JournalEntry).where(JournalEntry.company_id == firm.company).order_by(JournalEntry.seq)
        first = session.scalars(query.limit(1)).one()
    assert (first.seq, first.step, first.actor_id) == (1, "tenants.company.found", None)
    assert msgspec.json.decode(first.body)["admin"] == str(firm.admin)


def test_accounts_are_unique_and_passwords_keep_the_policy(firm: Firm) -> None:
    person = firm.staff("Li.Na")
    entry = {"account": "new", "name": "N", "password": PASSWORD}
    for field, value in (("account", "l"), ("account", "has space"), ("name", ""), ("password", ""), ("password", "short"),
                         ("password", "aaaaaaaaaaaaaaaa"), ("language", "fr"), ("home_site_id", str(person)),
                         ("phone", "1" * 41)):  # fmt: skip
        assert fault(firm, "tenants.staff.create", **entry | {field: value}) == field
    assert fault(firm, "tenants.staff.create", **entry | {"account": "LI.NA"}) == "account"
    firm.do("tenants.company.set_sign_in_policy", firm.company, password_level3=True, password_min_length=16)
    assert fault(firm, "tenants.staff.reset_password", person, password="all small letters") == "password"
    assert fault(firm, "tenants.staff.reset_password", person, password="Short1") == "password"
    firm.do("tenants.staff.reset_password", person, password="Capital and 1 digit")


def test_dismissal_ends_roles_sessions_and_tokens(firm: Firm) -> None:
    a = firm.site("a")
    person = firm.staff("gone", "site_manager", a)
    opened = sign_in(firm.host, company="demo", account="gone", password=PASSWORD, address="1.1.1.1")
    token = firm.do("tenants.token.create", by=firm.as_(person, a), name="x", until_day="2026-12-01", digest="ab" * 32)
    assert firm.host.directory.signed_in(opened.signed_in.get_id()) is not None
    firm.do("tenants.staff.retire", person)
    assert firm.host.directory.signed_in(opened.signed_in.get_id()) is None
    with firm.reading() as session:
        assert session.get_one(tokens.ApiToken, (firm.company, token)).state == "retired"
        assert firm.directory.snapshot(session).by_staff.get(person) is None
    firm.do("tenants.staff.restore", person, password="a new long sentence")
    assert firm.host.directory.signed_in(opened.signed_in.get_id()) is None
    with firm.reading() as session:
        assert session.get_one(Credential, (firm.company, person)).must_change


def test_a_new_password_ends_all_sessions(firm: Firm) -> None:
    person = firm.staff("li")
    for _n in range(3):
        sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="1.1.1.1")
    firm.do("tenants.staff.reset_password", person, password="a quite new sentence")
    with firm.reading() as session:
        rows = list(session.scalars(select(LoginSession).where(LoginSession.company_id == firm.company)))
    assert len(rows) == 3 and all(row.revoked_at is not None for row in rows)


def test_somebody_can_always_administer_the_company(firm: Firm) -> None:
    second = firm.staff("second")
    with firm.reading() as session:
        first_assignment = firm.directory.snapshot(session).by_staff[firm.admin][0].id
    assert fault(firm, "tenants.staff.retire", firm.admin) == "_schema", "not oneself"
    assert fault(firm, "tenants.assignment.end", first_assignment) == "_schema"
    assert fault(firm, "tenants.assignment.end", first_assignment, until_day="2027-01-01") == "_schema"
    limited = firm.give(second, "hq_admin", until_day="2027-01-01")
    assert fault(firm, "tenants.assignment.end", first_assignment) == "_schema", "the other one's ends by itself"
    firm.do("tenants.assignment.end", limited)
    firm.give(second, "hq_admin")
    firm.do("tenants.assignment.end", first_assignment)
    assert firm.actor(firm.admin) is None
    assert fault(firm, "tenants.staff.retire", second, by=firm.as_(second)) == "_schema"


# ---------------------------------------------------------------------- roles


def test_roles_can_be_reshaped_renamed_and_added(firm: Firm) -> None:
    a = firm.site("a")
    person = firm.staff("cashier", "cashier", a)
    with firm.reading() as session:
        query = select(Role.key, Role.id).where(Role.company_id == firm.company)
        by_key = {row.key: row.id for row in session.execute(query)}
    cashier = by_key["cashier"]
    names = {"title_zh": "出纳", "title_en": "Teller"}
    firm.do("tenants.role.change", cashier, key="cashier", **names, permissions=["tenants.site.administer"])
    actor = firm.actor(person, a)
    assert actor is not None and actor.permissions == {"tenants.site.administer"}
    with firm.reading() as session:
        assert str(firm.directory.role_title(session, "cashier")) == "出纳"
    assert fault(firm, "tenants.role.change", cashier, key="teller", **names) == "key"
    assert fault(firm, "tenants.role.change", cashier, key="cashier", **names, permissions=["no.such"]) == "permissions"
    assert fault(firm, "tenants.role.change", cashier, key="cashier", **names, permissions=["*"]) == "permissions"
    assert fault(firm, "tenants.role.retire", cashier) == "_schema", "the regulations name it"
    own = firm.do("tenants.role.create", key="gardener", title_zh="园丁", title_en="Gardener")
    assert fault(firm, "tenants.role.create", key="gardener", **names) == "_schema"
    assert fault(firm, "tenants.role.create", key="engineering", **names) == "key", "a department's key"
    held = firm.give(person, "gardener", a)
    assert fault(firm, "tenants.role.retire", own) == "_schema"
    firm.do("tenants.assignment.end", held)
    firm.do("tenants.role.retire", own)
    assert fault(firm, "tenants.assignment.create", staff_id=str(person), role_key="gardener") == "role_key"
    admin_role = by_key["hq_admin"]
    firm.do("tenants.role.change", admin_role, key="hq_admin", title_zh="管理员", title_en="Admin", permissions=[])
    everything = firm.actor(firm.admin)
    assert everything is not None and everything.permissions == frozenset(firm.host.permissions)


def test_an_assignment_names_what_exists_and_is_given_once(firm: Firm, other: Firm) -> None:
    a = firm.site("a")
    person = firm.staff("li")
    theirs = other.site("b")
    entry = {"staff_id": str(person), "role_key": "cashier", "scope_id": str(a)}
    for field, value in (("staff_id", str(a)), ("staff_id", str(other.admin)), ("role_key", "nobody"), ("scope_id", str(person)),
                         ("scope_id", str(theirs)), ("scope_kind", "planet"), ("from_day", "soon")):  # fmt: skip
        assert fault(firm, "tenants.assignment.create", **entry | {field: value}) == field
    assert fault(firm, "tenants.assignment.create", **entry, scope_kind="unit") == "scope_id"
    assert fault(firm, "tenants.assignment.create", **entry, until_day="2026-11-23") == "until_day"
    first = firm.do("tenants.assignment.create", **entry, scope_kind="site", until_day="2026-11-30")
    assert fault(firm, "tenants.assignment.create", **entry, from_day="2026-11-30") == "role_key"
    firm.do("tenants.assignment.create", **entry, from_day="2026-12-01")
    assert fault(firm, "tenants.assignment.end", first, until_day="2026-11-01") == "until_day"
    firm.do("tenants.assignment.end", first, until_day="2026-11-26")
    assert firm.holders("cashier", a).staff == (person,), "until its last day it is in force"
    firm.clock.move(timedelta(days=3))
    assert firm.holders("cashier", a).staff == ()
    firm.do("tenants.assignment.end", first)
    with pytest.raises(WrongState):
        firm.do("tenants.assignment.end", first)


# ---------------------------------------------------------------------- whose authority reaches how far


def test_a_site_manager_administers_the_own_site_only(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    manager = firm.staff("manager", "site_manager", a)
    here, there, hq = firm.as_(manager, a), firm.as_(manager, b), firm.as_(manager)
    new = firm.do("tenants.staff.create", by=here, account="new", name="N", password=PASSWORD)
    entry = {"staff_id": str(new), "role_key": "cashier"}
    firm.do("tenants.assignment.create", by=here, **entry)
    assert firm.holders("cashier", a).staff == (new,), "without a scope the role is given here"
    firm.do("tenants.assignment.create", by=here, **entry | {"scope_id": str(firm.department(a, "finance"))})
    for scope in (b, firm.company, firm.department(b, "finance")):
        assert fault(firm, "tenants.assignment.create", by=here, **entry, scope_id=str(scope)) == "scope_id"
    for outside in (there, hq):
        assert fault(firm, "tenants.assignment.create", by=outside, **entry) == "not-found"
    firm.do("tenants.staff.reset_password", new, by=here, password="an initial password")
    firm.do(
        "tenants.absence.create",
        by=here,
        staff_id=str(new),
        from_at="2026-12-01T00:00:00Z",
        until_at="2026-12-02T00:00:00Z",
    )
    for step, form in (
        ("tenants.org_unit.create", {"code": "x", "name": "x"}),
        ("tenants.site.create", {"code": "x", "name": "x", "opens": "08:00", "closes": "17:00"}),
        ("tenants.role.create", {"key": "xx", "title_zh": "x", "title_en": "x"}),
        ("tenants.calendar_year.create", {"year": 2030}),
    ):
        assert fault(firm, step, by=here, **form) == "forbidden"
    assert (
        fault(firm, "tenants.staff.create", by=here, account="zz", name="z", password=PASSWORD, home_site_id=str(b))
        == "home_site_id"
    )


def test_a_site_manager_cannot_take_over_whoever_holds_more(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    manager = firm.staff("manager", "site_manager", a)
    here = firm.as_(manager, a)
    wider = firm.staff("wider", "cashier", a, home_site_id=str(a))
    firm.give(wider, "cashier", b)
    chief = firm.staff("chief", "hq_admin", home_site_id=str(a))
    for person in (wider, chief):
        for step, form in (
            ("reset_password", {"password": "an initial password"}), ("retire", {}), ("end_sessions", {}),
            ("change", {"account": "zz", "name": "z"}),
        ):  # fmt: skip
            assert fault(firm, f"tenants.staff.{step}", person, by=here, **form) == "forbidden"
        assert fault(firm, "tenants.absence.create", by=here, staff_id=str(person), deputy_id=str(manager),
                     from_at="2026-11-24T00:00:00Z", until_at="2026-12-02T00:00:00Z") == "forbidden"  # fmt: skip
    assert fault(firm, "tenants.staff.end_sessions", firm.admin, by=here) == "not-found", "kept by headquarters"


def test_who_administers_staff_cannot_become_administrator(firm: Firm) -> None:
    names = {"title_zh": "人事", "title_en": "Personnel"}
    firm.do(
        "tenants.role.create",
        key="personnel",
        **names,
        level="company",
        permissions=["tenants.staff.administer", "tenants.access.see"],
    )
    clerk = firm.staff("clerk", "personnel")
    by = firm.as_(clerk)
    entry = {"staff_id": str(clerk), "role_key": "hq_admin"}
    assert fault(firm, "tenants.assignment.create", by=by, **entry) == "forbidden"
    firm.do("tenants.assignment.create", by=by, **entry | {"role_key": "company_leader"})
    second = firm.staff("second", "hq_admin")
    for step, form in (("reset_password", {"password": "an initial password"}), ("retire", {})):
        assert fault(firm, f"tenants.staff.{step}", second, by=by, **form) == "forbidden"
    assert fault(firm, "tenants.absence.create", by=by, staff_id=str(second), deputy_id=str(clerk),
                 from_at="2026-11-24T00:00:00Z", until_at="2026-12-02T00:00:00Z") == "forbidden"  # fmt: skip


def test_lists_show_the_own_place(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    manager = firm.staff("manager", "site_manager", a, home_site_id=str(a))
    firm.staff("there", "cashier", b, home_site_id=str(b))
    flows = firm.host.flows
    with firm.as_(manager, a).reading() as loader:
        names = [row.values["account"] for row in ledger.read_page(loader, flows["tenants.staff"], ledger.Query()).rows]
        given = [
            row.values["who"] for row in ledger.read_page(loader, flows["tenants.assignment"], ledger.Query()).rows
        ]
        kept = {
            row.values["place"] for row in ledger.read_page(loader, flows["tenants.department"], ledger.Query()).rows
        }
        with pytest.raises(Forbidden):
            ledger.read_page(loader, flows["tenants.site"], ledger.Query())
    assert (names, given, kept) == (["manager"], ["Manager"], {"A"})
    with firm.hq.reading() as loader:
        for flow in firm.host.plugins["tenants"].flows:
            ledger.read_page(loader, flow, ledger.Query())
        names = [row.values["account"] for row in ledger.read_page(loader, flows["tenants.staff"], ledger.Query()).rows]
    assert names == ["admin", "manager", "there"]


# ---------------------------------------------------------------------- tokens


def test_a_token_is_its_owners(firm: Firm) -> None:
    a = firm.site("a")
    manager, second = firm.staff("manager", "site_manager", a), firm.staff("second", "site_manager", a)
    by = firm.as_(manager, a)
    entry = {"name": "export", "until_day": "2026-12-01", "digest": "0f" * 32}
    token = firm.do("tenants.token.create", by=by, **entry)
    for field, value in (
        ("digest", "zz"),
        ("until_day", "2026-11-23"),
        ("until_day", "2028-01-01"),
        ("scopes", ["tenants.company.administer"]),
    ):
        assert fault(firm, "tenants.token.create", by=by, **entry | {"digest": "1f" * 32, field: value}) == field
    assert fault(firm, "tenants.token.revoke", token, by=firm.as_(second, a)) == "not-found"
    with firm.as_(second, a).reading() as loader:
        assert ledger.read_page(loader, firm.host.flows["tenants.token"], ledger.Query()).rows == []
    firm.do("tenants.token.revoke", token, by=by)
    receptionist = firm.staff("rec", "receptionist", a)
    assert fault(firm, "tenants.token.create", by=firm.as_(receptionist, a), **entry) == "forbidden"


def test_what_people_do_to_their_own_entry_is_no_way_in(firm: Firm) -> None:
    """The steps that run in the owner's name answer nobody else, administrators neither."""
    person = firm.staff("li")
    for step, form in (
        ("change_own_password", {"password": PASSWORD}),
        ("revoke_own_session", {"session": str(person)}),
    ):
        with pytest.raises(NotFound):
            firm.do(f"tenants.staff.{step}", person, **form)
    assert not people.staff.steps["change_own_password"].on_page


def test_two_administrators_cannot_leave_at_the_same_moment(firm: Firm) -> None:
    """Each of two ends the other's role; two real transactions, of which one must find itself the last."""
    second = firm.staff("second", "hq_admin")
    with firm.reading() as session:
        held = firm.directory.snapshot(session).by_staff
        roles = {firm.admin: held[second][0].id, second: held[firm.admin][0].id}
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def leave(who: UUID) -> None:
        with firm.app.app_context():
            ready.wait()
            try:
                firm.as_(who).perform("tenants.assignment.end", roles[who])
                outcomes.append("done")
            except (GuanjiaError, DBAPIError) as error:
                outcomes.append(getattr(error, "type", "database"))

    threads = [threading.Thread(target=leave, args=(who,)) for who in roles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1, outcomes
    remaining = [person for person in roles if firm.actor(person) is not None]
    assert len(remaining) == 1
