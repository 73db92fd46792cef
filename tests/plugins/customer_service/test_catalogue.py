"""The service catalogue (1/4): what is offered where, by whom, paid or free."""

import pytest

from guanjia.errors import Invalid

R = "customer_service.request"
LOCK = {
    "code": "lock", "title_zh": "门锁维修", "title_en": "Lock repair", "category": "door_lock",
    "department_key": "security", "deadline_class": "urgent", "paid": True,
}  # fmt: skip


def _asks_for_a_lock(office):
    form = {
        "household_id": str(office.household()),
        "category": "door_lock",
        "content": "stuck",
        "within_capability": "yes",
    }
    return office.person("receptionist").takes(f"{R}.receive", None, form).case_id


def _read(office, case_id):
    with office.person("receptionist").context.reading() as loader:
        return loader.get(loader.host.flow(R).model, case_id)


def test_a_request_takes_department_and_payment_from_the_catalogue(company, east):
    before = _read(east, _asks_for_a_lock(east))
    assert (before.paid, before.department_id) == (False, east.department("engineering"))
    company.admin.perform("customer_service.service.create", None, LOCK)
    after = _read(east, _asks_for_a_lock(east))
    assert (after.paid, after.department_id) == (True, east.department("security"))


def test_a_service_that_a_site_does_not_offer_is_not_taken_there(company, east, west):
    service = company.admin.perform("customer_service.service.create", None, LOCK).case_id
    company.admin.perform("customer_service.service.stop_offering", service, {"site_id": str(east.id)})
    with pytest.raises(Invalid) as refused:
        _asks_for_a_lock(east)
    assert "category" in refused.value.errors
    assert _asks_for_a_lock(west)
    company.admin.perform("customer_service.service.offer", service, {"site_id": str(east.id)})
    assert _asks_for_a_lock(east)


def test_a_number_brought_in_from_paper_is_not_given_again(company, east):
    form = {"number": "BX-2026-00041", "received_at": "2026-11-13T01:00:00+00:00", "place": "gate",
            "category": "power_lighting", "content": "dark"}  # fmt: skip
    east.person("site_manager").takes(f"{R}.bring_in", None, form)
    made = _read(east, _asks_for_a_lock(east))
    assert made.number == "BX-2026-00042"
