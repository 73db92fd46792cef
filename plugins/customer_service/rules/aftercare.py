"""After the work: the call, a mismatch, overdue work, coordination of problems, agreements at month end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from guanjia.sdk import (
    ActorFacts,
    Event,
    Kind,
    MakeTask,
    Notify,
    Owed,
    Params,
    RoleKey,
    Rule,
    Verdict,
    WorkCalendar,
    allow,
    deny,
    param,
    words,
)
from guanjia.steps.models import Deadline
from plugins.customer_service.facts import RequestFacts
from plugins.customer_service.kinds import AGREEMENT

_ = words("customer_service")

REQUEST = "customer_service.request"


class Revisit(Params):
    """How soon, how many, by whom."""

    within_hours: int = param(24, min=1, max=720)
    share: Decimal = param(Decimal("1.0"), min=Decimal(0), max=Decimal(1))
    role: RoleKey = param(RoleKey("receptionist"))


revisit_after_completion = Rule("customer_service.revisit_after_completion", Kind.DUTY, Revisit)


@revisit_after_completion.duty(after=(f"{REQUEST}.complete",), met_by=(f"{REQUEST}.revisit",))
def reception_calls_after_completion(
    case: RequestFacts, params: Revisit, event: Event, calendar: WorkCalendar
) -> Owed | None:
    """After the report of completion reception calls the resident and records the answer (5/6.1).

    With a share below 1 the request's own id decides, so that nobody chooses which residents are asked.
    """
    if not case.has_resident or Decimal(case.id.int % 10_000) / 10_000 >= params.share:
        return None
    return Owed(title=_("Call the resident about the finished work"), role=params.role,
                due_at=calendar.after_hours(event.at, params.within_hours))  # fmt: skip


class Mismatch(Params):
    """Who looks on site."""

    role: RoleKey = param(RoleKey("area_manager"))


revisit_mismatch = Rule("customer_service.revisit_mismatch", Kind.REACTION, Mismatch)


@revisit_mismatch.reaction(f"{REQUEST}.revisit")
def the_area_manager_is_sent(case: RequestFacts, params: Mismatch) -> list[Any]:
    """The resident tells it otherwise than the report: the area manager goes to look at once (5/6.1)."""
    if not case.mismatch_open:
        return []
    return [
        Notify(message=_("The resident's account differs from the report: look on site at once."), roles=(params.role,), urgent=True),
        MakeTask(title=_("Look on site: the resident's account differs from the report"), role=params.role,
                 met_by=(f"{REQUEST}.site_check",)),
    ]  # fmt: skip


@revisit_mismatch.guard(f"{REQUEST}.close")
def the_case_stays_open_until_it_is_settled(case: RequestFacts) -> Verdict:
    """The case stays open until the mismatch is settled (5/6.1)."""
    if case.mismatch_open:
        return deny(
            _("The resident's account differs from the report. The area manager looks on site before this is closed.")
        )
    return allow()


@revisit_mismatch.guard(f"{REQUEST}.site_check")
def the_area_manager_looks(actor: ActorFacts, params: Mismatch) -> Verdict:
    """The area manager looks on site (5/6.1)."""
    if actor.holds(params.role):
        return allow()
    return deny(_("The area manager looks on site and reports. Ask the area manager."))


class Overdue(Params):
    """How often, and to whom it is reported."""

    remind_every_hours: int = param(24, min=1, max=720)
    report_to: RoleKey = param(RoleKey("customer_service_supervisor"))


overdue_chased = Rule("customer_service.overdue_chased", Kind.REACTION, Overdue)
_SETTLED = tuple(
    f"{REQUEST}.{name}" for name in ("complete", "extend", "return_unsolved", "withdraw", "close", "close_unsolved")
)


def _passed(loader: Any, cases: Any, form: Any) -> list[str]:
    """The name of the date that has passed."""
    row = loader.get(Deadline, UUID(str(form["deadline"]))) if form else None
    return [row.name if row is not None else "" for _case in cases]


@overdue_chased.reaction(f"{REQUEST}.breach", facts={"passed": _passed})
def overdue_work_is_chased_and_reported(case: RequestFacts, passed: str, params: Overdue, event: Event) -> list[Notify]:
    """Overdue work is chased at the department, again and again, and reported to the supervisor (5/6.2).

    What the department returned unsolved is no longer its to finish; the supervisor is told all the same.
    """
    if passed != "finish" or case.reported_done_at is not None:
        return []
    if event.state == "returned":
        waits = _("Returned unsolved and overdue: see that it is closed, or dispatched anew.")
        return [Notify(message=waits, roles=(params.report_to,))]
    return [
        Notify(message=_("Overdue: finish this work or ask for an extension."), roles=("department_head",),
               staff=(case.worker_id,) if case.worker_id else (), unless=_SETTLED, while_open=UUID(event.form["deadline"]),
               repeat_hours=params.remind_every_hours),
        Notify(message=_("Overdue work was not finished in time; it was chased at the department."), roles=(params.report_to,)),
    ]  # fmt: skip


class Coordination(Params):
    """Who coordinates what."""

    major_or_cross_department: tuple[RoleKey, ...] = param(
        (RoleKey("site_manager"), RoleKey("manager_assistant")), at_least_one=True
    )
    ordinary: tuple[RoleKey, ...] = param((RoleKey("customer_service_supervisor"),), at_least_one=True)


coordination_level = Rule("customer_service.coordination_level", Kind.REACTION, Coordination)


@coordination_level.reaction(f"{REQUEST}.refer")
def problems_go_to_whoever_coordinates_them(case: RequestFacts, params: Coordination) -> list[Any]:
    """Major and cross-department matters go to the director or assistant, ordinary ones to the supervisor (5/4.4.1, 4.4.2)."""
    roles = params.ordinary if case.matter == "ordinary" else params.major_or_cross_department
    return [
        Notify(message=_("A problem needs your coordination."), roles=roles, urgent=case.matter == "major"),
        MakeTask(title=_("Coordinate the problem and settle it"), role=roles[0], met_by=(f"{REQUEST}.settle_matter",)),
    ]


@coordination_level.guard(f"{REQUEST}.settle_matter")
def whoever_coordinates_settles(case: RequestFacts, actor: ActorFacts, params: Coordination) -> Verdict:
    """A problem is settled by whoever coordinates problems of its kind (5/4.4.1, 4.4.2)."""
    roles = params.ordinary if case.matter == "ordinary" else params.major_or_cross_department
    if actor.holds(*roles):
        return allow()
    return deny(_("This is settled by whoever coordinates problems of its kind. Ask them."))


class MonthEnd(Params):
    """When, by whom, signed by whom."""

    days_before_month_end: int = param(2, min=0, max=27)
    role: RoleKey = param(RoleKey("department_head"))
    signed_by: RoleKey = param(RoleKey("centre_head"))


month_end_agreements = Rule("customer_service.month_end_agreements", Kind.DUTY, MonthEnd)


@month_end_agreements.duty(every="month")
def agreements_are_handed_back_before_month_end(period: Any, params: MonthEnd, calendar: WorkCalendar) -> Owed:
    """Two days before month end work under agreements is handed back with the agreement's copy, signed (5/5.3.2 1.1.2)."""
    return Owed(title=_("Hand back the sheets of work under agreements, signed by the head of the centre"), role=params.role,
                due_at=calendar.before(period.last, params.days_before_month_end))  # fmt: skip


@month_end_agreements.guard(f"{REQUEST}.sign")
def an_agreement_is_signed_by_whoever_the_site_names(
    case: RequestFacts, actor: ActorFacts, params: MonthEnd
) -> Verdict:
    """The sheet of work under an agreement is signed by the head of the centre (5/5.3.2 1.1.2)."""
    if case.deadline_class != AGREEMENT or actor.holds(params.signed_by):
        return allow()
    return deny(_("The sheet of work under an agreement is signed by the head of the centre. Ask the head."))


@month_end_agreements.guard(f"{REQUEST}.close")
def an_agreement_closes_with_that_signature(case: RequestFacts) -> Verdict:
    """Work under an agreement is handed back signed by worker, department and head of the centre (5/5.3.2 1.1.2)."""
    if case.deadline_class != AGREEMENT or case.head_signed:
        return allow()
    return deny(_("The head of the centre has not signed the sheet of this work under an agreement yet."))


ALL = (revisit_after_completion, revisit_mismatch, overdue_chased, coordination_level, month_end_agreements)
