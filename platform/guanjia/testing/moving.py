"""A clock that moves from timer to timer, and what a refused or waiting step tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from guanjia.errors import Refused, Waiting
from guanjia.host import Host
from guanjia.rules.reason import Reason


def run_timers(host: Host, until: datetime) -> None:
    """Move a stopped clock to `until` (aware), carrying out each timer that falls due on the way, in its order."""
    while (due := host.relay.next_due()) is not None and due <= until:
        if due > host.clock.now():
            host.clock.set(due)
        host.relay.run_due()
    host.clock.set(until)
    host.relay.run_due()


def pass_time(host: Host, **span: int) -> None:
    """Let time go by (`hours=2`), timers firing in order."""
    run_timers(host, host.clock.now() + timedelta(**span))


def refusal(act: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Reason]:
    """The reasons for which the step is denied. Raises AssertionError if it is not."""
    try:
        act(*args, **kwargs)
    except Refused as refused:
        return refused.reasons
    except Waiting as waiting:
        raise AssertionError(f"waits instead of being denied: {[r.rule for r in waiting.reasons]}") from waiting
    raise AssertionError("the step passed instead of being denied")


def waiting(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Waiting:
    """The approval for which the step waits. Raises AssertionError if it does not wait."""
    try:
        act(*args, **kwargs)
    except Waiting as found:
        return found
    except Refused as refused:
        raise AssertionError(f"is denied instead of waiting: {[r.rule for r in refused.reasons]}") from refused
    raise AssertionError("the step passed at once instead of waiting")
