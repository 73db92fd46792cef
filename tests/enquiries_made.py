"""Enquiries in a test: entered and brought as far as it needs by the steps that people take."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from plugins.customer_service.enquiries.models import Enquiry
from requests_made import Requests


class Enquiries(Requests):
    """Enquiries of one office, and the people who take their steps."""

    flow: ClassVar[str] = "customer_service.enquiry"
    model: ClassVar[type[Any]] = Enquiry

    def asked(self, **form: Any) -> dict[str, Any]:
        """What is entered about an enquiry that cannot be answered at once."""
        later = {} if "answer" in form else {"reply_by": self.after(hours=4)}
        return {"content": "有线电视怎么开通", "subject": "service", "household_id": self.household(), **later, **form}

    def open(self, by: str = "receptionist", **form: Any) -> UUID:
        """An enquiry that is still to be answered."""
        return self.by(by, "enter", **self.asked(**form)).case_id
