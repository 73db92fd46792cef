"""What staff may do with parcels."""

from guanjia.sdk import Permission, words

_ = words("pm_parcels")

RECEIVE = Permission(
    "pm_parcels.receive", _("Take parcels in and hand them out"),
    _("Enters parcels at the counter, moves them on the shelf and hands them out."),
    roles=("receptionist", "customer_service_supervisor"),
)  # fmt: skip
SEND_BACK = Permission(
    "pm_parcels.send_back", _("Send parcels back"), _("Gives a parcel that nobody fetched back to the courier."),
    roles=("receptionist", "site_manager"),
)  # fmt: skip
FIGURES = Permission(
    "pm_parcels.figures", _("See the figures of parcels"), _("Shows how many parcels are fetched in time."),
    roles=("site_manager",),
)  # fmt: skip

ALL = (RECEIVE, SEND_BACK, FIGURES)
