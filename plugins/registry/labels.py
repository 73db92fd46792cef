"""What others show of units and households, in batches: rooms, names, masked phones, care tags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from guanjia.sdk import Loader, Message, facts, words
from guanjia.words import show
from plugins.registry import codes, phones
from plugins.registry.acts import ACTIVE
from plugins.registry.models import Building, Household, Resident, Unit

_ = words("registry")


@dataclass(frozen=True, slots=True)
class ResidentLabel:
    """A person of a household as everybody sees them: the phone is masked."""

    id: UUID
    name: str
    masked_phone: str
    role: str
    is_contact: bool
    version: int

    @property
    def role_title(self) -> Message | str:
        """Owner, lessee or member."""
        return codes.label(codes.ROLES, self.role)


@dataclass(frozen=True, slots=True)
class HouseholdLabel:
    """A household as other pages show it. `tags` are keys; `tag_titles` their labels. Names are no facts for rules."""

    id: UUID
    unit_id: UUID
    unit_code: str
    building: str
    contact_id: UUID | None
    contact_name: str
    masked_phone: str
    tags: tuple[str, ...]
    occupancy: str
    since: date | None
    in_use: bool
    residents: tuple[ResidentLabel, ...]

    @property
    def title(self) -> str:
        """Room and contact: `3-1-502 张三`."""
        return f"{self.unit_code} {self.contact_name}".strip()

    @property
    def subtitle(self) -> str:
        """Masked phone, occupancy where nobody lives there, and care tags."""
        parts = [self.masked_phone, *([str(self.occupancy_title)] if self.occupancy == "vacant" else []),
                 show(list(self.tag_titles))]  # fmt: skip
        return " · ".join(part for part in parts if part)

    @property
    def tag_titles(self) -> tuple[Message | str, ...]:
        """The labels of the care tags."""
        return tuple(codes.label(codes.CARE_TAGS, tag) for tag in self.tags)

    @property
    def occupancy_title(self) -> Message | str:
        """The label of the occupancy."""
        return codes.label(codes.OCCUPANCIES, self.occupancy)


@facts
class HouseholdFacts:
    """What a rule may know of a household: no names, no phones."""

    id: UUID
    unit_id: UUID
    building_id: UUID
    occupancy: str
    tags: tuple[str, ...]
    residents: int
    in_use: bool


def unit_label(loader: Loader, unit_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The codes of units by id, in one statement."""
    wanted = {i for i in unit_ids if i is not None}
    if not wanted:
        return {}
    query = select(Unit.id, Unit.code).where(Unit.company_id == loader.company_id, Unit.id.in_(wanted))
    return dict(loader.session.execute(query).all())


def household_labels(loader: Loader, ids: Iterable[UUID | None]) -> dict[UUID, HouseholdLabel]:
    """Labels of households by id, in two statements for any number of them. Unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    query = (
        select(Household, Unit.code, Building.name)
        .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
        .join(Building, (Building.company_id == Unit.company_id) & (Building.id == Unit.building_id))
        .where(Household.company_id == loader.company_id, Household.id.in_(wanted))
    )
    people = residents_of(loader, wanted)
    found = {}
    for household, code, building in loader.session.execute(query):
        residents = people[household.id]
        contact = residents[0] if residents else None
        found[household.id] = HouseholdLabel(
            id=household.id, unit_id=household.unit_id, unit_code=code, building=building,
            contact_id=contact.id if contact else None, contact_name=contact.name if contact else "",
            masked_phone=contact.masked_phone if contact else "", tags=tuple(household.tags),
            occupancy=household.occupancy, since=household.since, in_use=household.state == ACTIVE,
            residents=residents,
        )  # fmt: skip
    return found


def residents_of(loader: Loader, household_ids: Iterable[UUID]) -> dict[UUID, tuple[ResidentLabel, ...]]:
    """The residents in use of each household: the contact first, then owners, lessees, members."""
    ids = list(household_ids)
    grouped: dict[UUID, list[ResidentLabel]] = {i: [] for i in ids}
    query = select(
        Resident.household_id,
        Resident.id,
        Resident.name,
        Resident.phone,
        Resident.role,
        Resident.is_contact,
        Resident.version,
    ).where(Resident.company_id == loader.company_id, Resident.household_id.in_(ids), Resident.state == ACTIVE)
    rows = loader.session.execute(query.order_by(Resident.opened_at, Resident.id))
    for household_id, row_id, name, phone, role, is_contact, version in rows:
        grouped[household_id].append(ResidentLabel(row_id, name, phones.masked(phone), role, is_contact, version))
    order = list(codes.ROLES)

    def place(person: ResidentLabel) -> tuple[bool, int]:
        return not person.is_contact, order.index(person.role) if person.role in order else len(order)

    return {household_id: tuple(sorted(people, key=place)) for household_id, people in grouped.items()}


def household_facts(loader: Loader, ids: Iterable[UUID | None]) -> dict[UUID, HouseholdFacts]:
    """Facts of households by id. Unknown ids are left out."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    query = (
        select(Household, Unit.building_id)
        .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
        .where(Household.company_id == loader.company_id, Household.id.in_(wanted))
    )
    people = residents_of(loader, wanted)
    return {
        row.id: HouseholdFacts(
            id=row.id, unit_id=row.unit_id, building_id=building_id, occupancy=row.occupancy, tags=tuple(row.tags),
            residents=len(people[row.id]), in_use=row.state == ACTIVE,
        )
        for row, building_id in loader.session.execute(query)
    }  # fmt: skip
