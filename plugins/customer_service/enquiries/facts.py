"""What rules may know of an enquiry and of a visiting desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.sdk import Loader, facts
from plugins.customer_service.enquiries.models import Enquiry, VisitingDesk

PHRASES = "customer_service.forbidden_phrases"


@facts
class EnquiryFacts:
    """An enquiry as rules see it. Times are UTC."""

    id: UUID
    subject: str
    is_important: bool
    received_at: datetime
    reply_by: datetime | None
    department_id: UUID | None
    answered_together: bool
    manager_asked: bool
    stalled: bool
    answered: bool


def enquiry_facts(_loader: Loader, enquiries: Sequence[Enquiry]) -> list[EnquiryFacts]:
    """The facts of the enquiries."""
    return [
        EnquiryFacts(
            id=e.id, subject=e.subject, is_important=e.is_important, received_at=e.received_at, reply_by=e.reply_by,
            department_id=e.department_id, answered_together=e.answered_together,
            manager_asked=e.asked_manager_at is not None, stalled=e.stalled_at is not None,
            answered=e.answered_at is not None,
        )
        for e in enquiries
    ]  # fmt: skip


@facts
class DeskFacts:
    """A visiting desk as rules see it."""

    id: UUID
    approved: bool


def desk_facts(_loader: Loader, desks: Sequence[VisitingDesk]) -> list[DeskFacts]:
    """The facts of the visiting desks."""
    return [DeskFacts(id=d.id, approved=d.approved_at is not None) for d in desks]


def phrases_said(loader: Loader, cases: Sequence[Enquiry | None], form: Mapping[str, Any]) -> list[list[str]]:
    """The phrases of the rule in force (the case's own, else today's) that stand in the reply of the form.

    The reply itself is free text and stays out of the facts; what replay cannot know is what other phrases it held.
    """
    said = "".join(str(form.get("answer") or "").split())
    return [[p for p in _phrases(loader, case) if "".join(p.split()) in said] for case in cases]


def asked_about(_loader: Loader, cases: Sequence[Enquiry | None], form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the enquiry is about and who has had a say, whether it stands in the ledger already or only in the form."""
    return [_in_form(form) if case is None else _in_ledger(case) for case in cases]


def _in_form(form: Mapping[str, Any]) -> dict[str, Any]:
    department = form.get("department_id")
    return {"subject": form.get("subject"), "together": False, "manager_asked": False,
            "department": str(department) if department else None}  # fmt: skip


def _in_ledger(enquiry: Enquiry) -> dict[str, Any]:
    return {"subject": enquiry.subject, "together": enquiry.answered_together,
            "manager_asked": enquiry.asked_manager_at is not None,
            "department": str(enquiry.department_id) if enquiry.department_id else None}  # fmt: skip


def _phrases(loader: Loader, case: Enquiry | None) -> Sequence[str]:
    books = loader.host.rulebooks
    if case is None or case.rulebook_id is None:
        rulebook = books.current(loader.session, loader.place, loader.now)
    else:
        rulebook = books.get(loader.session, case.rulebook_id)
    return [str(phrase) for phrase in rulebook.params_of(PHRASES).get("phrases", ())]
