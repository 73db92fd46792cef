"""How long a parcel is kept, and what is done about it meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from guanjia.sdk import (
    ActFacts,
    Event,
    Kind,
    Notify,
    Owed,
    Params,
    Period,
    RoleKey,
    Rule,
    WorkCalendar,
    param,
    words,
)

from pm_parcels.facts import ParcelFacts

_ = words("pm_parcels")


class Keeping(Params):
    """How long."""

    days: int = param(3, min=1, max=30)
    cold_hours: int = param(4, min=1, max=48)


class Counting(Params):
    """Who counts."""

    role: RoleKey = param(RoleKey("receptionist"))


class Telling(Params):
    """Who is told."""

    role: RoleKey = param(RoleKey("customer_service_supervisor"))


fetched_within = Rule("pm_parcels.fetched_within", Kind.DEADLINE, Keeping)
shelf_is_counted = Rule("pm_parcels.shelf_is_counted", Kind.DUTY, Counting)
cold_is_told = Rule("pm_parcels.cold_is_told", Kind.REACTION, Telling)


@fetched_within.deadline(
    "fetch",
    starts=("pm_parcels.parcel.receive",),
    ends=("pm_parcels.parcel.hand_over", "pm_parcels.parcel.send_back"),
    owed_by="receptionist",
)
def kept_for_so_long(case: ParcelFacts, act: ActFacts, params: Keeping, calendar: WorkCalendar) -> datetime:
    """Till the end of the third day; what is kept cold for four hours (901/3)."""
    if case.is_cold:
        return act.at + timedelta(hours=params.cold_hours)
    return calendar.end_of(calendar.date_of(act.at) + timedelta(days=params.days))


@shelf_is_counted.duty(every="week")
def shelf_against_list(period: Period, params: Counting, calendar: WorkCalendar) -> Owed:
    """Once a week the shelf is compared with the list (901/4)."""
    return Owed(title=_("Compare the shelf with the list"), role=params.role, due_at=calendar.end_of(period.last))


@cold_is_told.reaction("pm_parcels.parcel.receive")
def somebody_calls_the_resident(case: ParcelFacts, event: Event, params: Telling) -> list[Notify]:
    """What has to be kept cold is told at once, so that the resident is called (901/5)."""
    if not case.is_cold:
        return []
    message = _("Parcel %(number)s has to be kept cold. Call the resident.", number=case.number)
    return [Notify(message=message, roles=(params.role,), urgent=True)]
