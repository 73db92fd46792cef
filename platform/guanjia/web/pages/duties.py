"""Duties: the tasks that rules made, by what is still owed, what is late, and what was done."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select

from guanjia.errors import NotFound
from guanjia.steps.loader import Loader
from guanjia.steps.models import Task
from guanjia.steps.tasks import is_late
from guanjia.web.addresses import case_url, form_url, page_url, step_url
from guanjia.web.caller import caller, reading
from guanjia.web.pages.headings import headings, site_codes
from guanjia.web.shell import tasks_here
from guanjia.web.shown import due_view, tone_of
from guanjia.words import Message, words

_ = words("guanjia")

MOST = 100
SHOWN = {"mine": _("Mine, open"), "open": _("All open"), "late": _("Overdue"), "done": _("Done or excused")}


def duties(site_code: str | None = None) -> str:
    """The tasks of the site (of headquarters), those that the reader owes first."""
    context = caller(site_code)
    with reading(context) as loader:
        if loader.actor is None:
            raise NotFound()
        chosen = request.args.get("show", "mine")
        chosen = chosen if chosen in SHOWN else "mine"
        mine = tasks_here(loader, loader.actor)
        found = mine if chosen == "mine" else _read(loader, chosen)
        return render_template(
            "guanjia/duties.html", tasks=task_parts(loader, found, site_code), chosen=chosen,
            shown_chips=[{"title": str(title), "url": page_url("duties", site_code, show=key), "on": key == chosen}
                   for key, title in SHOWN.items()],
            cut=len(found) >= MOST, crumbs=[(str(_("Duties")), None)],
        )  # fmt: skip


def _read(loader: Loader, chosen: str) -> list[Task]:
    site_id = loader.site.id if loader.site else None
    query = select(Task).where(Task.company_id == loader.company_id, Task.site_id == site_id)
    if chosen == "done":
        query = query.where(Task.state != "open").order_by(Task.closed_at.desc())
    else:
        query = query.where(Task.state == "open").order_by(Task.due_at.is_(None), Task.due_at)
        if chosen == "late":
            query = query.where(Task.due_at < loader.now)
    return list(loader.session.scalars(query.limit(MOST)))


def task_parts(loader: Loader, tasks: list[Task], site_code: str | None) -> list[dict[str, Any]]:
    """Tasks as the pages list them: what, by whom, until when, by which rule, about which case."""
    names = loader.names(task.staff_id for task in tasks)
    about = headings(loader, [(task.target_flow, task.target_id) for task in tasks], site_codes(loader))
    flow = loader.host.flow("guanjia.task")
    found = []
    for task in tasks:
        who = names.get(task.staff_id, "") if task.staff_id else ""
        if not who and task.role:
            who = str(loader.host.directory.role_title(loader.session, task.role))
        text = loader.host.texts.get(task.rule)
        state = flow.state(task.state)
        found.append({
            "title": str(Message.from_json(task.title)), "who": who, "url": case_url(flow, task.id, site_code),
            "rule": f"{text.refs} {text.title}" if text else "", "late": is_late(task, loader.now),
            "due": due_view(task.due_at, loader.now) if task.state == "open" and task.due_at else None,
            "state": state, "tone": tone_of(state), "closed_at": task.closed_at, "owed": task.owed, "met": task.met,
            "about": about.get((task.target_flow, task.target_id)) if task.target_flow and task.target_id else None,
            **_how(loader, task, site_code),
        })  # fmt: skip
    return found


def _how(loader: Loader, task: Task, site_code: str | None) -> dict[str, Any]:
    """Where an open task is done, and what the button says: the step that opens what is owed, else a report by hand."""
    if task.state != "open":
        return {"done_url": None, "done_title": "", "begin_url": None}
    for key in task.met_by if task.target_id is None else ():
        flow = loader.host.flows.get(key.rpartition(".")[0])
        step = flow.steps.get(key.rpartition(".")[2]) if flow is not None else None
        if step is not None and step.creates:
            url = step_url(step, None, site_code)
            return {"done_url": url, "done_title": str(step.title), "begin_url": url}
    done = loader.host.flow("guanjia.task").steps["done"]
    return {"done_url": form_url(done, task.id, site_code), "done_title": str(_("Report as done")), "begin_url": None}
