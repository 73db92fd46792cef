"""Hand-made pages of the tenant core: sign-in, one's own entry, who may do what, and the operator's."""
