"""Reading that is a step: the full phone number of whoever asked, shown once and written into the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guanjia.sdk import StepContext, words
from plugins.customer_service.flow import requests
from plugins.customer_service.models import ServiceRequest

_ = words("customer_service")


@requests.step("call", requests.any_open(), title=_("Look at the full phone number"), permission="registry.phone.see", tone="quiet",
               page="customer_service.call", offered=lambda view: bool(view.case.phone),
               help=_("Your name and the time are written into the journal."))  # fmt: skip
def call(request: ServiceRequest, _form: Mapping[str, Any], _ctx: StepContext) -> None:
    """The look stands in the journal; whoever took the step may read the number once. Nothing is stored besides."""
