"""Parcels that a management office keeps for its residents: a plugin for Guanjia."""
