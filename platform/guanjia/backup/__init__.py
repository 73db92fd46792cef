"""Backup and restore: one file that holds database, files and the heads of the journal's chains, and tells whether it is whole."""
