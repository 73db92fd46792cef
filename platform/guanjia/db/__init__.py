"""The database behind the walls: table bases, column types, tenant sessions, policies and migrations."""
