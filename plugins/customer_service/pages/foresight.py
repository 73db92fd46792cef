"""When a request will be due, told before it is entered: the same deadline functions, asked about a request that is not stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guanjia.sdk import TO_BE_AGREED, Loader
from guanjia.steps.gather import gather
from plugins.customer_service.flow import requests
from plugins.customer_service.kinds import CATEGORIES, DEADLINE_CLASSES, deadline_class_of, kind_of
from plugins.customer_service.models import ServiceRequest

_NOBODY = UUID(int=0)
STEPS = ("receive", "dispatch")


@dataclass(frozen=True)
class Foreseen:
    """A date that the rules in force would set now. `due` None: to be agreed."""

    name: str
    title: str
    clause: str
    asks: str
    due: datetime | None
    provisional: bool = False


def foresee(
    loader: Loader, *, category: str, deadline_class: str = "", household_id: UUID | None = None
) -> list[Foreseen]:
    """The dates of a request of this kind if it were received and dispatched at this moment; none for an unknown category.

    One date a name, chosen as the host chooses when the step happens: a fallback gives way to any other rule.
    """
    if category not in CATEGORIES or loader.site is None:
        return []
    host, site = loader.host, loader.site
    rulebook = host.rulebooks.current(loader.session, site, loader.now)
    plan = host.rulebooks.plan(rulebook)
    case = ServiceRequest(
        id=_NOBODY, company_id=loader.company_id, site_id=site.id, rulebook_id=rulebook.id, category=category,
        kind=kind_of(category), household_id=household_id, received_at=loader.now,
        deadline_class=deadline_class if deadline_class in DEADLINE_CLASSES else deadline_class_of(category, rulebook),
        within_capability="yes", is_emergency=False, is_major=False, paid=False,
    )  # fmt: skip
    actor_id = loader.actor.id if loader.actor else None
    found: dict[str, tuple[bool, Foreseen]] = {}
    for name in STEPS:
        step = requests.steps[name]
        facts = gather(loader, requests, step, plan, case, {}, actor_id=actor_id, now=loader.now)
        for bound in plan.starts.get(step.key, ()):
            due = bound(facts, calendar=site.calendar)
            options = bound.function.options
            kept = found.get(options["name"])
            if due is None or (kept is not None and (options["fallback"] or not kept[0])):
                continue
            moment = None if due is TO_BE_AGREED else due
            found[options["name"]] = (options["fallback"], _told(loader, options["name"], bound.rule.key, moment))
    return [told for _fallback, told in found.values()]


def _told(loader: Loader, name: str, rule: str, due: datetime | None) -> Foreseen:
    text = loader.host.texts[rule]
    calendar = loader.place.calendar
    return Foreseen(
        name=name, title=str(text.title), clause=text.refs, asks="\n".join(str(c.asks) for c in text.clauses), due=due,
        provisional=due is not None and calendar.is_provisional(calendar.date_of(due)),
    )  # fmt: skip
