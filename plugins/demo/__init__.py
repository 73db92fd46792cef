"""The demonstration: a company with two offices under the same regulations, and a request living through them."""
