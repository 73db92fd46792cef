"""One office in its history: its people take steps, its households are called on, its days follow from one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from guanjia.errors import Waiting
from guanjia.steps.models import Task
from guanjia.steps.outcome import Done
from plugins.demo.history.times import at_work
from plugins.demo.signature import scribble
from plugins.demo.world import STAFF, Office, World
from plugins.registry.public import Household, Unit

SIGNERS = {"centre_head": "head", "site_manager": "manager", "department_head": "eng"}
_drawn: dict[int, bytes] = {}


@dataclass(frozen=True)
class Home:
    """A household that lives there: its id, its building, and whether it needs care."""

    id: str
    building: str
    care: bool


@dataclass
class Place:
    """An office, and all that its acts need."""

    world: World
    office: Office
    seed: int
    homes: Sequence[Home] = ()
    taken: dict[str, int] = field(default_factory=dict)  # how often each step was taken

    def __post_init__(self) -> None:
        self.homes = _homes(self.world, self.office)

    def random(self, what: str) -> Random:
        """Chance of its own for each line of the history, so that one line does not move another."""
        return Random(f"{self.seed} {self.office.code} {what}")  # noqa: S311 - a script, no secret

    @property
    def now(self) -> datetime:
        """The demonstration's clock."""
        return self.world.host.clock.now()

    def by(self, who: str, step: str, case: UUID | None = None, /, **form: Any) -> Done:
        """A member of staff takes a step of customer service, or of the host. Raises RuntimeError where it is refused."""
        key = step if step.startswith("guanjia.") else f"customer_service.{step}"
        self.taken[key] = self.taken.get(key, 0) + 1
        try:
            return self.world.at(self.office, who).perform(key, case, form)
        except Waiting:
            raise
        except Exception as error:
            where = f"{self.office.code} {self.now:%Y-%m-%d %H:%M} {who} {key}"
            raise RuntimeError(f"{where}: {error} {getattr(error, 'reasons', '')} {form}") from error

    def signed_by(self, waiting: Waiting, note: str) -> None:
        """Each who is asked says yes, in turn; the step is carried out after the last."""
        for reason in waiting.reasons:
            assert reason.role is not None  # a step waits for roles
            signer = self.world.at(self.office, SIGNERS[reason.role])
            signer.perform("guanjia.approval.grant", waiting.approval_id, {"note": note})

    def owed(self, *duties: str) -> list[UUID]:
        """What is still owed at the office under these rules of customer service, oldest first."""
        rules = [f"customer_service.{duty}" for duty in duties]
        with self.world.at(self.office, "manager").reading() as loader:
            query = select(Task.id).where(Task.company_id == loader.company_id, Task.site_id == self.office.id, Task.state == "open",
                                          Task.rule.in_(rules)).order_by(Task.due_at, Task.id)  # fmt: skip
            return list(loader.session.scalars(query))

    def signature(self, who: str) -> str:
        """A signature drawn on the person's screen."""
        seed = next(n for n, entry in enumerate(STAFF) if entry[0] == who) + 1
        return self._kept(who, seed)

    def resident_signature(self, who: str, rng: Random) -> str:
        """A resident's signature on the screen of whoever is there."""
        return self._kept(who, 100 + rng.randrange(12))

    def _kept(self, who: str, seed: int) -> str:
        if seed not in _drawn:
            _drawn[seed] = scribble(seed)
        kept = self.world.host.files.keep(self.world.at(self.office, who), "signature.png", _drawn[seed])
        return str(kept)

    def home(self, rng: Random) -> str:
        """Some household."""
        return rng.choice(self.homes).id

    def later(self, rng: Random, low: int, high: int, *, every_day: bool = False) -> datetime:
        """Some minutes from now, when somebody is at work."""
        return at_work(rng, self.now + timedelta(minutes=rng.randint(low, high)), every_day=every_day)


def _homes(world: World, office: Office) -> list[Home]:
    with world.at(office, "desk").reading() as loader:
        query = (
            select(Household.id, Unit.building_id, Household.tags)
            .join(Unit, (Unit.company_id == Household.company_id) & (Unit.id == Household.unit_id))
            .where(Household.company_id == world.company_id, Household.site_id == office.id, Household.state == "active",
                   Household.occupancy != "vacant")
            .order_by(Unit.code)
        )  # fmt: skip
        return [Home(str(id_), str(building), bool(tags)) for id_, building, tags in loader.session.execute(query)]


def due_of(done: Done, name: str) -> datetime | None:
    """The date of that name which the step set, or one of those that it took with it."""
    made: list[Mapping[str, Any]] = [*done.deadlines, *(d for nested in done.nested for d in nested.deadlines)]
    found = [d["due_at"] for d in made if d["name"] == name]
    return datetime.fromisoformat(found[-1]) if found and found[-1] else None


def weighted(rng: Random, ends: Mapping[str, int]) -> str:
    """One of the ends, as often as its weight says."""
    return rng.choices(list(ends), weights=list(ends.values()))[0]
