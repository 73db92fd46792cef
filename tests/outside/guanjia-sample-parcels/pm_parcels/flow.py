"""The life of a parcel: received, moved on the shelf, handed over or sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import SAME, Column, Flow, State, StepContext, words

from pm_parcels import permissions
from pm_parcels.facts import parcel_facts
from pm_parcels.forms import COURIERS, PROOFS, HandOverForm, MoveForm, ReceiveForm, SendBackForm
from pm_parcels.models import Parcel

_ = words("pm_parcels")

ON_SHELF, HANDED_OVER, SENT_BACK = "on_shelf", "handed_over", "sent_back"

parcels = Flow(
    key="pm_parcels.parcel",
    model=Parcel,
    title=_("Parcel"),
    facts=parcel_facts,
    states=[
        State(ON_SHELF, _("On the shelf")),
        State(HANDED_OVER, _("Handed over"), tone="good", closed=True),
        State(SENT_BACK, _("Sent back"), tone="muted", closed=True),
    ],
    columns=(
        Column("number", _("Number"), "link", sort=True),
        Column("room", _("Room"), sort=True),
        Column("recipient", _("Recipient"), in_api=False),
        Column("courier", _("Courier"), "choice", filter=True, labels=COURIERS),
        Column("shelf", _("Place on the shelf"), sort=True),
        Column("is_cold", _("Kept cold"), "flag"),
        Column("state", _("State"), "state", filter=True),
        Column("due_at", _("Due"), "due"),
        Column("shown", _("Proof shown"), "choice", labels=PROOFS, on_list=False),
        Column("handed_at", _("Handed over at"), "moment", on_list=False),
    ),
    search=("number", "room"),
    retention_years=1,
    tells_opener=False,
)


@parcels.step(
    "receive", {None: ON_SHELF}, title=_("Take in"), form=ReceiveForm, tone="primary",
    permission=permissions.RECEIVE.key,
)  # fmt: skip
def receive(form: Mapping[str, Any], ctx: StepContext) -> Parcel:
    """The parcel lies on the shelf under a number of the site's own."""
    return ctx.open(Parcel, ON_SHELF, number=ctx.number("pm_parcels", "P{year}-{n:05d}"), **form)


@parcels.step("move", {ON_SHELF: SAME}, title=_("Move"), form=MoveForm, permission=permissions.RECEIVE.key)
def move(parcel: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The parcel lies elsewhere."""
    parcel.shelf = form["shelf"]


@parcels.step(
    "hand_over", {ON_SHELF: HANDED_OVER}, title=_("Hand over"), form=HandOverForm, tone="primary",
    permission=permissions.RECEIVE.key,
)  # fmt: skip
def hand_over(parcel: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The resident has it; what they showed is kept, not a copy of it."""
    parcel.shown, parcel.handed_at = form["shown"], ctx.now


@parcels.step(
    "send_back", {ON_SHELF: SENT_BACK}, title=_("Send back"), form=SendBackForm, tone="danger",
    permission=permissions.SEND_BACK.key,
)  # fmt: skip
def send_back(parcel: Parcel, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The courier has it again."""
