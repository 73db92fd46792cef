"""What other plugins may use of the registry. A plugin that imports this declares `needs=("registry",)`."""

from __future__ import annotations

from plugins.registry.codes import CARE_TAGS, OCCUPANCIES, ROLES, USAGES
from plugins.registry.generate import generate_households, load_generated
from plugins.registry.labels import (
    HouseholdFacts,
    HouseholdLabel,
    ResidentLabel,
    household_facts,
    household_labels,
    unit_label,
)
from plugins.registry.models import Building, Household, Resident, Unit
from plugins.registry.search import find_households, find_units

HOUSEHOLD_LOOKUP, UNIT_LOOKUP = "registry.household", "registry.unit"  # for a field's metadata: {"lookup": …}
HOUSEHOLD_TABLE, UNIT_TABLE = "registry_household", "registry_unit"  # for in_same_site(…)

__all__ = [
    "CARE_TAGS", "HOUSEHOLD_LOOKUP", "HOUSEHOLD_TABLE", "OCCUPANCIES", "ROLES", "UNIT_LOOKUP", "UNIT_TABLE", "USAGES",
    "Building", "Household", "HouseholdFacts", "HouseholdLabel", "Resident", "ResidentLabel", "Unit", "find_households",
    "find_units", "generate_households", "household_facts", "household_labels", "load_generated", "unit_label",
]  # fmt: skip
