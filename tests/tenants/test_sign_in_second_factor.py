"""The second factor: set up with a code, asked for on a second page, each code once, recovery codes, and who resets it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import select

from guanjia.db.session import tenant_session
from guanjia.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated, WrongState
from guanjia.ports import SignedIn
from guanjia.steps.models import JournalEntry
from tenants import own
from tenants.models import LoginSession, SecondFactor
from tenants.second_factor import STEP, TRIES
from tenants.sign_in import HalfWayOver, Opened, enter_code, half_way, issue_bearer, sign_in

from .conftest import PASSWORD, Firm


def enter(firm: Firm, account: str = "li", device: str | None = None, password: str = PASSWORD) -> Opened:
    return sign_in(firm.host, company=firm.code, account=account, password=password, address="1.1.1.1", device=device)


def live(firm: Firm, who: SignedIn) -> bool:
    return firm.host.directory.signed_in(who.get_id()) is not None


def code_of(firm: Firm, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(firm.clock.now().timestamp()) + steps * STEP)


def set_up(firm: Firm, who: SignedIn) -> tuple[str, list[str]]:
    """The secret that the phone keeps, and the recovery codes."""
    offer = own.offer_factor(firm.host, who)
    codes = own.set_up_factor(firm.host, who, offer.sealed, code_of(firm, offer.secret), PASSWORD)
    firm.clock.move(timedelta(seconds=STEP))  # the code that confirmed it is used up
    return offer.secret, codes


@pytest.fixture
def li(firm: Firm) -> UUID:
    return firm.staff("li")


def test_it_counts_only_once_a_code_has_confirmed_it(firm: Firm, li: UUID) -> None:
    who = enter(firm).signed_in
    offer = own.offer_factor(firm.host, who)
    assert own.offer_factor(firm.host, who, offer.sealed).secret == offer.secret, "a wrong code brings no new picture"
    with pytest.raises(Invalid) as caught:
        own.set_up_factor(firm.host, who, offer.sealed, "000000", PASSWORD)
    assert list(caught.value.errors) == ["code"]
    assert not enter(firm).wants_code
    there = enter(firm).signed_in
    codes = own.set_up_factor(firm.host, who, offer.sealed, code_of(firm, offer.secret), PASSWORD)
    assert len(set(codes)) == 10 and enter(firm).wants_code
    assert (live(firm, who), live(firm, there)) == (True, False), "the other sessions have ended"


def test_nothing_of_it_can_be_read_in_the_database(firm: Firm, li: UUID) -> None:
    secret, codes = set_up(firm, enter(firm).signed_in)
    with firm.reading() as session:
        row = session.get_one(SecondFactor, (firm.company, li))
        kept = f"{row.secret} {row.recovery}"
        query = select(JournalEntry.body).where(JournalEntry.company_id == firm.company)
        told = " ".join(session.scalars(query))
    assert secret not in kept and not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert row.secret not in told and not any(digest in told for digest in row.recovery)
    assert "tenants.staff.set_up_second_factor" in told or f"self:{li}" in told


def test_the_second_page_makes_the_session_whole(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    half = enter(firm)
    assert half.wants_code and not live(firm, half.signed_in), "half a session opens nothing"
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, half.signed_in.get_id(), "123456")
    opened = enter_code(firm.host, half.signed_in.get_id(), code_of(firm, secret))
    assert opened.stage == "" and live(firm, opened.signed_in)
    with pytest.raises(HalfWayOver):
        enter_code(firm.host, half.signed_in.get_id(), code_of(firm, secret))


def test_a_phone_may_be_one_step_off_and_no_more(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    for steps, right in ((-2, False), (-1, True), (2, False), (1, True)):
        firm.clock.move(timedelta(minutes=10))
        half = enter(firm).signed_in.get_id()
        if right:
            assert enter_code(firm.host, half, code_of(firm, secret, steps)).stage == ""
        else:
            with pytest.raises(Unauthenticated):
                enter_code(firm.host, half, code_of(firm, secret, steps))


def test_a_code_opens_once(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    code = code_of(firm, secret)
    enter_code(firm.host, enter(firm).signed_in.get_id(), code)
    again = enter(firm).signed_in.get_id()
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, again, code)
    with pytest.raises(Unauthenticated):  # nor one from before it, though the clock would allow it
        enter_code(firm.host, again, code_of(firm, secret, -1))
    full_width = code_of(firm, secret, 1).translate({48 + n: 0xFF10 + n for n in range(10)})
    assert enter_code(firm.host, again, f" {full_width[:3]} {full_width[3:]} ").stage == ""


def test_one_code_at_two_screens_at_once_opens_one(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    halves = [enter(firm).signed_in.get_id() for _n in range(4)]
    code, opened, refused = code_of(firm, secret), [], []
    gate = threading.Barrier(len(halves))

    def post(half: str) -> None:
        with firm.app.app_context():
            gate.wait()
            try:
                opened.append(enter_code(firm.host, half, code))
            except Unauthenticated:
                refused.append(half)

    threads = [threading.Thread(target=post, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(opened), len(refused)) == (1, 3)


def test_a_recovery_code_opens_once_and_the_others_stay(firm: Firm, li: UUID) -> None:
    _secret, codes = set_up(firm, enter(firm).signed_in)
    typed = codes[3].upper().replace("-", " ")
    opened = enter_code(firm.host, enter(firm).signed_in.get_id(), typed)
    assert opened.recovery_left == 9 and live(firm, opened.signed_in)
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, enter(firm).signed_in.get_id(), codes[3])
    enter_code(firm.host, enter(firm).signed_in.get_id(), codes[4])
    fresh = own.renew_recovery_codes(firm.host, opened.signed_in, PASSWORD)
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, enter(firm).signed_in.get_id(), codes[5])
    enter_code(firm.host, enter(firm).signed_in.get_id(), fresh[0])


def test_guessing_codes_costs_the_password_again_and_then_time(firm: Firm, li: UUID) -> None:
    """Whoever guesses codes knows the password; the owner's own browser is not slowed by them."""
    secret, _codes = set_up(firm, enter(firm).signed_in)
    own_half = enter(firm, device="mine").signed_in.get_id()
    half = enter(firm).signed_in.get_id()
    for n in range(TRIES):
        with pytest.raises(HalfWayOver if n == TRIES - 1 else Unauthenticated):
            enter_code(firm.host, half, "000000")
    assert half_way(firm.host, half) is None
    other = enter(firm).signed_in.get_id()
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, other, "000000")
    with pytest.raises(TooMany):
        enter_code(firm.host, other, code_of(firm, secret))
    assert enter_code(firm.host, own_half, code_of(firm, secret), device="mine").stage == ""


def test_the_second_page_waits_ten_minutes(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    half = enter(firm).signed_in.get_id()
    firm.clock.move(timedelta(minutes=10))
    with pytest.raises(HalfWayOver):
        enter_code(firm.host, half, code_of(firm, secret))


def test_a_half_session_ends_with_the_others(firm: Firm, li: UUID) -> None:
    secret, _codes = set_up(firm, enter(firm).signed_in)
    half = enter(firm).signed_in.get_id()
    firm.do("tenants.staff.end_sessions", li)
    with pytest.raises(HalfWayOver):
        enter_code(firm.host, half, code_of(firm, secret))
    assert own.own_sessions(firm.host, replace(enter(firm).signed_in)) == [], "and is not listed"


def test_a_program_sends_the_code_with_the_password(firm: Firm, li: UUID) -> None:
    secret, codes = set_up(firm, enter(firm).signed_in)
    who = {"company": firm.code, "account": "li", "password": PASSWORD, "address": "1.1.1.1"}
    for wrong in ("", "123456", "nothing"):
        with pytest.raises(Unauthenticated):
            issue_bearer(firm.host, **who, code=wrong)
    bearer = issue_bearer(firm.host, **who, code=code_of(firm, secret))
    assert firm.host.directory.bearer(bearer.token) is not None
    with pytest.raises(Unauthenticated):
        issue_bearer(firm.host, **who, code=code_of(firm, secret))
    issue_bearer(firm.host, **who, code=codes[0])


def test_whoever_administers_staff_resets_it_with_a_reason(firm: Firm) -> None:
    a, b = firm.site("a"), firm.site("b")
    manager, elsewhere = firm.staff("manager", "site_manager", a), firm.staff("elsewhere", "site_manager", b)
    clerk = firm.staff("clerk", "receptionist", a)
    li = firm.staff("li", "receptionist", a, home_site_id=str(a))
    here = enter(firm).signed_in
    set_up(firm, here)

    def reset(by: UUID, site: UUID | None, reason: str) -> None:
        firm.do("tenants.staff.reset_second_factor", li, by=firm.as_(by, site), reason=reason)

    with pytest.raises(Invalid) as caught:
        reset(manager, a, " ")
    assert list(caught.value.errors) == ["reason"]
    with pytest.raises(Forbidden):
        reset(clerk, a, "phone lost")
    with pytest.raises(NotFound):
        reset(elsewhere, b, "phone lost")
    assert live(firm, here) and enter(firm).wants_code
    reset(manager, a, "phone lost, asked in person")
    assert not live(firm, here) and not enter(firm).wants_code
    with pytest.raises(WrongState):
        reset(firm.admin, None, "again")
    with firm.reading() as session:
        query = select(JournalEntry).where(
            JournalEntry.company_id == firm.company, JournalEntry.step == "tenants.staff.reset_second_factor"
        )
        (entry,) = session.scalars(query)
    assert entry.actor_id == manager and "phone lost" not in entry.body, "a reason is free text: erasable"


def test_a_company_demands_it_by_role(firm: Firm, li: UUID) -> None:
    a = firm.site("a")
    firm.give(li, "site_manager", a)
    here = enter(firm)
    token = own.make_token(firm.host, here.signed_in, firm.as_(li, a), name="old", scopes=[],
                           until_day=(firm.clock.now() + timedelta(days=9)).date())  # fmt: skip
    with pytest.raises(Invalid):
        firm.do("tenants.company.set_sign_in_policy", firm.company, second_factor_roles=["no_such_role"])
    firm.do("tenants.company.set_sign_in_policy", firm.company, second_factor_roles=["site_manager"])
    held = firm.host.directory.signed_in(here.signed_in.get_id())
    assert held is not None and held.held == "enrol", "whoever is in already sets it up next"
    assert enter(firm).stage == "enrol" and enter(firm, "admin").stage == ""
    with pytest.raises(Forbidden):
        issue_bearer(firm.host, company=firm.code, account="li", password=PASSWORD, address="1")
    assert firm.host.directory.bearer(token) is not None, "tokens keep working"
    with pytest.raises(Forbidden):
        own.make_token(firm.host, held, firm.as_(li, a), name="new", scopes=[],
                       until_day=(firm.clock.now() + timedelta(days=9)).date())  # fmt: skip
    secret, _codes = set_up(firm, held)
    free = firm.host.directory.signed_in(held.get_id())
    assert free is not None and free.held == ""
    with pytest.raises(WrongState):
        own.turn_off_factor(firm.host, free, PASSWORD)
    with pytest.raises(Invalid):
        own.turn_off_factor(firm.host, free, "not the password at all")
    firm.do("tenants.company.set_sign_in_policy", firm.company)
    own.turn_off_factor(firm.host, free, PASSWORD)
    assert enter(firm).stage == ""
    assert secret


def test_it_asks_for_the_password_again_some_time_after_the_sign_in(firm: Firm, li: UUID) -> None:
    who = enter(firm).signed_in
    firm.clock.move(timedelta(minutes=11))
    offer = own.offer_factor(firm.host, who)
    with pytest.raises(Invalid) as caught:
        own.set_up_factor(firm.host, who, offer.sealed, code_of(firm, offer.secret), "")
    assert list(caught.value.errors) == ["present_password"]
    own.set_up_factor(firm.host, who, offer.sealed, code_of(firm, offer.secret), PASSWORD)


def test_an_offer_and_a_secret_open_for_their_own_person_only(firm: Firm, li: UUID) -> None:
    firm.staff("wu")
    mine, other = enter(firm).signed_in, enter(firm, "wu").signed_in
    offer = own.offer_factor(firm.host, mine)
    with pytest.raises(Invalid):
        own.set_up_factor(firm.host, other, offer.sealed, code_of(firm, offer.secret), PASSWORD)
    secret, _codes = set_up(firm, mine)
    set_up(firm, other)
    with tenant_session(firm.company, write=True) as session:  # somebody with the database moves a secret
        rows = {
            row.id: row for row in session.scalars(select(SecondFactor).where(SecondFactor.company_id == firm.company))
        }
        rows[other.staff_id].secret = rows[li].secret
        session.commit()
    half = enter(firm, "wu").signed_in.get_id()
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, half, code_of(firm, secret))
    with tenant_session(firm.company) as session:
        row = session.scalars(select(LoginSession).where(LoginSession.company_id == firm.company, LoginSession.stage == "code",
                                                         LoginSession.staff_id == other.staff_id)).one()  # fmt: skip
    assert row.tries == 1


def test_a_change_of_keys_locks_nobody_out(firm: Firm, li: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed anew at the next code; then the old key can go. With the key lost, a recovery code still opens."""
    secret, codes = set_up(firm, enter(firm).signed_in)
    old, new = key_in_use(firm), "n" * 40

    def keys(listed: str) -> None:
        monkeypatch.setattr(firm.host, "config", replace(firm.host.config, data_key=listed))

    keys(f"{new},{old}")
    enter_code(firm.host, enter(firm).signed_in.get_id(), code_of(firm, secret))
    firm.clock.move(timedelta(minutes=1))
    keys(new)
    enter_code(firm.host, enter(firm).signed_in.get_id(), code_of(firm, secret))
    firm.clock.move(timedelta(minutes=1))
    keys("l" * 40)
    half = enter(firm).signed_in.get_id()
    with pytest.raises(Unauthenticated):
        enter_code(firm.host, half, code_of(firm, secret))
    assert enter_code(firm.host, half, codes[0]).stage == ""


def key_in_use(firm: Firm) -> str:
    return firm.host.config.data_key or (firm.host.config.data_folder / "data.key").read_text(encoding="ascii").strip()
