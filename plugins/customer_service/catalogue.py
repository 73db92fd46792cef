"""Registers of customer service: the company's services, contractors of a site, and what was brought in from paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate

from guanjia.jobs.duties import count_as_done
from guanjia.sdk import COMPANY, Case, Column, Flow, Invalid, Loader, State, StepContext, StrictSchema, register, words
from guanjia.steps.numbers import start_after
from plugins.customer_service.kinds import CATEGORY_LABELS, DEADLINE_CLASSES
from plugins.customer_service.models import Contractor, Service, Takeover
from tenants.public import Site

_ = words("customer_service")

DEPARTMENTS = {
    "engineering": _("Engineering"), "security": _("Security"), "cleaning": _("Cleaning"), "service_centre": _("Service centre"),
}  # fmt: skip
RESULTS = {"none": _("Not reviewed"), "passed": _("Passed"), "failed": _("Failed")}
SERIES = {"request": _("Service requests (BX)"), "sheet": _("Handling sheets (CZ)")}


class ServiceForm(StrictSchema):
    """A service of the catalogue."""

    code = fields.String(
        required=True, validate=validate.Regexp(r"^[a-z0-9_-]{1,40}$"), metadata={"label": _("Code"), "fact": True}
    )
    title_zh = fields.String(
        required=True, validate=validate.Length(min=1, max=60), metadata={"label": _("Title in Chinese"), "fact": True}
    )
    title_en = fields.String(
        required=True, validate=validate.Length(min=1, max=60), metadata={"label": _("Title in English"), "fact": True}
    )
    category = fields.String(required=True, validate=validate.OneOf(list(CATEGORY_LABELS)),
                             metadata={"label": _("Category"), "choices": list(CATEGORY_LABELS.items())})  # fmt: skip
    department_key = fields.String(required=True, validate=validate.OneOf(list(DEPARTMENTS)),
                                   metadata={"label": _("Department"), "choices": list(DEPARTMENTS.items())})  # fmt: skip
    deadline_class = fields.String(required=True, validate=validate.OneOf(list(DEADLINE_CLASSES)),
                                   metadata={"label": _("Deadline class"), "choices": list(DEADLINE_CLASSES.items())})  # fmt: skip
    paid = fields.Boolean(load_default=False, metadata={"label": _("Paid service")})


services = register(
    "customer_service.service", Service, title=_("Service catalogue"), form=ServiceForm, level=COMPANY,
    permission="customer_service.catalogue.edit", search=("code", "title_zh", "title_en"), order="code",
    columns=(
        Column("code", _("Code"), "link", sort=True), Column("title_zh", _("Title in Chinese")), Column("title_en", _("Title in English")),
        Column("category", _("Category"), "choice", labels=CATEGORY_LABELS, filter=True),
        Column("department_key", _("Department"), "choice", labels=DEPARTMENTS, filter=True),
        Column("deadline_class", _("Deadline class"), "choice", labels=DEADLINE_CLASSES, filter=True),
        Column("paid", _("Paid service"), "flag"), Column("state", _("State"), "state", filter=True),
    ),
)  # fmt: skip


class SiteForm(StrictSchema):
    """One site."""

    site_id = fields.UUID(required=True, metadata={"label": _("Site"), "widget": "select"})


def _sites(loader: Loader, _service: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    sites = [site for site in loader.host.directory.sites(loader.session) if loader.reaches(site.id)]
    return {"site_id": [(str(site.id), site.name) for site in sites]}


def _site(form: Mapping[str, Any], ctx: StepContext) -> str:
    """The id of the site that the form names. Raises Invalid for one that is not reached from here."""
    wanted = form["site_id"]
    return str(ctx.get(Site, wanted if ctx.loader.reaches(wanted) else None, name="site_id").id)


@services.step("stop_offering", ["active"], title=_("Do not offer at a site"), form=SiteForm, choices=_sites,
               permission="customer_service.catalogue.edit")  # fmt: skip
def stop_offering(service: Service, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The service is not offered at the site from now on (1/4)."""
    service.not_offered_at = sorted({*service.not_offered_at, _site(form, ctx)})


@services.step("offer", ["active"], title=_("Offer at a site again"), form=SiteForm, choices=_sites,
               permission="customer_service.catalogue.edit")  # fmt: skip
def offer(service: Service, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The service is offered at the site again (1/4)."""
    again = _site(form, ctx)
    service.not_offered_at = [kept for kept in service.not_offered_at if kept != again]


class ContractorForm(StrictSchema):
    """An outside team."""

    name = fields.String(
        required=True, validate=validate.Length(min=1, max=80), metadata={"label": _("Name of the team"), "fact": True}
    )
    phone = fields.String(load_default="", validate=validate.Length(max=40),
                          metadata={"label": _("Phone"), "widget": "phone", "private": True})  # fmt: skip
    categories = fields.List(fields.String(validate=validate.OneOf(list(CATEGORY_LABELS))), required=True,
                             validate=validate.Length(min=1),
                             metadata={"label": _("Categories of work"), "widget": "checkboxes",
                                       "choices": list(CATEGORY_LABELS.items())})  # fmt: skip


class ContractorReviewForm(StrictSchema):
    """The result of a review by the service centre."""

    reviewed_on = fields.Date(required=True, metadata={"label": _("Reviewed on"), "widget": "date"})
    review_result = fields.String(required=True, validate=validate.OneOf(["passed", "failed"]), metadata={
        "label": _("Result"), "widget": "radio", "choices": [(k, v) for k, v in RESULTS.items() if k != "none"]})  # fmt: skip
    review_note = fields.String(load_default="", validate=validate.Length(max=1000),
                                metadata={"label": _("Record of the review"), "widget": "textarea", "rows": 3})  # fmt: skip
    files = fields.List(fields.UUID(), load_default=list, metadata={"label": _("Files"), "widget": "photos"})


contractors = register(
    "customer_service.contractor", Contractor, title=_("Contractor"), form=ContractorForm, level="site",
    permission="customer_service.catalogue.edit", search=("name",), order="name",
    columns=(
        Column("name", _("Name of the team"), "link", sort=True), Column("reviewed_on", _("Reviewed on"), "date", sort=True),
        Column("review_result", _("Result"), "choice", labels=RESULTS, filter=True), Column("state", _("State"), "state", filter=True),
    ),
)  # fmt: skip


@contractors.step("review", ["active"], title=_("Record a review"), form=ContractorReviewForm, tone="primary",
                  permission="customer_service.catalogue.edit")  # fmt: skip
def review(team: Contractor, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The team was reviewed; the record is kept (5/5.4.1)."""
    if form["reviewed_on"] > ctx.calendar.date_of(ctx.now):
        raise Invalid({"reviewed_on": [_("This lies in the future. Enter the day of the review.")]})
    team.reviewed_on, team.review_result, team.review_note = (
        form["reviewed_on"],
        form["review_result"],
        form["review_note"],
    )


class SeriesForm(StrictSchema):
    """The last number used on paper."""

    series = fields.String(required=True, validate=validate.OneOf(list(SERIES)),
                           metadata={"label": _("Series"), "choices": list(SERIES.items())})  # fmt: skip
    year = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=2000, max=2100), metadata={"label": _("Year")}
    )
    last = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=99_999),
        metadata={"label": _("Last number used")},
    )


def _no_facts(_loader: Loader, cases: Sequence[Case]) -> list[Any]:
    return [None for _case in cases]


takeovers = Flow(
    key="customer_service.takeover", model=Takeover, title=_("Brought in from paper"), facts=_no_facts,
    states=[State("entered", _("Entered"), tone="good", closed=True)], permission="customer_service.takeover",
    columns=(
        Column("series", _("Series"), "choice", labels=SERIES), Column("year", _("Year"), "number"),
        Column("last", _("Last number used"), "number"),
        Column("rule", _("Duty"), "text"),
        Column("done_on", _("Last done on"), "date"), Column("opened_at", _("Entered at"), "moment", sort=True),
    ),
)  # fmt: skip


@takeovers.step("series", {None: "entered"}, title=_("Enter the last number of a series"), form=SeriesForm, tone="primary",
                permission="customer_service.takeover")  # fmt: skip
def series(form: Mapping[str, Any], ctx: StepContext) -> Takeover:
    """The series goes on after the last number used on paper."""
    assert ctx.site is not None  # the flow is a site's
    start_after(ctx.session, ctx.host.ids, ctx.site.id, form["series"], form["year"], form["last"])
    return ctx.open(Takeover, "entered", what="series", series=form["series"], year=form["year"], last=form["last"])


class DutyForm(StrictSchema):
    """When a periodic duty was last done before the office started here."""

    rule = fields.String(required=True, validate=validate.Length(min=1, max=120),
                         metadata={"label": _("Duty"), "widget": "select", "fact": True})  # fmt: skip
    done_on = fields.Date(required=True, metadata={"label": _("Last done on"), "widget": "date"})


def _periodic(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[str, Any]]]:
    host = loader.host
    keys = [rule.key for rule in host.rules.values() if any(duty.options["every"] for duty in rule.duties)]
    return {
        "rule": [(key, host.texts[key].title) for key in keys if host.is_active(key.split(".", 1)[0], loader.place)]
    }


@takeovers.step("duty", {None: "entered"}, title=_("Enter when a duty was last done"), form=DutyForm,
                permission="customer_service.takeover", choices=_periodic)  # fmt: skip
def duty(form: Mapping[str, Any], ctx: StepContext) -> Takeover:
    """What was done on paper in a period that still runs is not owed again in it."""
    if ctx.site is None or form["rule"] not in dict(_periodic(ctx.loader, None)["rule"]):
        raise Invalid({"rule": [_("There is no such duty here. Choose one from the list.")]})
    if form["done_on"] > ctx.calendar.date_of(ctx.now):
        raise Invalid({"done_on": [_("This lies in the future. Enter the day on which it was done.")]})
    for function in ctx.host.rules[form["rule"]].duties:
        count_as_done(ctx.session, ctx.host, ctx.site, function, form["done_on"], ctx.now)
    return ctx.open(Takeover, "entered", what="duty", rule=form["rule"], done_on=form["done_on"])
