"""Registry: the buildings, units, households and residents of a site."""
