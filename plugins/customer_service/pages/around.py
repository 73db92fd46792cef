"""What the case page shows around a request: its household with care and people, and what was asked for before."""

from __future__ import annotations

from typing import Any

from flask import g

from guanjia.sdk import Loader
from guanjia.web.addresses import case_url
from plugins.customer_service.models import ServiceRequest
from plugins.customer_service.pages.cards import cards, of_household, same_fault
from plugins.registry.public import household_labels


def requests_around(case: ServiceRequest) -> dict[str, Any]:
    """The household's label and address, its other requests newest first, and which of them tell of the same fault.

    For templates: it reads with the loader of the page that is being drawn.
    """
    loader: Loader = g.guanjia_loader
    code = loader.site.code if loader.site else None
    home = household_labels(loader, [case.household_id]).get(case.household_id) if case.household_id else None
    before = cards(loader, of_household(loader, case.household_id, without=case.id)) if case.household_id else []
    same = {
        row.id
        for row in same_fault(
            loader, category=case.category, household_id=case.household_id, place=case.place, without=case.id
        )
    }
    elsewhere = [] if case.household_id else cards(loader, same_fault(loader, category=case.category, household_id=None,
                                                                     place=case.place, without=case.id))  # fmt: skip
    return {
        "home": home, "home_url": case_url("registry.household", home.id, code) if home is not None else "",
        "before": before or elsewhere, "same": same,
    }  # fmt: skip
