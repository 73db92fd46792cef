"""What has already happened and is reported out of order is kept as a conflict in the actor's inbox, never lost."""

import pytest
from sqlalchemy import select

from guanjia.errors import WrongState
from guanjia.steps.models import JournalEntry, Task

R = "customer_service.request"


def test_a_late_report_that_no_longer_fits_is_kept_and_put_before_its_actor(company, east):
    desk, worker = east.person("receptionist"), east.person("repair_technician")
    form = {
        "household_id": str(east.household()),
        "category": "pipe_leak",
        "content": "leak",
        "within_capability": "yes",
    }
    case = desk.takes(f"{R}.receive", None, form).case_id
    company.later(hours=2)
    desk.takes(f"{R}.withdraw", case, reason="resident cancelled")
    at = company.host.clock.now().replace(minute=0)
    for _again in range(2):
        with pytest.raises(WrongState):
            worker.takes(f"{R}.take", case, occurred_at=at)
    with pytest.raises(WrongState):
        worker.takes(f"{R}.take", case)  # not reported later: nothing to keep
    company.settle()
    with worker.context.reading() as loader:
        entries = list(loader.session.scalars(select(JournalEntry).where(JournalEntry.outcome == "conflict")))
        tasks = list(loader.session.scalars(select(Task).where(Task.rule == "guanjia.late_report")))
    assert [(e.case_id, e.actor_id) for e in entries] == [(case, worker.id)]
    assert [(t.staff_id, t.target_id, t.state) for t in tasks] == [(worker.id, case, "open")]
