"""Servers outside, and a company under test that may reach them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.receivers import PUBLIC, Mailbox, Receiver, connect, mailing, receiving
from office import Company, Office


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only the database's locks, types and walls could spoil runs on both databases; the rest on SQLite."""
    once = [item for item in items if _is_once_too_often(item)]
    config.hook.pytest_deselected(items=once)
    items[:] = [item for item in items if item not in once]


def _is_once_too_often(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    own = item.path.parent == Path(__file__).parent
    return own and params.get("company") == "postgresql" and not getattr(item.function, "on_both_databases", False)  # type: ignore[attr-defined]


@pytest.fixture
def east(company: Company) -> Office:
    """The first office, where nobody owes anything by the calendar: what is sent is what the test brings about."""
    company.owe_nothing()
    return company.site("east")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on this machine."""
    with receiving() as found:
        yield found


@pytest.fixture
def box(company: Company) -> Iterator[Mailbox]:
    """The mail server of the company under test, which knows the address of its own pages too."""
    with mailing() as found:
        connect(company, smtp_url=found.url, mail_from="管家 <guanjia@example.com>", public_url=PUBLIC)
        company.settle()
        yield found


@pytest.fixture
def outside(company: Company, receiver: Receiver) -> Receiver:
    """The HTTP server, for a company under test that may post to this machine."""
    connect(company, webhook_private=True, public_url=PUBLIC)
    company.settle()
    return receiver
