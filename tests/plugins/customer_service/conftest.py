"""Requests of the office `east`, and of `west`, where headquarters switched nothing."""

from __future__ import annotations

import pytest

from office import Office
from requests_made import Requests


@pytest.fixture
def at_east(east: Office) -> Requests:
    """Requests at the first office."""
    return Requests(east)


@pytest.fixture
def at_west(west: Office) -> Requests:
    """Requests at the second office."""
    return Requests(west)
