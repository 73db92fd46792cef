"""Uploaded files: kept outside the web root under their checksum, typed by content, seen only by who sees the case."""
