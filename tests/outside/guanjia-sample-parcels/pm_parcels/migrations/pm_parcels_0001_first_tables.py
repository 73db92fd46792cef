"""first tables"""

import guanjia.db.types
import sqlalchemy as sa
from alembic import op
from guanjia.db.migrate import secure_tables

revision = "pm_parcels_0001"
down_revision = None
branch_labels = ("pm_parcels",)
depends_on = "core"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pm_parcels_day_count",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("on_shelf", sa.Integer(), nullable=False),
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
            name=op.f("fk_pm_parcels_day_count_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_pm_parcels_day_count_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_pm_parcels_day_count_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_pm_parcels_day_count")),
        sa.UniqueConstraint(
            "company_id", "site_id", "day", name=op.f("uq_pm_parcels_day_count_company_id_site_id_day")
        ),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_pm_parcels_day_count_company_id_site_id_id")),
    )
    op.create_table(
        "pm_parcels_parcel",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("courier", sa.String(length=20), nullable=False),
        sa.Column("room", sa.String(length=30), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("shelf", sa.String(length=20), nullable=False),
        sa.Column("is_cold", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.String(length=20), nullable=True),
        sa.Column("handed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
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
            name=op.f("fk_pm_parcels_parcel_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_pm_parcels_parcel_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_pm_parcels_parcel_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_pm_parcels_parcel")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_pm_parcels_parcel_company_id_site_id_id")),
        sa.UniqueConstraint(
            "company_id", "site_id", "number", name=op.f("uq_pm_parcels_parcel_company_id_site_id_number")
        ),
    )
    op.create_index(
        "ix_pm_parcels_parcel_shelf", "pm_parcels_parcel", ["company_id", "site_id", "state", "shelf"], unique=False
    )
    secure_tables(
        op,
        "pm_parcels_day_count",
        "pm_parcels_parcel",
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_index("ix_pm_parcels_parcel_shelf", table_name="pm_parcels_parcel")
    op.drop_table("pm_parcels_parcel")
    op.drop_table("pm_parcels_day_count")
