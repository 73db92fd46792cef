"""What staff may do in the registry. Seeing it (with masked phones) is open to all staff who reach the site."""

from __future__ import annotations

from guanjia.sdk import Permission, words

_ = words("registry")

EDIT = Permission(
    "registry.edit", _("Keep the household registry"),
    _("Adds, changes and retires buildings, units, households and residents."),
    roles=("receptionist", "customer_service_supervisor", "area_manager", "building_supervisor", "site_manager"),
)  # fmt: skip
PHONE_SEE = Permission(
    "registry.phone.see", _("See full phone numbers"),
    _("Shows a resident's whole number. Every look is written into the journal with name and time."),
    roles=("receptionist", "customer_service_supervisor", "area_manager", "repair_technician", "property_assistant",
           "site_manager"),
)  # fmt: skip
IDENTITY_SEE = Permission(
    "registry.identity.see", _("See full identity numbers"),
    _("Finds residents by an identity number and shows one whole. Every look is written into the journal with its reason."),
    roles=("customer_service_supervisor", "site_manager"),
)  # fmt: skip
IMPORT = Permission(
    "registry.import",
    _("Import and export household lists"),
    _("Brings a whole list of households in from Excel, and takes one out with full phone numbers."),
    roles=("customer_service_supervisor", "site_manager"),
)

ALL = (EDIT, PHONE_SEE, IDENTITY_SEE, IMPORT)
