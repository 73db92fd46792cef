"""The rules of parcels, one module per feature."""

from pm_parcels.rules.handing_over import proof_at_counter
from pm_parcels.rules.keeping import cold_is_told, fetched_within, shelf_is_counted
from pm_parcels.rules.measuring import fetched_in_time

ALL = (proof_at_counter, fetched_within, shelf_is_counted, cold_is_told, fetched_in_time)
