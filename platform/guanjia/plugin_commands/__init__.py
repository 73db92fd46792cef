"""`guanjia plugin`: list what is installed, write a new plugin, take one out again with all that it left."""
