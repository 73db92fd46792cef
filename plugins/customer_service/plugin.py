"""The manifest of customer service."""

from guanjia.sdk import MenuItem, Plugin, words
from plugins.customer_service import permissions, rules
from plugins.customer_service.catalogue import contractors, services, takeovers
from plugins.customer_service.complaints.complaint_flow import complaints
from plugins.customer_service.complaints.suggestion_flow import suggestions
from plugins.customer_service.enquiries.archive import articles
from plugins.customer_service.enquiries.desks import visiting_desks
from plugins.customer_service.enquiries.flow import enquiries
from plugins.customer_service.enquiries.reviews import reviews
from plugins.customer_service.flow import requests
from plugins.customer_service.monthly.flow import reports
from plugins.customer_service.pages import blueprint
from plugins.customer_service.shifts.flow import shifts
from plugins.customer_service.steps import desk, intake, phone, work
from plugins.customer_service.visits.flow import areas, visit_plans, visits

_ = words("customer_service")

STEPS = (intake, work, desk, phone)  # importing them gives the flow its steps

plugin = Plugin(
    key="customer_service",
    title=_("Customer service"),
    summary=_("Requests, enquiries, complaints and suggestions from intake to closing, by regulations 3, 5 and 7."),
    package="plugins.customer_service",
    needs=("registry",),
    permissions=permissions.ALL,
    flows=(requests, services, contractors, takeovers, enquiries, articles, reviews, visiting_desks,
           complaints, suggestions, visits, areas, visit_plans, shifts, reports),
    rules=rules.ALL,
    blueprints=(blueprint,),
    menu=(
        MenuItem("work", _("Take a request"), "customer_service.intake", order=10, icon="telephone-inbound"),
        MenuItem("work", _("Front desk"), "customer_service.front_desk", order=9, icon="chat-left-text"),
        MenuItem("work", _("My work"), "customer_service.work", order=11, icon="tools", on_phone=True),
        MenuItem("work", _("Report a fault"), "customer_service.report", order=12, icon="megaphone", on_phone=True),
        MenuItem("work", _("Board"), "customer_service.board", order=13, icon="kanban"),
        MenuItem("work", _("Calls after the work"), "customer_service.revisits", order=14, icon="telephone-outbound"),
        MenuItem("work", _("Whom to visit"), "customer_service.visits", order=15, icon="house-heart"),
        MenuItem("work", _("Shift on duty"), "customer_service.shift", order=8, icon="clock-history"),
        MenuItem("work", _("Figures"), "customer_service.figures", order=16, icon="bar-chart",
                 permission=permissions.FIGURES.key),
    ),
)  # fmt: skip
