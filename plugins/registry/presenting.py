"""What people see of the registry's records besides their columns. Phones are masked here: every page, list, export
and API answer takes them from these functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from guanjia.sdk import Loader, Message
from guanjia.steps.models import JournalEntry
from guanjia.words import show
from plugins.registry import codes, identities, permissions, phones
from plugins.registry.acts import ACTIVE
from plugins.registry.labels import household_labels, unit_label
from plugins.registry.listcolumns import BY_KEY
from plugins.registry.models import Building, Household, ImportFault, ImportRun, Resident, Unit

ANSWERED_FOR = timedelta(seconds=60)
SHOWN_FAULTS = 200


class Tags(tuple[str, ...]):
    """Keys of care tags, which read as their labels wherever they are shown as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return show([codes.label(codes.CARE_TAGS, tag) for tag in self])


def area_text(area_centi: int | None) -> str:
    """Square metres with two decimals, or nothing where nobody measured."""
    return "" if area_centi is None else f"{area_centi // 100}.{area_centi % 100:02d}"


def buildings(loader: Loader, rows: Sequence[Building]) -> list[dict[str, Any]]:
    """With the number of units in use."""
    counts = _count(loader, Unit, Unit.building_id, [row.id for row in rows])
    return [{"units": counts.get(row.id, 0)} for row in rows]


def units(loader: Loader, rows: Sequence[Unit]) -> list[dict[str, Any]]:
    """With the building's name, the area in square metres, and the household in use."""
    names = {row.id: row.name for row in loader.by_id(Building, [row.building_id for row in rows]).values()}
    ids = [row.id for row in rows]
    query = select(Household.unit_id, Household.id).where(
        Household.company_id == loader.company_id, Household.unit_id.in_(ids), Household.state == ACTIVE
    )
    lives: dict[UUID, UUID] = dict(loader.session.execute(query).all())
    labels = household_labels(loader, lives.values())
    out = []
    for row in rows:
        label = labels.get(lives[row.id]) if row.id in lives else None
        out.append({
            "building": names.get(row.building_id, ""), "area_m2": area_text(row.area_centi),
            "contact": label.contact_name if label else "", "household_id": label.id if label else None,
            "occupancy": label.occupancy if label else None, "may_edit": loader.may(permissions.EDIT.key),
        })  # fmt: skip
    return out


def households(loader: Loader, rows: Sequence[Household]) -> list[dict[str, Any]]:
    """With room, building, contact, masked phone, care tags in words, and the label itself for pages."""
    labels = household_labels(loader, [row.id for row in rows])
    out = []
    for row in rows:
        label = labels[row.id]
        out.append({
            "unit_code": label.unit_code, "building": label.building, "contact": label.contact_name,
            "masked_phone": label.masked_phone, "tags": Tags(label.tags),
            "people": len(label.residents), "label": label, "roles": list(codes.ROLES.items()),
            "may_edit": loader.may(permissions.EDIT.key), "may_see_phone": loader.may(permissions.PHONE_SEE.key),
        })  # fmt: skip
    return out


def residents(loader: Loader, rows: Sequence[Resident]) -> list[dict[str, Any]]:
    """With room, masked phone and masked identity number. The whole ones stand under `full_phone` and `full_identity`
    for a minute after the reader performed `reveal` or `reveal_identity` on that resident, and for nobody else, where
    that one alone is read: this is how a program gets the number that it has asked for."""
    homes = loader.by_id(Household, [row.household_id for row in rows])
    rooms = unit_label(loader, [home.unit_id for home in homes.values()])
    ids = [row.id for row in rows]
    looked_at = _looked_at(loader, ids, "reveal", permissions.PHONE_SEE.key)
    known = _looked_at(loader, ids, "reveal_identity", permissions.IDENTITY_SEE.key)
    config = loader.host.config
    return [
        {
            "unit_code": rooms.get(homes[row.household_id].unit_id, ""), "masked_phone": phones.masked(row.phone),
            "full_phone": row.phone if row.id in looked_at else None, "identity": row.identity_mask,
            "full_identity": identities.opened(config, row) if row.id in known else None,
        }
        for row in rows
    ]  # fmt: skip


def _looked_at(loader: Loader, ids: Sequence[UUID], step: str, permission: str) -> set[UUID]:
    """The one resident, where the reader has looked at the full number within the last minute; nobody of a list."""
    if len(ids) != 1 or loader.actor is None or not loader.may(permission):
        return set()
    query = select(JournalEntry.case_id).where(
        JournalEntry.company_id == loader.company_id, JournalEntry.case_id.in_(ids),
        JournalEntry.step == f"registry.resident.{step}", JournalEntry.outcome == "done",
        JournalEntry.actor_id == loader.actor.id, JournalEntry.at > loader.now - ANSWERED_FOR,
    )  # fmt: skip
    return {case_id for case_id in loader.session.scalars(query) if case_id is not None}


def imports(loader: Loader, rows: Sequence[ImportRun]) -> list[dict[str, Any]]:
    """With the first faults of a list, where one import is looked at."""
    if len(rows) != 1:
        return [{} for _row in rows]
    query = select(ImportFault).where(ImportFault.company_id == loader.company_id, ImportFault.import_id == rows[0].id)
    faults = loader.session.scalars(query.order_by(ImportFault.row, ImportFault.id).limit(SHOWN_FAULTS))
    return [{
        "fault_rows": [
            {"row": fault.row, "column": str(BY_KEY[fault.column].title), "value": fault.value,
             "message": str(Message.from_json(fault.message))}
            for fault in faults
        ]
    }]  # fmt: skip


def _count(loader: Loader, model: type[Any], column: Any, ids: Sequence[UUID]) -> dict[UUID, int]:
    query = (
        select(column, func.count())
        .where(model.company_id == loader.company_id, column.in_(ids), model.state == ACTIVE)
        .group_by(column)
    )
    return dict(loader.session.execute(query).all())
