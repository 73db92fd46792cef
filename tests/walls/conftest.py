"""The test company with a row in every table, and the walls that a test takes down."""

from __future__ import annotations

import pytest

import office
from walls.every_table import Filled, fill


@pytest.fixture
def filled(company: office.Company) -> Filled:
    """Every tenant table has a row of both companies, and of both offices of the first."""
    return fill(company)
