"""The manifest of customer service."""

from guanjia.sdk import Plugin, words
from plugins.customer_service import permissions, rules
from plugins.customer_service.catalogue import contractors, services, takeovers
from plugins.customer_service.flow import requests
from plugins.customer_service.steps import desk, intake, work

_ = words("customer_service")

STEPS = (intake, work, desk)  # importing them gives the flow its steps

plugin = Plugin(
    key="customer_service",
    title=_("Customer service"),
    summary=_("Service requests from intake to closing, by regulations 5 and 7."),
    package="plugins.customer_service",
    needs=("registry",),
    permissions=permissions.ALL,
    flows=(requests, services, contractors, takeovers),
    rules=rules.ALL,
)
