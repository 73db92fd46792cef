"""The tenant core: companies, sites, staff, roles, permissions, sign-in and the switches of the rules."""
