"""first tables"""

import sqlalchemy as sa
from alembic import op

import guanjia.db.types
from guanjia.db.migrate import secure_tables

revision = "customer_service_0001"
down_revision = None
branch_labels = ("customer_service",)
depends_on = ["core", "registry"]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customer_service_area",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("buildings", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "manager_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_area_company_id_manager_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_area_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_area_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_area_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_area")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_customer_service_area_company_id_site_id_id")),
    )
    op.create_table(
        "customer_service_article",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_article_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_article_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_article_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_article")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_article_company_id_site_id_id")
        ),
    )
    op.create_table(
        "customer_service_contractor",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("categories", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("review_result", sa.String(length=20), nullable=False),
        sa.Column("review_note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_contractor_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_contractor_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_contractor_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_contractor")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_contractor_company_id_site_id_id")
        ),
    )
    op.create_table(
        "customer_service_ledger_review",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("open_entries", sa.Integer(), nullable=False),
        sa.Column("important_entries", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("important", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_ledger_review_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "reviewed_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_ledger_review_company_id_reviewed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_ledger_review_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_ledger_review_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_ledger_review")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_ledger_review_company_id_site_id_id")
        ),
    )
    op.create_table(
        "customer_service_monthly",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("figures", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("drawn_up_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("water_milli", sa.BigInteger(), nullable=True),
        sa.Column("power_milli", sa.BigInteger(), nullable=True),
        sa.Column("gas_milli", sa.BigInteger(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("submitted_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_monthly_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_monthly_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "submitted_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_monthly_company_id_submitted_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_monthly_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_monthly")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_monthly_company_id_site_id_id")
        ),
        sa.UniqueConstraint(
            "company_id", "site_id", "month", name=op.f("uq_customer_service_monthly_company_id_site_id_month")
        ),
    )
    op.create_table(
        "customer_service_service",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title_zh", sa.String(length=60), nullable=False),
        sa.Column("title_en", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("department_key", sa.String(length=40), nullable=False),
        sa.Column("deadline_class", sa.String(length=20), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("not_offered_at", guanjia.db.types.JsonText(), nullable=False),
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
            name=op.f("fk_customer_service_service_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_service_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_service_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_service")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_customer_service_service_company_id_code")),
    )
    op.create_table(
        "customer_service_shift",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift", sa.String(length=20), nullable=False),
        sa.Column("begun_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("security_matters", sa.Text(), nullable=False),
        sa.Column("handed_over_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handed_over_by", sa.Uuid(), nullable=True),
        sa.Column("taken_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("security_taken_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("security_taken_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "begun_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_company_id_begun_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "handed_over_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_company_id_handed_over_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "security_taken_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_company_id_security_taken_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_shift_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "taken_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_company_id_taken_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_shift_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_shift")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_shift_company_id_site_id_id")
        ),
    )
    op.create_index(
        "ix_customer_service_shift_ledger",
        "customer_service_shift",
        ["company_id", "site_id", "begun_at"],
        unique=False,
    )
    op.create_table(
        "customer_service_takeover",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("series", sa.String(length=80), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(length=120), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_takeover_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_takeover_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_takeover_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_takeover")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_takeover_company_id_site_id_id")
        ),
    )
    op.create_table(
        "customer_service_visit_plan",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("assessment", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visit_plan_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_visit_plan_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_visit_plan_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_visit_plan")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_visit_plan_company_id_site_id_id")
        ),
        sa.UniqueConstraint(
            "company_id", "site_id", "year", name=op.f("uq_customer_service_visit_plan_company_id_site_id_year")
        ),
    )
    op.create_table(
        "customer_service_visiting_desk",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("organisation", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("starts_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.String(length=120), nullable=False),
        sa.Column("approved_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("arrangement", sa.Text(), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "approved_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visiting_desk_company_id_approved_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visiting_desk_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_visiting_desk_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_visiting_desk_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_visiting_desk")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_visiting_desk_company_id_site_id_id")
        ),
    )
    op.create_table(
        "customer_service_shift_entry",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("for_security", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_shift_entry_company_id_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "shift_id"],
            ["customer_service_shift.company_id", "customer_service_shift.site_id", "customer_service_shift.id"],
            name=op.f("fk_customer_service_shift_entry_company_id_site_id_shift_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_shift_entry_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_shift_entry_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_shift_entry")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_shift_entry_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_shift_entry_company_id_site_id_shift_id"),
        "customer_service_shift_entry",
        ["company_id", "site_id", "shift_id"],
        unique=False,
    )
    op.create_table(
        "customer_service_enquiry",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("received_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("enquirer_name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("is_important", sa.Boolean(), nullable=False),
        sa.Column("reply_by", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("answered_together", sa.Boolean(), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("asked_manager_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("asked_manager_by", sa.Uuid(), nullable=True),
        sa.Column("stalled_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "answered_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_enquiry_company_id_answered_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "asked_manager_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_enquiry_company_id_asked_manager_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "department_id"],
            ["tenants_department.company_id", "tenants_department.id"],
            name=op.f("fk_customer_service_enquiry_company_id_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_enquiry_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "received_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_enquiry_company_id_received_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_customer_service_enquiry_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_enquiry_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_enquiry_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_enquiry")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_enquiry_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_enquiry_company_id_site_id_household_id"),
        "customer_service_enquiry",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_enquiry_ledger",
        "customer_service_enquiry",
        ["company_id", "site_id", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_enquiry_open", "customer_service_enquiry", ["company_id", "site_id", "state"], unique=False
    )
    op.create_table(
        "customer_service_request",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("deadline_class", sa.String(length=20), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("resident_name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("received_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("within_capability", sa.String(length=10), nullable=True),
        sa.Column("capability_by", sa.Uuid(), nullable=True),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("is_major", sa.Boolean(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("contractor_id", sa.Uuid(), nullable=True),
        sa.Column("notice_received_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dispatched_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sheet_number", sa.String(length=20), nullable=True),
        sa.Column("sheet_opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("taken_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("appointment_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("appointment_details", sa.Text(), nullable=False),
        sa.Column("equipment_given", sa.Boolean(), nullable=False),
        sa.Column("equipment_checked_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("equipment_defect", sa.Boolean(), nullable=False),
        sa.Column("defect_confirmed", sa.Boolean(), nullable=False),
        sa.Column("started_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("total_minutes", sa.Integer(), nullable=True),
        sa.Column("work_done", sa.Text(), nullable=False),
        sa.Column("no_materials", sa.Boolean(), nullable=False),
        sa.Column("material_fee_fen", sa.Integer(), nullable=True),
        sa.Column("labour_fee_fen", sa.Integer(), nullable=True),
        sa.Column("worker_signed", sa.Boolean(), nullable=False),
        sa.Column("resident_signed", sa.Boolean(), nullable=False),
        sa.Column("visit_steps", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("reported_done_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("supervisor_signed_by", sa.Uuid(), nullable=True),
        sa.Column("head_signed_by", sa.Uuid(), nullable=True),
        sa.Column("requester_accepted", sa.Boolean(), nullable=False),
        sa.Column("handed_in_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sheet_rejections", sa.Integer(), nullable=False),
        sa.Column("last_report", sa.Text(), nullable=False),
        sa.Column("reported_back_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("return_explained", sa.Boolean(), nullable=False),
        sa.Column("revisited_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("mismatch_open", sa.Boolean(), nullable=False),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("matter", sa.String(length=20), nullable=True),
        sa.Column("brought_in", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "material_fee_fen >= 0 AND labour_fee_fen >= 0", name=op.f("ck_customer_service_request_fees")
        ),
        sa.CheckConstraint("total_minutes >= 0", name=op.f("ck_customer_service_request_minutes")),
        sa.ForeignKeyConstraint(
            ["company_id", "capability_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_capability_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "department_id"],
            ["tenants_department.company_id", "tenants_department.id"],
            name=op.f("fk_customer_service_request_company_id_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "head_signed_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_head_signed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "received_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_received_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "reported_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_reported_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "reviewed_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_reviewed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "service_id"],
            ["customer_service_service.company_id", "customer_service_service.id"],
            name=op.f("fk_customer_service_request_company_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "contractor_id"],
            [
                "customer_service_contractor.company_id",
                "customer_service_contractor.site_id",
                "customer_service_contractor.id",
            ],
            name=op.f("fk_customer_service_request_company_id_site_id_contractor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_customer_service_request_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "unit_id"],
            ["registry_unit.company_id", "registry_unit.site_id", "registry_unit.id"],
            name=op.f("fk_customer_service_request_company_id_site_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_request_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "supervisor_signed_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_supervisor_signed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "worker_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_request_company_id_worker_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_request_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_request")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_request_company_id_site_id_id")
        ),
        sa.UniqueConstraint(
            "company_id", "site_id", "number", name=op.f("uq_customer_service_request_company_id_site_id_number")
        ),
    )
    op.create_index(
        "ix_customer_service_request_all",
        "customer_service_request",
        ["company_id", "site_id", "received_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_service_request_company_id_site_id_household_id"),
        "customer_service_request",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_service_request_company_id_site_id_unit_id"),
        "customer_service_request",
        ["company_id", "site_id", "unit_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_service_request_company_id_worker_id"),
        "customer_service_request",
        ["company_id", "worker_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_request_list",
        "customer_service_request",
        ["company_id", "site_id", "state", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_request_open",
        "customer_service_request",
        ["company_id", "site_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "customer_service_suggestion",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("received_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("name_may_be_published", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("decided_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("credited_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "decided_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_suggestion_company_id_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_suggestion_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "received_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_suggestion_company_id_received_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_customer_service_suggestion_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_suggestion_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_suggestion_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_suggestion")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_suggestion_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_suggestion_company_id_site_id_household_id"),
        "customer_service_suggestion",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_suggestion_ledger",
        "customer_service_suggestion",
        ["company_id", "site_id", "received_at"],
        unique=False,
    )
    op.create_table(
        "customer_service_visit",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("visited_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("visitor_id", sa.Uuid(), nullable=True),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("opinions", sa.Text(), nullable=False),
        sa.Column("suggestions", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reply_by", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("is_major", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("discussion", sa.Text(), nullable=False),
        sa.Column("handled_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "handled_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visit_company_id_handled_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visit_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_customer_service_visit_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_visit_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "visitor_id"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_visit_company_id_visitor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_visit_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_visit")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_visit_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_visit_company_id_site_id_household_id"),
        "customer_service_visit",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_visit_home",
        "customer_service_visit",
        ["company_id", "household_id", "visited_at"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_visit_ledger",
        "customer_service_visit",
        ["company_id", "site_id", "visited_at"],
        unique=False,
    )
    op.create_table(
        "customer_service_complaint",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("received_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("matter", sa.String(length=20), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("complainant", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("needs_investigation", sa.Boolean(), nullable=False),
        sa.Column("conduct", sa.String(length=20), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("investigated_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("investigated_by", sa.Uuid(), nullable=True),
        sa.Column("validity", sa.String(length=20), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("handled_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reply_number", sa.String(length=20), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("replied_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("replied_by", sa.Uuid(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("is_warranty", sa.Boolean(), nullable=False),
        sa.Column("developer_told_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("developer_promise", sa.Text(), nullable=False),
        sa.Column("developer_done_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("developer_result", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id", "decided_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_complaint_company_id_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "department_id"],
            ["tenants_department.company_id", "tenants_department.id"],
            name=op.f("fk_customer_service_complaint_company_id_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "investigated_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_complaint_company_id_investigated_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_complaint_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "received_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_complaint_company_id_received_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "replied_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_customer_service_complaint_company_id_replied_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_customer_service_complaint_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "request_id"],
            ["customer_service_request.company_id", "customer_service_request.site_id", "customer_service_request.id"],
            name=op.f("fk_customer_service_complaint_company_id_site_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_complaint_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_complaint_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_complaint")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_complaint_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_complaint_company_id_site_id_household_id"),
        "customer_service_complaint",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_complaint_ledger",
        "customer_service_complaint",
        ["company_id", "site_id", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_customer_service_complaint_open",
        "customer_service_complaint",
        ["company_id", "site_id", "state"],
        unique=False,
    )
    op.create_table(
        "customer_service_material",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("quantity_milli", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_customer_service_material_quantity")),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "request_id"],
            ["customer_service_request.company_id", "customer_service_request.site_id", "customer_service_request.id"],
            name=op.f("fk_customer_service_material_company_id_site_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_customer_service_material_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_customer_service_material_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_customer_service_material")),
        sa.UniqueConstraint(
            "company_id", "site_id", "id", name=op.f("uq_customer_service_material_company_id_site_id_id")
        ),
    )
    op.create_index(
        op.f("ix_customer_service_material_company_id_site_id_request_id"),
        "customer_service_material",
        ["company_id", "site_id", "request_id"],
        unique=False,
    )
    secure_tables(
        op,
        "customer_service_area",
        "customer_service_article",
        "customer_service_contractor",
        "customer_service_ledger_review",
        "customer_service_monthly",
        "customer_service_service",
        "customer_service_shift",
        "customer_service_takeover",
        "customer_service_visit_plan",
        "customer_service_visiting_desk",
        "customer_service_shift_entry",
        "customer_service_enquiry",
        "customer_service_request",
        "customer_service_suggestion",
        "customer_service_visit",
        "customer_service_complaint",
        "customer_service_material",
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_index(
        op.f("ix_customer_service_material_company_id_site_id_request_id"), table_name="customer_service_material"
    )
    op.drop_table("customer_service_material")
    op.drop_index("ix_customer_service_complaint_open", table_name="customer_service_complaint")
    op.drop_index("ix_customer_service_complaint_ledger", table_name="customer_service_complaint")
    op.drop_index(
        op.f("ix_customer_service_complaint_company_id_site_id_household_id"), table_name="customer_service_complaint"
    )
    op.drop_table("customer_service_complaint")
    op.drop_index("ix_customer_service_visit_ledger", table_name="customer_service_visit")
    op.drop_index("ix_customer_service_visit_home", table_name="customer_service_visit")
    op.drop_index(
        op.f("ix_customer_service_visit_company_id_site_id_household_id"), table_name="customer_service_visit"
    )
    op.drop_table("customer_service_visit")
    op.drop_index("ix_customer_service_suggestion_ledger", table_name="customer_service_suggestion")
    op.drop_index(
        op.f("ix_customer_service_suggestion_company_id_site_id_household_id"), table_name="customer_service_suggestion"
    )
    op.drop_table("customer_service_suggestion")
    op.drop_index(
        "ix_customer_service_request_open",
        table_name="customer_service_request",
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("ix_customer_service_request_list", table_name="customer_service_request")
    op.drop_index(op.f("ix_customer_service_request_company_id_worker_id"), table_name="customer_service_request")
    op.drop_index(op.f("ix_customer_service_request_company_id_site_id_unit_id"), table_name="customer_service_request")
    op.drop_index(
        op.f("ix_customer_service_request_company_id_site_id_household_id"), table_name="customer_service_request"
    )
    op.drop_index("ix_customer_service_request_all", table_name="customer_service_request")
    op.drop_table("customer_service_request")
    op.drop_index("ix_customer_service_enquiry_open", table_name="customer_service_enquiry")
    op.drop_index("ix_customer_service_enquiry_ledger", table_name="customer_service_enquiry")
    op.drop_index(
        op.f("ix_customer_service_enquiry_company_id_site_id_household_id"), table_name="customer_service_enquiry"
    )
    op.drop_table("customer_service_enquiry")
    op.drop_index(
        op.f("ix_customer_service_shift_entry_company_id_site_id_shift_id"), table_name="customer_service_shift_entry"
    )
    op.drop_table("customer_service_shift_entry")
    op.drop_table("customer_service_visiting_desk")
    op.drop_table("customer_service_visit_plan")
    op.drop_table("customer_service_takeover")
    op.drop_index("ix_customer_service_shift_ledger", table_name="customer_service_shift")
    op.drop_table("customer_service_shift")
    op.drop_table("customer_service_service")
    op.drop_table("customer_service_monthly")
    op.drop_table("customer_service_ledger_review")
    op.drop_table("customer_service_contractor")
    op.drop_table("customer_service_article")
    op.drop_table("customer_service_area")
