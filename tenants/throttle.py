"""Slowing down whoever guesses passwords, without locking the owner out.

Attempts are counted before the password is looked at, so that many at once are slowed as well. A key is account plus
address, or account plus device where the account has signed in from that browser before: what a stranger does
elsewhere slows the owner nowhere. Two milder counts slow what browsers that nobody knows do together: one by address
alone (guessing over many accounts), one by account alone (guessing from many addresses).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from guanjia.db.session import SystemSession, system_session
from guanjia.errors import TooMany
from guanjia.host import Host
from tenants.models import SignInThrottle

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """A key with how many failures are free, and the longest wait in seconds; the wait doubles with each failure."""

    key: str
    free: int
    longest: int
    own: bool = True  # of one account; else of an address that many may share

    def wait(self, failures: int) -> int:
        """Seconds to wait after that many failures."""
        over = failures - self.free
        return 0 if over <= 0 else min(2 ** min(over, 20), self.longest)


def limits_for(host: Host, place: str, company: str, account: str, address: str, device: str | None) -> list[Limit]:
    """What an attempt counts against. `place` tells staff, operators and password changes apart."""
    if device is not None:
        return [Limit(_key(host, "device", place, company, account, device), free=5, longest=300)]
    return [
        Limit(_key(host, "account", place, company, account, address), free=5, longest=300),
        Limit(_key(host, "address", place, address), free=60, longest=30, own=False),
        Limit(_key(host, "strangers", place, company, account), free=30, longest=300, own=False),
    ]


def limits_for_code(host: Host, place: str, owner: str, device: str | None) -> list[Limit]:
    """What a code of the second factor counts against: the owner, wherever it comes from, for whoever gets so far knows
    the password; and apart from them the owner's own browser."""
    return [Limit(_key(host, "code", place, owner, device or ""), free=5, longest=300)]


def _key(host: Host, *parts: str) -> str:
    text = "\x00".join(parts).encode()
    return hmac.new(host.config.secret().encode(), b"throttle\x00" + text, hashlib.sha256).hexdigest()


def count_attempt(host: Host, limits: Iterable[Limit]) -> None:
    """The attempt is counted under every key. Raises TooMany, and counts nothing, while one of them has to wait."""
    now = host.clock.now()
    limits = sorted(limits, key=lambda limit: limit.key)
    for attempt in (1, 2):
        with system_session(write=True) as session:
            try:
                _count(session, limits, now)
                session.commit()
                return
            except IntegrityError:  # two first attempts at once
                session.rollback()
                if attempt == 2:
                    raise


def _count(session: SystemSession, limits: list[Limit], now: datetime) -> None:
    query = select(SignInThrottle).where(SignInThrottle.id.in_([limit.key for limit in limits]))
    rows = {row.id: row for row in session.scalars(query.order_by(SignInThrottle.id).with_for_update())}
    waits = [row.blocked_until for row in rows.values() if row.blocked_until is not None and row.blocked_until > now]
    if waits:
        raise TooMany(max(1, int((max(waits) - now).total_seconds() + 0.999)))
    for limit in limits:
        row = rows.get(limit.key)
        if row is None:
            session.execute(delete(SignInThrottle).where(SignInThrottle.last_at < now - FORGOTTEN_AFTER))
            session.add(SignInThrottle(id=limit.key, failures=1, last_at=now))
            continue
        row.failures = 1 if row.last_at < now - FORGOTTEN_AFTER else row.failures + 1
        row.last_at = now
        wait = limit.wait(row.failures)
        row.blocked_until = now + timedelta(seconds=wait) if wait else None


def forgive(host: Host, limits: Iterable[Limit]) -> None:
    """The attempt was right: the account's own count starts anew, and the address' goes back by this one."""
    with system_session(write=True) as session:
        for limit in limits:
            row = session.get(SignInThrottle, limit.key, with_for_update=True)
            if row is None:
                continue
            row.failures = 0 if limit.own else max(0, row.failures - 1)
            row.blocked_until = None
        session.commit()
