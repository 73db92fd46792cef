"""Areas, visits and plans: whose area it is, what a visit brought, and what the year plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Column, Flow, Invalid, Loader, State, StepContext, register, words
from plugins.customer_service.permissions import AREAS
from plugins.customer_service.visits.facts import visit_facts
from plugins.customer_service.visits.forms import (
    WAYS,
    AnswerForm,
    AreaForm,
    DiscussForm,
    PlanForm,
    PromiseForm,
    VisitForm,
)
from plugins.customer_service.visits.models import Area, Visit, VisitPlan
from plugins.registry.public import Building, Household, Unit, household_labels
from tenants.public import Staff, staff_choices

_ = words("customer_service")

OPEN, HANDLED, NOTHING_OPEN = "open", "handled", "recorded"


# ---- areas


def _area_choices(loader: Loader, _area: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    return {"manager_id": staff_choices(loader), "buildings": [(str(b.id), b.name) for b in buildings_of(loader)]}


def buildings_of(loader: Loader) -> list[Building]:
    """The buildings in use at the site, by code."""
    site_id = loader.site.id if loader.site else None
    query = select(Building).where(
        Building.company_id == loader.company_id, Building.site_id == site_id, Building.state == "active"
    )
    return list(loader.session.scalars(query.order_by(Building.code)))


def _check_area(form: Mapping[str, Any], area: Area | None, ctx: StepContext) -> None:
    """The manager is of this company, the buildings are here, and each belongs to one area only."""
    ctx.get(Staff, form["manager_id"], name="manager_id")
    for building in form["buildings"]:
        ctx.get(Building, building, name="buildings")
    wanted = {str(building) for building in form["buildings"]}
    query = select(Area).where(
        Area.company_id == ctx.session.company_id,
        Area.site_id == (ctx.site.id if ctx.site else None),
        Area.state == "active",
    )
    others = [other for other in ctx.session.scalars(query) if area is None or other.id != area.id]
    taken = [other.name for other in others if wanted & set(other.buildings)]
    if taken:
        raise Invalid(
            {
                "buildings": [
                    _("Some of these buildings belong to %(areas)s already. Take them out there first.", areas=taken)
                ]
            }
        )


def _keep_buildings(area: Area, form: Mapping[str, Any], _ctx: StepContext) -> None:
    area.buildings = sorted(str(building) for building in form["buildings"])


def _present_areas(loader: Loader, cases: Sequence[Area]) -> list[dict[str, Any]]:
    names = loader.names(a.manager_id for a in cases)
    known = {str(b.id): b.name for b in buildings_of(loader)}
    return [
        {"manager": names.get(a.manager_id, ""), "building_names": [known[b] for b in a.buildings if b in known]}
        for a in cases
    ]


areas = register(
    "customer_service.area", Area, title=_("Area of responsibility"), form=AreaForm, level="site", permission=AREAS.key,
    search=("name",), order="name", menu=False, choices=_area_choices,
    check=_check_area, on_create=_keep_buildings, on_change=_keep_buildings,
    present=_present_areas,
    columns=(
        Column("name", _("Name of the area"), "link", sort=True), Column("manager", _("Area manager")),
        Column("building_names", _("Buildings")), Column("state", _("State"), "state", filter=True),
    ),
)  # fmt: skip


# ---- visits


def _present(loader: Loader, cases: Sequence[Visit]) -> list[dict[str, Any]]:
    homes = household_labels(loader, [v.household_id for v in cases])
    names = loader.names(i for v in cases for i in (v.visitor_id, v.handled_by))
    out = []
    for v in cases:
        home = homes.get(v.household_id)
        out.append({
            "unit": home.unit_code if home else "", "person": home.contact_name if home else "",
            "care": home.tag_titles if home else (), "visitor": names.get(v.visitor_id, "") if v.visitor_id else "",
            "handler": names.get(v.handled_by, "") if v.handled_by else "",
        })  # fmt: skip
    return out


visits = Flow(
    key="customer_service.visit", model=Visit, title=_("Visit"), facts=visit_facts, present=_present,
    states=(
        State(OPEN, _("Feedback to be handled"), tone="open"),
        State(NOTHING_OPEN, _("Nothing to be settled"), tone="good", closed=True),
        State(HANDLED, _("Handled"), tone="good", closed=True),
    ),
    columns=(
        Column("number", _("Number"), "link", sort=True), Column("visited_at", _("Visited at"), "moment", sort=True),
        Column("unit", _("Unit")), Column("person", _("Resident")), Column("visitor", _("Visitor")),
        Column("way", _("How"), "choice", filter=True, labels=WAYS), Column("opinions", _("What the household thinks of our work")),
        Column("question", _("What it asks, or what is to be settled")), Column("state", _("State"), "state", filter=True),
        Column("due_at", _("Due"), "due"), Column("suggestions", _("What it suggests"), on_list=False),
        Column("satisfied", _("Satisfied"), "flag", on_list=False), Column("answer", _("Answer"), on_list=False),
        Column("reply_by", _("Answer promised for"), "moment", on_list=False),
        Column("is_major", _("Major problem"), "flag", filter=True, on_list=False),
        Column("discussion", _("What was discussed and decided"), on_list=False),
        Column("handled_at", _("Handled at"), "moment", on_list=False), Column("handler", _("Handled by"), on_list=False),
        Column("care", _("Care"), on_list=False),
    ),
    search=("number", "opinions", "suggestions", "question", "answer"), order="-visited_at",
    heading=lambda v, values: " · ".join(p for p in (v.number, str(values.get("unit") or "")) if p),
    ladder=(("site_manager", 24),),
)  # fmt: skip


@visits.step("record", {None: NOTHING_OPEN}, title=_("Record a visit"), form=VisitForm, tone="primary",
             late_within=timedelta(hours=72), help=_("Also from the phone, at the door."))  # fmt: skip
def record(form: Mapping[str, Any], ctx: StepContext) -> Visit:
    """The visit is on record; what could not be settled on the spot stays open (5/8.2 1.2, 1.3)."""
    home = ctx.get(Household, form["household_id"], name="household_id")
    if form["reply_by"] is not None and form["reply_by"] <= ctx.now:
        raise Invalid({"reply_by": [_("This has passed. Agree a time that lies ahead.")]})
    is_open = (bool(form["question"]) and not form["answer"]) or form["is_major"]
    counts = not _visited_this_month(home.id, ctx) and _is_theirs(home, ctx)
    values = {n: form[n] for n in ("way", "opinions", "suggestions", "satisfied", "question", "answer", "is_major")}
    visit = ctx.open(
        Visit, OPEN if is_open else NOTHING_OPEN, number=ctx.number("visit", "HF-{year}-{n:05d}"), visited_at=ctx.now,
        visitor_id=ctx.actor_id, household_id=home.id, reply_by=form["reply_by"] if is_open else None,
        closed_at=None if is_open else ctx.now, **values,
    )  # fmt: skip
    if counts:
        ctx.perform(count_visit, visit.id, {})
    return visit


def _visited_this_month(household_id: UUID, ctx: StepContext) -> bool:
    """Whether this visitor has been at the household in this month already: a household counts once (5/8.2 2.1)."""
    start = ctx.calendar.start_of(ctx.calendar.date_of(ctx.now).replace(day=1))
    query = select(Visit.id).where(
        Visit.company_id == ctx.session.company_id, Visit.household_id == household_id, Visit.visitor_id == ctx.actor_id,
        Visit.visited_at >= start,
    )  # fmt: skip
    return ctx.session.scalars(query.limit(1)).first() is not None


def _is_theirs(home: Household, ctx: StepContext) -> bool:
    """Whether the household lies in an area of the visitor; whoever has no area visits everywhere (5/8.2 2.2)."""
    mine = ctx.session.scalars(
        select(Area).where(
            Area.company_id == ctx.session.company_id, Area.site_id == home.site_id, Area.state == "active",
            Area.manager_id == ctx.actor_id,
        )
    ).all()  # fmt: skip
    if not mine:
        return True
    unit = ctx.get(Unit, home.unit_id, name="household_id")
    return any(str(unit.building_id) in area.buildings for area in mine)


@visits.step("count", [OPEN, NOTHING_OPEN], title=_("Counts as a household of the month"), on_page=False)
def count_visit(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The household counts towards what the visitor owes this month (5/8.2 2.1, 2.2)."""


@visits.step("answer", [OPEN], title=_("Give the answer"), form=AnswerForm, tone="primary")
def answer(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> str:
    """The household has the answer that was promised; a major problem stays open until it is settled (5/8.2 1.3)."""
    visit.answer = form["answer"]
    if visit.is_major and not visit.discussion:
        return OPEN
    visit.handled_at, visit.handled_by = ctx.now, ctx.actor_id
    return HANDLED


@visits.step("discuss", [OPEN], title=_("Record what was discussed"), form=DiscussForm)
def discuss(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The feedback was put in order and discussed (5/8.2 1.4)."""
    visit.discussion = form["discussion"]


@visits.step(
    "mark_major", [OPEN], title=_("It is a major problem"), tone="quiet", offered=lambda view: not view.case.is_major
)
def mark_major(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The feedback is a major problem (5/8.2 1.4)."""
    visit.is_major = True


@visits.step("settle", {OPEN: HANDLED}, title=_("It is settled"), form=DiscussForm, tone="primary")
def settle(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The feedback is settled (5/8.2 1.4)."""
    visit.discussion, visit.handled_at, visit.handled_by = form["discussion"], ctx.now, ctx.actor_id


@visits.step("promise", [OPEN], title=_("Promise another time"), form=PromiseForm)
def promise(visit: Visit, form: Mapping[str, Any], ctx: StepContext) -> None:
    """Another time was promised; the date before stays in the history (5/8.2 1.3)."""
    if form["reply_by"] <= ctx.now:
        raise Invalid({"reply_by": [_("This has passed. Agree a time that lies ahead.")]})
    visit.reply_by = form["reply_by"]
    ctx.set_deadline("reply", form["reply_by"], cause="agreed", rule="customer_service.visit_answer_time")


# ---- the year's plan


def _no_facts(_loader: Loader, cases: Sequence[VisitPlan]) -> list[Any]:
    return [None for _case in cases]


visit_plans = Flow(
    key="customer_service.visit_plan", model=VisitPlan, title=_("Plan of visits"), facts=_no_facts, menu=False,
    states=[State("planned", _("Planned"), tone="good")],
    columns=(
        Column("year", _("Year"), "link", sort=True), Column("plan", _("Who visits whom, when")),
        Column("assessment", _("How it counts in the assessment")), Column("households", _("Households to be visited"), "number"),
        Column("opened_at", _("Entered at"), "moment"),
    ),
    order="-year", heading=lambda p, _values: str(p.year),
)  # fmt: skip


@visit_plans.step("enter", {None: "planned"}, title=_("Enter the year's plan"), form=PlanForm, tone="primary")
def enter_plan(form: Mapping[str, Any], ctx: StepContext) -> VisitPlan:
    """Visiting residents is in the year's plan and in its assessment (5/8.2 1.1)."""
    assert ctx.site is not None  # the flow is a site's
    query = select(VisitPlan.id).where(
        VisitPlan.company_id == ctx.session.company_id, VisitPlan.site_id == ctx.site.id, VisitPlan.year == form["year"]
    )
    if ctx.session.scalars(query).first() is not None:
        raise Invalid({"year": [_("There is a plan for this year already. Change that one.")]})
    return ctx.open(VisitPlan, "planned", **form)


def _filled_plan(_loader: Loader, plan: VisitPlan) -> Mapping[str, Any]:
    return {"year": plan.year, "plan": plan.plan, "assessment": plan.assessment, "households": plan.households}


@visit_plans.step("revise", ["planned"], title=_("Change the plan"), form=PlanForm, prefill=_filled_plan)
def revise_plan(plan: VisitPlan, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The plan is changed; what stood there before is in the journal."""
    if form["year"] != plan.year:
        raise Invalid({"year": [_("A plan stays with its year. Enter another plan for another year.")]})
    plan.plan, plan.assessment, plan.households = form["plan"], form["assessment"], form["households"]
