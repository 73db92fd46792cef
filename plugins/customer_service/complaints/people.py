"""Households, names and masked phones beside cases, the same for complaints and suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guanjia.sdk import Loader
from plugins.customer_service.masking import mask_phone
from plugins.registry.public import household_labels
from tenants.public import department_titles


def beside(loader: Loader, cases: Sequence[Any], *, name: str, staff: Sequence[str]) -> list[dict[str, Any]]:
    """Unit, person (the case's own `name` column, else the household's contact), phone, department and staff by column."""
    homes = household_labels(loader, [c.household_id for c in cases])
    names = loader.names(getattr(c, column) for c in cases for column in staff)
    departments = department_titles(loader, [getattr(c, "department_id", None) for c in cases])
    out = []
    for c in cases:
        home = homes.get(c.household_id) if c.household_id else None
        department_id = getattr(c, "department_id", None)
        out.append({
            "unit": home.unit_code if home else "",
            "person": getattr(c, name) or (home.contact_name if home else ""),
            "phone_masked": mask_phone(getattr(c, "phone", "")) or (home.masked_phone if home else ""),
            "department": departments.get(department_id, "") if department_id else "",
            **{f"{column}_name": names.get(getattr(c, column), "") if getattr(c, column) else "" for column in staff},
        })  # fmt: skip
    return out
