"""Another company's ids in the filters of exports, its words in their searches, and its Idempotency-Keys: as if there were none."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import Uuid, select

from access.outside import OUTSIDERS, Outsider, apart
from access.people import World
from access.world import PHONES
from guanjia.db.session import tenant_session
from guanjia.steps.flow import COMPANY
from guanjia.steps.models import Answered

NOWHERE = UUID(int=0xDEAD)


@pytest.mark.parametrize("who", OUTSIDERS)
def test_an_export_filtered_by_what_is_theirs_is_as_one_filtered_by_nobodys(world: World, who: str) -> None:
    outsider, tried, filled = Outsider(world, who), 0, 0
    theirs = outsider.hidden[0]
    for flow in world.host.flows.values():
        starts = [f"/s/{outsider.own.site_code}", *(["/hq"] if flow.level == COMPANY else [])]
        asked = [("q", theirs.mark, "密无"), ("q", PHONES[theirs.code] + "0001", "13988880001")] if flow.search else []
        for column in flow.columns:
            attribute = getattr(flow.model, column.name, None)
            if column.filter and attribute is not None and isinstance(attribute.type, Uuid):
                asked.append((column.name, str(theirs.one("tenants.staff")), str(NOWHERE)))
        for start in starts:
            url = f"{start}/{flow.plugin}/{flow.name}/export.xlsx"
            filled += outsider.get(url)[0] == 200
            for name, wish, nobodys in asked:
                found, expected = (outsider.get(f"{url}?{name}={quote(w)}", echo=w) for w in (wish, nobodys))
                assert not apart(found, expected), f"{url} {name}\n{apart(found, expected)}"
                tried += 1
    assert tried > 10 and filled > 10, (tried, filled)
    world.no_faults()


def test_a_key_of_another_company_is_a_key_that_nobody_used(world: World) -> None:
    """The same key, entries and even ids: nothing of the first answer is told, and nothing is refused for its sake."""
    key = {"Idempotency-Key": "the-very-same"}
    site, own = world.east.site_id, world.place("rival").site_id
    form = {"place": "门口", "category": "water_supply", "content": "积水"}
    path = "/sites/{}/customer_service/request/report"
    first = world.call("POST", path.format(site), "technician", json=form, headers=key)
    assert first.status_code == 201, first.text
    absent = world.call("POST", path.format(NOWHERE), "rival_manager", json=form, headers=key)
    theirs = world.call("POST", path.format(site), "rival_manager", json=form, headers=key)
    assert (theirs.status_code, _but_address(theirs.json)) == (404, _but_address(absent.json))
    second = world.call("POST", path.format(own), "rival_manager", json=form, headers=key)
    assert second.status_code == 201, second.text
    assert second.json["case_id"] != first.json["case_id"]
    again = world.call("POST", path.format(site), "technician", json=form, headers=key)
    assert again.data == first.data
    for company_id, told in ((world.plans.acme.company_id, first), (world.plans.rival.company_id, second)):
        with tenant_session(company_id) as session:
            query = select(Answered).where(Answered.company_id == company_id, Answered.key == key["Idempotency-Key"])
            assert session.scalars(query).one().answer["case_id"] == told.json["case_id"]


def _but_address(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"instance": ""}
