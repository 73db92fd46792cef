"""Staff: taken on with an initial password, changed, dismissed; their absences and who stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema
from sqlalchemy import select

from guanjia.schema import invalid
from guanjia.sdk import Column, Invalid, Loader, StepContext, StrictSchema, WrongState, register, words
from guanjia.words import LANGUAGES
from tenants import permissions
from tenants.authority import keep_an_administrator, may_administer
from tenants.looking import look_first
from tenants.models import ACTIVE, RETIRED, Absence, Assignment, Credential, SecondFactor, Site, Staff
from tenants.owed import company_of
from tenants.passwords import PasswordPolicy, hash_password
from tenants.places import LANGUAGE_CHOICES, present_place
from tenants.sessions import revoke_sessions, revoke_tokens

_ = words("tenants")

PASSWORD = {"label": _("Initial password"), "widget": "password", "private": True, "secret": True,
            "autocomplete": "new-password"}  # fmt: skip


def account_text(value: str) -> None:
    """Accept an account: no spaces, and no letters that look alike in two cases. Raises ValidationError."""
    if any(c.isspace() or c == "|" for c in value):
        raise invalid(_("An account has no spaces in it. Write it in one piece."))


class StaffChangeForm(StrictSchema):
    """Who the person is."""

    account = fields.String(
        required=True,
        validate=[validate.Length(2, 60), account_text],
        metadata={
            "label": _("Account"),
            "private": True,
            "autocomplete": "off",
            "help": _("What the person types to sign in."),
        },
    )
    name = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={"label": _("Full name"), "private": True, "autocomplete": "off"},
    )
    phone = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"label": _("Phone"), "private": True, "widget": "phone"},
    )
    language = fields.String(
        load_default="zh",
        validate=validate.OneOf(LANGUAGES),
        metadata={"label": _("Language"), "choices": LANGUAGE_CHOICES},
    )
    home_site_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={
            "label": _("Kept by"),
            "widget": "select",
            "help": _("The site that administers this person; empty: headquarters. Roles are given apart from this."),
        },
    )


class StaffForm(StaffChangeForm):
    """A new member of staff."""

    password = fields.String(required=True, validate=validate.Length(1, 200), metadata=PASSWORD)
    must_change_password = fields.Boolean(
        load_default=True, metadata={"label": _("Must choose an own password at the first sign-in")}
    )


class ResetPasswordForm(StrictSchema):
    """A new initial password."""

    password = fields.String(required=True, validate=validate.Length(1, 200), metadata=PASSWORD)
    must_change_password = fields.Boolean(
        load_default=True, metadata={"label": _("Must choose an own password at the next sign-in")}
    )


class ResetFactorForm(StrictSchema):
    """Why somebody's second factor is taken away."""

    reason = fields.String(
        required=True, validate=validate.Length(1, 300),
        metadata={"label": _("Reason"), "widget": "textarea",
                  "help": _("For example: phone lost; asked in person. Make sure that it is the person who asks.")},
    )  # fmt: skip


def take_secret(values: Mapping[str, Any], name: str = "password") -> Any:
    """The secret, taken out of the form: not even the erasable part of the journal may keep it."""
    assert isinstance(values, dict)  # the form as the pipeline loaded it
    return values.pop(name)


def set_password(ctx: StepContext, row: Staff, password: str, *, must_change: bool) -> None:
    """The person's password is the given one. Raises Invalid where it does not keep the company's policy.

    Where the policy asks for level 3, whoever was given a password has to replace it, whatever `must_change` says.
    """
    company = company_of(ctx.session)
    policy = PasswordPolicy.of(company)
    faults = policy.faults(password, row.account, (ctx.company.code, company.name, row.name))
    credential = ctx.session.get(Credential, (ctx.session.company_id, row.id))
    present, former = (credential.password_hash, credential.former) if credential is not None else (None, [])
    if not faults and policy.was_used(password, present, former):
        faults = [_("This person had this password before, or has it now. Choose one that was not used yet.")]
    if faults:
        raise Invalid({"password": faults})
    given_by_somebody = ctx.caller.actor_id is not None
    values = {"password_hash": hash_password(password), "must_change": must_change or (policy.level3 and given_by_somebody),
              "changed_at": ctx.now, "former": policy.remembered(present, former)}  # fmt: skip
    if credential is None:
        ctx.new(Credential, id=row.id, **values)
        return
    for name, value in values.items():
        setattr(credential, name, value)
    ctx.session.flush()


def _take_on(row: Staff, values: Mapping[str, Any], ctx: StepContext) -> None:
    password = take_secret(values)
    row.account = row.account.lower()
    _place(row, values, ctx)
    ctx.session.flush()
    set_password(ctx, row, password, must_change=values["must_change_password"])


def _look_at_staff(form: Mapping[str, Any], row: Staff | None, ctx: StepContext) -> None:
    account = form["account"].lower()
    query = select(Staff.id).where(Staff.company_id == ctx.session.company_id, Staff.account == account)
    if ctx.session.scalars(query.where(Staff.id != row.id) if row is not None else query).first() is not None:
        raise Invalid(
            {"account": [_("Somebody has this account already, perhaps somebody who left. Choose another one.")]}
        )
    home: UUID | None = form["home_site_id"]
    if ctx.site is not None and home not in (None, ctx.site.id):
        raise Invalid({"home_site_id": [_("Only headquarters can move people between sites. Leave this empty.")]})
    if home is not None:
        ctx.get(Site, home, name="home_site_id")


def _place(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    if ctx.site is None:
        row.site_id = form["home_site_id"]


def _site_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[Any, Any]]]:
    if loader.site is not None:
        return {"home_site_id": [(loader.site.id, loader.site.name)]}
    return {"home_site_id": [(site.id, site.name) for site in loader.host.directory.sites(loader.session)]}


def _home(_loader: Loader, row: Staff | None) -> Mapping[str, Any]:
    names = ("account", "name", "phone", "language")
    return {} if row is None else {name: getattr(row, name) for name in names} | {"home_site_id": row.site_id}


def _dismiss(row: Staff, ctx: StepContext) -> None:
    if row.id == ctx.actor_id:
        raise Invalid({"_schema": [_("You cannot dismiss yourself. Ask another administrator.")]})
    may_administer(ctx, row.id)
    keep_an_administrator(ctx, leaving=row.id)
    query = select(Assignment.id).where(
        Assignment.company_id == ctx.session.company_id, Assignment.staff_id == row.id, Assignment.state == ACTIVE
    )
    for assignment_id in ctx.session.scalars(query):
        ctx.perform("tenants.assignment.end", assignment_id)
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now)
    ctx.notes["tokens_ended"] = revoke_tokens(ctx.session, row.id, ctx.now)


def _kept_here(loader: Loader, model: type[Staff]) -> Any:
    return model.site_id == loader.site.id if loader.site is not None else model.company_id == loader.company_id


def _present_staff(loader: Loader, cases: Sequence[Staff]) -> list[dict[str, Any]]:
    query = select(Assignment.staff_id, Assignment.role_key, Assignment.scope_id).where(
        Assignment.company_id == loader.company_id, Assignment.staff_id.in_([row.id for row in cases]),
        Assignment.state == ACTIVE,
    ).order_by(Assignment.opened_at, Assignment.id)  # fmt: skip
    directory = loader.host.directory
    held: dict[UUID, list[str]] = {}
    for staff_id, role, scope in loader.session.execute(query) if cases else ():
        title, where = directory.role_title(loader.session, role), directory.scope_name(loader.session, scope)
        held.setdefault(staff_id, []).append(f"{title}（{where}）" if where else str(title))
    places = present_place(loader, cases)
    with_factor = loader.by_id(SecondFactor, [row.id for row in cases])
    return [
        place | {"roles": "、".join(held.get(row.id, ())), "second_factor": row.id in with_factor}
        for row, place in zip(cases, places, strict=True)
    ]


staff = register(
    "tenants.staff", Staff, title=_("Staff"), form=StaffForm, menu=False, permission=permissions.STAFF.key,
    see=permissions.STAFF.key, touches_directory=True, on_create=_take_on, on_retire=_dismiss, choices=_site_choices,
    row_filter=_kept_here, present=_present_staff, order="account", search=("account", "name", "phone"),
    heading=lambda row, _values: str(row.name),
    titles={"create": _("Take on"), "retire": _("Dismiss")},
    columns=[
        Column("account", _("Account"), sort=True), Column("name", _("Full name"), sort=True), Column("phone", _("Phone")),
        Column("roles", _("Roles")), Column("place", _("Kept by")), Column("second_factor", _("Second factor"), "flag"),
        Column("language", _("Language"), "choice", labels=dict(LANGUAGE_CHOICES), on_list=False),
        Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
del staff.steps["change"], staff.steps["restore"]  # a change asks for no password; who comes back gets a new one


@staff.step(
    "change",
    [ACTIVE],
    title=_("Change"),
    form=StaffChangeForm,
    tone="primary",
    permission=permissions.STAFF.key,
    choices=_site_choices,
    prefill=_home,
)
def change_staff(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person's entry is as given. The account stays unique in the company."""
    may_administer(ctx, row.id)
    row.account, row.name, row.phone, row.language = (
        form["account"].lower(),
        form["name"],
        form["phone"],
        form["language"],
    )
    _place(row, form, ctx)
    ctx.directory_changed()


@staff.step(
    "restore", {RETIRED: ACTIVE}, title=_("Take on again"), form=ResetPasswordForm, permission=permissions.STAFF.key
)
def take_on_again(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person works here again, with a new initial password and no role yet."""
    set_password(ctx, row, take_secret(form), must_change=form["must_change_password"])
    ctx.directory_changed()


@staff.step(
    "reset_password", [ACTIVE], title=_("Set a new password"), form=ResetPasswordForm, permission=permissions.STAFF.key
)
def reset_password(row: Staff, form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person signs in with the new password from now on; all their sessions have ended."""
    may_administer(ctx, row.id)
    set_password(ctx, row, take_secret(form), must_change=form["must_change_password"])
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now)


@staff.step(
    "reset_second_factor", [ACTIVE], title=_("Reset the second factor"), form=ResetFactorForm, tone="danger",
    permission=permissions.STAFF.key,
)  # fmt: skip
def reset_second_factor(row: Staff, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person's authenticator and recovery codes open nothing any more, and all their sessions have ended.

    Whether the role asks for a new one is seen at the next sign-in.
    """
    may_administer(ctx, row.id)
    factor = ctx.session.get(SecondFactor, (ctx.session.company_id, row.id))
    if factor is None:
        raise WrongState(_("This person has no second factor. Nothing needs to be done."))
    ctx.session.delete(factor)
    ctx.session.flush()
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now)


@staff.step("end_sessions", [ACTIVE], title=_("End all sessions"), tone="danger", permission=permissions.STAFF.key)
def end_sessions(row: Staff, _form: Mapping[str, Any], ctx: StepContext) -> None:
    """The person is signed out everywhere."""
    may_administer(ctx, row.id)
    ctx.notes["sessions_ended"] = revoke_sessions(ctx.session, row.id, ctx.now)


look_first(staff, _look_at_staff)

# ---------------------------------------------------------------------- absences


class AbsenceForm(StrictSchema):
    """Who is away, for how long, and who stands in."""

    staff_id = fields.UUID(required=True, metadata={"label": _("Who is away"), "widget": "select"})
    deputy_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={
            "label": _("Deputy"),
            "widget": "select",
            "help": _("Acts with the roles of whoever is away. Without one the roles are vacant meanwhile."),
        },
    )
    from_at = fields.AwareDateTime(required=True, metadata={"label": _("Starts")})
    until_at = fields.AwareDateTime(required=True, metadata={"label": _("Ends")})

    @validates_schema
    def ends_after_it_begins(self, data: Mapping[str, Any], **_options: Any) -> None:
        """The end comes after the beginning, and nobody stands in for themselves."""
        if data.get("from_at") and data.get("until_at") and data["from_at"] >= data["until_at"]:
            raise invalid(_("The end must be later than the beginning."), "until_at")
        if data.get("deputy_id") and data["deputy_id"] == data.get("staff_id"):
            raise invalid(
                _("Nobody can stand in for themselves. Choose somebody else, or leave it empty."), "deputy_id"
            )


def _look_at_absence(form: Mapping[str, Any], row: Absence | None, ctx: StepContext) -> None:
    _active(ctx, form["staff_id"], "staff_id")
    for staff_id in {form["staff_id"], row.staff_id if row is not None else form["staff_id"]}:
        may_administer(ctx, staff_id)
    if form["deputy_id"] is not None:
        _active(ctx, form["deputy_id"], "deputy_id")


def _cancel_absence(row: Absence, ctx: StepContext) -> None:
    may_administer(ctx, row.staff_id)


def _active(ctx: StepContext, staff_id: UUID, field: str) -> None:
    person = ctx.loader.get(Staff, staff_id)
    if person is None or person.dismissed or not works_here(ctx.loader, person.id, person.site_id):
        raise Invalid({field: [_("This person does not work here. Choose somebody from the list.")]})


def works_here(loader: Loader, staff_id: UUID, home: UUID | None) -> bool:
    """Whether the place has to do with the person: at a site, because it keeps the entry or a role reaches it."""
    if loader.site is None:
        return loader.reaches(home)
    return (
        home == loader.site.id
        or loader.host.directory.actor(loader.session, staff_id, loader.site.id, loader.now) is not None
    )


def people_choices(loader: Loader) -> list[tuple[UUID, str]]:
    """Active staff, at a site only those whose roles reach it or whose entry it keeps, by name."""
    query = select(Staff.id, Staff.name, Staff.account, Staff.site_id).where(
        Staff.company_id == loader.company_id, Staff.state == ACTIVE
    )
    return [
        (staff_id, f"{name} ({account})")
        for staff_id, name, account, home in loader.session.execute(query.order_by(Staff.name, Staff.account))
        if works_here(loader, staff_id, home)
    ]  # fmt: skip


def _absence_choices(loader: Loader, _row: Any) -> Mapping[str, Sequence[tuple[Any, Any]]]:
    people = people_choices(loader)
    return {"staff_id": people, "deputy_id": people}


def _present_absences(loader: Loader, cases: Sequence[Absence]) -> list[dict[str, Any]]:
    names = loader.names(i for row in cases for i in (row.staff_id, row.deputy_id))
    return [
        {"who": names.get(row.staff_id, ""), "deputy": names.get(row.deputy_id, "") if row.deputy_id else ""}
        for row in cases
    ]  # fmt: skip


absences = register(
    "tenants.absence", Absence, title=_("Absences and deputies"), form=AbsenceForm, menu=False, permission=permissions.STAFF.key,
    see=permissions.STAFF.key, touches_directory=True,
    on_retire=_cancel_absence, choices=_absence_choices, present=_present_absences, order="-opened_at",
    heading=lambda _row, values: str(values["who"]),
    titles={"create": _("Enter an absence"), "retire": _("Cancel the absence")},
    columns=[
        Column("who", _("Who is away")), Column("deputy", _("Deputy")),
        Column("from_at", _("Starts"), "moment", sort=True), Column("until_at", _("Ends"), "moment", sort=True),
        Column("state", _("State"), "state", filter=True),
    ],
)  # fmt: skip
look_first(absences, _look_at_absence)

FLOWS = (staff, absences)
