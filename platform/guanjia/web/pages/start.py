"""Where people begin: the site they used last, its today page, the overview of headquarters, and the language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import make_response, redirect, render_template, request
from sqlalchemy import func, or_, select
from werkzeug.wrappers import Response

from guanjia.db.session import tenant_session
from guanjia.errors import NotFound
from guanjia.ports import SiteInfo
from guanjia.steps.loader import Loader
from guanjia.steps.messages import failed_count
from guanjia.steps.models import Approval, Deadline, Notification, Task
from guanjia.web.addresses import ledger_url, page_url, step_url
from guanjia.web.caller import caller, current_host, reading, signed_in
from guanjia.web.pages.duties import task_parts
from guanjia.web.pages.faulty import faults_of_plugins
from guanjia.web.pages.headings import headings, site_codes
from guanjia.web.pages.notices import about_cases, notice_parts
from guanjia.web.security import is_https
from guanjia.web.shell import LANGUAGE_COOKIE, SITE_COOKIE, may_create, tasks_here, waiting_here
from guanjia.web.shown import deadline_title, due_view, tone_of
from guanjia.words import LANGUAGES, words

_ = words("guanjia")

MOST = 12
MOST_NOTICES = 6
YEAR = 365 * 24 * 3600


def home() -> Response:
    """To the site used last, else to the first that the person reaches, else to headquarters."""
    user, host = signed_in(), current_host()
    with tenant_session(user.company_id) as session:
        sites = host.directory.reachable(session, user.staff_id, host.clock.now())
    last = request.cookies.get(SITE_COOKIE)
    if last == "":
        return redirect(page_url("overview"))
    chosen = next((site for site in sites if site.code == last), sites[0] if sites else None)
    return redirect(page_url("today", chosen.code) if chosen else page_url("overview"))


def language(code: str) -> Response:
    """Pages are shown in that language from here on."""
    if code not in LANGUAGES:
        raise NotFound()
    target = request.args.get("next", "/")
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        target = "/"
    response = redirect(target)
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR, httponly=True, samesite="Lax", secure=is_https())
    return response


def today(site_code: str) -> Response:
    """What concerns the reader at this site now."""
    context = caller(site_code)
    with reading(context) as loader:
        if loader.actor is None:
            raise NotFound()
        tasks = tasks_here(loader, loader.actor)
        waiting = waiting_here(loader, loader.actor.id)
        html = render_template(
            "guanjia/today.html", site=loader.site, actor=loader.actor, now=loader.now,
            tasks=task_parts(loader, tasks[:MOST], site_code), more_tasks=len(tasks) > MOST,
            approvals=_approvals(loader, waiting), queues=_queues(loader, site_code),
            overdue=_due(loader, late=True), soon=_due(loader, late=False), opens=_opens(loader, site_code),
            notices=_notices(loader), duties_url=page_url("duties", site_code), inbox_url=page_url("inbox", site_code),
        )  # fmt: skip
    return _remembering(html, site_code)


def _remembering(html: str, site_code: str) -> Response:
    response = make_response(html)
    if request.cookies.get(SITE_COOKIE) != site_code:
        response.set_cookie(SITE_COOKIE, site_code, max_age=YEAR, httponly=True, samesite="Lax", secure=is_https())
    return response


def _approvals(loader: Loader, waiting: Sequence[Any]) -> list[dict[str, Any]]:
    codes = site_codes(loader)
    keys = [(loader.host.step(a.step).flow, a.target_id) for a, _signature in waiting]
    about = headings(loader, keys, codes)
    names = loader.names(a.requester_id for a, _signature in waiting)
    here = loader.site.code if loader.site else None
    return [
        {
            "title": str(loader.host.step(a.step).title), "at": a.opened_at,
            "requester": names.get(a.requester_id, "") if a.requester_id else "",
            "about": about.get((loader.host.step(a.step).flow, a.target_id)) if a.target_id else None,
            "url": page_url("inbox", here, _anchor=f"a-{a.id}"),
        }
        for a, _signature in waiting[:MOST]
    ]  # fmt: skip


def _queues(loader: Loader, site_code: str) -> list[dict[str, Any]]:
    """States that wait for one of the reader's roles, with how many cases stand in them."""
    assert loader.actor is not None and loader.site is not None
    roles = set(loader.actor.facts.roles)
    found = []
    for flow in loader.host.flows.values():
        mine = [s for s in flow.states if roles & set(s.waits_for)]
        if not mine or not loader.host.is_active(flow.plugin, loader.place) or not loader.may(flow.permission):
            continue
        with loader.host.faults.apart("heading", flow.key, plugin=flow.plugin, company_id=loader.company_id,
                                      session=loader.session):  # fmt: skip
            model = flow.model
            counting = select(model.state, func.count()).where(model.company_id == loader.company_id,
                                                               model.state.in_([s.key for s in mine]))  # fmt: skip
            if hasattr(model, "site_id"):
                counting = counting.where(model.site_id == loader.site.id)
            if flow.row_filter is not None:
                counting = counting.where(flow.row_filter(loader, model))
            counts = {row[0]: row[1] for row in loader.session.execute(counting.group_by(model.state))}
            found += [
                {"flow": str(flow.title), "state": str(s.title), "tone": tone_of(s), "count": counts[s.key],
                 "url": ledger_url(flow, site_code, state=s.key)}
                for s in mine if counts.get(s.key)
            ]  # fmt: skip
    return found


def _due(loader: Loader, *, late: bool) -> list[dict[str, Any]]:
    """The cases of the site whose date has passed, or passes within a day; the oldest date first."""
    assert loader.site is not None
    query = select(Deadline).where(Deadline.company_id == loader.company_id, Deadline.site_id == loader.site.id,
                                   Deadline.state == "open", Deadline.due_at.is_not(None))  # fmt: skip
    if late:
        query = query.where(Deadline.due_at < loader.now)
    else:
        end = loader.site.calendar.end_of(loader.site.calendar.date_of(loader.now))
        query = query.where(Deadline.due_at >= loader.now, Deadline.due_at < end)
    rows = list(loader.session.scalars(query.order_by(Deadline.due_at, Deadline.id).limit(40)))
    about = headings(loader, [(row.flow, row.case_id) for row in rows], site_codes(loader))
    found = []
    for row in rows:
        heading = about.get((row.flow, row.case_id))
        if heading is not None:
            owed = loader.host.directory.role_title(loader.session, row.owed_by) if row.owed_by else ""
            found.append({"heading": heading, "title": deadline_title(loader, row.name, row.rule), "owed_by": str(owed),
                          "due": due_view(row.due_at, loader.now), "tone": tone_of(heading.state)})  # fmt: skip
    return found


def _opens(loader: Loader, site_code: str) -> list[dict[str, str]]:
    """What the reader may open here, the flows of the site's own work only."""
    found = []
    for flow in loader.host.flows.values():
        if flow.level != "site" or not flow.menu:
            continue
        for step in may_create(loader, flow):
            found.append({"title": str(step.title), "flow": str(flow.title), "url": step_url(step, None, site_code),
                          "tone": step.tone})  # fmt: skip
    return found


def _notices(loader: Loader) -> list[dict[str, Any]]:
    """The reader's latest messages of this site and of headquarters, equal ones as one."""
    assert loader.actor is not None and loader.site is not None
    query = select(Notification).where(Notification.company_id == loader.company_id,
                                       Notification.staff_id == loader.actor.id,
                                       or_(Notification.site_id == loader.site.id, Notification.site_id.is_(None)))  # fmt: skip
    rows = list(loader.session.scalars(query.order_by(Notification.at.desc(), Notification.id.desc()).limit(24)))
    return notice_parts(loader.host, rows, {loader.site.id: loader.site}, about_cases(loader, rows))[:MOST_NOTICES]


# -- headquarters ----------------------------------------------------------------------------------------


def overview() -> Response:
    """The sites that the reader reaches, with what is late there and what waits."""
    context = caller(None)
    with reading(context) as loader:
        if loader.actor is None:
            raise NotFound()
        sites = list(loader.host.directory.reachable(loader.session, loader.actor.id, loader.now))
        overdue = _counts(loader, Deadline, Deadline.state == "open", Deadline.due_at < loader.now)
        waiting = _counts(loader, Approval, Approval.state == "waiting")
        late_tasks = _counts(loader, Task, Task.state == "open", Task.due_at < loader.now)
        html = render_template(
            "guanjia/overview.html", actor=loader.actor, company=loader.place,
            sites=[
                {"name": s.name, "code": s.code, "url": page_url("today", s.code), "overdue": overdue.get(s.id, 0),
                 "waiting": waiting.get(s.id, 0), "late_tasks": late_tasks.get(s.id, 0), "vacant": _vacant(loader, s)}
                for s in sites
            ],
            approvals=_approvals(loader, waiting_here(loader, loader.actor.id)), inbox_url=page_url("inbox", None),
            left_out=loader.host.left_out, faults=faults_of_plugins(loader), failed=failed_count(loader), failed_url=page_url("messages"),
        )  # fmt: skip
    return _remembering(html, "")


def _counts(loader: Loader, model: Any, *conditions: Any) -> dict[UUID, int]:
    query = select(model.site_id, func.count()).where(model.company_id == loader.company_id, *conditions)
    return {site_id: n for site_id, n in loader.session.execute(query.group_by(model.site_id)) if site_id}


def _vacant(loader: Loader, site: SiteInfo) -> list[str]:
    """The roles that rules in force at the site ask for and that nobody holds there."""
    host, directory = loader.host, loader.host.directory
    rulebook = host.rulebooks.current(loader.session, site, loader.now)
    asked: dict[str, None] = {}
    for key in rulebook.body:
        rule = host.rule(key)
        if rule is None:
            continue
        values = rulebook.params_of(key)
        for spec in rule.params.specs():
            if spec.type == "role":
                value = values.get(spec.name, spec.default)
                asked |= dict.fromkeys(value if isinstance(value, list | tuple) else [value])
    return [
        str(directory.role_title(loader.session, role))
        for role in asked
        if role and directory.holders(loader.session, role, site.id, loader.now).vacant
    ]
