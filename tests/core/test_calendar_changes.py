"""A calendar entered later moves no date by itself: it is shown, and recomputed only when somebody says so."""

from guanjia.steps.recompute import differences
from guanjia.testing import waiting

R = "customer_service.request"
FORM = {"place": "lobby", "category": "power_lighting", "content": "dark", "within_capability": "yes"}


def _differing(office):
    with office.person("site_manager").context.reading() as loader:
        return differences(loader, loader.host.flow(R))


def test_a_holiday_entered_later_is_shown_and_moves_a_date_only_by_a_step(company, east):
    request = east.person("receptionist").takes(f"{R}.receive", None, FORM)
    assert request.deadlines[0]["due_at"] == "2026-11-19T10:00:00+00:00"
    assert _differing(east) == []
    company.admin.at_site(east.id).perform(
        "tenants.calendar_day.create", None, {"day": "2026-11-18", "kind": "off", "name": "local holiday"}
    )
    found = _differing(east)
    assert [(d.case_id, d.would_be.isoformat()) for d in found] == [(request.case_id, "2026-11-20T10:00:00+00:00")]
    assert found[0].deadline.due_at.isoformat() == "2026-11-19T10:00:00+00:00"
    east.person("site_manager").takes(f"{R}.recompute", request.case_id, reason="notice came late")
    assert _differing(east) == []
    with east.person("site_manager").context.reading() as loader:
        from guanjia.steps.deadlines import history

        dates = history(loader.session, R, [request.case_id])[request.case_id]
        assert [(d.state, d.cause) for d in dates if d.name == "finish"] == [
            ("superseded", "rule"),
            ("open", "recomputed"),
        ]


def test_a_closed_case_is_never_recomputed(company, east):
    desk = east.person("receptionist")
    request = desk.takes(f"{R}.receive", None, FORM)
    desk.takes(f"{R}.withdraw", request.case_id, reason="entered twice")
    company.admin.at_site(east.id).perform(
        "tenants.calendar_day.create", None, {"day": "2026-11-18", "kind": "off", "name": "local holiday"}
    )
    assert _differing(east) == []


def test_an_approval_is_asked_for_again_until_it_is_signed(company, east):
    from sqlalchemy import select

    from guanjia.steps.models import Notification

    urgent = FORM | {"category": "pipe_leak", "household_id": str(east.household())}
    request = east.person("receptionist").takes(f"{R}.receive", None, urgent)
    until = {"until": "2026-11-18T01:10:00+00:00", "reason": "parts", "resident_consents": True}
    asked = waiting(east.person("department_head").takes, f"{R}.extend", request.case_id, until)
    head = east.person("centre_head")

    def told():
        with head.context.reading() as loader:
            query = select(Notification).where(
                Notification.staff_id == head.id, Notification.flow == "guanjia.approval"
            )
            return len(list(loader.session.scalars(query)))

    company.settle()
    assert told() == 1
    company.later(hours=60)
    assert told() == 3  # at the close of the next working day, and a day later
    head.takes("guanjia.approval.reject", asked.approval_id, reason="finish today")
    company.later(hours=60)
    assert told() == 3
