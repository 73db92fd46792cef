"""The rules of customer service, one module per feature; `ALL` lists them for the manifest."""

from plugins.customer_service.complaints import rules as complaints
from plugins.customer_service.enquiries import rules as enquiries
from plugins.customer_service.monthly import rules as monthly
from plugins.customer_service.rules import (
    aftercare,
    completion,
    contractors,
    deadlines,
    emergency,
    extensions,
    figures,
    intake,
    records,
    work,
)
from plugins.customer_service.shifts import rules as shifts
from plugins.customer_service.visits import rules as visits

ALL = (
    *records.ALL, *intake.ALL, *emergency.ALL, *work.ALL, *completion.ALL, *deadlines.ALL, *extensions.ALL,
    *contractors.ALL, *aftercare.ALL, *figures.ALL, *enquiries.ALL, *complaints.ALL, *visits.ALL, *shifts.ALL, *monthly.ALL,
)  # fmt: skip
