"""The watch at the cursor: in tests a statement on a tenant table without its company fails, whoever sent it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from guanjia.db.base import db
from guanjia.db.session import WallError, tenant_session
from office import Company
from tenants.models import Site
from walls_hook import fault_of


def test_the_watch_finds_statements_without_their_company(company: Company, walls: list[str]) -> None:
    ours, theirs = company.plan.company_id, company.plan.other_id
    statement = "select name from tenants_site where company_id = %s"
    assert fault_of(statement, (ours,), ours) is None
    assert fault_of(statement, {"c": ours.hex}, ours) is None
    assert fault_of(f"select name from tenants_site where company_id = '{ours}'", (), ours) is None
    assert fault_of(statement, [(ours,), (ours,)], ours) is None
    assert fault_of("select code from guanjia_tenant", (), None) is None
    assert fault_of("create index i on tenants_site (company_id)", (), None) is None
    for parameters, whose in (((theirs,), ours), ((), ours), ([(ours,), (theirs,)], ours), ((ours,), None)):
        assert fault_of(statement, parameters, whose) is not None
    assert fault_of("select name from tenants_site where id = %s", (ours,), ours) is not None

    with tenant_session(ours) as session, pytest.raises(WallError):
        session.connection().execute(select(Site.__table__))  # type: ignore[arg-type]
    with db.engine.connect() as connection, pytest.raises(WallError):
        connection.execute(text("select name from tenants_site"))
    assert len(walls) == 2
    walls.clear()
