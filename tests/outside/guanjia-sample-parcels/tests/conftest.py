"""A desk with a parcel on its shelf."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from guanjia.testing import Person

PARCEL = {"courier": "sf", "room": "3-1201", "recipient": "Wang", "shelf": "A1"}


@pytest.fixture
def desk(act_as: Callable[..., Person]) -> Person:
    """The receptionist at east."""
    return act_as("receptionist")


@pytest.fixture
def take_in(desk: Person) -> Callable[..., UUID]:
    """`take_in(is_cold=True)` puts a parcel on the shelf and gives its id."""
    return lambda by=None, **values: (by or desk).takes("pm_parcels.parcel.receive", None, PARCEL | values).case_id
