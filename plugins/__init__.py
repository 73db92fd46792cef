"""The built-in plugins, one folder each; they register by the same entry points as plugins from outside."""
