"""What was reported later and does not fit any more: kept in the journal and put before whoever reported it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from guanjia.db.session import TenantSession
from guanjia.steps import journal
from guanjia.steps.changes import plain, without_secrets
from guanjia.steps.commands import MakeTask, command_to_json
from guanjia.steps.context import Context
from guanjia.steps.flow import Step
from guanjia.steps.outbox import light_beacons, schedule
from guanjia.words import words

_ = words("guanjia")

RULE = "guanjia.late_report"


def keep_conflict(
    session: TenantSession, caller: Context, step: Step, case_id: UUID, raw: Mapping[str, Any], occurred_at: datetime
) -> None:
    """The late report is not lost: its entry stands in the case's timeline, and its actor has a task to settle it."""
    host = caller.host
    case = session.get(host.flow(step.flow).model, (session.company_id, case_id))
    if case is None or caller.actor_id is None:
        return
    now = host.clock.now()
    site_id = getattr(case, "site_id", None)
    body = {"v": 1, "via": caller.via, "occurred_at": occurred_at.isoformat(), "state": case.state}
    private = {"form": plain(without_secrets(step.form, raw))} if raw else {}
    entry = journal.Entry(
        site_id=site_id, at=now, step=step.key, outcome="conflict", case_id=case_id, actor_id=caller.actor_id,
        body=body, private=private,
    )  # fmt: skip
    title = _(
        'Settle: "%(step)s" of %(at)s was reported later and no longer fits this case.', step=step.title, at=occurred_at
    )
    payload = {
        "rule": RULE, "step": step.key, "flow": step.flow, "case": str(case_id), "number": None, "since": now.isoformat(),
        "actor": None, "command": command_to_json(MakeTask(title=title, staff=caller.actor_id)),
    }  # fmt: skip
    dedupe = f"conflict:{case_id}:{step.name}:{caller.actor_id}:{occurred_at.isoformat()}"
    if schedule(session, host, "MakeTask", payload, at=now, site_id=site_id, dedupe=dedupe) is None:
        return
    light_beacons(session, host)
    journal.write(session, host.ids, entry)
    session.commit()
    host.after_commit(caller.company_id)
