"""first tables"""

import sqlalchemy as sa
from alembic import op

import guanjia.db.types
from guanjia.db.migrate import secure_tables

revision = "registry_0001"
down_revision = None
branch_labels = ("registry",)
depends_on = "core"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "registry_building",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("floors", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code <> ''", name=op.f("ck_registry_building_code")),
        sa.CheckConstraint("floors BETWEEN 1 AND 200", name=op.f("ck_registry_building_floors")),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_registry_building_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_building_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_building_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_building")),
        sa.UniqueConstraint("company_id", "site_id", "code", name=op.f("uq_registry_building_company_id_site_id_code")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_building_company_id_site_id_id")),
    )
    op.create_table(
        "registry_phone_export",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
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
            name=op.f("fk_registry_phone_export_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_phone_export_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_phone_export_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_phone_export")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_phone_export_company_id_site_id_id")),
    )
    op.create_table(
        "registry_import",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("bad_rows", sa.Integer(), nullable=False),
        sa.Column("new_buildings", sa.Integer(), nullable=False),
        sa.Column("new_units", sa.Integer(), nullable=False),
        sa.Column("new_households", sa.Integer(), nullable=False),
        sa.Column("new_residents", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'written' OR faults = 0", name=op.f("ck_registry_import_written")),
        sa.ForeignKeyConstraint(
            ["company_id", "file_id"],
            ["guanjia_file.company_id", "guanjia_file.id"],
            name=op.f("fk_registry_import_company_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_registry_import_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_import_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_import_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_import")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_import_company_id_site_id_id")),
    )
    op.create_table(
        "registry_unit",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("entrance", sa.String(length=20), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("room", sa.String(length=20), nullable=False),
        sa.Column("area_centi", sa.Integer(), nullable=True),
        sa.Column("usage", sa.String(length=20), nullable=False),
        sa.Column("search_text", sa.String(length=240), nullable=False),
        sa.Column("room_order", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code <> '' AND room <> ''", name=op.f("ck_registry_unit_code")),
        sa.CheckConstraint(
            "usage IN ('residential', 'shop', 'office', 'parking', 'storage', 'other')",
            name=op.f("ck_registry_unit_usage"),
        ),
        sa.CheckConstraint(
            "area_centi IS NULL OR area_centi BETWEEN 0 AND 1000000000", name=op.f("ck_registry_unit_area")
        ),
        sa.CheckConstraint("floor IS NULL OR floor BETWEEN -20 AND 200", name=op.f("ck_registry_unit_floor")),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_registry_unit_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "building_id"],
            ["registry_building.company_id", "registry_building.site_id", "registry_building.id"],
            name=op.f("fk_registry_unit_company_id_site_id_building_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_unit_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_unit_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_unit")),
        sa.UniqueConstraint("company_id", "site_id", "code", name=op.f("uq_registry_unit_company_id_site_id_code")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_unit_company_id_site_id_id")),
    )
    op.create_index(
        op.f("ix_registry_unit_company_id_site_id_building_id"),
        "registry_unit",
        ["company_id", "site_id", "building_id"],
        unique=False,
    )
    op.create_index(
        "ix_registry_unit_search",
        "registry_unit",
        ["company_id", "site_id", "state", "room_order", "search_text"],
        unique=False,
    )
    op.create_table(
        "registry_household",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("occupancy", sa.String(length=20), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("tags", guanjia.db.types.JsonText(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("search_text", sa.String(length=1000), nullable=False),
        sa.Column("room_order", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("occupancy IN ('owner', 'lessee', 'vacant')", name=op.f("ck_registry_household_occupancy")),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_registry_household_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "unit_id"],
            ["registry_unit.company_id", "registry_unit.site_id", "registry_unit.id"],
            name=op.f("fk_registry_household_company_id_site_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_household_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_household_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_household")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_household_company_id_site_id_id")),
    )
    op.create_index(
        op.f("ix_registry_household_company_id_site_id_unit_id"),
        "registry_household",
        ["company_id", "site_id", "unit_id"],
        unique=False,
    )
    op.create_index(
        "ix_registry_household_search",
        "registry_household",
        ["company_id", "site_id", "state", "room_order"],
        unique=False,
    )
    op.create_index(
        "uq_registry_household_in_use",
        "registry_household",
        ["company_id", "site_id", "unit_id"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "registry_import_fault",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("message", guanjia.db.types.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "import_id"],
            ["registry_import.company_id", "registry_import.site_id", "registry_import.id"],
            name=op.f("fk_registry_import_fault_company_id_site_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_import_fault_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_import_fault_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_import_fault")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_import_fault_company_id_site_id_id")),
    )
    op.create_index(
        "ix_registry_import_fault_row", "registry_import_fault", ["company_id", "import_id", "row"], unique=False
    )
    op.create_table(
        "registry_resident",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("identity", sa.String(length=240), nullable=False),
        sa.Column("identity_mask", sa.String(length=20), nullable=False),
        sa.Column("identity_index", sa.String(length=43), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("is_contact", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.String(length=400), nullable=False),
        sa.Column("room_order", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rulebook_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", guanjia.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_registry_resident_name")),
        sa.CheckConstraint("role IN ('owner', 'lessee', 'member')", name=op.f("ck_registry_resident_role")),
        sa.ForeignKeyConstraint(
            ["company_id", "opened_by"],
            ["tenants_staff.company_id", "tenants_staff.id"],
            name=op.f("fk_registry_resident_company_id_opened_by"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id", "household_id"],
            ["registry_household.company_id", "registry_household.site_id", "registry_household.id"],
            name=op.f("fk_registry_resident_company_id_site_id_household_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "site_id"],
            ["tenants_site.company_id", "tenants_site.id"],
            name=op.f("fk_registry_resident_company_id_site_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["guanjia_tenant.id"], name=op.f("fk_registry_resident_company_id")),
        sa.PrimaryKeyConstraint("company_id", "id", name=op.f("pk_registry_resident")),
        sa.UniqueConstraint("company_id", "site_id", "id", name=op.f("uq_registry_resident_company_id_site_id_id")),
    )
    op.create_index(
        op.f("ix_registry_resident_company_id_site_id_household_id"),
        "registry_resident",
        ["company_id", "site_id", "household_id"],
        unique=False,
    )
    op.create_index(
        "ix_registry_resident_identity", "registry_resident", ["company_id", "site_id", "identity_index"], unique=False
    )
    op.create_index(
        "ix_registry_resident_list", "registry_resident", ["company_id", "site_id", "room_order"], unique=False
    )
    op.create_index("ix_registry_resident_phone", "registry_resident", ["company_id", "site_id", "phone"], unique=False)
    secure_tables(
        op,
        "registry_building",
        "registry_phone_export",
        "registry_import",
        "registry_unit",
        "registry_household",
        "registry_import_fault",
        "registry_resident",
    )


def downgrade() -> None:
    """Take the tables away."""
    op.drop_index("ix_registry_resident_phone", table_name="registry_resident")
    op.drop_index("ix_registry_resident_list", table_name="registry_resident")
    op.drop_index("ix_registry_resident_identity", table_name="registry_resident")
    op.drop_index(op.f("ix_registry_resident_company_id_site_id_household_id"), table_name="registry_resident")
    op.drop_table("registry_resident")
    op.drop_index("ix_registry_import_fault_row", table_name="registry_import_fault")
    op.drop_table("registry_import_fault")
    op.drop_index(
        "uq_registry_household_in_use",
        table_name="registry_household",
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.drop_index("ix_registry_household_search", table_name="registry_household")
    op.drop_index(op.f("ix_registry_household_company_id_site_id_unit_id"), table_name="registry_household")
    op.drop_table("registry_household")
    op.drop_index("ix_registry_unit_search", table_name="registry_unit")
    op.drop_index(op.f("ix_registry_unit_company_id_site_id_building_id"), table_name="registry_unit")
    op.drop_table("registry_unit")
    op.drop_table("registry_import")
    op.drop_table("registry_phone_export")
    op.drop_table("registry_building")
