"""The pages of rules: the list, a rule with its form, the preview, and saving. At headquarters and at a site alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import GuanjiaError
from guanjia.manifest import MenuItem
from guanjia.rules.settings import Setting
from guanjia.sdk import Forbidden, Invalid, Loader, Message, NotFound, Refused, words
from guanjia.steps.view import reason_view
from guanjia.web.addresses import case_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.posting import sent_key
from guanjia.web.shown import reason_parts
from guanjia.web.widgets import value_of
from tenants.settings import permissions
from tenants.settings.checks import label_of, lock_reasons, title_of
from tenants.settings.draft import Blocked, read_draft
from tenants.settings.edit import ASK, ENTER, EXCEPTION, MODES, Values, entry_of_post, texts_of, values_of
from tenants.settings.forms import FROM_DAY, INHERIT, AskForm, ChangeForm
from tenants.settings.levels import standing
from tenants.settings.overview import KINDS, STATES, Wanted, scope_choices, sections
from tenants.settings.preview import preview
from tenants.settings.rule_page import RulePage, chosen_scope, partner_entries, rule_page, scope_key, switched
from tenants.settings.scope import SITE, Scope
from tenants.settings.shown import shown_value
from tenants.settings.store import load_settings

_ = words("tenants")
V = TypeVar("V", bound=Callable[..., Any])

blueprint = Blueprint("tenants_rules", __name__)

MENU = (MenuItem("office", _("Rules"), "tenants_rules.overview", order=30, icon="sliders"),)
SHOWN_EFFECTS = 200
STEPS = {ENTER: "tenants.rule_change.enter", EXCEPTION: "tenants.rule_change.enter", ASK: "tenants.rule_change.ask"}


def _both(path: str, name: str, *methods: str) -> Callable[[V], V]:
    """Serve the view at headquarters and, with the site's code, at each site."""

    def add(view: V) -> V:
        blueprint.add_url_rule(f"/s/<site_code>/rules{path}", name, view, methods=methods)
        blueprint.add_url_rule(f"/hq/rules{path}", name, view, methods=methods, defaults={"site_code": None})
        return view

    return add


def _url(name: str, loader: Loader, where: Scope | str | None = None, **values: Any) -> str:
    code = loader.site.code if loader.site else None
    if where is not None and code is None:
        values["scope"] = where if isinstance(where, str) else scope_key(where)
    return url_for(f"tenants_rules.{name}", site_code=code, **values)


def _render(template: str, **values: Any) -> str:
    """The page, its words looked up in this module's catalogue first."""
    return render_template(template, _=_, **values)


@_both("", "overview", "GET")
def overview(site_code: str | None = None) -> str:
    """All rules at a scope, found by words, module, kind and state."""
    with reading(caller(site_code)) as loader:
        scope = chosen_scope(loader, request.args.get("scope"))
        return _overview(loader, scope)


def _overview(loader: Loader, scope: Scope, errors: Sequence[str] = ()) -> str:
    wanted = Wanted(*(request.values.get(name, "").strip()[:100] for name in ("q", "plugin", "kind", "state")))
    found = sections(loader, scope, load_settings(loader.session), wanted, loader.now)
    owners = {key.split(".", 1)[0] for key in loader.host.texts}
    return _render(
        "tenants/settings/overview.html", sections=found, wanted=wanted, scope=scope, errors=errors,
        scope_key=scope_key(scope), scopes=scope_choices(loader) if loader.site is None else (),
        plugins=[(p.key, p.title) for p in loader.host.plugins.values() if p.key in owners], kinds=KINDS.items(),
        states=STATES.items(), may_enter=loader.may(permissions.SWITCH.key), list_url=_url("overview", loader),
        bulk_url=_url("bulk", loader), today=loader.place.calendar.date_of(loader.now),
        rule_url=lambda key: _url("rule", loader, scope, key=key), crumbs=[(str(_("Rules")), None)],
        is_site=scope.kind == SITE, ticked=request.form.getlist("rule"), post=request.form,
    )  # fmt: skip


@_both("/-/bulk", "bulk", "POST")
def bulk(site_code: str | None = None) -> AnyResponse | str:
    """Several rules are to be switched alike from a day on: the preview of that change."""
    with reading(caller(site_code)) as loader:
        scope = chosen_scope(loader, request.form.get("scope"))
        chosen = [key for key in dict.fromkeys(request.form.getlist("rule")) if key in loader.host.rules][:200]
        wish = request.form.get("on", "")
        if not chosen or wish not in ("true", "false", INHERIT):
            text = str(_("Tick the rules that are to change, and say whether they shall be on, off or inherited."))
            return Response(_overview(loader, scope, [text]), 422)
        settings = load_settings(loader.session)
        on = {"true": True, "false": False}.get(wish)
        rules = [switched(loader, loader.host.rules[key], scope, settings, on) for key in chosen]
        form = _form(scope, ENTER, rules, request.form)
        try:
            return _preview(loader, scope, form, ENTER, bulk=True)
        except Invalid as error:
            return Response(_overview(loader, scope, texts_of(error.errors)), 422)


@_both("/<key>", "rule", "GET", "POST")
def rule(key: str, site_code: str | None = None) -> AnyResponse | str:
    """A rule at a scope; a post of its form leads to the preview, or back to the form with what is not right yet."""
    with reading(caller(site_code)) as loader:
        source = request.form if request.method == "POST" else request.args
        scope = chosen_scope(loader, source.get("scope"))
        mode = source.get("mode", ENTER)
        if mode not in MODES:
            raise NotFound()
        settings = load_settings(loader.session)
        if request.method == "GET":
            return _rule(loader, rule_page(loader, key, scope, settings, mode=mode, withdraw=source.get("withdraw")))
        found = loader.host.rule(key)
        if found is None or not found.switched:
            raise NotFound()
        stands = standing(loader, found, scope, settings, loader.now)
        rules = [
            entry_of_post(loader, stands, request.form),
            *partner_entries(loader, found, scope, settings, request.form),
        ]
        form = _form(scope, mode, rules, request.form)
        try:
            return _preview(loader, scope, form, mode)
        except Invalid as error:
            page = rule_page(
                loader, key, scope, settings, mode=mode, values=request.form, data=form, errors=error.errors
            )
            return Response(_rule(loader, page), 422)


def _rule(loader: Loader, page: RulePage, refusals: Sequence[Any] = ()) -> str:
    return _render(
        "tenants/settings/rule.html", page=page, refusals=refusals, scopes=scope_choices(loader) if loader.site is None else (),
        self_url=_url("rule", loader, key=page.text.key), regulations=loader.host.regulations,
        lock_words=lambda lock: _lock_words(loader, page, lock),
        scoped_url=lambda **more: _url("rule", loader, page.scope, key=page.text.key, **more),
        partner_url=lambda key: _url("rule", loader, page.scope, key=key), is_hq=loader.site is None,
        place_url=lambda place: _url("rule", loader, f"{SITE}:{place.id}", key=page.text.key),
        crumbs=[(str(_("Rules")), _url("overview", loader, page.scope)), (str(page.text.title), None)],
    )  # fmt: skip


def _lock_words(loader: Loader, page: RulePage, lock: Setting) -> Message:
    assert page.stands is not None  # only a rule with a switch has locks
    names = () if lock.lock else tuple(row.name for row in page.stands.rows if row.lock is lock)
    return lock_reasons(loader, [Blocked(page.text.key, names, lock)])[0].message


@_both("/-/save", "save", "POST")
def save(site_code: str | None = None) -> AnyResponse | str:
    """The change that was previewed is saved; or, with `back`, its form comes back filled in."""
    context = caller(site_code)
    form, mode = _payload()
    rules = form["rules"]
    with reading(context) as loader:
        scope = chosen_scope(loader, request.form.get("scope"))
        if request.form.get("back"):
            mode = request.form["back"] if request.form["back"] in MODES else mode
            return _back(loader, scope, form, mode)
    try:
        done = context.perform(STEPS[mode], None, form, key=sent_key())
    except (Invalid, Refused) as error:
        with reading(context) as loader:
            return _not_saved(loader, scope, form, mode, error)
    text = {
        ASK: _("Headquarters was asked. You will be told when they have answered."),
        EXCEPTION: _("The exception is saved."),
        ENTER: _("The change is saved."),
    }[mode]
    flash(str(text), "success")
    with reading(context) as loader:
        if mode == ASK:
            return redirect(case_url("tenants.rule_change", done.case_id, site_code), 303)
        if len(rules) == 1:
            return redirect(_url("rule", loader, scope, key=rules[0]["rule"]), 303)
        return redirect(_url("overview", loader, scope), 303)


def _payload() -> tuple[dict[str, Any], str]:
    """The change that the preview carried along. Raises Invalid if it is none."""
    try:
        form = msgspec.json.decode(request.form.get("change", ""))
    except msgspec.DecodeError:
        form = None
    mode = request.form.get("mode", ENTER)
    rules = form.get("rules") if isinstance(form, dict) else None
    if (
        not isinstance(rules, list)
        or not all(isinstance(r, dict) and isinstance(r.get("rule"), str) for r in rules)
        or not rules
    ):
        raise Invalid({"change": [_("The change did not arrive whole. Go back to the rule and enter it again.")]})
    if mode not in MODES:
        raise NotFound()
    return dict(form), mode


def _back(loader: Loader, scope: Scope, form: Mapping[str, Any], mode: str) -> AnyResponse | str:
    first, *others = form["rules"]
    found = loader.host.rule(first["rule"])
    if found is None or (others and request.form.get("bulk")):
        return redirect(_url("overview", loader, scope), 303)
    return _rule(loader, _filled(loader, scope, form, mode))


def _filled(
    loader: Loader, scope: Scope, form: Mapping[str, Any], mode: str, errors: Mapping[str, Any] | None = None
) -> RulePage:
    first, *others = form["rules"]
    found = loader.host.rules[first["rule"]]
    try:
        values: Values = values_of(loader, found, first)
    except (TypeError, AttributeError, ValueError):  # not what our preview had carried along
        values = MultiDict()
    for entry in others:
        switch = {True: "true", False: "false"}.get(entry.get("on"), INHERIT)
        values[f"partner.{entry['rule']}"] = switch
    data = {"from_day": form.get("from_day"), "reason": form.get("reason")}
    return rule_page(
        loader, found.key, scope, load_settings(loader.session), mode=mode, values=values, data=data, errors=errors
    )


def _not_saved(
    loader: Loader, scope: Scope, form: Mapping[str, Any], mode: str, error: GuanjiaError
) -> AnyResponse | str:
    """Things changed since the preview: what stands against it now, or the form with what is not right."""
    if isinstance(error, Refused):
        try:
            return _preview(loader, scope, form, mode, bulk=bool(request.form.get("bulk")))
        except Invalid as more:
            error = more
    assert isinstance(error, Invalid)  # the only other one that is caught
    if loader.host.rule(form["rules"][0]["rule"]) is None:
        raise error
    return Response(_rule(loader, _filled(loader, scope, form, mode, error.errors)), 422)


def _form(scope: Scope, mode: str, rules: list[dict[str, Any]], post: Values) -> dict[str, Any]:
    """The form of the step as it was posted; what cannot be read is left to the schema."""
    text = post.get("from_day", "").strip()
    form: dict[str, Any] = {"reason": post.get("reason", "").strip(), "rules": rules}
    if text:
        form["from_day"] = value_of(FROM_DAY, text, UTC)
    if mode != ASK:
        form |= {"scope_kind": scope.kind, "scope_id": str(scope.id), "exception": mode == EXCEPTION}
    return form


def _preview(
    loader: Loader, scope: Scope, form: Mapping[str, Any], mode: str, *, bulk: bool = False
) -> AnyResponse | str:
    """What the change would do. Raises Invalid for what is not right yet."""
    if not loader.may(permissions.SWITCH.key):
        raise Forbidden()
    loaded = _loaded(loader, scope, form, mode)
    found = preview(loader, scope, loaded, exception=mode != ENTER)
    first = loaded["rules"][0]["rule"]
    html = _render(
        "tenants/settings/preview.html", preview=found, scope=scope, scope_key=scope_key(scope), mode=mode,
        change=msgspec.json.encode(form).decode(), bulk=bulk,
        refusals=[reason_parts(reason_view(loader, reason)) for reason in found.refusals],
        changing=[_effect_words(loader, effect) for effect in found.changing[:SHOWN_EFFECTS]],
        more=max(0, len(found.changing) - SHOWN_EFFECTS), titles=[title_of(loader.host, e["rule"]) for e in loaded["rules"]],
        save_url=_url("save", loader), key=str(loader.host.ids.new()), from_day=loaded["from_day"], reason=loaded["reason"],
        may_ask=loader.site is not None and mode == ENTER and found.is_locked,
        may_except=loader.site is None and scope.kind == SITE and mode == ENTER and found.is_locked
        and loader.may(permissions.EXCEPT.key),
        crumbs=[(str(_("Rules")), _url("overview", loader, scope)),
                (str(title_of(loader.host, first)), _url("rule", loader, scope, key=first)), (str(_("Preview")), None)],
    )  # fmt: skip
    return Response(html, 422) if found.refusals else html


def _loaded(loader: Loader, scope: Scope, form: Mapping[str, Any], mode: str) -> Any:
    """The form as its schema loads it. Raises Invalid with all that is not right: day and reason, and the values too."""
    schema = (AskForm if mode == ASK else ChangeForm)()
    try:
        return schema.load(form)
    except ValidationError as error:
        errors: dict[Any, Any] = (
            dict(error.messages) if isinstance(error.messages, dict) else {"_schema": error.messages}
        )
    try:
        today = loader.place.calendar.date_of(loader.now).isoformat()
        read_draft(loader, scope, schema.load({**form, "from_day": today, "reason": "-"}))
    except Invalid as more:
        errors |= more.errors
    except ValidationError:
        pass  # said already
    raise Invalid(errors)


def _effect_words(loader: Loader, effect: Any) -> dict[str, Any]:
    rule = loader.host.rules[effect.rule]
    return {
        "title": title_of(loader.host, rule.key),
        "place": effect.place,
        "at": effect.at,
        "changes": [
            (label_of(loader.host, rule.key, d.name), shown_value(loader, rule, d.name, d.before),
             shown_value(loader, rule, d.name, d.after))
            for d in effect.differences
        ],
    }  # fmt: skip
