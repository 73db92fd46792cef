"""A database that is being filled anew need not wait for the disk after each of some ten thousand small transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from guanjia.db.base import db


@contextmanager
def unhurried() -> Iterator[None]:
    """SQLite does not wait for the disk meanwhile, and does again afterwards; nothing else changes.

    Whoever pulls the plug meanwhile makes the demonstration anew, which costs less than the waiting.
    """

    def loosen(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(db.engine, "checkout", loosen)
    try:
        yield
    finally:
        event.remove(db.engine, "checkout", loosen)
        db.engine.dispose()  # those opened from now on wait again
