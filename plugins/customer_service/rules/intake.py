"""Who takes requests in, what intake records, who dispatches, and who decides when the capability is unclear."""

from __future__ import annotations

from typing import Any

from guanjia.sdk import ActorFacts, Coded, Kind, Notify, Params, RoleKey, Rule, Verdict, allow, deny, param, words
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")

REQUEST = "customer_service.request"


class SingleIntake(Params):
    """Who may take requests in."""

    intake_roles: tuple[RoleKey, ...] = param((RoleKey("receptionist"),), at_least_one=True)


single_intake = Rule("customer_service.single_intake", Kind.GUARD, SingleIntake)


@single_intake.guard(f"{REQUEST}.receive", f"{REQUEST}.confirm")
def reception_takes_requests(actor: ActorFacts, params: SingleIntake) -> Verdict:
    """Requests are taken in by reception alone; other staff report what they find (5/4.4.3, 5.1.1)."""
    if actor.is_system or actor.holds(*params.intake_roles):
        return allow()
    return deny(_('Requests are taken in by reception. Use "Report a fault": it goes into reception\'s queue at once.'))


class IntakeFields(Params):
    """What intake must hold."""

    required: tuple[Coded, ...] = param(
        tuple(Coded(k) for k in ("received_at", "unit", "resident_name", "content", "within_capability")),
        choices=("received_at", "unit", "resident_name", "content", "within_capability", "phone"),
    )  # fmt: skip


intake_fields = Rule("customer_service.intake_fields", Kind.GUARD, IntakeFields)


@intake_fields.guard(f"{REQUEST}.receive", f"{REQUEST}.confirm")
def intake_is_complete(form: dict[str, Any], params: IntakeFields) -> Verdict:
    """Time, room, name, content and whether the centre can do it are on record before the department is called.

    The time is the server's, so it is always there. In a public area the place stands for the room, and nobody's name
    is asked (5/5.1.2).
    """
    in_home = bool(form.get("household_id"))
    given = {
        "received_at": True,
        "unit": in_home or bool(form.get("place")),
        "resident_name": in_home or bool(form.get("resident_name")) or bool(form.get("place")),
        "content": bool(form.get("content")),
        "within_capability": form.get("within_capability") is not None,
        "phone": in_home or bool(form.get("phone")),
    }
    missing = [key for key in params.required if not given.get(key, True)]
    if not missing:
        return allow()
    return deny(_("Still missing at intake: %(missing)s. Fill these in and send again.", missing=_labels(missing)))


@intake_fields.guard(f"{REQUEST}.dispatch")
def only_what_the_centre_can_do(case: RequestFacts) -> Verdict:
    """What the centre is not able to do is not passed to a department; it is returned or withdrawn (5/5.1.2)."""
    if case.within_capability == "no":
        return deny(
            _(
                "The centre is not able to do this, so no department is called. Explain it to the resident and withdraw the request."
            )
        )
    return allow()


def _labels(keys: list[Coded]) -> list[Any]:
    from plugins.customer_service.labels import entry_label

    return [entry_label(key) for key in keys]


class DispatchByReception(Params):
    """Who dispatches."""

    dispatch_roles: tuple[RoleKey, ...] = param((RoleKey("receptionist"),), at_least_one=True)


dispatch_by_reception = Rule("customer_service.dispatch_by_reception", Kind.GUARD, DispatchByReception)


@dispatch_by_reception.guard(f"{REQUEST}.dispatch", f"{REQUEST}.withdraw", f"{REQUEST}.close_unsolved")
def reception_dispatches(actor: ActorFacts, params: DispatchByReception) -> Verdict:
    """Only reception dispatches and re-dispatches; a department cannot hand a request on or drop it (5/4.4.3, 4.4.4).

    What a department returned unsolved is closed, or given to another, by reception as well.
    """
    if actor.is_system or actor.holds(*params.dispatch_roles):
        return allow()
    return deny(
        _(
            "Only reception hands a request on or takes it back. Ask for an extension, or return it unsolved with the reason."
        )
    )


class CapabilityUnclear(Params):
    """Who decides."""

    approver_role: RoleKey = param(RoleKey("centre_head"))


capability_unclear = Rule("customer_service.capability_unclear", Kind.GUARD, CapabilityUnclear)


@capability_unclear.guard(f"{REQUEST}.dispatch")
def unclear_waits_for_the_head(case: RequestFacts) -> Verdict:
    """Where it is unclear whether the centre can do it, the head decides before it is dispatched (5/5.1.4)."""
    if case.within_capability == "unclear":
        return deny(_("It is not yet decided whether the centre can do this. The head of the centre decides first."))
    return allow()


@capability_unclear.guard(f"{REQUEST}.decide_capability")
def the_head_decides(actor: ActorFacts, params: CapabilityUnclear) -> Verdict:
    """Only the head of the centre decides an unclear capability (5/5.1.4)."""
    if actor.holds(params.approver_role):
        return allow()
    return deny(_("The head of the centre decides whether this can be done. Ask the head."))


@capability_unclear.reaction(f"{REQUEST}.receive", f"{REQUEST}.confirm")
def the_head_is_told(case: RequestFacts, params: CapabilityUnclear) -> list[Notify]:
    """The head learns that a request waits for the decision."""
    if case.within_capability != "unclear":
        return []
    return [
        Notify(
            message=_("A request waits for your decision whether the centre can do it."), roles=(params.approver_role,)
        )
    ]


ALL = (single_intake, intake_fields, dispatch_by_reception, capability_unclear)
