"""All flows of the tenant core."""

from __future__ import annotations

from tenants import calendars, people, places, roles, tokens

ALL = (*places.FLOWS, *people.FLOWS, *roles.FLOWS, *calendars.FLOWS, *tokens.FLOWS)
