"""Finding households and units while somebody types: by room, by name, by the last digits of a phone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, or_, select

from guanjia.db.session import TenantSession
from guanjia.sdk import Loader
from plugins.registry import identities, permissions, phones, rooms
from plugins.registry.acts import ACTIVE
from plugins.registry.labels import household_labels
from plugins.registry.models import Building, Household, Resident, Unit

LIMIT = 12
FEWEST_OF_A_NUMBER = 7  # digits from which on a word is taken for a whole number
_HOUSEHOLD_TEXT, _RESIDENT_TEXT = 1000, 400
_JOINS = frozenset("栋幢座楼室号房") | {"号楼", "单元"}  # typed with a blank before them, they find nothing
Found = list[tuple[UUID, str, str]]


def find_households(loader: Loader, q: str, *, limit: int = LIMIT) -> Found:
    """(id, `3-1-502 张三`, masked phone and tags) of the households in use at the site that fit every word of `q`.

    An id finds its own household, retired ones too, so that a form can show what was chosen.
    A word fits the beginning of a room (`502`, `3-1-502`, `31502`, `3栋1单元502`), any part of a name, the last four
    digits of a phone, or a whole number. Who may see full numbers also finds by more than four last digits.
    """
    if loader.site is None:
        return []
    named = _uuid(q)
    words = _words(q)
    if named is not None:
        ids = list(loader.session.scalars(_here(loader, Household).where(Household.id == named)))
        return _shown(loader, ids)
    if not words:
        return []
    fits = and_(*(_household_fits(loader, word) for word in words))
    query = _here(loader, Household).where(Household.state == ACTIVE, fits)
    order = (_rank(words[0], Household.search_text), Household.room_order, Household.id)
    return _shown(loader, list(loader.session.scalars(query.order_by(*order).limit(limit))))


def _shown(loader: Loader, ids: list[UUID]) -> Found:
    labels = household_labels(loader, ids)
    return [(i, labels[i].title, labels[i].subtitle) for i in ids if i in labels]


def _here(loader: Loader, model: type[Any]) -> Any:
    assert loader.site is not None  # asked by the callers
    return select(model.id).where(model.company_id == loader.company_id, model.site_id == loader.site.id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def who_has(loader: Loader, number: str) -> list[Resident]:
    """The residents of the site, retired ones last, whose whole identity or phone number this is."""
    assert loader.site is not None  # a page of a site
    config = loader.host.config
    indexes = identities.found_by(config, loader.company_id, number)
    query = select(Resident).where(
        Resident.company_id == loader.company_id, Resident.site_id == loader.site.id,
        or_(Resident.identity_index.in_(indexes), Resident.phone == phones.written(number)),
    )  # fmt: skip
    return list(loader.session.scalars(query.order_by(Resident.state, Resident.room_order, Resident.id).limit(50)))


def find_units(loader: Loader, q: str, *, limit: int = LIMIT) -> Found:
    """(id, code, building) of the units in use at the site whose room begins with `q`; without `q` the first ones.

    An id finds its own unit, retired ones too."""
    if loader.site is None:
        return []
    query = (
        select(Unit.id, Unit.code, Building.name)
        .join(Building, (Building.company_id == Unit.company_id) & (Building.id == Unit.building_id))
        .where(Unit.company_id == loader.company_id, Unit.site_id == loader.site.id)
    )
    named = _uuid(q)
    words = _words(q) if named is None else []
    query = query.where(Unit.id == named) if named is not None else query.where(Unit.state == ACTIVE)
    for word in words:
        query = query.where(Unit.search_text.like(f"% {_plain(word)}%", escape="\\"))
    order = [_rank(words[0], Unit.search_text)] if words else []
    rows = loader.session.execute(query.order_by(*order, Unit.room_order, Unit.id).limit(limit))
    return [(unit_id, code, building) for unit_id, code, building in rows]


def refresh(
    session: TenantSession, household_ids: Iterable[UUID], *, person: Resident | None = None, leaves: bool = False
) -> None:
    """Bring search text and order of households and their residents in step with what they show now.

    Nothing is flushed, so that the journal still sees what changed: `person` is a resident whose changes are not
    written yet, and `leaves` says that this step retires that resident.
    """
    homes = session.scalars(
        select(Household).where(Household.company_id == session.company_id, Household.id.in_(list(household_ids)))
    ).all()
    if not homes:
        return
    units = {
        unit.id: unit
        for unit in session.scalars(
            select(Unit).where(Unit.company_id == session.company_id, Unit.id.in_([home.unit_id for home in homes]))
        )
    }
    ids = [home.id for home in homes]
    query = select(Resident).where(Resident.company_id == session.company_id, Resident.household_id.in_(ids))
    everybody = list(session.scalars(query.order_by(Resident.opened_at, Resident.id)))
    if person is not None and person not in everybody:
        everybody.append(person)
    for home in homes:
        code = units[home.unit_id].code
        order = rooms.order_of(code)
        people = [p for p in everybody if p.household_id == home.id]
        here = [p for p in people if (p is person and not leaves) or (p is not person and p.state == ACTIVE)]
        home.search_text = household_text(code, [(p.name, p.phone) for p in here])
        home.room_order = order
        for p in people:
            p.search_text = resident_text(code, p.name, p.phone)
            p.room_order = order


def household_text(code: str, people: list[tuple[str, str]]) -> str:
    """The search text of a household."""
    return rooms.search_text(code, people, most=_HOUSEHOLD_TEXT)


def resident_text(code: str, name: str, phone: str) -> str:
    """The search text of a resident."""
    return rooms.search_text(code, [(name, phone)], most=_RESIDENT_TEXT)


def _words(q: str) -> list[str]:
    typed = unicodedata.normalize("NFKC", q[:80]).lower().split()[:5]
    words = [rooms.tidy(word).lower() if any(c.isdigit() for c in word) else word for word in typed]
    return [word for word in (word.strip(rooms.TAIL_MARK) for word in words) if word and word not in _JOINS]


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _household_fits(loader: Loader, word: str) -> Any:
    if word[0].isdigit() or word[0] == "+":
        return or_(*_number_fits(loader, word))
    return Household.search_text.like(f"%{_plain(word)}%", escape="\\")


def _number_fits(loader: Loader, word: str) -> list[Any]:
    fits: list[Any] = [Household.search_text.like(f"% {_plain(word)}%", escape="\\")]
    number = phones.written(word)
    digits = phones.digits_of(number)
    if len(digits) == phones.TAIL:
        fits.append(Household.search_text.like(f"% {rooms.TAIL_MARK}{digits} %", escape="\\"))
    elif len(digits) > phones.TAIL and loader.may(permissions.PHONE_SEE.key):
        fits.append(Household.id.in_(_with_phone(loader, Resident.phone.like(f"%{_plain(number)}"))))
    elif len(digits) >= FEWEST_OF_A_NUMBER:
        fits.append(Household.id.in_(_with_phone(loader, Resident.phone == number)))
    return fits


def _with_phone(loader: Loader, fits: Any) -> Any:
    assert loader.site is not None  # asked by the callers
    return select(Resident.household_id).where(
        Resident.company_id == loader.company_id, Resident.site_id == loader.site.id, Resident.state == ACTIVE, fits
    )


def _rank(word: str, column: Any) -> Any:
    """A whole word first, then rooms whose code begins so (it is the first word), then the beginning of any word."""
    plain = _plain(word)
    return case(
        (column.like(f"% {plain} %", escape="\\"), 0),
        (column.like(f" {plain}%", escape="\\"), 1),
        (column.like(f"% {plain}%", escape="\\"), 2),
        else_=3,
    )
