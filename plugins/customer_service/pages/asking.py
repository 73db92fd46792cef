"""What stands against a step before it is sent, for pages made by hand."""

from __future__ import annotations

from typing import Any

from guanjia.sdk import Loader, Step
from guanjia.steps.gather import judge
from guanjia.steps.view import reason_view
from guanjia.web.shown import reason_parts
from plugins.customer_service.flow import requests


def standing_against(loader: Loader, step: Step, case: Any = None) -> list[dict[str, Any]]:
    """The denials of those guards that need no form, as the macro `reason_list` draws them."""
    books = loader.host.rulebooks
    rulebook = (books.get(loader.session, case.rulebook_id) if case is not None
                else books.current(loader.session, loader.place, loader.now))  # fmt: skip
    plan = books.plan(rulebook)
    actor_id = loader.actor.id if loader.actor else None
    _facts, decision = judge(loader, requests, step, plan, case, {}, actor_id=actor_id, now=loader.now, with_form=False)
    return [reason_parts(reason_view(loader, reason, case)) for reason in decision.denials]
