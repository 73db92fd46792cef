"""What a completed sheet holds, who reviews it, and when reception may reject it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guanjia.sdk import ActorFacts, Coded, Kind, Params, RoleKey, Rule, Verdict, WorkCalendar, allow, deny, param, words
from plugins.customer_service.facts import RequestFacts
from plugins.customer_service.kinds import AGREEMENT
from plugins.customer_service.labels import entry_label

_ = words("customer_service")

REQUEST = "customer_service.request"
_ENTRIES = (
    "work_done",
    "materials",
    "started_at",
    "finished_at",
    "total_hours",
    "worker_signature",
    "resident_signature",
)
_PAID_ENTRIES = ("material_fee", "labour_fee")


class CompletionForm(Params):
    """What the worker's report holds."""

    required: tuple[Coded, ...] = param(tuple(Coded(k) for k in _ENTRIES), choices=(*_ENTRIES, *_PAID_ENTRIES))
    required_if_paid: tuple[Coded, ...] = param(
        tuple(Coded(k) for k in _PAID_ENTRIES), choices=(*_ENTRIES, *_PAID_ENTRIES)
    )


completion_form = Rule("customer_service.completion_form", Kind.GUARD, CompletionForm)


@completion_form.guard(f"{REQUEST}.complete", f"{REQUEST}.correct_sheet")
def completion_records_work_and_signatures(case: RequestFacts, form: dict[str, Any], params: CompletionForm) -> Verdict:
    """Work, materials, times, hours, for paid work the fees, signed by worker and resident (5/5.2.2).

    Where the fault is in a public area there is no resident to sign. A signature that stands on the sheet already stays.
    """
    given = {
        "work_done": bool(form.get("work_done")),
        "materials": bool(form.get("materials")) or bool(form.get("no_materials")),
        "started_at": form.get("started_at") is not None or case.started_at is not None,
        "finished_at": form.get("finished_at") is not None,
        "total_hours": form.get("total_minutes") is not None,
        "worker_signature": form.get("worker_signature") is not None or "worker_signature" not in case.missing,
        "resident_signature": form.get("resident_signature") is not None
        or not case.has_resident
        or "resident_signature" not in case.missing,
        "material_fee": form.get("material_fee_fen") is not None,
        "labour_fee": form.get("labour_fee_fen") is not None,
    }
    wanted = [*params.required, *(params.required_if_paid if case.paid else ())]
    missing = [entry_label(key) for key in dict.fromkeys(wanted) if not given.get(key, True)]
    if missing:
        return deny(_("Still missing on the sheet: %(missing)s. Fill these in and send again.", missing=missing))
    return allow()


class HeadReviews(Params):
    """Who reviews."""

    reviewer_role: RoleKey = param(RoleKey("department_head"))


head_reviews_completion = Rule("customer_service.head_reviews_completion", Kind.GUARD, HeadReviews)


@head_reviews_completion.guard(f"{REQUEST}.review")
def the_department_head_reviews(actor: ActorFacts, params: HeadReviews) -> Verdict:
    """The department head checks hours, materials and fees and signs (5/5.2.3)."""
    if actor.holds(params.reviewer_role):
        return allow()
    return deny(_("The department head reviews the finished sheet. Ask the head of the department."))


@head_reviews_completion.guard(f"{REQUEST}.close")
def closing_needs_the_review(case: RequestFacts) -> Verdict:
    """A sheet that the department head has not reviewed cannot be closed (5/5.2.3)."""
    if case.reviewed:
        return allow()
    return deny(_("The department head has not reviewed and signed this sheet yet."))


class SheetsBack(Params):
    """By when reviewed sheets are back."""

    day: Coded = param(Coded("last_day_of_month"), choices=("last_day_of_month",))


sheets_back_monthly = Rule("customer_service.sheets_back_monthly", Kind.DEADLINE, SheetsBack)


@sheets_back_monthly.deadline(
    "sheet_back", starts=(f"{REQUEST}.complete", f"{REQUEST}.reject_sheet"), ends=(f"{REQUEST}.hand_in",),
    owed_by="department_head",
)  # fmt: skip
def sheets_of_a_month_are_back_by_its_last_day(case: RequestFacts, calendar: WorkCalendar) -> datetime | None:
    """Reviewed repair sheets go back to reception month by month: all of a month by its last day (5/5.2.3).

    What is owed on a day is due at the close of business; a sheet finished later that day has until midnight.
    """
    done = case.reported_done_at
    if done is None or not case.is_repair:
        return None
    last = calendar.last_day_of_month(calendar.date_of(done))
    close = calendar.close_of(last)
    return close if close > done else calendar.end_of(last)


class IncompleteSheet(Params):
    """Who may reject."""

    role: RoleKey = param(RoleKey("receptionist"))


incomplete_sheet_rejected = Rule("customer_service.incomplete_sheet_rejected", Kind.GUARD, IncompleteSheet)


@incomplete_sheet_rejected.guard(f"{REQUEST}.reject_sheet")
def reception_rejects_an_incomplete_sheet(actor: ActorFacts, case: RequestFacts, params: IncompleteSheet) -> Verdict:
    """Reception may reject a sheet with missing entries or signatures, or without the review (5/5.2.3)."""
    if not actor.holds(params.role):
        return deny(_("Reception decides whether a sheet is taken. Ask reception."))
    wanted = set(_ENTRIES) | {"supervisor_signature"} | (set(_PAID_ENTRIES) if case.paid else set())
    if not case.has_resident:
        wanted.discard("resident_signature")
    if case.is_indoor_service:
        wanted.add("centre_head_signature")
    if not wanted & set(case.missing) and case.reviewed:
        return deny(_("Nothing is missing on this sheet, so it cannot be rejected. Take it, or record a revisit."))
    return allow()


class ServiceSheet(Params):
    """What the returned sheet of an indoor service holds."""

    required: tuple[Coded, ...] = param(
        tuple(
            Coded(k)
            for k in ("content", "state", "total_hours", "worker", "supervisor_signature", "centre_head_signature")
        )
    )


service_sheet_fields = Rule("customer_service.service_sheet_fields", Kind.GUARD, ServiceSheet)


@service_sheet_fields.guard(f"{REQUEST}.close")
def a_service_sheet_is_complete_and_signed(case: RequestFacts, params: ServiceSheet) -> Verdict:
    """The sheet of an indoor service names content, state, hours and worker, with both signatures (5/5.3.2 1.1.1)."""
    if not case.is_indoor_service:
        return allow()
    missing = [entry_label(key) for key in params.required if key in case.missing]
    if missing:
        return deny(_("Still missing on the service sheet: %(missing)s.", missing=missing))
    return allow()


@service_sheet_fields.guard(f"{REQUEST}.sign")
def the_head_of_the_centre_signs(case: RequestFacts, actor: ActorFacts, rules: frozenset[str]) -> Verdict:
    """The head of the centre signs, or a supervisor in the head's place; for agreements another clause says who (5/5.3.2 1.1.1)."""
    if case.deadline_class == AGREEMENT and "customer_service.month_end_agreements" in rules:
        return allow()
    if actor.holds("centre_head", "site_manager", "property_supervisor", "customer_service_supervisor"):
        return allow()
    return deny(_("The head of the centre signs here, or a supervisor in the head's place. Ask one of them."))


ALL = (completion_form, head_reviews_completion, sheets_back_monthly, incomplete_sheet_rejected, service_sheet_fields)
