"""The manifest of parcels."""

from guanjia.sdk import MenuItem, Plugin, words

from pm_parcels import api, flow, jobs, pages, permissions, rules

_ = words("pm_parcels")

plugin = Plugin(
    key="pm_parcels",
    title=_("Parcels"),
    summary=_("Parcels that the front desk keeps for residents."),
    package="pm_parcels",
    regulation="901",
    permissions=permissions.ALL,
    flows=(flow.parcels, jobs.counts),
    rules=rules.ALL,
    menu=(MenuItem("work", _("Parcel shelf"), "pm_parcels.shelf", order=60, icon="box-seam", on_phone=True),),
    blueprints=(pages.blueprint,),
    jobs=(jobs.NIGHTLY,),
    api=api.READS,
)
