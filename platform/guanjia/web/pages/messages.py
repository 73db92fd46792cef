"""Messages that failed, for headquarters: what, about which case, why, how often; tried again or given up, many at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from guanjia.errors import Forbidden, GuanjiaError
from guanjia.sdk import Context
from guanjia.steps.ledger import Query, read_page
from guanjia.steps.messages import PERMISSION, messages
from guanjia.web.addresses import case_url, ledger_url, page_url
from guanjia.web.caller import caller, reading
from guanjia.words import words

_ = words("guanjia")

MOST = 100


def failed() -> str | Response:
    """The messages that wait for a decision, the latest first; a post takes the chosen step with each that is chosen."""
    context = caller(None)
    if request.method == "POST":
        with reading(context) as loader:
            if not loader.may(PERMISSION):
                raise Forbidden()
        _settle(context, request.form.getlist("message"), request.form.get("act", ""), request.form.get("reason", ""))
        return redirect(page_url("messages"), 303)
    with reading(context) as loader:
        page = read_page(loader, messages, Query(states=("failed",), limit=MOST))
        rows = [
            {"id": row.case.id, "url": case_url(messages, row.case.id, None), "at": row.case.opened_at,
             "attempts": row.case.attempts, **{name: row.values[name] for name in ("what", "about", "place", "said")}}
            for row in page.rows
        ]  # fmt: skip
        return render_template(
            "guanjia/messages.html", rows=rows, more=page.next_cursor is not None, most=MOST,
            all_url=ledger_url(messages, None), crumbs=[(str(_("Messages that failed")), None)],
        )  # fmt: skip


def _settle(context: Context, chosen: list[str], act: str, reason: str) -> None:
    step, form = ("retry", {}) if act == "retry" else ("drop", {"reason": reason})
    done, left = 0, 0
    why: dict[str, None] = {}
    for value in chosen[:MOST]:
        try:
            context.perform(f"{messages.key}.{step}", UUID(value), form)
            done += 1
        except GuanjiaError as error:
            left += 1
            why[str(error.detail)] = None
        except ValueError:
            left += 1
    if done:
        said: Any = (
            _("%(n)s messages are tried again. What fails anew comes back here.", n=done)
            if step == "retry"
            else _("%(n)s messages are given up; the reason stays on record.", n=done)
        )
        flash(str(said), "success")
    if left:
        flash(" ".join([str(_("%(n)s messages were left as they are.", n=left)), *why]), "warning")
    if not chosen:
        flash(str(_("Choose at least one message first.")), "warning")
