"""PostgreSQL ends the connection at the very moment of a commit: nobody knows whether it was saved, and so it is said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, event, text

from guanjia.db.session import TenantSession
from guanjia.errors import Unavailable
from office import Company, Office

pytestmark = pytest.mark.parametrize("company", ["postgresql"], indirect=True)
FORM = {"category": "power_lighting", "content": "broken off", "within_capability": "yes", "place": "gate"}


@contextlib.contextmanager
def broken_off(company: Company) -> Iterator[None]:
    """The server ends the next connection that is about to commit."""
    owner = create_engine(company.host.config.owner_database_url)

    def end(session: TenantSession) -> None:
        event.remove(TenantSession, "before_commit", end)
        session.flush()
        pid = session.connection().exec_driver_sql("select pg_backend_pid()").scalar()
        with owner.connect() as connection:
            connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    event.listen(TenantSession, "before_commit", end)
    yield
    owner.dispose()


def test_what_may_be_saved_or_not_is_said_so_and_counts_once_under_its_key(company: Company, east: Office) -> None:
    desk = east.person("receptionist")
    for key, said in (("page-key", Unavailable.uncertain), (None, Unavailable.uncertain_without_key)):
        options = {"key": key} if key else {}
        with broken_off(company), pytest.raises(Unavailable) as told:
            desk.takes("customer_service.request.receive", None, FORM, **options)
        assert (told.value.status, told.value.detail) == (503, said)
    first = desk.takes("customer_service.request.receive", None, FORM, key="page-key")
    assert desk.takes("customer_service.request.receive", None, FORM, key="page-key").case_id == first.case_id
    assert first.number is not None and first.number.endswith("00001")  # what broke off took no number
