"""The life of a suggestion: recorded, decided by the director, published, credited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guanjia.sdk import Column, Document, Flow, Loader, State, StepContext, words
from plugins.customer_service.complaints.facts import suggestion_facts
from plugins.customer_service.complaints.forms import ConsentForm, SuggestionDecisionForm, SuggestionForm, WhyForm
from plugins.customer_service.complaints.kinds import CHANNELS, SUGGESTION_DECISIONS
from plugins.customer_service.complaints.models import Suggestion
from plugins.customer_service.complaints.people import beside
from plugins.registry.public import Household

_ = words("customer_service")

RECORDED, ADOPTED, PUBLISHED, NOT_ADOPTED, WITHDRAWN = "recorded", "adopted", "published", "not_adopted", "withdrawn"


def _present(loader: Loader, cases: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return beside(loader, cases, name="name", staff=("received_by", "decided_by"))


def _notice_facts(_loader: Loader, case: Suggestion) -> Mapping[str, Any]:
    return {"document_title": _("A suggestion was adopted"), "issued": case.published_at or case.decided_at}


suggestions = Flow(
    key="customer_service.suggestion", model=Suggestion, title=_("Suggestion"), facts=suggestion_facts, present=_present,
    states=(
        State(RECORDED, _("Waits for the decision"), tone="waiting", waits_for=("site_manager",)),
        State(ADOPTED, _("Adopted"), tone="open"),
        State(PUBLISHED, _("Published"), tone="good", closed=True),
        State(NOT_ADOPTED, _("Not adopted"), tone="muted", closed=True),
        State(WITHDRAWN, _("Withdrawn"), tone="muted", closed=True),
    ),
    columns=(
        Column("number", _("Number"), "link", sort=True), Column("received_at", _("Received at"), "moment", sort=True),
        Column("unit", _("Unit")), Column("person", _("Who suggests")), Column("content", _("What is suggested")),
        Column("state", _("State"), "state", filter=True),
        Column("decision", _("Decision"), "choice", filter=True, labels=SUGGESTION_DECISIONS),
        Column("measures", _("Measures, or the reason")),
        Column("credited_at", _("Counts for the civil household award"), "moment"),
        Column("channel", _("How it came in"), "choice", filter=True, labels=CHANNELS, on_list=False),
        Column("name_may_be_published", _("The household agrees that its name is published"), "flag", on_list=False),
        Column("decided_at", _("Decided at"), "moment", on_list=False), Column("decided_by_name", _("Decided by"), on_list=False),
        Column("published_at", _("Published at"), "moment", on_list=False),
    ),
    search=("number", "content", "measures", "name"), order="-received_at",
    heading=lambda s, values: " · ".join(p for p in (s.number, str(values.get("unit") or "")) if p),
    documents=(Document("notice", _("Notice of a suggestion"), "customer_service/suggestion_notice.html", _notice_facts),),
)  # fmt: skip


@suggestions.step("record", {None: RECORDED}, title=_("Record a suggestion"), form=SuggestionForm, tone="primary")
def record(form: Mapping[str, Any], ctx: StepContext) -> Suggestion:
    """The suggestion is on record and goes to the director (5/8.1.5)."""
    home = ctx.get(Household, form["household_id"], name="household_id") if form["household_id"] else None
    return ctx.open(
        Suggestion, RECORDED, number=ctx.number("suggestion", "JY-{year}-{n:04d}"), received_at=ctx.now, received_by=ctx.actor_id,
        household_id=home.id if home else None, channel=form["channel"], name=form["name"], content=form["content"],
        name_may_be_published=form["name_may_be_published"],
    )  # fmt: skip


@suggestions.step("decide", {RECORDED: ADOPTED}, title=_("Decide"), form=SuggestionDecisionForm, tone="primary")
def decide(suggestion: Suggestion, form: Mapping[str, Any], ctx: StepContext) -> str:
    """It is decided whether the suggestion is adopted, and what is done (5/8.1.5)."""
    suggestion.decision, suggestion.measures = form["decision"], form["measures"]
    suggestion.decided_at, suggestion.decided_by = ctx.now, ctx.actor_id
    return ADOPTED if form["decision"] == "adopted" else NOT_ADOPTED


@suggestions.step("consent", [RECORDED, ADOPTED], title=_("What the household says to its name"), form=ConsentForm)
def consent(suggestion: Suggestion, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The household was asked whether its name may be published (5/8.1.5)."""
    suggestion.name_may_be_published = form["name_may_be_published"]


@suggestions.step("publish", {ADOPTED: PUBLISHED}, title=_("Publish"), tone="primary")
def publish(suggestion: Suggestion, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The measures are published, with the household's name only where it agreed (5/8.1.5)."""
    suggestion.published_at = ctx.now


@suggestions.step("credit", [ADOPTED, PUBLISHED], title=_("Count it for the civil household award"), tone="quiet",
                  offered=lambda view: view.case.household_id is not None and view.case.credited_at is None)  # fmt: skip
def credit(suggestion: Suggestion, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The suggestion counts for the household in the civil household award (5/8.1.5)."""
    suggestion.credited_at = suggestion.credited_at or ctx.now


@suggestions.step("withdraw", {RECORDED: WITHDRAWN}, title=_("Take back"), form=WhyForm, tone="danger")
def withdraw(suggestion: Suggestion, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident took it back, or it was entered twice."""
