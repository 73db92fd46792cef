"""The rules of the registry. The household profile is a record: it says what is kept, and has no switch."""

from __future__ import annotations

from guanjia.sdk import Kind, Rule

HOUSEHOLD_PROFILE = Rule("registry.household_profile", kind=Kind.RECORD)

ALL = (HOUSEHOLD_PROFILE,)
