"""Enquiries (regulation 3): the front desk ledger, the information archive, reviews of the ledger, visiting desks."""
