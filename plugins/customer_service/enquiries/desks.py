"""Visiting desks: government bodies and providers who answer questions at the site for a day (3/4.2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import Column, Flow, Invalid, State, StepContext, words
from plugins.customer_service.enquiries.facts import desk_facts
from plugins.customer_service.enquiries.forms import ArrangeForm, DeskForm, HeldForm, WhyForm
from plugins.customer_service.enquiries.models import VisitingDesk

_ = words("customer_service")

PROPOSED, APPROVED, ARRANGED, HELD, REFUSED, CANCELLED = (
    "proposed",
    "approved",
    "arranged",
    "held",
    "refused",
    "cancelled",
)

visiting_desks = Flow(
    key="customer_service.visiting_desk", model=VisitingDesk, title=_("Visiting enquiry desk"), facts=desk_facts,
    states=[
        State(PROPOSED, _("Waits for the company"), tone="waiting"), State(APPROVED, _("Approved"), tone="open"),
        State(ARRANGED, _("Arranged"), tone="open"), State(HELD, _("Held"), tone="good", closed=True),
        State(REFUSED, _("Refused"), tone="bad", closed=True), State(CANCELLED, _("Cancelled"), tone="muted", closed=True),
    ],
    columns=(
        Column("number", _("Number"), "link", sort=True), Column("organisation", _("Who holds it")), Column("purpose", _("What about")),
        Column("place", _("Place")), Column("starts_at", _("From"), "moment", sort=True), Column("ends_at", _("Until"), "moment"),
        Column("state", _("State"), "state", filter=True), Column("contact", _("Contact"), on_list=False),
        Column("approved_at", _("Approved at"), "moment", on_list=False), Column("arrangement", _("Arrangement"), on_list=False),
        Column("visitors", _("How many came"), "number", on_list=False),
    ),
    search=("number", "organisation", "purpose"), order="-starts_at", menu=False,
    heading=lambda d, _values: f"{d.number} · {d.organisation}",
)  # fmt: skip


@visiting_desks.step("propose", {None: PROPOSED}, title=_("Propose a visiting desk"), form=DeskForm, tone="primary")
def propose(form: Mapping[str, Any], ctx: StepContext) -> VisitingDesk:
    """The wish is on record and goes to the company."""
    if form["ends_at"] <= form["starts_at"]:
        raise Invalid({"ends_at": [_("The end lies before the beginning. Enter a later time.")]})
    values = {name: value for name, value in form.items() if name != "files"}
    return ctx.open(VisitingDesk, PROPOSED, number=ctx.number("visiting_desk", "WZ-{year}-{n:03d}"), **values)


@visiting_desks.step("approve", {PROPOSED: APPROVED}, title=_("Approve"), tone="primary")
def approve(desk: VisitingDesk, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The company agrees."""
    desk.approved_at, desk.approved_by = ctx.now, ctx.actor_id


@visiting_desks.step("refuse", {PROPOSED: REFUSED}, title=_("Refuse"), form=WhyForm, tone="danger")
def refuse(desk: VisitingDesk, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The company does not agree, for a reason that stays on record."""


@visiting_desks.step(
    "arrange", {PROPOSED: ARRANGED, APPROVED: ARRANGED}, title=_("Arrange"), form=ArrangeForm, tone="primary"
)
def arrange(desk: VisitingDesk, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Place and helpers are arranged."""
    desk.arrangement = form["arrangement"]


@visiting_desks.step("hold", dict.fromkeys((PROPOSED, APPROVED, ARRANGED), HELD), title=_("It was held"), form=HeldForm)
def hold(desk: VisitingDesk, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The desk was held; how many came is on record."""
    desk.visitors = form["visitors"]


@visiting_desks.step(
    "cancel", dict.fromkeys((PROPOSED, APPROVED, ARRANGED), CANCELLED), title=_("Cancel"), form=WhyForm, tone="danger"
)
def cancel(desk: VisitingDesk, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The desk does not take place."""
