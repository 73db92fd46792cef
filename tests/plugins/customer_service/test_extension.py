"""A later finish date: who signs for it, with whose consent, and what becomes of the request meanwhile (5/5.2.4, 5.2.5, 5.3.2)."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from guanjia.errors import Invalid, WrongState
from guanjia.sdk import WorkCalendar
from guanjia.testing import refusal
from plugins.customer_service.rules import extensions as rules
from request_facts import RECEIVED, request
from requests_made import Requests, clause, rule, site_time, words_of

BOTH = frozenset({rules.extension.key, rules.resident_caused_delay.key})
GRANT = "guanjia.approval.grant"


def asked(
    until: str, *, facts: Any = None, cause: str = "work", known: frozenset[str] = BOTH, **params: Any
) -> str | None:
    """The role that the rule of extensions asks for a new date, None if it asks nobody."""
    case = facts or request()
    moment = site_time(until)
    loader = SimpleNamespace(place=SimpleNamespace(calendar=WorkCalendar()))
    (days,) = rules._days_after_receipt(loader, [SimpleNamespace(received_at=case.received_at)], {"until": moment})
    form = {"until": moment.isoformat(), "cause": cause}
    return rules.past_three_working_days_the_head_signs(case, form, days, known, rules.Extension(**params)).role


def later(made: Requests, text: str, **form: Any) -> dict[str, Any]:
    """An extension until a moment of site time."""
    return {"until": site_time(text).isoformat(), "reason": "等配件", **form}


# ---------------------------------------------------------------------- by level


@clause(5, "5.2.4")
@pytest.mark.parametrize(
    ("until", "role"),
    [
        ("2026-11-19 18:00", None),  # within three working days nobody signs
        ("2026-11-19 18:01", "centre_head"),
        ("2026-11-30 09:10", "centre_head"),  # exactly fourteen days
        ("2026-11-30 18:00", "centre_head"),  # the fourteenth day lasts until the close of business
        ("2026-11-30 18:01", "site_manager"),
        ("2026-12-01 00:00", "site_manager"),
    ],
)
def test_past_three_working_days_the_head_signs_past_two_weeks_the_director(until: str, role: str | None):
    assert asked(until) == role


@clause(5, "5.2.4")
def test_the_site_sets_the_level_and_who_signs():
    params = {"long_after_days": 30, "approver_role": "property_manager", "long_approver_role": "company_leader"}
    assert asked("2026-12-16 18:00", **params) == "property_manager"
    assert asked("2026-12-17 08:00", **params) == "company_leader"


@clause(5, "5.2.4")
def test_it_is_about_repairs_and_leaves_delays_by_the_resident_to_their_own_rule():
    assert asked("2026-12-16 18:00", facts=request(is_repair=False)) is None
    assert asked("2026-12-16 18:00", cause="resident") is None
    alone = frozenset({rules.extension.key})
    assert asked("2026-12-16 18:00", cause="resident", known=alone) == "site_manager"  # no way round the signature


@clause(5, "5.2.4")
def test_the_extension_waits_for_the_head_and_then_has_its_new_date(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    assert at_east.due(case) == site_time("2026-11-19 18:00")
    told = [n for n in at_east.notices("centre_head") if n.case_id == approval]
    assert [words_of(n) for n in told] == ['"%(step)s" waits for your signature.']
    for role in ("repair_technician", "department_head", "site_manager", "manager_assistant"):
        (reason,) = refusal(at_east.person(role).takes, GRANT, approval)
        assert (reason.rule, reason.role) == (rule("extension"), "centre_head")
        assert at_east.shown(reason).who == ("east centre_head",)
    at_east.grants(approval, "centre_head")
    dates = at_east.dates(case)
    assert [(d.due_at, d.state, d.cause) for d in dates] == [
        (site_time("2026-11-19 18:00"), "superseded", "rule"), (site_time("2026-11-24 12:00"), "open", "extension"),
    ]  # fmt: skip
    assert dates[1].rule == rule("extension")
    assert at_east.approval(approval).state == "granted"
    entry = at_east.journal(case, "extend")[-1]
    assert (entry["actor"], entry["given"]) == (str(at_east.person("repair_technician").id), [rule("extension")])
    told = [words_of(n) for n in at_east.notices("repair_technician", case=approval)]
    assert told == ['"%(step)s" was approved and carried out.']


@clause(5, "5.2.4")
def test_past_two_weeks_the_head_of_the_centre_is_not_enough(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "site_manager"}, "department_head", "extend", case,
                             **later(at_east, "2026-12-07 12:00"))  # fmt: skip
    assert [r.rule for r in refusal(at_east.person("centre_head").takes, GRANT, approval)] == [rule("extension")]
    at_east.grants(approval, "site_manager")
    assert at_east.due(case) == site_time("2026-12-07 12:00")


@clause(5, "5.2.4")
def test_a_rejection_leaves_the_date_and_the_requester_reads_why(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    refused = refusal(at_east.person("site_manager").takes, "guanjia.approval.reject", approval, reason="不同意")
    assert [r.rule for r in refused] == [rule("extension")]
    with pytest.raises(Invalid):
        at_east.by("centre_head", "guanjia.approval.reject", approval)
    at_east.by("centre_head", "guanjia.approval.reject", approval, reason="库房有货，今天换")
    assert (at_east.approval(approval).state, len(at_east.dates(case))) == ("rejected", 1)
    assert at_east.signatures(approval)[0].note == "库房有货，今天换"
    told = [words_of(n) for n in at_east.notices("repair_technician", case=approval)]
    assert len(told) == 1
    assert "was rejected by" in told[0]
    with pytest.raises(WrongState):
        at_east.by("centre_head", GRANT, approval)


@clause(5, "5.2.4")
def test_whoever_may_sign_extends_at_once_unless_four_eyes_are_wanted(at_east: Requests, at_west: Requests):
    case = at_east.in_progress("power_lighting")
    done = at_east.by("centre_head", "extend", case, **later(at_east, "2026-11-24 12:00"))
    assert [r.rule for r in done.granted] == [rule("extension")]
    assert at_east.due(case) == site_time("2026-11-24 12:00")
    at_west.office.switch(rule("extension"), options={"four_eyes": True})
    case = at_west.in_progress("power_lighting")
    approval = at_west.waits({"extension": "centre_head"}, "centre_head", "extend", case,
                             **later(at_west, "2026-11-24 12:00"))  # fmt: skip
    assert [r.rule for r in refusal(at_west.person("centre_head").takes, GRANT, approval)] == [rule("extension")]
    other = at_west.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                          **later(at_west, "2026-11-25 12:00"))  # fmt: skip
    at_west.grants(other, "centre_head")
    assert at_west.due(case) == site_time("2026-11-25 12:00")


@clause(5, "5.2.4")
def test_where_the_extension_rule_is_off_the_date_moves_at_once(at_east: Requests, at_west: Requests):
    at_west.office.switch(rule("extension"), on=False)
    case = at_west.in_progress("power_lighting")
    at_west.by("repair_technician", "extend", case, **later(at_west, "2026-12-24 12:00"))
    assert at_west.due(case) == site_time("2026-12-24 12:00")
    case = at_east.in_progress("power_lighting")
    at_east.waits(
        {"extension": "site_manager"}, "repair_technician", "extend", case, **later(at_east, "2026-12-24 12:00")
    )


@clause(5, "5.2.4")
def test_the_named_role_signs_at_the_site_that_names_it(at_east: Requests):
    params = {"approver_role": "manager_assistant", "long_after_days": 7}
    at_east.office.switch(rule("extension"), params=params)
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "manager_assistant"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-23 18:00"))  # fmt: skip
    at_east.grants(approval, "manager_assistant")
    assert at_east.due(case) == site_time("2026-11-23 18:00")
    at_east.waits(
        {"extension": "site_manager"}, "repair_technician", "extend", case, **later(at_east, "2026-11-24 09:00")
    )


# ---------------------------------------------------------------------- absence


@clause(5, "5.2.4")
def test_the_deputy_signs_while_the_head_is_away_and_the_journal_names_both(at_east: Requests):
    head, deputy = at_east.person("centre_head"), at_east.person("property_assistant")
    at_east.office.company.admin.perform("tenants.absence.create", None, {
        "staff_id": str(head.id), "deputy_id": str(deputy.id), "from_at": at_east.now.isoformat(),
        "until_at": at_east.after(days=3),
    })  # fmt: skip
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    assert [n for n in at_east.notices("property_assistant") if n.case_id == approval]
    assert [r.rule for r in refusal(head.takes, GRANT, approval)] == [rule("extension")]
    at_east.grants(approval, "property_assistant")
    (signature,) = at_east.signatures(approval)
    assert (signature.decided_by, signature.on_behalf_of) == (deputy.id, head.id)
    assert at_east.journal(approval, GRANT)[-1]["notes"]["signature"]["for"] == str(head.id)
    assert at_east.due(case) == site_time("2026-11-24 12:00")


@clause(5, "5.2.4")
def test_the_deputy_signs_no_longer_once_the_head_is_back(at_east: Requests):
    head, deputy = at_east.person("centre_head"), at_east.person("property_assistant")
    at_east.office.company.admin.perform("tenants.absence.create", None, {
        "staff_id": str(head.id), "deputy_id": str(deputy.id), "from_at": at_east.now.isoformat(),
        "until_at": at_east.after(hours=1),
    })  # fmt: skip
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    at_east.office.company.later(hours=1)
    assert [r.rule for r in refusal(deputy.takes, GRANT, approval)] == [rule("extension")]
    at_east.grants(approval, "centre_head")
    assert at_east.due(case) == site_time("2026-11-24 12:00")


@clause(5, "5.2.4")
def test_a_head_who_is_away_without_deputy_is_vacant_and_the_next_scope_signs(at_east: Requests):
    company, head = at_east.office.company, at_east.person("centre_head")
    company.admin.perform("tenants.assignment.create", None, {
        "staff_id": str(company.plan.admin_id), "role_key": "centre_head", "scope_id": str(company.plan.company_id),
    })  # fmt: skip
    company.admin.perform("tenants.absence.create", None, {
        "staff_id": str(head.id), "deputy_id": None, "from_at": at_east.now.isoformat(), "until_at": at_east.after(days=3),
    })  # fmt: skip
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    assert [r.rule for r in refusal(head.takes, GRANT, approval)] == [rule("extension")]
    company.admin.perform(GRANT, approval, {})
    at_east.settle()
    assert at_east.due(case) == site_time("2026-11-24 12:00")


# ---------------------------------------------------------------------- twenty-four hours


@clause(5, "5.2.5")
def test_an_urgent_job_needs_the_residents_consent_and_the_heads_signature(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    form = later(at_east, "2026-11-18 12:00")
    at_east.denied("urgent_extension", "repair_technician", "extend", case, **form)  # denied: nothing waits
    at_east.denied("urgent_extension", "centre_head", "extend", case, **form)
    approval = at_east.waits({"urgent_extension": "centre_head"}, "repair_technician", "extend", case, **form,
                             resident_consents=True)  # fmt: skip
    assert [r.rule for r in refusal(at_east.person("site_manager").takes, GRANT, approval)] == [
        rule("urgent_extension")
    ]
    at_east.grants(approval, "centre_head")
    assert at_east.due(case) == site_time("2026-11-18 12:00")
    assert at_east.dates(case)[-1].rule == rule("urgent_extension")


@clause(5, "5.2.5")
def test_past_three_working_days_both_rules_ask_one_after_another(at_east: Requests):
    case = at_east.in_progress("pipe_leak")
    approval = at_east.waits({"extension": "site_manager", "urgent_extension": "centre_head"}, "repair_technician", "extend",
                             case, **later(at_east, "2026-12-07 12:00"), resident_consents=True)  # fmt: skip
    assert [r.rule for r in refusal(at_east.person("centre_head").takes, GRANT, approval)] == [rule("extension")]
    at_east.grants(approval, "site_manager")
    assert (at_east.approval(approval).state, at_east.due(case)) == ("waiting", site_time("2026-11-17 09:10"))
    at_east.grants(approval, "centre_head")
    assert at_east.due(case) == site_time("2026-12-07 12:00")


@clause(5, "5.2.5")
def test_where_the_urgent_extension_is_off_the_same_step_passes_at_once(at_east: Requests, at_west: Requests):
    at_west.office.switch(rule("urgent_extension"), on=False)
    east, west = at_east.in_progress("pipe_leak"), at_west.in_progress("pipe_leak")
    at_east.denied("urgent_extension", "repair_technician", "extend", east, **later(at_east, "2026-11-18 12:00"))
    at_west.by("repair_technician", "extend", west, **later(at_west, "2026-11-18 12:00"))
    assert at_west.due(west) == site_time("2026-11-18 12:00")


@clause(5, "5.2.5")
def test_the_site_may_do_without_consent_and_names_who_signs(at_east: Requests):
    params = {"resident_consent": False, "approver_role": "property_supervisor"}
    at_east.office.switch(rule("urgent_extension"), params=params)
    case = at_east.in_progress("pipe_leak")
    approval = at_east.waits({"urgent_extension": "property_supervisor"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-18 12:00"))  # fmt: skip
    at_east.grants(approval, "property_supervisor")
    assert at_east.due(case) == site_time("2026-11-18 12:00")


@clause(5, "5.2.5")
def test_in_a_public_area_nobody_is_there_to_consent():
    form = {"until": (RECEIVED + timedelta(days=2)).isoformat()}
    urgent = {"deadline_class": "urgent"}
    home = rules.an_urgent_job_needs_consent_and_signature(request(**urgent), form, rules.UrgentExtension())
    hall = rules.an_urgent_job_needs_consent_and_signature(
        request(**urgent, has_resident=False), form, rules.UrgentExtension()
    )
    assert (home.outcome, hall.outcome, hall.role) == ("deny", "ask", "centre_head")
    assert rules.an_urgent_job_needs_consent_and_signature(request(), form, rules.UrgentExtension()).outcome == "allow"


# ---------------------------------------------------------------------- the resident's own reasons


@clause(5, "5.3.2 1.1.1")
def test_a_delay_by_the_resident_is_recognised_by_the_head_and_is_not_late(at_east: Requests):
    case = at_east.opened("indoor_cleaning")
    at_east.by("property_assistant", "start", case)
    form = later(at_east, "2026-11-25 12:00", cause="resident")
    approval = at_east.waits({"resident_caused_delay": "centre_head"}, "property_assistant", "extend", case, **form)
    assert [r.rule for r in refusal(at_east.person("department_head").takes, GRANT, approval)] == [
        rule("resident_caused_delay")
    ]
    at_east.grants(approval, "centre_head")
    date = at_east.dates(case)[-1]
    assert (date.rule, date.due_at, date.late_excused) == (
        rule("resident_caused_delay"),
        site_time("2026-11-25 12:00"),
        True,
    )


@clause(5, "5.3.2 1.1.1")
def test_where_that_rule_is_off_a_service_is_extended_at_once_and_is_late_all_the_same(at_east: Requests):
    at_east.office.switch(rule("resident_caused_delay"), on=False)
    service, repair = at_east.opened("indoor_cleaning"), at_east.opened("power_lighting")
    form = later(at_east, "2026-11-25 12:00", cause="resident")
    at_east.by("property_assistant", "extend", service, **form)
    assert (at_east.due(service), at_east.dates(service)[-1].late_excused) == (site_time("2026-11-25 12:00"), False)
    at_east.waits({"extension": "centre_head"}, "property_assistant", "extend", repair, **form)


@clause(5, "5.3.2 1.1.1")
def test_the_site_names_who_recognises_it(at_east: Requests):
    at_east.office.switch(rule("resident_caused_delay"), params={"approver_role": "customer_service_supervisor"})
    case = at_east.opened("indoor_cleaning")
    approval = at_east.waits({"resident_caused_delay": "customer_service_supervisor"}, "property_assistant", "extend", case,
                             **later(at_east, "2026-11-25 12:00", cause="resident"))  # fmt: skip
    at_east.grants(approval, "customer_service_supervisor")
    assert at_east.dates(case)[-1].late_excused


# ---------------------------------------------------------------------- what changed in between


@clause(5, "5.2.4")
def test_an_extension_asked_in_time_and_granted_later_counts_from_the_asking(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.until("2026-11-19 17:00")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    at_east.until("2026-11-20 10:00")
    assert at_east.dates(case)[0].breached_at == site_time("2026-11-19 18:00")  # a clock runs on while a step waits
    at_east.grants(approval, "centre_head")
    date = at_east.dates(case)[-1]
    assert (date.due_at, date.breached_at, date.state) == (site_time("2026-11-24 12:00"), None, "open")


@clause(5, "5.2.4")
def test_it_lapses_where_the_work_was_finished_in_between(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "department_head", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    at_east.completes(case)
    at_east.grants(approval, "centre_head")
    row = at_east.approval(approval)
    assert (row.state, row.outcome["type"], row.form["until"]) == (
        "lapsed", "wrong-state", site_time("2026-11-24 12:00").isoformat(),
    )  # fmt: skip
    told = [words_of(n) for n in at_east.notices("department_head", case=approval)]
    assert len(told) == 1
    assert "could no longer be carried out" in told[0]
    assert [d.state for d in at_east.dates(case)] == ["met"]


@clause(5, "5.2.4")
def test_it_lapses_where_another_extension_came_first(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    first, second = (
        at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case, **later(at_east, until))
        for until in ("2026-11-24 12:00", "2026-11-25 12:00")
    )
    at_east.grants(second, "centre_head")
    at_east.grants(first, "centre_head")
    assert (at_east.approval(first).state, at_east.approval(first).outcome["type"]) == ("lapsed", "invalid")
    assert at_east.due(case) == site_time("2026-11-25 12:00")


@clause(5, "5.2.4")
def test_a_yes_counts_for_the_values_and_the_role_asked_and_for_no_others(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    approval = at_east.waits({"extension": "centre_head"}, "repair_technician", "extend", case,
                             **later(at_east, "2026-11-24 12:00"))  # fmt: skip
    at_east.office.switch(rule("extension"), params={"approver_role": "site_manager"})
    at_east.by("site_manager", "move_rules", case, reason="改由主任审批")
    at_east.grants(approval, "centre_head")
    row = at_east.approval(approval)
    assert row.state == "lapsed"
    assert [reason["rule"] for reason in row.outcome["reasons"]] == [rule("extension")]
    assert at_east.due(case) == site_time("2026-11-19 18:00")
    assert [e["outcome"] for e in at_east.journal(case, "extend")] == ["waiting", "denied"]  # nothing waits anew
    assert [n for n in at_east.notices("site_manager") if words_of(n).endswith("waits for your signature.")] == []


# ---------------------------------------------------------------------- what makes no sense


@pytest.mark.parametrize("until", ["2026-11-19 18:00", "2026-11-18 12:00"])
def test_a_new_date_lies_after_the_present_one(at_east: Requests, until: str):
    case = at_east.in_progress("power_lighting")
    with pytest.raises(Invalid) as caught:
        at_east.by("centre_head", "extend", case, **later(at_east, until))
    assert set(caught.value.errors) == {"until"}


def test_a_date_that_has_passed_is_not_moved_to_another_one_in_the_past(at_east: Requests):
    case = at_east.in_progress("power_lighting")
    at_east.until("2026-11-20 12:00")
    with pytest.raises(Invalid):
        at_east.by("centre_head", "extend", case, **later(at_east, "2026-11-20 11:00"))
    at_east.by("centre_head", "extend", case, **later(at_east, "2026-11-20 12:01"))
