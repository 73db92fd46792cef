"""Sign-in: one answer for whatever is wrong, slower for whoever guesses, and sessions that end when they should."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from guanjia.db.session import system_session, tenant_session
from guanjia.errors import Forbidden, GuanjiaError, Invalid, NotFound, TooMany, Unauthenticated
from guanjia.ports import SignedIn
from guanjia.steps.models import JournalEntry, Tenant
from tenants import own, passwords
from tenants.models import Credential, LoginSession
from tenants.sign_in import Opened, close_session, issue_bearer, sign_in

from .conftest import PASSWORD, Firm

WRONG = "not the password at all"


def enter(firm: Firm, *, company: str = "demo", account: str = "admin", password: str = PASSWORD, address: str = "1.1.1.1",
          device: str | None = None) -> Opened:  # fmt: skip
    return sign_in(firm.host, company=company, account=account, password=password, address=address, device=device)


def live(firm: Firm, who: SignedIn) -> bool:
    return firm.host.directory.signed_in(who.get_id()) is not None


def test_the_answer_does_not_say_what_was_wrong(firm: Firm) -> None:
    gone = firm.staff("gone")
    firm.do("tenants.staff.retire", gone)
    answers = []
    for wrong in ({"company": "nobody"}, {"account": "nobody"}, {"password": WRONG}, {"account": "gone"},
                  {"company": ""}, {"account": ""}, {"password": ""}, {"password": "x" * 5000}):  # fmt: skip
        with pytest.raises(Unauthenticated) as caught:
            enter(firm, **wrong)
        answers.append(str(caught.value))
        firm.clock.move(timedelta(hours=1))
    assert len(set(answers)) == 1
    who = enter(firm, company=" DEMO ", account=" Admin ").signed_in
    assert (who.company_code, who.staff_id, who.is_token) == ("demo", firm.admin, False)
    assert who.get_id() == f"{firm.company}.{who.credential_id}"


def test_guessing_gets_slower_and_slower(firm: Firm) -> None:
    waits = []
    for _n in range(14):
        try:
            enter(firm, password=WRONG)
        except Unauthenticated:
            waits.append(0)
        except TooMany as slow:
            waits.append(slow.retry_after)
            firm.clock.move(timedelta(seconds=slow.retry_after))
    assert waits == [0] * 6 + [2, 0, 4, 0, 8, 0, 16, 0]
    with pytest.raises(TooMany):
        enter(firm)  # the right password has to wait as well
    firm.clock.move(timedelta(seconds=32))
    enter(firm)
    with pytest.raises(Unauthenticated):  # and the count starts anew
        enter(firm, password=WRONG)


def test_an_unknown_company_is_slowed_just_as_a_known_one(firm: Firm) -> None:
    def kinds(company: str) -> list[str]:
        found = []
        for _n in range(9):
            with pytest.raises(GuanjiaError) as caught:
                enter(firm, company=company, account="li", password=WRONG, address=company)
            found.append(caught.value.type)
        return found

    assert kinds("demo") == kinds("nobody")


def test_a_stranger_does_not_lock_the_owner_out(firm: Firm) -> None:
    own_device = uuid4().hex
    before = enter(firm, device=own_device).signed_in
    for _n in range(20):
        with pytest.raises((Unauthenticated, TooMany)):
            enter(firm, password=WRONG, address="6.6.6.6")
    enter(firm, address="1.1.1.1")
    enter(firm, address="6.6.6.6", device=own_device)  # behind the same address, from the owner's own browser
    assert live(firm, before)


def test_one_address_guessing_over_many_accounts_is_slowed(firm: Firm) -> None:
    seen = set()
    for n in range(70):
        with pytest.raises(GuanjiaError) as caught:
            enter(firm, account=f"account{n}", password=WRONG, address="6.6.6.6")
        seen.add(caught.value.type)
    assert seen == {"unauthenticated", "too-many"}
    enter(firm, address="1.1.1.1")


def test_a_session_ends_by_idling_by_age_and_by_revoking(firm: Firm) -> None:
    who = enter(firm).signed_in
    step = timedelta(seconds=firm.host.config.session_idle - 1)
    for _n in range(int(firm.host.config.session_absolute / step.total_seconds())):
        firm.clock.move(step)
        assert live(firm, who), "used in time, it goes on"
    firm.clock.move(step)
    assert not live(firm, who), "but not for ever"
    idle = enter(firm).signed_in
    firm.clock.move(step + timedelta(seconds=1))
    assert not live(firm, idle)
    left = enter(firm).signed_in
    close_session(firm.host, left)
    assert not live(firm, left)


def test_a_suspended_company_lets_nobody_in(firm: Firm, other: Firm) -> None:
    who, bearer = (
        enter(firm).signed_in,
        issue_bearer(firm.host, company="demo", account="admin", password=PASSWORD, address="1"),
    )
    with system_session(write=True) as session:
        session.get_one(Tenant, firm.company).state = "suspended"
        session.commit()
    assert not live(firm, who) and firm.host.directory.bearer(bearer.token) is None
    with pytest.raises(Unauthenticated):
        enter(firm)
    enter(firm, company="other")


def test_a_cookie_of_one_company_opens_no_other(firm: Firm, other: Firm) -> None:
    who = enter(firm).signed_in
    directory = firm.host.directory
    for forged in (f"{other.company}.{who.credential_id}", f"{firm.company}.{uuid4()}", f"{uuid4()}.{who.credential_id}",
                   f"{firm.company}.", "", "x", f"{firm.company}.{who.credential_id}.x", "." * 500):  # fmt: skip
        assert directory.signed_in(forged) is None
    assert live(firm, who)


def test_a_bearer_token_names_its_company_and_is_no_cookie(firm: Firm, other: Firm) -> None:
    bearer = issue_bearer(firm.host, company="demo", account="admin", password=PASSWORD, address="1.1.1.1")
    directory = firm.host.directory
    who = directory.bearer(bearer.token)
    assert bearer.token.startswith("gj_demo_")
    assert who is not None and (who.staff_id, who.is_token, who.scopes) == (firm.admin, True, ())
    assert directory.signed_in(who.get_id()) is None
    secret = bearer.token.removeprefix("gj_demo_")
    for forged in (f"gj_other_{secret}", f"gj_demo_{secret}x", "gj_demo_", "gj__x", secret, "", f"xx_demo_{secret}"):
        assert directory.bearer(forged) is None
    with tenant_session(firm.company) as session:
        kept = session.get_one(LoginSession, (firm.company, who.credential_id))
    assert kept.digest is not None and secret not in kept.digest
    firm.clock.move(timedelta(seconds=firm.host.config.session_absolute))
    assert directory.bearer(bearer.token) is None


def test_an_api_token_acts_as_its_owner_within_its_scopes(firm: Firm) -> None:
    a = firm.site("a")
    manager = firm.staff("manager", "site_manager", a)
    who = enter(firm, account="manager").signed_in
    ctx = own.place_to_act(firm.host, who)
    assert ctx is not None and ctx.site_id == a
    until = (firm.clock.now() + timedelta(days=2)).date()
    token = own.make_token(firm.host, who, ctx, name="export", scopes=["tenants.site.administer"], until_day=until)
    found = firm.host.directory.bearer(token)
    assert found is not None and (found.staff_id, found.scopes) == (manager, ("tenants.site.administer",))
    with pytest.raises(Forbidden):
        own.make_token(firm.host, found, ctx, name="again", scopes=[], until_day=until)
    (row,) = own.own_tokens(firm.host, who)
    assert row.last_used_at == firm.clock.now()
    with pytest.raises(NotFound):
        own.revoke_token(firm.host, enter(firm).signed_in, row.id)
    firm.clock.move(timedelta(days=3))
    assert firm.host.directory.bearer(token) is None, "it ends by itself"
    firm.clock.move(-timedelta(days=3))
    assert firm.host.directory.bearer(token) is not None
    own.revoke_token(firm.host, who, row.id)
    assert firm.host.directory.bearer(token) is None


def test_an_own_password_ends_the_other_sessions(firm: Firm) -> None:
    person = firm.staff("li")
    here, there = enter(firm, account="li").signed_in, enter(firm, account="li").signed_in
    new = "the river bends twice"
    for old, wanted, field in ((WRONG, new, "old"), (PASSWORD, "short", "password"), (PASSWORD, PASSWORD, "password")):
        with pytest.raises(Invalid) as caught:
            own.change_password(firm.host, here, old, wanted)
        assert list(caught.value.errors) == [field]
    own.change_password(firm.host, here, PASSWORD, new)
    assert (live(firm, here), live(firm, there)) == (True, False)
    with pytest.raises(Unauthenticated):
        enter(firm, account="li")
    enter(firm, account="li", password=new)
    with firm.reading() as session:
        query = select(JournalEntry.body).where(
            JournalEntry.company_id == firm.company, JournalEntry.step == "tenants.staff.change_own_password"
        )
        (body,) = session.scalars(query)
    assert f"self:{person}" in body and "argon2" not in body


def test_guessing_the_own_old_password_is_slowed(firm: Firm) -> None:
    who = enter(firm).signed_in
    for _n in range(6):
        with pytest.raises(Invalid):
            own.change_password(firm.host, who, WRONG, "the river bends twice")
    with pytest.raises(TooMany):
        own.change_password(firm.host, who, PASSWORD, "the river bends twice")


def test_people_end_their_own_sessions_and_nobody_elses(firm: Firm) -> None:
    firm.staff("li")
    here, there = enter(firm, account="li").signed_in, enter(firm, account="li").signed_in
    mine = own.own_sessions(firm.host, here)
    assert {row.id for row in mine} == {here.credential_id, there.credential_id}
    own.revoke_session(firm.host, here, there.credential_id)
    assert (live(firm, here), live(firm, there)) == (True, False)
    for foreign in (enter(firm).signed_in.credential_id, uuid4()):
        with pytest.raises(NotFound):
            own.revoke_session(firm.host, here, foreign)


def test_an_initial_password_has_to_be_replaced_first(firm: Firm) -> None:
    firm.staff("li", must_change_password=True)
    opened = enter(firm, account="li")
    assert opened.must_change
    with pytest.raises(Forbidden):
        issue_bearer(firm.host, company="demo", account="li", password=PASSWORD, address="1.1.1.1")
    own.change_password(firm.host, opened.signed_in, PASSWORD, "the river bends twice")
    assert not enter(firm, account="li", password="the river bends twice").must_change
    issue_bearer(firm.host, company="demo", account="li", password="the river bends twice", address="1.1.1.1")


def test_a_company_may_want_passwords_changed(firm: Firm) -> None:
    assert not enter(firm).must_change
    firm.do("tenants.company.set_sign_in_policy", firm.company, password_level3=True, password_max_days=90)
    firm.clock.move(timedelta(days=90))
    assert not enter(firm).must_change
    firm.clock.move(timedelta(days=1))
    assert enter(firm).must_change


def test_a_weaker_hash_is_made_anew_at_sign_in(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    def stored() -> str:
        with tenant_session(firm.company) as session:
            return session.get_one(Credential, (firm.company, firm.admin)).password_hash

    before = stored()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    enter(firm)
    assert stored() != before and "t=2" in stored()
    enter(firm)
