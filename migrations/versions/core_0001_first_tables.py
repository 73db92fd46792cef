"""first tables"""

import sqlalchemy as sa
from alembic import op

import guanjia.db.types
from guanjia.db.migrate import open_tables, secure_tables

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "guanjia_beacon",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guanjia_beacon")),
        info={"outside_walls": True},
    )
    op.create_index(op.f("ix_guanjia_beacon_due_at"), "guanjia_beacon", ["due_at"], unique=False)
    op.create_table(
        "guanjia_tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guanjia_tenant")),
        sa.UniqueConstraint("code", name=op.f("uq_guanjia_tenant_code")),
    )
    op.create_table(
        "tenants_operator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("factor", sa.String(length=400), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", guanjia.db.types.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_operator")),
        sa.UniqueConstraint("account", name=op.f("uq_tenants_operator_account")),
        info={"outside_walls": True},
    )
    op.create_table(
        "tenants_operator_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_operator_session")),
        info={"outside_walls": True},
    )
    op.create_index(
        op.f("ix_tenants_operator_session_operator_id"), "tenants_operator_session", ["operator_id"], unique=False
    )
    op.create_table(
        "tenants_sign_in_throttle",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants_sign_in_throttle")),
        info={"outside_walls": True},
    )
    op.create_index(op.f("ix_tenants_sign_in_throttle_last_at"), "tenants_sign_in_throttle", ["last_at"], unique=False)
    op.create_table(
        "guanjia_answered",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("answer", guanjia.db.types.JsonText(), nullable=True),
        sa.Column("at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_answered_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_answered")),
        sa.UniqueConstraint("company_id", "actor_id", "key", name=op.f("uq_guanjia_answered_company_id_actor_id_key")),
    )
    op.create_table(
        "guanjia_duty_mark",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_duty_mark_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_duty_mark")),
        sa.UniqueConstraint("company_id", "rule", "period", name=op.f("uq_guanjia_duty_mark_company_id_rule_period")),
    )
    op.create_table(
        "guanjia_journal_detail",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("erased_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("erased_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_journal_detail_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_journal_detail")),
    )
    op.create_table(
        "guanjia_journal_head",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_journal_head_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_journal_head")),
    )
    op.create_table(
        "guanjia_plugin_fault",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_plugin_fault_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_plugin_fault")),
        sa.UniqueConstraint(
            "company_id",
            "plugin",
            "kind",
            "subject",
            name=op.f("uq_guanjia_plugin_fault_company_id_plugin_kind_subject"),
        ),
    )
    op.create_table(
        "guanjia_rulebook",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("stored_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_rulebook_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_rulebook")),
    )
    op.create_table(
        "tenants_calendar_year",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_calendar_year_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_calendar_year")),
        sa.UniqueConstraint("company_id", "year", name=op.f("uq_tenants_calendar_year_company_id_year")),
    )
    op.create_table(
        "tenants_company",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("password_min_length", sa.Integer(), nullable=False),
        sa.Column("password_level3", sa.Boolean(), nullable=False),
        sa.Column("password_max_days", sa.Integer(), nullable=False),
        sa.Column("password_history", sa.Integer(), nullable=False),
        sa.Column("session_idle_minutes", sa.Integer(), nullable=True),
        sa.Column("session_absolute_hours", sa.Integer(), nullable=True),
        sa.Column("second_factor_roles", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_company_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_company")),
        sa.UniqueConstraint("company_id", name=op.f("uq_tenants_company_company_id")),
    )
    op.create_table(
        "tenants_credential",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("former", guanjia.db.types.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_credential_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_credential")),
    )
    op.create_table(
        "tenants_notice_wish",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("digest_hour", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_to", sa.Time(), nullable=False),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_notice_wish_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_notice_wish")),
    )
    op.create_table(
        "tenants_org_unit",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "parent_id"],
            ["tenants_org_unit.company_id", "tenants_org_unit.id"],
            name=op.f("fk_tenants_org_unit_company_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_org_unit_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_org_unit")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_tenants_org_unit_company_id_code")),
    )
    op.create_index(
        op.f("ix_tenants_org_unit_company_id_parent_id"), "tenants_org_unit", ["company_id", "parent_id"], unique=False
    )
    op.create_table(
        "tenants_role",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("title_zh", sa.String(length=60), nullable=False),
        sa.Column("title_en", sa.String(length=60), nullable=False),
        sa.Column("description_zh", sa.String(length=300), nullable=False),
        sa.Column("description_en", sa.String(length=300), nullable=False),
        sa.Column("permissions", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("decided", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("standard", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_role_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_role")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_tenants_role_company_id_key")),
    )
    op.create_table(
        "tenants_second_factor",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(length=400), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("enrolled_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_second_factor_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_second_factor")),
    )
    op.create_table(
        "tenants_webhook",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("events", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("sites", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("sealed_secrets", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("secret_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_webhook_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_webhook")),
    )
    op.create_table(
        "tenants_site",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("org_unit_id", sa.Uuid(), nullable=True),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "org_unit_id"],
            ["tenants_org_unit.company_id", "tenants_org_unit.id"],
            name=op.f("fk_tenants_site_company_id_org_unit_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_site_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_site")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_tenants_site_company_id_code")),
    )
    op.create_index(
        op.f("ix_tenants_site_company_id_org_unit_id"), "tenants_site", ["company_id", "org_unit_id"], unique=False
    )
    op.create_table(
        "guanjia_clock_stop",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow", sa.String(length=80), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("from_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("to_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_clock_stop_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_clock_stop_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_clock_stop")),
    )
    op.create_index("ix_guanjia_clock_stop_case", "guanjia_clock_stop", ["company_id", "flow", "case_id"], unique=False)
    op.create_table(
        "guanjia_deadline",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("flow", sa.String(length=80), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("starts_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("owed_by", sa.String(length=60), nullable=True),
        sa.Column("set_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("breached_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("late_excused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_deadline_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_deadline_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_deadline")),
    )
    op.create_index("ix_guanjia_deadline_case", "guanjia_deadline", ["company_id", "flow", "case_id"], unique=False)
    op.create_index(
        "ix_guanjia_deadline_open", "guanjia_deadline", ["company_id", "site_id", "state", "due_at"], unique=False
    )
    op.create_table(
        "guanjia_delivery",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=160), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("content", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resting", sa.Boolean(), nullable=False),
        sa.Column("created_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("tried_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("done_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("fault", guanjia.db.types.JsonText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_delivery_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_delivery_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_delivery")),
        sa.UniqueConstraint("company_id", "origin", name=op.f("uq_guanjia_delivery_company_id_origin")),
    )
    op.create_index("ix_guanjia_delivery_created", "guanjia_delivery", ["company_id", "created_at"], unique=False)
    op.create_index(
        "ix_guanjia_delivery_resting", "guanjia_delivery", ["company_id", "kind", "state", "resting"], unique=False
    )
    op.create_index(
        "ix_guanjia_delivery_target", "guanjia_delivery", ["company_id", "target_id", "created_at"], unique=False
    )
    op.create_table(
        "guanjia_journal",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("step", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_journal_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_journal_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_journal")),
        sa.UniqueConstraint("company_id", "chain_id", "seq", name=op.f("uq_guanjia_journal_company_id_chain_id_seq")),
    )
    op.create_index("ix_guanjia_journal_case", "guanjia_journal", ["company_id", "case_id", "seq"], unique=False)
    op.create_index("ix_guanjia_journal_step", "guanjia_journal", ["company_id", "site_id", "step", "at"], unique=False)
    op.create_table(
        "guanjia_outbox",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("payload", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("dedupe", sa.String(length=200), nullable=True),
        sa.Column("run_after", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("in_hand", sa.Boolean(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("created_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_outbox_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_outbox_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_outbox")),
        sa.UniqueConstraint("company_id", "dedupe", name=op.f("uq_guanjia_outbox_company_id_dedupe")),
    )
    op.create_index("ix_guanjia_outbox_due", "guanjia_outbox", ["company_id", "state", "run_after"], unique=False)
    op.create_table(
        "guanjia_series",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_series_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_series_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_series")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_guanjia_series_company_id_site_id_id")),
        sa.UniqueConstraint(
            "company_id", "site_id", "kind", "year", name=op.f("uq_guanjia_series_company_id_site_id_kind_year")
        ),
    )
    op.create_table(
        "tenants_staff",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_staff_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_staff_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_staff_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_staff")),
        sa.UniqueConstraint("company_id", "account", name=op.f("uq_tenants_staff_company_id_account")),
    )
    op.create_table(
        "guanjia_approval",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=120), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("requester_id", sa.Uuid(), nullable=True),
        sa.Column("form", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("due_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", guanjia.db.types.JsonText(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_approval_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "requester_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_approval_company_id_requester_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_approval_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_approval_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_approval")),
    )
    op.create_index("ix_guanjia_approval_target", "guanjia_approval", ["company_id", "target_id"], unique=False)
    op.create_index("ix_guanjia_approval_waiting", "guanjia_approval", ["company_id", "site_id", "state"], unique=False)
    op.create_table(
        "guanjia_failed_message",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("about_flow", sa.String(length=80), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("fault", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_failed_message_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_failed_message_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_failed_message")),
    )
    op.create_index(
        "ix_guanjia_failed_message_message", "guanjia_failed_message", ["company_id", "message_id"], unique=False
    )
    op.create_index(
        "ix_guanjia_failed_message_state", "guanjia_failed_message", ["company_id", "state", "opened_at"], unique=False
    )
    op.create_table(
        "guanjia_file",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("uploaded_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("flow", sa.String(length=80), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.String(length=120), nullable=True),
        sa.Column("field", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_file_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "uploaded_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_file_company_id_uploaded_by"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_file_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_file")),
    )
    op.create_index("ix_guanjia_file_case", "guanjia_file", ["company_id", "case_id"], unique=False)
    op.create_table(
        "guanjia_notification",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("message", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=True),
        sa.Column("flow", sa.String(length=80), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("read_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("origin", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_notification_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_notification_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_notification_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_notification")),
        sa.UniqueConstraint(
            "company_id", "origin", "staff_id", name=op.f("uq_guanjia_notification_company_id_origin_staff_id")
        ),
    )
    op.create_index(
        "ix_guanjia_notification_staff", "guanjia_notification", ["company_id", "staff_id", "at"], unique=False
    )
    op.create_table(
        "guanjia_task",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("title", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("owed", sa.Integer(), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("met_by", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("target_flow", sa.String(length=80), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.String(length=160), nullable=False),
        sa.Column("breached_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_task_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_guanjia_task_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_task_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_task_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_task")),
        sa.UniqueConstraint("company_id", "origin", name=op.f("uq_guanjia_task_company_id_origin")),
    )
    op.create_index("ix_guanjia_task_open", "guanjia_task", ["company_id", "site_id", "state", "due_at"], unique=False)
    op.create_index(
        "ix_guanjia_task_target",
        "guanjia_task",
        ["company_id", "target_id"],
        unique=False,
        postgresql_where=sa.text("target_id IS NOT NULL"),
        sqlite_where=sa.text("target_id IS NOT NULL"),
    )
    op.create_table(
        "tenants_absence",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("from_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "deputy_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_absence_company_id_deputy_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_absence_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_absence_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_absence_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_absence_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_absence")),
    )
    op.create_index(
        op.f("ix_tenants_absence_company_id_staff_id"), "tenants_absence", ["company_id", "staff_id"], unique=False
    )
    op.create_table(
        "tenants_api_token",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("expires_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_api_token_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_api_token_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_api_token_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_api_token_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_api_token")),
        sa.UniqueConstraint("company_id", "digest", name=op.f("uq_tenants_api_token_company_id_digest")),
    )
    op.create_index(
        op.f("ix_tenants_api_token_company_id_staff_id"), "tenants_api_token", ["company_id", "staff_id"], unique=False
    )
    op.create_table(
        "tenants_assignment",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("role_key", sa.String(length=60), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_assignment_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "role_key"],
            ["tenants_role.company_id", "tenants_role.key"],
            name=op.f("fk_tenants_assignment_company_id_role_key"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_assignment_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_assignment_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_assignment_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_assignment")),
    )
    op.create_index(
        op.f("ix_tenants_assignment_company_id_staff_id"),
        "tenants_assignment",
        ["company_id", "staff_id"],
        unique=False,
    )
    op.create_index(
        "ix_tenants_assignment_scope", "tenants_assignment", ["company_id", "scope_id", "role_key"], unique=False
    )
    op.create_table(
        "tenants_calendar_day",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_calendar_day_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_calendar_day_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_calendar_day_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_calendar_day")),
        sa.UniqueConstraint(
            "company_id", "site_id", "day", name=op.f("uq_tenants_calendar_day_company_id_site_id_day")
        ),
    )
    op.create_table(
        "tenants_department",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("title_zh", sa.String(length=60), nullable=False),
        sa.Column("title_en", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_department_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_department_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_department_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_department")),
        sa.UniqueConstraint("company_id", "site_id", "key", name=op.f("uq_tenants_department_company_id_site_id_key")),
    )
    op.create_table(
        "tenants_group_robot",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sealed_address", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("address_end", sa.String(length=8), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("roles", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_to", sa.Time(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_group_robot_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_group_robot_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_group_robot_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_group_robot")),
    )
    op.create_table(
        "tenants_login_session",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "staff_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_login_session_company_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_login_session_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_login_session")),
        sa.UniqueConstraint("company_id", "digest", name=op.f("uq_tenants_login_session_company_id_digest")),
    )
    op.create_index(
        "ix_tenants_login_session_staff",
        "tenants_login_session",
        ["company_id", "staff_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "tenants_plugin_switch",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_plugin_switch_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_plugin_switch_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_plugin_switch_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_plugin_switch")),
        sa.UniqueConstraint(
            "company_id", "site_id", "plugin", name=op.f("uq_tenants_plugin_switch_company_id_site_id_plugin")
        ),
    )
    op.create_table(
        "tenants_rule_change",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope_kind", sa.String(length=20), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked", guanjia.db.types.JsonText(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_rule_change_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_rule_change_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["tenants_org_unit.company_id", "tenants_org_unit.id"],
            name=op.f("fk_tenants_rule_change_company_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_rule_change_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_rule_change")),
    )
    op.create_index(
        "ix_tenants_rule_change_list",
        "tenants_rule_change",
        ["company_id", "site_id", "state", "opened_at"],
        unique=False,
    )
    op.create_table(
        "guanjia_signature",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("about", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("message", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("decided_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "approval_id"],
            ["guanjia_approval.company_id", "guanjia_approval.id"],
            name=op.f("fk_guanjia_signature_company_id_approval_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "decided_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_signature_company_id_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "on_behalf_of"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_guanjia_signature_company_id_on_behalf_of"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_guanjia_signature_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_guanjia_signature")),
    )
    op.create_index(
        op.f("ix_guanjia_signature_company_id_approval_id"),
        "guanjia_signature",
        ["company_id", "approval_id"],
        unique=False,
    )
    op.create_table(
        "tenants_rule_setting",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("saved_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=True),
        sa.Column("params", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("options", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("locked_params", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("granted", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "author_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_tenants_rule_setting_company_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "change_id"],
            ["tenants_rule_change.company_id", "tenants_rule_change.id"],
            name=op.f("fk_tenants_rule_setting_company_id_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_tenants_rule_setting_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unit_id"],
            ["tenants_org_unit.company_id", "tenants_org_unit.id"],
            name=op.f("fk_tenants_rule_setting_company_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_tenants_rule_setting_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_tenants_rule_setting")),
    )
    op.create_index(
        op.f("ix_tenants_rule_setting_company_id_change_id"),
        "tenants_rule_setting",
        ["company_id", "change_id"],
        unique=False,
    )
    op.create_index(
        "ix_tenants_rule_setting_rule", "tenants_rule_setting", ["company_id", "rule", "saved_at"], unique=False
    )
    secure_tables(
        op,
        "guanjia_answered",
        "guanjia_duty_mark",
        "guanjia_journal_detail",
        "guanjia_journal_head",
        "guanjia_plugin_fault",
        "guanjia_rulebook",
        "tenants_calendar_year",
        "tenants_company",
        "tenants_credential",
        "tenants_notice_wish",
        "tenants_org_unit",
        "tenants_role",
        "tenants_second_factor",
        "tenants_webhook",
        "tenants_site",
        "guanjia_clock_stop",
        "guanjia_deadline",
        "guanjia_delivery",
        "guanjia_journal",
        "guanjia_outbox",
        "guanjia_series",
        "tenants_staff",
        "guanjia_approval",
        "guanjia_failed_message",
        "guanjia_file",
        "guanjia_notification",
        "guanjia_task",
        "tenants_absence",
        "tenants_api_token",
        "tenants_assignment",
        "tenants_calendar_day",
        "tenants_department",
        "tenants_group_robot",
        "tenants_login_session",
        "tenants_plugin_switch",
        "tenants_rule_change",
        "guanjia_signature",
        "tenants_rule_setting",
    )
    open_tables(
        op,
        "guanjia_beacon",
        "guanjia_tenant",
        "tenants_operator",
        "tenants_operator_session",
        "tenants_sign_in_throttle",
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_index("ix_tenants_rule_setting_rule", table_name="tenants_rule_setting")
    op.drop_index(op.f("ix_tenants_rule_setting_company_id_change_id"), table_name="tenants_rule_setting")
    op.drop_table("tenants_rule_setting")
    op.drop_index(op.f("ix_guanjia_signature_company_id_approval_id"), table_name="guanjia_signature")
    op.drop_table("guanjia_signature")
    op.drop_index("ix_tenants_rule_change_list", table_name="tenants_rule_change")
    op.drop_table("tenants_rule_change")
    op.drop_table("tenants_plugin_switch")
    op.drop_index("ix_tenants_login_session_staff", table_name="tenants_login_session")
    op.drop_table("tenants_login_session")
    op.drop_table("tenants_group_robot")
    op.drop_table("tenants_department")
    op.drop_table("tenants_calendar_day")
    op.drop_index("ix_tenants_assignment_scope", table_name="tenants_assignment")
    op.drop_index(op.f("ix_tenants_assignment_company_id_staff_id"), table_name="tenants_assignment")
    op.drop_table("tenants_assignment")
    op.drop_index(op.f("ix_tenants_api_token_company_id_staff_id"), table_name="tenants_api_token")
    op.drop_table("tenants_api_token")
    op.drop_index(op.f("ix_tenants_absence_company_id_staff_id"), table_name="tenants_absence")
    op.drop_table("tenants_absence")
    op.drop_index(
        "ix_guanjia_task_target",
        table_name="guanjia_task",
        postgresql_where=sa.text("target_id IS NOT NULL"),
        sqlite_where=sa.text("target_id IS NOT NULL"),
    )
    op.drop_index("ix_guanjia_task_open", table_name="guanjia_task")
    op.drop_table("guanjia_task")
    op.drop_index("ix_guanjia_notification_staff", table_name="guanjia_notification")
    op.drop_table("guanjia_notification")
    op.drop_index("ix_guanjia_file_case", table_name="guanjia_file")
    op.drop_table("guanjia_file")
    op.drop_index("ix_guanjia_failed_message_state", table_name="guanjia_failed_message")
    op.drop_index("ix_guanjia_failed_message_message", table_name="guanjia_failed_message")
    op.drop_table("guanjia_failed_message")
    op.drop_index("ix_guanjia_approval_waiting", table_name="guanjia_approval")
    op.drop_index("ix_guanjia_approval_target", table_name="guanjia_approval")
    op.drop_table("guanjia_approval")
    op.drop_table("tenants_staff")
    op.drop_table("guanjia_series")
    op.drop_index("ix_guanjia_outbox_due", table_name="guanjia_outbox")
    op.drop_table("guanjia_outbox")
    op.drop_index("ix_guanjia_journal_step", table_name="guanjia_journal")
    op.drop_index("ix_guanjia_journal_case", table_name="guanjia_journal")
    op.drop_table("guanjia_journal")
    op.drop_index("ix_guanjia_delivery_target", table_name="guanjia_delivery")
    op.drop_index("ix_guanjia_delivery_resting", table_name="guanjia_delivery")
    op.drop_index("ix_guanjia_delivery_created", table_name="guanjia_delivery")
    op.drop_table("guanjia_delivery")
    op.drop_index("ix_guanjia_deadline_open", table_name="guanjia_deadline")
    op.drop_index("ix_guanjia_deadline_case", table_name="guanjia_deadline")
    op.drop_table("guanjia_deadline")
    op.drop_index("ix_guanjia_clock_stop_case", table_name="guanjia_clock_stop")
    op.drop_table("guanjia_clock_stop")
    op.drop_index(op.f("ix_tenants_site_company_id_org_unit_id"), table_name="tenants_site")
    op.drop_table("tenants_site")
    op.drop_table("tenants_webhook")
    op.drop_table("tenants_second_factor")
    op.drop_table("tenants_role")
    op.drop_index(op.f("ix_tenants_org_unit_company_id_parent_id"), table_name="tenants_org_unit")
    op.drop_table("tenants_org_unit")
    op.drop_table("tenants_notice_wish")
    op.drop_table("tenants_credential")
    op.drop_table("tenants_company")
    op.drop_table("tenants_calendar_year")
    op.drop_table("guanjia_rulebook")
    op.drop_table("guanjia_plugin_fault")
    op.drop_table("guanjia_journal_head")
    op.drop_table("guanjia_journal_detail")
    op.drop_table("guanjia_duty_mark")
    op.drop_table("guanjia_answered")
    op.drop_index(op.f("ix_tenants_sign_in_throttle_last_at"), table_name="tenants_sign_in_throttle")
    op.drop_table("tenants_sign_in_throttle")
    op.drop_index(op.f("ix_tenants_operator_session_operator_id"), table_name="tenants_operator_session")
    op.drop_table("tenants_operator_session")
    op.drop_table("tenants_operator")
    op.drop_table("guanjia_tenant")
    op.drop_index(op.f("ix_guanjia_beacon_due_at"), table_name="guanjia_beacon")
    op.drop_table("guanjia_beacon")
