"""The rules of regulation 3: how an enquiry is answered, with whom, and who looks at the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from guanjia.sdk import (
    ActorFacts,
    Coded,
    Event,
    Kind,
    MakeTask,
    Notify,
    Owed,
    Params,
    Perform,
    RoleKey,
    Rule,
    Verdict,
    WorkCalendar,
    allow,
    deny,
    due_again,
    param,
    since_last,
    words,
)
from plugins.customer_service.enquiries.facts import DeskFacts, EnquiryFacts, asked_about, phrases_said
from plugins.customer_service.enquiries.kinds import ENGINEERING, LEASING, OUTSIDE, SECURITY

_ = words("customer_service")

ENQUIRY, REVIEW, DESK = "customer_service.enquiry", "customer_service.ledger_review", "customer_service.visiting_desk"
ENTER, ANSWER, REDIRECT = f"{ENQUIRY}.enter", f"{ENQUIRY}.answer", f"{ENQUIRY}.redirect"
TOLD = (ENTER, ANSWER, REDIRECT)  # what may carry a reply

enquiry_responsibilities = Rule("customer_service.enquiry_responsibilities", Kind.RECORD)
information_archive = Rule("customer_service.information_archive", Kind.RECORD)
desk_ledger = Rule("customer_service.desk_ledger", Kind.RECORD)
daily_work_record = Rule("customer_service.daily_work_record", Kind.RECORD)

agreed_reply_time = Rule("customer_service.agreed_reply_time", Kind.GUARD)


@agreed_reply_time.guard(ENTER)
def answered_at_once_or_a_time_is_agreed(form: dict[str, Any]) -> Verdict:
    """An enquiry is answered at once, or carries the time agreed for the answer (3/4.1.3, 4.2.1)."""
    if form.get("answer") or form.get("reply_by"):
        return allow()
    return deny(
        _(
            "This enquiry has neither an answer nor an agreed time. Answer it now, or agree when the answer will be given and enter that."
        )
    )


@agreed_reply_time.guard(f"{ENQUIRY}.transfer", f"{ENQUIRY}.settle")
def no_enquiry_is_passed_on_without_a_time(case: EnquiryFacts) -> Verdict:
    """What another department answers has a time agreed with whoever asks as well (3/4.1.3)."""
    if case.reply_by is not None:
        return allow()
    return deny(_("No time is agreed for the answer yet. Agree one with whoever asks first."))


@agreed_reply_time.deadline("reply", starts=(ENTER,), ends=(ANSWER, REDIRECT), owed_by="receptionist")
def the_agreed_time_is_the_deadline(case: EnquiryFacts) -> datetime | None:
    """The time agreed with whoever asks is when the answer is due (3/4.1.3)."""
    return None if case.answered else case.reply_by


class Important(Params):
    """Who is told."""

    notify_role: RoleKey = param(RoleKey("customer_service_supervisor"))


important_enquiry_reported = Rule("customer_service.important_enquiry_reported", Kind.REACTION, Important)


@important_enquiry_reported.reaction(ENTER, f"{ENQUIRY}.mark_important")
def an_important_enquiry_is_told_at_once(case: EnquiryFacts, params: Important) -> list[Notify]:
    """An important enquiry is reported to the supervisor at once (3/4.2.1)."""
    if not case.is_important:
        return []
    return [
        Notify(
            message=_("An important enquiry came in. Please look at it now."), roles=(params.notify_role,), urgent=True
        )
    ]


enquiry_transfer = Rule("customer_service.enquiry_transfer", Kind.REACTION)


@enquiry_transfer.reaction(f"{ENQUIRY}.transfer", f"{ENQUIRY}.settle")
def the_department_is_told_to_answer(case: EnquiryFacts) -> list[MakeTask]:
    """The department that an enquiry was handed to is told to follow it up and to answer (3/4.2.1)."""
    return [MakeTask(title=_("Follow up the enquiry and answer it"), role="department_head", due_at=case.reply_by,
                     met_by=(ANSWER, REDIRECT, f"{ENQUIRY}.contribute"))]  # fmt: skip


class Joint(Params):
    """What is answered together, and who settles it where that stalls."""

    subjects: tuple[Coded, ...] = param(
        (Coded(SECURITY), Coded(ENGINEERING), Coded(LEASING)), choices=(SECURITY, ENGINEERING, LEASING, "fees", "moving", "community")
    )  # fmt: skip
    escalate_to: RoleKey = param(RoleKey("property_manager"))
    after_hours: int = param(24, min=1, max=720)


joint_answer = Rule("customer_service.joint_answer", Kind.REACTION, Joint)


@joint_answer.reaction(ENTER)
def the_department_is_asked_and_a_stall_noticed(case: EnquiryFacts, event: Event, params: Joint) -> list[Any]:
    """The department is told that its answer is needed; where none comes in time the matter is a stalled one (3/4.2.2)."""
    if case.answered or case.subject not in params.subjects:
        return []
    settled = (ANSWER, REDIRECT, *(f"{ENQUIRY}.{step}" for step in ("contribute", "stall", "withdraw")))
    why = {"reason": "到时未协同答复 (no joint answer in time)"}
    at = event.at + timedelta(hours=params.after_hours)
    return [
        Notify(message=_("An enquiry is to be answered together with you."), roles=("department_head",)),
        Perform(step=f"{ENQUIRY}.stall", case_id=case.id, form=why, at=at, unless=settled),
    ]


@joint_answer.reaction(f"{ENQUIRY}.stall")
def whoever_settles_it_is_told(params: Joint) -> list[MakeTask]:
    """A stalled enquiry goes to the property manager (3/4.2.2)."""
    return [MakeTask(title=_("Settle a stalled enquiry between the departments"), role=params.escalate_to,
                     met_by=(f"{ENQUIRY}.settle", ANSWER, REDIRECT))]  # fmt: skip


@joint_answer.guard(*TOLD, facts={"enquiry": asked_about})
def matters_of_a_department_are_answered_with_it(
    form: dict[str, Any], actor: ActorFacts, params: Joint, enquiry: dict[str, Any]
) -> Verdict:
    """Security, engineering and leasing matters are answered together with that department (3/4.2.2)."""
    subject = enquiry["subject"]
    if subject not in params.subjects or not form.get("answer"):
        return allow()
    if form.get("answered_together") or enquiry["together"] or actor.holds(params.escalate_to):
        return allow()
    if enquiry["department"] is not None and enquiry["department"] in [str(d) for d in actor.departments]:
        return allow()
    return deny(
        _(
            "This is answered together with the department. Ask it, then tick that you answer together, or agree a time and hand it over."
        )
    )


@joint_answer.guard(f"{ENQUIRY}.settle")
def the_property_manager_settles(actor: ActorFacts, params: Joint) -> Verdict:
    """What stalls between departments is settled by the property manager (3/4.2.2)."""
    if actor.holds(params.escalate_to):
        return allow()
    return deny(
        _(
            "A stalled enquiry is settled by whoever the rule names. Ask them; you can still add what your department says."
        )
    )


class Outside(Params):
    """Whom to ask first."""

    approver_role: RoleKey = param(RoleKey("property_department_manager"))


outside_matter = Rule("customer_service.outside_matter", Kind.GUARD, Outside)


@outside_matter.guard(*TOLD, facts={"enquiry": asked_about})
def the_manager_is_asked_first(form: dict[str, Any], enquiry: dict[str, Any]) -> Verdict:
    """What is not this property's to answer is answered or redirected only after the manager was asked (3/4.2.3)."""
    if enquiry["subject"] != OUTSIDE or not form.get("answer") or enquiry["manager_asked"]:
        return allow()
    return deny(
        _(
            "This is not this property's to answer. Enter it with a time for the answer; the manager is asked, and you answer after that."
        )
    )


@outside_matter.guard(f"{ENQUIRY}.ask_manager")
def the_manager_says_so(actor: ActorFacts, params: Outside) -> Verdict:
    """Only the manager of the property department says what may be told (3/4.2.3)."""
    if actor.holds(params.approver_role):
        return allow()
    return deny(_("The manager of the property department decides this. The manager has a task for it."))


@outside_matter.reaction(ENTER)
def the_manager_is_told(case: EnquiryFacts, params: Outside) -> list[MakeTask]:
    """The manager learns that an answer is needed (3/4.2.3)."""
    if case.subject != OUTSIDE or case.answered:
        return []
    return [MakeTask(title=_("Say what may be answered to a matter outside the property"), role=params.approver_role,
                     met_by=(f"{ENQUIRY}.ask_manager",))]  # fmt: skip


class DailyReview(Params):
    """Who reviews, and to whom important matters go."""

    role: RoleKey = param(RoleKey("property_supervisor"))
    report_to: RoleKey = param(RoleKey("property_department_manager"))


daily_ledger_review = Rule("customer_service.daily_ledger_review", Kind.DUTY, DailyReview)


@daily_ledger_review.duty(every="day", met_by=(f"{REVIEW}.daily",))
def the_supervisor_reviews_the_ledger_every_day(
    period: Any, params: DailyReview, calendar: WorkCalendar
) -> Owed | None:
    """The property supervisor reviews the ledger every day (3/4.2.4)."""
    return Owed(
        title=_("Review the front desk ledger of the day"), role=params.role, due_at=calendar.end_of(period.last)
    )


@daily_ledger_review.guard(f"{REVIEW}.daily")
def the_supervisor_does_it(actor: ActorFacts, params: DailyReview) -> Verdict:
    """The daily review is the property supervisor's (3/4.2.4)."""
    return allow() if actor.holds(params.role) else deny(_("This review is done by whoever the rule names. Ask them."))


@daily_ledger_review.reaction(f"{REVIEW}.daily")
def important_entries_are_reported(event: Event, params: DailyReview) -> list[Notify]:
    """Important entries are reported to the manager of the property department at once (3/4.2.4)."""
    if not event.form.get("important"):
        return []
    return [
        Notify(
            message=_("The review of the front desk ledger names important matters."),
            roles=(params.report_to,),
            urgent=True,
        )
    ]


class WeeklyReview(Params):
    """Who reviews how often, and to whom important matters go."""

    role: RoleKey = param(RoleKey("property_manager"))
    every_days: int = param(7, min=1, max=31)
    report_to: RoleKey = param(RoleKey("company_leader"))


weekly_ledger_review = Rule("customer_service.weekly_ledger_review", Kind.DUTY, WeeklyReview)


@weekly_ledger_review.duty(
    every="day", met_by=(f"{REVIEW}.weekly",), facts={"since": since_last("customer_service.weekly_ledger_review")}
)
def the_manager_reviews_the_ledger_every_week(
    period: Any, since: dict[str, Any], params: WeeklyReview, calendar: WorkCalendar
) -> Owed | None:
    """The property manager reviews the ledger at least once in so many days, counted from the last review (3/4.2.5)."""
    due = due_again(since, period.first, days=params.every_days)
    if due is None:
        return None
    return Owed(title=_("Review the front desk ledger, check results and give guidance"), role=params.role,
                due_at=calendar.end_of(due))  # fmt: skip


@weekly_ledger_review.guard(f"{REVIEW}.weekly")
def the_manager_does_it(actor: ActorFacts, params: WeeklyReview) -> Verdict:
    """The weekly review is the property manager's (3/4.2.5)."""
    return allow() if actor.holds(params.role) else deny(_("This review is done by whoever the rule names. Ask them."))


@weekly_ledger_review.reaction(f"{REVIEW}.weekly")
def important_matters_go_to_the_company(event: Event, params: WeeklyReview) -> list[Notify]:
    """Important matters are reported to the company's leaders (3/4.2.5)."""
    if not event.form.get("important"):
        return []
    return [
        Notify(
            message=_("The review of the front desk ledger names important matters."),
            roles=(params.report_to,),
            urgent=True,
        )
    ]


class Visiting(Params):
    """Who approves, and who arranges."""

    approver_role: RoleKey = param(RoleKey("company_leader"))
    arranged_by: RoleKey = param(RoleKey("property_manager"))


visiting_desk = Rule("customer_service.visiting_desk", Kind.GUARD, Visiting)


@visiting_desk.guard(f"{DESK}.approve", f"{DESK}.refuse")
def the_company_approves(actor: ActorFacts, params: Visiting) -> Verdict:
    """A temporary enquiry desk needs the company's approval (3/4.2.6)."""
    if actor.holds(params.approver_role):
        return allow()
    return deny(_("A visiting desk is approved by the company. The company's leader has a task for it."))


@visiting_desk.guard(f"{DESK}.arrange", f"{DESK}.hold")
def arranged_only_after_approval(case: DeskFacts) -> Verdict:
    """Only an approved desk is arranged and held (3/4.2.6)."""
    return allow() if case.approved else deny(_("The company has not approved this desk yet. Wait for the approval."))


@visiting_desk.guard(f"{DESK}.arrange")
def the_property_manager_arranges(actor: ActorFacts, params: Visiting) -> Verdict:
    """The property manager arranges the desk (3/4.2.6)."""
    return (
        allow()
        if actor.holds(params.arranged_by)
        else deny(_("The property manager arranges a visiting desk. Ask the manager."))
    )


@visiting_desk.reaction(f"{DESK}.propose")
def the_company_is_asked(params: Visiting) -> list[MakeTask]:
    """Whoever approves has a task for it (3/4.2.6)."""
    return [MakeTask(title=_("Approve or refuse a visiting enquiry desk"), role=params.approver_role,
                     met_by=(f"{DESK}.approve", f"{DESK}.refuse"))]  # fmt: skip


@visiting_desk.reaction(f"{DESK}.approve")
def the_manager_is_to_arrange(params: Visiting) -> list[MakeTask]:
    """Whoever arranges has a task for it (3/4.2.6)."""
    return [
        MakeTask(title=_("Arrange the visiting enquiry desk"), role=params.arranged_by, met_by=(f"{DESK}.arrange",))
    ]


class Phrases(Params):
    """What a reply may not say."""

    phrases: tuple[str, ...] = param(("不知道", "没办法", "不归我管"))


forbidden_phrases = Rule("customer_service.forbidden_phrases", Kind.GUARD, Phrases)


@forbidden_phrases.guard(*TOLD, facts={"said": phrases_said})
def a_reply_says_none_of_them(form: dict[str, Any], said: list[str], params: Phrases) -> Verdict:
    """A reply holds no forbidden phrase (3/4.3.2)."""
    found = [phrase for phrase in said if phrase in params.phrases]
    if not form.get("answer") or not found:
        return allow()
    return deny(_("The reply says %(phrases)s. Say what you will do, or who answers and when.", phrases=found))


ALL = (
    enquiry_responsibilities, information_archive, agreed_reply_time, desk_ledger, important_enquiry_reported,
    enquiry_transfer, joint_answer, outside_matter, daily_ledger_review, weekly_ledger_review, visiting_desk,
    forbidden_phrases, daily_work_record,
)  # fmt: skip
