"""What staff may do in customer service. Who may do it at which moment is left to the rules."""

from guanjia.sdk import Permission, words

_ = words("customer_service")

CATALOGUE = Permission(
    "customer_service.catalogue.edit",
    _("Edit the service catalogue and contractors"),
    _("Decides which services the company offers and where, and keeps the contractors with their reviews."),
    roles=("site_manager", "customer_service_supervisor"),
)
TAKEOVER = Permission(
    "customer_service.takeover",
    _("Bring in what began on paper"),
    _("Enters open cases and last numbers of an office that starts in the middle of a year."),
    roles=("site_manager",),
)
FIGURES = Permission(
    "customer_service.figures",
    _("See the figures"),
    _("Shows indicators with the cases behind them."),
    roles=("site_manager", "centre_head", "customer_service_supervisor", "manager_assistant", "quality_group"),
)
ARCHIVE = Permission(
    "customer_service.archive.edit",
    _("Keep the information archive"),
    _("Writes what reception looks up while it is asked: useful numbers, how the departments work."),
    roles=("receptionist", "customer_service_supervisor", "site_manager"),
)
AREAS = Permission(
    "customer_service.areas.edit",
    _("Set up areas of responsibility"),
    _("Says which area manager looks after which buildings."),
    roles=("site_manager", "manager_assistant", "customer_service_supervisor"),
)
ALL = (CATALOGUE, TAKEOVER, FIGURES, ARCHIVE, AREAS)
