"""Pages of the outside: what is connected, what was delivered, secrets shown once, and each person's own choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from guanjia.channels.mail import server_of
from guanjia.channels.webhooks import new_secret
from guanjia.errors import Forbidden, Invalid, NotFound, WrongState
from guanjia.sdk import Context, Loader, StrictSchema, words
from guanjia.web.caller import caller, current_host, reading, shell, signed_in
from guanjia.web.forms import FormView, parse_form
from tenants.channels import permissions
from tenants.channels.deliveries import PAGE, STATES, counts, lines, rows
from tenants.channels.models import GroupRobot, Webhook
from tenants.channels.robots import robots
from tenants.channels.webhooks import RotateForm, WebhookForm, webhooks
from tenants.channels.wishes import WishForm, try_address, wish_for, wish_of

_ = words("tenants")

blueprint = Blueprint("tenants_channels", __name__)


class OwnRotateForm(RotateForm):
    """A change of secret as people ask for it: the secret is made here."""

    class Meta(RotateForm.Meta):
        exclude = ("secret",)


# ---------------------------------------------------------------------- what is connected


@blueprint.get("/hq/channels", defaults={"site_code": None})
@blueprint.get("/s/<site_code>/channels")
def overview(site_code: str | None) -> str:
    """What is connected at the place, and how it went."""
    ctx = caller(site_code)
    with reading(ctx) as loader:
        may = _may(loader)
        return render_template(
            "tenants/channels/overview.html",
            may=may,
            at_company=site_code is None,
            has_mail=_has_mail(ctx),
            has_links=bool(ctx.host.config.public_url),
            robots=_rows(loader, GroupRobot, robots) if may["robots"] else [],
            webhooks=_rows(loader, Webhook, webhooks) if may["webhooks"] and site_code is None else [],
            counts=counts(loader),
            site_code=site_code,
            robots_flow=robots,
            webhooks_flow=webhooks,
            deliveries=lambda **query: url_for("tenants_channels.deliveries", site_code=site_code, **query),
        )


def _may(loader: Loader) -> dict[str, bool]:
    """Raises Forbidden for whoever may see none of it."""
    found = {"robots": loader.may(permissions.ROBOTS.key), "webhooks": loader.may(permissions.WEBHOOKS.key)}
    if not any(found.values()):
        raise Forbidden(_('This needs the permission "%(title)s". Ask whoever gives out roles at your office.',
                          title=permissions.ROBOTS.title))  # fmt: skip
    return found


def _has_mail(ctx: Context) -> bool:
    try:
        return server_of(ctx.host.config) is not None
    except ValueError:
        return False


def _rows(loader: Loader, model: Any, flow: Any) -> list[dict[str, Any]]:
    query = select(model).where(model.company_id == loader.company_id, *loader.here(model))
    found = loader.session.scalars(query.order_by(model.state, model.title)).all()
    assert flow.present is not None  # both have one
    return [{"row": row, **values} for row, values in zip(found, flow.present(loader, found), strict=True)]


# ---------------------------------------------------------------------- what was delivered


@blueprint.get("/hq/channels/deliveries", defaults={"site_code": None})
@blueprint.get("/s/<site_code>/channels/deliveries")
def deliveries(site_code: str | None) -> str:
    """What was sent from the place, newest first."""
    ctx = caller(site_code)
    state = request.args.get("state", "")
    target, before = _uuid("target"), _uuid("before")
    with reading(ctx) as loader:
        _may(loader)
        found = lines(loader, rows(loader, state=state, target=target, before=before))

        def here(**query: Any) -> str:
            kept = {"target": target, "state": state} | query
            given = {name: value for name, value in kept.items() if value}
            return url_for("tenants_channels.deliveries", site_code=site_code, **given)

        shown = [("", _("All")), *((key, title) for key, (title, _tone) in STATES.items())]
        return render_template(
            "tenants/channels/deliveries.html",
            lines=found[:PAGE],
            chips=[{"title": str(title), "url": here(state=key), "on": key == state} for key, title in shown],
            first_url=here() if before else None,
            next_url=here(before=found[PAGE - 1].id) if len(found) > PAGE else None,
            all_url=here(target=None) if target else None,
            site_code=site_code,
            here=here(),
        )


@blueprint.post("/hq/channels/deliveries/<uuid:delivery_id>/replay", defaults={"site_code": None})
@blueprint.post("/s/<site_code>/channels/deliveries/<uuid:delivery_id>/replay")
def replay(site_code: str | None, delivery_id: UUID) -> Response:
    """It is sent anew, by the step of its receiver."""
    ctx = caller(site_code)
    with reading(ctx) as loader:
        _may(loader)
        found = lines(loader, rows(loader, one=delivery_id))
        if not found or found[0].replays is None:
            raise NotFound()
    try:
        ctx.perform(f"{found[0].replays}.replay", found[0].target_id, {found[0].field: str(delivery_id)})
        flash(str(_("It is being sent anew.")), "success")
    except (WrongState, Invalid):
        flash(str(_("Its receiver is not in use any more. Take it back into use first.")), "warning")
    return redirect(url_for("tenants_channels.deliveries", site_code=site_code), 303)


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


# ---------------------------------------------------------------------- secrets, shown once


@blueprint.route("/hq/channels/webhooks/new", methods=("GET", "POST"))
def new_webhook() -> Response:
    """The form for a new webhook; its secret is shown in the answer to the post that made it, and never again."""
    ctx = caller(None)
    with reading(ctx) as loader:
        _need_webhooks(loader)
        assert webhooks.steps["create"].choices is not None
        choices = webhooks.steps["create"].choices(loader, None)
    return _make(ctx, WebhookForm(), "tenants.webhook.create", None, choices)


@blueprint.route("/hq/channels/webhooks/<uuid:case_id>/rotate", methods=("GET", "POST"))
def rotate(case_id: UUID) -> Response:
    """The same for the next secret of one that is there."""
    ctx = caller(None)
    with reading(ctx) as loader:
        _need_webhooks(loader)
        row = loader.get(Webhook, case_id)
        if row is None:
            raise NotFound()
    return _make(ctx, OwnRotateForm(), "tenants.webhook.rotate", row, {})


def _need_webhooks(loader: Loader) -> None:
    if not loader.may(permissions.WEBHOOKS.key):
        raise Forbidden(_('This needs the permission "%(title)s". Ask whoever gives out roles at your office.',
                          title=permissions.WEBHOOKS.title))  # fmt: skip


def _make(ctx: Context, schema: StrictSchema, step: str, row: Webhook | None, choices: Mapping[str, Any]) -> Response:
    raw: dict[str, Any] = {}
    errors, status, made = None, 200, ""
    title = row.title if row is not None else ""
    if request.method == "POST":
        raw, secret = parse_form(schema, request.form), new_secret()
        try:
            schema.load(raw)
            ctx.perform(step, row.id if row is not None else None, {**raw, "secret": secret})
            made, title = secret, title or str(raw["title"])
        except ValidationError as error:
            errors, status = error.messages_dict, 422
        except Invalid as error:
            errors, status = dict(error.errors), 422
    html = render_template(
        "tenants/channels/webhook.html", form=FormView.of(schema, data=raw, errors=errors, choices=choices), made=made,
        is_new=row is None, webhook=title, action=request.path, back=url_for("tenants_channels.overview", site_code=None),
    )  # fmt: skip
    return make_response(html, status)


# ---------------------------------------------------------------------- one's own choice


@blueprint.route("/me/notices", methods=("GET", "POST"))
def notices() -> Response:
    """How the person is told outside the application; or as they want it from now on."""
    who, errors, status = signed_in(), None, 200
    shell()  # names the site used last
    raw: dict[str, Any] = wish_of(who)
    if request.method == "POST":
        raw = parse_form(WishForm(), request.form)
        try:
            wish_for(current_host(), who, WishForm().load(raw))
            flash(str(_("You are told like this from now on.")), "success")
            return redirect(url_for("tenants_channels.notices"), 303)
        except ValidationError as error:
            errors, status = error.messages_dict, 422
    host = current_host()
    html = render_template(
        "tenants/channels/me_notices.html", form=FormView.of(WishForm(), data=raw, errors=errors),
        has_mail=bool(host.config.smtp_url), may_try=errors is None and raw["how"] != "in_app",
        action=url_for("tenants_channels.notices"),
    )  # fmt: skip
    return make_response(html, status)


@blueprint.post("/me/notices/try")
def try_mail() -> Response:
    """A test mail is on its way to the person's own address."""
    if try_address(current_host(), signed_in()):
        flash(str(_("A test message is on its way. Look into your mailbox, and among unwanted mail.")), "success")
    else:
        flash(str(_("Nothing was sent: choose e-mail first, or wait a minute before the next test.")), "warning")
    return redirect(url_for("tenants_channels.notices"), 303)
