"""Tables of rule settings. A setting is written once: it is succeeded by a later one, never changed or deleted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Index, String, event
from sqlalchemy.orm import Mapped, ORMExecuteState, mapped_column

from guanjia.db.session import TenantSession
from guanjia.sdk import STAFF_TABLE, CompanyCase, JsonText, MaybeSiteScoped, UtcDateTime, reference

UNIT_TABLE = "tenants_org_unit"


class RuleChange(CompanyCase):
    """One change of rules: entered and in force from its day on, or asked of headquarters by an office.

    The scope is the company, the org unit `unit_id`, or the site `site_id`. `asked` keeps the rules that were asked
    for, as the form had them, until headquarters answers. States: entered, asked, granted, rejected, withdrawn.
    """

    __tablename__ = "tenants_rule_change"
    scope_kind: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[UUID | None] = reference(UNIT_TABLE, nullable=True)
    from_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(500))
    asked: Mapped[Any] = mapped_column(JsonText, nullable=True)
    answer: Mapped[str] = mapped_column(String(500), default="")

    @property
    def scope_id(self) -> UUID:
        """The company, the org unit or the site whose rules change."""
        return self.unit_id or self.site_id or self.company_id

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by what waits at headquarters or at a site, newest first."""
        return (Index("ix_tenants_rule_change_list", "company_id", "site_id", "state", "opened_at"),)


class RuleSetting(MaybeSiteScoped):
    """What one scope wants of one rule from a day on. `is_on` None and a name without value mean: inherit.

    `granted` names what counts here in spite of a lock above, because headquarters granted it.
    """

    __tablename__ = "tenants_rule_setting"
    change_id: Mapped[UUID] = reference("tenants_rule_change", index=True)
    unit_id: Mapped[UUID | None] = reference(UNIT_TABLE, nullable=True)
    rule: Mapped[str] = mapped_column(String(120))
    from_day: Mapped[date] = mapped_column(Date)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_on: Mapped[bool | None] = mapped_column()
    params: Mapped[dict[str, Any]] = mapped_column(JsonText)
    options: Mapped[dict[str, Any]] = mapped_column(JsonText)
    is_locked: Mapped[bool] = mapped_column(default=False)
    locked_params: Mapped[list[str]] = mapped_column(JsonText)
    granted: Mapped[list[str]] = mapped_column(JsonText)
    author_id: Mapped[UUID | None] = reference(STAFF_TABLE, nullable=True)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A rule's history is found by index."""
        return (Index("ix_tenants_rule_setting_rule", "company_id", "rule", "saved_at"),)


@event.listens_for(RuleSetting, "before_update")
@event.listens_for(RuleSetting, "before_delete")
def _written_once(_mapper: Any, _connection: Any, row: RuleSetting) -> None:
    raise RuntimeError(f"the setting {row.id} of {row.rule} is never changed: enter one that succeeds it")


@event.listens_for(TenantSession, "do_orm_execute")
def _not_in_bulk_either(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if (state.is_update or state.is_delete) and mapper is not None and mapper.class_ is RuleSetting:
        raise RuntimeError("settings are never changed: enter one that succeeds it")


__all__ = ["RuleChange", "RuleSetting"]
