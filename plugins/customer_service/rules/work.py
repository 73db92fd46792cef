"""Before and during work: the sheet, the check of equipment, the appointment, the steps of a home visit."""

from __future__ import annotations

from typing import Any

from guanjia.sdk import ActorFacts, Coded, Kind, Params, RoleKey, Rule, Verdict, allow, deny, param, words
from plugins.customer_service.facts import RequestFacts
from plugins.customer_service.labels import entry_label

_ = words("customer_service")

REQUEST = "customer_service.request"


class HandlingSheetFirst(Params):
    """Who opens the sheet."""

    opened_by: RoleKey = param(RoleKey("department_head"))


handling_sheet_first = Rule("customer_service.handling_sheet_first", Kind.GUARD, HandlingSheetFirst)


@handling_sheet_first.guard(f"{REQUEST}.start")
def work_starts_with_an_open_sheet(case: RequestFacts) -> Verdict:
    """Work starts only with an open handling sheet (5/5.1.3)."""
    if case.sheet_open:
        return allow()
    return deny(_("The handling sheet is not open yet. The department's supervisor opens it first."))


@handling_sheet_first.guard(f"{REQUEST}.open_sheet")
def the_supervisor_opens_the_sheet(actor: ActorFacts, params: HandlingSheetFirst) -> Verdict:
    """The department's supervisor opens the handling sheet (5/5.1.3)."""
    if actor.holds(params.opened_by):
        return allow()
    return deny(_("The department's supervisor opens the handling sheet. Ask the supervisor."))


check_before_install = Rule("customer_service.check_before_install", Kind.GUARD)


@check_before_install.guard(f"{REQUEST}.start")
def equipment_is_checked_before_installation(case: RequestFacts) -> Verdict:
    """What the resident gave us to install is checked first; a defect is confirmed with the resident (5/5.2.1)."""
    if case.kind != "installation":
        return allow()
    if not case.equipment_checked:
        return deny(_("The equipment was not checked yet. Check it and note the result before installing."))
    if case.equipment_given and case.defect_found and not case.defect_confirmed:
        return deny(_("The defect that was found is not confirmed with the resident yet. Confirm it before going on."))
    return allow()


appointment_first = Rule("customer_service.appointment_first", Kind.GUARD)


@appointment_first.guard(f"{REQUEST}.start")
def indoor_service_needs_an_appointment(case: RequestFacts) -> Verdict:
    """Indoor security or cleaning work starts after time, demands and details were agreed (5/5.3.1)."""
    if case.is_indoor_service and not case.appointment_agreed:
        return deny(_("Time, demands and details are not agreed with the resident yet. Agree an appointment first."))
    return allow()


class HomeVisitSteps(Params):
    """The steps at the home."""

    steps: tuple[Coded, ...] = param(
        tuple(Coded(k) for k in ("badge_worn", "rang_or_knocked", "consent_given", "nothing_damaged", "left_clean"))
    )


home_visit_steps = Rule("customer_service.home_visit_steps", Kind.GUARD, HomeVisitSteps)


@home_visit_steps.guard(f"{REQUEST}.complete")
def a_home_visit_is_complete_when_its_steps_are_ticked(
    case: RequestFacts, form: dict[str, Any], params: HomeVisitSteps
) -> Verdict:
    """A visit to a home is completed only when each of its steps was taken (7/4, 5, 12)."""
    if not case.has_resident:
        return allow()
    ticked = form.get("visit_steps") or []
    missing = [entry_label(step) for step in params.steps if step not in ticked]
    if missing:
        return deny(_("Not ticked yet for the home visit: %(missing)s.", missing=missing))
    return allow()


ALL = (handling_sheet_first, check_before_install, appointment_first, home_visit_steps)
