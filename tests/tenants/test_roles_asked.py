"""Roles that rules in force ask: who holds them, and which are vacant, as the page "who may do what" shows it."""

from __future__ import annotations

import office
from guanjia.sdk import Context
from tenants.access import roles_asked
from tenants.directory import TenantDirectory


def test_a_role_that_rules_ask_is_shown_vacant_once_nobody_holds_it(company: office.Company) -> None:
    host, plan = company.host, company.plan
    site = plan.sites["east"]
    ctx = Context(host, plan.company_id, plan.admin_id, site)
    directory = host.directory
    assert isinstance(directory, TenantDirectory)
    step = host.step("customer_service.request.dispatch")
    with ctx.reading() as loader:
        before = {asked.key: asked for asked in roles_asked(loader)}
        held = [h for h in directory.snapshot(loader.session).by_scope[site] if h.role == "receptionist"]
        at_step = {asked.key for asked in roles_asked(loader, step)}
    assert before["receptionist"].holders and not before["receptionist"].vacant
    assert len(before["receptionist"].rules) > 1
    assert at_step and at_step < set(before), "one step asks some of them"
    for assignment in held:
        ctx.perform("tenants.assignment.end", assignment.id)
    with ctx.reading() as loader:
        first = roles_asked(loader)[0]
    assert (first.key, first.vacant, first.holders) == ("receptionist", True, ()), "vacant ones come first"
