"""All flows of the tenant core."""

from __future__ import annotations

from tenants import calendars, own_steps, people, places, policy, roles, tokens

ALL = (*places.FLOWS, *people.FLOWS, *own_steps.FLOWS, *policy.FLOWS, *roles.FLOWS, *calendars.FLOWS, *tokens.FLOWS)
