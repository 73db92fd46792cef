"""The rule settings of a company as the rule engine takes them."""

from __future__ import annotations

from sqlalchemy import select

from guanjia.db.session import TenantSession
from guanjia.rules.settings import Setting
from tenants.settings.models import RuleChange, RuleSetting


def load_settings(session: TenantSession, *, rule: str | None = None) -> list[Setting]:
    """All settings of the company (or of one rule) in the order in which they were saved, in one statement."""
    row = RuleSetting
    query = (
        select(
            row.id, row.unit_id, row.site_id, row.rule, row.from_day, row.saved_at, row.is_on, row.params,
            row.options, row.is_locked, row.locked_params, row.granted, row.author_id, RuleChange.reason,
        )
        .join(RuleChange, (RuleChange.company_id == row.company_id) & (RuleChange.id == row.change_id))
        .where(row.company_id == session.company_id, RuleChange.company_id == session.company_id)
        .order_by(row.saved_at, row.id)
    )  # fmt: skip
    if rule is not None:
        query = query.where(row.rule == rule)
    return [
        Setting(
            id=found.id,
            scope=found.unit_id or found.site_id or session.company_id,
            rule=found.rule,
            from_day=found.from_day,
            saved_at=found.saved_at,
            on=found.is_on,
            params=found.params,
            options=found.options,
            lock=found.is_locked,
            locked_params=frozenset(found.locked_params),
            author=found.author_id,
            reason=found.reason,
            granted=frozenset(found.granted),
        )
        for found in session.execute(query)
    ]


def row_of(setting: Setting, change: RuleChange) -> RuleSetting:
    """The row that keeps `setting`, as part of `change`."""
    return RuleSetting(
        company_id=change.company_id,
        id=setting.id,
        change_id=change.id,
        unit_id=change.unit_id,
        site_id=change.site_id,
        rule=setting.rule,
        from_day=setting.from_day,
        saved_at=setting.saved_at,
        is_on=setting.on,
        params=dict(setting.params),
        options=dict(setting.options),
        is_locked=setting.lock,
        locked_params=sorted(setting.locked_params),
        granted=sorted(setting.granted),
        author_id=setting.author,
    )
