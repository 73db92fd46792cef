"""Outside teams: only with a review in force, and accepted by whoever asked for the work."""

from __future__ import annotations

from datetime import date
from typing import Any

from guanjia.sdk import Coded, Kind, Params, Rule, Verdict, WorkCalendar, allow, deny, param, words
from plugins.customer_service.facts import RequestFacts

_ = words("customer_service")

REQUEST = "customer_service.request"


class ApprovedContractor(Params):
    """What outside teams may be given, and how long a review holds."""

    categories: tuple[Coded, ...] = param(tuple(Coded(k) for k in ("curtain", "glass", "office_furniture", "other")))
    other_needs_written_notice: bool = param(True)
    review_every_months: int = param(12, min=1, max=120)


approved_contractor = Rule("customer_service.approved_contractor", Kind.GUARD, ApprovedContractor)


def _chosen(loader: Any, cases: Any, form: Any) -> list[Any]:
    """The team that the form names, as plain values."""
    from plugins.customer_service.models import Contractor

    team = loader.get(Contractor, form.get("contractor_id")) if form else None
    reviewed = team.reviewed_on.isoformat() if team is not None and team.reviewed_on else None
    return [{"reviewed_on": reviewed, "passed": team is not None and team.review_result == "passed",
             "active": team is not None and team.state == "active"} for _case in cases]  # fmt: skip


@approved_contractor.guard(f"{REQUEST}.give_to_contractor", facts={"team": _chosen})
def only_a_reviewed_team_works(
    case: RequestFacts, form: dict[str, Any], team: dict[str, Any], params: ApprovedContractor
) -> Verdict:
    """Outside work goes only to a team reviewed by the service centre, with the review in force (5/5.4.1, 5.4.2)."""
    if case.category not in params.categories:
        return deny(_("Work of this category is done by our own departments. Choose a worker instead."))
    if case.category == "other" and params.other_needs_written_notice and not case.notice_received:
        return deny(
            _("Other outside work needs a written notice to reception first. Record the notice, then choose the team.")
        )
    if not team["active"] or not team["passed"] or team["reviewed_on"] is None:
        return deny(_("This team has not passed a review by the service centre. Choose another, or have it reviewed."))
    until = WorkCalendar().add_months(date.fromisoformat(team["reviewed_on"]), params.review_every_months)
    if case.today > until:
        return deny(
            _("The team's review ran out on %(until)s. Have it reviewed again, or choose another team.", until=until)
        )
    return allow()


contractor_acceptance = Rule("customer_service.contractor_acceptance", Kind.GUARD)


@contractor_acceptance.guard(f"{REQUEST}.close")
def the_requester_accepts_contractor_work(case: RequestFacts) -> Verdict:
    """After contractor work the requester accepts and signs before the case is closed (5/5.4.2.4)."""
    if case.contractor_id is not None and not case.requester_accepted:
        return deny(_("The requester has not accepted the contractor's work yet. Have it accepted and signed."))
    return allow()


ALL = (approved_contractor, contractor_acceptance)
