"""One request through its life, as a smoke test of the whole pipeline on both databases."""

from guanjia.testing import refusal

R = "customer_service.request"


def test_a_request_is_taken_in_by_reception_alone_and_dispatched_in_the_same_step(company, east):
    worker, desk = east.person("repair_technician"), east.person("receptionist")
    form = {
        "household_id": str(east.household()),
        "category": "pipe_leak",
        "content": "leak",
        "within_capability": "yes",
    }
    assert [r.rule for r in refusal(worker.takes, f"{R}.receive", None, form)] == ["customer_service.single_intake"]
    done = desk.takes(f"{R}.receive", None, form)
    assert (done.state, done.number) == ("dispatched", "BX-2026-00001")
    assert done.deadlines[0]["due_at"] == "2026-11-17T01:10:00+00:00"
