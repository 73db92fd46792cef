"""When sessions end: one by one, each with a second browser and a program signed in beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest

from guanjia.app import create_app
from guanjia.db.base import db
from guanjia.errors import TooMany, Unauthenticated
from guanjia.ports import SignedIn
from tenants import own
from tenants.plugin import plugin
from tenants.sign_in import Bearer, issue_bearer, sign_in

from .conftest import PASSWORD, Firm

NEW = "the river bends twice"


class Signed:
    """Somebody in two browsers, with a program and an API token besides; and a colleague, whom nothing concerns."""

    def __init__(self, firm: Firm) -> None:
        self.firm, self.site = firm, firm.site("a")
        self.person = firm.staff("li", "site_manager", self.site)
        self.given = firm.give(self.person, "receptionist", self.site)
        firm.staff("wu", "receptionist", self.site)
        self.here, self.there, self.colleague = self.enter(), self.enter(), self.enter("wu")
        self.program: Bearer = issue_bearer(firm.host, company="demo", account="li", password=PASSWORD, address="1")
        until = (firm.clock.now() + timedelta(days=30)).date()
        self.token = own.make_token(
            firm.host, self.here, firm.as_(self.person, self.site), name="x", scopes=[], until_day=until
        )
        assert self.alive() == (True, True, True, True)

    def enter(self, account: str = "li") -> SignedIn:
        return sign_in(self.firm.host, company="demo", account=account, password=PASSWORD, address="1").signed_in

    def alive(self) -> tuple[bool, bool, bool, bool]:
        """Here, there, the program, the API token; the colleague always is."""
        directory = self.firm.host.directory
        assert directory.signed_in(self.colleague.get_id()) is not None
        return (
            directory.signed_in(self.here.get_id()) is not None, directory.signed_in(self.there.get_id()) is not None,
            directory.bearer(self.program.token) is not None, directory.bearer(self.token) is not None,
        )  # fmt: skip


ALL, ALL_BUT_TOKEN, ALL_BUT_HERE = (False,) * 4, (False, False, False, True), (True, False, False, True)


def dismissed(s: Signed) -> None:
    s.firm.do("tenants.staff.retire", s.person)


def password_reset(s: Signed) -> None:
    s.firm.do("tenants.staff.reset_password", s.person, password=NEW)


def password_changed(s: Signed) -> None:
    own.change_password(s.firm.host, s.here, PASSWORD, NEW)


def role_given(s: Signed) -> None:
    s.firm.give(s.person, "cashier", s.site)


def role_ended(s: Signed) -> None:
    s.firm.do("tenants.assignment.end", s.given)


def role_to_end(s: Signed) -> None:
    s.firm.do("tenants.assignment.end", s.given, until_day="2026-12-24")


def factor_set_up(s: Signed) -> None:
    offer = own.offer_factor(s.firm.host, s.here)
    own.set_up_factor(s.firm.host, s.here, offer.sealed, pyotp.TOTP(offer.secret).at(s.firm.clock.now()), PASSWORD)


def factor_reset(s: Signed) -> None:
    factor_set_up(s)
    s.firm.do("tenants.staff.reset_second_factor", s.person, reason="phone lost")


def all_ended(s: Signed) -> None:
    s.firm.do("tenants.staff.end_sessions", s.person)


def one_ended(s: Signed) -> None:
    own.revoke_session(s.firm.host, s.here, s.there.credential_id)


@pytest.mark.parametrize(
    ("happens", "left"),
    [(dismissed, ALL), (password_reset, ALL_BUT_TOKEN), (password_changed, ALL_BUT_HERE), (role_given, ALL_BUT_TOKEN),
     (role_ended, ALL_BUT_TOKEN), (role_to_end, ALL_BUT_TOKEN), (factor_set_up, ALL_BUT_HERE), (factor_reset, ALL_BUT_TOKEN),
     (all_ended, ALL_BUT_TOKEN), (one_ended, (True, False, True, True))],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_what_ends_sessions(firm: Firm, happens: Callable[[Signed], None], left: tuple[bool, ...]) -> None:
    signed = Signed(firm)
    happens(signed)
    assert signed.alive() == left


def test_a_company_makes_sessions_shorter_and_never_longer(firm: Firm) -> None:
    config = firm.host.config
    firm.staff("li")

    def lives(after: timedelta, **policy: int) -> bool:
        firm.do("tenants.company.set_sign_in_policy", firm.company, **policy)
        who = sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="1").signed_in
        firm.clock.move(after)
        return firm.host.directory.signed_in(who.get_id()) is not None

    assert lives(timedelta(minutes=29), session_idle_minutes=30)
    assert not lives(timedelta(minutes=30), session_idle_minutes=30)
    assert not lives(timedelta(seconds=config.session_idle), session_idle_minutes=10080), (
        "the installation's limit stays"
    )
    assert lives(timedelta(seconds=config.session_idle - 1))

    def used_every_hour(hours: int, **policy: int) -> int:
        firm.do("tenants.company.set_sign_in_policy", firm.company, **policy)
        who = sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="1").signed_in
        for hour in range(1, hours):
            firm.clock.move(timedelta(hours=1))
            if firm.host.directory.signed_in(who.get_id()) is None:
                return hour
        return hours

    assert used_every_hour(20, session_absolute_hours=8) == 8
    assert used_every_hour(200, session_absolute_hours=720) == config.session_absolute // 3600


def test_a_shorter_policy_counts_for_sessions_that_are_open(firm: Firm) -> None:
    firm.staff("li")
    who = sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="1").signed_in
    firm.clock.move(timedelta(hours=2))
    assert firm.host.directory.signed_in(who.get_id()) is not None
    firm.do("tenants.company.set_sign_in_policy", firm.company, session_absolute_hours=1)
    assert firm.host.directory.signed_in(who.get_id()) is None


# ---------------------------------------------------------------------- throttling, with several processes


def guess(firm: Firm, address: str, times: int, account: str = "li") -> list[str]:
    found = []
    for _n in range(times):
        try:
            sign_in(firm.host, company="demo", account=account, password="not the password", address=address)
        except (TooMany, Unauthenticated) as error:
            found.append(error.type)
    return found


def test_guessing_from_many_addresses_is_slowed_but_not_for_the_owners_browser(firm: Firm) -> None:
    firm.staff("li")
    answers = [kind for n in range(40) for kind in guess(firm, f"7.7.{n}.1", 1)]
    assert answers[:30] == ["unauthenticated"] * 30 and "too-many" in answers[30:]
    with pytest.raises(TooMany):
        sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="8.8.8.8")
    sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="8.8.8.8", device="the owner's")
    sign_in(
        firm.host, company="demo", account="admin", password=PASSWORD, address="8.8.8.8"
    )  # others are not concerned
    firm.clock.move(timedelta(seconds=301))
    sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="8.8.8.8")


def test_a_known_browser_is_slowed_on_its_own_count(firm: Firm) -> None:
    """A stolen device cookie guesses no faster than a stranger, and slows nobody else."""
    firm.staff("li")
    kinds = []
    for _n in range(8):
        with pytest.raises((TooMany, Unauthenticated)) as caught:
            sign_in(firm.host, company="demo", account="li", password="not it", address="6.6.6.6", device="stolen")
        kinds.append(caught.value.type)
    assert kinds[-1] == "too-many"
    sign_in(firm.host, company="demo", account="li", password=PASSWORD, address="6.6.6.6", device="another")


def test_the_count_is_kept_in_the_database(firm: Firm) -> None:
    """Two processes (here: two applications on one database) count together."""
    firm.staff("li")
    second = create_app(firm.host.config, plugins=[plugin], clock=firm.clock, seed=8)
    assert guess(firm, "6.6.6.6", 6)[-1] == "unauthenticated"
    with second.app_context():
        host = second.extensions["guanjia"]
        with pytest.raises(TooMany):
            sign_in(host, company="demo", account="li", password=PASSWORD, address="6.6.6.6")
        db.engine.dispose()
