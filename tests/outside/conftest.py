"""Distributions of others stand here; their tests run in an environment of their own, not with these."""

collect_ignore_glob = ["guanjia-sample-parcels/*"]
