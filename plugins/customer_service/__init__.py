"""Customer service: service requests from intake to closing, decided by regulations 5 and 7."""
