"""Thirteen rules before one step, written once as rules and once inlined in one function by hand.

Five are the product's own before `close`; eight are made for the comparison, of the same kinds: an amount, a role, a
missing entry, a time, a state. `inlined` is what a developer would write for exactly these thirteen: no rulebook, no loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from guanjia.rules.reason import Reason
from guanjia.sdk import ActorFacts, Kind, Params, Rule, Verdict, allow, deny, param, words
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")
STEP = "customer_service.request.close"
STEP_OF_EIGHT = "made.case.close"  # where the eight stand alone, in a large rulebook as in a small one


class Minutes(Params):
    """A time in minutes."""

    minutes: int = param(30, min=0, max=10_000)


class Roles(Params):
    """Who may."""

    roles: tuple[str, ...] = param(("receptionist", "site_manager"))


class Entries(Params):
    """What must be there."""

    required: tuple[str, ...] = param(("work_done", "worker"))


class Kinds(Params):
    """Which kinds are meant."""

    kinds: tuple[str, ...] = param(("complaint",))


class Nothing(Params):
    """Without parameters of meaning; a number keeps combinations apart."""

    mark: int = param(0, min=0, max=100_000)


enough_time = Rule("made.enough_time", Kind.GUARD, Minutes)
who_closes = Rule("made.who_closes", Kind.GUARD, Roles)
entries_there = Rule("made.entries_there", Kind.GUARD, Entries)
other_kinds = Rule("made.other_kinds", Kind.GUARD, Kinds)
taken_back = Rule("made.taken_back", Kind.GUARD, Nothing)
worker_named = Rule("made.worker_named", Kind.GUARD, Nothing)
equipment_settled = Rule("made.equipment_settled", Kind.GUARD, Nothing)
major_signed = Rule("made.major_signed", Kind.GUARD, Roles)

TOO_SOON = _("Too soon after receipt. Wait a little and close it then.")
NOT_YOURS = _("Another role closes this. Ask reception.")
MISSING = "Still missing: %(missing)s. Fill these in and send again."
OTHER_KIND = _("This kind is closed by another step. Use that one.")
NOT_BACK = _("The sheet is not back at reception. Wait for it.")
NOBODY = _("Nobody is named who did the work. Name somebody first.")
EQUIPMENT = _("A defect of the equipment is not confirmed. Ask the resident first.")
NOT_REVIEWED = "The department head has not reviewed and signed this sheet yet."
NOT_ACCEPTED = "The requester has not accepted the contractor's work yet. Have it accepted and signed."
MISMATCH = "The resident's account differs from the report. The area manager looks on site before this is closed."
NOT_SIGNED = "The head of the centre has not signed the sheet of this work under an agreement yet."
MAJOR = _("A major problem is closed by the head. Ask the head.")


@enough_time.guard(STEP, STEP_OF_EIGHT)
def _enough_time(case: RequestFacts, act: Any, params: Minutes) -> Verdict:
    if act.at - case.received_at < timedelta(minutes=params.minutes):
        return deny(TOO_SOON)
    return allow()


@who_closes.guard(STEP, STEP_OF_EIGHT)
def _who_closes(actor: ActorFacts, params: Roles) -> Verdict:
    return allow() if actor.is_system or actor.holds(*params.roles) else deny(NOT_YOURS)


@entries_there.guard(STEP, STEP_OF_EIGHT)
def _entries_there(case: RequestFacts, params: Entries) -> Verdict:
    missing = [key for key in params.required if key in case.missing]
    return deny(_(MISSING, missing=missing)) if missing else allow()


@other_kinds.guard(STEP, STEP_OF_EIGHT)
def _other_kinds(case: RequestFacts, params: Kinds) -> Verdict:
    return deny(OTHER_KIND) if case.kind in params.kinds else allow()


@taken_back.guard(STEP, STEP_OF_EIGHT)
def _taken_back(case: RequestFacts) -> Verdict:
    return allow() if case.handed_in or not case.sheet_open else deny(NOT_BACK)


@worker_named.guard(STEP, STEP_OF_EIGHT)
def _worker_named(case: RequestFacts) -> Verdict:
    return allow() if case.worker_id is not None or case.contractor_id is not None else deny(NOBODY)


@equipment_settled.guard(STEP, STEP_OF_EIGHT)
def _equipment_settled(case: RequestFacts) -> Verdict:
    return deny(EQUIPMENT) if case.defect_found and not case.defect_confirmed else allow()


@major_signed.guard(STEP, STEP_OF_EIGHT)
def _major_signed(case: RequestFacts, actor: ActorFacts, params: Roles) -> Verdict:
    if case.is_major and not actor.holds(*params.roles):
        return deny(MAJOR)
    return allow()


MADE = (
    enough_time, who_closes, entries_there, other_kinds, taken_back, worker_named, equipment_settled, major_signed,
)  # fmt: skip


def inlined(settings: Mapping[str, Params], facts: Mapping[str, Any]) -> list[Reason]:
    """The thirteen rules in one function. `settings` are the parameters of the rules that are on at the site."""
    reasons: list[Reason] = []
    case, actor, act = facts["case"], facts["actor"], facts["act"]
    if "customer_service.head_reviews_completion" in settings and not case.reviewed:
        reasons.append(Reason("customer_service.head_reviews_completion", "deny", _(NOT_REVIEWED)))
    params: Any = settings.get("customer_service.service_sheet_fields")
    if params is not None and case.is_indoor_service:
        missing = [key for key in params.required if key in case.missing]
        if missing:
            reasons.append(Reason("customer_service.service_sheet_fields", "deny", _(MISSING, missing=missing)))
    if (
        "customer_service.contractor_acceptance" in settings
        and case.contractor_id is not None
        and not case.requester_accepted
    ):
        reasons.append(Reason("customer_service.contractor_acceptance", "deny", _(NOT_ACCEPTED)))
    if "customer_service.revisit_mismatch" in settings and case.mismatch_open:
        reasons.append(Reason("customer_service.revisit_mismatch", "deny", _(MISMATCH)))
    if (
        "customer_service.month_end_agreements" in settings
        and case.deadline_class == "agreement"
        and not case.head_signed
    ):
        reasons.append(Reason("customer_service.month_end_agreements", "deny", _(NOT_SIGNED)))
    params = settings.get("made.enough_time")
    if params is not None and act.at - case.received_at < timedelta(minutes=params.minutes):
        reasons.append(Reason("made.enough_time", "deny", TOO_SOON))
    params = settings.get("made.who_closes")
    if params is not None and not actor.is_system and not any(role in actor.roles for role in params.roles):
        reasons.append(Reason("made.who_closes", "deny", NOT_YOURS))
    params = settings.get("made.entries_there")
    if params is not None:
        missing = [key for key in params.required if key in case.missing]
        if missing:
            reasons.append(Reason("made.entries_there", "deny", _(MISSING, missing=missing)))
    params = settings.get("made.other_kinds")
    if params is not None and case.kind in params.kinds:
        reasons.append(Reason("made.other_kinds", "deny", OTHER_KIND))
    if "made.taken_back" in settings and not case.handed_in and case.sheet_open:
        reasons.append(Reason("made.taken_back", "deny", NOT_BACK))
    if "made.worker_named" in settings and case.worker_id is None and case.contractor_id is None:
        reasons.append(Reason("made.worker_named", "deny", NOBODY))
    if "made.equipment_settled" in settings and case.defect_found and not case.defect_confirmed:
        reasons.append(Reason("made.equipment_settled", "deny", EQUIPMENT))
    params = settings.get("made.major_signed")
    if params is not None and case.is_major and not any(role in actor.roles for role in params.roles):
        reasons.append(Reason("made.major_signed", "deny", MAJOR))
    return reasons
