"""Steps that integrations are told of: one event a step and subscription, put into the outbox in the step's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guanjia.channels.models import WEBHOOK
from guanjia.channels.queue import put
from guanjia.channels.webhooks import event_of

if TYPE_CHECKING:
    from guanjia.steps.context import StepContext


def tell_subscribers(ctx: StepContext, case: Any) -> None:
    """Every subscription that wants the step has its event waiting; it goes out only if the step is committed.

    Where no subscription wants it, this costs no statement.
    """
    site_id = getattr(case, "site_id", None) or (ctx.site.id if ctx.site else None)
    wanting = [s for s in ctx.host.channels.subscriptions(ctx.session) if s.wants(ctx.step.key, site_id)]
    if not wanting:
        return
    event_id = ctx.host.ids.new()
    event = event_of(
        event_id=event_id, type_=ctx.step.key, at=ctx.now, company_id=ctx.session.company_id, site_id=site_id,
        case_id=case.id, number=getattr(case, "number", None), state=case.state, step=ctx.step.key, actor_id=ctx.actor_id,
    )  # fmt: skip
    for subscription in wanting:
        put(
            ctx.session, ctx.host, WEBHOOK, subscription.id, f"event:{event_id}:{subscription.id}",
            about=ctx.step.key, content=event, at=ctx.recorded_at, site_id=site_id,
        )  # fmt: skip
