"""Extensions by level, with the resident's consent where it is urgent; delays by the resident; returns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guanjia.sdk import Kind, Params, RoleKey, Rule, Verdict, allow, ask, deny, param, words
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")

REQUEST = "customer_service.request"


class Extension(Params):
    """Who signs, and from when on the director."""

    approver_role: RoleKey = param(RoleKey("centre_head"))
    long_after_days: int = param(14, min=1, max=365)
    long_approver_role: RoleKey = param(RoleKey("site_manager"))


extension = Rule("customer_service.extension", Kind.GUARD, Extension)


def _days_after_receipt(loader: Any, cases: Any, form: Any) -> list[int]:
    """On which day after the day of receipt the new finish lies; after close of business it counts to the next."""
    calendar, until = loader.place.calendar, form.get("until")
    if until is None:
        return [0 for _case in cases]
    day = calendar.date_of(until)
    late = until > calendar.close_of(day)
    return [(day - calendar.date_of(case.received_at)).days + late for case in cases]


@extension.guard(f"{REQUEST}.extend", facts={"days_after_receipt": _days_after_receipt})
def past_three_working_days_the_head_signs(
    case: RequestFacts, form: dict[str, Any], days_after_receipt: int, rules: frozenset[str], params: Extension
) -> Verdict:
    """Past three working days the head of the centre signs; more than two weeks after receipt the director (5/5.2.4).

    Two weeks end at the close of business of the fourteenth day. Where delays by the resident have a rule of their own,
    that rule asks.
    """
    by_resident = form.get("cause") == "resident" and resident_caused_delay.key in rules
    if not case.is_repair or by_resident or datetime.fromisoformat(form["until"]) <= case.ordinary_due_at:
        return allow()
    if days_after_receipt > params.long_after_days:
        return ask(params.long_approver_role, _("The new finish is more than %(days)s days after receipt: the director signs.",
                                                days=params.long_after_days), until=form["until"])  # fmt: skip
    return ask(params.approver_role, _("Past three working days an extension needs the signature of the head of the centre."),
               until=form["until"])  # fmt: skip


class UrgentExtension(Params):
    """Who signs, and whether the resident must consent."""

    approver_role: RoleKey = param(RoleKey("centre_head"))
    resident_consent: bool = param(True)


urgent_extension = Rule("customer_service.urgent_extension", Kind.GUARD, UrgentExtension)


@urgent_extension.guard(f"{REQUEST}.extend")
def an_urgent_job_needs_consent_and_signature(
    case: RequestFacts, form: dict[str, Any], params: UrgentExtension
) -> Verdict:
    """A 24-hour job is extended only with the head's signature and the resident's consent (5/5.2.5).

    In a public area there is no resident to consent.
    """
    if case.deadline_class != "urgent":
        return allow()
    if params.resident_consent and case.has_resident and not form.get("resident_consents"):
        return deny(_("The resident has not consented to the extension. Ask the resident, then tick the consent."))
    return ask(params.approver_role, _("A 24-hour job is extended only with the signature of the head of the centre."),
               until=form["until"])  # fmt: skip


class ResidentCaused(Params):
    """Who signs."""

    approver_role: RoleKey = param(RoleKey("centre_head"))


resident_caused_delay = Rule("customer_service.resident_caused_delay", Kind.GUARD, ResidentCaused)


@resident_caused_delay.guard(f"{REQUEST}.extend")
def a_delay_by_the_resident_is_signed_by_the_head(
    case: RequestFacts, form: dict[str, Any], params: ResidentCaused
) -> Verdict:
    """Delayed for the resident's own reasons: the head of the centre signs, and it does not count as late (5/5.3.2)."""
    if form.get("cause") != "resident" or case.deadline_class == "urgent":
        return allow()
    return ask(params.approver_role, _("A delay for the resident's own reasons is recognised by the head of the centre."),
               until=form["until"])  # fmt: skip


class ReturnUnsolved(Params):
    """Who signs a return, and whether it is explained."""

    repair_approver_role: RoleKey = param(RoleKey("department_head"))
    service_approver_role: RoleKey = param(RoleKey("centre_head"))
    explain_to_resident: bool = param(True)


return_unsolved = Rule("customer_service.return_unsolved", Kind.GUARD, ReturnUnsolved)


@return_unsolved.guard(f"{REQUEST}.return_unsolved")
def a_return_is_signed_and_explained(case: RequestFacts, form: dict[str, Any], params: ReturnUnsolved) -> Verdict:
    """What cannot be done is returned with reason, signature and an explanation to the resident (5/5.2.4, 5.3.2 1.1.3)."""
    if params.explain_to_resident and case.has_resident and not form.get("explained"):
        return deny(_("The return was not explained to the resident yet. Explain it, then tick it."))
    if case.is_repair:
        return ask(
            params.repair_approver_role,
            _("A repair that cannot be done is returned with the department head's signature."),
        )
    return ask(
        params.service_approver_role,
        _("A service that cannot be done is returned with the signature of the head of the centre."),
    )


ALL = (extension, urgent_extension, resident_caused_delay, return_unsolved)
