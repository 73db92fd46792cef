"""The registry's tables. `search_text` holds what typing finds, in lower case, each word with a blank before it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from guanjia.sdk import Case, JsonText, SiteScoped, in_same_site, reference
from plugins.registry.codes import OCCUPANCIES, ROLES, USAGES

IN_USE = text("state = 'active'")


def _one_of(column: str, known: Any) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(key) for key in known)})", name=column)


class Building(Case):
    """A building of the estate. `position` orders buildings where their codes do not."""

    __tablename__ = "registry_building"
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    floors: Mapped[int] = mapped_column(Integer, default=1)
    position: Mapped[int] = mapped_column(Integer, default=0)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A code is used once at a site, retired buildings included."""
        return (
            UniqueConstraint("company_id", "site_id", "code"),
            CheckConstraint("code <> ''", name="code"),
            CheckConstraint("floors BETWEEN 1 AND 200", name="floors"),
        )


class Unit(Case):
    """A unit of a building: flat, shop, parking space. Its code reads building-entrance-room (`3-1-502`).

    `area_centi` counts hundredths of a square metre; None where nobody measured. `room_order` sorts codes by number.
    """

    __tablename__ = "registry_unit"
    building_id: Mapped[UUID] = in_same_site("registry_building", index=True)
    code: Mapped[str] = mapped_column(String(40))
    entrance: Mapped[str] = mapped_column(String(20), default="")
    floor: Mapped[int | None] = mapped_column(Integer)
    room: Mapped[str] = mapped_column(String(20))
    area_centi: Mapped[int | None] = mapped_column(Integer)
    usage: Mapped[str] = mapped_column(String(20), default="residential")
    search_text: Mapped[str] = mapped_column(String(240), default="", info={"private": True})
    room_order: Mapped[str] = mapped_column(String(120), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """A code is used once at a site; lists and typing read in the order of rooms."""
        return (
            UniqueConstraint("company_id", "site_id", "code"),
            CheckConstraint("code <> '' AND room <> ''", name="code"),
            CheckConstraint("floor IS NULL OR floor BETWEEN -20 AND 200", name="floor"),
            CheckConstraint("area_centi IS NULL OR area_centi BETWEEN 0 AND 1000000000", name="area"),
            _one_of("usage", USAGES),
            Index("ix_registry_unit_search", "company_id", "site_id", "state", "room_order", "search_text"),
        )


class Household(Case):
    """Who lives in a unit, from a day on. A unit has one household in use; earlier ones are retired, never overwritten.

    `tags` are keys of `codes.CARE_TAGS`. Search text and order are kept in step with the unit and the residents.
    """

    __tablename__ = "registry_household"
    unit_id: Mapped[UUID] = in_same_site("registry_unit", index=True)
    occupancy: Mapped[str] = mapped_column(String(20))
    since: Mapped[date | None] = mapped_column(Date)
    tags: Mapped[list[str]] = mapped_column(JsonText, default=list)
    note: Mapped[str] = mapped_column(Text, default="", info={"private": True})
    search_text: Mapped[str] = mapped_column(String(1000), default="", info={"private": True})
    room_order: Mapped[str] = mapped_column(String(120), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """One household in use for each unit; lists and typing read in the order of rooms."""
        one_in_use = ("company_id", "site_id", "unit_id")
        return (
            _one_of("occupancy", OCCUPANCIES),
            Index(
                "uq_registry_household_in_use", *one_in_use, unique=True, sqlite_where=IN_USE, postgresql_where=IN_USE
            ),
            Index("ix_registry_household_search", "company_id", "site_id", "state", "room_order"),
        )


class Resident(Case):
    """A person of a household. Phone and identity number are shown masked, read whole by the steps that journal the look.

    `identity` is sealed with a key outside the database, and found by `identity_index` alone.
    """

    __tablename__ = "registry_resident"
    household_id: Mapped[UUID] = in_same_site("registry_household", index=True)
    name: Mapped[str] = mapped_column(String(60), info={"private": True})
    phone: Mapped[str] = mapped_column(String(40), default="", info={"private": True})
    identity: Mapped[str] = mapped_column(String(240), default="", info={"private": True, "sealed": True})
    identity_mask: Mapped[str] = mapped_column(String(20), default="", info={"private": True, "unkept": True})
    identity_index: Mapped[str] = mapped_column(String(43), default="", info={"private": True, "unkept": True})
    role: Mapped[str] = mapped_column(String(20), default="owner")
    is_contact: Mapped[bool] = mapped_column(default=False)
    search_text: Mapped[str] = mapped_column(String(400), default="", info={"private": True})
    room_order: Mapped[str] = mapped_column(String(120), default="")

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Found by whole number; lists read in the order of rooms."""
        return (
            CheckConstraint("name <> ''", name="name"),
            _one_of("role", ROLES),
            Index("ix_registry_resident_phone", "company_id", "site_id", "phone"),
            Index("ix_registry_resident_identity", "company_id", "site_id", "identity_index"),
            Index("ix_registry_resident_list", "company_id", "site_id", "room_order"),
        )


class ImportRun(Case):
    """A household list brought in from Excel: checked, then written. Counts are rows, units, households, residents."""

    __tablename__ = "registry_import"
    file_id: Mapped[UUID] = reference("guanjia_file")
    rows: Mapped[int] = mapped_column(Integer, default=0)
    faults: Mapped[int] = mapped_column(Integer, default=0)
    bad_rows: Mapped[int] = mapped_column(Integer, default=0)
    new_buildings: Mapped[int] = mapped_column(Integer, default=0)
    new_units: Mapped[int] = mapped_column(Integer, default=0)
    new_households: Mapped[int] = mapped_column(Integer, default=0)
    new_residents: Mapped[int] = mapped_column(Integer, default=0)
    skipped: Mapped[int] = mapped_column(Integer, default=0)

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """What is found can only be written where nothing is wrong."""
        return (CheckConstraint("state <> 'written' OR faults = 0", name="written"),)


class ImportFault(SiteScoped):
    """One thing that is wrong in a checked list: row as Excel counts it, column by key, what is wrong and what to do."""

    __tablename__ = "registry_import_fault"
    import_id: Mapped[UUID] = in_same_site("registry_import")
    row: Mapped[int] = mapped_column(Integer)
    column: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(String(120), default="", info={"private": True})
    message: Mapped[dict[str, Any]] = mapped_column(JsonText, info={"private": True})

    @classmethod
    def extra_table_args(cls) -> tuple[Any, ...]:
        """Read in the order of rows."""
        return (Index("ix_registry_import_fault_row", "company_id", "import_id", "row"),)


class PhoneExport(Case):
    """That somebody took a list with full phone numbers out, why, and how many numbers it held."""

    __tablename__ = "registry_phone_export"
    purpose: Mapped[str] = mapped_column(String(200), info={"private": True})
    households: Mapped[int] = mapped_column(Integer, default=0)
    numbers: Mapped[int] = mapped_column(Integer, default=0)
