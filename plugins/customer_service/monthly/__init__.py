"""The monthly report of services (regulation 5, 6.3): drawn up from the cases, completed with readings, submitted, printed."""
