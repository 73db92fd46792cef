"""Benchmarks of the platform: ratios within one run, each against a target. `python -m benchmarks` runs them all."""
