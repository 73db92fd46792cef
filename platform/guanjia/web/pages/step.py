"""Taking a step: its form on a page of its own, and its post, which ends at the case or comes back filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from guanjia.errors import Forbidden, Invalid, KeyReused, NotFound, Refused, Stale, Unavailable, Waiting, WrongState
from guanjia.steps.context import Context
from guanjia.steps.flow import SITE, Flow, Step
from guanjia.steps.gather import judge
from guanjia.steps.kept_forms import shown_form
from guanjia.steps.loader import Loader
from guanjia.steps.models import Approval
from guanjia.steps.outcome import Done
from guanjia.steps.view import ReasonView, find_case, present, reason_view, timeline
from guanjia.web import errors as error_pages
from guanjia.web.addresses import case_url, form_url, ledger_url, page_url
from guanjia.web.caller import caller, current_host, reading
from guanjia.web.forms import FormView
from guanjia.web.pages.cells import facts_of
from guanjia.web.pages.headings import flow_of
from guanjia.web.pages.posting import HAPPENED, HappenedForm, Posted, read_post, view_form
from guanjia.web.shown import listed, reason_parts, state_of, timeline_parts, tone_of
from guanjia.words import words

_ = words("guanjia")


@dataclass
class Outcome:
    """How a step that did not go through comes back: status, what stands above the form, what is marked in it."""

    status: int = 200
    errors: Mapping[str, Any] | None = None
    reasons: Sequence[Any] = ()
    changed: Sequence[Any] = ()
    said: str = ""
    posted: Posted | None = None
    marks: dict[str, Any] = field(default_factory=dict)

    def key(self, context: Context) -> str:
        """The key against sending twice for the page that follows: the one that was sent, where it may be that the step
        was taken and its answer lost; else a new one."""
        sent = self.posted.key if self.posted is not None and self.status == Unavailable.status else None
        return sent or str(context.host.ids.new())


def new(plugin: str, flow: str, step: str, site_code: str | None = None) -> str | AnyResponse:
    """The form of a step that opens a case, and its post."""
    return _step(plugin, flow, None, step, site_code)


def step(plugin: str, flow: str, case_id: UUID, step: str, site_code: str | None = None) -> str | AnyResponse:
    """The form of a step of a case, and its post."""
    return _step(plugin, flow, case_id, step, site_code)


def _step(plugin: str, flow_name: str, case_id: UUID | None, name: str, site_code: str | None) -> str | AnyResponse:
    context = caller(site_code)
    flow = flow_of(current_host(), plugin, flow_name)
    found = flow.steps.get(name)
    if found is None or found.system_only or (case_id is None and not found.creates):
        raise NotFound()
    if not found.on_page or (flow.level == SITE and site_code is None):
        raise NotFound()
    if request.method == "GET":
        return _page(context, flow, found, case_id, site_code, Outcome())
    posted = read_post(context, found)
    outcome, answer = take(context, found, case_id, posted, site_code)
    if answer is not None:
        return answer
    return Response(_page(context, flow, found, case_id, site_code, outcome), outcome.status)


def take(
    context: Context, step: Step, case_id: UUID | None, posted: Posted, site_code: str | None
) -> tuple[Outcome, AnyResponse | None]:
    """Take the step; where it went through or waits, the answer leads on, else the outcome says what to show."""
    if posted.unavailable is not None:
        return Outcome(posted.unavailable.status, {}, said=str(posted.unavailable.detail), posted=posted), None
    try:
        done = context.perform(step, case_id, posted.raw, version=posted.version, key=posted.key,
                               occurred_at=posted.occurred_at())  # fmt: skip
    except Waiting as waiting:
        return Outcome(), _wait(context, step, case_id, waiting, site_code)
    except Invalid as error:
        marks = {k: v for k, v in error.errors.items() if k in (HAPPENED, "occurred_at")}
        rest = {k: v for k, v in error.errors.items() if k not in marks}
        return Outcome(422, rest, marks=marks, posted=posted), None
    except Refused as error:
        return Outcome(422, {}, reasons=error.reasons, posted=posted), None
    except Stale as error:
        return Outcome(error.status, {}, changed=error.changed, posted=posted), None
    except KeyReused:
        said = _("This form was sent already and nothing was added. If you mean a further entry, send it once more.")
        return Outcome(422, {}, said=str(said), posted=posted), None
    except Unavailable as error:
        return Outcome(error.status, {}, said=str(error.detail), posted=posted), None
    except (WrongState, Forbidden) as error:
        retry = case_url(step.flow, case_id, site_code) if case_id else ledger_url(step.flow, site_code)
        return Outcome(error.status), error_pages.page(error, retry_url=retry)
    return Outcome(), _go_on(step, done, site_code)


def _go_on(step: Step, done: Done, site_code: str | None) -> AnyResponse:
    number = f" {done.number}" if done.number and step.creates else ""
    flash(str(_("Done: %(step)s%(number)s.", step=step.title, number=number)), "success")
    if done.late:
        flash(str(_("Recorded as reported afterwards, though rules would have refused it at the time; the site manager "
                    "has been told.")), "warning")  # fmt: skip
    return _lead_to(case_url(step.flow, done.case_id, site_code))


def _wait(context: Context, step: Step, case_id: UUID | None, waiting: Waiting, site_code: str | None) -> AnyResponse:
    with reading(context) as loader:
        views = [reason_view(loader, reason) for reason in waiting.reasons]
        roles = listed(dict.fromkeys(view.role or "" for view in views))
    flash(str(_("\"%(step)s\" is stored and waits for: %(roles)s. You will be told when it is decided.",
                step=step.title, roles=roles)), "info")  # fmt: skip
    if case_id is not None:
        return _lead_to(case_url(step.flow, case_id, site_code))
    return _lead_to(page_url("inbox", site_code, _anchor="mine"))


def _lead_to(url: str) -> AnyResponse:
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Redirect": url})
    wish = request.form.get("_next", "")
    if wish.startswith("/") and not wish.startswith(("//", "/\\")):
        url = wish
    return redirect(url, 303)


# -- the page --------------------------------------------------------------------------------------------


def _page(
    context: Context, flow: Flow, step: Step, case_id: UUID | None, site_code: str | None, outcome: Outcome
) -> str:
    with reading(context) as loader:
        case = find_case(loader, flow, case_id) if case_id is not None else None
        _check(loader, flow, step, case)
        posted = outcome.posted
        denials, asks = _verdicts(loader, context, flow, step, case)
        refused = [reason_view(loader, reason, case) for reason in outcome.reasons]
        if posted is not None:
            data: Mapping[str, Any] = posted.raw
        else:
            data = _start_values(loader, context, step, case)
        shut = bool(denials) and step.late_within is None and posted is None
        form = view_form(loader, step, case, data, errors=outcome.errors, texts=posted.texts if posted else None,
                         disabled=shut)  # fmt: skip
        happened = None
        if step.late_within is not None:
            marks = {HAPPENED: next(iter(outcome.marks.values()))} if outcome.marks else None
            happened = FormView.of(HappenedForm(), data={HAPPENED: posted.happened} if posted else {}, errors=marks)
        values = present(loader, flow, [case])[0] if case is not None else {}
        state = state_of(flow, case.state) if case is not None else None
        return render_template(
            "guanjia/step.html", flow=flow, step=step, case=case, form=form, happened=happened,
            action=form_url(step, case_id, site_code), version=case.version if case is not None else None,
            key=outcome.key(context), said=outcome.said,
            reasons=[reason_parts(view) for view in (refused or denials)], refused=bool(refused), shut=shut,
            asks=[reason_parts(view) for view in asks], changed=_changed(loader, flow, case, outcome.changed),
            cancel_url=case_url(flow, case.id, site_code) if case is not None else ledger_url(flow, site_code),
            heading=_heading(flow, case, values), state=state, tone=tone_of(state) if state else "",
            facts=facts_of(loader, flow, case, values) if case is not None else [],
            danger=step.tone == "danger", crumbs=_crumbs(flow, step, case, values, site_code),
        )  # fmt: skip


def _check(loader: Loader, flow: Flow, step: Step, case: Any) -> None:
    if not loader.host.is_active(flow.plugin, loader.place) or (flow.level == SITE and loader.site is None):
        raise NotFound()
    if not loader.may(flow.permission) or not loader.may(step.permission):
        raise Forbidden()
    state = case.state if case is not None else None
    if state not in step.moves:
        raise WrongState()


def _verdicts(
    loader: Loader, context: Context, flow: Flow, step: Step, case: Any
) -> tuple[list[ReasonView], list[ReasonView]]:
    """What the guards that need no form say already: denials, and asks that somebody else must answer."""
    host = loader.host
    kept = getattr(case, "rulebook_id", None)
    rulebook = (host.rulebooks.get(loader.session, kept) if kept
                else host.rulebooks.current(loader.session, loader.place, loader.now))  # fmt: skip
    plan = host.rulebooks.plan(rulebook)
    _facts, decision = judge(
        loader, flow, step, plan, case, {}, actor_id=context.actor_id, now=loader.now, with_form=False
    )
    return (
        [reason_view(loader, r, case) for r in decision.denials],
        [reason_view(loader, r, case) for r in decision.asks],
    )


def _start_values(loader: Loader, context: Context, step: Step, case: Any) -> Mapping[str, Any]:
    """What the form begins with: the step's own values, those of the address, or a lapsed request that is asked again."""
    values = dict(step.prefill(loader, case)) if step.prefill is not None else {}
    names = set(step.form().fields) if step.form is not None else set()
    values |= {name: text for name, text in request.args.items() if name in names}
    again = request.args.get("again", "")
    try:
        approval = loader.get(Approval, UUID(again)) if again else None
    except ValueError:
        approval = None
    if approval is not None and approval.requester_id == context.actor_id and approval.step == step.key:
        values |= shown_form(approval.form)
    return values


def _changed(loader: Loader, flow: Flow, case: Any, rows: Sequence[Any]) -> list[dict[str, Any]]:
    if case is None or not rows:
        return []
    seqs = {row.seq for row in rows}
    return timeline_parts(loader, [entry for entry in timeline(loader, flow, case) if entry.seq in seqs])


def _heading(flow: Flow, case: Any, values: Mapping[str, Any]) -> str:
    if case is None:
        return ""
    if flow.heading is not None:
        return flow.heading(case, values)
    return f"{flow.title} {getattr(case, 'number', None) or ''}".strip()


def _crumbs(
    flow: Flow, step: Step, case: Any, values: Mapping[str, Any], site_code: str | None
) -> list[tuple[str, str | None]]:
    crumbs: list[tuple[str, str | None]] = [(str(flow.title), ledger_url(flow, site_code))]
    if case is not None:
        crumbs.append((_heading(flow, case, values), case_url(flow, case.id, site_code)))
    return [*crumbs, (str(step.title), None)]
